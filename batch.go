package flowlogs

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// Progress is how far a [Client.Create] or [Client.Stream] has come. Every
// resource that has been dealt with is in one of Created, Unsuccessful and
// Failed.
type Progress struct {
	Resources    int // of the request; -1: not known, in a Stream
	Created      int // flow logs
	Unsuccessful int // resources that EC2 refused one by one
	Failed       int // resources of calls that failed or were not attempted
	Batches      int // of the request; -1: not known, in a Stream
	BatchesDone  int
}

// job is one request on its way: what all of its batches have in common.
type job struct {
	*caller
	settings    *ec2.CreateFlowLogsInput // without IDs and token
	dryRun      bool
	checked     bool // whether the IDs have been validated
	concurrency int
	progress    Progress
	onProgress  func(Progress) // nil: nobody is told
	stopped     error          // why no more is sent
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
	if len(batches) > 1 {
		several := j
		return several.sendEach(ctx, batches)
	}
	err := j.send(ctx, &batches[0]) // by far the most: without what several need
	j.tell(batches[0], err)
	if err == nil {
		return nil
	}
	return []*CallError{err}
}

func (j *job) sendEach(ctx context.Context, batches []Batch) []*CallError {
	var failed []*CallError
	ended := make([]bool, len(batches))
	for b, err := range j.run(ctx, slices.Values(slices.Clone(batches))) {
		batches[b.Index], ended[b.Index] = b, true
		if err != nil {
			failed = append(failed, err)
		}
	}
	for i, b := range batches {
		if !ended[i] {
			failed = append(failed, j.leave(b))
		}
	}
	return failed
}

// leave reports a batch that is not sent any more.
func (j *job) leave(b Batch) *CallError {
	err := &CallError{Batch: b, Err: j.stopped}
	j.tell(b, err)
	return err
}

// tell reports the progress after a batch.
func (j *job) tell(b Batch, err *CallError) {
	if j.onProgress == nil {
		return
	}
	p := &j.progress
	p.BatchesDone++
	p.Created += len(b.FlowLogIDs)
	p.Unsuccessful += len(b.Unsuccessful)
	if err != nil {
		p.Failed += max(0, len(b.ResourceIDs)-len(b.FlowLogIDs)-len(b.Unsuccessful))
	}
	j.onProgress(*p)
}

// send sends a batch, and again those of its resources that are worth it.
func (j *job) send(ctx context.Context, b *Batch) *CallError {
	if !j.checked {
		if err := validateIDs(j.settings.ResourceType, b.ResourceIDs, nil); err != nil {
			return &CallError{Batch: *b, Err: err}
		}
	}
	if err := j.sendOnce(ctx, b); err != nil {
		return &CallError{Batch: *b, Err: err}
	}
	return j.resendDenied(ctx, b)
}

// sendOnce sends the IDs of a batch under its token and notes the answer in it.
func (j *job) sendOnce(ctx context.Context, b *Batch) error {
	out, err := j.call(ctx, j.settings, b)
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
// becomes of them joins the batch. Where that is not known in the end, they are in
// the error and no longer unsuccessful: EC2 may only have repeated what it said to
// an earlier run of the job, which may have sent them again.
func (j *job) resendDenied(ctx context.Context, b *Batch) *CallError {
	wait := propagationWait{timeout: j.propagation}
	for n := 1; j.propagation > 0; n++ {
		var ids []string
		var denied UnsuccessfulItem
		for _, item := range b.Unsuccessful {
			if item.Is(ErrDestinationAccessDenied) && slices.Contains(b.ResourceIDs, item.ResourceID) {
				ids = append(ids, item.ResourceID)
				denied = item
			}
		}
		if len(ids) == 0 || !wait.next(ctx) && ctx.Err() == nil {
			return nil
		}
		part := Batch{Index: b.Index, ClientToken: resendToken(b.ClientToken, n, ids), ResourceIDs: ids}
		err := j.sendOnce(ctx, &part)
		if part.Attempts == 0 {
			err = fmt.Errorf("%w, after: %w", err, denied)
		} else {
			b.RequestID = part.RequestID
		}
		b.Attempts += part.Attempts
		b.FlowLogIDs = append(b.FlowLogIDs, part.FlowLogIDs...)
		b.Unsuccessful = slices.DeleteFunc(b.Unsuccessful, func(item UnsuccessfulItem) bool {
			return slices.Contains(ids, item.ResourceID)
		})
		b.Unsuccessful = append(b.Unsuccessful, part.Unsuccessful...)
		if err != nil {
			return &CallError{Batch: part, Err: err}
		}
	}
	return nil
}
