package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"slices"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"
)

// Report is how a rollout ended, or how far it is. Its JSON form is for programs. Its
// targets are in the order of the Spec.
type Report struct {
	Name     string
	Status   string // of the workflow, such as "Running" or "Completed"
	PlanOnly bool   `json:",omitempty"`
	Message  string `json:",omitempty"` // why the rollout itself failed
	Hint     string `json:",omitempty"`
	Targets  int
	Done     int `json:",omitempty"`
	Compared int `json:",omitempty"` // of a plan, in place of Done
	Running  int `json:",omitempty"` // or not started
	Tally    Tally
	ToCreate []Creation     `json:",omitempty"` // of a plan: where something would change
	NotDone  []TargetReport // every target that ended without being done
}

// Creation is how many flow logs a rollout would create on a target.
type Creation struct {
	Target
	ToCreate int
}

// TargetReport is why a target is not done.
type TargetReport struct {
	Target
	Result
}

func defineReport(flags *flag.FlagSet) action {
	name, asJSON := nameFlag(flags), flags.Bool("json", false, "print JSON")
	return func(ctx context.Context, s *server, out io.Writer) error {
		c, err := s.connect(ctx, io.Discard)
		if err != nil {
			return err
		}
		defer c.Close()
		return printReport(ctx, c, *name, out, *asJSON)
	}
}

// printReport returns errNotAllDone if the report says so.
func printReport(ctx context.Context, c client.Client, name string, out io.Writer, asJSON bool) error {
	r, err := reportOf(ctx, c, name)
	if err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(r)
	} else {
		_, err = io.WriteString(out, r.String())
	}
	if err == nil && (r.Done+r.Compared < r.Targets || len(r.ToCreate)+len(r.NotDone) > 0 || r.Status != "Completed") {
		return errNotAllDone
	}
	return err
}

// reportOf asks the rollout for its State, and the children that are not done for
// their results: the parent keeps reasons alone, because it has to carry them from
// run to run.
func reportOf(ctx context.Context, c client.Client, name string) (Report, error) {
	s, status, err := stateOf(ctx, c, name)
	if err != nil {
		return Report{}, err
	}
	p, targets := s.progress(), s.targets()
	r := Report{
		Name: name, Status: status.String(), PlanOnly: p.PlanOnly, Targets: p.Targets,
		Running: p.Targets - p.Done - p.NotDone, Tally: p.Tally,
	}
	if p.PlanOnly {
		r.Compared = p.Done
	} else {
		r.Done = p.Done
	}
	if status == enums.WORKFLOW_EXECUTION_STATUS_FAILED {
		failed := resultOf(Result{}, c.GetWorkflow(ctx, rolloutID(name), "").Get(ctx, nil))
		r.Message, r.Hint = failed.Message, failed.Hint
	}
	for _, number := range slices.Sorted(maps.Keys(s.ToCreate)) {
		r.ToCreate = append(r.ToCreate, Creation{targets[number], s.ToCreate[number]})
	}
	reasons := make(map[int]string)
	for reason, numbers := range s.NotDone {
		for _, number := range numbers {
			reasons[number] = reason
		}
	}
	r.NotDone = make([]TargetReport, len(reasons))
	var calls errgroup.Group
	calls.SetLimit(maxCalls)
	for i, number := range slices.Sorted(maps.Keys(reasons)) {
		calls.Go(func() error {
			r.NotDone[i] = TargetReport{targets[number], childResult(ctx, c, targetID(name, targets[number]), reasons[number])}
			return nil
		})
	}
	calls.Wait() //nolint:errcheck // there is none
	return r, ctx.Err()
}

// childResult returns the result of a child that is not done, or what its parent
// knows of it if the server does not have the child any more.
func childResult(ctx context.Context, c client.Client, id, reason string) Result {
	known := Result{Reason: reason, Hint: hintOf(reason)}
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil || !ended(described.GetWorkflowExecutionInfo().GetStatus()) {
		return known
	}
	var result Result
	if err := c.GetWorkflow(ctx, id, "").Get(ctx, &result); err != nil {
		result = resultOf(known, err)
	}
	if result.Reason != reason {
		return known
	}
	return result
}
