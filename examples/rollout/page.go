package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// apply creates the flow logs that the VPCs lack. The error is one for which the
// page is to be done again, or for which the target ends.
func (j *job) apply(ctx context.Context, ids []string) error {
	j.request.ResourceIDs = ids
	applied, err := j.reconciler.Apply(ctx, j.request)
	if applied == nil {
		return err
	}
	if err := transient(ctx, applied.Outcomes); err != nil {
		return err
	}
	before := j.result.Tally
	var kept []string
	var failed error
	for i := range applied.Outcomes {
		o := &applied.Outcomes[i]
		j.count(o)
		switch reason := flowlogs.ReasonOf(o.Err); {
		case o.Err == nil && !o.Created:
			kept = append(kept, o.ResourceID)
		case j.result.Failed > before.Failed && failed == nil && reason != flowlogs.ErrNotAttempted:
			failed = o.Err
		}
	}
	if j.resumed && len(kept) > 0 {
		j.request.ResourceIDs = kept
		plan, err := j.reconciler.Plan(ctx, j.request)
		if err != nil {
			return err
		}
		for i := range plan.Changes {
			j.claim(&plan.Changes[i])
		}
	}
	done := j.result.Created + j.result.Kept - before.Created - before.Kept
	if done == 0 {
		return failed // the next page would fail for the same reason
	}
	return nil
}

// transient returns an error for which the page is to be done again, if there is
// one. What was not attempted has its reason in another outcome.
func transient(ctx context.Context, outcomes []reconcile.Outcome) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i := range outcomes {
		reason := flowlogs.ReasonOf(outcomes[i].Err)
		if reason.Retryable() && reason != flowlogs.ErrNotAttempted {
			return outcomes[i].Err
		}
	}
	return nil
}

// count adds the outcome of a VPC to the result.
func (j *job) count(o *reconcile.Outcome) {
	r := j.result
	r.VPCs++
	var conflict *reconcile.ConflictError
	reason, _ := reasonOf(o.Err)
	switch {
	case o.Created || errors.Is(o.Err, reconcile.ErrNotShown):
		r.Created++
	case o.Err == nil:
		r.Kept++
	case errors.As(o.Err, &conflict):
		r.Conflicts++
		j.addConflicts(o.ResourceID, conflict.Conflicts, o.Err.Error())
	case reason == string(flowlogs.ErrResourceNotFound):
		r.Gone++
	default:
		r.Failed++
		r.add(Problem{VPC: o.ResourceID, Reason: reason, Message: o.Err.Error()})
	}
}

// claim counts a kept flow log as created if this rollout created it, in an attempt
// that could not report it.
func (j *job) claim(c *reconcile.Change) {
	if c.Keep != nil && slices.ContainsFunc(c.Keep.Tags, func(tag types.Tag) bool {
		return aws.ToString(tag.Key) == rolloutTag && aws.ToString(tag.Value) == j.task.Rollout
	}) {
		j.result.Created++
		j.result.Kept--
	}
}

// plan counts what apply would do. What this rollout has created itself counts as
// created.
func (j *job) plan(ctx context.Context, ids []string) error {
	j.request.ResourceIDs = ids
	plan, err := j.reconciler.Plan(ctx, j.request)
	if err != nil {
		return err
	}
	for i := range plan.Changes {
		c := &plan.Changes[i]
		j.result.VPCs++
		switch c.Action {
		case reconcile.ActionCreate:
			j.result.Missing++
		case reconcile.ActionKeep:
			j.result.Kept++
			j.claim(c)
		default:
			j.result.Conflicts++
			j.addConflicts(c.ResourceID, c.Conflicts, "")
		}
	}
	return nil
}

// addConflicts adds one problem for each flow log that conflicts. The tag of the rollout is
// left out of the differences: a flow log that others created never has it.
func (j *job) addConflicts(id string, conflicts []reconcile.Conflict, message string) {
	if len(conflicts) == 0 {
		j.result.add(Problem{VPC: id, Reason: reasonConflict, Message: message})
	}
	for _, c := range conflicts {
		p := Problem{VPC: id, Reason: reasonConflict, FlowLog: aws.ToString(c.FlowLog.FlowLogId)}
		for _, d := range c.Differences {
			if d.Field != fmt.Sprintf("Tags[%q]", rolloutTag) {
				d.Want, d.Have = truncated(d.Want, maxDifference), truncated(d.Have, maxDifference)
				p.Differences = append(p.Differences, d)
			}
		}
		j.result.add(p)
	}
}
