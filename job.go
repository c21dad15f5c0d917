package flowlogs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// job is one request being sent: it decides what the result of each call means.
// It belongs to the goroutine of the caller.
type job struct {
	*invoker
	options      *Options
	template     *ec2.CreateFlowLogsInput // without IDs and token
	asIs         bool                     // the one call is not split, nor are resources resent
	retryTimeout time.Duration            // 0: batches are not retried
	yield        func(Batch) bool         // takes each batch that is done; false: no more are wanted
	breakOff     func()                   // ends the calls in flight
	broken       bool                     // yield has returned false
	cause        error                    // why nothing more is sent; nil: the job goes on
	interruption error                    // is in the cause; nil: that is the error of a call
	told         bool                     // some batch has the interruption as its error
	responded    time.Time                // when EC2 last responded, at first the start
	outage       bool                     // a batch was given up, and EC2 has not responded since
	credit       int                      // to isolate resources with; a call costs callCost
	succeeded    bool                     // some call has
	rejections   map[Reason]rejections
	progress     progress
	out          *ec2.CreateFlowLogsOutput // of the last call, for a request that is sent as it is
}

// rejections counts the calls that EC2 rejected for one reason.
type rejections struct {
	calls int
	alone bool // for a single resource, or for a reason that concerns no single one
}

const (
	// mostCredit is what the job spends to isolate resources while no flow log is
	// created: a hundred calls. Ten culprits in a batch of 300 take as many.
	mostCredit = 100 * callCost

	// callCost is what a call costs of the credit. A flow log adds one.
	callCost = 3

	// fatalCalls is how many calls are rejected before a rejection is held to
	// apply to all.
	fatalCalls = 10

	// unluckyFailures is how often a batch fails by chance. If half of all calls
	// fail, one batch in 256 fails more often.
	unluckyFailures = 8

	firstDelay           = time.Second
	mostRetryDelay       = 30 * time.Second
	mostPropagationDelay = 10 * time.Second
)

func (c *Client) newJob(v *invoker, template *ec2.CreateFlowLogsInput, several bool) *job {
	j := &job{
		invoker:   v,
		options:   &c.options,
		template:  template,
		breakOff:  func() {},
		responded: time.Now(),
		credit:    mostCredit,
	}
	if v.patient() {
		j.retryTimeout = c.options.retryTimeout(several)
	}
	return j
}

// task is a batch on its way. While a call of it is in flight, it belongs to the
// goroutine of the call.
type task struct {
	parts       []part    // what is left to send, the next one last
	first       [1]part   // the memory of parts, until the batch is split
	due         time.Time // when to send it; zero: now
	propagation wait      // one for the batch and all its parts
	alone       int       // calls for a single resource that were rejected
}

// part is a batch, or what splitting or resending has made of it.
type part struct {
	Batch
	unpaid    bool   // the call comes out of the credit
	uncertain bool   // a call that got no response may have been applied
	rejection error  // of the batch that this is a half of, or of the denied resource; nil: it is neither
	of        *Batch // the batch whose denied resources this is; nil: none
	resends   int    // of the denied resources
	retry     wait
	failures  int       // transient ones
	failed    time.Time // the last of them
}

func newTask(b Batch) *task {
	t := &task{first: [1]part{{Batch: b}}}
	t.parts = t.first[:]
	return t
}

func (t *task) next() *part { return &t.parts[len(t.parts)-1] }

func (t *task) pop() part {
	p := *t.next()
	t.parts = t.parts[:len(t.parts)-1]
	return p
}

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

// runOne sends a single batch. Common case: no goroutines.
func (j *job) runOne(ctx context.Context, b Batch) {
	t := newTask(b)
	for j.ready(t) {
		if sleepUntil(ctx, t.due) {
			c := j.newCall(t)
			c.invoke(ctx)
			j.out = c.out
			j.settle(ctx, t, &c)
		}
		if ctx.Err() != nil {
			j.end(ctx)
		}
		if j.cause != nil {
			j.leave(t)
		}
		j.progress.tell(retries(t))
	}
	j.progress.tellRest()
}

// retries counts the tasks that wait for a retry; others are sent at once.
func retries(tasks ...*task) int {
	n := 0
	for _, t := range tasks {
		if len(t.parts) > 0 && !t.due.IsZero() {
			n++
		}
	}
	return n
}

