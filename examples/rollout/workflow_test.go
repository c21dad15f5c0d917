package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

// work is a stand-in for the activities: it counts, and does what the test says.
type work struct {
	each func(task Task, attempt int32) (Position, error) // nil: ten VPCs are created

	mu    sync.Mutex
	tasks []Task
}

func (w *work) do(ctx context.Context, task Task) (Position, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tasks = append(w.tasks, task)
	if w.each == nil {
		return complete(10), nil
	}
	return w.each(task, activity.GetInfo(ctx).Attempt)
}

func complete(created int) Position {
	return Position{Complete: true, Result: Result{Tally: Tally{VPCs: created, Created: created}}}
}

func (w *work) starts() map[Target]int {
	starts := make(map[Target]int)
	for _, task := range w.tasks {
		starts[task.Target]++
	}
	return starts
}

func newEnvironment(w *work) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(silent)
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterWorkflow(Rollout)
	env.RegisterWorkflow(RolloutTarget)
	for _, name := range []string{"ApplyTarget", "PlanTarget"} {
		env.RegisterActivityWithOptions(w.do, activity.RegisterOptions{Name: name})
	}
	env.RegisterActivityWithOptions(func(context.Context) ([]Account, error) {
		return []Account{{ID: "111111111111"}, {ID: "222222222222"}}, nil
	}, activity.RegisterOptions{Name: "ListAccounts"})
	return env
}

func testSpec(accounts, regions int) Spec {
	s := Spec{
		Name:        "test",
		Request:     flowlogs.Request{TrafficType: flowlogs.TrafficTypeAll, Destination: flowlogs.S3{BucketARN: simulation.Bucket}},
		Regions:     simulation.Regions(regions),
		Concurrency: 4,
		PageSize:    1000,
	}
	for i := range accounts {
		s.Accounts = append(s.Accounts, Account{ID: fmt.Sprintf("%012d", i+1)})
	}
	return s
}

// runToEnd runs the workflow and those that it continues as, and returns the result
// and the number of runs.
func runToEnd(t *testing.T, w *work, state State) (Progress, int) {
	t.Helper()
	for runs := 1; ; runs++ {
		require.Less(t, runs, 100)
		env := newEnvironment(w)
		env.ExecuteWorkflow(Rollout, state)
		err := env.GetWorkflowError()
		if err == nil {
			var p Progress
			require.NoError(t, env.GetWorkflowResult(&p))
			return p, runs
		}
		var next *workflow.ContinueAsNewError
		require.ErrorAs(t, err, &next)
		state = inputOf(t, next)
	}
}

// inputOf returns the input of the next run, as it goes over the wire.
func inputOf(t *testing.T, next *workflow.ContinueAsNewError) State {
	t.Helper()
	var state State
	require.NoError(t, dataConverter.FromPayloads(next.Input, &state))
	return state
}

func TestRollout_StartsEachTargetOnce(t *testing.T) {
	t.Parallel()
	w := &work{}
	p, runs := runToEnd(t, w, State{Spec: testSpec(5, 4)})
	assert.Equal(t, 1, runs)
	assert.Equal(t, Progress{Name: "test", Targets: 20, Done: 20, Tally: Tally{VPCs: 200, Created: 200}}, p)
	assert.Len(t, w.starts(), 20)
	assert.Len(t, w.tasks, 20)
}

func TestRollout_TakesTheAccountsOfTheOrganization(t *testing.T) {
	t.Parallel()
	w := &work{}
	p, _ := runToEnd(t, w, State{Spec: testSpec(0, 3)})
	assert.Equal(t, 6, p.Done)
	assert.Equal(t, 1, w.starts()[Target{"222222222222", "us-west-1"}])
}

func TestRollout_ContinuesAsNewAfterAPage(t *testing.T) {
	t.Parallel()
	w := &work{}
	spec := testSpec(5, 4)
	spec.PageSize = 6
	p, runs := runToEnd(t, w, State{Spec: spec})
	assert.Equal(t, 4, runs)
	assert.Equal(t, 20, p.Done)
	assert.Equal(t, 200, p.Tally.Created)
	assert.Len(t, w.tasks, 20)
	assert.Len(t, w.starts(), 20)
	for _, task := range w.tasks {
		assert.Equal(t, w.tasks[0].Rollout, task.Rollout)
	}
}

func TestRollout_ContinuesAsNewWhenTheServerSuggestsIt(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{})
	env.SetContinueAsNewSuggested(true)
	env.ExecuteWorkflow(Rollout, State{Spec: testSpec(5, 4)})
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	assert.Equal(t, 1, inputOf(t, next).Next)
}

// 10,000 targets, none of which is done, and the runs that carry them along.
func TestRollout_CarriesLittleFromRunToRun(t *testing.T) {
	t.Parallel()
	state := State{Spec: testSpec(500, 20), Rollout: "00000000-0000-4000-8000-000000000000", NotDone: map[string][]int{}}
	for i := range 10_000 {
		state.NotDone[reasonAssumeRole] = append(state.NotDone[reasonAssumeRole], i)
	}
	payloads, err := dataConverter.ToPayloads(state)
	require.NoError(t, err)
	const warning = 256 << 10 // of the server, for one payload
	assert.Less(t, len(payloads.Payloads[0].Data), warning/3)
}

