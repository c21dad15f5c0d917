package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs"
)

// caller makes calls of DescribeFlowLogs and DeleteFlowLogs. Both can be
// repeated: one changes nothing, and the other cannot delete twice.
type caller struct {
	retryer aws.Retryer
	timeout time.Duration        // flowlogs.Options.RetryTimeout
	optFns  []func(*ec2.Options) // of each attempt
	region  string               // "": unknown
}

const (
	// manyResources is how many resources are listed in one call; a request of
	// more is worth more patience.
	manyResources = valuesPerFilter

	defaultRetryTimeout = 15 * time.Minute
	mostRetryDelay      = 30 * time.Second
)

// newCaller resolves the options and the API's own settings as the Client does.
func newCaller(api API, o *flowlogs.Options) caller {
	settings := ec2.New(ec2.Options{}).Options()
	if client, ok := api.(interface{ Options() ec2.Options }); ok {
		settings = client.Options()
	}
	attempts := settings.RetryMaxAttempts
	if o.Retryer != nil {
		settings.Retryer = o.Retryer
	}
	for _, fn := range o.ClientOptions {
		fn(&settings)
	}
	c := caller{retryer: settings.Retryer, timeout: o.RetryTimeout, region: settings.Region}
	if c.retryer == nil {
		c.retryer = aws.NopRetryer{}
	}
	if n := settings.RetryMaxAttempts; n != 0 && n != attempts {
		c.retryer = retry.AddWithMaxAttempts(c.retryer, n)
	}
	c.optFns = append(slices.Clone(o.ClientOptions), func(o *ec2.Options) {
		o.Retryer, o.RetryMaxAttempts = aws.NopRetryer{}, 0 // the loop is that of call
	})
	return c
}

// retryTimeout returns how long a call is retried beyond the Retryer's attempts.
func (c *caller) retryTimeout(resources int) time.Duration {
	if c.timeout == 0 && resources > manyResources {
		return defaultRetryTimeout
	}
	return max(c.timeout, 0)
}

// call makes attempts until one succeeds or fails for a reason that is not
// transient, or until there have been enough. Uncertain means that an attempt
// without a response may have been applied.
func (c *caller) call(ctx context.Context, limiter flowlogs.Limiter, timeout time.Duration, operation string, attempt func(context.Context) error) (uncertain bool, err error) {
	start := time.Now()
	pause := time.Second
	for n := 1; ; n++ {
		if waitErr := limiter.Wait(ctx); waitErr != nil {
			return uncertain, callError(ctx, operation, errors.Join(waitErr, err))
		}
		sent := time.Now()
		err = attempt(ctx)
		reason := flowlogs.ReasonOf(err)
		if observer, ok := limiter.(flowlogs.Observer); ok {
			observer.Observe(flowlogs.Attempt{Sent: sent, Reason: reason})
		}
		if err == nil {
			return uncertain, nil
		}
		uncertain = uncertain || reason == flowlogs.ErrNoResponse || reason == flowlogs.ErrUnavailable
		if ctx.Err() != nil || c.retryer.MaxAttempts() == 1 || !reason.Retryable() && !c.retryer.IsErrorRetryable(err) {
			return uncertain, callError(ctx, operation, err)
		}
		var delay time.Duration
		if most := c.retryer.MaxAttempts(); most <= 0 || n < most {
			var delayErr error
			if delay, delayErr = c.retryer.RetryDelay(n, err); delayErr != nil {
				return uncertain, callError(ctx, operation, errors.Join(err, delayErr))
			}
		} else if left := timeout - time.Since(start); left > 0 {
			delay = min(pause, left)
			pause = min(2*pause, mostRetryDelay)
		} else {
			return uncertain, callError(ctx, operation, err)
		}
		if !sleep(ctx, delay) {
			return uncertain, callError(ctx, operation, err)
		}
	}
}

// sleep waits, and reports false if the context ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// CallError is a call of DescribeFlowLogs or DeleteFlowLogs that failed.
// errors.Is matches it with its [flowlogs.Reason].
type CallError struct {
	Operation string // "DescribeFlowLogs" or "DeleteFlowLogs"
	Err       error
}

func (e *CallError) Error() string {
	return "flowlogs: " + e.Operation + ": " + printable(e.Err.Error())
}

// Unwrap returns Err.
func (e *CallError) Unwrap() error { return e.Err }

// Is reports whether target is the reason of Err.
func (e *CallError) Is(target error) bool {
	reason, ok := target.(flowlogs.Reason)
	return ok && reason != "" && reason == flowlogs.ReasonOf(e.Err)
}

// callError returns a *CallError. If the context has ended, errors.Is finds its
// error and its cause beside err.
func callError(ctx context.Context, operation string, err error) error {
	if ended := contextError(ctx); ended != nil {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	return &CallError{Operation: operation, Err: err}
}

// contextError returns the error of a context that has ended, with its cause, or
// nil.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ctx.Err() { //nolint:errorlint // the very error
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}
