// Command rollout puts a flow log on every VPC of an organization: hundreds of
// accounts in twenty Regions, lists that take hours, machines that are replaced
// midway. It runs on Temporal, which keeps its progress.
//
//	go -C examples/rollout build -o ~/bin/rollout .
//	temporal server start-dev --headless --db-filename rollout.db
//	rollout simulate
//
// simulate runs a rollout on an organization in the program. For AWS, start workers
// whose identity may assume a role in each account, and then a rollout:
//
//	rollout worker -role flow-logs-rollout
//	rollout plan -bucket arn:aws:s3:::central-flow-logs -regions us-east-1,eu-west-1
//	rollout start -bucket arn:aws:s3:::central-flow-logs -regions us-east-1,eu-west-1
//	rollout status
//	rollout report
//
// # What it promises
//
// Every VPC gets exactly one such flow log, whatever dies meanwhile: a worker, the
// server, this machine. Nothing is ever deleted. A target is an account in a Region.
// One that cannot be done ends with its reason, and ends no other. The same rollout
// can be started again at any time: it does what is left.
//
// The flow logs that it creates have the tag flowlogs-rollout, by which the report
// tells them from those that were there before.
//
// # Permissions
//
// The identity of the workers needs organizations:ListAccounts, unless the accounts
// are given, and sts:AssumeRole on the role. The role in each account needs
// ec2:DescribeVpcs and ec2:DescribeFlowLogs; to do more than plan, also
// ec2:CreateFlowLogs, ec2:CreateTags on vpc-flow-log/*, and what the destination
// requires: logs:CreateLogDelivery and logs:DeleteLogDelivery for S3 and Firehose,
// iam:PassRole for CloudWatch Logs.
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

// command is a subcommand. It writes to out what was asked for, and its error ends
// the program with status 1.
type command struct {
	name    string
	summary string
	run     func(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error
}

func commands() []command {
	return []command{
		{"worker", "do the work of rollouts until it is stopped; run as many as you like", runWorker},
		{"plan", "compare and say what a rollout would do; nothing is changed", runPlan},
		{"start", "start a rollout, or start it again", runStart},
		{"status", "show how far a rollout is, until it has ended", runStatus},
		{"pause", "start no more work; what is under way ends within a minute or so", runPause},
		{"resume", "resume after a pause", runResume},
		{"report", "print totals, and each target that is not done with its reason", runReport},
		{"simulate", "play a rollout through on an organization in this program", runSimulate},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	switch err := run(ctx, os.Args[1:], os.Stdout); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
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
			flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
			flags.SetOutput(io.Discard) // parse prints
			return c.run(ctx, flags, args[1:], out)
		}
	}
	return fmt.Errorf("unknown command %q (rollout -h lists them)", args[0])
}

func usage(out io.Writer) {
	fmt.Fprintln(out, "Put a flow log on every VPC of an organization, on Temporal.\n\nUsage: rollout COMMAND [OPTIONS]")
	fmt.Fprintln(out)
	for _, c := range commands() {
		fmt.Fprintf(out, "  %-9s %s\n", c.name, c.summary)
	}
	fmt.Fprintf(out, `
rollout COMMAND -h lists the options. Ctrl-C of any of them harms nothing: the
rollout stays on the server, and another worker resumes where one stopped.

%s
`, serverHelp)
}

// parse parses the options of a command. Help goes to out.
func parse(flags *flag.FlagSet, args []string, out io.Writer) error {
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		for _, c := range commands() {
			if c.name == flags.Name() {
				fmt.Fprintf(out, "rollout %s: %s\n\n", c.name, c.summary)
			}
		}
		flags.SetOutput(out)
		flags.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%w (rollout %s -h lists the options)", err, flags.Name())
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: want options only (rollout %s -h lists them)", flags.Arg(0), flags.Name())
	}
	return nil
}
