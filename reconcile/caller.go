package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/internal/call"
)

// caller makes calls of DescribeFlowLogs and DeleteFlowLogs. Both can be
// repeated: one changes nothing, and the other cannot delete twice.
type caller struct {
	settings call.Settings
	describe call.Operation[ec2.DescribeFlowLogsInput, ec2.DescribeFlowLogsOutput]
	delete   call.Operation[ec2.DeleteFlowLogsInput, ec2.DeleteFlowLogsOutput]
}

// maxRetryDelay is the longest pause once the Retryer has used up its attempts.
const maxRetryDelay = 30 * time.Second

// newCaller resolves the options and the API's own settings as the Client does.
func newCaller(api API, o *flowlogs.Options) caller {
	c := caller{settings: call.SettingsOf(api, o.Retryer, o.ClientOptions...)}
	c.describe.Name, c.describe.Send = "DescribeFlowLogs", api.DescribeFlowLogs
	c.describe.Inspect = func(out *ec2.DescribeFlowLogsOutput) (middleware.Metadata, bool) {
		return out.ResultMetadata, out.FlowLogs == nil
	}
	c.delete.Name, c.delete.Send = "DeleteFlowLogs", api.DeleteFlowLogs
	c.delete.Inspect = func(out *ec2.DeleteFlowLogsOutput) (middleware.Metadata, bool) {
		return out.ResultMetadata, false // it has no member that EC2 must send
	}
	return c
}

// do makes a call until it succeeds or fails for a reason that is not transient, or the
// timeout is over. The result uncertain means that an attempt without a response may have
// been applied.
func do[In, Out any](ctx context.Context, c *caller, op *call.Operation[In, Out], limiter flowlogs.Limiter, timeout time.Duration, input func() *In) (
	out *Out, uncertain bool, err error,
) {
	a := &attempts[In]{limiter: limiter, input: input}
	start := time.Now()
	for delay := time.Second; ; delay = min(2*delay, maxRetryDelay) {
		one := call.Call[In, Out]{Settings: &c.settings, Operation: op, Owner: a}
		out, err = one.Do(ctx)
		if err == nil && out == nil {
			err, a.retryable = fmt.Errorf("%w: no output", flowlogs.ErrIncompleteResponse), true
		}
		left := timeout - time.Since(start)
		switch {
		case err == nil:
			return out, a.uncertain, nil
		case a.limited && a.err != nil: // an attempt says more than the Limiter
			err = fmt.Errorf("%w; last error: %w", err, a.err)
			fallthrough
		case a.limited || !a.retryable || left <= 0 || !sleep(ctx, min(delay, left)):
			return nil, a.uncertain, callError(ctx, op.Name, err)
		}
	}
}

// attempts are the attempts to make one call.
type attempts[In any] struct {
	limiter   flowlogs.Limiter
	input     func() *In
	err       error // of the last one; nil: none was sent
	limited   bool  // the Limiter has ended the call
	retryable bool
	uncertain bool // one may have been applied
}

func (a *attempts[In]) Input() *In { return a.input() }
func (a *attempts[In]) Pause()     {}

func (a *attempts[In]) Wait(ctx context.Context) error {
	err := a.limiter.Wait(ctx)
	a.limited = err != nil
	return err
}

func (a *attempts[In]) Attempted(attempt call.Attempt) error {
	err := attempt.Err
	reason := flowlogs.ReasonOf(err)
	if attempt.Canceled || reason == "" && call.IsLost(err) {
		reason, err = flowlogs.ErrNoResponse, fmt.Errorf("%w: %w", flowlogs.ErrNoResponse, err)
	}
	if observer, ok := a.limiter.(flowlogs.Observer); ok {
		observer.Observe(flowlogs.Attempt{Sent: attempt.Sent, Err: err, Reason: reason, Canceled: attempt.Canceled})
	}
	a.err = err
	a.uncertain = a.uncertain || isUncertain(reason)
	return err
}

func (a *attempts[In]) Retry(err error, retryable bool) bool {
	reason := flowlogs.ReasonOf(err)
	a.retryable = reason != flowlogs.ErrConfiguration && (retryable || reason.Retryable())
	return a.retryable
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
	if ctx.Err() != nil && (!errors.Is(err, ctx.Err()) || !errors.Is(err, context.Cause(ctx))) {
		err = fmt.Errorf("%w; last error: %w", call.ContextError(ctx), err)
	}
	return &CallError{Operation: operation, Err: err}
}
