package flowlogstest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

const defaultFormat = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"

func TestDescribeFlowLogs_ShowsTheRequestAndDefaults(t *testing.T) {
	t.Parallel()
	plain := &types.DestinationOptionsResponse{
		FileFormat:               types.DestinationFileFormatPlainText,
		HiveCompatiblePartitions: aws.Bool(false),
		PerHourPartition:         aws.Bool(false),
	}
	tests := []struct {
		name string
		in   *ec2.CreateFlowLogsInput
		want types.FlowLog
	}{
		{"bucket", toBucket(), types.FlowLog{
			LogDestination: aws.String(bucket), LogDestinationType: types.LogDestinationTypeS3, DestinationOptions: plain,
		}},
		{"log group by name", toLogGroup(), types.FlowLog{
			LogGroupName: aws.String("flow-logs"), LogDestinationType: types.LogDestinationTypeCloudWatchLogs,
			DeliverLogsPermissionArn: aws.String(ourRole),
		}},
		{"log group by ARN", toLogGroup(withDestination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs")), types.FlowLog{
			LogGroupName: aws.String("flow-logs"), LogDestination: aws.String("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs"),
			LogDestinationType: types.LogDestinationTypeCloudWatchLogs, DeliverLogsPermissionArn: aws.String(ourRole),
		}},
		{"stream of another account", toBucket(withStream, withRole(ourRole), withCrossAccountRole), types.FlowLog{
			LogDestination:          aws.String("arn:aws:firehose:us-east-1:123456789012:deliverystream/flow-logs"),
			LogDestinationType:      types.LogDestinationTypeKinesisDataFirehose,
			DeliverCrossAccountRole: aws.String("arn:aws:iam::210987654321:role/AWSLogDeliveryFirehoseCrossAccountRole"), DeliverLogsPermissionArn: aws.String(ourRole),
		}},
		{
			"everything",
			toBucket(
				withInterval(60), withFormat("${version} ${instance-tag}"),
				withOptions(types.DestinationOptionsRequest{FileFormat: types.DestinationFileFormatParquet, PerHourPartition: aws.Bool(true)}),
				withTagFields(types.TagFieldSpecificationRequest{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"a", "b"}}),
				withTags(types.ResourceTypeVpcFlowLog, tag("Name", "<x> & y"), tag("Empty", "")),
				withTraffic(types.TrafficTypeReject),
			),
			types.FlowLog{
				LogDestination: aws.String(bucket), LogDestinationType: types.LogDestinationTypeS3, TrafficType: types.TrafficTypeReject,
				MaxAggregationInterval: aws.Int32(60), LogFormat: aws.String("${version} ${instance-tag}"),
				DestinationOptions: &types.DestinationOptionsResponse{
					FileFormat: types.DestinationFileFormatParquet, HiveCompatiblePartitions: aws.Bool(false), PerHourPartition: aws.Bool(true),
				},
				TagFieldSpecifications: []types.TagFieldSpecificationResponse{{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"a", "b"}}},
				Tags:                   []types.Tag{tag("Name", "<x> & y"), tag("Empty", "")},
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				_, err := call.CreateFlowLogs(t.Context(), test.in)
				require.NoError(t, err)
				out, err := call.DescribeFlowLogs(t.Context(), nil)
				require.NoError(t, err)
				require.Len(t, out.FlowLogs, 1)

				want := test.want
				want.CreationTime = out.FlowLogs[0].CreationTime
				want.DeliverLogsStatus = aws.String("SUCCESS")
				want.FlowLogId = aws.String(flowLogID(1))
				want.FlowLogStatus = aws.String("ACTIVE")
				want.ResourceId = aws.String(vpc(1))
				if want.LogFormat == nil {
					want.LogFormat, want.MaxAggregationInterval, want.TrafficType = aws.String(defaultFormat), aws.Int32(600), types.TrafficTypeAll
				}
				assertEqual(t, want, out.FlowLogs[0])
				assertEqual(t, e.FlowLogs(), out.FlowLogs)
				assert.NotNil(t, out.FlowLogs[0].Tags)
			})
		})
	}
}

func TestDescribeFlowLogs_ShowsTheDefaultsOfTransitGateways(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withGateway))
		require.NoError(t, err)
		out, err := call.DescribeFlowLogs(t.Context(), nil)
		require.NoError(t, err)
		flowLog := out.FlowLogs[0]
		assert.Equal(t, int32(60), *flowLog.MaxAggregationInterval)
		assert.Empty(t, flowLog.TrafficType)
		assert.True(t, strings.HasPrefix(*flowLog.LogFormat, "${version} ${resource-type} ${account-id} ${tgw-id} "), *flowLog.LogFormat)
		assert.True(t, strings.HasSuffix(*flowLog.LogFormat, " ${pkt-src-aws-service} ${pkt-dst-aws-service}"), *flowLog.LogFormat)
	})
}

