// Package call makes calls of EC2 in the SDK's retry loop, and lets its user pace the
// attempts, classify their errors and retry lost responses.
package call

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/logging"
)

// Settings are the settings of an API, changed by options.
type Settings struct {
	Region string // "": unknown
	Nested bool   // another loop of this package drives the calls

	inClient bool // the API is exactly an *ec2.Client: only that is known to pass functions on to its retry loop
	optFns   []func(*ec2.Options)
	override aws.Retryer    // in place of the API's; nil: none
	retryer  aws.RetryerV2  // for the loop in front of an API that has none
	logger   logging.Logger // nil: retries are not logged
}

// SettingsOf merges the settings of the API, override and optFns as the SDK does. It runs
// the caller's functions against a probe, because the Region and the number of attempts
// are needed before the SDK runs the functions on its own copy.
func SettingsOf(api any, override aws.Retryer, optFns ...func(*ec2.Options)) Settings {
	s := Settings{optFns: optFns, override: override}
	_, s.inClient = api.(*ec2.Client)
	probe := ec2.Options{}
	if client, ok := api.(interface{ Options() ec2.Options }); ok {
		probe = client.Options()
	} else if len(optFns) > 0 {
		probe = defaultOptions()
	}
	attempts := probe.RetryMaxAttempts
	if override != nil {
		probe.Retryer = override
	} else if probe.Retryer == nil {
		probe.Retryer = retry.NewStandard()
	}
	s.Apply(&probe)
	_, s.Nested = probe.Retryer.(outerLoop)
	if n := probe.RetryMaxAttempts; n != 0 && n != attempts {
		probe.Retryer = retry.AddWithMaxAttempts(probe.Retryer, n)
	}
	s.retryer = retryerV2(probe.Retryer)
	if !strings.Contains(probe.Region, "fips") { // the name of an endpoint, such as fips-us-east-1
		s.Region = probe.Region
	}
	if probe.ClientLogMode.IsRetries() {
		s.logger = probe.Logger
	}
	return s
}

// RetryTimeout returns how long a call is retried beyond the Retryer's attempts: option is
// Options.RetryTimeout, and several says whether the request has several calls. A
// caller is likely to wait for a request of one call, and not for one of several.
func (s *Settings) RetryTimeout(option time.Duration, several bool) time.Duration {
	switch {
	case s.retryer.MaxAttempts() == 1: // nothing is retried
		return 0
	case option != 0:
		return max(option, 0)
	case several:
		return 15 * time.Minute
	default:
		return 5 * time.Second
	}
}

// Apply runs the caller's functions.
func (s *Settings) Apply(o *ec2.Options) {
	for _, fn := range s.optFns {
		fn(o)
	}
	if o.Retryer == nil {
		o.Retryer = aws.NopRetryer{} // with nil, the SDK panics
	}
}

// defaultOptions are the SDK's defaults, for functions that read settings of an API that
// has none.
var defaultOptions = sync.OnceValue(func() ec2.Options { return ec2.New(ec2.Options{}).Options() })

// retryerV2 returns r with the method that the SDK later added to aws.Retryer.
func retryerV2(r aws.Retryer) aws.RetryerV2 {
	if v2, ok := r.(aws.RetryerV2); ok {
		return v2
	}
	return retryerV1{r}
}

type retryerV1 struct{ aws.Retryer }

func (r retryerV1) GetAttemptToken(context.Context) (func(error) error, error) {
	return r.GetInitialToken(), nil
}
