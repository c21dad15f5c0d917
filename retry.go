package flowlogs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

// caller makes calls: it drives the SDK's own retry loop in front of the API,
// whose own loop is switched off.
type caller struct {
	api         API
	limiter     Limiter  // nil: unpaced
	observer    Observer // the limiter, if it is one that learns
	optFns      []func(*ec2.Options)
	loop        *retry.Attempt
	logger      logging.Logger // nil: retries are not logged
	propagation time.Duration
	region      string // empty: not known
	patient     bool   // retries at all
}

// newCaller works out the retryer of the calls as the SDK would: the one of the
// options, unless a ClientOption has another or limits its attempts.
func newCaller(api API, o Options, optFns ...func(*ec2.Options)) caller {
	optFns = slices.Concat(o.ClientOptions, optFns)
	settings := optionsOf(api)
	attempts := settings.RetryMaxAttempts
	settings.Retryer = o.Retryer
	for _, fn := range optFns {
		fn(&settings)
	}
	retryer := settings.Retryer
	if retryer == nil {
		retryer = aws.NopRetryer{}
	}
	if n := settings.RetryMaxAttempts; n != 0 && n != attempts {
		retryer = retry.AddWithMaxAttempts(retryer, n)
	}
	c := caller{
		api:         api,
		optFns:      slices.Clip(append(optFns, oneAttempt)),
		propagation: o.PropagationTimeout,
		region:      settings.Region,
		limiter:     o.Limiter,
	}
	c.observer, _ = o.Limiter.(Observer)
	_, nop := retryer.(aws.NopRetryer)
	c.patient = !nop
	if strings.Contains(c.region, "fips") {
		c.region = "" // a name for an endpoint, like fips-us-east-1
	}
	if settings.ClientLogMode.IsRetries() {
		c.logger = settings.Logger
	}
	c.loop = retry.NewAttemptMiddleware(retryer, copyRequest, func(a *retry.Attempt) { a.LogAttempts = c.logger != nil })
	return c
}

// optionsOf returns the settings of a real client, or of the one that a Client
// calls, and none of anything else.
func optionsOf(api API) ec2.Options {
	switch api := api.(type) {
	case interface{ Options() ec2.Options }:
		return api.Options()
	case *Client:
		o := optionsOf(api.api)
		o.Retryer = api.options.Retryer
		return o
	default:
		return ec2.Options{}
	}
}

// oneAttempt switches the client's own retry loop off.
func oneAttempt(o *ec2.Options) {
	o.Retryer = aws.NopRetryer{}
	o.RetryMaxAttempts = 0
	o.ClientLogMode &^= aws.LogRetries // by this package's loop
}

// exchange is a call on its way through the SDK's loop: what is sent, and what
// became of the last attempt.
type exchange struct {
	settings *ec2.CreateFlowLogsInput // without IDs and token
	batch    *Batch
	err      error
}

// copyRequest gives each attempt an input of its own, so that all send the same
// whatever an API does with it.
func copyRequest(request any) any {
	x := request.(*exchange)
	in := copyInput(x.settings)
	in.ResourceIds = slices.Clone(x.batch.ResourceIDs)
	in.ClientToken = &x.batch.ClientToken
	return in
}

func copyInput(in *ec2.CreateFlowLogsInput) *ec2.CreateFlowLogsInput {
	c := *in
	c.ResourceIds = slices.Clone(in.ResourceIds)
	if in.DestinationOptions != nil {
		options := *in.DestinationOptions
		c.DestinationOptions = &options
	}
	c.TagFieldSpecifications = slices.Clone(in.TagFieldSpecifications)
	for i, s := range c.TagFieldSpecifications {
		c.TagFieldSpecifications[i].TagKeys = slices.Clone(s.TagKeys)
	}
	c.TagSpecifications = slices.Clone(in.TagSpecifications)
	for i, s := range c.TagSpecifications {
		c.TagSpecifications[i].Tags = slices.Clone(s.Tags)
	}
	return &c
}

// call sends one call until it is answered or refused for good, and counts the
// attempts in b. While a new IAM role may not have been seen by EC2 yet, it sends
// the same again.
func (c *caller) call(ctx context.Context, settings *ec2.CreateFlowLogsInput, b *Batch) (*ec2.CreateFlowLogsOutput, error) {
	wait := propagationWait{timeout: c.propagation}
	for {
		out, err := c.attempts(ctx, &exchange{settings: settings, batch: b})
		switch {
		case ReasonOf(err) == ErrRoleNotAssumable && wait.next(ctx):
			continue
		case err == nil:
			return out, nil
		case b.Attempts == 0:
			return nil, notAttempted(err)
		case ctx.Err() == nil || errors.Is(err, ctx.Err()):
			return nil, err
		}
		return nil, fmt.Errorf("%w, after: %w", ctx.Err(), err) // it ended in the wait for the role
	}
}

