package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
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
	each func(task Task, attempt int32) (Result, error) // nil: ten VPCs are created

	mu    sync.Mutex
	tasks []Task
}

func (w *work) do(ctx context.Context, task Task) (Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tasks = append(w.tasks, task)
	if w.each == nil {
		return complete(10), nil
	}
	return w.each(task, activity.GetInfo(ctx).Attempt)
}

func complete(created int) Result { return Result{Tally: Tally{VPCs: created, Created: created}} }

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
	}
	for i := range accounts {
		s.Accounts = append(s.Accounts, Account{ID: fmt.Sprintf("%012d", i+1)})
	}
	return s
}

// runToEnd runs the workflow and those that it continues as, and returns the result
// and the number of runs.
func runToEnd(t *testing.T, w *work, state State, options ...func(*testsuite.TestWorkflowEnvironment)) (State, int) {
	t.Helper()
	for runs := 1; ; runs++ {
		require.Less(t, runs, 100)
		env := newEnvironment(w)
		for _, o := range options {
			o(env)
		}
		env.ExecuteWorkflow(Rollout, state)
		err := env.GetWorkflowError()
		if err == nil {
			var end State
			require.NoError(t, env.GetWorkflowResult(&end))
			return end, runs
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
	s, runs := runToEnd(t, w, State{Spec: testSpec(5, 4)})
	assert.Equal(t, 1, runs)
	assert.Equal(t, Progress{Targets: 20, Done: 20, Tally: Tally{VPCs: 200, Created: 200}}, s.progress())
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

func TestRollout_ContinuesAsNewWhenTheServerSuggestsIt(t *testing.T) {
	t.Parallel()
	w := &work{}
	p, runs := runToEnd(t, w, State{Spec: testSpec(5, 4)}, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetContinueAsNewSuggested(true)
	})
	assert.Equal(t, 20, runs, "each starts a target at least")
	assert.Equal(t, 20, p.Done)
	assert.Equal(t, 200, p.Tally.Created)
	assert.Len(t, w.tasks, 20)
	assert.Len(t, w.starts(), 20)
	for _, task := range w.tasks {
		assert.Equal(t, w.tasks[0].Rollout, task.Rollout)
	}
}

// As many targets as there may be, none of which is done.
func TestRollout_CarriesLittleFromRunToRun(t *testing.T) {
	t.Parallel()
	state := State{Spec: testSpec(maxTargets/20, 20), Rollout: "00000000-0000-4000-8000-000000000000",
		NotDone: map[string][]int{}, ToCreate: map[int]int{}, Partly: map[int]Result{}}
	for i := range maxTargets {
		state.NotDone[reasonConflict] = append(state.NotDone[reasonConflict], i)
		state.ToCreate[i] = 1000
	}
	// Targets of more than 1,000 VPCs are few.
	for i := range maxTargets / 50 {
		state.Partly[i] = Result{Tally: Tally{VPCs: 100_000, Created: 90_000, Kept: 10_000}, After: "vpc-0123456789abcdef0"}
	}
	payloads, err := dataConverter.ToPayloads(state)
	require.NoError(t, err)
	const limit = 2 << 20 // of the server, for one payload
	assert.Less(t, len(payloads.Payloads[0].Data), limit/3)
}

func TestRollout_BoundsTheTargetsAtATime(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{})
	env.OnActivity("ApplyTarget", anything, anything).After(time.Minute).Return(complete(1), nil)
	most := 0
	for i := range 200 {
		env.RegisterDelayedCallback(func() { most = max(most, progressIn(t, env).Running) }, time.Duration(i+1)*2*time.Second)
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
	failing := Target{"000000000002", "us-east-2"} // number 5
	w := &work{each: func(task Task, _ int32) (Result, error) {
		if task.Target == failing {
			return Result{}, failure(&reasonError{reasonAssumeRole, context.DeadlineExceeded}, Result{})
		}
		return complete(10), nil
	}}
	p, _ := runToEnd(t, w, State{Spec: testSpec(5, 4)})
	assert.Equal(t, 19, p.Done)
	assert.Equal(t, map[string][]int{reasonAssumeRole: {5}}, p.NotDone)
	assert.Equal(t, 1, w.starts()[failing])
	assert.Equal(t, 190, p.Tally.Created)
}

func TestRollout_TriesATargetAgainWhenAllOthersHaveEnded(t *testing.T) {
	t.Parallel()
	failing := Target{"000000000001", "us-east-1"}
	w := &work{}
	w.each = func(task Task, _ int32) (Result, error) {
		if task.Target == failing && task.Round == 0 {
			return Result{}, failure(flowlogs.ErrUnavailable, Result{Tally: Tally{VPCs: 10, Unreached: 10}})
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
	w := &work{each: func(Task, int32) (Result, error) {
		return Result{}, failure(flowlogs.ErrUnavailable, Result{})
	}}
	p, runs := runToEnd(t, w, State{Spec: testSpec(1, 1)})
	assert.Equal(t, len(rounds), runs)
	assert.Equal(t, map[string][]int{"Unavailable": {0}}, p.NotDone)
	assert.Len(t, w.tasks, 2+4+8+15+3, "and three to count what was created")
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
	assert.Zero(t, paused.Running)
	assert.Equal(t, 20, progressIn(t, env).Done)
}

func TestRollout_StaysPausedWhenItContinuesAsNew(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{})
	env.SetContinueAsNewSuggested(true)
	env.OnActivity("ApplyTarget", anything, anything).After(time.Minute).Return(complete(1), nil)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(pauseSignal, true) }, 30*time.Second)
	env.ExecuteWorkflow(Rollout, State{Spec: testSpec(5, 4)})
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	assert.True(t, inputOf(t, next).Paused)
}

// The signals and the end of the wait for the next round reach the workflow at once: it
// continues as new before anything else in it runs.
func TestRollout_LosesNoSignalWhenItContinuesAsNew(t *testing.T) {
	t.Parallel()
	for name, signals := range map[string][]bool{
		"a pause":              {true},
		"a resume and a pause": {false, true},
		"three":                {true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := newEnvironment(&work{each: func(Task, int32) (Result, error) {
				return Result{}, failure(errTimeUp, Result{}) // which the server does not retry
			}})
			env.RegisterDelayedCallback(func() {
				for _, paused := range signals {
					env.SignalWorkflowSkippingWorkflowTask(pauseSignal, paused)
				}
			}, rounds[1].wait/2)
			env.ExecuteWorkflow(Rollout, State{Spec: testSpec(1, 1)})
			var next *workflow.ContinueAsNewError
			require.ErrorAs(t, env.GetWorkflowError(), &next)
			assert.True(t, inputOf(t, next).Paused)
		})
	}
}

