package flowlogs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestLimiter_DoesNotLimitBeforeEC2Throttles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l := flowlogs.NewLimiter()
		for range 10_000 {
			require.NoError(t, l.Wait(t.Context()))
			observe(l, "")
			observe(l, flowlogs.ErrLimitExceeded)
		}
		assert.Zero(t, time.Since(start))
	})
}

func TestLimiter_AllocatesNothingBeforeEC2Throttles(t *testing.T) { // not parallel: AllocsPerRun counts all
	l := flowlogs.NewLimiter()
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_ = l.Wait(t.Context())
		observe(l, "")
	}))
}

func TestLimiter_ServesCallsInTheOrderInWhichTheyArrive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := throttledLimiter(t)
		var mu sync.Mutex
		var served []int
		var wg sync.WaitGroup
		for i := range 20 { // also while others are served, every four seconds
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				require.NoError(t, l.Wait(t.Context()))
				mu.Lock()
				defer mu.Unlock()
				served = append(served, i)
			})
		}
		wg.Wait()
		assert.IsIncreasing(t, served)
		assert.Len(t, served, 20)
	})
}

func TestLimiter_ACanceledCallLeavesTheQueueAsIfItHadNeverCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		undisturbed := waitTimes(t, throttledLimiter(t), 2)
		l := throttledLimiter(t)
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		for i := range 3 {
			time.AfterFunc(time.Duration(i)*time.Millisecond, func() {
				require.ErrorIs(t, l.Wait(ctx), context.Canceled)
				assert.Equal(t, time.Second, time.Since(start))
			})
		}
		time.AfterFunc(time.Second, cancel)
		time.Sleep(10 * time.Millisecond)
		for i, waited := range waitTimes(t, l, 2) {
			assert.InDelta(t, undisturbed[i].Seconds(), waited.Seconds()+0.01, 0.001)
		}
		require.ErrorIs(t, l.Wait(ctx), context.Canceled)
		require.ErrorIs(t, flowlogs.NewLimiter().Wait(ctx), context.Canceled, "even where nothing is limited")
	})
}

func TestLimiter_WakesTheQueueWhenTheRateRises(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := throttledLimiter(t)
		time.AfterFunc(time.Second, func() {
			for range 60 { // that were in flight
				observe(l, "")
			}
		})
		assert.Less(t, firstOfTwo(t, l), 3*time.Second)
		assert.Greater(t, firstOfTwo(t, throttledLimiter(t)), 3*time.Second)
	})
}

func TestLimiter_StartsWithTheShareOfTheBucketThatItGot(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		granted int
		rest    time.Duration
	}{
		{50, time.Second},           // all: 5 calls at 5 a second
		{25, 2 * time.Second},       // half: 2.5 a second
		{10, 2 * time.Second},       // a fifth, but at least 2.5 a second
		{2, 400 * time.Millisecond}, // too few to say: 2.5 a second, without a rest
		{0, 400 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := flowlogs.NewLimiter()
			call(t, l, test.granted, "")
			call(t, l, 1, flowlogs.ErrThrottled)
			assert.Equal(t, test.rest, firstOfTwo(t, l).Round(time.Millisecond))
		})
	}
}

func TestLimiter_IsNotHeldBackLongByOneThrottledCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := flowlogs.NewLimiter()
		for _, wait := range []time.Duration{400, 800, 1600, 3200, 4000, 4000} {
			observe(l, flowlogs.ErrThrottled)
			assert.Equal(t, wait*time.Millisecond, waitTimes(t, l, 1)[0].Round(time.Millisecond))
		}
		l = flowlogs.NewLimiter()
		observe(l, flowlogs.ErrThrottled)
		start := time.Now()
		call(t, l, 4, "") // 2.5, 3, 3.6 and 4.3 calls a second
		assert.Equal(t, 1240*time.Millisecond, time.Since(start).Round(10*time.Millisecond))
	})
}

func TestLimiter_HalvesTheRateUntilACallGetsThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := flowlogs.NewLimiter()
		call(t, l, 50, "")
		for _, rest := range []time.Duration{1, 2, 4, 8, 9, 9} {
			observe(l, flowlogs.ErrThrottled)
			assert.Equal(t, rest*time.Second, waitTimes(t, l, 1)[0].Round(time.Millisecond))
		}
	})
}

