package main

import (
	"errors"
	"slices"
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
	Again    bool `json:",omitempty"` // an earlier child may have created some flow logs
	Paused   bool `json:",omitempty"`
	Position Position
}

// Position is how far the work on a target has come.
type Position struct {
	After    string // the last VPC that is done, in the order of their IDs
	Complete bool   `json:",omitempty"`
	Result   Result // of the VPCs up to here
}

// clone returns a copy that can be added to.
func (p Position) clone() Position {
	p.Result.Problems = slices.Clone(p.Result.Problems)
	return p
}

// RolloutTarget is the workflow of one target: a child of Rollout. Each activity
// brings a chunk of the VPCs to the state that the request asks for, and returns
// the Position at which the next one starts.
//
// It fails, with the Result as detail, if a VPC is not as the request asks for. So
// the server's list of failed workflows is the list of targets that need a person.
func RolloutTarget(ctx workflow.Context, task Task) (Result, error) {
	var a *Activities
	work := a.ApplyTarget
	if task.PlanOnly {
		work = a.PlanTarget
	}
	pauses := listenForPause(ctx, func(_ workflow.Context, paused bool) { task.Paused = paused })
	for chunks := 0; !task.Position.Complete; chunks++ {
		if err := workflow.Await(ctx, func() bool { return !task.Paused }); err != nil {
			return Result{}, err
		}
		if chunks > 0 && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			pauses.drain(ctx)
			return Result{}, workflow.NewContinueAsNewError(ctx, RolloutTarget, task)
		}
		var next Position
		if err := workflow.ExecuteActivity(withTargetOptions(ctx), work, task).Get(ctx, &next); err != nil {
			if temporal.IsCanceledError(err) {
				return Result{}, err
			}
			return end(resultOf(task.Position.Result, err))
		}
		task.Position = next
	}
	return end(task.Position.Result)
}

// end returns what a child returns for a result.
func end(r Result) (Result, error) {
	if r.Reason == "" {
		r.explain()
	}
	if r.Reason == "" {
		return r, nil
	}
	return Result{}, temporal.NewNonRetryableApplicationError(r.Message, r.Reason, nil, r)
}

// resultOf returns the result in the error of an activity or a child, which all of
// theirs have, or one that says what the server has to say.
func resultOf(r Result, err error) Result {
	if err == nil {
		return r
	}
	var application *temporal.ApplicationError
	if errors.As(err, &application) && application.HasDetails() && application.Details(&r) == nil {
		return r
	}
	r.Message = truncated(err.Error(), mostOfMessage)
	var timeout *temporal.TimeoutError
	var terminated *temporal.TerminatedError
	var running *temporal.ChildWorkflowExecutionAlreadyStartedError
	switch {
	case temporal.IsCanceledError(err):
		r.Reason = reasonCanceled
	case errors.As(err, &running):
		r.Reason, r.Retry = reasonRunning, true
	case errors.As(err, &terminated):
		r.Reason = reasonTerminated
	case errors.As(err, &timeout):
		r.Reason, r.Retry = reasonTimeout, true
	default:
		r.Reason = reasonFailed
	}
	r.Hint = hintOf(r.Reason)
	return r
}

// heartbeatTimeout is how soon the death of a worker is noticed.
const heartbeatTimeout = 20 * time.Second

// withTargetOptions bounds the work on a chunk. There is no ScheduleToClose or
// ScheduleToStart timeout: a target waits for a worker as long as there is none.
func withTargetOptions(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Hour,
		HeartbeatTimeout:    heartbeatTimeout,
		WaitForCancellation: true, // so that the child ends after its last call
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    5 * time.Minute,
			MaximumAttempts:    15, // half an hour of them
		},
	})
}

func withListOptions(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Minute,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    5 * time.Minute,
			MaximumAttempts:    15,
		},
	})
}
