// Command quickstart creates flow logs: on an EC2 in this process, without credentials,
// or with -aws on AWS, as this machine is configured.
//
//	go -C examples run ./quickstart
//	go -C examples run ./quickstart -aws -log-group my-flow-logs -role arn:aws:iam::123456789012:role/publishFlowLogs vpc-0a1b2c3d
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

func main() {
	err := run(context.Background(), os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, w io.Writer) error {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	onAWS := flags.Bool("aws", false, "create flow logs on AWS, on the resources whose IDs are the arguments")
	logGroup := flags.String("log-group", "my-flow-logs", "with -aws: the `name` of the log group")
	role := flags.String("role", "", "with -aws: the `ARN` of the role that publishes to the log group")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !*onAWS {
		if flags.NArg() > 0 {
			return fmt.Errorf("unexpected arguments %q: resource IDs need -aws", flags.Args())
		}
		return tour(ctx, w)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	req := flowlogs.Request{
		ResourceIDs: flags.Args(),
		TrafficType: flowlogs.TrafficTypeReject,
		Destination: flowlogs.CloudWatchLogs{LogGroupName: *logGroup, RoleARN: *role},
	}
	return create(ctx, w, flowlogs.New(ec2.NewFromConfig(cfg)), req)
}

// tour shows the library on an EC2 in this process, called by the SDK's client.
func tour(ctx context.Context, w io.Writer) error {
	cloud := flowlogstest.New()
	server := flowlogstest.NewServer(cloud)
	defer server.Close()
	client := flowlogs.New(server.Client())

	fmt.Fprintln(w, "All traffic of three VPCs, to a bucket:")
	err := create(ctx, w, client, flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d", "vpc-1a2b3c4d", "vpc-2a3b4c5d"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs-bucket"},
	})
	if err != nil {
		return err
	}

	fmt.Fprintln(w, "\nRejected traffic of a network interface, to a log group:")
	err = create(ctx, w, client, flowlogs.Request{
		ResourceIDs: []string{"eni-aa22bb33"},
		TrafficType: flowlogs.TrafficTypeReject,
		Destination: flowlogs.CloudWatchLogs{
			LogGroupName: "my-flow-logs",
			RoleARN:      "arn:aws:iam::123456789101:role/publishFlowLogs",
		},
	})
	if err != nil {
		return err
	}

	fmt.Fprintln(w, "\nTwo subnets; EC2 rejects one of them in a response with HTTP 200:")
	cloud.Inject(flowlogstest.FailResources("400",
		"Access Denied for LogDestination: my-flow-logs-bucket. Please check LogDestination permission", "subnet-1a2b3c4d"))
	err = create(ctx, w, client, flowlogs.Request{
		ResourceIDs: []string{"subnet-0a1b2c3d", "subnet-1a2b3c4d"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs-bucket"},
	})
	if !errors.Is(err, flowlogs.ErrDestinationAccessDenied) {
		return fmt.Errorf("want an error for one subnet, not %w", err)
	}

	fmt.Fprintln(w, "\nDesired state: the first three VPCs and a new one. The plan, and what it changes, twice:")
	return apply(ctx, w, reconcile.New(server.Client()), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d", "vpc-1a2b3c4d", "vpc-2a3b4c5d", "vpc-3a4b5c6d"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs-bucket"},
	})
}

// apply prints the plan, applies it, and applies it again, which changes nothing.
func apply(ctx context.Context, w io.Writer, r *reconcile.Reconciler, req flowlogs.Request) error {
	plan, err := r.Plan(ctx, req)
	if err != nil {
		return err
	}
	fmt.Fprint(w, plan)
	for range 2 {
		result, err := r.Apply(ctx, req)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\nchanged: %t\n", result.Changed)
		for _, o := range result.Outcomes {
			fmt.Fprintf(w, "%s  %s  %s\n", o.ResourceID, o.FlowLogID, o.Action)
		}
	}
	return nil
}

// create prints the response as the AWS CLI does, then each resource that has no flow
// log, with the reason and a hint.
func create(ctx context.Context, w io.Writer, client *flowlogs.Client, req flowlogs.Request) error {
	resp, err := client.Create(ctx, req)
	if resp == nil {
		return err // nothing was sent
	}
	document, encodeErr := json.MarshalIndent(resp, "", "    ")
	if encodeErr != nil {
		return encodeErr
	}
	fmt.Fprintf(w, "%s\n", document)
	for id, failure := range resp.Results() {
		if failure != nil {
			reason := flowlogs.ReasonOf(failure)
			fmt.Fprintf(w, "%s has no flow log: %v\n  reason: %s\n  hint:   %s\n", id, failure, string(reason), reason.Hint())
		}
	}
	return err
}
