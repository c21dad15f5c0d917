package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"

	"github.com/go-flowlogs/flowlogs"
)

var (
	dataConverter = converter.GetDefaultDataConverter()
	silent        = log.NewStructuredLogger(slog.New(slog.DiscardHandler))
)

const anything = mock.Anything

func TestRolloutTarget_SaysWhereItResumes(t *testing.T) {
	t.Parallel()
	slow := Result{Tally: Tally{VPCs: 1000, Kept: 1000}, After: "vpc-1000", More: true}
	env := newEnvironment(&work{each: func(Task, int32) (Result, error) { return slow, nil }})
	env.ExecuteWorkflow(RolloutTarget, Task{})
	var r Result
	require.NoError(t, env.GetWorkflowResult(&r))
	assert.Equal(t, slow, r)
}

// What conflicts must be in the report, and the parent does not carry it along.
func TestRolloutTarget_StartsOverInTheNextRoundIfItHasProblems(t *testing.T) {
	t.Parallel()
	slow := Result{Tally: Tally{VPCs: 1000, Kept: 999, Conflicts: 1}, After: "vpc-1000", More: true,
		Problems: []Problem{{VPC: "vpc-1", Reason: reasonConflict}}}
	env := newEnvironment(&work{each: func(Task, int32) (Result, error) { return slow, nil }})
	env.ExecuteWorkflow(RolloutTarget, Task{})
	r := resultOf(Result{}, env.GetWorkflowError())
	assert.Equal(t, reasonUnfinished, r.Reason)
	assert.True(t, r.Retry)
	assert.Equal(t, slow.Problems, r.Problems)
	assert.Zero(t, r.position())
}

func TestRolloutTarget_ResumesInALaterRoundIfItHasProblems(t *testing.T) {
	t.Parallel()
	w := &work{each: func(task Task, _ int32) (Result, error) {
		r := task.Result
		r.VPCs, r.After = r.VPCs+10, r.After+"x"
		r.Conflicts++
		r.add(Problem{VPC: r.After, Reason: reasonConflict})
		r.More = len(r.After) < 3
		return r, nil
	}}
	env := newEnvironment(w)
	env.ExecuteWorkflow(RolloutTarget, Task{Round: 1})
	r := resultOf(Result{}, env.GetWorkflowError())
	assert.Equal(t, reasonConflict, r.Reason)
	assert.Equal(t, Tally{VPCs: 30, Conflicts: 3}, r.Tally)
	assert.Len(t, r.Problems, 3)
	assert.Len(t, w.tasks, 3)
}

func TestRolloutTarget_RetriesWhatIsTransient(t *testing.T) {
	t.Parallel()
	w := &work{each: func(_ Task, attempt int32) (Result, error) {
		if attempt < 5 {
			return Result{}, failure(flowlogs.ErrThrottled, Result{})
		}
		return complete(10), nil
	}}
	env := newEnvironment(w)
	env.ExecuteWorkflow(RolloutTarget, Task{Round: 2})
	require.NoError(t, env.GetWorkflowError())
	assert.Len(t, w.tasks, 5)
}

