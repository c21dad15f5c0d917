package reconcile

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/internal/call"
)

// API is the three EC2 operations that this package calls. An *[ec2.Client]
// satisfies it.
type API interface {
	flowlogs.API
	ec2.DescribeFlowLogsAPIClient
	DeleteFlowLogs(ctx context.Context, params *ec2.DeleteFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.DeleteFlowLogsOutput, error)
}

var _ API = (*ec2.Client)(nil)

// Options configures a [Reconciler]. The zero value of a field means its default.
type Options struct {
	// Create configures the [flowlogs.Client] that creates. Its Retryer, RetryTimeout
	// and ClientOptions apply to the other calls too. For these, a RetryTimeout of zero
	// means 15 minutes if the request has more than 200 resources, and 5 seconds if it
	// has fewer. Token is not used: each Apply creates under random tokens.
	Create []func(*flowlogs.Options)

	// DescribeLimiter paces the calls of DescribeFlowLogs. Nil: a [NewDescribeLimiter] of
	// the Reconciler. Share a Limiter between all Reconcilers of an account and Region.
	DescribeLimiter flowlogs.Limiter

	// DeleteLimiter paces the calls of DeleteFlowLogs. Nil: a [flowlogs.NewLimiter] of
	// the Reconciler. Share a Limiter as DescribeLimiter, but not with other operations,
	// which have quotas of their own.
	DeleteLimiter flowlogs.Limiter

	// Replace reports whether a flow log that conflicts may be replaced, which
	// means deleted once the new one exists. It may be called several times for the
	// same flow log. Nil: nothing is ever deleted. Two kinds of flow logs are never
	// deleted, and Replace is not called for them: those that AWS's telemetry rules
	// manage, and those whose destination may be the wanted one, written differently.
	Replace func(types.FlowLog) bool

	// Probation is how long a new flow log must exist without failing before the old
	// one is deleted. Zero or negative: its state is checked once.
	Probation time.Duration

	// OnProgress is called after each step, in the goroutine of the caller. Nil:
	// progress is not reported.
	OnProgress func(Progress)
}

// Reconciler brings the flow logs of resources to the state that a request
// describes. It is immutable and safe for concurrent use.
type Reconciler struct {
	options  Options
	client   *flowlogs.Client
	creates  flowlogs.Options // of client
	settings call.Settings    // of the other operations, as the client resolves them
	describe describeOperation
	delete   deleteOperation
}

// New returns a Reconciler that calls api, which must not be nil.
func New(api API, optFns ...func(*Options)) *Reconciler {
	r := &Reconciler{}
	for _, fn := range optFns {
		fn(&r.options)
	}
	for _, fn := range r.options.Create {
		fn(&r.creates)
	}
	r.creates.Token = flowlogs.RandomToken
	r.client = flowlogs.New(api, func(o *flowlogs.Options) {
		*o = r.creates
		isolate := o.Isolate
		if isolate == nil {
			isolate = isolatedByDefault
		}
		// Which flow logs of a call exist already, a single DescribeFlowLogs finds.
		o.Isolate = func(r flowlogs.Reason) bool { return r != flowlogs.ErrAlreadyExists && isolate(r) }
	})
	r.settings = call.SettingsOf(api, r.creates.Retryer, r.creates.ClientOptions...)
	r.describe = newDescribe(api, &r.settings, cmp.Or(r.options.DescribeLimiter, NewDescribeLimiter()))
	r.delete = newDelete(api, &r.settings, cmp.Or(r.options.DeleteLimiter, flowlogs.NewLimiter()))
	return r
}

// isolatedByDefault is the default of [flowlogs.Options].Isolate.
func isolatedByDefault(r flowlogs.Reason) bool {
	return slices.Contains([]flowlogs.Reason{
		"", flowlogs.ErrResourceNotFound, flowlogs.ErrIncorrectState, flowlogs.ErrAlreadyExists,
		flowlogs.ErrNotAuthorized, flowlogs.ErrLimitExceeded, flowlogs.ErrInvalidParameter,
	}, r)
}
