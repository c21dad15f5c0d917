package main

import (
	"context"
	"errors"
	"slices"

	"go.temporal.io/sdk/activity"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// Activities are the activities of a worker.
type Activities struct{ aws *organization }

// ListAccounts returns the active accounts of the organization.
func (a *Activities) ListAccounts(ctx context.Context) ([]Account, error) {
	accounts, err := a.aws.accounts(ctx)
	if err != nil {
		return nil, failure(err, Result{})
	}
	return accounts, nil
}

// ApplyTarget creates the flow logs that the VPCs of a target lack, until it is done or
// interrupted. It deletes nothing.
//
// An activity runs at least once: a worker can die after EC2 has created the flow
// logs and before the server knows, and a worker that was only slow can still be at
// it when another one starts over. That does no harm here, because Apply creates
// what is missing and nothing else: it lists first, retries under the token of the
// call, and EC2 rejects a second flow log with the same settings. So every VPC gets
// exactly one.
func (a *Activities) ApplyTarget(ctx context.Context, task Task) (Result, error) {
	return a.work(ctx, task, (*job).apply)
}

// PlanTarget compares the flow logs of the VPCs with the request, and changes
// nothing.
func (a *Activities) PlanTarget(ctx context.Context, task Task) (Result, error) {
	return a.work(ctx, task, (*job).plan)
}

// vpcsPerPage is the number of VPCs between two heartbeats: at least 4 calls of
// CreateFlowLogs, which are made at the same time, and 5 of DescribeFlowLogs.
const vpcsPerPage = 1_000

// work calls page for the VPCs of a target that follow those of the result so far, a
// page at a time, and records a heartbeat after each.
//
// The position is the ID of a VPC, not a token of EC2's pages: a token may have
// expired when another worker takes over, so each attempt lists the VPCs anew.
func (a *Activities) work(activityCtx context.Context, task Task, page func(*job, context.Context, []string) error) (Result, error) {
	ctx, stop := untilStopped(activityCtx)
	defer stop()
	heart := startHeart(activityCtx, resultSoFar(ctx, task))
	defer heart.stop()
	start := heart.result.After

	// Whoever interrupts the work resumes it, or does not want it any more: that is no
	// failure. But what makes no progress in its time does not go on like that.
	end := func(r Result, err error) (Result, error) {
		cause := context.Cause(ctx)
		switch {
		case cause == nil:
			return r, failure(err, r)
		case errors.Is(cause, errTimeUp) && r.After == start:
			return r, failure(errTimeUp, r)
		}
		r.VPCs, r.Unreached = r.VPCs-r.Unreached, 0
		r.More = true
		return r, nil
	}

	r := heart.result
	region, err := a.aws.region(ctx, task.Target)
	if err != nil {
		return end(r, err)
	}
	ids, err := region.vpcs(ctx, task.Target.Account)
	if err != nil {
		return end(r, err)
	}
	first, found := slices.BinarySearch(ids, r.After)
	if found {
		first++
	}
	left := ids[first:]
	for some := range slices.Chunk(left, vpcsPerPage) {
		next := r
		next.Problems = slices.Clone(r.Problems)
		if err := page(newJob(ctx, task, region, &next), ctx, some); err != nil {
			r.VPCs += len(left)
			r.Unreached = len(left)
			return end(r, err)
		}
		left, next.After = left[len(some):], some[len(some)-1]
		r = next
		heart.beat(r)
	}
	r.After = ""
	return r, nil
}

// resultSoFar returns the result when the last attempt recorded a heartbeat that
// reached the server, or that of the task. The SDK sends one heartbeat in 5 seconds at
// most, so some pages may be done again.
func resultSoFar(ctx context.Context, task Task) Result {
	var last Result
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &last) == nil {
		return last
	}
	r := task.Result
	r.More = false
	return r
}

// job is the work on a page.
type job struct {
	task       Task
	request    flowlogs.Request
	reconciler *reconcile.Reconciler
	result     *Result
	resumed    bool // an earlier attempt may have created some flow logs
}

func newJob(ctx context.Context, task Task, region *region, result *Result) *job {
	j := &job{
		task:    task,
		request: task.Target.request(task.Request, task.Rollout),
		result:  result,
		resumed: task.Again || activity.GetInfo(ctx).Attempt > 1,
	}
	j.reconciler = reconcile.New(region.ec2, func(o *reconcile.Options) {
		o.DescribeLimiter = region.describes
		o.Create = append(o.Create, func(o *flowlogs.Options) {
			o.Limiter = region.creates
			// The retries that take long are the server's: they need no worker.
			o.RetryTimeout = retryTimeout
		})
	})
	return j
}