func TestRolloutTarget_FailsWithReasonHintAndCounts(t *testing.T) {
	t.Parallel()
	w := &work{each: func(Task, int32) (Result, error) {
		return Result{}, failure(flowlogs.ErrNotAuthorized, Result{Tally: Tally{VPCs: 10, Created: 4, Unreached: 6}})
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
	w := &work{each: func(Task, int32) (Result, error) {
		p := complete(9)
		p.VPCs, p.Conflicts = 10, 1
		p.add(Problem{VPC: "vpc-1", Reason: reasonConflict})
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
	for range 10 * maxProblems {
		r.Conflicts++
		r.add(Problem{Reason: reasonConflict})
	}
	r.addFailure(Problem{Reason: "LimitExceeded", Message: "first"})
	r.addFailure(Problem{Reason: "Throttled", Message: "second"})
	env := newEnvironment(&work{each: func(Task, int32) (Result, error) { return r, nil }})
	env.ExecuteWorkflow(RolloutTarget, Task{})
	r = resultOf(Result{}, env.GetWorkflowError())
	assert.Equal(t, "LimitExceeded", r.Reason)
	assert.Equal(t, "first", r.Message)
	assert.Len(t, r.Problems, maxProblems)
	assert.Equal(t, 9*maxProblems+2, r.Omitted)
}

func TestRolloutTarget_EndsCanceledWithWhatEC2Has(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{})
	env.OnActivity("ApplyTarget", anything, anything).After(time.Hour).Return(complete(1), nil)
	env.OnActivity("PlanTarget", anything, anything).Return(Result{Tally: Tally{VPCs: 10, Created: 7, Kept: 1, Missing: 2}}, nil)
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
	env.ExecuteWorkflow(RolloutTarget, Task{})
	err := env.GetWorkflowError()
	require.True(t, temporal.IsCanceledError(err))
	r := resultOf(Result{}, err)
	assert.Equal(t, Tally{VPCs: 10, Created: 7, Kept: 1, Unreached: 2}, r.Tally)
	assert.Equal(t, reasonCanceled, r.Reason)
	assert.Equal(t, startAgain, r.Hint)
	assert.Empty(t, r.Message)
}

// The activity that was interrupted said that there was more.
func TestRolloutTarget_CountsOnceWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := &work{}
	env := newEnvironment(w)
	env.ExecuteWorkflow(RolloutTarget, Task{Canceled: true, Result: Result{Tally: Tally{VPCs: 5}, After: "vpc-5", More: true}})
	assert.Equal(t, 10, resultOf(Result{}, env.GetWorkflowError()).VPCs)
	assert.Len(t, w.tasks, 1)
}

func TestRolloutTarget_SaysThatItCouldNotCount(t *testing.T) {
	t.Parallel()
	w := &work{each: func(task Task, _ int32) (Result, error) {
		return Result{}, failure(flowlogs.ErrUnavailable, task.Result)
	}}
	env := newEnvironment(w)
	known := Tally{VPCs: 25, Created: 5, Unreached: 20}
	env.ExecuteWorkflow(RolloutTarget, Task{Canceled: true, Result: Result{Tally: known}})
	r := resultOf(Result{}, env.GetWorkflowError())
	assert.Equal(t, reasonCanceled, r.Reason)
	assert.Contains(t, r.Message, "could not be counted")
	assert.Equal(t, known, r.Tally)
	assert.Len(t, w.tasks, 3)
}

// In the last round nobody comes back for what an attempt that failed has created: the
// activity counts whole pages only.
func TestRolloutTarget_CountsWhatALastPageCreated(t *testing.T) {
	t.Parallel()
	failed := Result{Tally: Tally{VPCs: 30, Created: 8, Conflicts: 2, Unreached: 20}, After: "vpc-10",
		Problems: []Problem{{VPC: "vpc-1", Reason: reasonConflict}}}
	env := newEnvironment(&work{})
	env.OnActivity("ApplyTarget", anything, anything).Return(Result{}, failure(flowlogs.ErrUnavailable, failed))
	env.OnActivity("PlanTarget", anything, anything).Return(func(_ context.Context, task Task) (Result, error) {
		r := task.Result
		assert.Equal(t, Tally{VPCs: 10, Created: 8, Conflicts: 2}, r.Tally, "it resumes after the last whole page")
		assert.Equal(t, "vpc-10", r.After)
		r.VPCs, r.Created, r.Missing, r.After, r.More = r.VPCs+20, r.Created+5, 15, "", false
		return r, nil
	})
	env.ExecuteWorkflow(RolloutTarget, Task{Round: len(rounds) - 1})
	r := resultOf(Result{}, env.GetWorkflowError())
	assert.Equal(t, Tally{VPCs: 30, Created: 13, Conflicts: 2, Unreached: 15}, r.Tally)
	assert.Equal(t, "Unavailable", r.Reason)
	assert.Equal(t, flowlogs.ErrUnavailable.Error(), r.Message)
	assert.Equal(t, flowlogs.ErrUnavailable.Hint(), r.Hint)
	assert.Len(t, r.Problems, 1)
}

// A worker that died said nothing.
func TestRolloutTarget_CountsWhatADeadWorkerCreated(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{})
	env.OnActivity("ApplyTarget", anything, anything).Return(Result{}, temporal.NewTimeoutError(enums.TIMEOUT_TYPE_HEARTBEAT, nil))
	env.OnActivity("PlanTarget", anything, anything).Return(Result{Tally: Tally{VPCs: 30, Created: 5, Missing: 25}}, nil)
	env.ExecuteWorkflow(RolloutTarget, Task{Round: len(rounds) - 1})
	r := resultOf(Result{}, env.GetWorkflowError())
	assert.Equal(t, reasonUnfinished, r.Reason)
	assert.Equal(t, Tally{VPCs: 30, Created: 5, Unreached: 25}, r.Tally)
}

// In another round a target that failed comes back, a plan creates nothing, and what EC2
// rejects in the end has been counted.
func TestRolloutTarget_CountsOnlyWhatNobodyComesBackFor(t *testing.T) {
	t.Parallel()
	const last = 3
	for _, c := range []struct {
		name     string
		task     Task
		reason   flowlogs.Reason
		attempts int32
	}{
		{"a round follows", Task{Round: last - 1}, flowlogs.ErrUnavailable, rounds[last-1].attempts},
		{"a plan", Task{Round: last, PlanOnly: true}, flowlogs.ErrUnavailable, rounds[last].attempts},
		{"a reason that is not transient", Task{Round: last}, flowlogs.ErrNotAuthorized, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := &work{each: func(Task, int32) (Result, error) { return Result{}, failure(c.reason, Result{}) }}
			env := newEnvironment(w)
			env.ExecuteWorkflow(RolloutTarget, c.task)
			assert.Equal(t, string(c.reason), resultOf(Result{}, env.GetWorkflowError()).Reason)
			assert.Len(t, w.tasks, int(c.attempts))
		})
	}
}

// A detail of another type leaves no traces.
func TestResultOf_DecodesIntoAFreshValue(t *testing.T) {
	t.Parallel()
	known := Result{Tally: Tally{VPCs: 3}}
	broken := map[string]any{"VPCs": 1000, "Created": 1000, "Problems": "none"}
	wire := temporal.GetDefaultFailureConverter()
	err := wire.FailureToError(wire.ErrorToFailure(temporal.NewNonRetryableApplicationError("message", "Surprise", nil, broken)))
	r := resultOf(known, err)
	assert.Equal(t, Tally{VPCs: 3}, r.Tally)
	assert.Equal(t, reasonFailed, r.Reason)
}
