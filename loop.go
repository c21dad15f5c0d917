package flowlogs

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"
)

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

// outerLoop is the Retryer of calls that this package retries in front of the
// API. It switches the API's own loop off, and tells a Client behind the API, such
// as one that is embedded in it, that another Client makes the call.
type outerLoop struct{ aws.NopRetryer }

func oneAttempt(o *ec2.Options) {
	o.Retryer = outerLoop{} // Guarded by TestNew_OfATypeThatEmbedsAClientRetriesAndPacesOnce.
	o.RetryMaxAttempts = 0
	o.ClientLogMode &^= aws.LogRetries // retries are logged by the loop in front
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
