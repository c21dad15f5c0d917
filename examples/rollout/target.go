package main

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/go-flowlogs/flowlogs"
)

// Task is the input of a run of RolloutTarget, and of its activities.
type Task struct {
	Target   Target
	Rollout  string // the value of the tag
	Request  flowlogs.Request
	PlanOnly bool `json:",omitempty"`
	Round    int
	Canceled bool   `json:",omitempty"` // only count
	Result   Result // so far
}

// RolloutTarget is the workflow of one target: a child of Rollout. An activity brings
// the VPCs to the state that the request asks for. If it is interrupted, its Result says
// so, and Rollout starts another run that resumes there. If there are problems already,
// this run resumes, from the second round on.
//
// It fails, with the Result as detail, if a VPC is not as the request asks for. So the
// server's list of failed workflows is the list of targets that need a person. If no
// other run comes back for what it has created, because it is canceled or the last round
// is over, it counts that first.
func RolloutTarget(ctx workflow.Context, task Task) (Result, error) {
	var a *Activities
	work := a.ApplyTarget
	if task.PlanOnly {
		work = a.PlanTarget
	}
	for !task.Canceled {
		var r Result
		err := workflow.ExecuteActivity(withAttempts(ctx, rounds[task.Round], heartbeatTimeout), work, task).Get(ctx, &r)
		if err != nil {
			r = resultOf(task.Result, err)
		}
		// The problems of a target that resumes are here alone: its parent does not carry
		// them along.
		resumes := r.More && len(r.Problems) > 0 && task.Round > 0 && !workflow.GetInfo(ctx).GetContinueAsNewSuggested()
		switch {
		case ctx.Err() != nil && (r.More || err != nil):
			task.Canceled = true
		case !resumes:
			return end(ctx, task, r)
		}
		task.Result = r
	}
	task.Result.end(reasonCanceled, "")
	return Result{}, temporal.NewCanceledError(countCreated(ctx, task))
}

// end returns what a child returns for a result.
func end(ctx workflow.Context, task Task, r Result) (Result, error) {
	switch {
	case r.More && len(r.Problems) > 0:
		r.end(reasonUnfinished, "it takes longer than its round has time for")
		r.More, r.Retry = false, true
	case r.More:
		return r, nil
	case r.Conflicts > 0 && r.Reason == "":
		r.end(reasonConflict, "")
	}
	if r.Reason == "" {
		return r, nil
	}
	if r.Retry && task.Round == len(rounds)-1 {
		task.Result = r
		r = countCreated(ctx, task)
	}
	return Result{}, temporal.NewNonRetryableApplicationError(r.Message, r.Reason, nil, r)
}

// countCreated returns the result of a task with what the rest of its VPCs have. The
// activities alone do not know what was created: they count whole pages, one may have
// died, and EC2 may have received a call whose response nobody awaited. So it is read
// from the tags of the flow logs.
func countCreated(ctx workflow.Context, task Task) Result {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	known := task.Result
	r, message := known, known.Message
	if !task.PlanOnly && workflow.Sleep(ctx, settling) == nil {
		var a *Activities
		ctx := withAttempts(ctx, round{attempts: 3, limit: time.Minute}, heartbeatTimeout)
		r.VPCs, r.Unreached = r.VPCs-r.Unreached, 0
		for r.More = true; r.More; {
			task.Result = r
			r = Result{} // of its own: what JSON omits would keep its value
			if err := workflow.ExecuteActivity(ctx, a.PlanTarget, task).Get(ctx, &r); err != nil {
				r = resultOf(task.Result, err)
				r.Unreached += max(0, known.VPCs-r.VPCs)
				r.VPCs = max(r.VPCs, known.VPCs)
				message = "what it has created could not be counted: " + r.Message
				break
			}
		}
	}
	r.Unreached, r.Missing = r.Unreached+r.Missing, 0
	r.More, r.Retry = false, false
	r.end(known.Reason, message)
	return r
}

const (
	heartbeatTimeout = 20 * time.Second // after which the death of a worker is noticed
	handOver         = 10 * time.Second // that an activity has left when it stops its work
	retryTimeout     = 20 * time.Second // of a call within an activity; after that the server retries
	settling         = 5 * time.Second  // after which EC2 shows what the last calls created
)

// withAttempts bounds the attempts of an activity. There is no ScheduleToClose or
// ScheduleToStart timeout: a target waits for a worker as long as there is none.
func withAttempts(ctx workflow.Context, r round, heartbeat time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: r.limit,
		HeartbeatTimeout:    heartbeat,
		WaitForCancellation: true, // so that the child ends after its last call
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    5 * time.Minute,
			MaximumAttempts:    r.attempts,
		},
	})
}
