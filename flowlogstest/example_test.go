package flowlogstest_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// logVPCs is the program under test: it turns flow logs on for some VPCs. It
// retries as the SDK does.
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

// A first test: call the program, and look at what exists then.
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

// The first answer is lost when EC2 has done its work. The program calls again,
// and its token keeps it from creating the flow log twice.
func ExampleLoseAnswer() {
	e := flowlogstest.New()
	e.Inject(flowlogstest.LoseAnswer())

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

// EC2 fails for one resource of a call that succeeds: there is no error, and the
// failure is in the output.
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

// EC2 sees a new bucket policy only after a while.
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

// An answer that does not mention the failure it ought to.
func ExampleEditAnswer() {
	e := flowlogstest.New(func(o *flowlogstest.Options) { o.Buckets = []string{"another-bucket"} })
	e.Inject(flowlogstest.EditAnswer(func(out *ec2.CreateFlowLogsOutput) { out.Unsuccessful = nil }))

	out, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d")

	fmt.Println(len(out.FlowLogIds), len(out.Unsuccessful), err)
	// Output: 0 0 <nil>
}

// An outage that is not for every call.
func ExampleFault_On() {
	e := flowlogstest.New()
	e.Inject(flowlogstest.Refuse("UnauthorizedOperation", "You are not authorized to perform this operation.", 403).
		On(func(c flowlogstest.Call) bool { return c.Operation == "CreateFlowLogs" && c.Params["DryRun"] != "true" }).
		Keep())

	_, err := logVPCs(context.Background(), e, "once", "vpc-0a1b2c3d")

	fmt.Println(err)
	// Output: operation error EC2: CreateFlowLogs, https response error StatusCode: 403, RequestID: 00000000-0000-4000-8000-000000000001, api error UnauthorizedOperation: You are not authorized to perform this operation.
}

// The real client, over HTTP.
func ExampleNewServer() {
	e := flowlogstest.New()
	s := flowlogstest.NewServer(e)
	defer s.Close()

	client := s.Client() // or any other client, with s.URL for its endpoint
	out, err := logVPCs(context.Background(), client, "once", "vpc-0a1b2c3d")

	fmt.Println(out.FlowLogIds, err)
	fmt.Println(e.Calls()[0].Params["LogDestination"])
	// Output:
	// [fl-00000000000000001] <nil>
	// arn:aws:s3:::my-flow-logs
}

// Throttling takes virtual time in a bubble of testing/synctest. That needs a
// *testing.T, so this example is a test.
func TestExampleOfThrottling(t *testing.T) {
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
