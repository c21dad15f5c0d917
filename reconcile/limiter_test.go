package reconcile_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

func TestDescribeLimiter_KeepsToTheQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.Throttle = true })
		r := reconcile.New(e)
		start := time.Now()
		for range 200 {
			_, err := r.Plan(t.Context(), newRequest(1))
			require.NoError(t, err)
		}
		assert.InDelta(t, 5, time.Since(start).Seconds(), 0.1)
		for _, c := range e.Calls() {
			assert.Empty(t, c.ErrorCode)
		}
	})
}

func TestDescribeLimiter_TakesNothingForACallThatIsNotMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := reconcile.New(flowlogstest.New())
		for range 100 {
			_, err := r.Plan(t.Context(), newRequest(1))
			require.NoError(t, err)
		}
		for range 50 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
			_, err := r.Plan(ctx, newRequest(1))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			cancel()
		}
		start := time.Now()
		_, err := r.Plan(t.Context(), newRequest(1))
		require.NoError(t, err)
		assert.LessOrEqual(t, time.Since(start), 50*time.Millisecond)
	})
}

func TestDescribeLimiter_HasNoQuotaLeftWhereEC2HasNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.Throttle = true })
		for range 100 { // by others
			_, err := e.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{})
			require.NoError(t, err)
		}
		r := reconcile.New(e)
		start := time.Now()
		for range 200 {
			_, err := r.Plan(t.Context(), newRequest(1))
			require.NoError(t, err)
		}
		assert.LessOrEqual(t, time.Since(start).Seconds(), 11.5, "200 calls at 20 a second")
		assert.LessOrEqual(t, throttledShare(e), 0.03)
	})
}

func TestDescribeLimiter_HasNoBurstAfterAThrottledCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.Throttle())
		r := reconcile.New(e)
		start := time.Now()
		for range 20 {
			_, err := r.Plan(t.Context(), newRequest(1))
			require.NoError(t, err)
		}
		assert.GreaterOrEqual(t, time.Since(start), time.Second, "20 calls at 20 a second")
	})
}

func throttledShare(e *flowlogstest.EC2) float64 {
	throttled := 0.0
	for _, c := range e.Calls() {
		if c.ErrorCode != "" {
			throttled++
		}
	}
	return throttled / float64(len(e.Calls()))
}

// With the documented quota alone, two processes had 40 % of their calls throttled and
// four 56 %, and some plans failed for it.
func TestDescribeLimiter_LearnsWhatOtherProcessesLeave(t *testing.T) {
	t.Parallel()
	for _, processes := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(processes, " processes"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) { o.Throttle = true })
				e.Inject(flowlogstest.Delay(100 * time.Millisecond).Keep())
				const plans, concurrency = 600, 8 // of each process
				var wg sync.WaitGroup
				var failed atomic.Int64
				start := time.Now()
				for range processes {
					r := reconcile.New(e)
					var planned atomic.Int64
					for range concurrency {
						wg.Go(func() {
							for planned.Add(1) <= plans {
								if _, err := r.Plan(t.Context(), newRequest(1)); err != nil {
									failed.Add(1)
								}
							}
						})
					}
				}
				wg.Wait()
				floor := float64(processes*plans-100) / 20
				assert.LessOrEqual(t, time.Since(start).Seconds()/floor, 1.2, "times the floor")
				assert.LessOrEqual(t, throttledShare(e), 0.08)
				assert.LessOrEqual(t, failed.Load(), int64(processes*plans/200), "throttled three times in a row, and no time left")
			})
		})
	}
}
