package flowlogs_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func Example() {
	api := flowlogstest.New() // in a program: ec2.NewFromConfig(cfg)
	client := flowlogs.New(api)

	resp, err := client.Create(context.Background(), flowlogs.Request{
		ResourceIDs: []string{"eni-aa22bb33"},
		TrafficType: flowlogs.TrafficTypeReject,
		Destination: flowlogs.CloudWatchLogs{
			LogGroupName: "my-flow-logs",
			RoleARN:      "arn:aws:iam::123456789012:role/publishFlowLogs",
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.FlowLogIDs)
	// Output: [fl-00000000000000001]
}

// A handler reports the result of each VPC to its own caller.
func ExampleClient_Create() {
	api := flowlogstest.New()
	api.Inject(flowlogstest.FailResources("400", "LogDestination: my-flow-logs does not exist", "vpc-4e5f6a7b"))

	resp, err := flowlogs.New(api).Create(context.Background(), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d", "vpc-4e5f6a7b"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"},
	})
	if resp == nil {
		fmt.Println("bad request:", err) // nothing was sent
		return
	}
	for id, err := range resp.Results() {
		switch reason := flowlogs.ReasonOf(err); {
		case err == nil:
			fmt.Println(id, "created")
		case reason.Retryable():
			fmt.Println(id, "try again later, with token", resp.ClientToken)
		default:
			fmt.Println(id, string(reason))
		}
	}
	// Output:
	// vpc-0a1b2c3d created
	// vpc-4e5f6a7b DestinationNotFound
}

// A dry run validates the request and asks EC2 whether it would accept the call.
func ExampleClient_Create_dryRun() {
	api := flowlogstest.New()
	req := toBucket("vpc-0a1b2c3d")
	req.DryRun = true

	resp, err := flowlogs.New(api).Create(context.Background(), req)
	fmt.Println(len(resp.FlowLogIDs), err)

	api.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403))
	_, err = flowlogs.New(api).Create(context.Background(), req)
	fmt.Println(errors.Is(err, flowlogs.ErrNotAuthorized), len(api.FlowLogs()))
	// Output:
	// 0 <nil>
	// true 0
}

// After the cause of a failure is fixed, request the failed resources alone, under
// another token: EC2 may repeat its response to the old one.
func ExampleResponse_Results() {
	api := flowlogstest.New()
	api.Inject(flowlogstest.FailResources("400", "Access Denied for LogDestination: my-flow-logs", "vpc-4e5f6a7b"))
	client := flowlogs.New(api)
	req := toBucket("vpc-0a1b2c3d", "vpc-4e5f6a7b", "vpc-8c9d0e1f")

	resp, err := client.Create(context.Background(), req)
	fmt.Println(len(resp.FlowLogIDs), errors.Is(err, flowlogs.ErrDestinationAccessDenied))

	var failed []string
	for id, err := range resp.Results() {
		if err != nil {
			failed = append(failed, id)
		}
	}
	fmt.Println(failed)

	// … correct the bucket policy …
	req.ResourceIDs, req.ClientToken = failed, "" // another token is made
	resp, err = client.Create(context.Background(), req)
	fmt.Println(len(resp.FlowLogIDs), err)
	// Output:
	// 2 true
	// [vpc-4e5f6a7b]
	// 1 <nil>
}

// A Reason is found in every error of this package, and in those of the SDK.
func ExampleReasonOf() {
	_, invalid := flowlogs.New(flowlogstest.New()).Create(context.Background(), flowlogs.Request{})
	throttled := &smithy.GenericAPIError{Code: "RequestLimitExceeded", Message: "Request limit exceeded."}

	for _, err := range []error{invalid, throttled} {
		reason := flowlogs.ReasonOf(err)
		fmt.Printf("code %s, sentence %q, retryable %t\n", string(reason), reason.Error(), reason.Retryable())
	}
	// Output:
	// code InvalidParameter, sentence "a parameter is invalid", retryable false
	// code Throttled, sentence "the call was throttled", retryable true
}

// A CreateError has the calls that failed as a whole, with all that is needed to
// resume one: its resources and its token.
func ExampleCreateError() {
	api := flowlogstest.New()
	api.Inject(flowlogstest.LoseResponse())
	req := toBucket("vpc-0a1b2c3d", "vpc-4e5f6a7b")
	client := flowlogs.New(api, func(o *flowlogs.Options) { o.Retryer = aws.NopRetryer{} }) // to see the failure

	_, err := client.Create(context.Background(), req)
	var failure *flowlogs.CreateError
	if errors.As(err, &failure) {
		for _, call := range failure.Calls {
			fmt.Println(string(flowlogs.ReasonOf(call)))
			req.ResourceIDs, req.ClientToken = call.Batch.ResourceIDs, call.Batch.ClientToken
			resp, err := client.Create(context.Background(), req)
			fmt.Println(len(resp.FlowLogIDs), err, len(api.FlowLogs()))
		}
	}
	// Output:
	// NoResponse
	// 2 <nil> 2
}

// Options of New apply to every call of the Client, options of a call to that call.
func ExampleNew() {
	api := flowlogstest.New()
	limiter := flowlogs.NewLimiter() // shared by all Clients of the account and Region

	client := flowlogs.New(api, func(o *flowlogs.Options) {
		o.Limiter = limiter
		o.OnProgress = func(p flowlogs.Progress) { fmt.Println(p.Created, "of", p.Resources) }
	})
	_, err := client.Create(context.Background(), toBucket("vpc-0a1b2c3d"), func(o *flowlogs.Options) {
		o.Token = flowlogs.ContentToken("nightly")
	})
	fmt.Println(err)
	// Output:
	// 1 of 1
	// <nil>
}

// An event that is delivered twice, or to two workers, is one job.
func ExampleContentToken() {
	api := flowlogstest.New()
	for range 2 {
		client := flowlogs.New(api, func(o *flowlogs.Options) { o.Token = flowlogs.ContentToken("event-7") })
		_, err := client.Create(context.Background(), toBucket("vpc-0a1b2c3d"))
		fmt.Println(err, len(api.FlowLogs()))
	}
	// Output:
	// <nil> 1
	// <nil> 1
}

// A Client takes the place of an *ec2.Client behind an interface of one method.
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

func toBucket(ids ...string) flowlogs.Request {
	return flowlogs.Request{
		ResourceIDs: ids,
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"},
	}
}
