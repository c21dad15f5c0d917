package cookbook_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// createAll creates the flow logs of each request. Their tokens are derived from their
// content, so they differ, and a second run with the same scope creates nothing twice.
func createAll(ctx context.Context, client *flowlogs.Client, scope string, requests ...flowlogs.Request) error {
	var errs []error
	for _, req := range requests {
		_, err := client.Create(ctx, req, func(o *flowlogs.Options) { o.Token = flowlogs.ContentToken(scope) })
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func Example_destinations() {
	cloud := flowlogstest.New()
	vpcs := []string{"vpc-0a1b2c3d", "vpc-1a2b3c4d"}
	archive := flowlogs.Request{
		ResourceIDs: vpcs,
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs", FileFormat: flowlogs.FileFormatParquet},
	}
	alarms := flowlogs.Request{
		ResourceIDs: vpcs,
		TrafficType: flowlogs.TrafficTypeReject,
		Destination: flowlogs.CloudWatchLogs{LogGroupName: "rejected-traffic", RoleARN: "arn:aws:iam::123456789012:role/publishFlowLogs"},
	}
	for range 2 {
		err := createAll(context.Background(), flowlogs.New(cloud), "2026-11-26", archive, alarms)
		fmt.Println(err, len(cloud.FlowLogs()))
	}
	// Output:
	// <nil> 4
	// <nil> 4
}
