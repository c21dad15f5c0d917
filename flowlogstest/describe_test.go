package flowlogstest_test

import (
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

func TestDescribeShowsWhatWasAskedForAndDefaults(t *testing.T) {
	t.Parallel()
	plain := &types.DestinationOptionsResponse{
		FileFormat:               types.DestinationFileFormatPlainText,
		HiveCompatiblePartitions: aws.Bool(false),
		PerHourPartition:         aws.Bool(false),
	}
	tests := map[string]struct {
		in   *ec2.CreateFlowLogsInput
		want types.FlowLog
	}{
		"bucket": {toBucket(), types.FlowLog{
			LogDestination: aws.String(bucket), LogDestinationType: types.LogDestinationTypeS3, DestinationOptions: plain,
		}},
		"log group by name": {toLogGroup(), types.FlowLog{
			LogGroupName: aws.String("flow-logs"), LogDestinationType: types.LogDestinationTypeCloudWatchLogs,
			DeliverLogsPermissionArn: aws.String(ourRole),
		}},
		"log group by ARN": {toLogGroup(destination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs")), types.FlowLog{
			LogGroupName: aws.String("flow-logs"), LogDestination: aws.String("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs"),
			LogDestinationType: types.LogDestinationTypeCloudWatchLogs, DeliverLogsPermissionArn: aws.String(ourRole),
		}},
		"stream of another account": {toBucket(toStream, role(ourRole), crossAccountRole), types.FlowLog{
			LogDestination:          aws.String("arn:aws:firehose:us-east-1:123456789012:deliverystream/flow-logs"),
			LogDestinationType:      types.LogDestinationTypeKinesisDataFirehose,
			DeliverCrossAccountRole: aws.String("arn:aws:iam::210987654321:role/AWSLogDeliveryFirehoseCrossAccountRole"), DeliverLogsPermissionArn: aws.String(ourRole),
		}},
		"everything": {
			toBucket(
				interval(60), format("${version} ${instance-tag}"),
				options(types.DestinationOptionsRequest{FileFormat: types.DestinationFileFormatParquet, PerHourPartition: aws.Bool(true)}),
				tagFields(types.TagFieldSpecificationRequest{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"a", "b"}}),
				tagged(types.ResourceTypeVpcFlowLog, tag("Name", "<x> & y"), tag("Empty", "")),
				func(in *ec2.CreateFlowLogsInput) { in.TrafficType = types.TrafficTypeReject },
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
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
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
				equal(t, want, out.FlowLogs[0])
				equal(t, e.FlowLogs(), out.FlowLogs)
				assert.NotNil(t, out.FlowLogs[0].Tags)
			})
		})
	}
}

func TestATransitGatewaysDefaults(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(ofGateway))
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

func TestFilters(t *testing.T) {
	t.Parallel()
	filter := func(name string, values ...string) types.Filter {
		return types.Filter{Name: aws.String(name), Values: values}
	}
	tests := map[string]struct {
		filters []types.Filter
		want    []string
	}{
		"none":                 {nil, []string{flowLogID(1), flowLogID(2), flowLogID(3)}},
		"deliver-log-status":   {[]types.Filter{filter("deliver-log-status", "SUCCESS")}, []string{flowLogID(1), flowLogID(2), flowLogID(3)}},
		"failed":               {[]types.Filter{filter("deliver-log-status", "FAILED")}, nil},
		"log-destination-type": {[]types.Filter{filter("log-destination-type", "s3")}, []string{flowLogID(1), flowLogID(2)}},
		"flow-log-id":          {[]types.Filter{filter("flow-log-id", flowLogID(2))}, []string{flowLogID(2)}},
		"log-group-name":       {[]types.Filter{filter("log-group-name", "flow-logs")}, []string{flowLogID(3)}},
		"resource-id":          {[]types.Filter{filter("resource-id", vpc(1))}, []string{flowLogID(1), flowLogID(3)}},
		"traffic-type":         {[]types.Filter{filter("traffic-type", "REJECT")}, []string{flowLogID(2)}},
		"tag-key":              {[]types.Filter{filter("tag-key", "Owner")}, []string{flowLogID(2), flowLogID(3)}},
		"tag":                  {[]types.Filter{filter("tag:Owner", "A")}, []string{flowLogID(2)}},
		"one of the values":    {[]types.Filter{filter("tag:Owner", "A", "B")}, []string{flowLogID(2), flowLogID(3)}},
		"all of the filters":   {[]types.Filter{filter("tag:Owner", "A", "B"), filter("resource-id", vpc(1))}, []string{flowLogID(3)}},
		"case of the value":    {[]types.Filter{filter("traffic-type", "reject")}, nil},
		"no values":            {[]types.Filter{filter("traffic-type")}, nil},
	}
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		for _, in := range []*ec2.CreateFlowLogsInput{
			toBucket(on(vpc(1))),
			toBucket(on(vpc(2)), tagged("vpc-flow-log", tag("Owner", "A")), func(in *ec2.CreateFlowLogsInput) { in.TrafficType = types.TrafficTypeReject }),
			toLogGroup(on(vpc(1)), tagged("vpc-flow-log", tag("Name", "x"), tag("Owner", "B"))),
		} {
			_, err := call.CreateFlowLogs(t.Context(), in)
			require.NoError(t, err)
		}
		for name, test := range tests {
			out, err := call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{Filter: test.filters})
			require.NoError(t, err)
			assert.Equal(t, test.want, idsOf(out.FlowLogs), name)
		}
		out, err := call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{
			FlowLogIds: []string{flowLogID(3), flowLogID(1)}, Filter: []types.Filter{filter("log-destination-type", "s3")},
		})
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(1)}, idsOf(out.FlowLogs))
	})
}

