package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/term"
)

func runStatus(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	server, name := serverFlags(flags), nameFlag(flags)
	once := flags.Bool("once", false, "print one line and return")
	if err := parse(flags, args, out); err != nil {
		return err
	}
	c, err := server.connect(ctx, io.Discard)
	if err != nil {
		return err
	}
	defer c.Close()
	if !*once {
		if err := follow(ctx, c, *name, out); ctx.Err() == nil {
			return err
		}
		fmt.Fprintln(out, "\nThe rollout keeps running.")
		return nil
	}
	p, status, err := progressOf(ctx, c, *name)
	if err != nil {
		return explainNotFound(*name, err)
	}
	fmt.Fprintln(out, line(p, status))
	return nil
}

// progressOf returns how far a rollout is, from its result if it is complete, which
// needs no worker, and by a query otherwise.
func progressOf(ctx context.Context, c client.Client, name string) (Progress, enums.WorkflowExecutionStatus, error) {
	var p Progress
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	described, err := c.DescribeWorkflowExecution(ctx, rolloutID(name), "")
	if err != nil {
		return p, 0, err
	}
	status := described.GetWorkflowExecutionInfo().GetStatus()
	if status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		return p, status, c.GetWorkflow(ctx, rolloutID(name), "").Get(ctx, &p)
	}
	response, err := c.QueryWorkflow(ctx, rolloutID(name), "", progressQuery)
	if err != nil {
		return p, status, fmt.Errorf("no worker responds (start one with rollout worker): %w", err)
	}
	return p, status, response.Get(&p)
}

// follow shows the progress until the rollout has ended: as a bar on a terminal, as
// lines otherwise. It returns nil then.
func follow(ctx context.Context, c client.Client, name string, out io.Writer) error {
	show, every := lines(out), 10*time.Second
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		show, every = bar(file), time.Second
	}
	if _, err := c.DescribeWorkflowExecution(ctx, rolloutID(name), ""); err != nil {
		return explainNotFound(name, err)
	}
	for {
		p, status, err := progressOf(ctx, c, name)
		show(p, status, err)
		if ended(status) && ctx.Err() == nil {
			return nil
		}
		// Soon again while it is short, so that a small rollout need not wait.
		select {
		case <-time.After(min(every, time.Second+time.Duration(p.Targets)*100*time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func ended(status enums.WorkflowExecutionStatus) bool {
	return status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING && status != enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
}

type show func(Progress, enums.WorkflowExecutionStatus, error)

// lines prints what has changed.
func lines(out io.Writer) show {
	var last string
	return func(p Progress, status enums.WorkflowExecutionStatus, err error) {
		text := line(p, status)
		if err != nil {
			text = err.Error()
		}
		if text != last {
			fmt.Fprintln(out, text)
		}
		last = text
	}
}

// bar shows the targets that have ended.
func bar(out *os.File) show {
	var b *progressbar.ProgressBar
	return func(p Progress, status enums.WorkflowExecutionStatus, err error) {
		if b == nil {
			b = progressbar.NewOptions(-1, progressbar.OptionSetWriter(out), progressbar.OptionSetWidth(20),
				progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
		}
		if err != nil {
			b.Describe(err.Error())
			return
		}
		if b.GetMax() != p.Targets {
			b.ChangeMax(p.Targets)
		}
		b.Describe(line(p, status))
		b.Set(p.Done + len(p.NotDone)) //nolint:errcheck // a terminal that is gone
		if ended(status) {
			b.Clear() //nolint:errcheck // as above
			fmt.Fprintln(out, line(p, status))
		}
	}
}

// line is a Progress on one line.
func line(p Progress, status enums.WorkflowExecutionStatus) string {
	state := status.String()
	if p.Paused && !ended(status) {
		state = "Paused"
	}
	text := fmt.Sprintf("%s: %d of %d targets done", state, p.Done, p.Targets)
	for _, n := range []struct {
		count int
		text  string
	}{
		{len(p.NotDone), "not done"},
		{len(p.Running), "running"},
		{p.Later, "later again"},
		{p.Tally.Created, "flow logs created"},
		{p.Tally.Missing, "to create"},
		{p.Tally.Kept, "kept"},
		{p.Tally.Conflicts, "conflicts"},
		{p.Tally.Failed, "failed"},
		{p.Tally.Unreached, "VPCs not reached"},
	} {
		if n.count > 0 {
			text += fmt.Sprintf(", %d %s", n.count, n.text)
		}
	}
	return text
}