// canceledState returns the State that a canceled rollout ends with.
func canceledState(t *testing.T, err error) State {
	t.Helper()
	var canceled *temporal.CanceledError
	require.ErrorAs(t, err, &canceled)
	var s State
	require.NoError(t, canceled.Details(&s))
	return s
}

func TestRollout_CancelEndsTheTargetsWithWhatTheyCreated(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{})
	env.OnActivity("ApplyTarget", anything, anything).After(time.Hour).Return(complete(1), nil)
	// EC2 has more than the interrupted activities could say.
	env.OnActivity("PlanTarget", anything, anything).Return(Result{Tally: Tally{VPCs: 10, Created: 7, Missing: 3}}, nil)
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
	env.ExecuteWorkflow(Rollout, State{Spec: testSpec(5, 4)})
	s := canceledState(t, env.GetWorkflowError())
	assert.Len(t, s.NotDone, 1)
	assert.ElementsMatch(t, []int{0, 1, 2, 3}, s.NotDone[reasonCanceled])
	assert.Equal(t, Tally{VPCs: 40, Created: 28, Unreached: 12}, s.Tally)
}

// Canceled while it waits for the next round: what ended for a transient reason may have
// created something, and is not left for later.
func TestRollout_CancelLeavesNothingForLater(t *testing.T) {
	t.Parallel()
	w := &work{each: func(task Task, _ int32) (Result, error) {
		return Result{}, failure(flowlogs.ErrUnavailable, Result{})
	}}
	env := newEnvironment(w)
	waiting := Progress{}
	env.RegisterDelayedCallback(func() {
		waiting = progressIn(t, env)
		env.CancelWorkflow()
	}, 30*time.Second)
	env.ExecuteWorkflow(Rollout, State{Spec: testSpec(1, 2)})
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	assert.Equal(t, 2, waiting.Later)
	assert.False(t, waiting.Resumes.IsZero())
	state := inputOf(t, next)
	assert.True(t, state.Canceled)

	env = newEnvironment(&work{})
	env.OnActivity("PlanTarget", anything, anything).Return(Result{Tally: Tally{VPCs: 10, Created: 4, Missing: 6}}, nil)
	env.ExecuteWorkflow(Rollout, state)
	s := canceledState(t, env.GetWorkflowError())
	assert.Empty(t, s.Later)
	assert.ElementsMatch(t, []int{0, 1}, s.NotDone[reasonCanceled])
	assert.Equal(t, Tally{VPCs: 20, Created: 8, Unreached: 12}, s.Tally)
}

