package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/term"
)

func defineStatus(flags *flag.FlagSet) action {
	name := nameFlag(flags)
	once := flags.Bool("once", false, "print one line and return")
	return func(ctx context.Context, s *server, out io.Writer) error {
		c, err := s.connect(ctx, io.Discard)
		if err != nil {
			return err
		}
		defer c.Close()
		if *once {
			p, status, err := progressOf(ctx, c, *name)
			if err != nil {
				return err
			}
			fmt.Fprintln(out, line(p, status))
			return p.err(status)
		}
		err = follow(ctx, c, *name, out)
		if ctx.Err() != nil {
			fmt.Fprintln(out, "\nThe rollout keeps running.")
			return nil
		}
		return err
	}
}

// err returns errNotAllDone if a rollout has ended and not all is done.
func (p *Progress) err(status enums.WorkflowExecutionStatus) error {
	if ended(status) && (p.Done < p.Targets || p.Tally.Missing+p.Tally.Conflicts > 0 || !isComplete(status)) {
		return errNotAllDone
	}
	return nil
}

func isComplete(status enums.WorkflowExecutionStatus) bool {
	return status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
}

func ended(status enums.WorkflowExecutionStatus) bool {
	return status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING && status != enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
}

// follow shows the progress until the rollout has ended: on a terminal always on the
// same line, otherwise a line for each change.
func follow(ctx context.Context, c client.Client, name string, out io.Writer) error {
	if _, err := describe(ctx, c, name); err != nil {
		return err
	}
	file, _ := out.(*os.File)
	var last string
	for {
		p, status, err := progressOf(ctx, c, name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		text := line(p, status)
		if err != nil {
			text = err.Error()
		}
		switch width, _, sizeErr := terminalSize(file); {
		case sizeErr == nil && !ended(status):
			fmt.Fprint(out, "\r\x1b[K", truncated(text, width-2))
		case sizeErr == nil:
			fmt.Fprintln(out, "\r\x1b[K"+text)
		case text != last:
			fmt.Fprintln(out, text)
		}
		last = text
		if ended(status) {
			if err == nil {
				err = p.err(status)
			}
			return err
		}
		// As often as heartbeats come; soon again while it is short, so that a small
		// rollout need not wait.
		select {
		case <-time.After(min(heartbeatTimeout/4, time.Second+time.Duration(p.Targets)*100*time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func terminalSize(file *os.File) (width, height int, err error) {
	if file == nil {
		return 0, 0, os.ErrInvalid
	}
	return term.GetSize(int(file.Fd()))
}

// line is a Progress on one line.
func line(p Progress, status enums.WorkflowExecutionStatus) string {
	var b strings.Builder
	state, verb := status.String(), "done"
	if p.Paused && !ended(status) {
		state = "Paused"
	}
	if p.PlanOnly {
		verb = "compared"
	}
	fmt.Fprintf(&b, "%s: %d of %d targets %s", state, p.Done, p.Targets, verb)
	for _, c := range append([]count{
		{p.NotDone, "not " + verb},
		{p.Running, "running"},
		{p.Later, "later again"},
	}, p.Tally.counts()...) {
		if c.n > 0 {
			fmt.Fprintf(&b, ", %d %s", c.n, c.name)
		}
	}
	if !p.Resumes.IsZero() && !ended(status) {
		fmt.Fprintf(&b, "; the next round starts at %s", p.Resumes.Local().Format(time.TimeOnly))
	}
	return b.String()
}
