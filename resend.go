package flowlogs

import (
	"context"
	"slices"
	"time"
)

const (
	// unluckyFailures is how often in a row a batch may fail by chance. If half of all
	// calls fail, one batch in 256 fails that often.
	unluckyFailures = 8

	firstDelay          = time.Second
	maxRetryDelay       = 30 * time.Second
	maxPropagationDelay = 10 * time.Second
)

// backoff spaces out calls: a second at first, then twice as long each time, up to a
// maximum. The last call is at the end of the timeout.
type backoff struct {
	end   time.Time // zero: it has not started
	delay time.Duration
}

// next returns when the next call is due, and false if the timeout is over.
func (b *backoff) next(timeout, maxDelay time.Duration) (due time.Time, ok bool) {
	now := time.Now()
	if timeout <= 0 || !b.end.IsZero() && !now.Before(b.end) {
		return time.Time{}, false
	}
	if b.end.IsZero() {
		b.end, b.delay = now.Add(timeout), firstDelay
	}
	due = now.Add(b.delay)
	if due.After(b.end) {
		due = b.end
	}
	b.delay = min(2*b.delay, maxDelay)
	return due, true
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// sleepUntil waits until due. It returns false if ctx ends first.
func sleepUntil(ctx context.Context, due time.Time) bool {
	if due.IsZero() {
		return true
	}
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// retry schedules the same call again, and returns false when the timeout is over.
//
// A job of many batches must not spend the timeout on each of them in an outage: if
// EC2 has responded to nothing for as long as the timeout, and then a batch fails
// that has not been retried yet, the job stops. While EC2 responds to other calls,
// the first failures of a batch count as chance, and its delay stays short.
func (j *job) retry(t *task) (ok bool) {
	if j.retryTimeout == 0 {
		return false
	}
	p := t.next()
	if j.outage && p.retry.end.IsZero() {
		j.stop(p.Err)
	}
	if p.failures++; p.failures <= unluckyFailures && j.responded.After(p.failed) {
		p.retry.delay = firstDelay
	}
	p.failed = time.Now()
	wait := retryAfter(p.Err, p.retry.delay)
	if t.due, ok = p.retry.next(j.retryTimeout, maxRetryDelay); ok {
		t.due = latest(t.due, p.failed.Add(wait))
	}
	j.outage = j.outage || !ok && time.Since(j.responded) >= j.retryTimeout
	return ok
}

// awaitPropagation schedules the call again for when EC2 may see the new role, policy
// or resource, and returns false when the timeout is over.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
func (j *job) awaitPropagation(t *task) (ok bool) {
	t.due, ok = t.propagation.next(j.options.PropagationTimeout, maxPropagationDelay)
	return ok
}

// accept handles a response. It resends the resources whose destination denies access,
// as it does until EC2 sees a new bucket policy, under another token: to the same one,
// EC2 would repeat its response.
func (j *job) accept(t *task) {
	p := t.next()
	whole := &p.Batch
	if p.origin != nil {
		whole = p.origin // Guarded by TestCreate_SendsDeniedResourcesAgainUnderAnotherTokenEachTime, like the token below.
		// Clipped: other copies of the batch share these arrays.
		whole.FlowLogIDs = append(slices.Clip(whole.FlowLogIDs), p.FlowLogIDs...)
		whole.Unsuccessful = append(slices.Clip(whole.Unsuccessful), p.Unsuccessful...)
		whole.Attempts += p.Attempts
		whole.RequestID = p.RequestID
	}
	denied, item := whole.denied()
	if len(denied) == 0 || j.asIs || !j.awaitPropagation(t) {
		p.Batch, p.origin = *whole, nil
		j.yieldPart(t)
		return
	}
	of := *whole
	of.Unsuccessful = slices.DeleteFunc(slices.Clone(of.Unsuccessful), func(item UnsuccessfulItem) bool {
		return slices.Contains(denied, item.ResourceID)
	})
	resends := p.resends + 1
	t.pop()
	t.parts = append(t.parts, part{
		Batch:     Batch{Index: of.Index, ClientToken: resendToken(of.ClientToken, resends, denied), ResourceIDs: denied},
		rejection: item,
		origin:    &of,
		resends:   resends,
	})
}

// denied returns the resources whose destination denies access, and the item of
// one of them.
func (b *Batch) denied() (ids []string, item error) {
	items := b.rejected()
	for _, id := range b.ResourceIDs {
		if i := items[id]; i != nil && i.Reason() == ErrDestinationAccessDenied {
			ids, item = append(ids, id), i
		}
	}
	return ids, item
}
