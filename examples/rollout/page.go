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
	request    flowlogs.Request
	rollout    string
	planOnly   bool
	reconciler *reconcile.Reconciler
	result     *Result // to which the VPCs are added
}

func newPage(task Task, planOnly bool, region *region, result *Result) *page {
	return &page{
		request:  task.Target.request(task.Request, task.Rollout),
		rollout:  task.Rollout,
		planOnly: planOnly,
		reconciler: reconcile.New(region.ec2, func(o *reconcile.Options) {
			o.DescribeLimiter = region.describes
			o.Create = append(o.Create, func(o *flowlogs.Options) {
				o.Limiter = region.creates
				// The retries that take long are the server's: they need no worker.
				o.RetryTimeout = retryTimeout
			})
		}),
		result: result,
	}
}

// do compares, and creates what is missing unless it only plans. It returns an error if
// the page is to be done again, or if the target ends.
func (p *page) do(ctx context.Context, ids []string) error {
	before := p.result.Created + p.result.Kept
	p.request.ResourceIDs = ids
	plan, err := p.reconciler.Plan(ctx, p.request)
	if err != nil {
		return err
	}
	var missing []string
	for i := range plan.Changes {
		switch c := &plan.Changes[i]; {
		case c.Action == reconcile.ActionCreate:
			missing = append(missing, c.ResourceID)
		case c.Action != reconcile.ActionKeep:
			p.addConflicts(c.ResourceID, c.Conflicts, "")
		case p.created(c.Keep):
			p.result.Created++
		default:
			p.result.Kept++
		}
	}
	if p.planOnly {
		p.result.Missing += len(missing)
		return nil
	}
	if len(missing) == 0 {
		return nil
	}
	failed, err := p.create(ctx, missing)
	if err == nil && p.result.Created+p.result.Kept == before {
		return failed // the next page would fail for the same reason
	}
	return err
}

// created reports whether this rollout created the flow log: in an attempt that could
// not report it.
func (p *page) created(f *types.FlowLog) bool {
	return slices.ContainsFunc(f.Tags, func(tag types.Tag) bool {
		return aws.ToString(tag.Key) == rolloutTag && aws.ToString(tag.Value) == p.rollout
	})
}

// create creates the flow logs of VPCs that have none. It returns the first failure. The
// error is not nil if the page is to be done again.
func (p *page) create(ctx context.Context, ids []string) (failed, err error) {
	p.request.ResourceIDs = ids
	applied, err := p.reconciler.Apply(ctx, p.request)
	if applied == nil {
		return nil, err
	}
	var kept []string
	for i := range applied.Outcomes {
		o := &applied.Outcomes[i]
		var conflict *reconcile.ConflictError
		reason, _ := reasonOf(o.Err)
		attempted := reason != string(flowlogs.ErrNotAttempted) // or another outcome says why
		switch {
		case attempted && flowlogs.Reason(reason).Retryable():
			return nil, o.Err
		case o.Created || errors.Is(o.Err, reconcile.ErrNotShown):
			p.result.Created++
		case o.Err == nil:
			kept = append(kept, o.ResourceID)
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
		return nil, ctx.Err()
	}
	if len(kept) > 0 { // they were created meanwhile: their tags say by whom
		return failed, p.do(ctx, kept)
	}
	return failed, nil
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
