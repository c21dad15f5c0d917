package main

import (
	"context"
	"slices"
	"time"

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
		return nil, failure(ctx, err, Result{})
	}
	return accounts, nil
}

// ApplyTarget creates the flow logs that a chunk of the VPCs of a target lacks. It
// deletes nothing.
//
// An activity runs at least once: a worker can die after EC2 has created the flow
// logs and before the server knows, and a worker that was only slow can still be at
// it when another one starts over. That does no harm here, because Apply creates
// what is missing and nothing else: it lists first, retries under the token of the
// call, and EC2 rejects a second flow log with the same settings. So every VPC gets
// exactly one.
func (a *Activities) ApplyTarget(ctx context.Context, task Task) (Position, error) {
	return a.work(ctx, task, (*job).apply)
}

// PlanTarget compares the flow logs of a chunk of the VPCs with the request, and
// changes nothing.
func (a *Activities) PlanTarget(ctx context.Context, task Task) (Position, error) {
	return a.work(ctx, task, (*job).plan)
}

const (
	vpcsPerPage  = 1_000 // between two positions: 4 calls of CreateFlowLogs, at most 10 of DescribeFlowLogs
	vpcsPerChunk = 5_000 // of one activity: some seconds, after which it can be paused
)

// job is an attempt of an activity.
type job struct {
	task       Task
	request    flowlogs.Request
	reconciler *reconcile.Reconciler
	result     *Result
	resumed    bool // an earlier attempt may have created some flow logs
}

// work calls page for the VPCs of a chunk, a page at a time, and records a
// heartbeat after each.
//
// The position is the ID of a VPC, not a token of EC2's pages: a token may have
// expired when another worker takes over, so each attempt lists the VPCs anew.
func (a *Activities) work(ctx context.Context, task Task, page func(*job, context.Context, []string) error) (Position, error) {
	ctx, stop := untilStopped(ctx)
	defer stop()
	heart := startHeart(ctx, positionOf(ctx, task))
	defer heart.stop()
	position := heart.position
	region, err := a.aws.region(ctx, task.Target)
	if err != nil {
		return position, failure(ctx, err, position.Result)
	}
	ids, err := region.vpcs(ctx, task.Target.Account)
	if err != nil {
		return position, failure(ctx, err, position.Result)
	}
	done, found := slices.BinarySearch(ids, position.After)
	if found {
		done++
	}
	left := ids[done:]
	for some := range slices.Chunk(left[:min(len(left), vpcsPerChunk)], vpcsPerPage) {
		next := position.clone()
		j := newJob(ctx, task, region, &next.Result)
		if err := page(j, ctx, some); err != nil {
			position.Result.VPCs += len(left)
			position.Result.Unreached = len(left)
			return position, failure(ctx, err, position.Result)
		}
		left, next.After = left[len(some):], some[len(some)-1]
		position = next
		heart.beat(position)
	}
	position.Complete = len(left) == 0
	return position, nil
}

// positionOf returns where to start: where the last attempt was when it recorded a
// heartbeat that reached the server, or where the task says. The SDK sends one
// heartbeat in 5 seconds at most, so some pages may be done again.
func positionOf(ctx context.Context, task Task) Position {
	position := task.Position
	if activity.HasHeartbeatDetails(ctx) {
		var last Position
		if activity.GetHeartbeatDetails(ctx, &last) == nil {
			return last
		}
	}
	return position
}

func newJob(ctx context.Context, task Task, region *region, result *Result) *job {
	j := &job{
		task:    task,
		request: task.Target.request(task.Request, task.Rollout),
		result:  result,
		resumed: task.Again || activity.GetInfo(ctx).Attempt > 1,
	}
	j.reconciler = reconcile.New(region.ec2, func(o *reconcile.Options) {
		o.Describe = region.describes
		o.Client = append(o.Client, func(o *flowlogs.Options) {
			o.Limiter = region.creates
			// The retries that take long are the server's: they need no worker.
			o.RetryTimeout = time.Minute
		})
	})
	return j
}