func TestLimiter_CountsAFailedCallAmongThoseThatWereNotThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := flowlogs.NewLimiter()
		for range 25 {
			call(t, l, 1, "")
			call(t, l, 1, flowlogs.ErrUnavailable)
		}
		call(t, l, 1, flowlogs.ErrThrottled)
		assert.Equal(t, time.Second, waitTimes(t, l, 1)[0].Round(time.Millisecond), "as after 50 that succeeded")
	})
}

func TestLimiter_DoesNotRaiseARateThatCallsDoNotWaitFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := throttledLimiter(t)
		time.Sleep(17 * time.Second) // for three calls
		waitTimes(t, l, 1)
		for range 60 {
			observe(l, "")
		}
		assert.Equal(t, 7*time.Second, waitTimes(t, l, 5)[4].Round(time.Millisecond), "one every four seconds")
	})
}

func TestLimiter_HasAFiniteRateWhateverHappensInOneInstant(t *testing.T) {
	t.Parallel()
	for _, granted := range []int{0, 1, 8, 100_000} {
		synctest.Test(t, func(t *testing.T) {
			l := flowlogs.NewLimiter()
			for range 3 {
				observe(l, flowlogs.ErrThrottled)
				for range granted {
					observe(l, "")
				}
			}
			observe(l, flowlogs.ErrThrottled)
			waits := waitTimes(t, l, 2000)
			assert.Greater(t, waits[len(waits)-1], time.Second)
			assert.Less(t, waits[0], time.Minute)
		})
	}
}

func TestLimiter_ForgetsTheRateOfLongAgo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := throttledLimiter(t)
		time.Sleep(8 * time.Hour)
		assert.Zero(t, waitTimes(t, l, 1000)[999])
	})
}

func TestLimiter_KeepsTheRateInAShortPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := throttledLimiter(t)
		time.Sleep(20 * time.Minute)
		assert.Greater(t, waitTimes(t, l, 100)[99], time.Minute, "beyond a full bucket")
	})
}

func TestLimiter_LowersTheRateOnceForCallsSentTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, together := flowlogs.NewLimiter(), flowlogs.NewLimiter()
		for _, l := range []flowlogs.Limiter{l, together} {
			call(t, l, 50, "")
			observe(l, flowlogs.ErrThrottled)
		}
		sent := time.Now()
		time.Sleep(latency)
		for _, l := range []flowlogs.Limiter{l, together} {
			for range 60 {
				observe(l, "")
			}
			observe(l, flowlogs.ErrThrottled)
		}
		for range 10 {
			together.(flowlogs.Observer).Observe(flowlogs.Attempt{Sent: sent, Reason: flowlogs.ErrThrottled})
			observe(together, flowlogs.ErrThrottled) // sent in the very instant, by an API without latency
		}
		var waits [2][]time.Duration
		var wg sync.WaitGroup
		for i, l := range []flowlogs.Limiter{l, together} {
			wg.Go(func() { waits[i] = waitTimes(t, l, 20) })
		}
		wg.Wait()
		assert.Equal(t, waits[0], waits[1])
	})
}

func TestLimiter_LetsOnlyProbesPassDuringAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const lasts = 10 * time.Minute
		l := flowlogs.NewLimiter()
		start := time.Now()
		var sent atomic.Int64
		ctx, cancel := context.WithTimeout(t.Context(), lasts)
		defer cancel()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for l.Wait(ctx) == nil {
					sent.Add(1)
					began := time.Now()
					time.Sleep(latency)
					l.(flowlogs.Observer).Observe(flowlogs.Attempt{Sent: began, Reason: flowlogs.ErrUnavailable})
				}
			})
		}
		wg.Wait()
		assert.Equal(t, lasts, time.Since(start))
		assert.Less(t, sent.Load(), int64(20+130))
		assert.LessOrEqual(t, waitTimes(t, l, 1)[0], 10*time.Second, "to the next probe")
	})
}

func TestLimiter_EndsAnOutageWithTheFirstResponse(t *testing.T) {
	t.Parallel()
	for _, reason := range []flowlogs.Reason{"", flowlogs.ErrNotAuthorized} {
		synctest.Test(t, func(t *testing.T) {
			l := flowlogs.NewLimiter()
			failCalls(l, time.Now(), 20)
			time.AfterFunc(100*time.Millisecond, func() { observe(l, reason) })
			assert.Equal(t, 100*time.Millisecond, waitTimes(t, l, 50)[49])
			failCalls(l, time.Now().Add(-time.Second), 20) // sent before the response
			assert.Zero(t, waitTimes(t, l, 50)[49])
		})
	}
}

func TestLimiter_TakesAThrottledCallForAResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := flowlogs.NewLimiter()
		call(t, l, 50, "")
		failCalls(l, time.Now(), 4)
		observe(l, flowlogs.ErrThrottled)
		failCalls(l, time.Now(), 4)
		assert.Less(t, waitTimes(t, l, 20)[19], 5*time.Second, "five a second, which is more than the probes of an outage")
	})
}

func TestLimiter_AProbeThatIsNeverObservedStopsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := flowlogs.NewLimiter()
		failCalls(l, time.Now(), 20)
		assert.Less(t, waitTimes(t, l, 10)[9], 10*time.Second)
	})
}

func TestLimiter_DoesNotTakeRandomFailuresForAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := flowlogs.NewLimiter()
		for range 100 {
			observe(l, "")
			failCalls(l, time.Now(), 4)
		}
		assert.Zero(t, waitTimes(t, l, 50)[49])
	})
}

func TestLimiter_LearnsNothingFromACanceledCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := flowlogs.NewLimiter()
		for _, reason := range []flowlogs.Reason{flowlogs.ErrThrottled, flowlogs.ErrUnavailable} {
			for range 20 {
				l.(flowlogs.Observer).Observe(flowlogs.Attempt{Sent: time.Now(), Reason: reason, Canceled: true})
			}
		}
		assert.Zero(t, waitTimes(t, l, 1000)[999])
	})
}

func TestLimiter_WorksInABubbleThatItWasNotMadeIn(t *testing.T) {
	t.Parallel()
	l := flowlogs.NewLimiter()
	synctest.Test(t, func(t *testing.T) {
		observe(l, flowlogs.ErrThrottled)
		assert.Positive(t, waitTimes(t, l, 3)[2])
	})
}

func TestNoLimit_LetsCallsPassUntilTheContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, flowlogs.NoLimit.Wait(ctx))
	cancel()
	require.ErrorIs(t, flowlogs.NoLimit.Wait(ctx), context.Canceled)
}

// AWS raises the quota of an account on request, and latency varies.
func TestLimiter_ComesNearTheFloorOfAnyAccount(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		size, refill    float64
		least, most     time.Duration // latency
		concurrency     int
		time, throttled float64
	}{
		{50, 5, 20 * time.Millisecond, 20 * time.Millisecond, 4, 1.10, 0.06},
		{50, 5, 20 * time.Millisecond, 2 * time.Second, 8, 1.10, 0.08},
		{50, 5, 20 * time.Millisecond, 2 * time.Second, 16, 1.10, 0.10},
		{50, 5, 50 * time.Millisecond, 150 * time.Millisecond, 1, 1.10, 0.06},
		{50, 5, 50 * time.Millisecond, 150 * time.Millisecond, 16, 1.10, 0.10},
		{20, 2, 50 * time.Millisecond, 150 * time.Millisecond, 4, 1.10, 0.07},
		{100, 20, 50 * time.Millisecond, 150 * time.Millisecond, 4, 1.15, 0.06},
		{500, 50, 50 * time.Millisecond, 150 * time.Millisecond, 16, 1.10, 0.10},
	} {
		name := fmt.Sprintf("%g+%g per s, %v to %v, %d at a time", test.size, test.refill, test.least, test.most, test.concurrency)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAccount(func(a *account) {
					a.size, a.tokens, a.refill = test.size, test.size, test.refill
					a.latency = from(test.least, test.most)
				})
				calls := int(a.size + 60*a.refill)
				send(t, flowlogs.NewLimiter(), a, calls, test.concurrency)
				assert.LessOrEqual(t, a.timesFloor(calls), test.time)
				assert.LessOrEqual(t, a.throttledShare(), test.throttled)
			})
		})
	}
}

