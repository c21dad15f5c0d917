package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestEmulator_KeepsWhatTheSDKCreates(t *testing.T) {
	t.Parallel()
	client := start(t)
	created, err := client.CreateFlowLogs(t.Context(), request("vpc-0a1b2c3d", "vpc-1a2b3c4d"))
	require.NoError(t, err)
	described, err := client.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{})
	require.NoError(t, err)
	require.Len(t, described.FlowLogs, 2)
	assert.Equal(t, created.FlowLogIds[0], *described.FlowLogs[0].FlowLogId)
	assert.Equal(t, "vpc-1a2b3c4d", *described.FlowLogs[1].ResourceId)
}

func TestEmulator_IsInTheRegionAndAccountOfItsOptions(t *testing.T) {
	t.Parallel()
	client := start(t, "-region", "eu-west-1", "-account", "210987654321")
	in := request("vpc-0a1b2c3d")
	in.LogGroupName, in.LogDestination = nil, aws.String("arn:aws:logs:us-east-1:123456789012:log-group:my-flow-logs")
	_, err := client.CreateFlowLogs(t.Context(), in)
	require.ErrorContains(t, err, "must be in the same region as the API caller")
	_, err = client.CreateFlowLogs(t.Context(), request("vpc-0a1b2c3d"))
	require.ErrorContains(t, err, "Unable to assume given IAM role")
}

func TestEmulator_MeetsEachCallWithOneFault(t *testing.T) {
	t.Parallel()
	tests := []struct{ fault, want string }{
		{"lose", `": EOF`},
		{"truncate", "deserialization failed"},
		{"throttle", "RequestLimitExceeded"},
		{"error", "InternalError"},
		{"denied", "UnauthorizedOperation"},
		{"html", "StatusCode: 502"},
	}
	var names []string
	for _, tt := range tests {
		names = append(names, tt.fault)
	}
	client := start(t, "-fault", strings.Join(names, ","))
	_, err := client.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{})
	require.NoError(t, err, "the fault is for CreateFlowLogs")
	for _, tt := range tests {
		_, err := client.CreateFlowLogs(t.Context(), request("vpc-0a1b2c3d"))
		require.ErrorContains(t, err, tt.want, tt.fault)
	}
	created, err := client.CreateFlowLogs(t.Context(), request("vpc-0a1b2c3d"))
	require.NoError(t, err)
	described, err := client.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{})
	require.NoError(t, err)
	require.Len(t, described.FlowLogs, 1, "the calls had one token")
	assert.Equal(t, created.FlowLogIds[0], *described.FlowLogs[0].FlowLogId)
}

func TestEmulator_IsSlowOrSilentWhenAsked(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-latency", "1h"}, {"-fault", "hang"}} {
		client := start(t, args...)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := client.CreateFlowLogs(ctx, request("vpc-0a1b2c3d"))
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded, args)
	}
}

func TestEmulator_DeniesSomeResourcesTheDestinationOfTheCall(t *testing.T) {
	t.Parallel()
	client := start(t, "-fail", "vpc-1a2b3c4d,vpc-3a4b5c6d")
	for _, bucket := range []string{"first-bucket", "second-bucket"} {
		created, err := client.CreateFlowLogs(t.Context(), toBucket(bucket, "vpc-0a1b2c3d", "vpc-1a2b3c4d"))
		require.NoError(t, err)
		assert.Len(t, created.FlowLogIds, 1)
		require.Len(t, created.Unsuccessful, 1)
		assert.Equal(t, "vpc-1a2b3c4d", *created.Unsuccessful[0].ResourceId)
		assert.Equal(t, "Access Denied for LogDestination: "+bucket+". Please check LogDestination permission", *created.Unsuccessful[0].Error.Message)
	}
}

