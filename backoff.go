package flowlogs

import (
	"sync"
	"time"

	"github.com/go-flowlogs/flowlogs/internal/call"
)

const (
	firstDelay          = time.Second
	maxRetryDelay       = 30 * time.Second
	maxPropagationDelay = 10 * time.Second

	// unluckyFailures is how often in a row a part may fail by chance. If half of all
	// calls fail, one part in 256 fails that often.
	unluckyFailures = 8
)

// pause is the wait before the next call.
type pause struct {
	due  time.Time       // zero: there is nothing to wait for
	wake <-chan struct{} // ends the pause early; nil: nothing does
}

func (p pause) sleep(done <-chan struct{}) {
	timer := time.NewTimer(time.Until(p.due))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.wake:
	case <-done:
	}
}

// retries spaces out the calls of a part that fails for a transient reason. The pause
// is a second at first, then twice as long each time, up to 30 s. It stays a second
// while EC2 responds to other calls, for the first failures, which may be chance. The
// last call is at the end of the timeout.
type retries struct {
	end         time.Time // zero: it has not failed yet
	delay       time.Duration
	failures    int
	lastFailure time.Time
}

// next returns when the part is sent again after it failed with err, and false if the
// timeout is over. EC2 has responded to nothing since failing.
func (r *retries) next(now, failing time.Time, timeout time.Duration, err error) (due time.Time, ok bool) {
	if r.end.IsZero() {
		r.end, r.delay = now.Add(timeout), firstDelay
	}
	if !now.Before(r.end) {
		return time.Time{}, false
	}
	if r.failures++; r.failures <= unluckyFailures && failing.After(r.lastFailure) {
		r.delay = firstDelay
	}
	r.lastFailure = now
	due = earliest(now.Add(r.delay), r.end)
	if asked := now.Add(call.RetryAfter(err, r.delay)); asked.After(due) {
		due = asked
	}
	r.delay = min(2*r.delay, maxRetryDelay)
	return due, true
}

// sendBy returns the latest time to send a call: a second after the timeout.
func (r *retries) sendBy(timeout time.Duration) time.Time {
	const grace = time.Second
	end := r.end
	if end.IsZero() {
		end = time.Now().Add(timeout)
	}
	return end.Add(grace)
}

// extend extends the timeout by the time for which the Limiter delayed a call that was
// throttled nevertheless.
func (r *retries) extend(delayed time.Duration) {
	if !r.end.IsZero() {
		r.end = r.end.Add(delayed)
	}
}

// propagation spaces out the calls of all parts of a job that wait until EC2 sees a new
// role, policy or resource. Each takes the next moment of one schedule, with pauses
// from a second up to 10 s, and all share one deadline, from the first wait on. So
// they make few calls together.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
type propagation struct {
	timeout time.Duration // zero or negative: nobody waits

	mu    sync.Mutex
	end   time.Time // zero: nobody has waited yet
	due   time.Time // of the last call in the schedule
	delay time.Duration
	wake  chan struct{} // closed when a call succeeds that has waited
}

// next returns the pause before the next call of a part, and false if the timeout is
// over.
func (p *propagation) next() (pause, bool) {
	if p.timeout <= 0 {
		return pause{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.end.IsZero() {
		p.end = now.Add(p.timeout)
		p.restart()
	}
	if !now.Before(p.end) {
		return pause{}, false
	}
	if p.due.Before(now) {
		p.due = now
	}
	p.due = p.due.Add(p.delay)
	p.delay = min(2*p.delay, maxPropagationDelay)
	return pause{due: earliest(p.due, p.end), wake: p.wake}, true
}

// seen ends the pauses, since EC2 now sees what one part has waited for. Parts that
// still wait for something start the schedule again.
func (p *propagation) seen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.wake)
	p.restart()
}

func (p *propagation) restart() {
	p.due, p.delay, p.wake = time.Time{}, firstDelay, make(chan struct{})
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
