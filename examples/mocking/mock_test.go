package mocking_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/examples/mocking"
)

var (
	vpcs     = []string{"vpc-0a1b2c3d", "vpc-1a2b3c4d", "vpc-2a3b4c5d"}
	logGroup = flowlogs.CloudWatchLogs{LogGroupName: "my-flow-logs", RoleARN: "arn:aws:iam::123456789012:role/publishFlowLogs"}
)

// mockEC2 mocks the one method. It does not record the options: testify cannot compare
// functions.
type mockEC2 struct{ mock.Mock }

func (m *mockEC2) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	args := m.Called(ctx, in)
	return args.Get(0).(*ec2.CreateFlowLogsOutput), args.Error(1)
}

func TestAdd_ReturnsTheVPCThatWasRejected(t *testing.T) {
	t.Parallel()
	var api mockEC2
	api.On("CreateFlowLogs", mock.Anything, mock.Anything).Return(&ec2.CreateFlowLogsOutput{
		FlowLogIds:   []string{"fl-0a1b2c3d", "fl-2a3b4c5d"},
		Unsuccessful: []types.UnsuccessfulItem{failed(vpcs[1])},
	}, nil)

	missing, err := mocking.New(&api, logGroup).Add(t.Context(), vpcs...)

	require.ErrorIs(t, err, flowlogs.ErrDestinationAccessDenied)
	assert.Equal(t, []string{vpcs[1]}, missing)
}

// EC2 responds to this with status 200, and the SDK returns no error.
func TestAdd_FailsIfAllVPCsAreRejected(t *testing.T) {
	t.Parallel()
	var api mockEC2
	api.On("CreateFlowLogs", mock.Anything, mock.Anything).Return(&ec2.CreateFlowLogsOutput{
		Unsuccessful: []types.UnsuccessfulItem{failed(vpcs[0]), failed(vpcs[1]), failed(vpcs[2])},
	}, nil)

	missing, err := mocking.New(&api, logGroup).Add(t.Context(), vpcs...)

	require.ErrorIs(t, err, flowlogs.ErrDestinationAccessDenied)
	assert.Equal(t, vpcs, missing)
}

func TestAdd_DoesNotRetryARejection(t *testing.T) {
	t.Parallel()
	var api mockEC2
	rejection := &smithy.GenericAPIError{Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation."}
	api.On("CreateFlowLogs", mock.Anything, mock.Anything).Return((*ec2.CreateFlowLogsOutput)(nil), rejection)

	missing, err := mocking.New(&api, logGroup).Add(t.Context(), vpcs[0])

	require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
	assert.Equal(t, vpcs[:1], missing)
	api.AssertNumberOfCalls(t, "CreateFlowLogs", 1)
}

func TestAdd_SendsOneCallForAllVPCs(t *testing.T) {
	t.Parallel()
	var api mockEC2
	api.On("CreateFlowLogs", mock.Anything, mock.MatchedBy(func(in *ec2.CreateFlowLogsInput) bool {
		return assert.ObjectsAreEqual(vpcs, in.ResourceIds) && in.TrafficType == types.TrafficTypeReject && aws.ToString(in.ClientToken) != ""
	})).Return(&ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-0a1b2c3d", "fl-1a2b3c4d", "fl-2a3b4c5d"}}, nil).Once()

	missing, err := mocking.New(&api, logGroup).Add(t.Context(), vpcs...)

	require.NoError(t, err)
	assert.Empty(t, missing)
	api.AssertExpectations(t)
}

// failed returns an item with which EC2 rejects a single resource. Its code is literally
// "400".
func failed(id string) types.UnsuccessfulItem {
	return types.UnsuccessfulItem{ResourceId: &id, Error: &types.UnsuccessfulItemError{
		Code:    aws.String("400"),
		Message: aws.String("Access Denied for LogDestination: my-bucket. Please check LogDestination permission"),
	}}
}
