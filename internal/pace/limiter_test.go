package pace

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var bucket = Bucket{Size: 50, Refill: 5}

func observe(l *Limiter, n int, o Outcome) {
	for range n {
		l.Observe(time.Now(), o)
	}
}

func TestLimiter_SaysWhatHeldACallBack(t *testing.T) {
	t.Parallel()
	cause := errors.New("enough")
	for _, tt := range []struct {
		name     string
		outcome  Outcome
		n        int
		heldBack bool
	}{
		{"a throttled call", Throttled, 1, true},
		{"an outage", Failed, outageFailures, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := New(bucket)
				observe(l, tt.n, tt.outcome)
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, cause)
				defer cancel()
				err := l.Wait(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				var heldBack *HeldBackError
				require.Equal(t, tt.heldBack, errors.As(err, &heldBack))
				if tt.heldBack {
					require.ErrorIs(t, err, cause)
					assert.Equal(t, "held back after EC2 throttled a call: context deadline exceeded: enough", err.Error())
				}
			})
		})
	}
}

func TestLimiter_GivesUpInAnOutageOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, throttled := New(bucket), New(bucket)
		observe(out, outageFailures, Failed)
		observe(throttled, 1, Throttled)
		start := time.Now()
		require.ErrorIs(t, out.WaitUntil(t.Context(), start.Add(100*time.Millisecond)), ErrOutage)
		assert.Equal(t, 100*time.Millisecond, time.Since(start))
		require.NoError(t, throttled.WaitUntil(t.Context(), start.Add(101*time.Millisecond)))
		assert.InDelta(t, 0.4, time.Since(start).Seconds(), 0.001, "the wait for a token")
	})
}

func TestLimiter_SuspectsAnOutageBeforeItIsOne(t *testing.T) {
	t.Parallel()
	l := New(bucket)
	observe(l, suspectFailures, Failed)
	assert.False(t, l.SuspectsOutage())
	observe(l, 1, Failed)
	assert.True(t, l.SuspectsOutage())
	observe(l, 1, Throttled)
	assert.False(t, l.SuspectsOutage())
}

// A call that leaves the queue wakes the next one, which waits for nothing else.
func TestLimiter_ServesTheNextWhenTheFirstIsCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(bucket)
		observe(l, 1, Throttled)
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/10, cancel)
		served := make(chan time.Duration)
		go func() { _ = l.Wait(ctx) }()
		synctest.Wait()
		go func() {
			_ = l.Wait(t.Context())
			served <- time.Since(start)
		}()
		assert.InDelta(t, 0.4, (<-served).Seconds(), 0.001)
	})
}
