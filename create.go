package flowlogs

import (
	"context"
	"math/bits"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs/internal/call"
)

// part is resources that are sent under one client token: those of a batch, of a half of
// one that EC2 rejected, or those of a batch that are resent.
type part struct {
	batch     Batch
	rejection error   // of the call that it was a part of; nil: it is a whole batch
	beside    bool    // tried after another resource of its batch was isolated
	uncertain bool    // an earlier call may have been applied
	waited    bool    // for propagation
	retries   retries // of transient failures
}

// worker creates the flow logs of one batch. It runs in a goroutine of its own, or,
// if the job has no other batch, in that of the caller.
type worker struct {
	job     *job
	results chan<- result // nil: the worker runs in the goroutine of the caller
	pending result        // has not been handed over
	slot    slot
	place   slot // among the batches that the job holds

	isolating bool    // some part has been, or is to be, halved
	untried   []*part // a stack: the smallest is on top
	rejected  []*part // to be halved
	culprits  int     // resources that EC2 rejected in a call of their own
	paid      int     // calls for halves that are paid for and have not been made
}

// result is what a worker has learned since it last handed something over.
type result struct {
	calls, attempts, throttled int
	batches                    []Batch
	done                       bool // the worker has no more
}

// create creates the flow logs of a batch. If EC2 rejects it because of single
// resources, create sends its halves, and theirs, until each culprit stands alone. A
// resumed request does the same, so its calls carry the same tokens.
func (w *worker) create(ctx context.Context, b Batch) {
	for p := (&part{batch: b}); p != nil; p = w.next() {
		_, verdict := w.send(ctx, p, pause{})
		if verdict == divide {
			w.rejected = append(w.rejected, p)
			continue
		}
		w.resend(ctx, p)
	}
	if w.isolating {
		w.job.credit.end(w.paid)
	}
	w.pending.done = true
	w.flush()
}

// next returns the next part to try, nil if there is none. It halves what EC2 rejected
// until a culprit stands alone. Then it tries all other parts, smallest first, before it
// halves any more: that takes the fewest calls to learn whether EC2 accepts anything.
func (w *worker) next() *part {
	for len(w.rejected) > 0 && (w.culprits == 0 || len(w.untried) == 0) {
		p := w.rejected[0]
		w.rejected = w.rejected[1:]
		if !w.pay(p) {
			w.keep(p.batch)
			continue
		}
		first, second := p.batch.halve()
		w.untried = append(w.untried, &part{batch: second, rejection: p.batch.Err}, &part{batch: first, rejection: p.batch.Err})
	}
	if len(w.untried) == 0 {
		return nil
	}
	p := w.untried[len(w.untried)-1]
	w.untried = w.untried[:len(w.untried)-1]
	p.beside = w.culprits > 0
	w.paid--
	return p
}

// pay pays for the calls that isolate one culprit of a part, and reports whether the part
// may be halved. It may after an interruption: nothing is sent then, and the error of the
// halves is the interruption, not the culprit's rejection.
func (w *worker) pay(p *part) bool {
	w.flush()
	calls := max(2*bits.Len(uint(len(p.batch.ResourceIDs)-1))+len(w.untried)-w.paid, 0)
	if w.job.running.Err() == nil && w.job.credit.pay(w.job.running.Done(), calls) {
		w.paid += calls
		return true
	}
	interruption, _ := w.job.cause()
	return interruption != nil
}

// send sends a part, and sends it again while that may help: the SDK retries within a
// call, and send makes further calls until Options.RetryTimeout is over. It returns the response,
// nil if there was none. When it returns, the part has its result, or the error of the
// job that has stopped.
func (w *worker) send(ctx context.Context, p *part, wait pause) (*ec2.CreateFlowLogsOutput, verdict) {
	j := w.job
	var heldBack error // the Limiter's, if it delayed the last call until ctx ended
	for w.enter(ctx, wait) {
		earlier := p.batch.Err
		c := invocation{
			invoker: j.invoker, template: j.template, batch: &p.batch, slot: &w.slot, running: j.running,
			resendable: j.retryTimeout > 0, resent: p.retries.failures > 0,
		}
		if w.alone() && j.retryTimeout > 0 {
			c.giveUp = p.retries.sendBy(j.retryTimeout)
		}
		c.invoke(ctx)
		w.pending.calls++
		w.pending.attempts += c.call.Sent
		w.pending.throttled += c.throttled
		next, verdict := w.judge(ctx, p, &c)
		w.slot.release()
		if verdict != sendAgain {
			if err := p.batch.Err; c.call.Sent == 0 && err != nil && p.rejection != nil {
				p.batch.Err = lastError(ReasonOf(err), err, p.rejection)
			}
			return c.out, verdict
		}
		wait = next
		if c.call.Sent == 0 && c.call.Blocked != nil { // nothing came of it
			p.batch.Err, heldBack = earlier, c.call.Blocked
		}
	}
	p.batch.Err = j.unsent(p, heldBack)
	return nil, settle
}

