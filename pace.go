package flowlogs

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

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
