package reconcile

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

// Action is what is to be done, or was done, for a resource. Its value is a
// stable code, fit for a metric label or a log.
type Action string

// The actions.
const (
	ActionCreate   Action = "create"   // the resource has no such flow log
	ActionKeep     Action = "keep"     // it has one
	ActionReplace  Action = "replace"  // others are in its way and may be replaced; with a Keep, only their deletion is left
	ActionConflict Action = "conflict" // others are in its way and may not be replaced
)

// Plan is what is to be done for the resources of a request. Its String is for
// people, its JSON form for programs.
type Plan struct {
	Changes []Change // one for each resource, in the order of the request
}

// Change is what is to be done for one resource, and why.
type Change struct {
	ResourceID string
	Action     Action

	// Keep is the flow log that the request asks for, nil if there is none. If
	// there are several, it is one that is not failing, then the oldest; the rest
	// is in Others.
	Keep *types.FlowLog

	// Conflicts are the flow logs with the same destination and traffic type, but
	// other settings. With ActionReplace they are those to be deleted. With
	// ActionKeep they stay, beside Keep. With ActionConflict at least one may not
	// be replaced, or Keep is failing and so must not take the place of any.
	Conflicts []Conflict

	// Others are the other flow logs of the resource.
	Others []types.FlowLog

	// Differences are the tags that the request asks for and Keep lacks. They can
	// be changed without replacing the flow log, which this package does not do.
	Differences []Difference
}

// Conflict is a flow log that is in the way of the one that is wanted.
type Conflict struct {
	FlowLog     types.FlowLog
	Differences []Difference // at least one
}

// Difference is a setting of a flow log that is not as wanted. Fields are named
// as in [flowlogs.Request], such as "Destination.PerHourPartition"; an empty
// value is none.
//
// With Field "Destination.BucketARN" the two differ only in the slash at their
// end. Whether EC2 takes them for the same destination is not known: the flow log
// may be the wanted one, so it is a conflict, and it is never deleted. Write the
// bucket as the flow log has it to keep it.
type Difference struct{ Field, Want, Have string }

// Plan compares the flow logs of the request's resources with the request, and
// changes nothing.
//
// The error is nil, a *[flowlogs.ValidationError] or a *[CallError]. The Plan is
// nil with an error. The caller needs the permission ec2:DescribeFlowLogs, which
// cannot be limited to single resources.
func (r *Reconciler) Plan(ctx context.Context, req flowlogs.Request) (*Plan, error) {
	in, err := r.inputOf(req)
	if err != nil {
		return nil, err
	}
	l := r.newListing(newWanted(in), len(in.ResourceIds))
	found, err := l.list(ctx, in.ResourceIds)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Changes: make([]Change, len(in.ResourceIds))}
	for i, id := range in.ResourceIds {
		plan.Changes[i] = r.decide(id, found[id])
	}
	return plan, nil
}

// finding is the flow logs of one resource.
type finding struct {
	equal       []types.FlowLog
	differences [][]Difference // of equal
	conflicts   []Conflict
	others      []types.FlowLog
}

// add sorts a flow log in, unless it has been shown before.
func (f *finding) add(w *wanted, flowLog types.FlowLog) {
	shown := func(other types.FlowLog) bool {
		return aws.ToString(other.FlowLogId) == aws.ToString(flowLog.FlowLogId)
	}
	if slices.ContainsFunc(f.equal, shown) || slices.ContainsFunc(f.others, shown) ||
		slices.ContainsFunc(f.conflicts, func(c Conflict) bool { return shown(c.FlowLog) }) {
		return
	}
	tags := w.tagDifferences(&flowLog)
	switch relation, differences := w.compare(&flowLog); relation {
	case equal:
		f.equal = append(f.equal, flowLog)
		f.differences = append(f.differences, tags)
	case inTheWay:
		f.conflicts = append(f.conflicts, Conflict{FlowLog: flowLog, Differences: append(differences, tags...)})
	case unrelated:
		f.others = append(f.others, flowLog)
	}
}

// decide returns what is to be done for a resource. A nil finding is one without
// flow logs.
func (r *Reconciler) decide(id string, f *finding) Change {
	c := Change{ResourceID: id, Action: ActionCreate}
	if f == nil {
		return c
	}
	c.Others = f.others
	for i := range f.equal {
		if c.Keep == nil || comparePreference(&f.equal[i], c.Keep) < 0 {
			c.Keep, c.Differences = &f.equal[i], f.differences[i]
		}
	}
	for i := range f.equal {
		if &f.equal[i] != c.Keep {
			c.Others = append(c.Others, f.equal[i])
		}
	}
	var replaceable, staying []Conflict
	for _, conflict := range f.conflicts {
		if r.replaceable(&conflict) {
			replaceable = append(replaceable, conflict)
		} else {
			staying = append(staying, conflict)
		}
	}
	switch {
	case c.Keep != nil && len(replaceable) == 0:
		c.Action, c.Conflicts = ActionKeep, staying
	case c.Keep != nil && isFailing(c.Keep), c.Keep == nil && len(staying) > 0:
		c.Action, c.Conflicts = ActionConflict, f.conflicts
	case len(replaceable) > 0:
		c.Action, c.Conflicts = ActionReplace, replaceable
		for _, conflict := range staying {
			c.Others = append(c.Others, conflict.FlowLog)
		}
	}
	slices.SortFunc(c.Conflicts, func(a, b Conflict) int { return compareAge(&a.FlowLog, &b.FlowLog) })
	slices.SortFunc(c.Others, func(a, b types.FlowLog) int { return compareAge(&a, &b) })
	return c
}

// replaceable reports whether a flow log in the way may be deleted.
func (r *Reconciler) replaceable(c *Conflict) bool {
	return r.options.Replace != nil && !c.perhapsEqual() && !isManaged(&c.FlowLog) && r.options.Replace(c.FlowLog)
}

// perhapsEqual reports whether the flow log may have the wanted destination.
func (c *Conflict) perhapsEqual() bool {
	return slices.ContainsFunc(c.Differences, func(d Difference) bool { return d.Field == fieldBucketARN })
}

// comparePreference orders equal flow logs, the one to keep first.
func comparePreference(a, b *types.FlowLog) int {
	failures := func(f *types.FlowLog) int {
		if isFailing(f) {
			return 1
		}
		return 0
	}
	return cmp.Or(failures(a)-failures(b), compareAge(a, b))
}

// compareAge orders flow logs by age, the oldest first. Those of the same time are
// in an order too, so that several Applies choose the same one.
func compareAge(a, b *types.FlowLog) int {
	return cmp.Or(
		aws.ToTime(a.CreationTime).Compare(aws.ToTime(b.CreationTime)),
		strings.Compare(aws.ToString(a.FlowLogId), aws.ToString(b.FlowLogId)),
	)
}
