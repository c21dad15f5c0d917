package reconcile

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs/internal/text"
)

// Result is what an Apply did. Its String is for people, its JSON form for programs.
type Result struct {
	Outcomes []Outcome // one for each resource, in the order of the request
	Changed  bool      // whether a flow log was created or deleted
}

// Outcome is what an Apply did for one resource.
type Outcome struct {
	ResourceID string

	// FlowLogID is the flow log that the request asks for, empty if the resource
	// has none. It is also empty, and Err then says why, if the flow log was
	// created but its ID could not be read.
	FlowLogID string

	// Action is what was done, or what was to be done if Err is not nil. It is
	// empty if the flow logs of the resource could not be listed. If another process
	// created the flow log meanwhile, it is ActionKeep.
	Action  Action
	Created bool     // by this Apply
	Deleted []string // the flow logs that were replaced

	// Keep is the flow log with FlowLogID if it existed before this Apply, as
	// DescribeFlowLogs last showed it, else nil. Delivery is the state of its
	// deliveries, empty without Keep. A flow log that is failing is kept, and is no
	// error: a second one to the same destination would fail too.
	Keep     *types.FlowLog
	Delivery DeliveryState

	// Err is nil, or why the resource is not in the state that was requested: a
	// *[ConflictError], a *[CallError], an error that wraps ErrNotShown, or an error
	// of the creation as in [flowlogs.Response.Results]. If the context ended, errors.Is
	// finds its error too.
	Err error
}

// keep sets the flow log that existed before.
func (o *Outcome) keep(f *types.FlowLog) {
	o.FlowLogID, o.Keep, o.Delivery = aws.ToString(f.FlowLogId), f, deliveryState(f)
}

// Counts counts the resources by what was done.
func (r Result) Counts() Counts {
	var n Counts
	for _, o := range r.Outcomes {
		if o.Err == nil || o.Action == ActionConflict {
			n.add(o.Action)
		} else {
			n.Failed++
		}
		if o.Delivery == DeliveryFailing {
			n.Failing++
		}
	}
	return n
}

// String returns the result as text for people: the counts, then the errors by their
// reason and the flow logs that are failing, each with one example.
func (r Result) String() string {
	n := r.Counts()
	var b strings.Builder
	fmt.Fprintf(&b, "%d created, %d replaced, %s, %d kept, %d failed\n", n.Create, n.Replace, text.Plural(n.Conflict, "conflict"), n.Keep, n.Failed)
	for _, line := range byReason(r.Outcomes) {
		b.WriteString("  " + line + "\n")
	}
	for _, o := range r.Outcomes {
		if o.Delivery == DeliveryFailing {
			fmt.Fprintf(&b, "  %s kept, but failing to deliver (%s: %s)\n",
				text.Plural(n.Failing, "flow log"), printable(o.ResourceID), failure(o.Keep))
			break
		}
	}
	return b.String()
}
