package flowlogs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs/internal/call"
)

// job is what the batches of a request share.
type job struct {
	invoker      *invoker
	template     *ec2.CreateFlowLogsInput // a batch replaces its IDs and token
	isolate      func(Reason) bool        // Options.Isolate
	endless      bool                     // a Stream: it holds no more batches than it has places
	retryTimeout time.Duration            // 0: batches are not retried
	running      context.Context          //nolint:containedctx // the end of the job: the caller's, or earlier with a cause
	halt         context.CancelCauseFunc

	credit      credit
	proof       proof
	propagation propagation
	waiting     atomic.Int64 // batches that wait for a retry

	sent atomic.Bool // some call was sent, so the configuration is usable

	mu      sync.Mutex // no code of the caller's runs under it
	failing time.Time  // since when every call has failed for a transient reason; zero: the last one did not
	givenUp int        // places that batches gave up while EC2 did not respond, in the whole job

	// These belong to the goroutine of the caller.
	yield    func(Batch) bool // receives each batch that is done; false: no more are wanted
	progress progress
	broken   bool // yield has returned false
	reported bool // the interruption is in the error of some batch
}

func (c *Client) newJob(ctx context.Context, v *invoker, template *ec2.CreateFlowLogsInput, several bool) *job {
	j := &job{
		invoker:      v,
		template:     template,
		isolate:      c.options.Isolate,
		retryTimeout: v.settings.RetryTimeout(c.options.RetryTimeout, several),
		credit:       credit{left: maxCredit},
		propagation:  propagation{timeout: c.options.PropagationTimeout},
	}
	j.running, j.halt = context.WithCancelCause(ctx)
	return j
}

// isTransient reports whether the same call may succeed later. It may if a source of
// credentials failed that has worked before. It may not if the API returned an error that
// is neither a response nor one of the network, as a mock does.
func (j *job) isTransient(err error, reason Reason, c *invocation) bool {
	if c.call.Unsent {
		return c.retryable && (c.call.Sent > 0 || j.sent.Load())
	}
	return reason.is(transient) && (c.retryable || call.IsResponse(err) || call.IsTransport(err))
}

// noteResponse records that a call ended, and not by a transient failure.
func (j *job) noteResponse(c *invocation) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failing = time.Time{}
	if c.call.Sent > 0 {
		j.sent.Store(true)
	}
}

// noteSuccess records that a call has succeeded.
func (j *job) noteSuccess(p *part) {
	earned := 0
	if p.rejection != nil { // a whole batch shows nothing of the parts that are to be paid for
		earned = len(p.batch.FlowLogIDs)
	}
	j.credit.earn(earned)
	if denied, _ := p.batch.denied(); p.waited && len(denied) == 0 {
		j.propagation.seen()
	}
}

// retry decides when a part that failed for a transient reason is sent again. A job of
// many batches must not spend the timeout on each batch in an outage: it stops when
// every call has failed for as long.
func (j *job) retry(p *part, alone bool) (pause, verdict) {
	if j.retryTimeout == 0 {
		return pause{}, settle
	}
	now := time.Now()
	j.mu.Lock()
	if j.failing.IsZero() {
		j.failing = now
	}
	failing := j.failing
	j.mu.Unlock()
	if !alone && now.Sub(failing) >= j.retryTimeout {
		j.stop(p.batch.Err)
		return pause{}, settle
	}
	due, ok := p.retries.next(now, failing, j.retryTimeout, p.batch.Err)
	if !ok {
		return pause{}, settle
	}
	return pause{due: due}, sendAgain
}

// divisible reports whether EC2 rejected a part that is to be split. A dry run is not:
// it creates nothing for the other resources. Nor is a call that may have been
// applied, if EC2 now rejects the caller: it does so before it looks at the token, and
// the halves, under other tokens, would repeat what was applied.
func (j *job) divisible(p *part, reason Reason) bool {
	return len(p.batch.ResourceIDs) > 1 && !reason.is(transient) && !aws.ToBool(j.template.DryRun) &&
		(!p.uncertain || reason != ErrNotAuthorized) && isolates(j.isolate, reason)
}

