package flowlogs_test

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

	"github.com/go-flowlogs/flowlogs"
)

// Handlers of a service create one flow log each, with a deadline.
func TestClient_ServesSmallRequestsWhenOneIsThrottled(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{100 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second} {
		t.Run(every.String(), func(t *testing.T) {
			t.Parallel()
			for throttled := range int64(40) { // the one that is
				synctest.Test(t, func(t *testing.T) {
					var calls, failed atomic.Int64
					client := flowlogs.New(apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
						time.Sleep(latency)
						if calls.Add(1) == throttled+1 {
							return nil, answer(503, "RequestLimitExceeded")
						}
						return created(in), nil
					}))
					var wg sync.WaitGroup
					for i := range 40 {
						wg.Go(func() {
							time.Sleep(time.Duration(i) * every)
							ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
							defer cancel()
							if _, err := client.Create(ctx, vpcRequestFrom(i, 1)); err != nil {
								failed.Add(1)
							}
						})
					}
					wg.Wait()
					assert.Zero(t, failed.Load(), throttled)
				})
			}
		})
	}
}

func TestClient_MakesDoWithABucketThatOthersHaveDrained(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		size  float64
		calls int
		most  time.Duration
	}{
		{50, 10, 5 * time.Second},
		{50, 30, 10 * time.Second},
		{50, 100, 25 * time.Second},
		{50, 300, 66 * time.Second},
		{2, 300, 115 * time.Second},
	} {
		for _, callers := range []int{1, test.calls} {
			t.Run(fmt.Sprint(test.calls, " calls of ", callers, " callers, a bucket of ", test.size), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					a := newAccount(func(a *account) { a.size, a.tokens = test.size, 0 })
					client := flowlogs.New(a, batchesOf(1))
					var wg sync.WaitGroup
					for i := range callers {
						wg.Go(func() {
							n := test.calls / callers
							_, err := client.Create(t.Context(), vpcRequestFrom(i*n, n))
							assert.NoError(t, err)
						})
					}
					wg.Wait()
					assert.LessOrEqual(t, time.Since(a.start), test.most)
				})
			})
		}
	}
}

func TestCreate_SaysThatTheLimiterHeldItBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := throttledLimiter(t)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errDeploy)
		defer cancel()
		client := flowlogs.New(newAccount(func(*account) {}), withLimiter(limiter))
		resp, err := client.Create(ctx, vpcRequest(1))
		for _, err := range []error{err, resp.Batches[0].Err} {
			assert.Equal(t, flowlogs.ErrThrottled, flowlogs.ReasonOf(err))
			for _, want := range []error{flowlogs.ErrThrottled, flowlogs.ErrNotAttempted, context.DeadlineExceeded, errDeploy} {
				require.ErrorIs(t, err, want)
			}
			require.ErrorContains(t, err, "not attempted: held back after EC2 throttled a call: context deadline exceeded")
		}
	})
}
