// Command fleet brings every VPC of a Region to the same flow log. Run it every night: it
// creates what is missing, and where nothing is missing it only lists.
//
//	go -C examples run ./fleet -plan
//	go -C examples run ./fleet
//	go -C examples run ./fleet -aws -bucket arn:aws:s3:::my-flow-logs -plan
//
// With -plan it prints the plan and changes nothing. The exit status is then 2 if there
// is something to do and 0 if there is nothing, as with terraform plan
// -detailed-exitcode. It never deletes: a flow log that conflicts is reported, and the
// other VPCs get theirs.
//
// It can be stopped at any time, by Ctrl-C or kill -9, and run again.
//
// By default it calls a server in this process, which has some thousands of VPCs and a
// small quota of calls, and forgets everything at the end. With -aws it calls AWS, as
// this machine is configured; the caller needs ec2:DescribeVpcs and the permissions that
// examples/policies prints with -reconcile. With -endpoint-url it calls another server:
// with made-up credentials, or with those of the machine if -aws is also given. With
// -serve it is such a server, for another fleet to call:
//
//	go -C examples run ./fleet -serve 127.0.0.1:4567
//	go -C examples run ./fleet -endpoint-url http://127.0.0.1:4567
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errSomethingToDo):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

// errSomethingToDo is the error of a plan that is not empty.
var errSomethingToDo = errors.New("there is something to do")

// run writes its result to stdout and its progress to stderr. The error is nil if every
// VPC has its flow log.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	if o.serve != "" {
		return serve(ctx, o, stdout)
	}
	api, disconnect, err := connect(ctx, o)
	if err != nil {
		return err
	}
	defer disconnect()
	req := o.request
	if req.ResourceIDs, err = vpcs(ctx, api); err != nil {
		return err
	}
	if len(req.ResourceIDs) == 0 {
		fmt.Fprintln(stdout, "There are no VPCs.")
		return nil
	}
	if o.plan {
		return plan(ctx, reconcile.New(api), req, stdout)
	}
	return apply(ctx, api, req, stdout, stderr)
}

// plan prints the plan.
func plan(ctx context.Context, r *reconcile.Reconciler, req flowlogs.Request, stdout io.Writer) error {
	plan, err := r.Plan(ctx, req)
	if err != nil {
		return err
	}
	fmt.Fprint(stdout, plan)
	if slices.ContainsFunc(plan.Changes, func(c reconcile.Change) bool { return c.Action != reconcile.ActionKeep }) {
		return errSomethingToDo
	}
	return nil
}

// apply plans anew, applies the plan, and prints a summary.
func apply(ctx context.Context, api reconcile.API, req flowlogs.Request, stdout, stderr io.Writer) error {
	progress := newProgress(stderr)
	result, err := reconcile.New(api, func(o *reconcile.Options) { o.OnProgress = progress.show }).Apply(ctx, req)
	progress.end()
	if result == nil {
		return err
	}
	s := summarize(result)
	s.print(stdout)
	if s.failed > 0 {
		return fmt.Errorf("%d of %d VPCs have no such flow log yet", s.failed, len(result.Outcomes))
	}
	return nil
}
