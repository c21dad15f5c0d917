package flowlogs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestClient_DoesNotLimitWhoIsNotThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := flowlogs.New(apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
			return created(in), nil
		}))
		start := time.Now()
		for range 1000 {
			_, err := client.Create(t.Context(), vpcRequest(1))
			require.NoError(t, err)
		}
		assert.Zero(t, time.Since(start))
	})
}

func TestClient_GivesUpOnAServiceThatThrottlesForGood(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		resources int
		calls     int
		most      time.Duration
	}{
		{1, 9, 20 * time.Second},     // RetryTimeout, and what the Limiter holds the last call back
		{900, 300, 18 * time.Minute}, // RetryTimeout, and the attempts of the last call
	} {
		synctest.Test(t, func(t *testing.T) {
			a := newAccount(func(a *account) { a.tokens, a.others = 0, constantly(5) })
			resp, err := flowlogs.New(a).Create(t.Context(), vpcRequest(test.resources))
			require.ErrorIs(t, err, flowlogs.ErrThrottled)
			assert.Empty(t, resp.FlowLogIDs)
			assert.LessOrEqual(t, a.calls, test.calls)
			assert.Less(t, time.Since(a.start), test.most)
		})
	}
}

func TestClient_DoesNotTakeIdleTimeForALowRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(func(*account) {})
		client := flowlogs.New(a)
		_, err := client.Create(t.Context(), vpcRequest(100*300))
		require.NoError(t, err)
		for range 20 { // a service that has little to do
			time.Sleep(time.Minute)
			clear(a.tokenOf)
			_, err := client.Create(t.Context(), vpcRequest(1))
			require.NoError(t, err)
		}
		clear(a.tokenOf)
		a.start, a.tokens = time.Now(), 0 // others have emptied the bucket
		_, err = client.Create(t.Context(), vpcRequest(100*300))
		require.NoError(t, err)
		assert.Less(t, time.Since(a.start), 25*time.Second, "100 calls at 5 a second")
	})
}

// Many callers of one Client, as the handlers of a service are.
func TestClient_ServesEveryCallerSoonAfterAnOutage(t *testing.T) {
	t.Parallel()
	for _, callers := range []int{20, 50, 100} {
		t.Run(fmt.Sprint(callers, " callers"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const end = time.Second
				a := newAccount(func(a *account) {
					a.size, a.tokens = 1000, 1000
					a.outage = between(0, end)
					a.seeded(callers)
				})
				client := flowlogs.New(a)
				var mu sync.Mutex
				var served []time.Duration
				failed := 0
				var wg sync.WaitGroup
				for i := range callers {
					wg.Go(func() {
						req := vpcRequest(0)
						req.ResourceIDs = []string{vpcID(i)}
						_, err := client.Create(t.Context(), req)
						mu.Lock()
						defer mu.Unlock()
						if err != nil {
							failed++
						}
						served = append(served, time.Since(a.start))
					})
				}
				wg.Wait()
				assert.LessOrEqual(t, slices.Max(served), end+5*time.Second)
				assert.LessOrEqual(t, failed, callers/20)
				assert.LessOrEqual(t, a.calls, 2*callers+15)
			})
		})
	}
}

func TestClient_UsesTheLimiterOfTheCaller(t *testing.T) {
	t.Parallel()
	limit := limiterFunc(func(context.Context) error { return errors.New("no more today") })
	calls := 0
	api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		calls++
		return created(in), nil
	})
	_, err := flowlogs.New(api, func(o *flowlogs.Options) { o.Limiter = limit }).Create(t.Context(), vpcRequest(1))
	require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
	require.ErrorContains(t, err, "no more today")
	assert.Zero(t, calls)
	_, err = flowlogs.New(api, func(o *flowlogs.Options) { o.Limiter = flowlogs.NoLimit }).Create(t.Context(), vpcRequest(1))
	require.NoError(t, err)
}

func TestClient_ReportsEveryAttemptToAnObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &observer{Limiter: flowlogs.NoLimit}
		ctx, cancel := context.WithCancel(t.Context())
		responses := []error{answer(503, "RequestLimitExceeded"), answer(500, "InternalError"), nil, context.Canceled}
		api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
			time.Sleep(time.Second)
			err := responses[0]
			responses = responses[1:]
			if len(responses) == 0 {
				cancel()
			}
			return created(in), err
		})
		client := flowlogs.New(api, func(options *flowlogs.Options) { options.Limiter = o })
		start := time.Now()
		_, err := client.Create(ctx, vpcRequest(1))
		require.NoError(t, err)
		_, err = client.Create(ctx, vpcRequest(1))
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, o.attempts, 4)
		assert.Equal(t, start, o.attempts[0].Sent)
		assert.Equal(t, flowlogs.ErrThrottled, o.attempts[0].Reason)
		assert.Equal(t, flowlogs.ErrUnavailable, o.attempts[1].Reason)
		assert.Empty(t, o.attempts[2].Reason)
		assert.Equal(t, []bool{false, false, false, true}, []bool{
			o.attempts[0].Canceled, o.attempts[1].Canceled, o.attempts[2].Canceled, o.attempts[3].Canceled,
		})
	})
}

type observer struct {
	flowlogs.Limiter
	attempts []flowlogs.Attempt
}

func (o *observer) Observe(a flowlogs.Attempt) { o.attempts = append(o.attempts, a) }

func TestClient_DoesNotAttemptAResendThatTheLimiterRejects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.FailResources("400", accessDenied, vpcID(0)))
		calls := 0
		resp, err := flowlogs.New(cloud, withPropagation, func(o *flowlogs.Options) {
			o.Limiter = limiterFunc(func(context.Context) error {
				if calls++; calls > 1 {
					return errors.New("no more today")
				}
				return nil
			})
		}).Create(t.Context(), deniedRequest(2))
		require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
		require.ErrorIs(t, err, flowlogs.ErrDestinationAccessDenied)
		assert.Len(t, resp.FlowLogIDs, 1)
		assert.Empty(t, resp.Unsuccessful)
	})
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

func TestClient_EndsTheWaitForTheLimiterWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(func(a *account) { a.others = constantly(4) })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		resp, err := flowlogs.New(a).Create(ctx, vpcRequest(100*300))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
		assert.Equal(t, 20*time.Second, time.Since(a.start))
		assert.Len(t, resp.FlowLogIDs, len(a.tokenOf))
	})
}
