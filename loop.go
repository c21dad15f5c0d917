package flowlogs

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

// invokeClient makes the call with the retry loop in the client's own stack.
func (c *call) invokeClient(ctx context.Context) (*ec2.CreateFlowLogsOutput, error) {
	return c.invoker.client.CreateFlowLogs(ctx, c.input(), func(o *ec2.Options) {
		if c.invoker.override != nil {
			o.Retryer = c.invoker.override
		}
		applyAll(o, c.invoker.optFns)
		if o.Retryer == nil {
			o.Retryer = aws.NopRetryer{} // with nil, the SDK panics
		}
		o.Retryer = &pacedRetryer{retryerV2(o.Retryer), c}
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error { return insertSigned(stack, c) })
	})
}

func applyAll(o *ec2.Options, fns []func(*ec2.Options)) {
	for _, fn := range fns {
		fn(o)
	}
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

// invokeAPI drives the SDK's retry loop in front of the API.
func (c *call) invokeAPI(ctx context.Context) (*ec2.CreateFlowLogsOutput, error) {
	loop := retry.NewAttemptMiddleware(&pacedRetryer{c.invoker.settings.retryer, c}, func(any) any { return c.input() })
	loop.LogAttempts = c.invoker.settings.logger != nil
	loopCtx := ctx
	if c.invoker.settings.logger != nil {
		loopCtx = middleware.SetLogger(ctx, c.invoker.settings.logger)
		loopCtx = awsmiddleware.SetServiceID(loopCtx, ec2.ServiceID)
		loopCtx = awsmiddleware.SetOperationName(loopCtx, "CreateFlowLogs")
	}
	// The API sees the caller's context, for a mock that expects it.
	// And always one function, for a generated mock that expects each as an argument.
	options := func(o *ec2.Options) {
		applyAll(o, c.invoker.optFns)
		oneAttempt(o)
		c.mark.install(o)
	}
	attempt := middleware.FinalizeHandlerFunc(func(_ context.Context, in middleware.FinalizeInput) (
		result middleware.FinalizeOutput, metadata middleware.Metadata, err error,
	) {
		sent := time.Now()
		c.mark.clear()
		out, err := c.invoker.api.CreateFlowLogs(ctx, in.Request.(*ec2.CreateFlowLogsInput), options)
		if err != nil && c.mark.unsent() {
			return result, metadata, err
		}
		if out != nil {
			metadata = out.ResultMetadata
			if failed := (*CreateError)(nil); errors.As(err, &failed) {
				err = nil // a Client behind the API made it of this response
			}
		}
		result.Result = out
		return result, metadata, c.attempted(ctx, sent, out, metadata, err)
	})
	result, _, err := loop.HandleFinalize(loopCtx, middleware.FinalizeInput{}, attempt)
	out, _ := result.Result.(*ec2.CreateFlowLogsOutput)
	return out, err
}

// outerLoop is the Retryer of calls that this package retries in front of the
// API. It turns the API's own loop off. A Client behind the API, such as one that the
// API embeds, recognizes it and leaves everything to the Client in front.
type outerLoop struct{ aws.NopRetryer }

func oneAttempt(o *ec2.Options) {
	o.Retryer = outerLoop{} // Guarded by TestNew_OfATypeThatEmbedsAClientRetriesAndPacesOnce.
	o.RetryMaxAttempts = 0
	o.ClientLogMode &^= aws.LogRetries // the loop in front logs the retries
}

// mark records how far an attempt got in an API that uses the SDK. An API that does
// not never sets it. The fields are atomic because an API may make several
// concurrent calls of one.
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
