package flowlogs

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// Limiter paces calls. Wait blocks until a call may be sent, or returns an error
// if ctx ends first. It is called before every attempt, retries included, and must
// be safe for concurrent use. A *rate.Limiter of golang.org/x/time/rate is a
// Limiter.
type Limiter interface {
	Wait(ctx context.Context) error
}

// Observer is implemented by a [Limiter] that learns. Observe is called after each
// attempt that was sent. It must be safe for concurrent use. A Limiter that wraps
// another one must pass Observe on, or the inner one learns nothing. To count
// attempts, set Options.OnAttempt instead.
type Observer interface {
	Observe(Attempt)
}

// Attempt is one attempt of a call that was sent.
type Attempt struct {
	// Sent is when the attempt was sent, after Wait returned.
	Sent     time.Time
	Duration time.Duration

	// Err is why the attempt failed. Nil: EC2 accepted it. Resources may be
	// unsuccessful nevertheless.
	Err error

	// Reason is the reason of Err. Empty: it succeeded, or failed for a reason that is
	// not known.
	Reason Reason

	// Canceled reports whether the caller's context ended while the attempt was in
	// flight. Such an attempt says nothing about EC2.
	Canceled bool

	Region      string // "": not known
	ClientToken string // of the call
	RequestID   string // AWS's; "": there was no response
	Resources   int    // in the call
}

// NoLimit is a [Limiter] that never waits. It returns an error only if ctx has
// ended.
var NoLimit Limiter = noLimit{}

type noLimit struct{}

func (noLimit) Wait(ctx context.Context) error { return ctx.Err() }

// NewLimiter returns a [Limiter] that learns from the responses how much of an
// account's quota is left. Calls in the same account and Region share one quota,
// so all Clients of one account and Region should share one Limiter.
//
// It does not limit calls until EC2 throttles one for the first time: the quota of
// an account may be higher than documented. From then on it follows the rate that
// EC2 grants, whatever else runs in the account. During an outage it admits only an
// occasional call, to find out when the outage is over. Calls are served in
// the order in which they arrive. An hour after the last call that had to wait, the
// Limiter starts afresh.
//
// The Limiter starts no goroutines. Its Wait returns no error but that of ctx.
func NewLimiter() Limiter { return &limiter{quota: newQuota()} }

// limiter is a queue of calls. The first waits for the quota and for the outage; the
// others wait to become the first. Each waits in its own goroutine.
type limiter struct {
	mu     sync.Mutex
	queue  list.List // of chan struct{}, one for each call; a value wakes the call
	quota  quota
	outage outage
}

func (l *limiter) Wait(ctx context.Context) error { return l.wait(ctx, time.Time{}) }

// errOutage ends the wait of a call that an outage holds back for too long.
var errOutage = errors.New("EC2 responds to no call, and few are sent until it does")

// wait is Wait for a call that is not sent after giveUp if EC2 is still out then. Zero:
// it waits until ctx ends.
func (l *limiter) wait(ctx context.Context, giveUp time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queue.Len() == 0 && l.admit(time.Now()) == 0 {
		return nil // common case: no allocation
	}
	wake := make(chan struct{}, 1) // buffered: waking never blocks, and is not lost
	place := l.queue.PushBack(wake)
	defer func() { // runs before the Unlock that was deferred earlier
		l.queue.Remove(place)
		l.wakeFirst()
	}()
	for {
		var delay time.Duration
		if l.queue.Front() == place {
			if delay = l.admit(time.Now()); delay == 0 {
				return nil
			}
		}
		if left := time.Until(giveUp); left > 0 && (delay == 0 || left < delay) {
			delay = left
		}
		l.mu.Unlock()
		err := sleep(ctx, delay, wake)
		l.mu.Lock()
		switch {
		case err == nil && !giveUp.IsZero() && !time.Now().Before(giveUp) && l.outage.ongoing():
			return errOutage
		case err != nil && l.quota.limited && !l.outage.ongoing():
			return &heldBackError{contextError(ctx)}
		case err != nil:
			return err
		}
	}
}

// admit counts a call and returns 0 if it may be sent. Otherwise it returns how long
// the call must wait.
func (l *limiter) admit(now time.Time) time.Duration {
	if delay := max(l.quota.delay(now), l.outage.delay(now)); delay > 0 {
		return delay
	}
	l.quota.spend()
	l.outage.sent(now)
	return 0
}

// suspectsOutage reports whether so many calls have failed in a row that retries of a
// failed attempt are a waste.
func (l *limiter) suspectsOutage() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.outage.failures > suspectFailures
}

// wakeFirst makes the first call in the queue check again whether it may be sent.
func (l *limiter) wakeFirst() {
	if first := l.queue.Front(); first != nil {
		select {
		case first.Value.(chan struct{}) <- struct{}{}:
		default: // it has been woken, and is about to check
		}
	}
}

// sleep returns after delay or when woken, or with an error when ctx ends. Without
// a delay it waits to be woken.
func sleep(ctx context.Context, delay time.Duration, wake <-chan struct{}) error {
	var elapsed <-chan time.Time
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		elapsed = timer.C
	}
	select {
	case <-elapsed:
	case <-wake:
	case <-ctx.Done():
	}
	return ctx.Err()
}

func (l *limiter) Observe(a Attempt) {
	if a.Canceled {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	switch a.Reason {
	case ErrThrottled:
		l.outage.responded(now)
		l.quota.throttled(a.Sent, now)
	case ErrUnavailable, ErrNoResponse:
		l.outage.failed(a.Sent, now)
		l.quota.granted(now) // it was not throttled
	default:
		l.outage.responded(now)
		l.quota.granted(now)
	}
	l.wakeFirst()
}
