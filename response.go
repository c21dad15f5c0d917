package flowlogs

import (
	"cmp"
	"encoding/json"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Response is the result of a request. It is encoded to, and decoded from, the JSON
// that the AWS CLI's create-flow-logs prints, which has no Batches.
type Response struct {
	// ClientToken is the token of the request. The same request under the same
	// token creates nothing twice.
	ClientToken string

	// FlowLogIDs are the flow logs of the request, batch after batch. EC2 does not
	// say which belongs to which resource.
	FlowLogIDs []string

	// Unsuccessful are the resources that EC2 rejected individually, batch after
	// batch.
	Unsuccessful []*UnsuccessfulError

	// Batches are the calls that the request took, failed ones included, in the order of
	// their resources.
	Batches []Batch

	ids []string // of the request; nil: Results follows Batches
}

// collect puts the batches in order and gathers their lists.
func (r *Response) collect() {
	slices.SortStableFunc(r.Batches, func(a, b Batch) int { return cmp.Or(a.Index-b.Index, a.start-b.start) })
	if len(r.Batches) == 1 {
		r.FlowLogIDs, r.Unsuccessful = r.Batches[0].FlowLogIDs, r.Batches[0].Unsuccessful
		return
	}
	for _, b := range r.Batches {
		r.FlowLogIDs = append(r.FlowLogIDs, b.FlowLogIDs...)
		r.Unsuccessful = append(r.Unsuccessful, b.Unsuccessful...)
	}
}

// Results yields every resource once, in the order of the request, with nil if it has
// its flow log and otherwise with its error; see [Batch.Results]. A Response that was
// decoded from JSON has no Batches, so Results yields nothing.
func (r *Response) Results() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		results, order := make(map[string]error), r.ids
		for _, b := range r.Batches {
			for id, err := range b.Results() {
				results[id] = err
				if r.ids == nil {
					order = append(order, id)
				}
			}
		}
		for _, id := range order {
			err, known := results[id]
			if !known {
				err = ErrNotAttempted // and not nil, which would mean success
			}
			if !yield(id, err) {
				return
			}
		}
	}
}

// responseDocument is the output of the AWS CLI, with its members in the CLI's
// order.
type responseDocument struct {
	ClientToken  string
	FlowLogIds   []string
	Unsuccessful []types.UnsuccessfulItem
}

// MarshalJSON writes the document that the AWS CLI prints: ClientToken,
// FlowLogIds and Unsuccessful, with empty lists as [].
func (r Response) MarshalJSON() ([]byte, error) {
	document := responseDocument{
		ClientToken:  r.ClientToken,
		FlowLogIds:   append([]string{}, r.FlowLogIDs...),
		Unsuccessful: []types.UnsuccessfulItem{},
	}
	for _, u := range r.Unsuccessful {
		document.Unsuccessful = append(document.Unsuccessful, types.UnsuccessfulItem{
			Error:      &types.UnsuccessfulItemError{Code: &u.Code, Message: &u.Message},
			ResourceId: &u.ResourceID,
		})
	}
	return json.Marshal(document)
}

// UnmarshalJSON reads the document that MarshalJSON writes.
func (r *Response) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil // by convention of encoding/json
	}
	var document responseDocument
	if err := json.Unmarshal(data, &document); err != nil {
		return err
	}
	*r = Response{ClientToken: document.ClientToken, Unsuccessful: unsuccessfulErrors(document.Unsuccessful)}
	if len(document.FlowLogIds) > 0 {
		r.FlowLogIDs = document.FlowLogIds
	}
	return nil
}
