package reconcile

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/internal/call"
)

// Apply brings the flow logs of the request's resources to the requested state. It
// makes a new plan, creates what is missing, and replaces what Options.Replace
// allows. If there is nothing to do, it only lists. Without resources, the Result is
// empty.
//
// The error is nil, a *[flowlogs.ValidationError], with which the Result is nil,
// or an *[ApplyError]. A resource that fails does not stop the others. After a crash,
// or when the cause of an error is gone, call Apply again: it does what is left.
// Applies of the same request may run at the same time. Applies of requests that
// replace each other's flow logs must not.
//
// A replacement never leaves a resource without a flow log: Apply creates the new
// one, watches it for as long as Options.Probation, and deletes the old one last. If
// EC2 does not accept the new one beside the old one, or if the new one is failing,
// the old one stays.
//
// With DryRun, Apply asks EC2 whether it would create what is missing, and changes
// nothing. If EC2 would, the Outcome has neither an error nor a flow log.
//
// The caller needs the permission ec2:DescribeFlowLogs; to create, those of
// [flowlogs.Client.Create]; to replace, ec2:DeleteFlowLogs.
func (r *Reconciler) Apply(ctx context.Context, req flowlogs.Request) (*Result, error) {
	l, ids, err := r.listingOf(req)
	if err != nil {
		return nil, err
	}
	a := &apply{r: r, l: l, progress: l.progress, req: req, index: make(map[string]int, len(ids)), lost: make(map[string]bool)}
	for _, id := range ids {
		if _, repeated := a.index[id]; !repeated { // Options.Create.Allow may accept it
			a.index[id] = len(a.outcomes)
			a.outcomes = append(a.outcomes, Outcome{ResourceID: id})
		}
	}
	a.run(ctx)
	result := &Result{}
	for _, id := range ids {
		result.Outcomes = append(result.Outcomes, *a.outcome(id))
	}
	result.Changed = slices.ContainsFunc(a.outcomes, func(o Outcome) bool { return o.Created || len(o.Deleted) > 0 })
	return result, applyError(a.outcomes)
}

// apply is the state of one Apply.
type apply struct {
	r            *Reconciler
	l            *listing
	progress     *progress // of l
	req          flowlogs.Request
	outcomes     []Outcome       // one for each resource
	index        map[string]int  // of outcomes, by resource ID
	lost         map[string]bool // resources for which an attempt without a response may have created a flow log
	replacements []replacement
}

func (a *apply) outcome(resourceID string) *Outcome { return &a.outcomes[a.index[resourceID]] }

func (a *apply) run(ctx context.Context) {
	ids := make([]string, len(a.outcomes))
	for i := range a.outcomes {
		ids[i] = a.outcomes[i].ResourceID
	}
	found, err := a.l.list(ctx, ids)
	if err != nil {
		a.fail(ids, err)
		return
	}
	var missing, successors []string // resources without any, and resources with a flow log to replace
	for _, id := range ids {
		o, c := a.outcome(id), a.l.decide(id, found[id])
		delete(found, id)
		o.Action = c.Action
		if c.Keep != nil {
			o.keep(c.Keep)
		}
		switch c.Action {
		case ActionCreate:
			missing = append(missing, id)
		case ActionConflict:
			conflict := &ConflictError{ResourceID: id, Conflicts: c.Conflicts}
			if c.Keep != nil {
				conflict.Err = failingError(c.Keep)
			}
			o.Err = conflict
		case ActionReplace:
			if c.Keep == nil {
				successors = append(successors, id)
			}
			for _, old := range c.Conflicts {
				a.replacements = append(a.replacements, replacement{outcome: o, old: old})
			}
		}
	}
	a.progress.now.Missing = len(missing) + len(successors)
	// Successors go into calls of their own: whether EC2 accepts a flow log that
	// differs from another one only in some settings is not known, and a call that
	// it rejects for one resource is rejected for all.
	a.create(ctx, missing)
	a.create(ctx, successors)
	if !a.req.DryRun {
		a.replace(ctx)
	}
}

func (a *apply) fail(ids []string, err error) {
	for _, id := range ids {
		a.outcome(id).Err = err
	}
}

// lagWaits are the waits for what DescribeFlowLogs does not show yet: half a minute in
// all. EC2 is eventually consistent, and nobody has measured how soon:
// https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
var lagWaits = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second}

// await calls try until it reports that what it waits for is shown, at most as long as
// lagWaits. It returns the error of the last call, and that of the context if this ends.
func await(ctx context.Context, try func() (shown bool, err error)) error {
	for n := 0; ; n++ {
		shown, err := try()
		switch {
		case shown:
			return nil
		case n == len(lagWaits), ctx.Err() != nil && errors.Is(err, ctx.Err()):
			return err
		case !sleep(ctx, lagWaits[n]):
			return also(call.ContextError(ctx), err)
		}
	}
}
