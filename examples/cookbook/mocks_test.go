package cookbook_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

// mockEC2 is as mockery generates it: each option function is an argument.
type mockEC2 struct{ mock.Mock }

func (m *mockEC2) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	arguments := []any{ctx, in}
	for _, fn := range optFns {
		arguments = append(arguments, fn)
	}
	returned := m.Called(arguments...)
	if respond, ok := returned.Get(0).(func(context.Context, *ec2.CreateFlowLogsInput, ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error)); ok {
		return respond(ctx, in, optFns...)
	}
	out, _ := returned.Get(0).(*ec2.CreateFlowLogsOutput)
	return out, returned.Error(1)
}

// accept is a response that accounts for every resource of the call, as EC2's does.
func accept(_ context.Context, in *ec2.CreateFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	out := &ec2.CreateFlowLogsOutput{ClientToken: in.ClientToken}
	for i := range in.ResourceIds {
		out.FlowLogIds = append(out.FlowLogIds, fmt.Sprintf("fl-%017x", i+1))
	}
	return out, nil
}

func TestMock_AcceptsEveryResource(t *testing.T) {
	api := new(mockEC2)
	// The context, the input, and exactly one option function.
	api.On("CreateFlowLogs", mock.Anything, mock.Anything, mock.Anything).Return(accept)

	resp, err := flowlogs.New(api).Create(t.Context(), toBucket("vpc-0a1b2c3d", "vpc-1a2b3c4d"))
	require.NoError(t, err)
	assert.Len(t, resp.FlowLogIDs, 2)
}

func TestMock_IsUnavailable(t *testing.T) {
	api := new(mockEC2)
	unavailable := &smithy.GenericAPIError{Code: "Unavailable"}
	api.On("CreateFlowLogs", mock.Anything, mock.Anything, mock.Anything).Return(nil, unavailable)

	client := flowlogs.New(api, func(o *flowlogs.Options) { o.RetryTimeout = -1 }) // else 5 seconds of retries
	_, err := client.Create(t.Context(), toBucket("vpc-0a1b2c3d"))
	require.ErrorIs(t, err, flowlogs.ErrUnavailable)
}

func toBucket(ids ...string) flowlogs.Request {
	return flowlogs.Request{
		ResourceIDs: ids,
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"},
	}
}