// send makes calls as a job does: some at a time, each repeated until it succeeds,
// the repeated ones first.
func send(t *testing.T, l flowlogs.Limiter, a *account, calls, concurrency int) {
	t.Helper()
	fresh, retries := make(chan int, calls), make(chan int, calls) // attempts so far
	for range calls {
		fresh <- 0
	}
	var unfinished, workers sync.WaitGroup
	unfinished.Add(calls)
	done := make(chan struct{})
	work := func(attempts int) {
		require.NoError(t, l.Wait(t.Context()))
		sent := time.Now()
		err := a.call(t.Context())
		l.(flowlogs.Observer).Observe(flowlogs.Attempt{Sent: sent, Reason: flowlogs.ReasonOf(err)})
		if err == nil {
			unfinished.Done()
			return
		}
		pause := 2 * time.Second << (attempts % 2) // as the SDK's standard retryer
		time.AfterFunc(a.upTo(pause), func() { retries <- attempts + 1 })
	}
	for range concurrency {
		workers.Go(func() {
			for {
				select {
				case attempts := <-retries:
					work(attempts)
					continue
				default:
				}
				select {
				case attempts := <-retries:
					work(attempts)
				case attempts := <-fresh:
					work(attempts)
				case <-done:
					return
				}
			}
		})
	}
	unfinished.Wait()
	close(done)
	workers.Wait()
}

// observe reports an attempt that was sent and ended at once.
func observe(l flowlogs.Limiter, reason flowlogs.Reason) {
	l.(flowlogs.Observer).Observe(flowlogs.Attempt{Sent: time.Now(), Reason: reason})
}

func failCalls(l flowlogs.Limiter, sent time.Time, n int) {
	for range n {
		l.(flowlogs.Observer).Observe(flowlogs.Attempt{Sent: sent, Reason: flowlogs.ErrUnavailable})
	}
}

// waitTimes returns when each of n calls, one after the other, may be sent.
// firstOfTwo returns how long the first of two calls waits. A call that waits alone
// is let pass sooner.
func firstOfTwo(t *testing.T, l flowlogs.Limiter) time.Duration {
	t.Helper()
	start := time.Now()
	waits := make(chan time.Duration, 2)
	errs := make(chan error, 2)
	for range 2 {
		go func() {
			errs <- l.Wait(t.Context())
			waits <- time.Since(start)
		}()
	}
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
	return min(<-waits, <-waits)
}

func waitTimes(t *testing.T, l flowlogs.Limiter, n int) []time.Duration {
	t.Helper()
	start := time.Now()
	var times []time.Duration
	for range n {
		require.NoError(t, l.Wait(t.Context()))
		times = append(times, time.Since(start))
	}
	return times
}

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

// retryModes are the modes of the SDK.
func retryModes() map[string]func() aws.Retryer {
	return map[string]func() aws.Retryer{
		"standard": func() aws.Retryer { return retry.NewStandard() },
		"adaptive": func() aws.Retryer { return retry.NewAdaptiveMode() },
	}
}

func TestCreate_IsNotHeldBackByTheLimiterOfAnotherJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := throttledLimiter(t)
		short, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		_, other := flowlogs.New(flowlogstest.New(), withLimiter(limiter)).Create(short, rooted(1))
		require.ErrorIs(t, other, flowlogs.ErrThrottled)

		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(other) // as an errgroup does
		_, err := flowlogs.New(flowlogstest.New(), withLimiter(flowlogs.NoLimit)).Create(ctx, rooted(1))
		assert.Equal(t, flowlogs.ErrNotAttempted, flowlogs.ReasonOf(err))
	})
}

func TestCreate_OfOneCallSurvivesAnOutageOfFiveSeconds(t *testing.T) {
	t.Parallel()
	for mode, retryer := range retryModes() {
		for _, lasts := range []time.Duration{500 * time.Millisecond, time.Second, 3 * time.Second, 5 * time.Second} {
			t.Run(fmt.Sprint(mode, " ", lasts), func(t *testing.T) {
				t.Parallel()
				for seed := range 50 {
					synctest.Test(t, func(t *testing.T) {
						a := newAccount(func(a *account) { a.outage = between(0, lasts); a.seeded(seed) })
						client := flowlogs.New(a, withRetryer(retryer()))
						_, err := client.Create(t.Context(), vpcRequest(1))
						require.NoError(t, err)
						a.restart()
						clear(a.tokenOf)
						_, err = client.CreateFlowLogs(t.Context(), vpcInput(t, 2))
						require.NoError(t, err)
					})
				}
			})
		}
	}
}

