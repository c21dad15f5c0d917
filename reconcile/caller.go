package reconcile

import (
	"context"
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
	// manyResources is how many resources one call lists. A request of more is retried
	// for longer by default.
	manyResources = valuesPerFilter

	// As in flowlogs.Options.
	defaultRetryTimeoutOfOne = 5 * time.Second
	defaultRetryTimeout      = 15 * time.Minute

	mostRetryDelay = 30 * time.Second
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
	switch {
	case c.timeout != 0:
		return max(c.timeout, 0)
	case resources > manyResources:
		return defaultRetryTimeout
	default:
		return defaultRetryTimeoutOfOne
	}
}

// call makes attempts until one succeeds, one fails for a reason that is not
// transient, or the retries are used up. The result uncertain means that an attempt
// without a response may have been applied.
func (c *caller) call(ctx context.Context, limiter flowlogs.Limiter, timeout time.Duration, operation string, attempt func(context.Context) error) (uncertain bool, err error) {
	for start, n := time.Now(), 1; ; n++ {
		if waitErr := limiter.Wait(ctx); waitErr != nil {
			return uncertain, callError(ctx, operation, after(waitErr, err))
		}
		sent := time.Now()
		err = attempt(ctx)
		reason := flowlogs.ReasonOf(err)
		if observer, ok := limiter.(flowlogs.Observer); ok {
			observer.Observe(flowlogs.Attempt{Sent: sent, Reason: reason, Canceled: err != nil && ctx.Err() != nil})
		}
		if err == nil {
			return uncertain, nil
		}
		uncertain = uncertain || reason == flowlogs.ErrNoResponse || reason == flowlogs.ErrUnavailable
		if ctx.Err() != nil || c.retryer.MaxAttempts() == 1 || !reason.Retryable() && !c.retryer.IsErrorRetryable(err) {
			return uncertain, callError(ctx, operation, err)
		}
		delay, delayErr := c.delay(n, timeout-time.Since(start), err)
		if delayErr != nil {
			return uncertain, callError(ctx, operation, delayErr)
		}
		if !sleep(ctx, delay) {
			return uncertain, callError(ctx, operation, err)
		}
	}
}

// delay returns the delay after the nth attempt, or an error if that was the last. The
// Retryer decides as long as it has attempts. Then the delays start at a second and
// double, until the timeout.
func (c *caller) delay(n int, left time.Duration, err error) (time.Duration, error) {
	most := c.retryer.MaxAttempts()
	switch {
	case most <= 0 || n < most: // zero: no limit
		delay, delayErr := c.retryer.RetryDelay(n, err)
		if delayErr != nil {
			return 0, after(delayErr, err)
		}
		return delay, nil
	case left <= 0:
		return 0, err
	default:
		doublings := min(n-most, 5)
		return min(time.Second<<doublings, mostRetryDelay, left), nil
	}
}

// after returns err, after the error of an attempt if there was one.
func after(err, attempt error) error {
	if attempt == nil {
		return err
	}
	return fmt.Errorf("%w, after: %w", err, attempt)
}

// sleep waits for d. It returns false if ctx ends first.
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
	cause := "unknown error"
	if e.Err != nil {
		cause = printable(e.Err.Error())
	}
	return "flowlogs: " + e.Operation + ": " + cause
}

// Unwrap returns Err.
func (e *CallError) Unwrap() error { return e.Err }

// Is reports whether target is the reason of Err.
func (e *CallError) Is(target error) bool {
	reason, ok := target.(flowlogs.Reason)
	return ok && reason != "" && reason == flowlogs.ReasonOf(e.Err)
}

// Hint returns what to do about the error, or "" if that is not known.
func (e *CallError) Hint() string {
	reason := flowlogs.ReasonOf(e.Err)
	if reason == flowlogs.ErrNotAuthorized {
		return "Allow the caller ec2:" + e.Operation + "."
	}
	return reason.Hint()
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
