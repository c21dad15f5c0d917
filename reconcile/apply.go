package reconcile

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/go-flowlogs/flowlogs"
)

// Result is what an Apply did.
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
	// empty if the flow logs of the resource could not be listed. A flow log that
	// somebody else created meanwhile is kept.
	Action  Action
	Created bool     // by this Apply
	Deleted []string // the flow logs that were replaced

	// Err is nil, or why the resource is not as the request asks for: a
	// *[ConflictError], a *[CallError], one that wraps ErrNotShown, or that of the
	// creation as in [flowlogs.Response.Results].
	Err error
}

// Apply brings the flow logs of the request's resources to the state that it
// asks for. It plans anew, creates what is missing, and replaces what
// Options.Replace allows. If there is nothing to do, it only lists.
//
// The error is nil, a *[flowlogs.ValidationError], with which the Result is nil,
// or an *[ApplyError]. A resource that fails does not keep the others from being
// done. After a crash, or an error that is gone, call Apply again: it does what is
// left. Several Applies of the same request may run at the same time. Two of
// requests that replace each other's flow logs must not.
//
// A resource that has a flow log is never without one because of a replacement:
// the new one is created and looked at first, for as long as Options.Probation,
// and the old one is deleted last. If EC2 does not accept the new one beside the
// old one, or if the new one is failing, the old one stays.
//
// With DryRun, Apply asks EC2 whether it would create what is missing, and changes
// nothing. Such a creation has no error in its Outcome, and no flow log.
//
// The caller needs the permission ec2:DescribeFlowLogs; to create, those of
// [flowlogs.Client.Create]; to replace, ec2:DeleteFlowLogs.
func (r *Reconciler) Apply(ctx context.Context, req flowlogs.Request) (*Result, error) {
	in, err := r.inputOf(req)
	if err != nil {
		return nil, err
	}
	a := &apply{
		listing:  r.newListing(newWanted(in), len(in.ResourceIds)),
		req:      req,
		outcomes: make([]Outcome, len(in.ResourceIds)),
		index:    make(map[string]int, len(in.ResourceIds)),
	}
	a.lean = true
	for i, id := range in.ResourceIds {
		a.outcomes[i].ResourceID, a.index[id] = id, i
	}
	a.run(ctx, in.ResourceIds)
	result := &Result{Outcomes: a.outcomes}
	result.Changed = slices.ContainsFunc(a.outcomes, func(o Outcome) bool { return o.Created || len(o.Deleted) > 0 })
	return result, applyError(a.outcomes)
}

// apply is one Apply under way.
type apply struct {
	*listing
	req          flowlogs.Request
	outcomes     []Outcome
	index        map[string]int // of outcomes, by resource ID
	replacements []replacement
}

func (a *apply) outcome(resourceID string) *Outcome { return &a.outcomes[a.index[resourceID]] }

func (a *apply) run(ctx context.Context, ids []string) {
	found, err := a.list(ctx, ids)
	if err != nil {
		for i := range a.outcomes {
			a.outcomes[i].Err = err
		}
		return
	}
	var missing, successors []string // those without any, and those beside a flow log that they replace
	for _, id := range ids {
		c := a.decide(id, found[id])
		a.begin(&c)
		switch {
		case c.Action == ActionCreate:
			missing = append(missing, id)
		case c.Action == ActionReplace && c.Keep == nil:
			successors = append(successors, id)
		}
	}
	clear(found)
	a.Missing = len(missing) + len(successors)
	// Successors go into calls of their own: whether EC2 accepts a flow log that
	// differs from another one only in some settings is not known, and a call that
	// it rejects for one resource is rejected for all.
	a.create(ctx, missing)
	a.create(ctx, successors)
	if !a.req.DryRun {
		a.replace(ctx)
	}
}

// begin notes the plan for a resource in its outcome.
func (a *apply) begin(c *Change) {
	o := a.outcome(c.ResourceID)
	o.Action = c.Action
	if c.Keep != nil {
		o.FlowLogID = aws.ToString(c.Keep.FlowLogId)
	}
	switch c.Action {
	case ActionConflict:
		conflict := &ConflictError{ResourceID: c.ResourceID, Conflicts: c.Conflicts}
		if c.Keep != nil {
			conflict.Err = failingError(c.Keep)
		}
		o.Err = conflict
	case ActionReplace:
		p := replacement{outcome: o, old: c.Conflicts}
		if c.Keep != nil {
			p.created = aws.ToTime(c.Keep.CreationTime)
		}
		a.replacements = append(a.replacements, p)
	}
}

// The waits for what DescribeFlowLogs does not show yet: half a minute in all.
// EC2 is eventually consistent, and nobody has measured how soon:
// https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
var lagWaits = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second}
