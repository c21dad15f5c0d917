package flowlogs

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/logging"
)

// Options configures a [Client], or one call of it. The zero value of a field
// means its default, whether [New] or a call sets it.
type Options struct {
	// Token makes the client token of a request that has none. Nil: [RandomToken].
	Token TokenGenerator

	// Retryer decides which attempts are retried and when. Nil: that of the
	// *[ec2.Client], with its mode, attempts and quota; for another API,
	// retry.NewStandard(). aws.NopRetryer{}, like any Retryer of one attempt: no
	// retries of any kind. A Retryer in ClientOptions takes precedence.
	Retryer aws.Retryer

	// RetryTimeout is how long a batch that keeps failing for a transient reason is
	// retried after the attempts of the Retryer. Zero: not at all for a request of
	// one call, 15 minutes for a request of several calls and for a Stream.
	// Negative: not at all.
	RetryTimeout time.Duration

	// PropagationTimeout is how long to wait for EC2 to see a new IAM role, bucket
	// policy or resource. Zero or negative: not at all.
	PropagationTimeout time.Duration

	// BatchSize is the number of resources per call. Zero or negative: the limit of
	// EC2, which is 300, and 25 for transit gateways and their attachments. A
	// larger size is sent as it is. Resume a job with the BatchSize that it was
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

	// Allow is called with each problem that validation finds, and returns true if
	// the request is to be sent all the same: for example for a problem with Unknown
	// set, a value that this release does not know. It is not asked about what
	// cannot be sent: a missing destination, resource ID or resource type, an empty
	// resource ID, an interval that is not whole seconds, a value that is not UTF-8.
	// Nil: nothing is allowed.
	Allow func(*FieldError) bool

	// Isolate reports whether a call that EC2 rejected for a reason is split in
	// halves, again and again, until the resources that caused it stand alone and
	// the others have their flow logs. Nil: for ErrResourceNotFound,
	// ErrAlreadyExists, ErrNotAuthorized, ErrLimitExceeded and ErrInvalidParameter.
	Isolate func(Reason) bool

	// OnProgress is called after each call of a Create or Stream, in the goroutine
	// of the caller. Nil: progress is not reported.
	OnProgress func(Progress)

	// ClientOptions are passed to the API with each call.
	ClientOptions []func(*ec2.Options)
}

// defaultRetryTimeout is that of a job, which has other calls to make meanwhile.
const defaultRetryTimeout = 15 * time.Minute

// apply returns the options after the functions have run on a copy.
func (o Options) apply(optFns []func(*Options)) Options {
	o.ClientOptions = slices.Clip(o.ClientOptions) // a function that appends must not write to the original
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
	return cmp.Or(max(o.BatchSize, 0), limitOf(t))
}

func (o *Options) concurrency() int {
	return cmp.Or(max(o.Concurrency, 0), 4)
}

// retryTimeout returns how long a batch is retried in a request of one call or
// of several.
func (o *Options) retryTimeout(several bool) time.Duration {
	if o.RetryTimeout == 0 && several {
		return defaultRetryTimeout
	}
	return max(o.RetryTimeout, 0)
}

func (o *Options) isolates(r Reason) bool {
	if o.Isolate == nil {
		return r.is(single)
	}
	return o.Isolate(r)
}

// settings are the settings of the API, as far as they concern this package.
type settings struct {
	retryer aws.RetryerV2  // for the loop in front of an API that has none
	region  string         // "": unknown
	logger  logging.Logger // nil: retries are not logged
	nested  bool           // another Client drives the calls
}

// settingsOf resolves the options and the API's own settings to those of a call,
// as the SDK does. The functions of the caller run against a probe here, because
// the Region and the attempts have to be known before the SDK runs the functions
// itself.
func settingsOf(api API, o *Options, optFns []func(*ec2.Options)) settings {
	probe := ec2.Options{}
	if client, ok := api.(interface{ Options() ec2.Options }); ok {
		probe = client.Options()
	} else if len(optFns) > 0 {
		probe = defaultClientOptions()
	}
	attempts := probe.RetryMaxAttempts
	if o.Retryer != nil {
		probe.Retryer = o.Retryer
	} else if probe.Retryer == nil {
		probe.Retryer = retry.NewStandard()
	}
	for _, fn := range optFns {
		fn(&probe)
	}
	if probe.Retryer == nil {
		probe.Retryer = aws.NopRetryer{}
	}
	_, nested := probe.Retryer.(outerLoop)
	if n := probe.RetryMaxAttempts; n != 0 && n != attempts {
		probe.Retryer = retry.AddWithMaxAttempts(probe.Retryer, n)
	}
	s := settings{retryer: retryerV2(probe.Retryer), nested: nested}
	if !strings.Contains(probe.Region, "fips") { // a name for an endpoint, like fips-us-east-1
		s.region = probe.Region
	}
	if probe.ClientLogMode.IsRetries() {
		s.logger = probe.Logger
	}
	return s
}

// patient reports whether there are retries of any kind.
func (s *settings) patient() bool { return s.retryer.MaxAttempts() != 1 }

// defaultClientOptions are the settings of a client without any, for functions
// that look at them though the API is none of the SDK.
var defaultClientOptions = sync.OnceValue(func() ec2.Options { return ec2.New(ec2.Options{}).Options() })

// retryerV2 returns r with the method that the SDK has added to Retryer.
func retryerV2(r aws.Retryer) aws.RetryerV2 {
	if v2, ok := r.(aws.RetryerV2); ok {
		return v2
	}
	return firstVersion{r}
}

type firstVersion struct{ aws.Retryer }

func (r firstVersion) GetAttemptToken(context.Context) (func(error) error, error) {
	return r.GetInitialToken(), nil
}

// limiters are the limiters of a Client, one for each Region.
type limiters struct {
	mu     sync.Mutex
	region map[string]Limiter
}

func (l *limiters) of(region string) Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.region[region] == nil {
		if l.region == nil {
			l.region = make(map[string]Limiter)
		}
		l.region[region] = NewLimiter()
	}
	return l.region[region]
}