func TestRollout_BoundsTheTargetsAtATime(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{})
	env.OnActivity("ApplyTarget", anything, anything).After(time.Minute).Return(complete(1), nil)
	most := 0
	for i := range 200 {
		env.RegisterDelayedCallback(func() { most = max(most, len(progressIn(t, env).Running)) }, time.Duration(i+1)*2*time.Second)
	}
	env.ExecuteWorkflow(Rollout, State{Spec: testSpec(5, 4)})
	require.NoError(t, env.GetWorkflowError())
	assert.Equal(t, 4, most)
}

func progressIn(t *testing.T, env *testsuite.TestWorkflowEnvironment) Progress {
	t.Helper()
	value, err := env.QueryWorkflow(progressQuery)
	require.NoError(t, err)
	var p Progress
	require.NoError(t, value.Get(&p))
	return p
}

func TestRollout_AFailingTargetEndsNoOther(t *testing.T) {
	t.Parallel()
	failing := Target{"000000000002", "us-east-2"}
	w := &work{each: func(task Task, _ int32) (Position, error) {
		if task.Target == failing {
			err := &assumeRoleError{task.Target.Account, "role", context.DeadlineExceeded}
			return Position{}, failure(context.Background(), err, Result{})
		}
		return complete(10), nil
	}}
	p, _ := runToEnd(t, w, State{Spec: testSpec(5, 4)})
	assert.Equal(t, 19, p.Done)
	assert.Equal(t, []Ended{{failing, reasonAssumeRole}}, p.NotDone)
	assert.Equal(t, 1, w.starts()[failing])
	assert.Equal(t, 190, p.Tally.Created)
}

func TestRollout_TriesATargetAgainWhenAllOthersHaveEnded(t *testing.T) {
	t.Parallel()
	failing := Target{"000000000001", "us-east-1"}
	w := &work{}
	w.each = func(task Task, _ int32) (Position, error) {
		if task.Target == failing && !task.Again {
			return Position{}, failure(context.Background(), flowlogs.ErrUnavailable, Result{Tally: Tally{VPCs: 10, Unreached: 10}})
		}
		return complete(10), nil
	}
	p, runs := runToEnd(t, w, State{Spec: testSpec(2, 2)})
	assert.Equal(t, 2, runs)
	assert.Equal(t, 4, p.Done)
	assert.Equal(t, 40, p.Tally.VPCs, "each target is counted once")
	assert.Equal(t, failing, w.tasks[len(w.tasks)-1].Target)
}

func TestRollout_EndsATargetThatFailsInEachRound(t *testing.T) {
	t.Parallel()
	w := &work{each: func(Task, int32) (Position, error) {
		return Position{}, failure(context.Background(), flowlogs.ErrUnavailable, Result{})
	}}
	p, runs := runToEnd(t, w, State{Spec: testSpec(1, 1)})
	assert.Equal(t, rounds, runs)
	assert.Equal(t, []Ended{{Target{"000000000001", "us-east-1"}, "Unavailable"}}, p.NotDone)
	assert.Len(t, w.tasks, rounds*15)
}

func TestRollout_PausesAndResumes(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{})
	env.OnActivity("ApplyTarget", anything, anything).After(time.Minute).Return(complete(1), nil)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(pauseSignal, true) }, 90*time.Second)
	paused := Progress{}
	env.RegisterDelayedCallback(func() { paused = progressIn(t, env) }, time.Hour)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(pauseSignal, false) }, 2*time.Hour)
	env.ExecuteWorkflow(Rollout, State{Spec: testSpec(5, 4)})
	require.NoError(t, env.GetWorkflowError())
	assert.True(t, paused.Paused)
	assert.Equal(t, 8, paused.Done)
	assert.Empty(t, paused.Running)
	assert.Equal(t, 20, progressIn(t, env).Done)
}

func TestRollout_StaysPausedWhenItContinuesAsNew(t *testing.T) {
	t.Parallel()
	spec := testSpec(5, 4)
	spec.PageSize = 4
	env := newEnvironment(&work{})
	env.OnActivity("ApplyTarget", anything, anything).After(time.Minute).Return(complete(1), nil)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(pauseSignal, true) }, 30*time.Second)
	env.ExecuteWorkflow(Rollout, State{Spec: spec})
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	assert.True(t, inputOf(t, next).Paused)
}

func TestRollout_CancellationEndsTheTargets(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{})
	env.OnActivity("ApplyTarget", anything, anything).After(time.Hour).Return(complete(1), nil)
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
	env.ExecuteWorkflow(Rollout, State{Spec: testSpec(5, 4)})
	require.Error(t, env.GetWorkflowError())
	assert.True(t, temporal.IsCanceledError(env.GetWorkflowError()))
	p := progressIn(t, env)
	assert.Empty(t, p.Running)
	assert.Len(t, p.NotDone, 4)
	assert.Equal(t, reasonCanceled, p.NotDone[0].Reason)
}
