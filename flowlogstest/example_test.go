package flowlogstest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// logVPCs is the program under test. It creates flow logs on VPCs, with the SDK's
// retries.
func logVPCs(ctx context.Context, api api, token string, vpcIDs ...string) (*ec2.CreateFlowLogsOutput, error) {
	return api.CreateFlowLogs(ctx, &ec2.CreateFlowLogsInput{
		ClientToken:        aws.String(token),
		ResourceIds:        vpcIDs,
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("arn:aws:s3:::my-flow-logs"),
	}, func(o *ec2.Options) { o.Retryer = retry.NewStandard() })
}

// A first test calls the program and looks at the flow logs that exist then.
func Example() {
	e := flowlogstest.New()

	if _, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d", "vpc-4e5f6a7b"); err != nil {
		fmt.Println(err)
	}

	for _, f := range e.FlowLogs() {
		fmt.Println(*f.FlowLogId, *f.ResourceId, *f.LogDestination)
	}
	// Output:
	// fl-00000000000000001 vpc-0a1b2c3d arn:aws:s3:::my-flow-logs
	// fl-00000000000000002 vpc-4e5f6a7b arn:aws:s3:::my-flow-logs
}

// The first response is lost after EC2 has applied the call. The program retries, and its
// token keeps it from creating the flow log twice.
func ExampleLoseResponse() {
	e := flowlogstest.New()
	e.Inject(flowlogstest.LoseResponse())

	out, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d")
	fmt.Println(out.FlowLogIds, err)

	calls := e.Calls()
	fmt.Println(len(calls), "calls with tokens", calls[0].ClientToken, "and", calls[1].ClientToken)
	fmt.Println("same body:", calls[0].Body == calls[1].Body)
	fmt.Println(len(e.FlowLogs()), "flow log")
	// Output:
	// [fl-00000000000000001] <nil>
	// 2 calls with tokens once and once
	// same body: true
	// 1 flow log
}

// One resource of a call fails. There is no error; the failure is in the output.
func ExampleFailResources() {
	e := flowlogstest.New()
	e.Inject(flowlogstest.FailResources("400", "LogDestination: my-flow-logs is undeliverable", "vpc-4e5f6a7b"))

	out, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d", "vpc-4e5f6a7b")

	fmt.Println(out.FlowLogIds, err)
	for _, item := range out.Unsuccessful {
		fmt.Println(*item.ResourceId, *item.Error.Code, *item.Error.Message)
	}
	// Output:
	// [fl-00000000000000001] <nil>
	// vpc-4e5f6a7b 400 LogDestination: my-flow-logs is undeliverable
}

// EC2 does not see a new bucket policy at once.
func ExamplePropagateAfter() {
	e := flowlogstest.New()
	e.Inject(flowlogstest.PropagateAfter("arn:aws:s3:::my-flow-logs", time.Minute))

	out, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d")

	fmt.Println(out.FlowLogIds, err)
	fmt.Println(*out.Unsuccessful[0].Error.Message)
	// Output:
	// [] <nil>
	// Access Denied for LogDestination: my-flow-logs. Please check LogDestination permission
}

// One flow log is not deleted. There is no error; the failure is in the output.
func ExampleFailFlowLogs() {
	e := flowlogstest.New()
	created, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d", "vpc-4e5f6a7b")
	if err != nil {
		fmt.Println(err)
	}
	e.Inject(flowlogstest.FailFlowLogs("InternalError", "An internal error has occurred", created.FlowLogIds[1]))

	out, err := e.DeleteFlowLogs(context.Background(), &ec2.DeleteFlowLogsInput{FlowLogIds: created.FlowLogIds})

	fmt.Println(*out.Unsuccessful[0].ResourceId, *out.Unsuccessful[0].Error.Code, err)
	fmt.Println(len(e.FlowLogs()), "flow log")
	// Output:
	// fl-00000000000000002 InternalError <nil>
	// 1 flow log
}

// The response does not mention a failure that it should.
func ExampleEditResponse() {
	e := flowlogstest.New(func(o *flowlogstest.Options) { o.Buckets = []string{"another-bucket"} })
	e.Inject(flowlogstest.EditResponse(func(out *ec2.CreateFlowLogsOutput) { out.Unsuccessful = nil }))

	out, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d")

	fmt.Println(len(out.FlowLogIds), len(out.Unsuccessful), err)
	// Output: 0 0 <nil>
}

