// Package pace learns from the results of calls how much of an account's quota is left.
package pace

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-flowlogs/flowlogs/internal/call"
)

// Outcome is the result of an attempt, as far as it says something about EC2.
type Outcome uint8

// The outcomes.
const (
	Granted   Outcome = iota // EC2 responded
	Throttled                // EC2's bucket is empty
	Failed                   // EC2 failed, or did not respond
)

// Limiter is a queue of calls. The first waits for the quota and for the outage; the
// others wait to become the first. Each waits in its own goroutine.
type Limiter struct {
	mu     sync.Mutex
	queue  list.List // of chan struct{}, one for each call; a value wakes the call
	quota  quota
	outage outage
}

// New returns a Limiter for calls of an operation with this bucket.
func New(b Bucket) *Limiter { return &Limiter{quota: newQuota(b)} }

// Wait blocks until a call may be sent, or returns an error if ctx ends first.
func (l *Limiter) Wait(ctx context.Context) error { return l.WaitUntil(ctx, time.Time{}) }

// ErrOutage ends the wait of a call that an outage holds back for too long.
var ErrOutage = errors.New("EC2 is not responding; only occasional probes are sent")

// HeldBackError is the end of a context while a call was held back because EC2 had
// throttled another one.
type HeldBackError struct{ err error } // of the context

func (e *HeldBackError) Error() string {
	return "held back after EC2 throttled a call: " + e.err.Error()
}

// Unwrap returns the error of the context, with its cause.
func (e *HeldBackError) Unwrap() error { return e.err }

// WaitUntil is Wait for a call that is not sent after giveUp if EC2 is still out then. A
// zero giveUp means never.
func (l *Limiter) WaitUntil(ctx context.Context, giveUp time.Time) error {
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
		sleep(ctx, delay, wake)
		l.mu.Lock()
		switch err := ctx.Err(); {
		case err != nil && l.quota.engaged && !l.outage.ongoing():
			return &HeldBackError{call.ContextError(ctx)}
		case err != nil:
			return err
		case !giveUp.IsZero() && !time.Now().Before(giveUp) && l.outage.ongoing():
			return ErrOutage
		}
	}
}

// admit counts a call and returns 0 if it may be sent. Otherwise it returns how long
// the call must wait.
func (l *Limiter) admit(now time.Time) time.Duration {
	if delay := max(l.quota.delay(now), l.outage.delay(now)); delay > 0 {
		return delay
	}
	l.quota.spend()
	l.outage.sent(now)
	return 0
}

// SuspectsOutage reports whether so many calls have failed in a row that retries of a
// failed attempt are a waste.
func (l *Limiter) SuspectsOutage() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.outage.failures > suspectFailures
}

// wakeFirst makes the first call in the queue check again whether it may be sent.
func (l *Limiter) wakeFirst() {
	if first := l.queue.Front(); first != nil {
		select {
		case first.Value.(chan struct{}) <- struct{}{}:
		default: // it has been woken, and is about to check
		}
	}
}

// sleep returns after delay, when woken, or when ctx ends. Without a delay it waits to
// be woken.
func sleep(ctx context.Context, delay time.Duration, wake <-chan struct{}) {
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
}

// Observe learns from an attempt that was sent at the given time.
func (l *Limiter) Observe(sent time.Time, o Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	switch o {
	case Throttled:
		l.outage.responded(now)
		l.quota.throttled(sent, now)
	case Failed:
		l.outage.failed(sent, now)
		l.quota.granted(now) // it was not throttled
	default:
		l.outage.responded(now)
		l.quota.granted(now)
	}
	l.wakeFirst()
}
