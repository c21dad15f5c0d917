package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// page is the work on some VPCs of a target.
type page struct {
	reconciler *reconcile.Reconciler
	request    flowlogs.Request // for these VPCs
	result     *Result          // to which they are added
}

// plan compares. It returns an error if the page is to be done again, or if the target
// ends.
func (p *page) plan(ctx context.Context) error {
	plan, err := p.reconciler.Plan(ctx, p.request)
	if err != nil {
		return err
	}
	for i := range plan.Changes {
		switch c := &plan.Changes[i]; c.Action {
		case reconcile.ActionCreate:
			p.result.Missing++
		case reconcile.ActionKeep:
			p.keep(c.Keep)
		default:
			p.addConflicts(c.ResourceID, c.Conflicts, "")
		}
	}
	return nil
}

// apply creates what is missing. It returns an error as plan does.
func (p *page) apply(ctx context.Context) error {
	before := p.result.Created + p.result.Kept
	applied, err := p.reconciler.Apply(ctx, p.request)
	if applied == nil {
		return err
	}
	var failed error // the first failure
	for i := range applied.Outcomes {
		o := &applied.Outcomes[i]
		var conflict *reconcile.ConflictError
		reason, _ := reasonOf(o.Err)
		attempted := reason != string(flowlogs.ErrNotAttempted) // or another outcome says why
		switch {
		case attempted && flowlogs.Reason(reason).Retryable():
			return o.Err
		case o.Created || errors.Is(o.Err, reconcile.ErrNotShown):
			p.result.Created++
		case o.Err == nil:
			p.keep(o.Keep)
		case errors.As(o.Err, &conflict):
			p.addConflicts(o.ResourceID, conflict.Conflicts, o.Err.Error())
		case reason == string(flowlogs.ErrResourceNotFound):
			p.result.Gone++
		default:
			// Without the ID, what failed in one call has one message.
			message := strings.TrimPrefix(o.Err.Error(), o.ResourceID+": ")
			p.result.addFailure(Problem{VPC: o.ResourceID, Reason: reason, Message: message})
			if failed == nil && attempted {
				failed = o.Err
			}
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if p.result.Created+p.result.Kept == before {
		return failed // the next page would fail for the same reason
	}
	return nil
}

// keep counts a VPC that has its flow log. The tag tells whether this rollout created it:
// in an attempt that could not report it.
func (p *page) keep(f *types.FlowLog) {
	created := slices.ContainsFunc(f.Tags, func(tag types.Tag) bool {
		return aws.ToString(tag.Key) == rolloutTag && aws.ToString(tag.Value) == p.request.Tags[rolloutTag]
	})
	if created {
		p.result.Created++
	} else {
		p.result.Kept++
	}
}

// addConflicts adds one problem for each flow log that conflicts. The differences leave
// out the tag of the rollout: a flow log that others created never has it.
func (p *page) addConflicts(id string, conflicts []reconcile.Conflict, message string) {
	p.result.Conflicts++
	if len(conflicts) == 0 {
		p.result.add(Problem{VPC: id, Reason: reasonConflict, Message: message})
	}
	for _, c := range conflicts {
		problem := Problem{VPC: id, Reason: reasonConflict, FlowLog: aws.ToString(c.FlowLog.FlowLogId)}
		for _, d := range c.Differences {
			if d.Field != fmt.Sprintf("Tags[%q]", rolloutTag) {
				d.Want, d.Have = truncated(d.Want, maxDifference), truncated(d.Have, maxDifference)
				problem.Differences = append(problem.Differences, d)
			}
		}
		p.result.add(problem)
	}
}
