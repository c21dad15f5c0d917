package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

const (
	role = "arn:aws:iam::123456789012:role/publishFlowLogs"
	vpc  = "vpc-0a1b2c3d4e5f60718"
)

func TestLambda(t *testing.T) {
	t.Parallel()
	lambda := build(t)
	tests := []struct {
		name string
		test func(*testing.T, program)
	}{
		{"a created VPC gets a flow log", testCreated},
		{"a duplicate event creates nothing", testDuplicate},
		{"two workers with one event create one flow log", testConcurrent},
		{"other events are dropped", testPoison},
		{"a transient failure is retried, and creates one flow log", testRetryable},
		{"a failure that no retry can change is logged with a hint", testPermanent},
		{"an existing flow log is a success", testAlreadyExists},
		{"an invalid configuration ends the program before the first event", testConfiguration},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(t, lambda)
		})
	}
}

func testCreated(t *testing.T, lambda program) {
	cloud, url := serve(t)
	f := lambda.start(t, url, trafficTypeVariable+"=REJECT")
	require.NoError(t, f.done(created(vpc, "1")))
	require.NoError(t, f.done(created("vpc-1a2b3c4d5e6f70819", "2")))

	flowLogs := cloud.FlowLogs()
	require.Len(t, flowLogs, 2)
	assert.Equal(t, vpc, *flowLogs[0].ResourceId)
	assert.Equal(t, "vpc-1a2b3c4d5e6f70819", *flowLogs[1].ResourceId)
	assert.Equal(t, types.TrafficTypeReject, flowLogs[0].TrafficType)
	assert.Equal(t, "my-flow-logs", *flowLogs[0].LogGroupName)
	assert.Equal(t, role, *flowLogs[0].DeliverLogsPermissionArn)
	log := f.logged(t)
	require.Len(t, log, 2)
	assert.Equal(t, "flow log created", log[0]["message"])
	assert.Equal(t, []any{*flowLogs[0].FlowLogId}, log[0]["flowLogs"])
}

func testDuplicate(t *testing.T, lambda program) {
	cloud, url := serve(t)
	f := lambda.start(t, url)
	for _, eventID := range []string{"1", "1", "2"} {
		require.NoError(t, f.done(created(vpc, eventID)))
	}
	assert.Len(t, cloud.FlowLogs(), 1)
	assertOneToken(t, cloud, 3)
}

// No call gets its response before both have arrived.
func testConcurrent(t *testing.T, lambda program) {
	cloud := flowlogstest.New()
	var both sync.WaitGroup
	both.Add(2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		both.Done()
		both.Wait()
		cloud.ServeHTTP(w, r)
	}))
	defer server.Close()

	results := make(chan error)
	for range 2 {
		f := lambda.start(t, server.URL)
		go func() { results <- f.done(created(vpc, "1")) }()
	}
	require.NoError(t, errors.Join(<-results, <-results))
	assert.Len(t, cloud.FlowLogs(), 1)
	assertOneToken(t, cloud, 2)
}

func testPoison(t *testing.T, lambda program) {
	cloud, url := serve(t)
	f := lambda.start(t, url)
	tests := []struct{ event, level, why string }{
		{`{"detail": `, "ERROR", "not an event of EventBridge"},
		{`null`, "ERROR", "not a record of CloudTrail"},
		{`{"id": "1", "source": "aws.ec2", "detail": "CreateVpc"}`, "ERROR", "not a record of CloudTrail"},
		{event("1", `"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"`), "ERROR", `want CreateVpc of ec2.amazonaws.com, not "RunInstances"`},
		{event("1", `"eventSource": "vpc-lattice.amazonaws.com", "eventName": "CreateVpc"`), "ERROR", `of "vpc-lattice.amazonaws.com"`},
		{event("1", `"eventSource": "ec2.amazonaws.com", "eventName": "CreateVpc"`), "ERROR", "no ID of a VPC"},
		{created("i-0a1b2c3d", "1"), "ERROR", "i-0a1b2c3d"},
		{event("1", `"eventSource": "ec2.amazonaws.com", "eventName": "CreateVpc", "errorCode": "Client.VpcLimitExceeded", "responseElements": null`), "INFO", ""},
	}
	for _, tt := range tests {
		require.NoError(t, f.done(tt.event))
	}
	assert.Empty(t, cloud.Calls())
	log := f.logged(t)
	require.Len(t, log, len(tests))
	for i, tt := range tests {
		assert.Equal(t, tt.level, log[i]["level"], tt.event)
		assert.Contains(t, fmt.Sprint(log[i]["error"]), tt.why, tt.event)
	}
}

