// Command fleet creates a flow log on every VPC of a Region, at the rate at which
// the account may call EC2. It can be stopped and resumed at any time.
//
//	go -C examples run ./fleet
//	go -C examples run ./fleet -aws -bucket arn:aws:s3:::my-flow-logs
//	go -C examples run ./fleet -aws -token TOKEN
//
// By default it calls a server in this process, with some thousands of VPCs and a
// small quota of calls. With -aws it calls AWS, as this machine is configured; the
// caller needs ec2:DescribeVpcs and the permissions that examples/policies prints
// with -reconcile. With -endpoint-url it calls another server, with made-up
// credentials, or with both flags that server with the credentials of the machine.
// With -serve it is such a server, for another fleet to call:
//
//	go -C examples run ./fleet -serve 127.0.0.1:4567
//	go -C examples run ./fleet -endpoint-url http://127.0.0.1:4567
//
// # Jobs
//
// A run is for the VPCs that have no flow log of the same traffic type to the same
// destination. Before it creates anything, it writes its request, with the IDs and
// a client token, to a file in the folder -jobs, and prints the token. After Ctrl-C
// or kill -9, the same flags with -token resume it: the same calls are sent under
// the same tokens, and EC2 creates nothing twice. VPCs that were created or deleted
// in the meantime do not matter. The file is removed when everything is created.
//
// If there is no such file, for example on another machine, -token names a new job,
// for the VPCs that have no flow log by then.
//
// EC2 may repeat its response to a token that it knows. After the cause of a
// rejection is fixed, run it again without -token: the run is for the VPCs that
// still have no flow log.
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

	"github.com/go-flowlogs/flowlogs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

// run writes its result to stdout and its progress to stderr. The error is nil if
// every VPC has its flow log.
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
	j, err := start(ctx, api, o)
	if err != nil {
		return err
	}
	ids := j.request.ResourceIDs
	if len(ids) == 0 {
		fmt.Fprintln(stdout, "Every VPC has such a flow log.")
		return nil
	}
	fmt.Fprintf(stdout, "%d VPCs. If this is interrupted, run it again with the same flags and -token %s\n", len(ids), j.request.ClientToken)

	summary, err := create(ctx, flowlogs.New(api), j.request, newProgress(stderr, len(ids)))
	if err != nil {
		return err
	}
	summary.print(stdout)
	if summary.created == summary.vpcs {
		return j.remove()
	}
	if ctx.Err() != nil || summary.resumable() {
		fmt.Fprintf(stdout, "To resume, run it again with the same flags and -token %s\n", j.request.ClientToken)
	} else {
		fmt.Fprintln(stdout, "When the cause is fixed, run it again without -token, for the VPCs that have no flow log.")
	}
	return fmt.Errorf("%d of %d VPCs have no flow log yet", summary.vpcs-summary.created, summary.vpcs)
}

// create sends the request and shows its progress. The error is that of a request
// that was not sent; otherwise the summary says what failed.
func create(ctx context.Context, client *flowlogs.Client, req flowlogs.Request, progress progress) (*summary, error) {
	defer progress.end()
	resp, err := client.Create(ctx, req, func(o *flowlogs.Options) { o.OnProgress = progress.show })
	if resp == nil {
		return nil, err
	}
	return summarize(resp), nil
}