func notAttempted(cause error) error { return fmt.Errorf("%w: %w", ErrNotAttempted, cause) }

// attempts is one pass of the SDK's retry loop.
func (c *caller) attempts(ctx context.Context, x *exchange) (*ec2.CreateFlowLogsOutput, error) {
	attempt := middleware.FinalizeHandlerFunc(func(_ context.Context, request middleware.FinalizeInput) (
		result middleware.FinalizeOutput, metadata middleware.Metadata, err error,
	) {
		if c.limiter != nil {
			if err := c.limiter.Wait(ctx); err != nil {
				return result, metadata, err
			}
		}
		x.batch.Attempts++
		sent := time.Now()
		out, err := c.api.CreateFlowLogs(ctx, request.Request.(*ec2.CreateFlowLogsInput), c.optFns...)
		err = lostAnswer(ctx, out, err)
		if c.observer != nil {
			c.observer.Observe(Attempt{Sent: sent, Reason: ReasonOf(err), Canceled: ctx.Err() != nil})
		}
		if err != nil {
			x.err = err
			x.batch.RequestID = requestID(err)
			return result, metadata, err
		}
		result.Result = out
		return result, metadata, nil
	})
	loopCtx := ctx
	if c.logger != nil {
		loopCtx = middleware.SetLogger(ctx, c.logger)
		loopCtx = awsmiddleware.SetServiceID(loopCtx, ec2.ServiceID)
		loopCtx = awsmiddleware.SetOperationName(loopCtx, "CreateFlowLogs")
	}
	result, _, err := c.loop.HandleFinalize(loopCtx, middleware.FinalizeInput{Request: x}, attempt)
	if err == nil {
		return result.Result.(*ec2.CreateFlowLogsOutput), nil
	}
	if x.err != nil && !errors.Is(err, x.err) {
		return nil, fmt.Errorf("%w, after: %w", err, x.err) // it ended between two attempts
	}
	return nil, err
}

// lostAnswerError marks an answer that could not be read. Because of the token it
// is safe to ask again, which the SDK's retryers learn from RetryableError.
type lostAnswerError struct{ err error }

func (e *lostAnswerError) Error() string        { return "answer lost: " + e.err.Error() }
func (e *lostAnswerError) Unwrap() error        { return e.err }
func (e *lostAnswerError) RetryableError() bool { return true }

// lostAnswer marks err if EC2 answered with success in a body that cannot be
// read, as one that was cut off: the SDK itself would not retry it. A body with
// nothing of EC2 in it the SDK even takes for an answer.
func lostAnswer(ctx context.Context, out *ec2.CreateFlowLogsOutput, err error) error {
	if err == nil {
		if out != nil && out.ClientToken == nil && out.FlowLogIds == nil && out.Unsuccessful == nil &&
			awsmiddleware.GetRawResponse(out.ResultMetadata) != nil {
			return &lostAnswerError{fmt.Errorf("%w: it is empty", ErrIncompleteResponse)}
		}
		return nil
	}
	var unread *smithy.DeserializationError
	var answer interface{ HTTPStatusCode() int }
	if ctx.Err() != nil || !errors.As(err, &unread) || errors.As(err, &answer) && answer.HTTPStatusCode() >= 300 {
		return err
	}
	return &lostAnswerError{err}
}

// requestID is AWS's ID of the request that err answers.
func requestID(err error) string {
	var answer interface{ ServiceRequestID() string }
	if errors.As(err, &answer) {
		return answer.ServiceRequestID()
	}
	return ""
}

// propagationWait spaces out the attempts that wait for IAM and S3, whose changes
// take a while to be seen everywhere.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
type propagationWait struct {
	timeout  time.Duration
	deadline time.Time // zero: has not begun
	delay    time.Duration
}

// next waits, and reports whether to try again: until the timeout is over, the
// last time at its very end.
func (w *propagationWait) next(ctx context.Context) bool {
	if w.timeout <= 0 {
		return false
	}
	if w.deadline.IsZero() {
		w.deadline, w.delay = time.Now().Add(w.timeout), time.Second
	}
	delay := min(w.delay, time.Until(w.deadline))
	if delay <= 0 {
		return false
	}
	w.delay = min(2*w.delay, 10*time.Second)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