func testRetryable(t *testing.T, lambda program) {
	cloud, url := serve(t)
	f := lambda.start(t, url)
	tests := []struct {
		fault flowlogstest.Fault
		want  string
	}{
		{flowlogstest.Throttle(), "RequestLimitExceeded"},
		{flowlogstest.Reject("InternalError", "An internal error has occurred", 500), "InternalError"},
		{flowlogstest.Reject("InvalidVpcID.NotFound", "The vpc ID '"+vpc+"' does not exist", 400), "InvalidVpcID.NotFound"},
		{flowlogstest.LoseResponse(), "EOF"},
		{flowlogstest.Respond(502, "<html>Bad Gateway</html>"), "502"},
	}
	for _, tt := range tests {
		cloud.Inject(tt.fault)
		require.ErrorContains(t, f.done(created(vpc, "1")), tt.want)
	}
	cloud.Inject(flowlogstest.Hang())
	f.limit = 2 * time.Second // enough for the call to be sent
	require.ErrorContains(t, f.done(created(vpc, "1")), "deadline exceeded")
	f.limit = time.Minute
	require.NoError(t, f.done(created(vpc, "1")))
	assert.Len(t, cloud.FlowLogs(), 1)
	assertOneToken(t, cloud, len(tests)+2)
}

func testPermanent(t *testing.T, lambda program) {
	cloud, url := serve(t)
	f := lambda.start(t, url)
	cloud.Inject(
		flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403),
		flowlogstest.Reject("InvalidParameter", "Unable to assume given IAM role: '"+role+"'", 400),
		flowlogstest.Reject("FlowLogsLimitExceeded", "You've reached the limit on the number of flow logs you can create.", 400),
	)
	reasons := []flowlogs.Reason{flowlogs.ErrNotAuthorized, flowlogs.ErrRoleNotAssumable, flowlogs.ErrLimitExceeded}
	for range reasons {
		require.NoError(t, f.done(created(vpc, "1")))
	}
	log := f.logged(t)
	require.Len(t, log, len(reasons))
	for i, reason := range reasons {
		assert.Equal(t, "ERROR", log[i]["level"])
		assert.Equal(t, vpc, log[i]["vpc"])
		assert.Equal(t, reason.Hint(), log[i]["hint"])
		assert.NotEmpty(t, log[i]["error"])
	}
}

func testAlreadyExists(t *testing.T, lambda program) {
	cloud, url := serve(t)
	_, err := flowlogs.New(cloud).Create(t.Context(), flowlogs.Request{
		ResourceIDs: []string{vpc},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.CloudWatchLogs{LogGroupName: "my-flow-logs", RoleARN: role},
	})
	require.NoError(t, err)
	f := lambda.start(t, url)
	require.NoError(t, f.done(created(vpc, "1")))
	assert.Len(t, cloud.FlowLogs(), 1)
	log := f.logged(t)
	require.Len(t, log, 1)
	assert.Equal(t, "INFO", log[0]["level"])
	assert.Equal(t, "flow log exists", log[0]["message"])
}

func testConfiguration(t *testing.T, lambda program) {
	f := lambda.start(t, "http://127.0.0.1:1", logGroupVariable+"=", roleVariable+"=publishFlowLogs", trafficTypeVariable+"=all")
	<-f.ended
	var exit *exec.ExitError
	require.ErrorAs(t, f.err, &exit)
	assert.Equal(t, 1, exit.ExitCode())
	problems := map[any]map[string]any{}
	for _, record := range f.logged(t) {
		assert.Equal(t, "ERROR", record["level"])
		problems[record["variable"]] = record
	}
	require.Len(t, problems, 3)
	assert.Equal(t, "required: the name of a log group", problems[logGroupVariable]["problem"])
	assert.Equal(t, "publishFlowLogs", problems[roleVariable]["value"])
	assert.Contains(t, problems[roleVariable]["problem"], "want an ARN")
	assert.Equal(t, "all", problems[trafficTypeVariable]["value"])
	assert.Contains(t, problems[trafficTypeVariable]["problem"], "ACCEPT, REJECT, ALL")
}

func TestTemplateSetsTheVariables(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("template.yaml")
	require.NoError(t, err)
	for _, v := range variables {
		assert.Contains(t, string(template), "          "+v.name+": ")
	}
}

// serve returns an EC2 and its URL.
func serve(t *testing.T) (cloud *flowlogstest.EC2, url string) {
	cloud = flowlogstest.New()
	server := flowlogstest.NewServer(cloud)
	t.Cleanup(server.Close)
	return cloud, server.URL
}

// assertOneToken checks that all calls are one request to EC2.
func assertOneToken(t *testing.T, cloud *flowlogstest.EC2, want int) {
	t.Helper()
	calls := cloud.Calls()
	assert.Len(t, calls, want)
	for _, c := range calls {
		assert.NotEmpty(t, c.ClientToken)
		assert.Equal(t, calls[0].Body, c.Body)
	}
}
