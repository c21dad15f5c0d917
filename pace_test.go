package flowlogs_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// account is an EC2 for pacing: the bucket of calls that an account has, what
// others take from it, how EC2 fails, and nothing else. Its bucket is not that of
// the limiter, nor that of flowlogstest.
type account struct {
	others func(time.Duration) float64 // calls a second that others make, after so long
	outage func(time.Duration) bool
	broken float64 // share of the calls that are answered with 500

	mu        sync.Mutex
	start     time.Time
	at        time.Time
	tokens    float64
	random    *rand.Rand
	tokenOf   map[string]string // with which a resource got its flow log
	calls     int
	throttled int
}

const latency = 80 * time.Millisecond

func newAccount(change func(*account)) *account {
	a := &account{
		others:  constantly(0),
		outage:  func(time.Duration) bool { return false },
		start:   time.Now(),
		at:      time.Now(),
		tokens:  50,
		random:  rand.New(rand.NewPCG(1, 2)),
		tokenOf: make(map[string]string),
	}
	change(a)
	return a
}

func (a *account) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	select {
	case <-time.After(latency):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	now := time.Now()
	elapsed := now.Sub(a.start)
	a.tokens = min(50, a.tokens+now.Sub(a.at).Seconds()*(5-a.others(elapsed)))
	a.at = now
	switch {
	case a.outage(elapsed):
		return nil, answer(503, "Unavailable")
	case a.tokens < 1:
		a.throttled++
		return nil, answer(503, "RequestLimitExceeded")
	}
	a.tokens--
	if a.random.Float64() < a.broken {
		return nil, answer(500, "InternalError")
	}
	for _, id := range in.ResourceIds {
		if token, ok := a.tokenOf[id]; ok && token != *in.ClientToken {
			return nil, answer(400, "FlowLogAlreadyExists")
		}
		a.tokenOf[id] = *in.ClientToken
	}
	return created(in), nil
}

// answer is an error as the SDK returns it.
func answer(status int, code string) error {
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: code},
	}
}

// floor is the time that the bucket allows at best for so many calls.
func (a *account) floor(calls int) time.Duration {
	const step = 10 * time.Millisecond
	var elapsed time.Duration
	bucket, given := 50.0, 0.0
	for ; given < float64(calls); elapsed += step {
		bucket = min(50, bucket+(5-a.others(elapsed))*step.Seconds())
		if !a.outage(elapsed) {
			given, bucket = given+bucket, 0
		}
	}
	return elapsed
}

func constantly(n float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return n }
}

// until is what others take before and after a time.
func until(d time.Duration, before, after float64) func(time.Duration) float64 {
	return func(elapsed time.Duration) float64 {
		if elapsed < d {
			return before
		}
		return after
	}
}

// fleets are accounts in which a fleet of 100,000 is created, and how far from
// the best that the bucket allows it may end.
var fleets = []struct {
	name      string
	account   func(*account)
	time      float64 // times the floor
	throttled float64 // of all calls
}{
	{"alone", func(*account) {}, 1.05, 0.05},
	{"half taken", func(a *account) { a.others = constantly(2.5) }, 1.05, 0.05},
	{"four fifths taken", func(a *account) { a.others = constantly(4) }, 1.05, 0.05},
	{"half is taken midway", func(a *account) { a.others = until(30*time.Second, 0, 2.5) }, 1.05, 0.05},
	{"half is given back midway", func(a *account) { a.others = until(60*time.Second, 2.5, 0) }, 1.05, 0.05},
	{"four fifths are taken midway", func(a *account) { a.others = until(30*time.Second, 0, 4) }, 1.05, 0.05},
	// Seen first after some twenty calls, at one a second, while EC2's bucket is
	// full after twelve seconds: up to 1.15 for another moment of the change.
	{"four fifths are given back midway", func(a *account) { a.others = until(100*time.Second, 4, 0) }, 1.16, 0.05},
	{"out for ten minutes", func(a *account) {
		a.outage = func(d time.Duration) bool { return d >= 30*time.Second && d < 630*time.Second }
	}, 1.05, 0.05},
	{"one call in a hundred fails", func(a *account) { a.broken = 0.01 }, 1.05, 0.05},
}

var fleetIDs = sync.OnceValue(func() []string { return vpcIDs(100_000) })

func TestAFleetTakesAsLongAsTheBucketAllows(t *testing.T) {
	t.Parallel()
	for _, test := range fleets {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAccount(test.account)
				req := vpcRequest(0)
				req.ResourceIDs = fleetIDs()
				resp, err := flowlogs.New(a).Create(t.Context(), req)
				require.NoError(t, err)
				assert.Len(t, resp.FlowLogIDs, 100_000)
				assert.Len(t, a.tokenOf, 100_000)
				assert.LessOrEqual(t, time.Since(a.start).Seconds(), test.time*a.floor(334).Seconds())
				assert.LessOrEqual(t, float64(a.throttled), test.throttled*float64(a.calls))
			})
		})
	}
}

func TestASmallRequestIsNotPaced(t *testing.T) {
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
		assert.Zero(t, time.Since(start), "who is never throttled need not wait")
	})
}

func TestAServiceThatThrottlesForGoodIsAnError(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 900} {
		synctest.Test(t, func(t *testing.T) {
			a := newAccount(func(a *account) { a.tokens, a.others = 0, constantly(5) })
			resp, err := flowlogs.New(a).Create(t.Context(), vpcRequest(n))
			require.ErrorIs(t, err, flowlogs.ErrThrottled)
			assert.Empty(t, resp.FlowLogIDs)
			assert.Equal(t, 3*len(resp.Batches), a.calls, "nothing got through, so nothing is sent again")
			assert.Less(t, time.Since(a.start), 2*time.Minute)
		})
	}
}

func TestIdleTimeIsNotTakenForALowRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(func(*account) {})
		client := flowlogs.New(a)
		_, err := client.Create(t.Context(), vpcRequest(100*300))
		require.NoError(t, err)
		for range 20 { // a service that has little to do
			time.Sleep(time.Minute)
			a.tokenOf = make(map[string]string)
			_, err := client.Create(t.Context(), vpcRequest(1))
			require.NoError(t, err)
		}
		a.tokenOf, a.start, a.tokens = make(map[string]string), time.Now(), 0 // others have emptied the bucket
		_, err = client.Create(t.Context(), vpcRequest(100*300))
		require.NoError(t, err)
		assert.Less(t, time.Since(a.start), 25*time.Second, "100 calls at 5 a second")
	})
}

func TestALimiterOfTheCaller(t *testing.T) {
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
	_, err = flowlogs.New(api, func(o *flowlogs.Options) { o.Limiter = nil }).Create(t.Context(), vpcRequest(1))
	require.NoError(t, err)
}

func TestAResendThatTheLimiterRefusesIsNotAttempted(t *testing.T) {
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

func TestCancellingEndsTheWaitForAToken(t *testing.T) {
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
