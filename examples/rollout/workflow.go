package main

import (
	"slices"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"
)

// State is the input of a run of Rollout: the Spec, and how far the runs before it
// have come. It is all that continue-as-new carries over. Targets are numbers here,
// so that 10,000 of them take some 50 KB.
type State struct {
	Spec
	Rollout string           // ID of the first run; the flow logs are tagged with it
	Round   int              // 0 is the first
	Next    int              // of round 0: the first target that has not been started
	Queue   []int            // of later rounds: the targets that have not been started
	Later   []int            // those that ended for a transient reason, for the next round
	NotDone map[string][]int // those that ended, by their reason
	Done    int              // those on which every VPC is as the request asks for
	Tally   Tally            // of those that ended
	Paused  bool
}

// rounds is how often a target is started that ends for a transient reason.
const rounds = 3

// Rollout is the parent workflow. It starts a child for each target, a bounded
// number at a time, and returns how the rollout ended.
//
// Its history: a target takes 3 events, and those of at most 3 workflow tasks. A
// run ends with continue-as-new after a page of targets, so its history stays at
// some 2,000 events whether the rollout has 100 targets or 10,000. A run waits for
// the children of its page: none outlives it. A child that keeps failing for a
// transient reason ends after half an hour, and its target comes back in another
// round, so that an outage of one Region does not hold up the others.
//
// It is deterministic: what it does depends on the State, on results and on
// signals. It iterates over slices, not over maps, and asks no clock.
func Rollout(ctx workflow.Context, s State) (Progress, error) {
	r := &rollout{State: s}
	if err := workflow.SetQueryHandler(ctx, progressQuery, r.query); err != nil {
		return Progress{}, err
	}
	pauses := listenForPause(ctx, r.pause)
	if err := r.prepare(ctx); err != nil {
		return r.progress(), err
	}
	r.startPage(ctx)
	// A context of its own, so that a canceled rollout waits for its children.
	waiting, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if err := workflow.Await(waiting, func() bool { return len(r.running) == 0 }); err != nil {
		return r.progress(), err
	}
	if err := ctx.Err(); err != nil {
		return r.progress(), err
	}
	if r.left() == 0 { // this round is over
		r.Round++
		r.Queue, r.Later = r.Later, nil
	}
	if r.left() == 0 {
		return r.progress(), nil
	}
	pauses.drain(ctx) // a signal that came with the last result would be lost
	return Progress{}, workflow.NewContinueAsNewError(ctx, Rollout, r.State)
}

// rollout is a run of Rollout. Its coroutines share it without a lock: one of them
// runs at a time.
type rollout struct {
	State
	targets []Target
	running []child // in the order of their start
}

type child struct {
	number int
	future workflow.ChildWorkflowFuture
}

func (r *rollout) prepare(ctx workflow.Context) error {
	if r.Rollout == "" {
		r.Rollout = workflow.GetInfo(ctx).FirstRunID
	}
	if r.NotDone == nil {
		r.NotDone = make(map[string][]int)
	}
	if len(r.Accounts) == 0 {
		var a *Activities
		if err := workflow.ExecuteActivity(withListOptions(ctx), a.ListAccounts).Get(ctx, &r.Accounts); err != nil {
			return err
		}
	}
	r.targets = r.Spec.targets()
	return nil
}

// startPage starts the children of this run. It returns when they are started, or
// the workflow is canceled.
func (r *rollout) startPage(ctx workflow.Context) {
	for started := 0; started < r.PageSize && r.left() > 0; started++ {
		// The server suggests it by the number of events and by their size.
		if started > 0 && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return
		}
		mayStart := func() bool { return !r.Paused && len(r.running) < r.Concurrency }
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

// start starts the child of a target, and a coroutine that takes its result.
func (r *rollout) start(ctx workflow.Context, number int) {
	t := r.targets[number]
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
		Again:    r.Round > 0,
	})
	r.running = append(r.running, child{number, future})
	workflow.Go(ctx, func(ctx workflow.Context) {
		var result Result
		err := future.Get(ctx, &result)
		r.end(number, resultOf(result, err))
	})
}

func (r *rollout) end(number int, result Result) {
	r.running = slices.DeleteFunc(r.running, func(c child) bool { return c.number == number })
	if result.Retry && r.Round < rounds-1 {
		r.Later = append(r.Later, number) // and counted when it has ended for good
		return
	}
	r.Tally.add(result.Tally)
	if result.Reason == "" {
		r.Done++
	} else {
		r.NotDone[result.Reason] = append(r.NotDone[result.Reason], number)
	}
}

// pause stops or resumes the starting of children, and the children that run.
func (r *rollout) pause(ctx workflow.Context, paused bool) {
	r.Paused = paused
	for _, c := range slices.Clone(r.running) {
		// It fails for a child that has just ended, which needs no signal.
		c.future.SignalChildWorkflow(ctx, pauseSignal, paused)
	}
}
