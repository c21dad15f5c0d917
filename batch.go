package flowlogs

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// job is one request on its way: what all of its batches have in common.
type job struct {
	*caller
	settings    *ec2.CreateFlowLogsInput // without IDs and token
	dryRun      bool
	concurrency int
}

// split cuts IDs into batches. A single batch has the token of the request
// itself, several have tokens derived from it.
func split(ids []string, size int, token string) []Batch {
	batches := make([]Batch, 0, (len(ids)+size-1)/size)
	for part := range slices.Chunk(ids, size) {
		b := Batch{Index: len(batches), ClientToken: token, ResourceIDs: part}
		if len(part) < len(ids) {
			b.ClientToken = batchToken(token, part)
		}
		batches = append(batches, b)
	}
	return batches
}

// sendAll sends the batches, leaves in the slice what became of them, and returns
// the errors of those that failed.
func (j job) sendAll(ctx context.Context, batches []Batch) []*CallError {
	if len(batches) == 1 { // by far the most: without the machinery for several
		b, err := j.send(ctx, batches[0])
		batches[0] = b
		if err == nil {
			return nil
		}
		return []*CallError{err}
	}
	var failed []*CallError
	for b, err := range j.run(ctx, slices.Values(batches)) {
		batches[b.Index] = b
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

// errGoroutineEnded is the error of a call whose API ended its goroutine, as a
// mock does that fails its test.
var errGoroutineEnded = errors.New("the API did not return")

// run sends the batches, as many at a time as the job's concurrency says, and
// yields each as it ends. When a call is refused for a reason that all others
// would meet too, or when ctx ends, the batches that have not been sent are
// yielded as not attempted. When run returns, no call is in flight.
func (j job) run(ctx context.Context, batches iter.Seq[Batch]) iter.Seq2[Batch, *CallError] {
	type outcome struct {
		batch Batch
		err   *CallError
	}
	return func(yield func(Batch, *CallError) bool) {
		var stopped error
		end := func(o outcome) bool {
			if stopped == nil && o.err != nil && ReasonOf(o.err.Err).stops() {
				stopped = notAttempted(o.err.Err)
			}
			return yield(o.batch, o.err)
		}

		outcomes := make(chan outcome)
		inFlight := 0
		receive := func() outcome {
			inFlight--
			return <-outcomes
		}
		defer func() {
			for inFlight > 0 {
				receive()
			}
		}()

		for b := range batches {
			if inFlight == j.concurrency && !end(receive()) {
				return
			}
			o := outcome{batch: b}
			switch {
			case stopped != nil:
				o.err = &CallError{Batch: b, Err: stopped}
				if !end(o) {
					return
				}
			case j.concurrency == 1: // a mock may end the test or panic, as in its own goroutine
				o.batch, o.err = j.send(ctx, b)
				if !end(o) {
					return
				}
			default:
				inFlight++
				go func() {
					o.err = &CallError{Batch: b, Err: errGoroutineEnded}
					defer func() { outcomes <- o }()
					o.batch, o.err = j.send(ctx, b)
				}()
			}
		}
		for inFlight > 0 && end(receive()) { //nolint:revive // end does the work
		}
	}
}

// send sends a batch, and again those of its resources that are worth it.
func (j *job) send(ctx context.Context, b Batch) (Batch, *CallError) {
	if err := j.exchange(ctx, &b); err != nil {
		return b, &CallError{Batch: b, Err: err}
	}
	err := j.resendDenied(ctx, &b)
	return b, err
}

// exchange sends the IDs of a batch under its token and notes the answer in it.
func (j *job) exchange(ctx context.Context, b *Batch) error {
	in := *j.settings
	in.ResourceIds = b.ResourceIDs
	in.ClientToken = &b.ClientToken
	out, err := j.call(ctx, &in, b)
	if err != nil {
		if j.dryRun && ReasonOf(err) == ErrDryRun {
			return nil
		}
		return err
	}
	return b.add(out)
}

// resendDenied sends those resources again to which EC2 said that access to their
// destination is denied, as it does while a new bucket policy spreads. What
// becomes of them joins the batch.
func (j *job) resendDenied(ctx context.Context, b *Batch) *CallError {
	wait := propagationWait{timeout: j.propagation}
	for n := 1; ; n++ {
		var ids []string
		for _, item := range b.Unsuccessful {
			if item.Is(ErrDestinationAccessDenied) && slices.Contains(b.ResourceIDs, item.ResourceID) {
				ids = append(ids, item.ResourceID)
			}
		}
		if len(ids) == 0 || !wait.next(ctx) {
			return nil
		}
		part := Batch{Index: b.Index, ClientToken: resendToken(b.ClientToken, n, ids), ResourceIDs: ids}
		err := j.exchange(ctx, &part)
		if part.Attempts == 0 {
			return nil // ctx ended: what is known of them is that they are denied
		}
		b.Attempts += part.Attempts
		b.RequestID = part.RequestID
		b.FlowLogIDs = append(b.FlowLogIDs, part.FlowLogIDs...)
		b.Unsuccessful = slices.DeleteFunc(b.Unsuccessful, func(item UnsuccessfulItem) bool {
			return slices.Contains(ids, item.ResourceID)
		})
		b.Unsuccessful = append(b.Unsuccessful, part.Unsuccessful...)
		if err != nil {
			return &CallError{Batch: part, Err: err}
		}
	}
}
