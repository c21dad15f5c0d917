package flowlogs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"

	"github.com/go-flowlogs/flowlogs/internal/call"
	"github.com/go-flowlogs/flowlogs/internal/pace"
)

// invoker makes calls with the settings of a Client.
type invoker struct {
	settings  call.Settings
	operation call.Operation[ec2.CreateFlowLogsInput, ec2.CreateFlowLogsOutput]
	limiter   Limiter
	learning  *pace.Limiter   // of the limiter; nil: it is not one of NewLimiter
	observers []func(Attempt) // of the limiter and Options.OnAttempt
}

// newInvoker resolves the options for calls with optFns.
func newInvoker(api API, o *Options, own *limiters, optFns ...func(*ec2.Options)) invoker {
	v := invoker{
		settings: call.SettingsOf(api, o.Retryer, slices.Concat(o.ClientOptions, optFns)...),
		limiter:  o.Limiter,
	}
	v.operation.Name = "CreateFlowLogs"
	v.operation.Inspect = inspect
	v.operation.Send = func(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
		out, err := api.CreateFlowLogs(ctx, in, optFns...)
		if err != nil && out != nil && errors.As(err, new(*CreateError)) {
			err = nil // a Client behind the API made it from this output
		}
		return out, err
	}
	if v.limiter == nil {
		v.limiter = own.of(v.settings.Region)
	}
	if l, ok := v.limiter.(*limiter); ok {
		v.learning = l.pace
	}
	if observer, ok := v.limiter.(Observer); ok {
		v.observers = append(v.observers, observer.Observe)
	}
	if o.OnAttempt != nil {
		v.observers = append(v.observers, o.OnAttempt)
	}
	return v
}

func inspect(out *ec2.CreateFlowLogsOutput) (metadata middleware.Metadata, empty bool) {
	return out.ResultMetadata, out.ClientToken == nil && out.FlowLogIds == nil && out.Unsuccessful == nil
}

// invocation is one call of CreateFlowLogs: the attempts of one retry loop, all with
// the same bytes under one token, so that EC2 creates nothing twice. It belongs to the goroutine that invokes it, and to the job once
// invoke has returned.
type invocation struct {
	invoker  *invoker
	template *ec2.CreateFlowLogsInput // the batch replaces its IDs and token
	batch    *Batch
	slot     *slot
	running  context.Context //nolint:containedctx // the end of the job

	giveUp     time.Time // when a call that the Limiter holds back is not sent any more; zero: never
	resendable bool      // the job sends it again if it fails for a transient reason
	resent     bool      // it is sent again: the SDK has retried it before

	call          call.Call[ec2.CreateFlowLogsInput, ec2.CreateFlowLogsOutput]
	out           *ec2.CreateFlowLogsOutput
	err           error         // of the last attempt that was sent, a *failure; nil: it succeeded, or none was sent
	delayed       time.Duration // by the Limiter, in all
	limiterFailed bool          // its error ended the call
	retryable     bool          // whether the Retryer retries err
	uncertain     bool          // some attempt failed without a definite response, and may have been applied
	throttled     int           // attempts throttled
}

// invoke makes the call and records its result in the batch. The error of an
// earlier call of the batch stays part of the new one if this call sends nothing.
func (c *invocation) invoke(ctx context.Context) {
	c.err, c.batch.Err = c.batch.Err, nil
	c.call.Settings, c.call.Operation, c.call.Owner = &c.invoker.settings, &c.invoker.operation, c
	out, err := c.call.Do(ctx)
	if err != nil { // out may be half filled
		c.batch.Err = c.explain(ctx, err)
		return
	}
	c.out = out
	c.batch.Attempts = max(c.batch.Attempts, 1) // 0: a stub in the caller's APIOptions responded
	c.batch.setResponse(out)
}

// Input returns a new input, which shares no memory with the template and the
// batch: an API that modifies its input does not affect the next attempt.
func (c *invocation) Input() *ec2.CreateFlowLogsInput {
	in := *c.template
	in.ResourceIds, in.ClientToken = c.batch.ResourceIDs, &c.batch.ClientToken
	return copyInput(&in)
}

