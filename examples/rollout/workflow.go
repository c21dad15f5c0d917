package main

import (
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// State is the input of a run of Rollout: the Spec, and how far the runs before it
// have come. It is all that continue-as-new carries over, and the result in the end.
// Targets are numbers here, so that 20,000 take some 500 KB.
type State struct {
	Spec
	Rollout  string           // ID of the first run; the flow logs are tagged with it
	Round    int              // 0 is the first
	Next     int              // of round 0: the first target that has not been started
	Queue    []int            // targets to start after that
	Later    []int            // targets for the next round: they ended for a transient reason
	Partly   map[int]Result   // where targets of the two lists resume that are partly done
	NotDone  map[string][]int // targets that ended without being done, by their reason
	ToCreate map[int]int      // of a plan: flow logs, by their target
	Done     int              // targets on which every VPC is as the request asks for
	Tally    Tally            // of targets that ended
	Paused   bool
	Canceled bool // nothing more is created; what was created is counted
}

// round is how targets are worked on. A target that ends for a transient reason comes
// back in the next round.
type round struct {
	wait     time.Duration // before it
	attempts int32         // of an activity, 1, 2, 4, … seconds apart, at most 5 minutes
	limit    time.Duration // of an attempt
}

// In the first round a target has a minute or two, because the run waits for it: a target
// in a Region that is out comes back when all others are done. A target that is only slow
// resumes at the end of the queue.
var rounds = []round{
	{0, 2, time.Minute},
	{time.Minute, 4, 2 * time.Minute},
	{5 * time.Minute, 8, 4 * time.Minute},
	{15 * time.Minute, 15, 8 * time.Minute},
}

// pauseSignal pauses a rollout with the payload true and resumes it with false. It is
// one signal, because the order of two is lost while there is no worker.
const pauseSignal = "pause"

// Rollout is the parent workflow. It starts a child for each target, a bounded
// number at a time, and returns how the rollout ended.
//
// Its history: a target takes 3 events and at most 3 workflow tasks. A run ends with
// continue-as-new when the server suggests it, so its history stays at some 4,000
// events whether the rollout has 1,000 targets or 10,000. A run waits for its
// children: none outlives it.
//
// A canceled rollout waits for its children, which count what they have created. To
// count also what targets created that ended for a transient reason, it starts them
// again in a run of its own.
//
// It is deterministic: what it does depends on the State, on results, timers and
// signals. It iterates over slices, not over maps, and asks no clock.
func Rollout(ctx workflow.Context, s State) (State, error) {
	r := &rollout{State: s}
	err := workflow.SetQueryHandler(ctx, progressQuery, func() (Progress, error) {
		p := r.progress()
		p.Running, p.Resumes = r.running, r.resumes
		return p, nil
	})
	if err != nil {
		return r.State, err
	}
	err = workflow.SetQueryHandler(ctx, stateQuery, func() (State, error) { return r.State, nil })
	if err != nil {
		return r.State, err
	}
	pauses := workflow.GetSignalChannel(ctx, pauseSignal)
	workflow.Go(ctx, func(ctx workflow.Context) {
		// A blocked Receive takes a signal out of the channel before it assigns it: the
		// loop at the end would not find it.
		for workflow.Await(ctx, func() bool { return pauses.Len() > 0 }) == nil {
			pauses.ReceiveAsync(&r.Paused)
		}
	})
	err = r.prepare(ctx)
	if ctx.Err() != nil {
		return r.State, temporal.NewCanceledError(r.State)
	}
	if err != nil {
		return r.State, err
	}
	r.startTargets(ctx)
	// A context of its own, so that a canceled rollout waits for its children.
	waiting, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if err := workflow.Await(waiting, func() bool { return r.running == 0 }); err != nil {
		return r.State, err
	}
	if r.left() == 0 && len(r.Later) > 0 && ctx.Err() == nil && !r.Canceled {
		r.nextRound(ctx)
	}
	if ctx.Err() != nil && !r.Canceled {
		r.Canceled, r.Next = true, len(r.targets)
		r.Queue, r.Later = append(r.Queue, r.Later...), nil
	}
	switch {
	case r.left() > 0:
		for pauses.ReceiveAsync(&r.Paused) { // a signal that came with the end of the wait
		}
		return State{}, workflow.NewContinueAsNewError(ctx, Rollout, r.State)
	case r.Canceled:
		return State{}, temporal.NewCanceledError(r.State)
	}
	return r.State, nil
}

// rollout is a run of Rollout. Its coroutines share it without a lock: only one runs at
// a time.
type rollout struct {
	State
	targets []Target
	running int
	resumes time.Time // when the next round starts; zero: no round is waited for
}

func (r *rollout) prepare(ctx workflow.Context) error {
	if r.NotDone == nil { // the first run
		r.Rollout = workflow.GetInfo(ctx).FirstRunID
		r.Partly, r.NotDone, r.ToCreate = make(map[int]Result), make(map[string][]int), make(map[int]int)
	}
	if len(r.Accounts) == 0 {
		var a *Activities
		if err := workflow.ExecuteActivity(withAttempts(ctx, round{attempts: 15, limit: 10 * time.Minute}, 0), a.ListAccounts).Get(ctx, &r.Accounts); err != nil {
			return err
		}
	}
	r.targets = r.Spec.targets()
	if len(r.targets) > maxTargets {
		var tooMany Result
		tooMany.end(reasonTooMany, fmt.Sprintf("%d targets (%d accounts in the organization): want at most %d in one rollout",
			len(r.targets), len(r.Accounts), maxTargets))
		return temporal.NewNonRetryableApplicationError(tooMany.Message, tooMany.Reason, nil, tooMany)
	}
	return nil
}

// startTargets starts the children of this run. It returns when they are started, or
// the workflow is canceled.
func (r *rollout) startTargets(ctx workflow.Context) {
	mayStart := func() bool { return (!r.Paused || r.Canceled) && r.running < r.Concurrency }
	for started := 0; r.left() > 0; started++ {
		// The server suggests it by the number of events and by their size.
		if started > 0 && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return
		}
		if err := workflow.Await(ctx, mayStart); err != nil {
			return
		}
		r.start(ctx, r.next())
	}
}

