package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"sync"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// Report is how a rollout ended, or how far it is. Its JSON form is for programs.
type Report struct {
	Name     string
	Status   string // of the workflow, such as "Running" or "Completed"
	PlanOnly bool   `json:",omitempty"`
	Message  string `json:",omitempty"` // why the rollout itself failed
	Hint     string `json:",omitempty"`
	Targets  int
	Done     int
	Tally    Tally
	NotDone  []TargetReport // every target that ended without being done
}

// TargetReport is why a target is not done.
type TargetReport struct {
	Target
	Result
}

func runReport(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	server, name := serverFlags(flags), nameFlag(flags)
	asJSON := flags.Bool("json", false, "print JSON")
	if err := parse(flags, args, out); err != nil {
		return err
	}
	c, err := server.connect(ctx, io.Discard)
	if err != nil {
		return err
	}
	defer c.Close()
	return printReport(ctx, c, *name, out, *asJSON)
}

func printReport(ctx context.Context, c client.Client, name string, out io.Writer, asJSON bool) error {
	r, err := reportOf(ctx, c, name)
	if err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return r.print(out)
}

// reportOf asks the rollout for its totals, and the children that are not done for
// their results: the parent keeps reasons alone, because it has to carry them from
// run to run.
func reportOf(ctx context.Context, c client.Client, name string) (Report, error) {
	p, status, err := progressOf(ctx, c, name)
	if err != nil {
		return Report{}, explainNotFound(name, err)
	}
	r := Report{
		Name: name, Status: status.String(), PlanOnly: p.PlanOnly,
		Targets: p.Targets, Done: p.Done, Tally: p.Tally,
		NotDone: make([]TargetReport, len(p.NotDone)),
	}
	if status == enums.WORKFLOW_EXECUTION_STATUS_FAILED {
		failed := resultOf(Result{}, c.GetWorkflow(ctx, rolloutID(name), "").Get(ctx, nil))
		r.Message, r.Hint = failed.Message, failed.Hint
	}
	slots := make(chan struct{}, 16)
	var wait sync.WaitGroup
	for i, ended := range p.NotDone {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			r.NotDone[i] = TargetReport{ended.Target, childResult(ctx, c, name, ended)}
		})
	}
	wait.Wait()
	return r, ctx.Err()
}

// childResult returns the result of a child that is not done, or what its parent
// knows of it if the server does not have the child any more.
func childResult(ctx context.Context, c client.Client, name string, ended Ended) Result {
	id := targetID(name, ended.Target)
	known := Result{Reason: ended.Reason, Hint: hintOf(ended.Reason)}
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil || described.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return known
	}
	var result Result
	err = c.GetWorkflow(ctx, id, "").Get(ctx, &result)
	if result = resultOf(result, err); result.Reason != ended.Reason {
		return known
	}
	return result
}
