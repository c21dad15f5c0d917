// Command conformance compares EC2 with the test double by the probes of package
// flowlogstest/conformance. It creates a VPC with three subnets, a bucket and some flow
// logs of its own, and deletes them again.
//
//	go -C examples install ./conformance
//	conformance                                                # prints the plan and sends nothing
//	conformance -run -account 123456789012 -region us-east-1
//	conformance -sweep -account 123456789012 -region us-east-1
//
// A journal says what a run makes, before it makes it. A run deletes that in reverse
// order at its end, and after Ctrl-C or SIGTERM; a second Ctrl-C ends it at once. After
// that or kill -9, -sweep deletes the rest. It cannot be sure of a call that got no
// response, as long as EC2 may still show what the call created: five minutes.
//
// The exit status is 3 if something is or may be left, else 1 if a probe differs or the
// program fails or is interrupted, and 0 otherwise. Go run makes 1 of 3.
//
// With -endpoint-url it calls another server. If that is on this machine, it gets made-up
// credentials, and what it cannot create is made up, so a server that knows flow logs
// alone will do. This one has every VPC, bucket and role, so the probes of those that do
// not exist differ:
//
//	go -C examples run ./emulator
//	conformance -run -account 123456789012 -region us-east-1 -endpoint-url http://127.0.0.1:4566
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/flowlogstest/conformance"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintln(os.Stderr, "conformance:", err)
		if errors.Is(err, errLeft) {
			os.Exit(3)
		}
		os.Exit(1)
	}
}

// errLeft is the error of a run that could not delete all that it made.
var errLeft = errors.New("something may be left")

// cleanupTime is how long deleting may take after the end or a signal.
const cleanupTime = 5 * time.Minute

type options struct {
	run, sweep        bool
	account, region   string
	endpoint, journal string
	record            string
	groups            string
	probes            []conformance.Probe
}

func parse(args []string, usage io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.BoolVar(&o.run, "run", false, "run the probes")
	flags.BoolVar(&o.sweep, "sweep", false, "delete what earlier runs of the journal left")
	flags.StringVar(&o.account, "account", "", "`ID` of the account, which must be that of the credentials")
	flags.StringVar(&o.region, "region", "", "`Region`")
	flags.StringVar(&o.endpoint, "endpoint-url", "", "`URL` of a server in place of AWS")
	flags.StringVar(&o.journal, "journal", "conformance.journal", "`file` that says what is made")
	flags.StringVar(&o.record, "record", "", "`file` for the record, which tells nothing of the account")
	flags.StringVar(&o.groups, "groups", "0,1,2,3", "`numbers` of the groups of probes")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || o.run && o.sweep {
		return o, errors.New("want options only, and one of -run and -sweep (-help shows all)")
	}
	if acts := o.run || o.sweep; acts && (!regexp.MustCompile(`^\d{12}$`).MatchString(o.account) || o.region == "") {
		return o, errors.New("want -account, 12 digits, and -region")
	}
	var groups []int
	for number := range strings.SplitSeq(o.groups, ",") {
		group, err := strconv.Atoi(number)
		if err != nil || group < 0 || group >= len(conformance.Groups) {
			return o, fmt.Errorf("-groups %q: want numbers from 0 to %d", o.groups, len(conformance.Groups)-1)
		}
		groups = append(groups, group)
	}
	o.probes = slices.DeleteFunc(conformance.Probes(), func(p conformance.Probe) bool { return !slices.Contains(groups, p.Group()) })
	return o, nil
}

func run(ctx context.Context, args []string, stdout io.Writer) (err error) {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	if !o.run && !o.sweep {
		return plan(o, stdout)
	}
	j, err := openJournal(o)
	if err != nil {
		return err
	}
	defer j.close()
	a, err := connect(ctx, o, j)
	if err != nil {
		return err
	}
	defer func() {
		// Also after a signal, and of earlier runs.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
		defer cancel()
		err = errors.Join(err, a.clean(ctx, stdout))
	}()
	if o.sweep {
		return nil
	}

	env, err := a.make(ctx, stdout)
	if err != nil {
		return err
	}
	double := runDouble(ctx, env, o.probes)
	target := conformance.Run(ctx, a.ec2, env, o.probes)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("interrupted: %w", err)
	}
	if o.record != "" {
		text, err := json.MarshalIndent(target, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.record, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return report(conformance.Compare(o.probes, double, target), stdout)
}

// runDouble runs the probes on a double that has what env has.
func runDouble(ctx context.Context, env conformance.Env, probes []conformance.Probe) []conformance.Record {
	server := flowlogstest.NewServer(flowlogstest.New(func(o *flowlogstest.Options) {
		o.AccountID, o.Region = env.AccountID, env.Region
		o.Resources = append([]string{env.VPC}, env.Subnets...)
		o.Buckets = []string{env.Bucket}
		o.Roles = []string{} // the probes of CloudWatch Logs are not run: there is no role for them
	}))
	defer server.Close()
	env.Poll = time.Millisecond
	return conformance.Run(ctx, server.Client(), env, probes)
}

// report prints a line for each probe, and returns an error if one differs.
func report(verdicts []conformance.Verdict, stdout io.Writer) error {
	differ := 0
	for _, v := range verdicts {
		fmt.Fprintf(stdout, "%s: %s\n", v.Probe.ID, v)
		if v.Differs && v.Known == "" {
			differ++
		}
	}
	fmt.Fprintf(stdout, "\n%d probes, %d differ\n", len(verdicts), differ)
	if differ > 0 {
		return fmt.Errorf("%d of %d probes differ", differ, len(verdicts))
	}
	return nil
}