// left returns how many targets of this round have not been started.
func (r *rollout) left() int { return len(r.targets) - r.Next + len(r.Queue) }

func (r *rollout) next() int {
	if r.Next < len(r.targets) {
		r.Next++
		return r.Next - 1
	}
	number := r.Queue[0]
	r.Queue = r.Queue[1:]
	return number
}

// nextRound waits for the next round.
func (r *rollout) nextRound(ctx workflow.Context) {
	wait := rounds[r.Round+1].wait
	r.resumes = workflow.Now(ctx).Add(wait)
	if err := workflow.Sleep(ctx, wait); err == nil {
		r.Round++
		r.Queue, r.Later = r.Later, nil
	}
}

// start starts the child of a target, and a coroutine that takes its result.
func (r *rollout) start(ctx workflow.Context, number int) {
	t, partly := r.targets[number], r.Partly[number]
	delete(r.Partly, number)
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:          targetID(r.Name, t),
		WaitForCancellation: true,
		// If this workflow is terminated, its children stop after the call that
		// they are making.
		ParentClosePolicy: enums.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
	})
	future := workflow.ExecuteChildWorkflow(ctx, RolloutTarget, Task{
		Target:   t,
		Rollout:  r.Rollout,
		Request:  r.Request,
		PlanOnly: r.PlanOnly,
		Round:    r.Round,
		Canceled: r.Canceled,
		Result:   partly,
	})
	r.running++
	workflow.Go(ctx, func(ctx workflow.Context) {
		var result Result
		if err := future.Get(ctx, &result); err != nil {
			result = resultOf(partly, err)
		}
		r.running--
		r.end(number, result)
	})
}

// end takes a result. Only the last one of a target is counted.
func (r *rollout) end(number int, result Result) {
	again := result.Retry && r.Round < len(rounds)-1 && !r.Canceled
	if p := result.position(); p.After != "" && (again || result.More) {
		r.Partly[number] = p
	}
	switch {
	case result.More: // it is only slow
		r.Queue = append(r.Queue, number)
		return
	case again:
		r.Later = append(r.Later, number)
		return
	}
	r.Tally.add(result.Tally)
	if result.Missing > 0 {
		r.ToCreate[number] = result.Missing
	}
	if result.Reason == "" {
		r.Done++
	} else {
		r.NotDone[result.Reason] = append(r.NotDone[result.Reason], number)
	}
}
