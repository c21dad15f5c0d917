package flowlogs

import (
	"context"
	"slices"
	"time"
)

const (
	// unluckyFailures is how often a batch fails by chance. If half of all calls
	// fail, one batch in 256 fails more often.
	unluckyFailures = 8

	firstDelay           = time.Second
	mostRetryDelay       = 30 * time.Second
	mostPropagationDelay = 10 * time.Second
)

// wait spaces out calls: a second at first, then twice as long each time, up to
// most, and the last time at the end of the timeout.
type wait struct {
	end   time.Time // zero: has not begun
	delay time.Duration
}

func (w *wait) next(timeout, most time.Duration) (due time.Time, ok bool) {
	if timeout <= 0 {
		return time.Time{}, false
	}
	now := time.Now()
	if w.end.IsZero() {
		w.end, w.delay = now.Add(timeout), firstDelay
	}
	due = now.Add(w.delay)
	if due.After(w.end) {
		due = w.end
	}
	w.delay = min(2*w.delay, most)
	return due, due.After(now)
}

// sleepUntil waits, and reports false if the context ends before.
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

// retry sends the same call again after a pause. If EC2 has responded to nothing
// at all until a batch is given up, and the next new one fails as well, the job
// ends: batches that never work, however many, cost only themselves. While EC2
// responds to others, a batch has been unlucky at first, and its pause stays short.
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
	t.due, ok = p.retry.next(j.retryTimeout, mostRetryDelay)
	j.outage = j.outage || !ok && time.Since(j.responded) >= j.retryTimeout
	return ok
}

// awaitPropagation sends the same call again when a new role, policy or resource
// may have been seen.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
func (j *job) awaitPropagation(t *task) (ok bool) {
	t.due, ok = t.propagation.next(j.options.PropagationTimeout, mostPropagationDelay)
	return ok
}

// accept takes a response. Resources whose destination denies access, as it does
// until a new bucket policy is seen, are sent again under another token: under the
// same one, EC2 would repeat its response.
func (j *job) accept(t *task) {
	p := t.next()
	whole := &p.Batch
	if p.of != nil {
		whole = p.of // Guarded by TestCreate_SendsDeniedResourcesAgainUnderAnotherTokenEachTime, like the token below.
		whole.FlowLogIDs = append(slices.Clip(whole.FlowLogIDs), p.FlowLogIDs...)
		whole.Unsuccessful = append(slices.Clip(whole.Unsuccessful), p.Unsuccessful...)
		whole.Attempts += p.Attempts
		whole.RequestID = p.RequestID
	}
	denied, item := whole.denied()
	if len(denied) == 0 || j.asIs || !j.awaitPropagation(t) {
		p.Batch, p.of = *whole, nil
		j.give(t)
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
		of:        &of,
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
