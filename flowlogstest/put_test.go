package flowlogstest_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// oldFlowLog is a flow log of 2017, before there were destinations and formats.
func oldFlowLog() types.FlowLog {
	return types.FlowLog{
		CreationTime:             aws.Time(time.Date(2017, 5, 6, 7, 8, 9, 0, time.UTC)),
		DeliverLogsErrorMessage:  aws.String("Access error"),
		DeliverLogsPermissionArn: aws.String(ourRole),
		DeliverLogsStatus:        aws.String("FAILED"),
		FlowLogId:                aws.String("fl-1a2b3c4d"),
		FlowLogStatus:            aws.String("ACTIVE"),
		LogGroupName:             aws.String("flow-logs"),
		ResourceId:               aws.String(vpc(1)),
		TrafficType:              types.TrafficTypeAll,
	}
}

// withEverything is a flow log in which every field is set.
func withEverything() types.FlowLog {
	f := oldFlowLog()
	f.DeliverCrossAccountRole = aws.String(ourRole)
	f.DestinationOptions = &types.DestinationOptionsResponse{
		FileFormat: types.DestinationFileFormatParquet, HiveCompatiblePartitions: aws.Bool(true), PerHourPartition: aws.Bool(false),
	}
	f.LogDestination = aws.String(bucket)
	f.LogDestinationType = types.LogDestinationTypeS3
	f.LogFormat = aws.String("${version}")
	f.MaxAggregationInterval = aws.Int32(60)
	f.TagFieldSpecifications = []types.TagFieldSpecificationResponse{
		{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"Name"}},
	}
	f.Tags = []types.Tag{tag("Name", "x")}
	return f
}

func TestPut_IsShownAsGiven(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		given types.FlowLog
	}{
		{"an old flow log", oldFlowLog()},
		{"a flow log with every field", withEverything()},
		{"a flow log with empty options", types.FlowLog{
			FlowLogId: aws.String("fl-1a2b3c4d"), DestinationOptions: &types.DestinationOptionsResponse{},
		}},
		{"a flow log with nothing but its ID", types.FlowLog{FlowLogId: aws.String("fl-1a2b3c4d")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				assert.Equal(t, "fl-1a2b3c4d", e.Put(test.given))
				out, err := call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{FlowLogIds: []string{"fl-1a2b3c4d"}})
				require.NoError(t, err)
				assert.Equal(t, []types.FlowLog{test.given}, out.FlowLogs)
				assert.Equal(t, []types.FlowLog{test.given}, e.FlowLogs())
			})
		})
	}
}

func TestPut_CopiesTheFlowLog(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	given := withEverything()
	e.Put(given)
	for _, f := range []types.FlowLog{given, e.FlowLogs()[0]} {
		*f.FlowLogId, *f.MaxAggregationInterval = "changed", 1
		*f.DestinationOptions.PerHourPartition = true
		f.TagFieldSpecifications[0].TagKeys[0] = "changed"
		*f.Tags[0].Value = "changed"
		f.Tags[0].Key = nil
	}
	assert.Equal(t, withEverything(), e.FlowLogs()[0])
}

func TestPut_ShowsTheTimeAsTheWireDoes(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Put(types.FlowLog{CreationTime: aws.Time(time.Date(2017, 5, 6, 9, 8, 9, 1234567, time.FixedZone("", 7200)))})
	out, err := e.DescribeFlowLogs(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, time.Date(2017, 5, 6, 7, 8, 9, 1000000, time.UTC), *e.FlowLogs()[0].CreationTime)
	assert.Equal(t, out.FlowLogs[0].CreationTime, e.FlowLogs()[0].CreationTime)
}

func TestPut_GivesAFlowLogTheNextID(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	assert.Equal(t, flowLogID(1), e.Put(types.FlowLog{}))
	assert.Equal(t, flowLogID(2), e.Put(types.FlowLog{FlowLogId: aws.String(flowLogID(2))}))
	out, err := e.CreateFlowLogs(t.Context(), toBucket())
	require.NoError(t, err)
	assert.Equal(t, []string{flowLogID(3)}, out.FlowLogIds)
}

