// Command create-flow-logs is the command of that name in the AWS CLI, as a
// program on package flowlogs. It takes the same options and prints the same
// output. Unlike the CLI it reports every problem of a command before it sends
// anything, retries a call whose response was lost without creating anything
// twice, takes any number of resources, and fails if some of them were
// unsuccessful.
//
//	go -C examples run ./create-flow-logs --generate-cli-skeleton
//	go -C examples run ./create-flow-logs --resource-ids vpc-0a1b2c3d --resource-type VPC --traffic-type ALL \
//		--log-group-name my-flow-logs --deliver-logs-permission-arn arn:aws:iam::123456789012:role/publishFlowLogs
//
// Its exit status is that of the AWS CLI, with two exceptions. Unsuccessful
// resources are status 1, where the CLI has 0. A wrong value is always status
// 252, as documented, where the CLI sometimes has 255.
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

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. Output goes to stdout, problems go to stderr, and the
// result is the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := create(ctx, args, stdout, stderr)
	report(stderr, err)
	if err != nil && ctx.Err() != nil {
		return statusInterrupted
	}
	return statusOf(err)
}

func create(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	line := parse(args)
	switch {
	case line.help:
		return printHelp(stdout)
	case line.version:
		return printVersion(stdout)
	}
	s, members := line.settings(), line.members()
	switch skeleton := line.word("generate-cli-skeleton"); {
	case skeleton == "" || skeleton == "output":
	case len(line.problems) > 0:
		return &flowlogs.ValidationError{Fields: line.problems}
	case skeleton == "yaml-input":
		return printYAMLSkeleton(stdout)
	default:
		return printInputSkeleton(stdout)
	}

	cfg, configErr := loadConfig(ctx, line, s, stderr)
	in, req, err := line.request(ctx, members, cmp.Or(line.word("region"), cfg.Region))
	if len(line.problems) > 0 {
		return &flowlogs.ValidationError{Fields: line.problems}
	}
	if err := errors.Join(configErr, err); err != nil {
		return err
	}
	p, formatErr := newPrinter(stdout, line, cfg, s.query)
	if line.has("generate-cli-skeleton") && formatErr == nil {
		return p.print(stdout, sampleOutput())
	}
	client, err := connect(ctx, cfg, line, s)
	if err := cmp.Or(err, formatErr); err != nil {
		return err
	}
	return send(ctx, client, in, req, p, stdout)
}

// send sends the request, and prints what came of it even if some of it failed.
func send(ctx context.Context, client *ec2.Client, in *ec2.CreateFlowLogsInput, req flowlogs.Request, p *printer, stdout io.Writer) error {
	resp, err := flowlogs.New(asTyped{client, in}).Create(ctx, req)
	if err == nil && req.DryRun {
		return errDryRun
	}
	err = resumable(resp, err)
	if resp != nil && (err == nil || len(resp.FlowLogIDs)+len(resp.Unsuccessful) > 0) {
		if unprinted := p.print(stdout, outputOf(resp)); unprinted != nil {
			err = errors.Join(err, fmt.Errorf("%w; %d created, client token %s", unprinted, len(resp.FlowLogIDs), resp.ClientToken))
		}
	}
	return err
}
