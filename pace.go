package flowlogs

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// pacedRetryer adds pacing and retries of lost responses to the caller's Retryer.
type pacedRetryer struct {
	aws.RetryerV2 // the methods below override three of its own
	call          *call
}

// IsErrorRetryable reports whether the SDK is to retry a failed attempt. It leaves to
// the job what that sends again for longer: everything in an outage, for the client's
// retry quota is that of the program's other calls too.
func (r *pacedRetryer) IsErrorRetryable(err error) bool {
	c := r.call
	misconfigured := !c.unsent && ReasonOf(err) == ErrConfiguration // the Retryer takes it for a broken connection
	c.retryable = !c.canceled && !misconfigured && (isLost(err) || r.RetryerV2.IsErrorRetryable(err))
	if c.resent || c.resendable && c.invoker.learning != nil && c.invoker.learning.suspectsOutage() {
		return false
	}
	return c.retryable
}

// GetAttemptToken waits until an attempt may be sent: for a slot, for the Limiter and
// for the Retryer. Its error ends the retry loop.
func (r *pacedRetryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	c := r.call
	c.unsent = false
	if c.blocked = c.wait(ctx); c.blocked != nil {
		return nil, c.blocked
	}
	release, err := r.RetryerV2.GetAttemptToken(ctx)
	if err != nil && ctx.Err() != nil {
		err = contextError(ctx)
	}
	c.blocked, c.unsent = err, err == nil
	return release, err
}

// wait waits for a slot and for the Limiter.
func (c *call) wait(ctx context.Context) error {
	if c.slot.acquire(c.running.Done()) {
		start := time.Now()
		var err error
		if c.invoker.learning != nil {
			err = c.invoker.learning.wait(ctx, c.giveUp)
		} else {
			err = c.invoker.limiter.Wait(ctx)
		}
		c.held += time.Since(start)
		if errors.Is(err, errOutage) || errors.As(err, new(*heldBackError)) {
			return err
		}
		if c.limited = err != nil && ctx.Err() == nil; c.limited {
			return err
		}
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	return context.Cause(c.running)
}

// RetryDelay releases the slot, since no call holds one during its backoff.
func (r *pacedRetryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	r.call.slot.release()
	return r.RetryerV2.RetryDelay(attempt, err)
}