func TestPut_LeavesItsIDToNoOther(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Put(types.FlowLog{FlowLogId: aws.String(flowLogID(3))})
	out, err := e.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(3)...)))
	require.NoError(t, err)
	assert.Equal(t, []string{flowLogID(2), flowLogID(4), flowLogID(5)}, out.FlowLogIds)
	assert.Len(t, e.FlowLogs(), 4)
}

func TestPut_ReplacesTheFlowLogWithItsID(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(3)...)))
		require.NoError(t, err)
		second := e.FlowLogs()[1]
		second.DeliverLogsStatus, second.DeliverLogsErrorMessage = aws.String("FAILED"), aws.String("Rate limited")
		second.ResourceId = aws.String(vpc(9))
		e.Put(second)

		out, err := call.DescribeFlowLogs(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(1), flowLogID(2), flowLogID(3)}, idsOf(out.FlowLogs), "the order stays")
		assertEqual(t, second, out.FlowLogs[1])

		_, err = call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(2))))
		require.NoError(t, err, "the old flow log is gone")
		_, err = call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(9))))
		assert.Equal(t, "FlowLogAlreadyExists", code(err))
	})
}

func TestPut_IsDeletedLikeOthers(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		e.Put(oldFlowLog())
		_, err := call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{"fl-1a2b3c4d"}})
		require.NoError(t, err)
		assert.Empty(t, e.FlowLogs())
	})
}

func TestPut_ConflictsWithTheSameConfiguration(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:logs:us-east-1:123456789012:log-group:flow-logs"
	s3 := types.LogDestinationTypeS3
	gateway := aws.String("tgw-0123456789abcdef0")
	parquet := &types.DestinationOptionsResponse{FileFormat: types.DestinationFileFormatParquet}
	tests := []struct {
		name  string
		given types.FlowLog
		in    *ec2.CreateFlowLogsInput
		code  string
	}{
		{"an old flow log", oldFlowLog(), toLogGroup(), "FlowLogAlreadyExists"},
		{"an old flow log, with another interval", oldFlowLog(), toLogGroup(withInterval(60)), ""},
		{"an old flow log, on another resource", oldFlowLog(), toLogGroup(withIDs(vpc(2))), ""},
		{
			"by ARN", types.FlowLog{
				ResourceId: aws.String(vpc(1)), LogDestination: aws.String(arn + ":*"),
				DeliverLogsPermissionArn: aws.String(ourRole), TrafficType: types.TrafficTypeAll,
			},
			toLogGroup(), "FlowLogAlreadyExists",
		},
		{
			"of S3 with the role that old ones show", types.FlowLog{
				ResourceId: aws.String(vpc(1)), LogDestination: aws.String(bucket), LogDestinationType: s3,
				DeliverLogsPermissionArn: aws.String(ourRole), TrafficType: types.TrafficTypeAll,
			},
			toBucket(), "FlowLogAlreadyExists",
		},
		{
			"of S3 with another file format", types.FlowLog{
				ResourceId: aws.String(vpc(1)), LogDestination: aws.String(bucket), LogDestinationType: s3,
				DestinationOptions: parquet, TrafficType: types.TrafficTypeAll,
			},
			toBucket(), "",
		},
		{
			"of a transit gateway, with a traffic type", types.FlowLog{
				ResourceId: gateway, LogDestination: aws.String(bucket), LogDestinationType: s3, TrafficType: types.TrafficTypeAll,
			},
			toBucket(withGateway), "FlowLogAlreadyExists",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := flowlogstest.New()
			e.Put(test.given)
			_, err := e.CreateFlowLogs(t.Context(), test.in)
			assert.Equal(t, test.code, code(err))
		})
	}
}

func TestPut_CountsAgainstTheQuota(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	for range 251 {
		e.Put(types.FlowLog{ResourceId: aws.String(vpc(1))})
	}
	_, err := e.CreateFlowLogs(t.Context(), toBucket())
	assert.Equal(t, "FlowLogsLimitExceeded", code(err))
}
