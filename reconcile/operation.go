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

// operation is an operation of EC2 that can be repeated: a description changes nothing,
// and a deletion cannot delete twice.
type operation[In, Out any] struct {
	settings *call.Settings
	limiter  flowlogs.Limiter
	call     call.Operation[In, Out]
}

type (
	describeOperation = operation[ec2.DescribeFlowLogsInput, ec2.DescribeFlowLogsOutput]
	deleteOperation   = operation[ec2.DeleteFlowLogsInput, ec2.DeleteFlowLogsOutput]
)

func newDescribe(api API, s *call.Settings, l flowlogs.Limiter) (o describeOperation) {
	o.settings, o.limiter = s, l
	o.call.Name, o.call.Send = "DescribeFlowLogs", api.DescribeFlowLogs
	o.call.Inspect = func(out *ec2.DescribeFlowLogsOutput) (middleware.Metadata, bool) {
		return out.ResultMetadata, out.FlowLogs == nil
	}
	return o
}

func newDelete(api API, s *call.Settings, l flowlogs.Limiter) (o deleteOperation) {
	o.settings, o.limiter = s, l
	o.call.Name, o.call.Send = "DeleteFlowLogs", api.DeleteFlowLogs
	o.call.Inspect = func(out *ec2.DeleteFlowLogsOutput) (middleware.Metadata, bool) {
		return out.ResultMetadata, false // it has no member that EC2 must send
	}
	return o
}

// maxRetryDelay is the longest pause once the Retryer has used up its attempts.
const maxRetryDelay = 30 * time.Second

// do makes a call until it succeeds or fails for a reason that is not transient, or the
// timeout is over. The result uncertain means that an attempt without a response may have
// been applied.
func (o *operation[In, Out]) do(ctx context.Context, timeout time.Duration, input func() *In) (out *Out, uncertain bool, err error) {
	a := &attempts[In]{limiter: o.limiter, input: input}
	start := time.Now()
	for delay := time.Second; ; delay = min(2*delay, maxRetryDelay) {
		one := call.Call[In, Out]{Settings: o.settings, Operation: &o.call, Owner: a}
		out, err = one.Do(ctx)
		if err == nil && out == nil {
			err, a.retryable = fmt.Errorf("%w: no output", flowlogs.ErrIncompleteResponse), true
		}
		left := timeout - time.Since(start)
		if err == nil {
			return out, a.uncertain, nil
		}
		if a.limited || !a.retryable || left <= 0 || !sleep(ctx, min(delay, left)) {
			return nil, a.uncertain, &CallError{Operation: o.call.Name, Err: a.explain(ctx, err)}
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
	switch {
	case attempt.Canceled || reason == "" && call.IsLost(err):
		reason, err = flowlogs.ErrNoResponse, fmt.Errorf("%w: %w", flowlogs.ErrNoResponse, err)
	case !reason.Retryable() && call.IsServerFault(err):
		reason, err = flowlogs.ErrUnavailable, fmt.Errorf("%w: %w", flowlogs.ErrUnavailable, err)
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

// explain adds to the error of the retry loop what the last attempt says, if the Limiter
// has ended the call, and that the context has ended.
func (a *attempts[In]) explain(ctx context.Context, err error) error {
	if a.limited && a.err != nil {
		err = fmt.Errorf("%w; last error: %w", err, a.err)
	}
	if ctx.Err() != nil && (!errors.Is(err, ctx.Err()) || !errors.Is(err, context.Cause(ctx))) {
		err = fmt.Errorf("%w; last error: %w", call.ContextError(ctx), err)
	}
	return err
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
