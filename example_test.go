package flowlogs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// In a program, api is ec2.NewFromConfig(cfg).
func ExampleClient_Create() {
	api := flowlogstest.New()

	resp, err := flowlogs.New(api).Create(context.Background(), flowlogs.Request{
		ResourceIDs: []string{"eni-aa22bb33"},
		TrafficType: flowlogs.TrafficTypeReject,
		Destination: flowlogs.CloudWatchLogs{
			LogGroupName: "my-flow-logs",
			RoleARN:      "arn:aws:iam::123456789012:role/publishFlowLogs",
		},
	})
	fmt.Println(len(resp.FlowLogIDs), err)
	// Output: 1 <nil>
}

func ExampleClient_Create_partialFailure() {
	api := flowlogstest.New()
	api.Inject(flowlogstest.FailResources("400", "LogDestination: flow-logs does not exist", "vpc-0a1b2c3d"))

	resp, err := flowlogs.New(api).Create(context.Background(), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d", "vpc-4e5f6a7b"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::flow-logs"},
	})
	fmt.Println("created:", len(resp.FlowLogIDs))

	var partial *flowlogs.UnsuccessfulError
	if errors.As(err, &partial) {
		for _, item := range partial.Items {
			fmt.Println(item)
		}
	}
	if errors.Is(err, flowlogs.ErrDestinationNotFound) {
		fmt.Println(flowlogs.ErrDestinationNotFound.Hint())
	}
	// Output:
	// created: 1
	// vpc-0a1b2c3d: LogDestination: flow-logs does not exist (400)
	// Create the bucket or stream first, or correct its ARN.
}

// A call that failed as a whole is in the error with all that is needed to send
// it again: its resources and its token.
func ExampleCallError() {
	api := flowlogstest.New()
	api.Inject(flowlogstest.LoseAnswer())

	req := flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d", "vpc-4e5f6a7b"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::flow-logs"},
	}
	client := flowlogs.New(api, func(o *flowlogs.Options) { o.Retryer = nil }) // to see the failure
	_, err := client.Create(context.Background(), req)

	var call *flowlogs.CallError
	if errors.As(err, &call) {
		fmt.Println(flowlogs.ReasonOf(err))
		req.ResourceIDs, req.ClientToken = call.Batch.ResourceIDs, call.Batch.ClientToken
		resp, err := client.Create(context.Background(), req)
		fmt.Println(len(resp.FlowLogIDs), err, len(api.FlowLogs()))
	}
	// Output:
	// no answer of EC2 could be read
	// 2 <nil> 2
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
		Unsuccessful: []flowlogs.UnsuccessfulItem{{ResourceID: "vpc-4e5f6a7b", Code: "400", Message: "no"}},
	})
	// Output: {"ClientToken":"token","FlowLogIds":["fl-0a1b2c3d"],"Unsuccessful":[{"Error":{"Code":"400","Message":"no"},"ResourceId":"vpc-4e5f6a7b"}]}
}

// An event that is delivered twice, or to two workers, is one job.
func ExampleContentToken() {
	api := flowlogstest.New()
	for range 2 {
		client := flowlogs.New(api, func(o *flowlogs.Options) { o.Token = flowlogs.ContentToken("event-7") })
		_, err := client.Create(context.Background(), flowlogs.Request{
			ResourceIDs: []string{"vpc-0a1b2c3d"},
			TrafficType: flowlogs.TrafficTypeAll,
			Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::flow-logs"},
		})
		fmt.Println(err, len(api.FlowLogs()))
	}
	// Output:
	// <nil> 1
	// <nil> 1
}

func ExampleParseLogFormat() {
	format, err := flowlogs.ParseLogFormat("${srcaddr} ${dstaddr} ${flow-direction}")
	fmt.Println(format, len(format), err)
	// Output: ${srcaddr} ${dstaddr} ${flow-direction} 3 <nil>
}

// A service that holds an EC2 interface is given a Client instead.
func ExampleClient_CreateFlowLogs() {
	var api flowlogs.API = flowlogs.New(flowlogstest.New())

	_, err := api.CreateFlowLogs(context.Background(), &ec2.CreateFlowLogsInput{
		ResourceIds:        []string{"vpc-0a1b2c3d"},
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("flow-logs"),
	})
	fmt.Println(err)
	// Output: flowlogs: invalid request: LogDestination "flow-logs": want an ARN, arn:aws:s3:::<bucket> or arn:aws:s3:::<bucket>/<folder>/
}
