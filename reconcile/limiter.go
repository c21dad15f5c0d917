package reconcile

import (
	"context"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/internal/pace"
)

// NewDescribeLimiter returns a Limiter for Options.DescribeLimiter. It keeps to the
// documented quota, 100 calls and then 20 per second, until EC2 throttles a call: others
// in the account list too, then. From then on it follows the rate that EC2 grants, as a
// [flowlogs.NewLimiter] does. Share one between all Reconcilers of an account and Region.
func NewDescribeLimiter() flowlogs.Limiter { return &limiter{pace.New(describeBucket)} }

// describeBucket is the quota of DescribeFlowLogs, one of EC2's non-mutating actions:
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
var describeBucket = pace.Bucket{Size: 100, Refill: 20, Enforced: true}

type limiter struct{ pace *pace.Limiter }

func (l *limiter) Wait(ctx context.Context) error { return l.pace.Wait(ctx) }

func (l *limiter) Observe(a flowlogs.Attempt) {
	switch {
	case a.Canceled: // it says nothing about EC2
	case a.Reason == flowlogs.ErrThrottled:
		l.pace.Observe(a.Sent, pace.Throttled)
	case isUncertain(a.Reason):
		l.pace.Observe(a.Sent, pace.Failed)
	default:
		l.pace.Observe(a.Sent, pace.Granted)
	}
}