func TestDescribeFlowLogs_ReturnsNothingForADeletedOrUnknownFlowLog(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(2)...)))
		require.NoError(t, err)
		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(1)}})
		require.NoError(t, err)

		out, err := call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{FlowLogIds: []string{flowLogID(1), flowLogID(9)}})
		require.NoError(t, err)
		assert.Empty(t, out.FlowLogs)
		out, err = call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{FlowLogIds: []string{flowLogID(1), flowLogID(2)}})
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(2)}, idsOf(out.FlowLogs))
	})
}

func idsOf(flowLogs []types.FlowLog) []string {
	var ids []string
	for _, f := range flowLogs {
		ids = append(ids, *f.FlowLogId)
	}
	return ids
}

func TestDescribeFlowLogs_ReturnsPages(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		created, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(25)...)))
		require.NoError(t, err)

		pages := ec2.NewDescribeFlowLogsPaginator(call, &ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(10)})
		var sizes []int
		var ids []string
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			require.NoError(t, err)
			sizes = append(sizes, len(page.FlowLogs))
			ids = append(ids, idsOf(page.FlowLogs)...)
		}
		assert.Equal(t, []int{10, 10, 5}, sizes)
		assert.Equal(t, created.FlowLogIds, ids)
	})
}

func TestDescribeFlowLogs_PagesDoNotShiftWhenFlowLogsAreDeleted(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(4)...)))
		require.NoError(t, err)
		first, err := call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(2)})
		require.NoError(t, err)
		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(1), flowLogID(2)}})
		require.NoError(t, err)
		second, err := call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(2), NextToken: first.NextToken})
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(3), flowLogID(4)}, idsOf(second.FlowLogs))
		assert.Nil(t, second.NextToken)
	})
}

func TestDescribeFlowLogs_ReturnsPagesOfUpTo1000(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	for n := range 4 {
		_, err := e.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(300)...), withDestination(fmt.Sprintf("%s/%d", bucket, n))))
		require.NoError(t, err)
	}
	page, err := e.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(1000)})
	require.NoError(t, err)
	assert.Len(t, page.FlowLogs, 1000)
	page, err = e.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(1000), NextToken: page.NextToken})
	require.NoError(t, err)
	assert.Len(t, page.FlowLogs, 200)
	assert.Nil(t, page.NextToken)
}

func TestDescribeFlowLogs_Rejects(t *testing.T) {
	t.Parallel()
	const (
		invalidValue  = "InvalidParameterValue"
		limitExceeded = "FilterLimitExceeded"
		invalidPage   = "InvalidPaginationToken"
		pageMessage   = "The specified pagination token is not valid or is expired."
	)
	tests := []struct {
		name          string
		in            ec2.DescribeFlowLogsInput
		status        int
		code, message string
	}{
		{
			"a filter that does not exist", ec2.DescribeFlowLogsInput{Filter: []types.Filter{filter("vpc-id", "x")}},
			400, invalidValue, "The filter 'vpc-id' is invalid",
		},
		{
			"51 filters", ec2.DescribeFlowLogsInput{Filter: slices.Repeat([]types.Filter{filter("resource-id", "x")}, 51)},
			400, limitExceeded, "The maximum number of filters specified on a single call is 50",
		},
		{
			"a filter with 201 values", ec2.DescribeFlowLogsInput{Filter: []types.Filter{filter("resource-id", vpcs(201)...)}},
			400, limitExceeded, "The maximum number of filter values specified on a single call is 200",
		},
		{
			"pages of named flow logs", ec2.DescribeFlowLogsInput{FlowLogIds: []string{flowLogID(1)}, MaxResults: aws.Int32(5)},
			400, "InvalidParameterCombination", "The parameter FlowLogId cannot be used with the parameter MaxResults",
		},
		{
			"a page of none", ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(0)},
			400, invalidValue, "Value ( 0 ) for parameter maxResults is invalid.",
		},
		{
			"a page of more than 1000", ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(1001)},
			400, invalidValue, "Value ( 1001 ) for parameter maxResults is invalid.",
		},
		{"a page token that is not base64", ec2.DescribeFlowLogsInput{NextToken: aws.String("!")}, 400, invalidPage, pageMessage},
		{"a page token that is not a number", ec2.DescribeFlowLogsInput{NextToken: aws.String("eA")}, 400, invalidPage, pageMessage},
		{
			"a malformed ID", ec2.DescribeFlowLogsInput{FlowLogIds: []string{"fl-1"}},
			400, invalidValue, "1 validation error detected: Value 'fl-1' at 'flowLogId' has an invalid format",
		},
		{
			"more than 1000 IDs", ec2.DescribeFlowLogsInput{FlowLogIds: slices.Repeat([]string{flowLogID(1)}, 1001)},
			400, invalidValue, "The number of flow log IDs (1001) exceeds the limit of 1000",
		},
		{
			"a dry run", ec2.DescribeFlowLogsInput{DryRun: aws.Bool(true)},
			412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				_, err := call.DescribeFlowLogs(t.Context(), &test.in)
				assertAPIError(t, err, "DescribeFlowLogs", test.status, test.code, test.message)
			})
		})
	}
}
