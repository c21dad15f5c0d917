package flowlogs

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Response is what EC2 answered. Its JSON form is the output of the AWS CLI's
// create-flow-logs.
type Response struct {
	// ClientToken is the token of the request. With it, the same request can be
	// repeated without creating anything twice.
	ClientToken string

	// FlowLogIDs are the flow logs of the request, batch after batch. EC2 does not
	// say which belongs to which resource.
	FlowLogIDs []string

	// Unsuccessful are the resources without a flow log, batch after batch.
	Unsuccessful []UnsuccessfulItem

	// Batches are the calls that the request was split into, in the order of their
	// IDs. One that failed as a whole is here too, without flow logs; its error is
	// a [CallError] with the same index.
	Batches []Batch
}

// Batch is one call of CreateFlowLogs.
type Batch struct {
	Index        int    // place among the batches of the request, from 0
	ClientToken  string // of this call: the request's, or derived from it where there are several batches
	ResourceIDs  []string
	FlowLogIDs   []string
	Unsuccessful []UnsuccessfulItem
	Attempts     int    // calls made, with retries and propagation waits; 0: not attempted
	RequestID    string // AWS's, of the last answer; empty where there was none
}

// MarshalJSON writes the document that the AWS CLI prints: ClientToken,
// FlowLogIds and Unsuccessful, with empty lists as [].
func (r Response) MarshalJSON() ([]byte, error) {
	type itemError struct{ Code, Message string }
	type item struct {
		Error      itemError
		ResourceId string
	}
	document := struct {
		ClientToken  string
		FlowLogIds   []string
		Unsuccessful []item
	}{
		ClientToken:  r.ClientToken,
		FlowLogIds:   append([]string{}, r.FlowLogIDs...),
		Unsuccessful: make([]item, 0, len(r.Unsuccessful)),
	}
	for _, u := range r.Unsuccessful {
		document.Unsuccessful = append(document.Unsuccessful, item{itemError{u.Code, u.Message}, u.ResourceID})
	}
	return json.Marshal(document)
}

// collect gathers the lists of the batches.
func (r *Response) collect() {
	if len(r.Batches) == 1 {
		r.FlowLogIDs, r.Unsuccessful = r.Batches[0].FlowLogIDs, r.Batches[0].Unsuccessful
		return
	}
	for _, b := range r.Batches {
		r.FlowLogIDs = append(r.FlowLogIDs, b.FlowLogIDs...)
		r.Unsuccessful = append(r.Unsuccessful, b.Unsuccessful...)
	}
}

// add notes an answer in the batch. It is an error for the answer not to account
// for every resource; a nil answer, which a mock may give, accounts for none.
func (b *Batch) add(out *ec2.CreateFlowLogsOutput) error {
	if out != nil {
		b.FlowLogIDs = slices.Clip(out.FlowLogIds)
		b.Unsuccessful = unsuccessfulItems(out.Unsuccessful)
		b.RequestID, _ = awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
	}
	if created, unsuccessful := len(b.FlowLogIDs), len(b.Unsuccessful); created+unsuccessful != len(b.ResourceIDs) {
		return fmt.Errorf("%w: %d created and %d unsuccessful of %d", ErrIncompleteResponse, created, unsuccessful, len(b.ResourceIDs))
	}
	return nil
}

func unsuccessfulItems(items []types.UnsuccessfulItem) []UnsuccessfulItem {
	if len(items) == 0 {
		return nil
	}
	converted := make([]UnsuccessfulItem, len(items))
	for i, item := range items {
		converted[i].ResourceID = aws.ToString(item.ResourceId)
		if item.Error != nil {
			converted[i].Code = aws.ToString(item.Error.Code)
			converted[i].Message = aws.ToString(item.Error.Message)
		}
	}
	return converted
}
