package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// Report is how a rollout ended, or how far it is. Its JSON form is for programs. Its
// targets are in the order of the Spec.
type Report struct {
	Name     string
	Message  string `json:",omitempty"` // why the rollout itself failed
	Hint     string `json:",omitempty"`
	Progress Progress
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
	return onServer(func(ctx context.Context, c client.Client, out io.Writer) error {
		return printReport(ctx, c, *name, out, *asJSON)
	})
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
	if err != nil {
		return err
	}
	return r.Progress.err()
}

// reportOf asks the rollout for its State, and the children that are not done for
// their results: the parent keeps reasons alone, because it has to carry them from
// run to run.
func reportOf(ctx context.Context, c client.Client, name string) (Report, error) {
	s, described, err := ask(ctx, c, name, stateQuery, func(s *State) State { return *s })
	if err != nil {
		return Report{}, err
	}
	status := described.GetWorkflowExecutionInfo().GetStatus()
	r := Report{Name: name, Progress: s.progress()}
	r.Progress.Status = status.String()
	if status == enums.WORKFLOW_EXECUTION_STATUS_FAILED {
		failed := resultOf(Result{}, c.GetWorkflow(ctx, rolloutID(name), "").Get(ctx, nil))
		r.Message, r.Hint = failed.Message, failed.Hint
	}
	targets := s.targets()
	for _, number := range slices.Sorted(maps.Keys(s.ToCreate)) {
		r.ToCreate = append(r.ToCreate, Creation{targets[number], s.ToCreate[number]})
	}
	reasons := make(map[int]string)
	for reason, numbers := range s.NotDone {
		for _, number := range numbers {
			reasons[number] = reason
		}
	}
	numbers := slices.Sorted(maps.Keys(reasons))
	r.NotDone = make([]TargetReport, len(numbers))
	atATime(len(numbers), func(i int) {
		t := targets[numbers[i]]
		r.NotDone[i] = TargetReport{t, childResult(ctx, c, targetID(name, t), reasons[numbers[i]])}
	})
	return r, ctx.Err()
}

// childResult returns the result of a child that is not done, or what its parent knows
// if the server no longer has the child.
func childResult(ctx context.Context, c client.Client, id, reason string) Result {
	known := Result{Reason: reason, Hint: hintOf(reason)}
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil || described.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return known
	}
	if err = c.GetWorkflow(ctx, id, "").Get(ctx, nil); err == nil { // it is done since
		return known
	}
	if result := resultOf(known, err); result.Reason == reason {
		return result
	}
	return known
}

// String returns the report for people: the totals, where a plan would create
// something, the targets that are not done, what to do about each reason, and the VPCs
// that are not done.
func (r *Report) String() string {
	var b strings.Builder
	done, verb := r.Progress.done()
	fmt.Fprintf(&b, "Rollout %s (%s): %d of %d targets %s\n\n", r.Name, r.Progress.Status, done, r.Progress.Targets, verb)
	if r.Message != "" {
		fmt.Fprintf(&b, "%s\n%s\n\n", printable(r.Message), r.Hint)
	}
	totals := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	left := r.Progress.Targets - done - r.Progress.NotDone
	for _, c := range append(r.Progress.Tally.counts(), count{r.Progress.Tally.VPCs, "VPCs"}, count{left, "targets running or not started"}) {
		if c.n > 0 {
			fmt.Fprintf(totals, "%d\t  %s\n", c.n, c.name)
		}
	}
	totals.Flush()

	var creations, targets, hints, problems []string
	for _, c := range r.ToCreate {
		creations = append(creations, row(c.Account, c.Region, strconv.Itoa(c.ToCreate)))
	}
	for _, t := range r.NotDone {
		notDone := "none was reached"
		if t.VPCs > 0 {
			notDone = fmt.Sprintf("%d of %d", t.Conflicts+t.Failed+t.Unreached, t.VPCs)
		}
		targets = append(targets, row(t.Account, t.Region, t.Reason, notDone, t.Message))
		if hint := t.Reason + ": " + t.Hint; t.Hint != "" && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
		problems = append(problems, t.problems()...)
	}
	table(&b, "ACCOUNT\tREGION\tTO CREATE", creations)
	table(&b, "ACCOUNT\tREGION\tREASON\tVPCS NOT DONE\tMESSAGE", targets)
	table(&b, "WHAT TO DO", hints)
	table(&b, "VPC\tACCOUNT\tREGION\tREASON\tFLOW LOG\tDIFFERENCES OR MESSAGE", problems)
	return b.String()
}

// problems returns a row for each.
func (t *TargetReport) problems() []string {
	var rows []string
	for _, p := range t.Problems {
		if p.More > 0 {
			p.VPC += fmt.Sprintf(" and %d more", p.More)
		}
		var text []string
		for _, d := range p.Differences {
			text = append(text, fmt.Sprintf("%s is %q, want %q", d.Field, d.Have, d.Want))
		}
		if p.Message != "" {
			text = append(text, p.Message)
		}
		rows = append(rows, row(p.VPC, t.Account, t.Region, p.Reason, p.FlowLog, strings.Join(text, "; ")))
	}
	if t.Omitted > 0 {
		rows = append(rows, row(fmt.Sprintf("and %d more", t.Omitted), t.Account, t.Region))
	}
	return rows
}

// table writes rows, if there are any, after an empty line and the header.
func table(b *strings.Builder, header string, rows []string) {
	if len(rows) == 0 {
		return
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%s\n%s\n", header, strings.Join(rows, "\n"))
	w.Flush()
}

func row(cells ...string) string {
	for i := range cells {
		cells[i] = printable(cells[i])
	}
	return strings.TrimRight(strings.Join(cells, "\t"), "\t")
}

// printable returns s without characters that would break the table or drive a terminal:
// some cells come from AWS.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
