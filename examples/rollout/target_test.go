package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/go-flowlogs/flowlogs"
)

var (
	dataConverter = converter.GetDefaultDataConverter()
	silent        = log.NewStructuredLogger(slog.New(slog.DiscardHandler))
)

const anything = mock.Anything

func chunks(task Task, _ int32) (Position, error) {
	next := task.Position
	next.Result.VPCs += 10
	next.Result.Kept += 10
	next.After += "x"
	next.Complete = len(next.After) == 3
	return next, nil
}

func TestRolloutTarget_WorksChunkByChunk(t *testing.T) {
	t.Parallel()
	w := &work{each: chunks}
	env := newEnvironment(w)
	env.ExecuteWorkflow(RolloutTarget, Task{})
	var r Result
	require.NoError(t, env.GetWorkflowResult(&r))
	assert.Equal(t, Tally{VPCs: 30, Kept: 30}, r.Tally)
	assert.Len(t, w.tasks, 3)
}

func TestRolloutTarget_PausesBetweenChunks(t *testing.T) {
	t.Parallel()
	w := &work{each: chunks}
	env := newEnvironment(w)
	before := 0
	env.RegisterDelayedCallback(func() { before = len(w.tasks) }, time.Hour)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(pauseSignal, false) }, 2*time.Hour)
	env.ExecuteWorkflow(RolloutTarget, Task{Paused: true})
	require.NoError(t, env.GetWorkflowError())
	assert.Zero(t, before)
	assert.Len(t, w.tasks, 3)
}

func TestRolloutTarget_ContinuesAsNewWithItsPosition(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{each: chunks})
	env.SetContinueAsNewSuggested(true)
	env.ExecuteWorkflow(RolloutTarget, Task{Rollout: "r"})
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	var task Task
	require.NoError(t, dataConverter.FromPayloads(next.Input, &task))
	assert.Equal(t, "x", task.Position.After)
	assert.Equal(t, "r", task.Rollout)
}

func TestRolloutTarget_RetriesWhatIsTransient(t *testing.T) {
	t.Parallel()
	w := &work{each: func(_ Task, attempt int32) (Position, error) {
		if attempt < 5 {
			return Position{}, failure(context.Background(), flowlogs.ErrThrottled, Result{})
		}
		return complete(10), nil
	}}
	env := newEnvironment(w)
	env.ExecuteWorkflow(RolloutTarget, Task{})
	require.NoError(t, env.GetWorkflowError())
	assert.Len(t, w.tasks, 5)
}

func TestRolloutTarget_FailsWithReasonHintAndCounts(t *testing.T) {
	t.Parallel()
	w := &work{each: func(Task, int32) (Position, error) {
		return Position{}, failure(context.Background(), flowlogs.ErrNotAuthorized, Result{Tally: Tally{VPCs: 10, Created: 4, Unreached: 6}})
	}}
	env := newEnvironment(w)
	env.ExecuteWorkflow(RolloutTarget, Task{})
	err := env.GetWorkflowError()
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	assert.Equal(t, "NotAuthorized", application.Type())
	assert.True(t, application.NonRetryable())
	assert.Len(t, w.tasks, 1)
	r := resultOf(Result{}, err)
	assert.Equal(t, "NotAuthorized", r.Reason)
	assert.Equal(t, flowlogs.ErrNotAuthorized.Hint(), r.Hint)
	assert.Equal(t, Tally{VPCs: 10, Created: 4, Unreached: 6}, r.Tally)
	assert.False(t, r.Retry)
}

func TestRolloutTarget_FailsForAConflict(t *testing.T) {
	t.Parallel()
	w := &work{each: func(Task, int32) (Position, error) {
		p := complete(9)
		p.Result.VPCs, p.Result.Conflicts = 10, 1
		p.Result.add(Problem{VPC: "vpc-1", Reason: reasonConflict})
		return p, nil
	}}
	env := newEnvironment(w)
	env.ExecuteWorkflow(RolloutTarget, Task{})
	r := resultOf(Result{}, env.GetWorkflowError())
	assert.Equal(t, reasonConflict, r.Reason)
	assert.Equal(t, 9, r.Created)
	assert.Equal(t, "vpc-1", r.Problems[0].VPC)
}

func TestResult_KeepsTheFirstFailureAmongManyConflicts(t *testing.T) {
	t.Parallel()
	var r Result
	for range 10 * mostProblems {
		r.Conflicts++
		r.add(Problem{Reason: reasonConflict})
	}
	r.Failed++
	r.add(Problem{Reason: "LimitExceeded"})
	r.explain()
	assert.Equal(t, "LimitExceeded", r.Reason)
	assert.Len(t, r.Problems, mostProblems)
	assert.Equal(t, 9*mostProblems+1, r.Omitted)
}
