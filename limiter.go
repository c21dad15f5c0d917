package flowlogs

import (
	"context"
	"sync"
	"time"

	"github.com/go-flowlogs/flowlogs/internal/pace"
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
func NewLimiter() Limiter { return &limiter{pace: pace.New(createBucket)} }

// createBucket is the documented quota of CreateFlowLogs, one of EC2's mutating actions:
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
var createBucket = pace.Bucket{Size: 50, Refill: 5}

type limiter struct{ pace *pace.Limiter }

func (l *limiter) Wait(ctx context.Context) error { return l.pace.Wait(ctx) }

func (l *limiter) Observe(a Attempt) {
	if a.Canceled {
		return
	}
	switch a.Reason {
	case ErrThrottled:
		l.pace.Observe(a.Sent, pace.Throttled)
	case ErrUnavailable, ErrNoResponse:
		l.pace.Observe(a.Sent, pace.Failed)
	default:
		l.pace.Observe(a.Sent, pace.Granted)
	}
}

// limiters are the limiters that a Client makes, by Region.
type limiters struct{ regions sync.Map }

func (l *limiters) of(region string) Limiter {
	own, _ := l.regions.LoadOrStore(region, NewLimiter())
	return own.(Limiter)
}
