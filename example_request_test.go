package flowlogs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func ExampleParseLogFormat() {
	format, err := flowlogs.ParseLogFormat("${srcaddr} ${dstaddr} ${flow-direction}")
	fmt.Println(len(format), format[2], err)
	// Output: 3 flow-direction <nil>
}

// Parquet files, partitioned by hour, with prefixes for Hive-compatible tools.
func ExampleS3() {
	_, err := flowlogs.New(flowlogstest.New()).Create(context.Background(), flowlogs.Request{
		ResourceIDs: []string{"subnet-0a1b2c3d"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{
			BucketARN:                "arn:aws:s3:::my-flow-logs/network/",
			FileFormat:               flowlogs.FileFormatParquet,
			HiveCompatiblePartitions: true,
			PerHourPartition:         true,
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

// A stream in another account needs a role in each of the two accounts.
func ExampleFirehose() {
	_, err := flowlogs.New(flowlogstest.New()).Create(context.Background(), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d"},
		TrafficType: flowlogs.TrafficTypeReject,
		Destination: flowlogs.Firehose{
			StreamARN:           "arn:aws:firehose:us-east-1:210987654321:deliverystream/flow-logs",
			RoleARN:             "arn:aws:iam::123456789012:role/deliverFlowLogs",
			CrossAccountRoleARN: "arn:aws:iam::210987654321:role/AWSLogDeliveryFirehoseCrossAccountRole",
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

// Transit gateways and their attachments have no traffic type, and one call takes 25
// of them.
func ExampleRequest_transitGateway() {
	var attachments []string
	for i := range 30 {
		attachments = append(attachments, fmt.Sprintf("tgw-attach-%017x", i))
	}
	resp, err := flowlogs.New(flowlogstest.New()).Create(context.Background(), flowlogs.Request{
		ResourceIDs: attachments,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"},
	})
	fmt.Println(len(resp.FlowLogIDs), "flow logs in", len(resp.Batches), "calls:", err)
	// Output: 30 flow logs in 2 calls: <nil>
}

func ExampleRequest_Validate() {
	fmt.Println(flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d"},
		Destination: flowlogs.S3{BucketARN: "flow-logs"},
	}.Validate())
	// Output: flowlogs: invalid request: TrafficType: required: one of ACCEPT, REJECT, ALL; Destination.BucketARN "flow-logs": want an ARN, arn:aws:s3:::<bucket> or arn:aws:s3:::<bucket>/<folder>/
}

// The JSON form of a request is what the AWS CLI takes with --cli-input-json.
func ExampleRequest_UnmarshalJSON() {
	var req flowlogs.Request
	err := json.Unmarshal([]byte(`{
		"ResourceIds": ["vpc-0a1b2c3d"],
		"ResourceType": "VPC",
		"TrafficType": "ALL",
		"LogDestinationType": "s3",
		"LogDestination": "arn:aws:s3:::flow-logs",
		"MaxAggregationInterval": 60
	}`), &req)
	fmt.Println(req.Destination.(flowlogs.S3).BucketARN, req.MaxAggregationInterval, err)
	// Output: arn:aws:s3:::flow-logs 1m0s <nil>
}

// The JSON form of a response is what the AWS CLI prints.
func ExampleResponse_MarshalJSON() {
	_ = json.NewEncoder(os.Stdout).Encode(flowlogs.Response{
		ClientToken:  "token",
		FlowLogIDs:   []string{"fl-0a1b2c3d"},
		Unsuccessful: []*flowlogs.UnsuccessfulError{{ResourceID: "vpc-4e5f6a7b", Code: "400", Message: "no"}},
	})
	// Output: {"ClientToken":"token","FlowLogIds":["fl-0a1b2c3d"],"Unsuccessful":[{"Error":{"Code":"400","Message":"no"},"ResourceId":"vpc-4e5f6a7b"}]}
}
