package call

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"
)

// Operation is an operation of an API.
type Operation[In, Out any] struct {
	Name string // "CreateFlowLogs"
	Send func(context.Context, *In, ...func(*ec2.Options)) (*Out, error)

	// Inspect returns the metadata of an output, and whether it has none of the members
	// that EC2 sends.
	Inspect func(*Out) (metadata middleware.Metadata, empty bool)
}

// Owner is whoever makes a call, and is asked about each attempt. It is an interface and
// not four functions, because these would be four allocations.
type Owner[In any] interface {
	// Input returns a new input, which shares no memory with that of another attempt.
	Input() *In

	// Wait waits until the next attempt may be sent. Its error ends the call.
	Wait(context.Context) error

	// Attempted is told of each attempt that was sent. It returns the error for the
	// Retryer to classify.
	Attempted(Attempt) error

	// Retry reports whether the attempt that failed with err is to be retried. The SDK
	// would do so if retryable is set.
	Retry(err error, retryable bool) bool

	// Pause is called before the pause between two attempts.
	Pause()
}

// Attempt is an attempt that was sent.
type Attempt struct {
	Sent      time.Time
	Err       error
	Canceled  bool   // the context ended while the attempt was in flight
	RequestID string // AWS's; "": there was no response
}

// Call is one call of an operation: the attempts of one retry loop, all with the same
// bytes. It belongs to the goroutine that makes it.
type Call[In, Out any] struct {
	Settings  *Settings
	Operation *Operation[In, Out]
	Owner     Owner[In]

	// These are the result, beside that of Do.
	Sent    int   // attempts
	Blocked error // of Wait or the Retryer, which prevented the next attempt; nil: nothing did
	Unsent  bool  // the last attempt started, but failed before it was sent: no credentials or endpoint

	canceled bool // the context ended while the last attempt was in flight
	mark     mark // for an API that uses the SDK
}

// Do makes the call.
func (c *Call[In, Out]) Do(ctx context.Context) (*Out, error) {
	if c.Settings.inClient {
		return c.doInClient(ctx)
	}
	return c.doInFront(ctx)
}

// doInClient makes the call with the retry loop in the client's own stack.
func (c *Call[In, Out]) doInClient(ctx context.Context) (*Out, error) {
	return c.Operation.Send(ctx, c.Owner.Input(), func(o *ec2.Options) {
		if c.Settings.override != nil {
			o.Retryer = c.Settings.override
		}
		c.Settings.Apply(o)
		o.Retryer = &pacedRetryer[In, Out]{retryerV2(o.Retryer), c}
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error { return insertSigned(stack, c) })
	})
}

// ID identifies the call in the SDK's stack.
func (c *Call[In, Out]) ID() string { return "flowlogs" }

// HandleFinalize makes one attempt in the SDK's stack.
func (c *Call[In, Out]) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	sent := time.Now()
	out, metadata, err := next.HandleFinalize(ctx, in)
	result, _ := out.Result.(*Out)
	return out, metadata, c.attempted(ctx, sent, result, metadata, err)
}

// insertSigned inserts m after the signing, where nothing but the network can fail.
// If the caller has removed the signing, it inserts m after the retries, and without
// those at the start of the step.
func insertSigned(stack *middleware.Stack, m middleware.FinalizeMiddleware) error {
	for _, id := range []string{"Signing", "Retry"} {
		if _, ok := stack.Finalize.Get(id); ok {
			return stack.Finalize.Insert(m, id, middleware.After)
		}
	}
	return stack.Finalize.Add(m, middleware.Before)
}

// doInFront drives the SDK's retry loop in front of the API.
func (c *Call[In, Out]) doInFront(ctx context.Context) (*Out, error) {
	loop := retry.NewAttemptMiddleware(&pacedRetryer[In, Out]{c.Settings.retryer, c}, func(any) any { return c.Owner.Input() })
	loopCtx := ctx
	if logger := c.Settings.logger; logger != nil {
		loop.LogAttempts = true
		loopCtx = middleware.SetLogger(ctx, logger)
		loopCtx = awsmiddleware.SetServiceID(loopCtx, ec2.ServiceID)
		loopCtx = awsmiddleware.SetOperationName(loopCtx, c.Operation.Name)
	}
	// The API sees the caller's context, for a mock that expects it.
	// And always one function, for a generated mock that expects each as an argument.
	options := func(o *ec2.Options) {
		c.Settings.Apply(o)
		o.Retryer = outerLoop{} // or a type that embeds a Client retries and paces twice
		o.RetryMaxAttempts = 0
		o.ClientLogMode &^= aws.LogRetries // the loop in front logs the retries
		c.mark.install(o)
	}
	attempt := middleware.FinalizeHandlerFunc(func(_ context.Context, in middleware.FinalizeInput) (
		result middleware.FinalizeOutput, metadata middleware.Metadata, err error,
	) {
		sent := time.Now()
		c.mark.clear()
		out, err := c.Operation.Send(ctx, in.Request.(*In), options)
		if err != nil && c.mark.unsent() {
			return result, metadata, err
		}
		if out != nil {
			metadata, _ = c.Operation.Inspect(out)
		}
		result.Result = out
		return result, metadata, c.attempted(ctx, sent, out, metadata, err)
	})
	result, _, err := loop.HandleFinalize(loopCtx, middleware.FinalizeInput{}, attempt)
	out, _ := result.Result.(*Out)
	return out, err
}