func TestCreate_OfOneCallGivesUpWithinTenSeconds(t *testing.T) {
	t.Parallel()
	for mode, retryer := range retryModes() {
		for name, call := range map[string]func(context.Context, *flowlogs.Client) error{
			"Create": func(ctx context.Context, c *flowlogs.Client) error {
				_, err := c.Create(ctx, vpcRequest(1))
				return err
			},
			"CreateFlowLogs": func(ctx context.Context, c *flowlogs.Client) error {
				_, err := c.CreateFlowLogs(ctx, vpcInput(t, 1))
				return err
			},
		} {
			t.Run(mode+" "+name, func(t *testing.T) {
				t.Parallel()
				for seed := range 50 {
					synctest.Test(t, func(t *testing.T) {
						a := newAccount(func(a *account) { a.outage = between(0, time.Hour); a.seeded(seed) })
						require.ErrorIs(t, call(t.Context(), flowlogs.New(a, withRetryer(retryer()))), flowlogs.ErrUnavailable)
						assert.GreaterOrEqual(t, time.Since(a.start), 5*time.Second)
						assert.Less(t, time.Since(a.start), 10*time.Second)
					})
				}
			})
		}
	}
}

// What is neither a response nor an error of the network, as from most mocks, does not
// pass: a unit test does not wait for it.
func TestCreate_OfOneCallWaitsForTransportAndResponsesOnly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		err   error
		waits bool
	}{
		{"an error of a mock", errors.New("boom"), false},
		{"a rejection", &smithy.GenericAPIError{Code: "InvalidParameter"}, false},
		{"a response without a status", &smithy.GenericAPIError{Code: "InternalError"}, true},
		{"an unsent request", &smithyhttp.RequestSendError{Err: errors.New("boom")}, true},
		{"a broken connection", &net.OpError{Op: "read", Err: errors.New("boom")}, true},
		{"a timeout", &url.Error{Op: "Post", Err: &net.DNSError{IsTimeout: true}}, true},
		{"EOF", io.EOF, true},
		{"an unexpected EOF", fmt.Errorf("read: %w", io.ErrUnexpectedEOF), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, opts := range [][]func(*flowlogs.Options){nil, {noRetryTimeout}, {withRetryer(aws.NopRetryer{})}} {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					api := apiFunc(func(context.Context, *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
						return nil, test.err
					})
					_, err := flowlogs.New(api, opts...).Create(t.Context(), vpcRequest(1))
					require.ErrorIs(t, err, test.err)
					assert.Equal(t, test.waits && opts == nil, time.Since(start) >= 5*time.Second)
				})
			}
		})
	}
}

// quotaOf is a retry quota of an *ec2.Client, and how much of it is left.
type quotaOf struct {
	*ratelimit.TokenRateLimit
	left atomic.Int64
}

func (q *quotaOf) GetToken(ctx context.Context, cost uint) (func() error, error) {
	refund, err := q.TokenRateLimit.GetToken(ctx, cost)
	if err != nil {
		return nil, err
	}
	q.left.Add(-int64(cost))
	return func() error { q.left.Add(int64(cost)); return refund() }, nil
}

// The quota is for the program's other calls of EC2, too.
func TestCreate_KeepsTheRetryQuotaInAnOutage(t *testing.T) {
	t.Parallel()
	const full, oneCall = 500, 2 * 14
	for name, create := range map[string]func(context.Context, *flowlogs.Client) error{
		"a fleet": func(ctx context.Context, c *flowlogs.Client) error {
			_, err := c.Create(ctx, vpcRequest(100*300))
			return err
		},
		"with a Retryer of ten attempts": func(ctx context.Context, c *flowlogs.Client) error {
			_, err := c.Create(ctx, vpcRequest(20*300), withClientOptions(withAttempts(10)))
			return err
		},
		"single calls": func(ctx context.Context, c *flowlogs.Client) (err error) {
			for i := range 200 {
				if _, err = c.Create(ctx, vpcRequestFrom(i, 1)); err == nil {
					break
				}
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				cloud := cloudWith(flowlogstest.Respond(503, "").Keep().On(func(flowlogstest.Call) bool { return time.Since(start) < 10*time.Minute }))
				quota := &quotaOf{TokenRateLimit: ratelimit.NewTokenRateLimit(full)}
				quota.left.Store(full)
				standard := retry.NewStandard(func(o *retry.StandardOptions) { o.RateLimiter = quota })
				client := ec2.New(inMemory(cloud).Options(), func(o *ec2.Options) { o.Retryer = standard })
				require.NoError(t, create(t.Context(), flowlogs.New(client)))
				assert.Greater(t, time.Since(start), 10*time.Minute)
				assert.GreaterOrEqual(t, quota.left.Load(), int64(full-oneCall))
			})
		})
	}
}