// 40 accounts in 20 Regions, one of which is out for the first hour: EC2 rejects each
// call at once, or never responds. The server suggests continue-as-new every ten seconds.
func TestRollout_ABrokenRegionHoldsUpNoRun(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]struct {
		lasts time.Duration
		err   error
	}{
		"it rejects":           {retryTimeout, flowlogs.ErrUnavailable},
		"it does not respond":  {rounds[0].limit - handOver, errTimeUp},
		"it drops connections": {0, flowlogs.ErrNoResponse},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := testSpec(40, 20)
			spec.Concurrency = 50
			state := State{Spec: spec}
			for run := 1; ; run++ {
				env := newEnvironment(&work{})
				env.RegisterDelayedCallback(func() { env.SetContinueAsNewSuggested(true) }, 10*time.Second)
				broken := mock.MatchedBy(func(task Task) bool { return task.Target.Region == "us-east-1" })
				env.OnActivity("ApplyTarget", anything, broken).After(outage.lasts).Return(Result{}, failure(outage.err, Result{}))
				env.OnActivity("ApplyTarget", anything, anything).After(2*time.Second).Return(complete(10), nil)
				start := env.Now()
				env.ExecuteWorkflow(Rollout, state)
				var next *workflow.ContinueAsNewError
				require.ErrorAs(t, env.GetWorkflowError(), &next)
				state = inputOf(t, next)
				if state.Round > 0 {
					break
				}
				assert.Less(t, env.Now().Sub(start), 2*time.Minute, "run %d", run)
			}
			assert.Equal(t, 760, state.Done, "all others are done")
			assert.Len(t, state.Queue, 40)
		})
	}
}

func TestRollout_WaitsBeforeEachRound(t *testing.T) {
	t.Parallel()
	state := State{Spec: testSpec(1, 1)}
	w := &work{each: func(Task, int32) (Result, error) {
		return Result{}, failure(errTimeUp, Result{}) // which the server does not retry
	}}
	for _, wait := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute} {
		env := newEnvironment(w)
		start := env.Now()
		env.ExecuteWorkflow(Rollout, state)
		var next *workflow.ContinueAsNewError
		require.ErrorAs(t, env.GetWorkflowError(), &next)
		state = inputOf(t, next)
		assert.Equal(t, wait, env.Now().Sub(start).Round(time.Second))
	}
}

