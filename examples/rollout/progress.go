package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"
)

// Progress is how far a rollout has come, in counts of targets and of their VPCs.
type Progress struct {
	Status   string `json:",omitempty"` // of the workflow, such as Running or Completed
	PlanOnly bool   `json:",omitempty"`
	Paused   bool   `json:",omitempty"`

	Targets  int
	Done     int `json:",omitempty"`
	Compared int `json:",omitempty"` // of a plan, in place of Done
	NotDone  int
	Running  int       `json:",omitempty"` // starting and ending targets included
	Later    int       `json:",omitempty"` // to be resumed
	Resumes  time.Time `json:",omitzero"`  // when the next round starts; zero: none is waited for

	Tally Tally
}

// progress returns the counts of a State between two runs or at the end.
func (s *State) progress() Progress {
	p := Progress{
		PlanOnly: s.PlanOnly,
		Paused:   s.Paused,
		Targets:  len(s.targets()),
		Done:     s.Done,
		Later:    len(s.Queue) + len(s.Later),
		Tally:    s.Tally,
	}
	for _, numbers := range s.NotDone {
		p.NotDone += len(numbers)
	}
	for _, partly := range s.Partly {
		p.Tally.add(partly.Tally)
	}
	if s.PlanOnly { // where others conflict, the comparison has not failed
		conflicts := len(s.NotDone[reasonConflict])
		p.Compared, p.Done, p.NotDone = p.Done+conflicts, 0, p.NotDone-conflicts
	}
	return p
}

// done returns how many targets are done, or compared, and the word for it.
func (p *Progress) done() (int, string) {
	if p.PlanOnly {
		return p.Compared, "compared"
	}
	return p.Done, "done"
}

// err returns errNotAllDone unless all is done.
func (p *Progress) err() error {
	done, _ := p.done()
	if done == p.Targets && p.Tally.Missing+p.Tally.Conflicts == 0 && p.Status == statusCompleted {
		return nil
	}
	return errNotAllDone
}

func (p *Progress) ended() bool { return p.Status != "" && p.Status != statusRunning }

var (
	statusRunning   = enums.WORKFLOW_EXECUTION_STATUS_RUNNING.String()
	statusCompleted = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED.String()
)

// line is a Progress on one line.
func (p *Progress) line() string {
	var b strings.Builder
	state := p.Status
	if p.Paused && !p.ended() {
		state = "Paused"
	}
	done, verb := p.done()
	fmt.Fprintf(&b, "%s: %d of %d targets %s", state, done, p.Targets, verb)
	counts := []count{{p.NotDone, "not " + verb}, {p.Running, "running"}, {p.Later, "later again"}}
	for _, c := range append(counts, p.Tally.counts()...) {
		if c.n > 0 {
			fmt.Fprintf(&b, ", %d %s", c.n, c.name)
		}
	}
	if !p.Resumes.IsZero() && !p.ended() {
		fmt.Fprintf(&b, "; the next round starts at %s", p.Resumes.Local().Format(time.TimeOnly))
	}
	return b.String()
}

func defineStatus(flags *flag.FlagSet) action {
	name := nameFlag(flags)
	once := flags.Bool("once", false, "print one line and return")
	return onServer(func(ctx context.Context, c client.Client, out io.Writer) error {
		p, err := follow(ctx, c, *name, *once, out)
		if ctx.Err() != nil {
			fmt.Fprintln(out, "The rollout keeps running.")
		}
		if err == nil && p.ended() {
			return p.err()
		}
		return err
	})
}

// follow prints the progress, a line for each change, until the rollout or ctx has
// ended, or once.
func follow(ctx context.Context, c client.Client, name string, once bool, out io.Writer) (Progress, error) {
	var last string
	for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, 15*time.Second) {
		p, err := progressOf(ctx, c, name)
		text := p.line()
		switch {
		case err == nil:
		case ctx.Err() != nil:
			continue
		case once || p.ended() || p.Status == "" && last == "":
			return p, err
		default:
			text = err.Error() // it may pass: the server, or the workers, may be about to start
		}
		if text != last {
			fmt.Fprintln(out, text)
		}
		if once || p.ended() {
			return p, nil
		}
		last = text
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return Progress{}, nil
}

// The queries of a rollout, which also work when it has ended: one for its counts, and
// one for its whole State.
const (
	progressQuery = "progress"
	stateQuery    = "state"
)

// progressOf returns how far a rollout is, including what the heartbeats of its running
// children say.
func progressOf(ctx context.Context, c client.Client, name string) (Progress, error) {
	p, described, err := ask(ctx, c, name, progressQuery, (*State).progress)
	if described == nil {
		return p, err
	}
	p.Status = described.GetWorkflowExecutionInfo().GetStatus().String()
	children := described.GetPendingChildren()
	results := make([]Result, len(children))
	atATime(len(children), func(i int) {
		// A child that has ended meanwhile is counted next time.
		described, _ := c.DescribeWorkflowExecution(ctx, children[i].GetWorkflowId(), children[i].GetRunId())
		for _, activity := range described.GetPendingActivities() {
			// Nothing is to be decoded before the first heartbeat.
			converter.GetDefaultDataConverter().FromPayloads(activity.GetHeartbeatDetails(), &results[i]) //nolint:errcheck // as above
		}
	})
	for _, r := range results {
		p.Tally.add(r.Tally)
	}
	return p, err
}

// atATime calls the server for each of n workflows, 16 at a time.
func atATime(n int, call func(i int)) {
	var calls errgroup.Group
	calls.SetLimit(16)
	for i := range n {
		calls.Go(func() error { call(i); return nil })
	}
	calls.Wait() //nolint:errcheck // there is no error
}

// ask returns what a rollout says of itself: in its result if it has one, which needs no
// worker, and otherwise in response to a query. It also returns the server's description,
// nil if the server has none.
func ask[T any](ctx context.Context, c client.Client, name, query string, of func(*State) T) (
	said T, described *workflowservice.DescribeWorkflowExecutionResponse, err error,
) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	id := rolloutID(name)
	if described, err = c.DescribeWorkflowExecution(ctx, id, ""); err != nil {
		return said, nil, explainNotFound(name, err)
	}
	switch described.GetWorkflowExecutionInfo().GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		var s State
		err = c.GetWorkflow(ctx, id, "").Get(ctx, &s)
		var canceled *temporal.CanceledError
		if errors.As(err, &canceled) && canceled.HasDetails() {
			err = canceled.Details(&s)
		}
		return of(&s), described, err
	}
	asking, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	value, err := c.QueryWorkflow(asking, id, described.GetWorkflowExecutionInfo().GetExecution().GetRunId(), query)
	if err == nil {
		return said, described, value.Get(&said)
	}
	// A worker that dies may cost an attempt, too; two in a row are no accident.
	now, _ := c.DescribeWorkflowExecution(ctx, id, "")
	if attempt := now.GetPendingWorkflowTask().GetAttempt(); attempt > 2 {
		return said, described, fmt.Errorf("the workers fail at this rollout (attempt %d at its workflow task); their log says why, "+
			"and so does: temporal workflow show -w %s: %w", attempt, id, err)
	}
	return said, described, fmt.Errorf("no worker responds (start one with rollout worker): %w", err)
}
