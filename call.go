package flowlogs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// invoker makes calls with the settings of a Client.
type invoker struct {
	settings
	api      API
	client   *ec2.Client // the API, if it is exactly that; its own retry loop is used then
	override aws.Retryer // Options.Retryer
	optFns   []func(*ec2.Options)
	limiter  Limiter
	observer Observer // nil: the limiter is none
}

// newInvoker resolves the options for calls with optFns.
func newInvoker(api API, o *Options, own *limiters, optFns ...func(*ec2.Options)) invoker {
	optFns = slices.Concat(o.ClientOptions, optFns)
	v := invoker{settings: settingsOf(api, o, optFns), api: api, override: o.Retryer, optFns: optFns, limiter: o.Limiter}
	// A type that embeds a client may not forward its options.
	if v.client, _ = api.(*ec2.Client); v.client == nil && !v.nested {
		v.optFns = append(optFns, oneAttempt)
	}
	v.optFns = slices.Clip(v.optFns) // an API that appends must not write to those of another call
	if v.limiter == nil {
		v.limiter = own.of(v.region)
	}
	v.observer, _ = v.limiter.(Observer)
	return v
}

// outerLoop is the Retryer of calls that this package retries in front of the
// API. It switches the API's own loop off, and tells a Client behind the API, such
// as one that is embedded in it, that another Client makes the call.
type outerLoop struct{ aws.NopRetryer }

func oneAttempt(o *ec2.Options) {
	o.Retryer = outerLoop{} // Guarded by TestNew_OfATypeThatEmbedsAClientRetriesAndPacesOnce.
	o.RetryMaxAttempts = 0
	o.ClientLogMode &^= aws.LogRetries // retries are logged by the loop in front
}

// call is one call of CreateFlowLogs: the attempts of one retry loop, all with
// the same bytes.
type call struct {
	*invoker
	template *ec2.CreateFlowLogsInput // without IDs and token
	batch    *Batch
	slots    chan struct{} // limits the calls on the wire; nil: no limit
	holding  bool          // a slot

	out       *ec2.CreateFlowLogsOutput
	err       error // of the last attempt that was sent, a *failure; nil: none was
	refused   error // of the Limiter or the Retryer, which did not let an attempt pass
	limited   bool  // refused is the Limiter's
	unsent    bool  // the last attempt was let pass, but got no further than credentials and endpoint
	mark      mark  // for an API that uses the SDK
	canceled  bool  // the context ended with the last attempt in flight
	retryable bool  // what the Retryer says of err
	uncertain bool  // some attempt got no response and may have been applied
	sent      int   // attempts
	throttled int   // of them
}

// invoke makes the call and notes in the batch what became of it. The error of
// an earlier call of the batch is kept if this one learns nothing new.
func (c *call) invoke(ctx context.Context) {
	c.err, c.batch.Err = c.batch.Err, nil
	var err error
	if c.client != nil {
		c.out, err = c.invokeClient(ctx)
	} else {
		c.out, err = c.invokeAPI(ctx)
	}
	if err != nil {
		c.batch.Err = c.explain(ctx, err)
		return
	}
	c.batch.Attempts = max(c.batch.Attempts, 1) // 0: a stub in the caller's APIOptions responded
	c.batch.record(c.out)
}

// params returns a new input, which shares no memory with the template and the
// batch: all attempts send the same, whatever an API does with its input.
//
// Guarded by TestCreate_IsUnmovedByAnAPIThatChangesItsInput.
func (c *call) params() *ec2.CreateFlowLogsInput {
	in := *c.template
	in.ResourceIds, in.ClientToken = c.batch.ResourceIDs, &c.batch.ClientToken
	return copyInput(&in)
}

// invokeClient uses the retry loop in the client's own stack.
func (c *call) invokeClient(ctx context.Context) (*ec2.CreateFlowLogsOutput, error) {
	optFns := make([]func(*ec2.Options), 0, len(c.optFns)+2)
	if c.override != nil {
		optFns = append(optFns, func(o *ec2.Options) { o.Retryer = c.override })
	}
	optFns = append(optFns, c.optFns...)
	optFns = append(optFns, func(o *ec2.Options) { // last, so that ClientOptions keep their precedence
		if o.Retryer == nil {
			o.Retryer = aws.NopRetryer{} // with nil, the SDK panics
		}
		o.Retryer = &pacedRetryer{retryerV2(o.Retryer), c}
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error { return insertSigned(stack, c) })
	})
	return c.client.CreateFlowLogs(ctx, c.params(), optFns...)
}

// insertSigned puts m behind the signing, where an attempt is as good as sent; or
// as far down as a stack goes whose signing or retrying the caller has taken out.
func insertSigned(stack *middleware.Stack, m middleware.FinalizeMiddleware) error {
	for _, id := range []string{"Signing", "Retry"} {
		if _, ok := stack.Finalize.Get(id); ok {
			return stack.Finalize.Insert(m, id, middleware.After)
		}
	}
	return stack.Finalize.Add(m, middleware.Before)
}