// verdict is what a job does next with a part whose call has ended.
type verdict int

const (
	settle    verdict = iota // nothing: the part has its result
	divide                   // send its halves
	sendAgain                // after a pause
)

// judge decides what the result of a call means for its part and for the job. The call
// still holds its slot, so that no other starts before a result that stops the job is
// known.
func (w *worker) judge(ctx context.Context, p *part, c *invocation) (pause, verdict) {
	j := w.job
	err := p.batch.Err
	reason := ReasonOf(err)
	p.uncertain = p.uncertain || c.uncertain
	switch {
	case c.limiterFailed && ctx.Err() == nil:
		j.stop(c.call.Blocked, c.call.Blocked)
		return pause{}, sendAgain
	case !j.runs(ctx) && c.call.Sent == 0:
		return pause{}, sendAgain
	case j.isTransient(err, reason, c):
		if w.alone() && reason == ErrThrottled && c.call.Sent > 0 {
			p.retries.extend(c.delayed)
		}
		return j.retry(p, w.alone())
	}
	j.noteResponse(c)
	if err == nil || reason == ErrDryRun {
		j.noteSuccess(p)
		return pause{}, settle
	}
	if reason.is(propagating) {
		if wait, ok := j.propagation.next(); ok {
			p.waited = true
			return wait, sendAgain
		}
	}
	if !call.IsResponse(err) {
		if reason.is(immediate) {
			j.stop(err)
		}
		return pause{}, settle
	}
	divisible := j.divisible(p, reason)
	if reason.is(fatal) {
		conclusive := j.proof.count(reason, p, divisible)
		if reason.is(immediate) || conclusive && !j.credit.hasAccepted() {
			j.stop(err)
		}
	}
	if !divisible {
		if len(p.batch.ResourceIDs) == 1 {
			w.culprits++
		}
		return pause{}, settle
	}
	if !w.isolating {
		w.isolating = true
		j.credit.begin(reason.is(fatal))
	}
	return pause{}, divide
}

// enter waits until the next call may be made, and takes a slot for it. It returns
// false if the job has stopped.
func (w *worker) enter(ctx context.Context, wait pause) bool {
	j := w.job
	w.flush()
	if !wait.due.IsZero() {
		j.waiting.Add(1)
		if w.place.taken && j.givesUpPlace(cap(w.slot.all)) {
			w.place.release()
		}
		wait.sleep(j.running.Done())
		j.waiting.Add(-1)
	}
	return j.runs(ctx) && w.slot.acquire(j.running.Done()) && j.runs(ctx)
}

// alone reports whether the job has no other batch.
func (w *worker) alone() bool { return w.slot.all == nil }

// resend resends the resources of a part to which the destination denies access, as it
// does until EC2 sees a new bucket policy, and keeps the results. Each resend has
// another token, because EC2 answers a known one from memory.
func (w *worker) resend(ctx context.Context, p *part) {
	for n := 1; ; n++ {
		denied, item := p.batch.denied()
		if len(denied) == 0 {
			break
		}
		wait, ok := w.job.propagation.next()
		if !ok {
			break
		}
		token := resendToken(p.batch.ClientToken, n, denied)
		resent := &part{batch: Batch{Index: p.batch.Index, start: p.batch.start, ClientToken: token, ResourceIDs: denied}, rejection: item, waited: true}
		_, verdict := w.send(ctx, resent, wait)
		if resent.batch.Err == nil {
			p.batch.merge(&resent.batch, denied)
			continue
		}
		if rest := p.batch.without(denied); len(rest.ResourceIDs) > 0 {
			w.keep(rest)
		}
		if verdict == divide {
			w.rejected = append(w.rejected, resent)
		} else {
			w.keep(resent.batch)
		}
		return
	}
	w.keep(p.batch)
}

// keep keeps the result of a part for flush.
func (w *worker) keep(b Batch) { w.pending.batches = append(w.pending.batches, b) }

// flush hands over what is known. The worker does so before it waits for anything.
func (w *worker) flush() {
	if w.pending.calls == 0 && len(w.pending.batches) == 0 && !w.pending.done {
		return
	}
	if w.results == nil {
		w.job.deliver(w.pending)
	} else {
		w.results <- w.pending
	}
	w.pending = result{}
}
