package reconcile

import (
	"context"
	"errors"
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
// With DryRun, Apply asks EC2 whether it would create what is missing, and changes
// nothing. If EC2 would, the Outcome has neither an error nor a flow log.
//
// The caller needs the permission ec2:DescribeFlowLogs; to create, those of
// [flowlogs.Client.Create]; to replace, ec2:DeleteFlowLogs.
func (r *Reconciler) Apply(ctx context.Context, req flowlogs.Request) (*Result, error) {
	l, err := r.listingOf(req)
	if err != nil {
		return nil, err
	}
	a := &apply{l: l, req: req, outcomes: make(map[string]*Outcome, len(l.ids)), lost: make(map[string]bool)}
	a.run(ctx)
	result, failed := &Result{}, &ApplyError{}
	for _, id := range l.ids {
		o := *a.outcomes[id]
		result.Outcomes = append(result.Outcomes, o)
		result.Changed = result.Changed || o.Created || len(o.Deleted) > 0
		if o.Err != nil {
			failed.Outcomes = append(failed.Outcomes, o)
		}
	}
	if len(failed.Outcomes) > 0 {
		return result, failed
	}
	return result, nil
}

// apply is the state of one Apply.
type apply struct {
	l            *listing
	req          flowlogs.Request
	outcomes     map[string]*Outcome // by resource ID
	lost         map[string]bool     // resources for which an attempt without a response may have created a flow log
	replacements []replacement
}

// run plans and does what is planned.
func (a *apply) run(ctx context.Context) {
	plan, err := a.l.plan(ctx)
	var missing, successors []string // resources without any flow log, and those with one to replace
	for i, id := range a.l.ids {
		if a.outcomes[id] != nil {
			continue // listed twice, which Options.Create.Allow may accept
		}
		o := &Outcome{ResourceID: id, Err: err}
		a.outcomes[id] = o
		if err != nil {
			continue
		}
		c := plan.Changes[i]
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
	a.l.now.Missing = len(missing) + len(successors)
	// Successors go into calls of their own: whether EC2 accepts a flow log that
	// differs from another one only in some settings is not known, and a call that
	// it rejects for one resource is rejected for all.
	a.create(ctx, missing)
	a.create(ctx, successors)
	if !a.req.DryRun {
		a.replace(ctx)
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
