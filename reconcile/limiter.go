package reconcile

import (
	"context"
	"sync"
	"time"

	"github.com/go-flowlogs/flowlogs"
)

// The quota of DescribeFlowLogs, which is one of EC2's non-mutating actions:
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
const (
	describeBurst     = 100
	describePerSecond = 20
)

// limiter is a token bucket with that quota. It does not learn the rate: listing takes
// little time compared to creating, and calls that are throttled because of others are
// retried.
type limiter struct {
	mu     sync.Mutex
	tokens float64 // negative: calls wait for them
	at     time.Time
}

// NewDescribeLimiter returns a Limiter for Options.DescribeLimiter with the documented
// quota, 100 calls and then 20 per second. It is empty after a throttled call. Share one
// between all Reconcilers of an account and Region.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
func NewDescribeLimiter() flowlogs.Limiter { return newLimiter() }

func newLimiter() *limiter { return &limiter{tokens: describeBurst, at: time.Now()} }

// Wait blocks until a call may be made. It returns an error if ctx ends first.
func (l *limiter) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	delay := l.spend(1)
	if delay <= 0 || sleep(ctx, delay) {
		return ctx.Err()
	}
	l.spend(-1)
	return ctx.Err()
}

// spend spends n tokens, or returns them if n is negative, and returns how long it
// takes until the bucket has them.
func (l *limiter) spend(n float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.tokens = min(l.tokens+now.Sub(l.at).Seconds()*describePerSecond, describeBurst) - n
	l.at = now
	return time.Duration(-l.tokens / describePerSecond * float64(time.Second))
}

// Observe empties the bucket when EC2 says that its own is empty.
func (l *limiter) Observe(a flowlogs.Attempt) {
	if a.Reason == flowlogs.ErrThrottled {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.tokens = min(l.tokens, 0)
	}
}
