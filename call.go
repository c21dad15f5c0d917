package flowlogs

import (
	"cmp"
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
	settings  settings
	api       API
	client    *ec2.Client // the API, if it is exactly an *ec2.Client: only that is known to pass functions on to its retry loop. Else nil
	override  aws.Retryer // Options.Retryer
	optFns    []func(*ec2.Options)
	limiter   Limiter
	observer  Observer      // the limiter; nil: it does not observe
	onAttempt func(Attempt) // Options.OnAttempt
	learning  *limiter      // the limiter; nil: it is not one of NewLimiter
}

// newInvoker resolves the options for calls with optFns.
func newInvoker(api API, o *Options, own *limiters, optFns ...func(*ec2.Options)) invoker {
	optFns = slices.Concat(o.ClientOptions, optFns)
	v := invoker{settings: settingsOf(api, o, optFns), api: api, override: o.Retryer, optFns: optFns, limiter: o.Limiter, onAttempt: o.OnAttempt}
	v.client, _ = api.(*ec2.Client)
	if v.limiter == nil {
		v.limiter = own.of(v.settings.region)
	}
	v.observer, _ = v.limiter.(Observer)
	v.learning, _ = v.limiter.(*limiter)
	return v
}

// call is one call of CreateFlowLogs: the attempts of one retry loop, all with
// the same bytes. It belongs to the goroutine that invokes it, and to the job once
// invoke has returned.
type call struct {
	invoker  *invoker
	template *ec2.CreateFlowLogsInput // without IDs and token
	batch    *Batch
	slot     *slot
	running  context.Context //nolint:containedctx // the end of the job

	giveUp     time.Time // when a call that the Limiter holds back is not sent any more; zero: never
	resendable bool      // the job sends it again if it fails for a transient reason
	resent     bool      // it is sent again: the SDK has retried it before

	out       *ec2.CreateFlowLogsOutput
	err       error         // of the last attempt that was sent, a *failure; nil: it succeeded, or none was sent
	blocked   error         // of the Limiter or the Retryer, which prevented the next attempt
	held      time.Duration // by the Limiter, in all
	limited   bool          // blocked is the Limiter's error
	unsent    bool          // the last attempt started, but failed before it was sent: no credentials or endpoint
	mark      mark          // for an API that uses the SDK
	canceled  bool          // the context ended while the last attempt was in flight
	retryable bool          // whether the Retryer retries err
	uncertain bool          // some attempt failed without a definite response, and may have been applied
	sent      int           // attempts sent
	throttled int           // attempts throttled
}

// invoke makes the call and records its result in the batch. The error of an
// earlier call of the batch stays part of the new one if this call sends nothing.
func (c *call) invoke(ctx context.Context) {
	c.err, c.batch.Err = c.batch.Err, nil
	var err error
	if c.invoker.client != nil {
		c.out, err = c.invokeClient(ctx)
	} else {
		c.out, err = c.invokeAPI(ctx)
	}
	if err != nil {
		c.out = nil // it may be half filled
		c.batch.Err = c.explain(ctx, err)
		return
	}
	c.batch.Attempts = max(c.batch.Attempts, 1) // 0: a stub in the caller's APIOptions responded
	c.batch.record(c.out)
}

// input returns a new input, which shares no memory with the template and the
// batch: an API that modifies its input does not affect the next attempt.
//
// Guarded by TestCreate_IsUnmovedByAnAPIThatChangesItsInput.
func (c *call) input() *ec2.CreateFlowLogsInput {
	in := *c.template
	in.ResourceIds, in.ClientToken = c.batch.ResourceIDs, &c.batch.ClientToken
	return copyInput(&in)
}

// attempted records the result of an attempt that was sent, and returns the error
// for the retry loop to classify.
func (c *call) attempted(ctx context.Context, sent time.Time, out *ec2.CreateFlowLogsOutput, metadata middleware.Metadata, err error) error {
	c.sent++
	c.batch.Attempts++
	c.canceled, c.unsent = false, false
	id := requestID(metadata, err)
	c.batch.RequestID = cmp.Or(id, c.batch.RequestID)
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
	if c.invoker.observer != nil || c.invoker.onAttempt != nil {
		c.tell(Attempt{
			Sent: sent, Duration: time.Since(sent), Err: err, Reason: reason, Canceled: c.canceled,
			Region: c.invoker.settings.region, ClientToken: c.batch.ClientToken, RequestID: id, Resources: len(c.batch.ResourceIDs),
		})
	}
	return err
}

func (c *call) tell(a Attempt) {
	if c.invoker.observer != nil {
		c.invoker.observer.Observe(a)
	}
	if c.invoker.onAttempt != nil {
		c.invoker.onAttempt(a)
	}
}

// explain adds to the error of the retry loop what the loop does not say: whether
// anything was sent, and the error of the last attempt.
func (c *call) explain(ctx context.Context, err error) error {
	if c.err != nil && errors.Is(err, c.err) {
		return err
	}
	reason, cause := ErrNotAttempted, err
	switch {
	case c.sent > 0 && c.err == nil: // EC2 accepted the call, and then a middleware of the caller failed
		return &failure{ErrNoResponse, fmt.Errorf("%w: %w", ErrNoResponse, err)}
	case ctx.Err() != nil && c.blocked == nil:
		cause = contextError(ctx)
	case c.blocked != nil:
		cause = c.blocked
	case c.unsent || c.sent == 0 && !isResponse(err):
		// AuthFailure: the source of the credentials, such as STS, rejected the request for them.
		if reason = ReasonOf(err); reason != ErrAuthFailure {
			reason, cause = ErrConfiguration, fmt.Errorf("%w: %w", ErrConfiguration, err)
		}
	case c.sent == 0: // a stub in the caller's APIOptions responded
		c.batch.Attempts++
		return &failure{ReasonOf(err), err}
	}
	switch {
	case c.err != nil && reason != ErrNotAttempted:
		return lastError(reason, cause, c.err)
	case c.err != nil:
		return lastError(ReasonOf(c.err), cause, c.err)
	case reason == ErrNotAttempted:
		return notAttempted(cause)
	}
	return &failure{reason, cause}
}
