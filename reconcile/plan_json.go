package reconcile

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// planDocument is the JSON form of a Plan, with its counts.
type planDocument struct {
	Create, Replace, Conflict, Keep int

	Changes []changeDocument
}

type changeDocument struct {
	ResourceId  string
	Action      Action
	Keep        *flowLogDocument   `json:",omitempty"`
	Conflicts   []conflictDocument `json:",omitempty"`
	Others      []flowLogDocument  `json:",omitempty"`
	Differences []Difference       `json:",omitempty"`
}

type conflictDocument struct {
	FlowLog     flowLogDocument
	Differences []Difference
}

// flowLogDocument is a flow log as the AWS CLI's describe-flow-logs shows it:
// without what it does not have.
type flowLogDocument types.FlowLog

// MarshalJSON writes the members that are not empty.
func (d flowLogDocument) MarshalJSON() ([]byte, error) {
	var members map[string]any
	data, err := json.Marshal(types.FlowLog(d))
	if err == nil {
		err = json.Unmarshal(data, &members)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(withoutEmpty(members))
}

func withoutEmpty(members map[string]any) map[string]any {
	for name, value := range members {
		switch v := value.(type) {
		case nil:
			delete(members, name)
		case string:
			if v == "" {
				delete(members, name)
			}
		case map[string]any:
			withoutEmpty(v)
		}
	}
	return members
}

// MarshalJSON writes the counts of the actions and the changes, flow logs as the
// AWS CLI's describe-flow-logs shows them.
func (p Plan) MarshalJSON() ([]byte, error) {
	document := planDocument{Changes: make([]changeDocument, len(p.Changes))}
	for i, c := range p.Changes {
		switch c.Action {
		case ActionCreate:
			document.Create++
		case ActionReplace:
			document.Replace++
		case ActionConflict:
			document.Conflict++
		case ActionKeep:
			document.Keep++
		}
		d := changeDocument{ResourceId: c.ResourceID, Action: c.Action, Keep: (*flowLogDocument)(c.Keep), Differences: c.Differences}
		for _, conflict := range c.Conflicts {
			d.Conflicts = append(d.Conflicts, conflictDocument{flowLogDocument(conflict.FlowLog), conflict.Differences})
		}
		for _, other := range c.Others {
			d.Others = append(d.Others, flowLogDocument(other))
		}
		document.Changes[i] = d
	}
	return json.Marshal(document)
}
