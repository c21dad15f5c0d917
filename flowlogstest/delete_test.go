package flowlogstest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestDeleteFlowLogs_DeletesTheFlowLogsNamed(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(3)...)))
		require.NoError(t, err)
		out, err := call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(1), flowLogID(3), flowLogID(3)}})
		require.NoError(t, err)
		assertEqual(t, &ec2.DeleteFlowLogsOutput{}, out)
		assert.Equal(t, []string{flowLogID(2)}, idsOf(e.FlowLogs()))
	})
}

func TestDeleteFlowLogs_Rejects(t *testing.T) {
	t.Parallel()
	const invalidValue = "InvalidParameterValue"
	tests := []struct {
		name          string
		in            ec2.DeleteFlowLogsInput
		status        int
		code, message string
	}{
		{
			"no IDs", ec2.DeleteFlowLogsInput{FlowLogIds: []string{}},
			400, invalidValue, "1 validation error detected: Value null at 'flowLogId' has an invalid format",
		},
		{
			"a malformed ID", ec2.DeleteFlowLogsInput{FlowLogIds: []string{"fl-1"}},
			400, invalidValue, "1 validation error detected: Value 'fl-1' at 'flowLogId' has an invalid format",
		},
		{
			"an unknown ID beside a known one", ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(1), flowLogID(4)}},
			400, "InvalidFlowLogId.NotFound",
			"These flow log ids in the input list are not found: [TotalCount: 1] fl-00000000000000004",
		},
		{
			"a dry run", ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(1)}, DryRun: aws.Bool(true)},
			412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				_, err := call.CreateFlowLogs(t.Context(), toBucket())
				require.NoError(t, err)
				_, err = call.DeleteFlowLogs(t.Context(), &test.in)
				assertAPIError(t, err, "DeleteFlowLogs", test.status, test.code, test.message)
				assert.Len(t, e.FlowLogs(), 1)
			})
		})
	}
}

func TestDeleteFlowLogs_RejectsAFlowLogThatIsDeleted(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		out, err := call.CreateFlowLogs(t.Context(), toBucket())
		require.NoError(t, err)
		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: out.FlowLogIds})
		require.NoError(t, err)
		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: out.FlowLogIds})
		assert.Equal(t, "InvalidFlowLogId.NotFound", code(err))
	})
}

func TestFailFlowLogs_KeepsTheFlowLogsThatItNames(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(3)...)))
		require.NoError(t, err)
		e.Inject(
			flowlogstest.FailFlowLogs("InternalError", "no", flowLogID(2), flowLogID(9)),
			flowlogstest.FailFlowLogs("400", "all"),
		)
		in := &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(9), flowLogID(1), flowLogID(2)}}
		out, err := call.DeleteFlowLogs(t.Context(), in)
		require.NoError(t, err, "a flow log that fails need not exist")
		assertEqual(t, []types.UnsuccessfulItem{unsuccessful(flowLogID(9), "InternalError", "no"), unsuccessful(flowLogID(2), "InternalError", "no")}, out.Unsuccessful)
		assert.Equal(t, []string{flowLogID(2), flowLogID(3)}, idsOf(e.FlowLogs()))

		out, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(2)}})
		require.NoError(t, err)
		assertEqual(t, []types.UnsuccessfulItem{unsuccessful(flowLogID(2), "400", "all")}, out.Unsuccessful)

		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(2), flowLogID(3)}})
		require.NoError(t, err)
		assert.Empty(t, e.FlowLogs())
	})
}

func TestFailFlowLogs_MatchesACallThatNamesOne(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	_, err := e.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(2)...)))
	require.NoError(t, err)
	e.Inject(flowlogstest.FailFlowLogs("400", "no", flowLogID(2)))
	for n, failed := range []int{0, 1} {
		out, err := e.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(n + 1)}})
		require.NoError(t, err)
		assert.Len(t, out.Unsuccessful, failed)
	}
}

func TestFailFlowLogs_IsForDeleteFlowLogsOnly(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Inject(flowlogstest.FailFlowLogs("400", "all").Keep(), flowlogstest.FailResources("400", "all", flowLogID(1)).Keep())
	out, err := e.CreateFlowLogs(t.Context(), toBucket())
	require.NoError(t, err)
	assert.Empty(t, out.Unsuccessful)
	_, err = e.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: out.FlowLogIds, Tags: manyTags(1)})
	require.NoError(t, err)
}