// An item does not say which flow log was not deleted. FailFlowLogs is kept, so that both
// faults apply to the call.
func ExampleEditResponse_delete() {
	e := flowlogstest.New()
	created, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d")
	if err != nil {
		fmt.Println(err)
	}
	e.Inject(
		flowlogstest.FailFlowLogs("InternalError", "An internal error has occurred").Keep(),
		flowlogstest.EditResponse(func(out *ec2.DeleteFlowLogsOutput) { out.Unsuccessful[0].ResourceId = nil }),
	)

	out, err := e.DeleteFlowLogs(context.Background(), &ec2.DeleteFlowLogsInput{FlowLogIds: created.FlowLogIds})

	fmt.Println(out.Unsuccessful[0].ResourceId == nil, *out.Unsuccessful[0].Error.Code, err)
	// Output: true InternalError <nil>
}

// EC2 has forgotten the token when the program retries.
func ExampleOptions_tokenLifetime() {
	e := flowlogstest.New(func(o *flowlogstest.Options) { o.TokenLifetime = 0 })
	e.Inject(flowlogstest.LoseResponse())

	_, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d")

	var apiErr smithy.APIError
	fmt.Println(errors.As(err, &apiErr), apiErr.ErrorCode())
	fmt.Println(len(e.FlowLogs()), "flow log")
	// Output:
	// true FlowLogAlreadyExists
	// 1 flow log
}

// The fault applies to some calls only.
func ExampleFault_On() {
	e := flowlogstest.New()
	e.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403).
		On(func(c flowlogstest.Call) bool { return c.Operation == "CreateFlowLogs" && c.Params["DryRun"] != "true" }).
		Keep())

	_, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d")

	fmt.Println(err)
	// Output: operation error EC2: CreateFlowLogs, https response error StatusCode: 403, RequestID: 00000000-0000-4000-8000-000000000001, api error UnauthorizedOperation: You are not authorized to perform this operation.
}

// Two attempts fail, and the third succeeds.
func ExampleFault_Times() {
	e := flowlogstest.New()
	e.Inject(flowlogstest.Reject("Unavailable", "The service is unavailable.", 503).Times(2))

	out, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d")

	fmt.Println(out.FlowLogIds, err)
	for _, call := range e.Calls() {
		fmt.Println(call.Status, call.ErrorCode)
	}
	// Output:
	// [fl-00000000000000001] <nil>
	// 503 Unavailable
	// 503 Unavailable
	// 200
}

// A flow log of 2016 shows neither a format nor an interval. It conflicts with a new one
// that has the defaults.
func ExampleEC2_Put() {
	e := flowlogstest.New()
	e.Put(types.FlowLog{
		FlowLogId:          aws.String("fl-0a1b2c3d"),
		ResourceId:         aws.String("vpc-0a1b2c3d"),
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("arn:aws:s3:::my-flow-logs"),
	})

	_, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d")

	var apiErr smithy.APIError
	fmt.Println(errors.As(err, &apiErr), apiErr.ErrorCode())
	// Output: true FlowLogAlreadyExists
}

// The program calls EC2 over HTTP.
func ExampleNewServer() {
	e := flowlogstest.New()
	s := flowlogstest.NewServer(e)
	defer s.Close()

	client := s.Client() // or any other client whose endpoint is s.URL
	out, err := logVPCs(context.Background(), client, "once", "vpc-0a1b2c3d")

	fmt.Println(out.FlowLogIds, err)
	fmt.Println(e.Calls()[0].Params["LogDestination"])
	// Output:
	// [fl-00000000000000001] <nil>
	// arn:aws:s3:::my-flow-logs
}

// Throttling takes virtual time in a bubble of testing/synctest. The bubble needs a
// *testing.T, so this example is a test.
func TestOptions_ExampleOfThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.Throttle = true })
		start := time.Now()

		for n := range 100 { // the bucket holds 50 and gains 5 a second
			for {
				if _, err := logVPCs(t.Context(), e, fmt.Sprint(n), fmt.Sprintf("vpc-%08x", n)); err == nil {
					break
				}
				time.Sleep(time.Second)
			}
		}

		if n := len(e.FlowLogs()); n != 100 {
			t.Errorf("%d flow logs", n)
		}
		if waited := time.Since(start); waited < 9*time.Second || waited > 30*time.Second {
			t.Errorf("took %v", waited)
		}
	})
}
