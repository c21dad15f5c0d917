package flowlogs

import (
	"context"
	"errors"
	"fmt"
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
	responded    time.Time                // when EC2 last responded, at first the start; zero: batches are not retried
	outage       bool                     // a batch was given up, and EC2 has not responded since
	credit       int                      // to isolate resources with; a call costs callCost
	succeeded    bool                     // some call has
	rejections   map[Reason]rejections
	progress     progress
	out          *ec2.CreateFlowLogsOutput // of the last call, for a request that is sent as it is
}

func (c *Client) newJob(v *invoker, template *ec2.CreateFlowLogsInput, several bool) *job {
	j := &job{
		invoker:  v,
		options:  &c.options,
		template: template,
		breakOff: func() {},
		credit:   mostCredit,
	}
	if v.patient() {
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
			j.leave(t)
		}
		j.progress.tell(retries(t))
	}
	j.progress.tellRest()
}

// newCall returns the next call of a task.
func (j *job) newCall(t *task) call {
	return call{invoker: j.invoker, template: j.template, batch: &t.next().Batch}
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
		j.outage = false
		if j.retryTimeout > 0 {
			j.responded = time.Now()
		}
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