// ID identifies the call in the SDK's stack.
func (c *call) ID() string { return "flowlogs" }

// HandleFinalize makes one attempt in the SDK's stack.
func (c *call) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	sent := time.Now()
	out, metadata, err := next.HandleFinalize(ctx, in)
	result, _ := out.Result.(*ec2.CreateFlowLogsOutput)
	err = c.attempted(ctx, sent, result, metadata, err)
	return out, metadata, err
}

// invokeAPI drives the SDK's retry loop in front of the API.
func (c *call) invokeAPI(ctx context.Context) (*ec2.CreateFlowLogsOutput, error) {
	loop := retry.NewAttemptMiddleware(&pacedRetryer{c.retryer, c}, func(any) any { return c.params() })
	loop.LogAttempts = c.logger != nil
	loopCtx := ctx
	if c.logger != nil {
		loopCtx = middleware.SetLogger(ctx, c.logger)
		loopCtx = awsmiddleware.SetServiceID(loopCtx, ec2.ServiceID)
		loopCtx = awsmiddleware.SetOperationName(loopCtx, "CreateFlowLogs")
	}
	// The API sees the caller's context, for a mock that expects it.
	optFns := slices.Clip(append(c.optFns, c.mark.install))
	attempt := middleware.FinalizeHandlerFunc(func(_ context.Context, in middleware.FinalizeInput) (
		result middleware.FinalizeOutput, metadata middleware.Metadata, err error,
	) {
		sent := time.Now()
		c.mark.clear()
		out, err := c.api.CreateFlowLogs(ctx, in.Request.(*ec2.CreateFlowLogsInput), optFns...)
		if err != nil && c.mark.unsent() {
			return result, metadata, err
		}
		if out != nil {
			metadata = out.ResultMetadata
			if failed := (*CreateError)(nil); errors.As(err, &failed) {
				err = nil // of a Client behind the API, from the same response
			}
		}
		result.Result = out
		return result, metadata, c.attempted(ctx, sent, out, metadata, err)
	})
	result, _, err := loop.HandleFinalize(loopCtx, middleware.FinalizeInput{}, attempt)
	out, _ := result.Result.(*ec2.CreateFlowLogsOutput)
	return out, err
}

// mark tells how far an API that uses the SDK has got with an attempt. Another API
// never sets it. It is atomic because an API may make several calls of one.
type mark struct{ begun, signed atomic.Bool }

func (m *mark) clear() {
	m.begun.Store(false)
	m.signed.Store(false)
}

// unsent reports whether an attempt that failed was never sent: its credentials,
// Region or endpoint are missing.
func (m *mark) unsent() bool { return m.begun.Load() && !m.signed.Load() }

func (m *mark) install(o *ec2.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		if _, ok := stack.Finalize.Get("Retry"); ok {
			if err := stack.Finalize.Insert(setting(&m.begun, "flowlogs begun"), "Retry", middleware.After); err != nil {
				return err
			}
		}
		return insertSigned(stack, setting(&m.signed, "flowlogs signed"))
	})
}

func setting(flag *atomic.Bool, id string) middleware.FinalizeMiddleware {
	return middleware.FinalizeMiddlewareFunc(id, func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
		middleware.FinalizeOutput, middleware.Metadata, error,
	) {
		flag.Store(true)
		return next.HandleFinalize(ctx, in)
	})
}

// attempted counts an attempt that was sent, and returns its error as the retry
// loop is to see it.
func (c *call) attempted(ctx context.Context, sent time.Time, out *ec2.CreateFlowLogsOutput, metadata middleware.Metadata, err error) error {
	c.sent++
	c.batch.Attempts++
	c.canceled, c.unsent = false, false
	if id := requestID(metadata, err); id != "" {
		c.batch.RequestID = id
	}
	switch {
	case err == nil && isEmpty(out, metadata):
		err = &lostResponseError{errors.New("empty response")}
	case err != nil && ctx.Err() != nil && !isResponse(err):
		c.canceled = true
		err = &failure{ErrNoResponse, fmt.Errorf("%w: %w", ErrNoResponse, contextError(ctx))}
	case err != nil && isCutOff(err):
		err = &lostResponseError{err}
	}
	reason := ReasonOf(err)
	if err != nil {
		if reason == "" && !isResponse(err) {
			reason = ErrNoResponse
		}
		err = &failure{reason, err}
	}
	c.err = err
	switch reason {
	case ErrThrottled:
		c.throttled++
	case ErrNoResponse, ErrUnavailable:
		c.uncertain = true
	}
	if c.observer != nil {
		c.observer.Observe(Attempt{Sent: sent, Reason: reason, Canceled: c.canceled})
	}
	return err
}