// Wait waits for a slot and for the Limiter.
func (c *invocation) Wait(ctx context.Context) error {
	if c.slot.acquire(c.running.Done()) {
		start := time.Now()
		var err error
		if c.invoker.learning != nil {
			err = c.invoker.learning.WaitUntil(ctx, c.giveUp)
		} else {
			err = c.invoker.limiter.Wait(ctx)
		}
		c.delayed += time.Since(start)
		c.limiterFailed = err != nil && ctx.Err() == nil && !errors.Is(err, pace.ErrOutage)
		if err != nil && (ctx.Err() == nil || isHeldBack(err)) {
			return err
		}
	}
	if ctx.Err() != nil {
		return call.ContextError(ctx)
	}
	return context.Cause(c.running)
}

// Pause releases the slot, since no call holds one between two attempts.
func (c *invocation) Pause() { c.slot.release() }

// Retry leaves retries to the job once that sends the part again, and in an outage from
// the start. The job pauses for longer, and does not use up the client's retry quota, which
// the program's other calls share.
func (c *invocation) Retry(err error, retryable bool) bool {
	misconfigured := !c.call.Unsent && ReasonOf(err) == ErrConfiguration // the Retryer takes it for a broken connection
	c.retryable = retryable && !misconfigured
	if c.resent || c.resendable && c.invoker.learning != nil && c.invoker.learning.SuspectsOutage() {
		return false
	}
	return c.retryable
}

// Attempted records the result of an attempt that was sent.
func (c *invocation) Attempted(a call.Attempt) error {
	c.batch.Attempts++
	c.batch.RequestID = cmp.Or(a.RequestID, c.batch.RequestID)
	err := a.Err
	if a.Canceled {
		err = fmt.Errorf("%w: %w", ErrNoResponse, err)
	}
	reason := ReasonOf(err)
	if err != nil {
		switch {
		case reason.is(transient):
		case call.IsServerFault(err):
			reason = ErrUnavailable
		case reason == "" && !call.IsResponse(err):
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
	attempt := Attempt{
		Sent: a.Sent, Duration: time.Since(a.Sent), Err: err, Reason: reason, Canceled: a.Canceled,
		Region: c.invoker.settings.Region, ClientToken: c.batch.ClientToken, RequestID: a.RequestID, Resources: len(c.batch.ResourceIDs),
	}
	for _, observe := range c.invoker.observers {
		observe(attempt)
	}
	return err
}

// explain adds to the retry loop's error whether anything was sent, and the last
// attempt's error.
func (c *invocation) explain(ctx context.Context, err error) error {
	if c.err != nil && errors.Is(err, c.err) {
		return err
	}
	reason, cause := ErrNotAttempted, err
	switch sent, blocked := c.call.Sent, c.call.Blocked; {
	case sent > 0 && c.err == nil: // EC2 accepted the call, and then a middleware of the caller failed
		return &failure{ErrNoResponse, fmt.Errorf("%w: %w", ErrNoResponse, err)}
	case ctx.Err() != nil && blocked == nil:
		cause = call.ContextError(ctx)
	case blocked != nil:
		cause = blocked
	case c.call.Unsent || sent == 0 && !call.IsResponse(err):
		// AuthFailure: the source of the credentials, such as STS, rejected them.
		if reason = ReasonOf(err); reason != ErrAuthFailure {
			reason, cause = ErrConfiguration, fmt.Errorf("%w: %w", ErrConfiguration, err)
		}
	case sent == 0: // a stub in the caller's APIOptions responded
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

// slot is one of the calls that a job may have on the wire.
type slot struct {
	all   chan struct{} // holds a value for each call on the wire; nil: there is no limit
	taken bool
}

// acquire waits for a slot, first come, first served. It returns false if done is
// closed first.
func (s *slot) acquire(done <-chan struct{}) bool {
	if s.all == nil || s.taken {
		return true
	}
	select {
	case s.all <- struct{}{}:
		s.taken = true
	case <-done:
	}
	return s.taken
}

func (s *slot) release() {
	if s.taken {
		<-s.all
		s.taken = false
	}
}
