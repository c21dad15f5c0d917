package flowlogs

import (
	"cmp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs/internal/rules"
)

// Options configures a [Client], or one call of it. The zero value of a field
// means its default, whether [New] or a call sets it.
type Options struct {
	// Token makes the client token of a request that has none. A Stream calls it in the
	// goroutine of its iterator. Nil: [RandomToken].
	Token TokenGenerator

	// Retryer decides which attempts are retried and when. Nil: that of the
	// *[ec2.Client], with its mode, attempts and quota; for another API,
	// retry.NewStandard(). With a Retryer that allows one attempt, such as
	// aws.NopRetryer{}, nothing is retried, not even a batch. A Retryer in
	// ClientOptions takes precedence.
	Retryer aws.Retryer

	// RetryTimeout is how long a batch that fails for a transient reason is retried
	// once the Retryer has used up its attempts. Zero: 5 seconds for a request of one
	// call, 15 minutes for one of several calls and for a Stream. Negative: no such
	// retries, as in a unit test whose mock fails for good.
	RetryTimeout time.Duration

	// PropagationTimeout is how long to retry until EC2 sees a new IAM role, bucket
	// policy or resource. Zero or negative: no such retries. Client.CreateFlowLogs does
	// not resend resources that its output rejects individually.
	PropagationTimeout time.Duration

	// BatchSize is the number of resources per call. Zero or negative: the limit of
	// EC2, which is 300, and 25 for transit gateways and their attachments. A
	// larger size is sent as it is. Resume a request with the BatchSize that it was
	// started with, because the tokens of its calls depend on it.
	// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
	BatchSize int

	// Concurrency is how many calls of a request may be on the wire at the same
	// time. Zero or negative: 4.
	Concurrency int

	// Limiter paces every attempt, retries included. Nil: a [NewLimiter] of the
	// Client, one for each Region that it calls. [NoLimit]: no pacing. Share a
	// Limiter between all Clients of an account and Region, because EC2 throttles
	// the account: 50 calls and then 5 per second, unless AWS has raised it.
	// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
	Limiter Limiter

	// Allow is called with each problem that validation finds. If it returns true,
	// the problem is ignored: for example one with Unknown set, which is a value that
	// this release does not know. Allow is not called for what cannot be sent: a
	// missing destination, resource ID or resource type, an empty resource ID, an
	// interval that is not whole seconds, a value that is not UTF-8. A Stream calls it
	// in the goroutine of its iterator. Nil: no problem is ignored.
	Allow func(*FieldError) bool

	// Isolate reports whether a call that EC2 rejects for the given reason is split.
	// It is split in halves, and these again, until each resource that caused the
	// rejection is in a call of its own and the others have their flow logs. Nil: it
	// is split for ErrResourceNotFound, ErrIncorrectState, ErrAlreadyExists,
	// ErrNotAuthorized, ErrLimitExceeded, ErrInvalidParameter, and for a code of EC2
	// without a Reason, of which Isolate is asked with "". It is called from several
	// goroutines.
	Isolate func(Reason) bool

	// OnProgress is called after each call of a Create or Stream, in the goroutine
	// of the caller. Nil: progress is not reported.
	OnProgress func(Progress)

	// OnAttempt is called after each attempt that was sent, whatever the Limiter: for a
	// log or a metric. It is called from several goroutines, and delays the call. Nil:
	// none.
	OnAttempt func(Attempt)

	// ClientOptions are passed to the API with each call.
	ClientOptions []func(*ec2.Options)
}

// apply returns a copy of the options, changed by optFns.
func (o Options) apply(optFns []func(*Options)) Options {
	o.ClientOptions = slices.Clip(o.ClientOptions) // a function that appends must not overwrite the elements of another copy
	for _, fn := range optFns {
		fn(&o)
	}
	o.ClientOptions = slices.Clone(o.ClientOptions)
	return o
}

func (o *Options) token() TokenGenerator {
	if o.Token == nil {
		return RandomToken
	}
	return o.Token
}

func (o *Options) batchSize(t ResourceType) int {
	return cmp.Or(max(o.BatchSize, 0), rules.Limit(t))
}

func (o *Options) concurrency() int {
	return cmp.Or(max(o.Concurrency, 0), 4)
}