func TestCreate_WaitsAsLongAsEC2Asks(t *testing.T) {
	t.Parallel()
	const asked = 4 * time.Second
	for name, test := range map[string]struct {
		faults  []flowlogstest.Fault
		retryer aws.Retryer
	}{
		"between the SDK's attempts": {[]flowlogstest.Fault{flowlogstest.Respond(503, "").RetryAfter(asked)}, nil},
		"between those of the job":   {[]flowlogstest.Fault{flowlogstest.Reject("Unavailable", "", 503).RetryAfter(asked)}, unlimited{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := cloudWith(test.faults...)
				_, err := flowlogs.New(inMemory(cloud), func(o *flowlogs.Options) { o.Retryer = test.retryer }).Create(t.Context(), rooted(1))
				require.NoError(t, err)
				calls := cloud.Calls()
				require.Len(t, calls, 2)
				assert.Equal(t, asked, calls[1].Time.Sub(calls[0].Time))
			})
		})
	}
}

func TestCreate_HoldsNoSlotWhileEC2AsksToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		cloud := cloudWith(flowlogstest.Respond(503, "").RetryAfter(4 * time.Second))
		_, err := flowlogs.New(inMemory(cloud), batchesOf(1), oneAtATime).Create(t.Context(), rooted(3))
		require.NoError(t, err)
		calls := cloud.Calls()
		require.Len(t, calls, 4)
		assert.Equal(t, start, calls[2].Time, "two batches are done meanwhile")
	})
}

// Services whose SDK is based on schemas return other errors; EC2's will be next.
// https://github.com/aws/smithy-go/blob/v1.28.9/transport/http/protocol/ec2query/ec2query.go
func TestCreate_DoesNotDependOnTheSDKsSerialization(t *testing.T) {
	t.Parallel()
	response := func(status int, err error) error {
		return &smithy.OperationError{ServiceID: "EC2", OperationName: "CreateFlowLogs", Err: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: http.Header{}}}, Err: err,
		}}
	}
	half := &ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-00000000000000001"}}
	for _, test := range []struct {
		name string
		out  *ec2.CreateFlowLogsOutput
		err  error
		want flowlogs.Reason // of a call that is not retried
	}{
		{"an error inside the root element", half, response(200, errors.New("invalid character")), flowlogs.ErrNoResponse},
		{"a page with 200", half, response(200, &smithy.DeserializationError{Err: io.EOF}), flowlogs.ErrNoResponse},
		{"a page with 503", half, response(503, &smithy.DeserializationError{Err: io.EOF}), flowlogs.ErrUnavailable},
		{"a page with 429", nil, response(429, &smithy.DeserializationError{Err: io.EOF}), flowlogs.ErrThrottled},
		{"a page with 407", nil, response(407, &smithy.DeserializationError{Err: io.EOF}), flowlogs.ErrConfiguration},
		{"an error that is cut off", nil, response(400, &smithy.DeserializationError{Err: io.ErrUnexpectedEOF}), flowlogs.ErrNoResponse},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mended atomic.Bool
				api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
					if !mended.Load() {
						return test.out, test.err
					}
					return created(in), nil
				})
				out, err := flowlogs.New(api, noRetryTimeout).CreateFlowLogs(t.Context(), vpcInput(t, 2))
				require.ErrorIs(t, err, test.want)
				assert.Equal(t, test.want, flowlogs.ReasonOf(err))
				assert.Nil(t, out, "half a result is none")
				assert.Equal(t, test.want.Retryable(), test.want != flowlogs.ErrConfiguration)

				time.AfterFunc(2*time.Second, func() { mended.Store(true) })
				resp, err := flowlogs.New(api).Create(t.Context(), vpcRequest(2))
				if test.want.Retryable() {
					require.NoError(t, err)
					assert.Len(t, resp.FlowLogIDs, 2)
				} else {
					require.ErrorIs(t, err, test.want)
				}
			})
		})
	}
}
