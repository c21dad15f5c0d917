// Command fleet puts a flow log on every VPC of a Region: as fast as the account
// may call EC2, and so that it can be stopped at any moment.
//
//	go -C examples run ./fleet
//	go -C examples run ./fleet -aws -bucket arn:aws:s3:::my-flow-logs
//	go -C examples run ./fleet -aws -token TOKEN
//
// By default it calls an EC2 of its own, which has some thousands of VPCs and gives
// few calls. With -aws it calls AWS as this machine is configured to, which takes
// the permission ec2:DescribeVpcs and those that examples/policies prints with
// -reconcile. With -endpoint-url it calls a server elsewhere, with credentials that
// are made up; with both, that server with those of the machine. With -serve it is
// such a server, for another fleet to call:
//
//	go -C examples run ./fleet -serve 127.0.0.1:4567
//	go -C examples run ./fleet -endpoint-url http://127.0.0.1:4567
//
// # Jobs
//
// A run is for the VPCs that have no flow log of the same traffic to the same
// destination yet. When it has listed them, and before it creates anything, it
// writes its request down in the folder -jobs, with these IDs and a client token,
// and prints the token. After Ctrl-C or kill -9, the same flags with -token send
// that request again: the same calls with the same tokens, so that nothing is
// created twice, whatever became of the calls that were under way. VPCs that have
// come or gone meanwhile change nothing about it. The file is removed when all is
// created.
//
// Where there is no such file, as on another machine, -token is the name of a new
// job, for the VPCs that have no flow log by now. None of them gets two either: EC2
// would refuse the call.
//
// To a token that it knows, EC2 repeats its answer. So what it has refused is tried
// again by a run without -token; and so are the VPCs found that are new.
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

// run writes what is to be kept to stdout, and how far it is to stderr. Its error
// is nil when every VPC has its flow log.
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
	j, err := begin(ctx, api, o)
	if err != nil {
		return err
	}
	ids := j.request.ResourceIDs
	if len(ids) == 0 {
		fmt.Fprintln(stdout, "Every VPC has such a flow log.")
		return nil
	}
	fmt.Fprintf(stdout, "%d VPCs. Should this stop, run it again with the same flags and -token %s\n", len(ids), j.request.ClientToken)

	tally := create(ctx, flowlogs.New(api), j.request, newProgress(stderr, len(ids)))
	tally.print(stdout)
	if tally.created == tally.vpcs {
		return j.remove()
	}
	if ctx.Err() != nil || tally.refused == 0 {
		fmt.Fprintf(stdout, "To go on, run it again with the same flags and -token %s\n", j.request.ClientToken)
	} else {
		fmt.Fprintln(stdout, "When that is mended, run it again without -token, for the VPCs that have no flow log.")
	}
	return fmt.Errorf("%d of %d VPCs have no flow log yet", tally.vpcs-tally.created, tally.vpcs)
}

// create sends the request as a stream, whose batches are counted and shown as
// they end.
func create(ctx context.Context, client *flowlogs.Client, req flowlogs.Request, progress progress) tally {
	defer progress.end()
	t := tally{vpcs: len(req.ResourceIDs)}
	ids := slices.Values(req.ResourceIDs)
	req.ResourceIDs = nil
	for batch, err := range client.Stream(ctx, req, ids) {
		t.add(batch, err)
		progress.show(&t)
	}
	return t
}