// The target of a rollout that was terminated a moment ago still runs.
func TestRollout_LeavesATargetThatRunsAlreadyForLater(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{})
	env.OnWorkflow(RolloutTarget, anything, anything).Return(Result{}, &temporal.ChildWorkflowExecutionAlreadyStartedError{})
	env.ExecuteWorkflow(Rollout, State{Spec: testSpec(1, 2)})
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	assert.ElementsMatch(t, []int{0, 1}, inputOf(t, next).Queue)
}

func TestRollout_ResumesASlowTargetAtTheEndOfTheQueue(t *testing.T) {
	t.Parallel()
	slow := Target{"000000000001", "us-east-1"}
	w := &work{each: func(task Task, _ int32) (Result, error) {
		r := task.Result
		r.VPCs, r.Created = r.VPCs+10, r.Created+10
		r.After += "x"
		r.More = task.Target == slow && len(r.After) < 3
		return r, nil
	}}
	s, runs := runToEnd(t, w, State{Spec: testSpec(1, 3)})
	assert.Equal(t, 3, runs)
	assert.Equal(t, 3, s.Done)
	assert.Zero(t, s.Round, "without a wait")
	assert.Equal(t, Tally{VPCs: 50, Created: 50}, s.Tally)
	assert.Empty(t, s.Partly)
	var after []string
	for _, task := range w.tasks {
		if task.Target == slow {
			after = append(after, task.Result.After)
		}
	}
	assert.Equal(t, []string{"", "x", "xx"}, after)
	assert.Equal(t, slow, w.tasks[3].Target, "when all others are done")
}

func TestRollout_PausesASlowTarget(t *testing.T) {
	t.Parallel()
	slow := Result{Tally: Tally{VPCs: 1000, Created: 900, Kept: 100}, After: "vpc-1000", More: true}
	env := newEnvironment(&work{})
	env.OnActivity("ApplyTarget", anything, anything).After(rounds[0].limit-handOver).Return(slow, nil)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(pauseSignal, true) }, time.Second)
	env.ExecuteWorkflow(Rollout, State{Spec: testSpec(1, 1)})
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	state := inputOf(t, next)
	assert.Equal(t, Progress{Paused: true, Targets: 1, Later: 1, Tally: slow.Tally}, state.progress())

	w := &work{}
	env = newEnvironment(w)
	before := 0
	env.RegisterDelayedCallback(func() { before = len(w.tasks) }, time.Hour)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(pauseSignal, false) }, 2*time.Hour)
	env.ExecuteWorkflow(Rollout, state)
	require.NoError(t, env.GetWorkflowError())
	assert.Zero(t, before)
	assert.Len(t, w.tasks, 1)
}

func TestRollout_EndsIfTheOrganizationHasTooManyTargets(t *testing.T) {
	t.Parallel()
	env := newEnvironment(&work{})
	env.OnActivity("ListAccounts", anything).Return(testSpec(maxTargets/20+1, 0).Accounts, nil)
	env.ExecuteWorkflow(Rollout, State{Spec: testSpec(0, 20)})
	r := resultOf(Result{}, env.GetWorkflowError())
	assert.Equal(t, reasonTooMany, r.Reason)
	assert.Equal(t, "20020 targets (1001 accounts in the organization): want at most 20000 in one rollout", r.Message)
	assert.Contains(t, r.Hint, "-name")
}

func TestRollout_PlansWhereItWouldCreate(t *testing.T) {
	t.Parallel()
	w := &work{each: func(task Task, _ int32) (Result, error) {
		if task.Target.Region == "us-east-2" {
			return Result{Tally: Tally{VPCs: 10, Missing: 4, Kept: 6}}, nil
		}
		return Result{Tally: Tally{VPCs: 10, Kept: 10}}, nil
	}}
	spec := testSpec(2, 2)
	spec.PlanOnly = true
	s, _ := runToEnd(t, w, State{Spec: spec})
	assert.Equal(t, map[int]int{1: 4, 3: 4}, s.ToCreate)
}