func TestEmulator_Throttles(t *testing.T) {
	t.Parallel()
	client := start(t, "-burst", "2", "-per-second", "0")
	for i, want := range []string{"", "", "RequestLimitExceeded"} {
		_, err := client.CreateFlowLogs(t.Context(), request("vpc-0a1b2c3d"))
		var rejection smithy.APIError
		if want == "" {
			require.NoError(t, err, i)
		} else {
			require.ErrorAs(t, err, &rejection)
			assert.Equal(t, want, rejection.ErrorCode())
		}
	}
}

func TestEmulator_ServesTheAWSCLI(t *testing.T) {
	t.Parallel()
	if err := exec.Command("aws", "--version").Run(); err != nil {
		t.Skipf("the AWS CLI does not run here: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "aws", "ec2", "create-flow-logs", "--endpoint-url", serve(t, "-fault", "lose"),
		"--resource-ids", "vpc-0a1b2c3d", "--resource-type", "VPC", "--traffic-type", "REJECT", "--client-token", "token",
		"--log-destination-type", "s3", "--log-destination", "arn:aws:s3:::my-bucket", "--output", "json")
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=SECRET", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_PAGER=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var created struct {
		ClientToken string
		FlowLogIds  []string
	}
	require.NoError(t, json.Unmarshal(out, &created))
	assert.Equal(t, "token", created.ClientToken)
	assert.Len(t, created.FlowLogIds, 1)
}

// Not parallel: the signals are for the whole process.
func TestEmulator_EndsWithoutErrorWhenToldTo(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot signal itself on Windows")
	}
	self, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		url, ended := background(t, "-listen", "localhost:0")
		assert.Regexp(t, `^http://(127\.0\.0\.1|\[::1\]):[1-9][0-9]*$`, url)
		require.NoError(t, self.Signal(signal))
		require.NoError(t, <-ended, signal)
	}
}

func TestListen_AcceptsAPublicAddressIfToldTo(t *testing.T) {
	t.Parallel()
	listener, err := listen("0.0.0.0:0", true)
	require.NoError(t, err)
	require.NoError(t, listener.Close())
}

// start runs an emulator and returns a client for it that makes one attempt per call. It
// is the client of a Server with another endpoint, because a plain ec2.Client can fail
// over loopback.
func start(t *testing.T, args ...string) *ec2.Client {
	url := serve(t, args...)
	server := flowlogstest.NewServer(flowlogstest.New())
	t.Cleanup(server.Close)
	return server.Client(func(o *ec2.Options) {
		o.BaseEndpoint = &url
		o.Retryer = aws.NopRetryer{}
	})
}

// serve runs the emulator until the end of the test and returns its URL.
func serve(t *testing.T, args ...string) string {
	url, ended := background(t, append([]string{"-listen", "127.0.0.1:0"}, args...)...)
	t.Cleanup(func() { require.NoError(t, <-ended) })
	return url
}

func background(t *testing.T, args ...string) (url string, ended <-chan error) {
	t.Helper()
	out, stdout := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(t.Context(), args, stdout)
		stdout.CloseWithError(err)
		done <- err
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSuffix(line, "\n"), done
}

func request(ids ...string) *ec2.CreateFlowLogsInput {
	return &ec2.CreateFlowLogsInput{
		ClientToken:              aws.String("token of " + strings.Join(ids, " ")),
		ResourceIds:              ids,
		ResourceType:             types.FlowLogsResourceTypeVpc,
		TrafficType:              types.TrafficTypeAll,
		LogGroupName:             aws.String("my-flow-logs"),
		DeliverLogsPermissionArn: aws.String("arn:aws:iam::123456789012:role/publishFlowLogs"),
	}
}

func toBucket(bucket string, ids ...string) *ec2.CreateFlowLogsInput {
	in := request(ids...)
	in.ClientToken = nil
	in.LogGroupName, in.DeliverLogsPermissionArn = nil, nil
	in.LogDestinationType, in.LogDestination = types.LogDestinationTypeS3, aws.String("arn:aws:s3:::"+bucket)
	return in
}
