package reconcile_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

const (
	bucket   = "arn:aws:s3:::flow-log-archive"
	roleARN  = "arn:aws:iam::123456789012:role/flow-logs"
	groupARN = "arn:aws:logs:us-east-1:123456789012:log-group:flows"
)

// newRequest asks for a flow log to S3 on some VPCs.
func newRequest(vpcs int) flowlogs.Request {
	req := flowlogs.Request{
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: bucket},
	}
	for i := range vpcs {
		req.ResourceIDs = append(req.ResourceIDs, vpcID(i))
	}
	return req
}

func vpcID(i int) string { return fmt.Sprintf("vpc-%017x", i) }

// flowLogOn is the flow log that newRequest asks for, as EC2 shows it.
func flowLogOn(resourceID string, change ...func(*types.FlowLog)) types.FlowLog {
	f := types.FlowLog{
		DeliverLogsStatus: aws.String("SUCCESS"),
		DestinationOptions: &types.DestinationOptionsResponse{
			FileFormat:               types.DestinationFileFormatPlainText,
			HiveCompatiblePartitions: aws.Bool(false),
			PerHourPartition:         aws.Bool(false),
		},
		FlowLogStatus:          aws.String("ACTIVE"),
		LogDestination:         aws.String(bucket),
		LogDestinationType:     types.LogDestinationTypeS3,
		LogFormat:              aws.String(flowlogs.DefaultLogFormat(flowlogs.ResourceTypeVPC).String()),
		MaxAggregationInterval: aws.Int32(600),
		ResourceId:             aws.String(resourceID),
		TrafficType:            types.TrafficTypeAll,
	}
	for _, fn := range change {
		fn(&f)
	}
	return f
}

// everyMinute makes a flow log conflict with that of newRequest.
func everyMinute(f *types.FlowLog) { f.MaxAggregationInterval = aws.Int32(60) }