// newCall returns the next call of a task.
func (j *job) newCall(t *task) call {
	return call{invoker: j.invoker, template: j.template, batch: &t.next().Batch}
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

// ready reports whether there is something left to send. It gives up the parts
// that the credit does not suffice for.
func (j *job) ready(t *task) bool {
	for len(t.parts) > 0 {
		p := t.next()
		if !p.unpaid {
			return true
		}
		if j.credit >= callCost {
			j.credit -= callCost
			p.unpaid = false
			return true
		}
		p.Err = p.rejectedBefore()
		j.give(t) // Guarded by TestCreate_IsolatesForABoundedNumberOfCalls.
	}
	return false
}

// settle decides what the result of a call means: the batch is done, or it is to
// be sent once more, in whole or in part.
func (j *job) settle(ctx context.Context, t *task, c *call) {
	t.due = time.Time{}
	p := t.next()
	j.progress.count(c)
	p.uncertain = p.uncertain || c.uncertain
	if ctx.Err() != nil {
		j.end(ctx)
	} else if c.limited {
		j.interrupt(c.refused, c.refused)
	}
	reason := ReasonOf(p.Err)
	if p.Err == nil || isResponse(p.Err) && !reason.is(transient) {
		j.responded, j.outage = time.Now(), false
	}
	switch {
	case reason == ErrDryRun && !j.asIs && aws.ToBool(j.template.DryRun):
		p.Err, p.dryRun = nil, true
		j.succeeded = true
		j.give(t)
	case p.Err == nil:
		j.succeeded = true
		j.credit = min(j.credit+len(p.FlowLogIDs), mostCredit)
		j.accept(t)
	case c.limited || j.interruption != nil && errors.Is(p.Err, j.interruption):
		j.leave(t)
	case reason.is(propagating) && j.awaitPropagation(t):
	case reason.is(transient) && c.retryable && j.retry(t):
	case j.divisible(p, reason):
		j.reject(reason, t)
		j.split(t)
	default:
		j.reject(reason, t)
		j.give(t)
	}
}

func (j *job) isolates(r Reason) bool { return !j.asIs && j.options.isolates(r) }

// divisible reports whether the parts of a rejected batch are worth a try. A dry
// run creates nothing for the others. A call that may have been applied is not
// repeated under other tokens when EC2 rejects the caller, which it does without a
// look at the token.
func (j *job) divisible(p *part, reason Reason) bool {
	if len(p.ResourceIDs) == 1 || aws.ToBool(j.template.DryRun) {
		return false
	}
	// Guarded by TestCreate_DoesNotSplitWhatMayHaveBeenAppliedIfTheCallerIsDenied.
	rejected := isResponse(p.Err) && !reason.is(transient)
	return rejected && j.isolates(reason) && !(p.uncertain && reason == ErrNotAuthorized)
}

// awaitPropagation sends the same call again when a new role, policy or resource
// may have been seen.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
func (j *job) awaitPropagation(t *task) (ok bool) {
	t.due, ok = t.propagation.next(j.options.PropagationTimeout, mostPropagationDelay)
	return ok
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

// split replaces the rejected batch by its halves: whoever sends it again splits
// it the same way, and gets the responses of the first time.
func (j *job) split(t *task) {
	p := t.pop()
	j.giveRest(&p) // Guarded by TestCreate_KeepsABatchWhoseResendIsSplit.
	first, second := p.halve()
	// Guarded by TestCreate_IsolatesTheResourcesThatAreRejected.
	t.parts = append(t.parts,
		part{Batch: second, unpaid: true, rejection: p.Err},
		part{Batch: first, unpaid: true, rejection: p.Err})
}

// reject takes note of a rejection, and stops the job if every other call would
// be rejected too. For one culprit in a batch of 300, EC2 rejects ten calls before
// it stands alone: it takes two to tell.
func (j *job) reject(reason Reason, t *task) {
	p := t.next()
	if reason.is(immediate) {
		j.stop(p.Err)
	}
	if !reason.is(fatal) {
		return
	}
	if j.rejections == nil {
		j.rejections = make(map[Reason]rejections)
	}
	if len(p.ResourceIDs) == 1 {
		t.alone++
	}
	r := j.rejections[reason]
	r.calls++
	r.alone = r.alone || t.alone > 0 && (p.rejection == nil || t.alone > 1) || !j.isolates(reason)
	j.rejections[reason] = r
	if r.calls >= fatalCalls && r.alone && !j.succeeded {
		j.stop(p.Err)
	}
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

// stop says that nothing more is sent. The first cause counts.
func (j *job) stop(cause error) {
	if j.cause == nil {
		j.cause = cause
	}
}

// end stops the job because the context has ended.
func (j *job) end(ctx context.Context) { j.interrupt(contextError(ctx), context.Cause(ctx)) }

// interrupt stops the job for a reason that is none of EC2's, and that some batch
// is to have as its error.
func (j *job) interrupt(cause, interruption error) {
	if j.cause == nil {
		j.cause, j.interruption = cause, interruption
	}
}

// leave gives up what is left of a task when the job has stopped.
func (j *job) leave(t *task) {
	for len(t.parts) > 0 {
		p := t.next()
		p.Err = j.errorOf(p)
		j.give(t)
	}
}

// errorOf returns the error of a part that is given up. One that is known stays;
// an interruption is added to it.
func (j *job) errorOf(p *part) error {
	switch {
	case p.Err != nil && (j.interruption == nil || errors.Is(p.Err, j.interruption)):
		return p.Err
	case p.Err != nil:
		return &failure{ReasonOf(p.Err), fmt.Errorf("%w, after: %w", j.cause, p.Err)}
	case p.rejection != nil && p.of == nil && j.interruption == nil:
		return p.rejectedBefore()
	default:
		return notAttempted(j.cause)
	}
}

// rejectedBefore returns the error of a half that is not sent by itself.
func (p *part) rejectedBefore() error {
	return &failure{ReasonOf(p.rejection), fmt.Errorf("rejected in a larger call: %w", p.rejection)}
}

// give hands the next part of a task to the caller, for it is done.
func (j *job) give(t *task) {
	p := t.pop()
	j.giveRest(&p)
	if p.Err != nil && p.Attempts == 0 && p.rejection != nil && !errors.Is(p.Err, p.rejection) {
		p.Err = &failure{ReasonOf(p.Err), fmt.Errorf("%w, after: %w", p.Err, p.rejection)}
	}
	j.giveBatch(p.Batch)
	if len(t.parts) == 0 {
		j.progress.BatchesDone++
	}
}

// giveRest hands over what EC2 made of the resources of a batch that are not
// sent again.
func (j *job) giveRest(p *part) {
	if p.of == nil {
		return
	}
	if rest := p.of.without(p.ResourceIDs); len(rest.ResourceIDs) > 0 {
		j.giveBatch(rest)
	}
}

func (j *job) giveBatch(b Batch) {
	j.progress.add(&b)
	j.told = j.told || j.interruption != nil && errors.Is(b.Err, j.interruption)
	if !j.broken && !j.yield(b) {
		j.broken = true
		j.stop(context.Canceled)
		j.breakOff()
	}
}
