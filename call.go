package flowlogs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
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
		v.optFns = append(v.optFns, oneAttempt)
	}
	v.optFns = slices.Clip(v.optFns) // an API that appends must not write to those of another call
	if v.limiter == nil {
		v.limiter = own.of(v.region)
	}
	v.observer, _ = v.limiter.(Observer)
	return v
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

// invoke makes the call and records its result in the batch. The error of an
// earlier call of the batch is kept if this one learns nothing new.
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
// anything was sent, and the error of the last attempt.
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