// isolates reports whether a call that EC2 rejects for a reason is split; isolate is
// Options.Isolate.
func isolates(isolate func(Reason) bool, r Reason) bool {
	if isolate == nil {
		return r == "" || r.is(single)
	}
	return isolate(r)
}

// givesUpPlace reports whether a batch that waits gives up its place to another one. In a
// Stream none does, because memory is constant. In a Create each does while EC2 responds.
// Until EC2 has accepted a call, only as many do as there are slots: every batch may fail.
func (j *job) givesUpPlace(slots int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	healthy := j.credit.hasAccepted() && (j.failing.IsZero() || time.Since(j.failing) < healthyFor)
	if j.endless || !healthy && j.givenUp >= slots {
		return false
	}
	if !healthy {
		j.givenUp++
	}
	return true
}

// healthyFor is how long every call may fail before batches keep their places.
const healthyFor = 30 * time.Second

// stopped is why a job has stopped.
type stopped struct {
	cause        error
	interruption []error // what errors.Is finds in the cause, if that did not come from EC2; else nil
}

func (s *stopped) Error() string { return s.cause.Error() }
func (s *stopped) Unwrap() error { return s.cause }

// stop stops the job: nothing more is sent. The first cause counts.
func (j *job) stop(cause error, interruption ...error) { j.halt(&stopped{cause, interruption}) }

// runs reports whether the job has not stopped. It stops the job if ctx has ended, because
// j.running may end a moment later, if ctx is of a type of another package.
func (j *job) runs(ctx context.Context) bool {
	if ctx.Err() != nil {
		j.stop(call.ContextError(ctx), ctx.Err(), context.Cause(ctx))
	}
	return j.running.Err() == nil
}

// cause returns why the job has stopped, nil if it has not. The interruption is what
// errors.Is finds in a cause that did not come from EC2: the end of the context, or an
// error of the Limiter or the iterator. Some batch must have all of it in its error, or
// the caller would not learn of it.
func (j *job) cause() (interruption []error, cause error) {
	if s, ok := context.Cause(j.running).(*stopped); ok { //nolint:errorlint // a cause of the caller's may wrap that of another job
		return s.interruption, s.cause
	}
	if err := j.running.Err(); err != nil {
		return []error{err, context.Cause(j.running)}, call.ContextError(j.running)
	}
	return nil, nil
}

// unsent returns the error of a part that is not sent, or not sent again, because the
// job has stopped. It keeps an error that the part has, and that of the call that it
// was a part of. HeldBack is the Limiter's error, nil if that did not hold the part back.
func (j *job) unsent(p *part, heldBack error) error {
	interruption, cause := j.cause()
	if isHeldBack(heldBack) {
		cause = heldBack
	}
	err := p.batch.Err
	switch {
	case err != nil && hasAll(err, interruption):
		return err
	case err != nil:
		return lastError(ReasonOf(err), cause, err)
	case p.rejection == nil:
		return notAttempted(cause)
	case interruption == nil:
		return &failure{ReasonOf(p.rejection), fmt.Errorf("rejected in a larger call: %w", p.rejection)}
	default:
		return lastError(ErrNotAttempted, notAttempted(cause), p.rejection)
	}
}

// hasAll reports whether errors.Is finds each of targets in err.
func hasAll(err error, targets []error) bool {
	return !slices.ContainsFunc(targets, func(target error) bool { return !errors.Is(err, target) })
}

// deliver counts a result, and yields and reports it.
func (j *job) deliver(r result) {
	p := &j.progress
	p.counts.Attempts += r.attempts
	p.counts.Throttled += r.throttled
	for _, b := range r.batches {
		j.yieldBatch(b)
	}
	if r.done {
		p.counts.BatchesDone++
	}
	if r.calls > 0 {
		p.report(int(j.waiting.Load()))
	}
}

func (j *job) yieldBatch(b Batch) {
	if b.Err != nil && j.template != nil && aws.ToBool(j.template.DryRun) && ReasonOf(b.Err) == ErrDryRun {
		b.Err, b.dryRun = nil, true
	}
	j.progress.add(&b)
	if j.running.Err() != nil && !j.reported {
		interruption, _ := j.cause()
		j.reported = interruption != nil && hasAll(b.Err, interruption)
	}
	j.broken = j.broken || !j.yield(b)
}
