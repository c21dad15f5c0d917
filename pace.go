package flowlogs

import (
	"context"
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
	c.retryable = !c.canceled && (isLost(err) || r.RetryerV2.IsErrorRetryable(err))
	if c.resent || c.resendable && c.learning != nil && c.learning.suspectsOutage() {
		return false
	}
	return c.retryable
}

// GetAttemptToken waits until an attempt may be sent: for a slot, for the Limiter and
// for the Retryer. Its error ends the retry loop.
func (r *pacedRetryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	c := r.call
	if err := c.acquire(ctx); err != nil {
		return nil, err
	}
	err := c.limiter.Wait(ctx)
	if c.limited = err != nil; err == nil {
		err = ctx.Err()
	}
	if c.blocked = err; err != nil {
		return nil, err
	}
	release, err := r.RetryerV2.GetAttemptToken(ctx)
	c.blocked, c.unsent = err, err == nil
	return release, err
}

// RetryDelay releases the slot, since no call holds one during its backoff.
func (r *pacedRetryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	r.call.release()
	return r.RetryerV2.RetryDelay(attempt, err)
}

// acquire waits for a slot, unless the call holds one.
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
