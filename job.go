package flowlogs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// job sends one request, and decides what the result of each call means for the
// rest. It belongs to the goroutine of the caller; only calls run in others.
type job struct {
	*invoker
	options      *Options
	template     *ec2.CreateFlowLogsInput // without IDs and token
	asIs         bool                     // the one call is neither split nor resent in part
	retryTimeout time.Duration            // 0: batches are not retried
	yield        func(Batch) bool         // receives each batch that is done; false: no more are wanted
	cancel       func()                   // ends the calls in flight
	broken       bool                     // yield returned false
	cause        error                    // why the job has stopped; nil: it has not
	interruption error                    // if the cause is none of EC2's: what errors.Is finds in it
	reported     bool                     // the interruption is in the error of some batch
	responded    time.Time                // when EC2 last responded, at first the start; zero: batches are not retried
	outage       bool                     // a batch was abandoned, and EC2 has not responded since
	credit       int                      // left for isolating resources; a call costs callCost
	succeeded    bool                     // some call succeeded
	rejections   map[Reason]rejections
	progress     progress
	out          *ec2.CreateFlowLogsOutput // of the last call, for a request that is sent as it is
}

func (c *Client) newJob(v *invoker, template *ec2.CreateFlowLogsInput, several bool) *job {
	j := &job{
		invoker:  v,
		options:  &c.options,
		template: template,
		cancel:   func() {},
		credit:   maxCredit,
	}
	if v.hasRetries() {
		j.retryTimeout = c.options.retryTimeout(several)
	}
	if j.retryTimeout > 0 {
		j.responded = time.Now()
	}
	return j
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
			j.abandon(t)
		}
		j.progress.report(countRetries(t))
	}
	j.progress.reportRest()
}

// newCall returns the next call of a task.
func (j *job) newCall(t *task) call {
	p := t.next()
	return call{invoker: j.invoker, template: j.template, batch: &p.Batch, resendable: j.retryTimeout > 0, resent: !p.retry.end.IsZero()}
}

// settle acts on the result of a call: the batch is done, or it is sent again, in
// whole or in part.
func (j *job) settle(ctx context.Context, t *task, c *call) {
	t.due = time.Time{}
	p := t.next()
	j.progress.count(c)
	p.uncertain = p.uncertain || c.uncertain
	if ctx.Err() != nil {
		j.end(ctx)
	} else if c.limited {
		j.interrupt(c.blocked, c.blocked)
	}
	reason := ReasonOf(p.Err)
	if p.Err == nil || isResponse(p.Err) && !reason.is(transient) {
		j.outage = false
		if j.retryTimeout > 0 {
			j.responded = time.Now()
		}
	}
	switch {
	case reason == ErrDryRun && !j.asIs && aws.ToBool(j.template.DryRun):
		p.Err, p.dryRun = nil, true
		j.succeeded = true
		j.yieldPart(t)
	case p.Err == nil:
		j.succeeded = true
		j.credit = min(j.credit+len(p.FlowLogIDs), maxCredit)
		j.accept(t)
	case c.limited || j.interruption != nil && errors.Is(p.Err, j.interruption):
		j.abandon(t)
	case reason.is(propagating) && j.awaitPropagation(t):
	case reason.is(transient) && (c.retryable || isResponse(p.Err) || isTransport(p.Err)) && j.retry(t):
	case j.divisible(p, reason):
		j.reject(reason, t)
		j.split(t)
	default:
		j.reject(reason, t)
		j.yieldPart(t)
	}
}

// stop stops the job: nothing more is sent. The first cause counts.
func (j *job) stop(cause error) {
	if j.cause == nil {
		j.cause = cause
	}
}

// end stops the job because the context has ended.
func (j *job) end(ctx context.Context) { j.interrupt(contextError(ctx), context.Cause(ctx)) }

// interrupt stops the job for a cause that is none of EC2's: the end of the context,
// or an error of the Limiter or the iterator. The error of some batch must have the
// interruption in it, or the caller would not learn of it.
func (j *job) interrupt(cause, interruption error) {
	if j.cause == nil {
		j.cause, j.interruption = cause, interruption
	}
}

// abandon yields what is left of a task, unsent, because the job has stopped.
func (j *job) abandon(t *task) {
	for len(t.parts) > 0 {
		p := t.next()
		p.Err = j.errorOf(p)
		j.yieldPart(t)
	}
}

// errorOf returns the error of a part that is abandoned. It keeps an error that the
// part already has, and adds an interruption to it.
func (j *job) errorOf(p *part) error {
	switch {
	case p.Err != nil && (j.interruption == nil || errors.Is(p.Err, j.interruption)):
		return p.Err
	case p.Err != nil:
		return &failure{ReasonOf(p.Err), fmt.Errorf("%w, after: %w", j.cause, p.Err)}
	case p.rejection != nil && p.origin == nil && j.interruption == nil:
		return p.rejectedBefore()
	default:
		return notAttempted(j.cause)
	}
}

// rejectedBefore returns the error of a half that is not sent on its own.
func (p *part) rejectedBefore() error {
	return &failure{ReasonOf(p.rejection), fmt.Errorf("rejected in a larger call: %w", p.rejection)}
}

// yieldPart removes the next part from a task and yields it.
func (j *job) yieldPart(t *task) {
	p := t.pop()
	j.yieldRest(&p)
	if p.Err != nil && p.Attempts == 0 && p.rejection != nil && !errors.Is(p.Err, p.rejection) {
		p.Err = &failure{ReasonOf(p.Err), fmt.Errorf("%w, after: %w", p.Err, p.rejection)}
	}
	j.yieldBatch(p.Batch)
	if len(t.parts) == 0 {
		j.progress.BatchesDone++
	}
}

// yieldRest yields the results of the resources that a part does not resend.
func (j *job) yieldRest(p *part) {
	if p.origin == nil {
		return
	}
	if rest := p.origin.without(p.ResourceIDs); len(rest.ResourceIDs) > 0 {
		j.yieldBatch(rest)
	}
}

func (j *job) yieldBatch(b Batch) {
	j.progress.add(&b)
	j.reported = j.reported || j.interruption != nil && errors.Is(b.Err, j.interruption)
	if !j.broken && !j.yield(b) {
		j.broken = true
		j.stop(context.Canceled)
		j.cancel()
	}
}
