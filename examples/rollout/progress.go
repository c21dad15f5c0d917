package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"
)

// The queries of a rollout, which also work when it has ended: one for its counts, and
// one for its whole State.
const (
	progressQuery = "progress"
	stateQuery    = "state"
)

// Progress is how far a rollout has come, in counts of targets and of their VPCs.
type Progress struct {
	PlanOnly bool `json:",omitempty"`
	Paused   bool `json:",omitempty"`

	Targets int
	Done    int // of a plan: compared
	NotDone int
	Running int       // starting and ending ones included
	Later   int       // to be tried again
	Resumes time.Time // when the next round starts; zero: no round is waited for

	Tally Tally
}

// progress returns the counts of a State between two runs or at the end.
func (s *State) progress() Progress {
	p := Progress{
		PlanOnly: s.PlanOnly,
		Paused:   s.Paused,
		Targets:  len(s.targets()),
		Done:     s.Done,
		Later:    len(s.Later),
		Tally:    s.Tally,
	}
	if s.Round > 0 {
		p.Later += len(s.Queue)
	}
	for _, numbers := range s.NotDone {
		p.NotDone += len(numbers)
	}
	for _, partly := range s.Partly {
		p.Tally.add(partly.Tally)
	}
	if s.PlanOnly { // where others conflict, the comparison has not failed
		conflicts := len(s.NotDone[reasonConflict])
		p.Done, p.NotDone = p.Done+conflicts, p.NotDone-conflicts
	}
	return p
}

// live returns the counts of a run.
func (r *rollout) live() Progress {
	p := r.progress()
	p.Running, p.Resumes = len(r.running), r.resumes
	return p
}

// progressOf returns how far a rollout is: from its result if it has one, which needs no
// worker, and otherwise by a query and from the heartbeats of the children that run.
func progressOf(ctx context.Context, c client.Client, name string) (Progress, enums.WorkflowExecutionStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	described, err := describe(ctx, c, name)
	if err != nil {
		return Progress{}, 0, err
	}
	status := described.GetWorkflowExecutionInfo().GetStatus()
	var s State
	if hasResult(status) {
		err := resultState(ctx, c, name, &s)
		return s.progress(), status, err
	}
	var p Progress
	if err := query(ctx, c, described, progressQuery, &p); err != nil {
		return p, status, err
	}
	p.Tally.add(runningTally(ctx, c, described.GetPendingChildren()))
	return p, status, nil
}

// stateOf returns the State of a rollout.
func stateOf(ctx context.Context, c client.Client, name string) (s State, status enums.WorkflowExecutionStatus, err error) {
	described, err := describe(ctx, c, name)
	if err != nil {
		return s, 0, err
	}
	status = described.GetWorkflowExecutionInfo().GetStatus()
	if hasResult(status) {
		err = resultState(ctx, c, name, &s)
	} else {
		err = query(ctx, c, described, stateQuery, &s)
	}
	return s, status, err
}

func describe(ctx context.Context, c client.Client, name string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	described, err := c.DescribeWorkflowExecution(ctx, rolloutID(name), "")
	return described, explainNotFound(name, err)
}

func hasResult(status enums.WorkflowExecutionStatus) bool {
	return status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED || status == enums.WORKFLOW_EXECUTION_STATUS_CANCELED
}

// resultState decodes the result of a rollout that is complete or canceled.
func resultState(ctx context.Context, c client.Client, name string, s *State) error {
	err := c.GetWorkflow(ctx, rolloutID(name), "").Get(ctx, s)
	var canceled *temporal.CanceledError
	if errors.As(err, &canceled) && canceled.HasDetails() {
		return canceled.Details(s)
	}
	return err
}

// query asks a run of a rollout. Without a response, it says which of its parts is
// missing.
func query(ctx context.Context, c client.Client, described *workflowservice.DescribeWorkflowExecutionResponse, name string, to any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	execution := described.GetWorkflowExecutionInfo().GetExecution()
	value, err := c.QueryWorkflow(ctx, execution.GetWorkflowId(), execution.GetRunId(), name)
	if err == nil {
		return value.Get(to)
	}
	if attempt := described.GetPendingWorkflowTask().GetAttempt(); attempt > 2 {
		return fmt.Errorf("the workers fail at this rollout (attempt %d at its workflow task); their log says why, "+
			"and so does: temporal workflow show -w %s: %w", attempt, execution.GetWorkflowId(), err)
	}
	return fmt.Errorf("no worker responds (start one with rollout worker): %w", err)
}

// maxCalls is how many calls the server has to serve at a time for a status or report.
const maxCalls = 16

// runningTally returns what children have done since they were started.
func runningTally(ctx context.Context, c client.Client, children []*workflow.PendingChildExecutionInfo) Tally {
	results := make([]Result, len(children))
	var calls errgroup.Group
	calls.SetLimit(maxCalls)
	for i, child := range children {
		calls.Go(func() error {
			described, err := c.DescribeWorkflowExecution(ctx, child.GetWorkflowId(), child.GetRunId())
			if err != nil {
				return nil //nolint:nilerr // it has ended, and is counted next time
			}
			for _, activity := range described.GetPendingActivities() {
				// Nothing is to be decoded before the first heartbeat.
				converter.GetDefaultDataConverter().FromPayloads(activity.GetHeartbeatDetails(), &results[i]) //nolint:errcheck // as above
			}
			return nil
		})
	}
	calls.Wait() //nolint:errcheck // there is none
	var t Tally
	for _, r := range results {
		t.add(r.Tally)
	}
	return t
}
