// Command rollout puts a flow log on every VPC of an organization: hundreds of
// accounts in twenty Regions, lists that take hours, machines that are replaced
// midway. It runs on Temporal, which keeps its progress. README.md is its manual.
//
// Every VPC gets exactly one such flow log, whatever dies meanwhile: a worker, the
// server, this machine. Nothing is ever deleted. A target is an account in a Region.
// A target that cannot be done ends with its reason, and ends no other. The same
// rollout can be started again at any time: it does what is left.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// command is a subcommand.
type command struct {
	name    string
	summary string
	define  definition
}

// definition declares the options of a command, and returns what it does when they are
// parsed. An action writes its result to out.
type (
	definition func(*flag.FlagSet) action
	action     func(ctx context.Context, out io.Writer) error
)

func commands() []command {
	return []command{
		{"worker", "do the work of rollouts until it is stopped; run as many as you like", defineWorker},
		{"plan", "compare and say where a rollout would create what; nothing is changed", definePlan},
		{"start", "start a rollout, or start it again", defineStart},
		{"status", "show how far a rollout is, until it has ended", defineStatus},
		{"pause", "start no more targets; those under way end, most within a minute", control(pause(true),
			"Rollout %s pauses. Resume it with: rollout resume -name %[1]s")},
		{"resume", "resume after a pause", control(pause(false), "Rollout %s resumes.")},
		{"cancel", "end a rollout; what was created stays, and is counted", control(cancel,
			"Rollout %s ends when it has counted what it created. Then: rollout report -name %[1]s")},
		{"report", "print totals, and each target that is not done with its reason", defineReport},
		{"simulate", "play a rollout through on an organization in this program", defineSimulate},
	}
}

// errNotAllDone ends the program with status 2: what was printed says what is left.
var errNotAllDone = errors.New("not all targets are done, or something would change")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	switch err := run(ctx, os.Args[1:], os.Stdout); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errNotAllDone):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "rollout:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		usage(out)
		return flag.ErrHelp
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], out)
		}
	}
	return fmt.Errorf("unknown command %q (rollout -h lists them)", args[0])
}

func usage(out io.Writer) {
	fmt.Fprint(out, "Put a flow log on every VPC of an organization, on Temporal.\n\nUsage: rollout COMMAND [OPTIONS]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(out, "  %-9s %s\n", c.name, c.summary)
	}
	fmt.Fprintf(out, `
rollout COMMAND -h lists the options. Ctrl-C of any of them harms nothing: the
rollout stays on the server, and another worker resumes where one stopped.

The exit status of status, report and plan is 2 if not all targets are done, or if
something would change. That of every command is 1 if it fails.

%s
`, serverHelp)
}

func (c *command) run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error
	act := c.define(flags)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(out, "rollout %s: %s\n\n", c.name, c.summary)
		flags.SetOutput(out)
		flags.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%w (rollout %s -h lists the options)", err, c.name)
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q (rollout %s -h lists the options)", flags.Arg(0), c.name)
	}
	return act(ctx, out)
}
