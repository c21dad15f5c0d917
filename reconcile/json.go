package reconcile

import (
	"encoding/json"
	"errors"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// MarshalJSON writes the counts and the changes, flow logs as the AWS CLI's
// describe-flow-logs shows them.
func (p Plan) MarshalJSON() ([]byte, error) {
	return marshal(struct {
		Counts  Counts
		Changes []Change
	}{p.Counts(), append([]Change{}, p.Changes...)})
}

// MarshalJSON writes the counts and the outcomes, flow logs as the AWS CLI's
// describe-flow-logs shows them. An error has its Reason, which is a stable code, its
// Message, and the Conflicts of a [ConflictError].
func (r Result) MarshalJSON() ([]byte, error) {
	outcomes := make([]outcomeDocument, len(r.Outcomes))
	for i, o := range r.Outcomes {
		outcomes[i] = outcomeDocument{o.ResourceID, o.FlowLogID, o.Action, o.Created, o.Deleted, o.Keep, o.Delivery, newErrorDocument(o.Err)}
	}
	return marshal(struct {
		Counts   Counts
		Changed  bool
		Outcomes []outcomeDocument
	}{r.Counts(), r.Changed, outcomes})
}

type outcomeDocument struct {
	ResourceId string
	FlowLogId  string `json:",omitempty"`
	Action     Action `json:",omitempty"`
	Created    bool
	Deleted    []string       `json:",omitempty"`
	Keep       *types.FlowLog `json:",omitempty"`
	Delivery   DeliveryState  `json:",omitempty"`
	Error      *errorDocument `json:",omitempty"`
}

type errorDocument struct {
	Reason    string `json:",omitempty"`
	Message   string
	Conflicts []Conflict `json:",omitempty"`
}

func newErrorDocument(err error) *errorDocument {
	if err == nil {
		return nil
	}
	document := &errorDocument{Reason: reasonOf(err), Message: bare(err)}
	var conflict *ConflictError
	if errors.As(err, &conflict) {
		document.Conflicts = conflict.Conflicts
	}
	return document
}

// marshal leaves out the members that a flow log does not have: the SDK's types have no
// tags for that. In the text of a string, each quotation mark follows a backslash, so
// notSet does not match there.
func marshal(document any) ([]byte, error) {
	data, err := json.Marshal(document)
	return notSet.ReplaceAll(data, nil), err
}

var notSet = regexp.MustCompile(notSetMember + `,|,?` + notSetMember)

const notSetMember = `"\w+(?:":null|(?:Type|Format)":"")`