// explain says in the error of a call what its retry loop leaves out: whether
// anything was sent, and what became of the last attempt.
func (c *call) explain(ctx context.Context, err error) error {
	if c.err != nil && errors.Is(err, c.err) {
		return err
	}
	reason, cause := ErrNotAttempted, err
	switch {
	case c.sent > 0 && c.err == nil: // EC2 has accepted the call, and a middleware of the caller's fails
		return &failure{ErrNoResponse, fmt.Errorf("%w: %w", ErrNoResponse, err)}
	case ctx.Err() != nil:
		cause = contextError(ctx)
	case c.refused != nil:
		cause = c.refused
	case c.unsent || c.sent == 0 && !isResponse(err):
		// The service that the credentials come from may have rejected them.
		if reason = ReasonOf(err); reason != ErrAuthFailure {
			reason, cause = ErrConfiguration, fmt.Errorf("%w: %w", ErrConfiguration, err)
		}
	case c.sent == 0: // a stub in the caller's APIOptions has responded
		c.batch.Attempts++
		return &failure{ReasonOf(err), err}
	}
	switch {
	case c.err != nil:
		return &failure{ReasonOf(c.err), fmt.Errorf("%w, after: %w", cause, c.err)}
	case reason == ErrNotAttempted:
		return notAttempted(cause)
	}
	return &failure{reason, cause}
}

// pacedRetryer is the caller's Retryer, with pacing and with retries of lost
// responses.
type pacedRetryer struct {
	aws.RetryerV2 // the methods below replace some of its own
	call          *call
}

// IsErrorRetryable reports whether an attempt that failed is to be retried.
func (r *pacedRetryer) IsErrorRetryable(err error) bool {
	r.call.retryable = !r.call.canceled && (isLost(err) || r.RetryerV2.IsErrorRetryable(err))
	return r.call.retryable
}

// GetAttemptToken waits until an attempt may be sent. Its error ends the loop.
func (r *pacedRetryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	c := r.call
	if err := c.acquire(ctx); err != nil {
		return nil, err
	}
	err := c.limiter.Wait(ctx)
	if c.limited = err != nil; err == nil {
		err = ctx.Err()
	}
	if c.refused = err; err != nil {
		return nil, err
	}
	release, err := r.RetryerV2.GetAttemptToken(ctx)
	c.refused, c.unsent = err, err == nil
	return release, err
}

// RetryDelay is called before the backoff, which holds no slot.
func (r *pacedRetryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	r.call.release()
	return r.RetryerV2.RetryDelay(attempt, err)
}

// acquire waits for a slot, unless the call has one.
func (c *call) acquire(ctx context.Context) error {
	if c.slots == nil || c.holding {
		return nil
	}
	select {
	case c.slots <- struct{}{}:
		c.holding = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *call) release() {
	if c.holding {
		<-c.slots
		c.holding = false
	}
}

func notAttempted(cause error) error {
	return &failure{ErrNotAttempted, fmt.Errorf("%w: %w", ErrNotAttempted, cause)}
}

// contextError returns the error of a context that has ended, with its cause.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ctx.Err() { //nolint:errorlint // the very error
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}

// lostResponseError is a response that could not be read. The SDK itself would
// not retry it; under a client token that is safe, and RetryableError tells the
// SDK's retryers so.
type lostResponseError struct{ err error }

func (e *lostResponseError) Error() string        { return "response lost: " + e.err.Error() }
func (e *lostResponseError) Unwrap() error        { return e.err }
func (e *lostResponseError) RetryableError() bool { return true } // Guarded by TestCreate_RetriesALostResponseUnderTheSameToken.

func isLost(err error) bool {
	var lost *lostResponseError
	return errors.As(err, &lost)
}

// isEmpty reports whether a response over HTTP has nothing of EC2 in it. The SDK
// takes that for a success.
func isEmpty(out *ec2.CreateFlowLogsOutput, metadata middleware.Metadata) bool {
	return out != nil && out.ClientToken == nil && out.FlowLogIds == nil && out.Unsuccessful == nil &&
		awsmiddleware.GetRawResponse(metadata) != nil
}

// isCutOff reports whether EC2 responded with success in a body that cannot be
// read to its end.
func isCutOff(err error) bool {
	var unread *smithy.DeserializationError
	var response interface{ HTTPStatusCode() int }
	return errors.As(err, &unread) && !(errors.As(err, &response) && response.HTTPStatusCode() >= 300)
}

// isResponse reports whether err is a response of EC2. A page of a proxy has no
// code that the SDK knows.
func isResponse(err error) bool {
	var response smithy.APIError
	return errors.As(err, &response) && response.ErrorCode() != "" && response.ErrorCode() != "UnknownError"
}

// requestID returns AWS's ID of a response, "" if there was none.
func requestID(metadata middleware.Metadata, err error) string {
	if id, ok := awsmiddleware.GetRequestIDMetadata(metadata); ok || err == nil {
		return id
	}
	var response interface{ ServiceRequestID() string }
	if errors.As(err, &response) {
		return response.ServiceRequestID()
	}
	return ""
}
