package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
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
	return a.work(ctx, task, (*page).apply)
}

// PlanTarget compares the flow logs of the VPCs with the request, and changes
// nothing.
func (a *Activities) PlanTarget(ctx context.Context, task Task) (Result, error) {
	return a.work(ctx, task, (*page).plan)
}

// vpcsPerPage is the number of VPCs between two positions: at least 4 calls of
// CreateFlowLogs, which are made at the same time, and 5 of DescribeFlowLogs.
const vpcsPerPage = 1_000

// work does the VPCs of a target that follow the position of the result so far, a page
// at a time.
//
// The position is the ID of a VPC, not a token of EC2's pages: a token may have
// expired when another worker takes over, so each attempt lists the VPCs anew.
func (a *Activities) work(activityCtx context.Context, task Task, do func(*page, context.Context) error) (Result, error) {
	ctx, stop := untilStopped(activityCtx)
	defer stop()
	start := resultSoFar(ctx, task)
	var recorded atomic.Pointer[Result] // nothing writes to a Result that is stored
	recorded.Store(&start)
	defer recordHeartbeats(activityCtx, &recorded)()

	var left []string
	region, err := a.aws.region(ctx, task.Target)
	if err == nil {
		left, err = region.vpcs(ctx, task.Target.Account)
	}
	r := start
	first, found := slices.BinarySearch(left, r.After)
	if found {
		first++
	}
	left = left[first:]
	request := task.Target.request(task.Request, task.Rollout)
	for err == nil && len(left) > 0 {
		some := left[:min(len(left), vpcsPerPage)]
		next := r
		next.Problems = slices.Clone(r.Problems)
		request.ResourceIDs = some
		if err = do(&page{region.reconciler, request, &next}, ctx); err == nil {
			next.VPCs += len(some)
			next.After, left = some[len(some)-1], left[len(some):]
			r = next
			recorded.Store(&next)
		}
	}
	switch cause := context.Cause(ctx); {
	case err == nil:
		r.After = ""
		return r, nil
	case cause == nil:
		r.VPCs, r.Unreached = r.VPCs+len(left), len(left)
		return r, failure(err, r)
	case r.After == start.After:
		return r, failure(cause, r)
	}
	r.More = true // whoever interrupted the work resumes it, or no longer wants it
	return r, nil
}

// resultSoFar returns the result in the last heartbeat that reached the server, or
// that of the task. The SDK sends one heartbeat in 5 seconds at most, so some pages
// may be done again.
func resultSoFar(ctx context.Context, task Task) Result {
	var last Result
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &last) == nil {
		return last
	}
	r := task.Result
	r.More = false
	return r
}

// recordHeartbeats records the current result every two seconds until stop is called,
// also during a page that takes long because EC2 throttles. Another worker can resume
// from it.
func recordHeartbeats(ctx context.Context, r *atomic.Pointer[Result]) (stop func()) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		ticker := time.NewTicker(heartbeatTimeout / 10)
		defer ticker.Stop()
		for {
			activity.RecordHeartbeat(ctx, *r.Load())
			select {
			case <-ticker.C:
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		wait.Wait()
	}
}

var (
	errStopping = &reasonError{reasonUnfinished, errors.New("the worker is stopping")}
	errTimeUp   = &reasonError{reasonUnfinished, errors.New("EC2 has not completed a page of VPCs in the time of one attempt")}
)

// untilStopped returns a context that ends when the worker stops, so that another one
// takes over at once, and some time before the server gives the attempt up.
func untilStopped(ctx context.Context) (context.Context, func()) {
	deadline, _ := ctx.Deadline() // an activity has one
	ctx, stop := context.WithDeadlineCause(ctx, deadline.Add(-handOver), errTimeUp)
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			cancel(errStopping)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil); stop() }
}
