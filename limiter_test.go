package flowlogs_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
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

// throttledLimiter is a Limiter whose first call was throttled: it lets a call pass
// after some seconds, and then one every four.
func throttledLimiter(t *testing.T) flowlogs.Limiter {
	t.Helper()
	l := flowlogs.NewLimiter()
	call(t, l, 1, "")
	call(t, l, 5, flowlogs.ErrThrottled) // 2.5, 1.25, 0.6, 0.3 and 0.25 calls a second
	return l
}

// call makes calls that end at once.
func call(t *testing.T, l flowlogs.Limiter, n int, reason flowlogs.Reason) {
	t.Helper()
	for range n {
		require.NoError(t, l.Wait(t.Context()))
		observe(l, reason)
	}
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