func idsOf(flowLogs []types.FlowLog) []string {
	var ids []string
	for _, f := range flowLogs {
		ids = append(ids, *f.FlowLogId)
	}
	return ids
}

func TestPages(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		created, err := call.CreateFlowLogs(t.Context(), toBucket(on(vpcs(25)...)))
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

func TestPagesDoNotShiftWhenFlowLogsAreDeleted(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(on(vpcs(4)...)))
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

func TestDescribeRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in            *ec2.DescribeFlowLogsInput
		status        int
		code, message string
	}{
		"unknown filter":    {&ec2.DescribeFlowLogsInput{Filter: []types.Filter{{Name: aws.String("vpc-id"), Values: []string{"x"}}}}, 400, "InvalidParameterValue", "The filter 'vpc-id' is invalid"},
		"pages of IDs":      {&ec2.DescribeFlowLogsInput{FlowLogIds: []string{flowLogID(1)}, MaxResults: aws.Int32(5)}, 400, "InvalidParameterCombination", "The parameter FlowLogId cannot be used with the parameter MaxResults"},
		"empty pages":       {&ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(0)}, 400, "InvalidParameterValue", "Value ( 0 ) for parameter maxResults is invalid."},
		"huge pages":        {&ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(1001)}, 400, "InvalidParameterValue", "Value ( 1001 ) for parameter maxResults is invalid."},
		"page of no list":   {&ec2.DescribeFlowLogsInput{NextToken: aws.String("!")}, 400, "InvalidPaginationToken", "The specified pagination token is not valid or is expired."},
		"page of no list 2": {&ec2.DescribeFlowLogsInput{NextToken: aws.String("eA")}, 400, "InvalidPaginationToken", "The specified pagination token is not valid or is expired."},
		"malformed ID":      {&ec2.DescribeFlowLogsInput{FlowLogIds: []string{"fl-1"}}, 400, "InvalidParameterValue", "1 validation error detected: Value 'fl-1' at 'flowLogId' has an invalid format"},
		"over 1000 IDs":     {&ec2.DescribeFlowLogsInput{FlowLogIds: slices.Repeat([]string{flowLogID(1)}, 1001)}, 400, "InvalidParameterValue", "The number of flow log IDs (1001) exceeds the limit of 1000"},
		"dry run":           {&ec2.DescribeFlowLogsInput{DryRun: aws.Bool(true)}, 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				_, err := call.DescribeFlowLogs(t.Context(), test.in)
				refused(t, err, "DescribeFlowLogs", test.status, test.code, test.message)
			})
		})
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(on(vpcs(3)...)))
		require.NoError(t, err)

		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(2)}, DryRun: aws.Bool(true)})
		refused(t, err, "DeleteFlowLogs", 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(2), flowLogID(4)}})
		refused(t, err, "DeleteFlowLogs", 400, "InvalidFlowLogId.NotFound", "These flow log ids in the input list are not found: [TotalCount: 1] fl-00000000000000004")
		assert.Len(t, e.FlowLogs(), 3)

		out, err := call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(1), flowLogID(3)}})
		require.NoError(t, err)
		equal(t, &ec2.DeleteFlowLogsOutput{}, out)
		assert.Equal(t, []string{flowLogID(2)}, idsOf(e.FlowLogs()))
	})
}
