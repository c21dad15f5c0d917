package flowlogs

import (
	"fmt"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs/internal/text"
)

// Batch is one call of CreateFlowLogs: the resources that were sent under one
// client token, and their results. If EC2 rejects a call because of some of its
// resources, the call is split: the Batches of its parts replace it, all with its
// Index.
type Batch struct {
	Index        int    // position among the batches of the request, from 0
	ClientToken  string // of the call: the request's, or derived from it
	ResourceIDs  []string
	FlowLogIDs   []string // EC2 does not say which belongs to which resource
	Unsuccessful []*UnsuccessfulError

	// Err is the error of the call, nil if EC2 responded and accounted for every
	// resource. errors.Is matches it with its [Reason].
	Err error

	Attempts  int    // attempts sent to EC2; 0: not attempted
	RequestID string // AWS's, of the last response; "": there was none

	start  int  // position of the first resource in the batch with this Index
	dryRun bool // a dry run that would have succeeded
}

// split divides the IDs of a request among batches. One batch has the token of the
// request, several have tokens derived from it.
func split(ids []string, size int, token string) []Batch {
	if len(ids) <= size {
		return []Batch{{ClientToken: token, ResourceIDs: ids}}
	}
	batches := make([]Batch, 0, (len(ids)+size-1)/size)
	for part := range slices.Chunk(ids, size) { // Chunk clips: appending to one batch does not overwrite the next
		batches = append(batches, Batch{Index: len(batches), ClientToken: batchToken(token, part), ResourceIDs: part})
	}
	return batches
}

// halve splits the batch in two, with tokens derived from its own.
func (b *Batch) halve() (first, second Batch) {
	ids := b.ResourceIDs
	middle := (len(ids) + 1) / 2
	half := func(start int, ids []string) Batch {
		return Batch{Index: b.Index, start: b.start + start, ClientToken: batchToken(b.ClientToken, ids), ResourceIDs: ids}
	}
	return half(0, ids[:middle:middle]), half(middle, ids[middle:]) // clipped, as in split
}

// setResponse copies a response into the batch. A nil response, which a mock may return,
// accounts for no resource.
func (b *Batch) setResponse(out *ec2.CreateFlowLogsOutput) {
	if out != nil {
		b.FlowLogIDs = slices.Clip(out.FlowLogIds)
		b.Unsuccessful = unsuccessfulErrors(out.Unsuccessful)
		if id, ok := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata); ok {
			b.RequestID = id
		}
	}
	if !b.complete() {
		b.Err = &failure{ErrIncompleteResponse, fmt.Errorf("%w: %s and %d unsuccessful for %s",
			ErrIncompleteResponse, text.Plural(len(b.FlowLogIDs), "flow log"), len(b.Unsuccessful), text.Plural(len(b.ResourceIDs), "resource"))}
	}
}

func unsuccessfulErrors(items []types.UnsuccessfulItem) []*UnsuccessfulError {
	var errs []*UnsuccessfulError
	for _, item := range items {
		e := &UnsuccessfulError{ResourceID: aws.ToString(item.ResourceId)}
		if item.Error != nil {
			e.Code, e.Message = aws.ToString(item.Error.Code), aws.ToString(item.Error.Message)
		}
		errs = append(errs, e)
	}
	return errs
}

// complete reports whether the response accounts for every resource, by a flow
// log or by an item that names it, and for nothing else.
func (b *Batch) complete() bool {
	if b.dryRun {
		return true
	}
	items := b.rejected()
	for _, item := range b.Unsuccessful {
		if items[item.ResourceID] == nil {
			return false
		}
	}
	return len(b.FlowLogIDs)+len(items) == len(b.ResourceIDs)
}

// count counts the resources of the batch by their results. A faulty response may list
// more flow logs and items than there are resources: none is counted twice.
func (b *Batch) count() (created, unsuccessful, failed int) {
	created = min(len(b.FlowLogIDs), len(b.ResourceIDs))
	unsuccessful = min(len(b.rejected()), len(b.ResourceIDs)-created)
	return created, unsuccessful, len(b.ResourceIDs) - created - unsuccessful
}

// rejected returns the items by the resource of the batch that they name: the first if
// several name the same.
func (b *Batch) rejected() map[string]*UnsuccessfulError {
	if len(b.Unsuccessful) == 0 {
		return nil
	}
	items := make(map[string]*UnsuccessfulError, len(b.Unsuccessful))
	for _, item := range b.Unsuccessful {
		if items[item.ResourceID] == nil && slices.Contains(b.ResourceIDs, item.ResourceID) {
			items[item.ResourceID] = item
		}
	}
	return items
}

// Results yields every resource of the batch once, in the order of ResourceIDs,
// with nil if it has its flow log, and otherwise with its error, which begins with the
// resource's ID. errors.As finds an *[UnsuccessfulError] in it if EC2 rejected the
// resource individually, else the *[CallError] of the call. If the response does not
// account for every resource, a resource that no item names may or may not have its flow
// log: its error is [ErrIncompleteResponse].
func (b Batch) Results() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := b.Err
		if err == nil && !b.complete() {
			err = ErrIncompleteResponse
		}
		call := &CallError{Batch: b, Err: err}
		items := b.rejected()
		for _, id := range b.ResourceIDs {
			var result error
			if item := items[id]; item != nil {
				result = item
			} else if err != nil {
				result = &resourceError{id, call}
			}
			if !yield(id, result) {
				return
			}
		}
	}
}

// denied returns the resources to which the destination denies access, and the item of
// one resource.
func (b *Batch) denied() (ids []string, item error) {
	items := b.rejected()
	for _, id := range b.ResourceIDs {
		if i := items[id]; i != nil && i.Reason() == ErrDestinationAccessDenied {
			ids, item = append(ids, id), i
		}
	}
	return ids, item
}

// without returns the batch without the resources ids.
func (b Batch) without(ids []string) Batch {
	isOne := func(id string) bool { return slices.Contains(ids, id) }
	b.ResourceIDs = slices.DeleteFunc(slices.Clone(b.ResourceIDs), isOne)
	b.Unsuccessful = slices.DeleteFunc(slices.Clone(b.Unsuccessful), func(item *UnsuccessfulError) bool { return isOne(item.ResourceID) })
	return b
}

// merge replaces the results of the resources ids with those of the batch that resent
// them.
func (b *Batch) merge(resent *Batch, ids []string) {
	rest := b.without(ids)
	b.FlowLogIDs = slices.Concat(rest.FlowLogIDs, resent.FlowLogIDs)
	b.Unsuccessful = slices.Concat(rest.Unsuccessful, resent.Unsuccessful)
	b.Attempts += resent.Attempts
	b.RequestID = resent.RequestID
}
