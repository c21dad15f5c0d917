// Command create-flow-logs is aws ec2 create-flow-logs on package flowlogs. It
// takes the same options and prints the same document. Unlike the AWS CLI it
// validates everything before it sends anything, retries a call whose response was
// lost without creating anything twice, takes any number of resources, and fails if
// one of them did.
//
//	go -C examples run ./create-flow-logs --generate-cli-skeleton
//	go -C examples run ./create-flow-logs --resource-ids vpc-0a1b2c3d --resource-type VPC --traffic-type ALL \
//		--log-group-name my-flow-logs --deliver-logs-permission-arn arn:aws:iam::123456789012:role/publishFlowLogs
//
// The exit status is that of the AWS CLI, except that it is 1 if EC2 rejected
// resources individually; the CLI returns 0.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"

	"github.com/go-flowlogs/flowlogs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run writes the document to stdout and problems to stderr, and returns the exit
// status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := create(ctx, args, stdout)
	report(stderr, err)
	if err != nil && ctx.Err() != nil {
		return statusInterrupted
	}
	return statusOf(err)
}

func create(ctx context.Context, args []string, stdout io.Writer) error {
	line, err := parse(args)
	if err != nil {
		return err
	}
	skeleton := line.word("generate-cli-skeleton")
	switch {
	case line.has("help"):
		return printHelp(stdout)
	case skeleton == "input":
		return printInputSkeleton(stdout)
	}
	write, err := writerOf(cmp.Or(line.word("output"), os.Getenv("AWS_DEFAULT_OUTPUT"), "json"))
	if err != nil {
		return err
	}

	cfg, err := loadConfig(ctx, line)
	if err != nil {
		return err
	}
	in, req, err := line.request(ctx, cfg.Region)
	if err != nil {
		return err
	}
	if skeleton == "output" {
		return write(stdout, sampleDocument)
	}
	client, err := connect(ctx, cfg, line)
	if err != nil {
		return err
	}

	resp, err := flowlogs.New(asTyped{client, in}).Create(ctx, req)
	if err == nil && req.DryRun {
		return errDryRun
	}
	err = resumable(resp, err)
	if resp != nil && (err == nil || len(resp.FlowLogIDs)+len(resp.Unsuccessful) > 0) {
		err = errors.Join(err, write(stdout, documentOf(resp)))
	}
	return err
}
