package mocking_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

// generatedEC2 is a mock as mockery generates it, with each option function as an
// argument.
type generatedEC2 struct{ mock.Mock }

func (m *generatedEC2) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	arguments := []any{ctx, in}
	for _, fn := range optFns {
		arguments = append(arguments, fn)
	}
	returned := m.Called(arguments...)
	out, _ := returned.Get(0).(*ec2.CreateFlowLogsOutput)
	return out, returned.Error(1)
}

// A generated mock expects the context, the input and exactly one option function.
func TestCreate_WithAGeneratedMock(t *testing.T) {
	t.Parallel()
	api := new(generatedEC2)
	api.On("CreateFlowLogs", mock.Anything, mock.Anything, mock.Anything).
		Return(&ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-0123456789abcdef0"}}, nil)
	resp, err := flowlogs.New(api).Create(t.Context(), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"fl-0123456789abcdef0"}, resp.FlowLogIDs)
	api.AssertExpectations(t)
}