// attempted tells the owner of an attempt that was sent.
func (c *Call[In, Out]) attempted(ctx context.Context, sent time.Time, out *Out, metadata middleware.Metadata, err error) error {
	c.Sent++
	c.canceled, c.Unsent = false, false
	id := requestID(metadata, err)
	switch {
	case err == nil && c.isEmpty(out, metadata):
		err = &lostResponseError{errors.New("empty response")}
	case err != nil && ctx.Err() != nil && (!IsResponse(err) || errors.Is(err, context.Cause(ctx))):
		// net/http returns the cause from a body that is being read. It may be the response
		// to another call, as in an errgroup.
		c.canceled = true
		err = ContextError(ctx)
	case err != nil && isCutOff(err):
		err = &lostResponseError{err}
	}
	return c.Owner.Attempted(Attempt{Sent: sent, Err: err, Canceled: c.canceled, RequestID: id})
}

// isEmpty reports whether an HTTP response has none of the members that EC2 sends. The
// SDK treats it as a success.
func (c *Call[In, Out]) isEmpty(out *Out, metadata middleware.Metadata) bool {
	if out == nil || awsmiddleware.GetRawResponse(metadata) == nil {
		return false
	}
	_, empty := c.Operation.Inspect(out)
	return empty
}

// pacedRetryer adds pacing and retries of lost responses to the caller's Retryer.
type pacedRetryer[In, Out any] struct {
	aws.RetryerV2 // the methods below override three of its own
	call          *Call[In, Out]
}

func (r *pacedRetryer[In, Out]) IsErrorRetryable(err error) bool {
	c := r.call
	return c.Owner.Retry(err, !c.canceled && (IsLost(err) || r.RetryerV2.IsErrorRetryable(err)))
}

// GetAttemptToken waits until an attempt may be sent: for the owner and for the Retryer.
// Its error ends the retry loop.
func (r *pacedRetryer[In, Out]) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	c := r.call
	c.Unsent = false
	if c.Blocked = c.Owner.Wait(ctx); c.Blocked != nil {
		return nil, c.Blocked
	}
	release, err := r.RetryerV2.GetAttemptToken(ctx)
	if err != nil && ctx.Err() != nil {
		err = ContextError(ctx)
	}
	c.Blocked, c.Unsent = err, err == nil
	return release, err
}

func (r *pacedRetryer[In, Out]) RetryDelay(attempt int, err error) (time.Duration, error) {
	r.call.Owner.Pause()
	return r.RetryerV2.RetryDelay(attempt, err)
}

// outerLoop is the Retryer of calls that this package retries in front of the API. It
// turns the API's own loop off. A Client behind the API, such as one that the API embeds,
// recognizes it and leaves everything to the Client in front.
type outerLoop struct{ aws.NopRetryer }

// mark records how far an attempt got in an API that uses the SDK. An API that does
// not never sets it. The fields are atomic because an API may make several
// concurrent calls of one.
type mark struct{ started, signed atomic.Bool }

func (m *mark) clear() {
	m.started.Store(false)
	m.signed.Store(false)
}

// unsent reports whether an attempt that failed was never sent: its credentials,
// Region or endpoint are missing.
func (m *mark) unsent() bool { return m.started.Load() && !m.signed.Load() }

func (m *mark) install(o *ec2.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		if _, ok := stack.Finalize.Get("Retry"); ok {
			if err := stack.Finalize.Insert(flagger(&m.started, "flowlogs started"), "Retry", middleware.After); err != nil {
				return err
			}
		}
		return insertSigned(stack, flagger(&m.signed, "flowlogs signed"))
	})
}

func flagger(flag *atomic.Bool, id string) middleware.FinalizeMiddleware {
	return middleware.FinalizeMiddlewareFunc(id, func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
		middleware.FinalizeOutput, middleware.Metadata, error,
	) {
		flag.Store(true)
		return next.HandleFinalize(ctx, in)
	})
}
