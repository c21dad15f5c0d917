// Command create-flow-logs is the AWS CLI's command of that name, built on package
// flowlogs. It takes the same options and prints the same output. Unlike the CLI it
// reports every problem of a command before it sends anything, retries a call whose
// response was lost without creating anything twice, takes any number of resources, and
// fails if some of them were unsuccessful.
//
//	go -C examples run ./create-flow-logs --generate-cli-skeleton
//	go -C examples run ./create-flow-logs --resource-ids vpc-0a1b2c3d --resource-type VPC --traffic-type ALL \
//		--log-group-name my-flow-logs --deliver-logs-permission-arn arn:aws:iam::123456789012:role/publishFlowLogs
//
// Its exit status is that of the AWS CLI, with two exceptions. Unsuccessful resources are
// status 1, where the CLI has 0. A wrong value is always status 252, as documented, where
// the CLI sometimes has 255.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/examples/create-flow-logs/internal/awscli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)   // a second interrupt ends the program at once
	signal.Ignore(syscall.SIGPIPE) // or a closed pipe would end it before it has printed the token
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. Output goes to stdout, problems go to stderr, and the result is the
// exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := create(ctx, args, stdout, stderr)
	report(stderr, err)
	if err != nil && ctx.Err() != nil {
		return statusInterrupted
	}
	return statusOf(err)
}

func create(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	// The options.
	cmd := awscli.Parse(args)
	if printed, err := cmd.Print(stdout); printed {
		return err
	}
	cfg, configErr := loadConfig(ctx, cmd)

	// The input.
	in, req, err := cmd.Request(ctx, cmp.Or(cmd.Word("region"), cfg.Region))
	if err := cmp.Or(err, configErr); err != nil {
		return err
	}
	format, err := outputFormat(cmd, cfg)
	if err != nil {
		return err
	}
	output := cmd.NewPrinter(stdout, format)
	if cmd.Has("generate-cli-skeleton") {
		return output.Print(awscli.SampleResponse())
	}
	client, err := connect(ctx, cfg, cmd, stderr)
	if err != nil {
		return err
	}

	// Create. The response is printed even if some resources failed.
	resp, err := flowlogs.New(asTyped{client, in}).Create(ctx, req, func(o *flowlogs.Options) { o.Allow = cmd.Allow })
	if err == nil && req.DryRun {
		return errDryRun
	}
	err = resumable(resp, err)
	if resp != nil && (err == nil || len(resp.FlowLogIDs)+len(resp.Unsuccessful) > 0) {
		if unprinted := output.Print(resp); unprinted != nil {
			err = errors.Join(err, fmt.Errorf("%w; %d created, client token %s", unprinted, len(resp.FlowLogIDs), resp.ClientToken))
		}
	}
	return err
}
