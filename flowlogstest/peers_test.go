package flowlogstest_test

import (
	"encoding/base64"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// The tests in this file are taken from other projects' tests of EC2.
//
// LocalStack has recorded its expectations on AWS:
// https://github.com/localstack/localstack/blob/main/tests/aws/services/ec2/test_ec2.snapshot.json
// So has Cloud Custodian, in 2017 and 2019:
// https://github.com/cloud-custodian/cloud-custodian/tree/main/tests/data/placebo
// Moto has not, so its cases are here with the responses that were seen on AWS:
// https://github.com/getmoto/moto/blob/master/tests/test_ec2/test_flow_logs.py

func TestPeers_LocalStackCreatesDescribesAndCreatesInASubfolder(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		created, err := call.CreateFlowLogs(t.Context(), toBucket())
		require.NoError(t, err)
		require.Len(t, created.FlowLogIds, 1)
		assert.Empty(t, created.Unsuccessful)

		described, err := call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{FlowLogIds: created.FlowLogIds})
		require.NoError(t, err)
		require.Len(t, described.FlowLogs, 1)
		assertEqual(t, types.FlowLog{
			CreationTime:      described.FlowLogs[0].CreationTime,
			DeliverLogsStatus: aws.String("SUCCESS"),
			DestinationOptions: &types.DestinationOptionsResponse{
				FileFormat: types.DestinationFileFormatPlainText, HiveCompatiblePartitions: aws.Bool(false), PerHourPartition: aws.Bool(false),
			},
			FlowLogId:              aws.String(created.FlowLogIds[0]),
			FlowLogStatus:          aws.String("ACTIVE"),
			LogDestination:         aws.String(bucket),
			LogDestinationType:     types.LogDestinationTypeS3,
			LogFormat:              aws.String(defaultFormat),
			MaxAggregationInterval: aws.Int32(600),
			ResourceId:             aws.String(vpc(1)),
			TrafficType:            types.TrafficTypeAll,
		}, described.FlowLogs[0])

		below, err := call.CreateFlowLogs(t.Context(), toBucket(withDestination(bucket+"/subfolder/")))
		require.NoError(t, err, "a subfolder is another destination than its bucket")
		assert.Len(t, below.FlowLogIds, 1)
	})
}

func TestPeers_LocalStackIsRejectedForItsDestination(t *testing.T) {
	t.Parallel()
	withoutDestination := func(in *ec2.CreateFlowLogsInput) { in.LogDestination = nil }
	tests := []struct {
		name    string
		in      *ec2.CreateFlowLogsInput
		message string
	}{
		{"a bucket and a log group", toBucket(withLogGroup("test-group-name")), "Please only provide LogGroupName or only provide LogDestination."},
		{"neither", toBucket(withoutDestination), "LogDestination can't be empty if LogGroupName is not provided."},
		{"a log group for s3", toBucket(withoutDestination, withLogGroup("test")), "LogDestination type must be cloud-watch-logs if LogGroupName is provided."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				_, err := call.CreateFlowLogs(t.Context(), test.in)
				assertAPIError(t, err, "CreateFlowLogs", 400, "InvalidParameter", test.message)
			})
		})
	}
}

// Moto ends the message with a period. LocalStack's recording has none.
func TestPeers_LocalStackAndMotoFailEachResourceForAMissingBucket(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		out, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(2)...), withDestination("arn:aws:s3:::non-existing-bucket")))
		require.NoError(t, err)
		assert.NotEmpty(t, out.ClientToken)
		assert.Empty(t, out.FlowLogIds)
		const message = "LogDestination: non-existing-bucket does not exist"
		assertEqual(t, []types.UnsuccessfulItem{unsuccessful(vpc(1), "400", message), unsuccessful(vpc(2), "400", message)}, out.Unsuccessful)
	}, func(o *flowlogstest.Options) { o.Buckets = []string{"other"} })
}

// Moto has boto3's message, and had status 400 for a long time. Status 412 was seen on
// AWS: https://github.com/getmoto/moto/issues/1980
func TestPeers_MotoGetsADryRunOperation(t *testing.T) {
	t.Parallel()
	for _, in := range []*ec2.CreateFlowLogsInput{toBucket(withDryRun), toLogGroup(withDryRun)} {
		contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
			_, err := call.CreateFlowLogs(t.Context(), in)
			assertAPIError(t, err, "CreateFlowLogs", 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
			assert.Empty(t, e.FlowLogs())
		})
	}
}

// The period of the first message was seen on AWS; moto omits it:
// https://github.com/badmintoncryer/cdk-preflight
func TestPeers_MotoIsRejectedForItsParameters(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		in            *ec2.CreateFlowLogsInput
		code, message string
	}{
		{"an interval of 10 seconds", toBucket(withInterval(10)), "InvalidParameter", "Invalid Flow Log Max Aggregation Interval."},
		{
			"a log group without a role", toLogGroup(func(in *ec2.CreateFlowLogsInput) { in.DeliverLogsPermissionArn = nil }),
			"InvalidParameter", "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.",
		},
		{
			"a flow log to a bucket that exists", toBucket(), "FlowLogAlreadyExists",
			"Error. There is an existing Flow Log with the same configuration and log destination.",
		},
		{
			"a flow log to a log group that exists", toLogGroup(), "FlowLogAlreadyExists",
			"Error. There is an existing Flow Log with the same configuration and log destination.",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				for _, in := range []*ec2.CreateFlowLogsInput{toBucket(), toLogGroup()} {
					_, err := call.CreateFlowLogs(t.Context(), in)
					require.NoError(t, err, "one resource may have both")
				}
				_, err := call.CreateFlowLogs(t.Context(), test.in)
				assertAPIError(t, err, "CreateFlowLogs", 400, test.code, test.message)
				assert.Len(t, e.FlowLogs(), 2)
			})
		})
	}
}

func TestPeers_MotoDeletesFlowLogs(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		const format = "${version} ${vpc-id} ${subnet-id} ${instance-id} ${interface-id} ${account-id} ${type} ${tcp-flags} ${log-status}"
		created, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(3)...), withFormat(format)))
		require.NoError(t, err)
		ids := created.FlowLogIds
		require.Len(t, ids, 3)
		for _, f := range e.FlowLogs() {
			assert.Equal(t, format, *f.LogFormat)
		}
		left := func() []string {
			out, err := call.DescribeFlowLogs(t.Context(), nil)
			require.NoError(t, err)
			return idsOf(out.FlowLogs)
		}

		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: ids[:1]})
		require.NoError(t, err)
		assert.Equal(t, ids[1:], left())
		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: ids[1:]})
		require.NoError(t, err)
		assert.Empty(t, left())

		out, err := call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{FlowLogIds: ids})
		require.NoError(t, err, "deleted flow logs are no error")
		assert.Empty(t, out.FlowLogs)

		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{"fl-1a2b3c4d", "fl-2b3c4d5e"}})
		assertAPIError(t, err, "DeleteFlowLogs", 400, "InvalidFlowLogId.NotFound",
			"These flow log ids in the input list are not found: [TotalCount: 2] fl-1a2b3c4d fl-2b3c4d5e")
	})
}

// Moto's filter finds a failed delivery as a successful one, which contradicts the
// documentation, and moto has its own spelling of traffic types.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html
func TestPeers_MotoFiltersFlowLogs(t *testing.T) {
	t.Parallel()
	const toGroup, toS3, toMissingGroup = 0, 1, 2
	tests := []struct {
		filter string
		values []string
		want   []int
	}{
		{"deliver-log-status", []string{"SUCCESS"}, []int{toGroup, toS3}},
		{"deliver-log-status", []string{"FAILED"}, []int{toMissingGroup}},
		{"log-destination-type", []string{"s3"}, []int{toS3}},
		{"log-destination-type", []string{"cloud-watch-logs"}, []int{toGroup, toMissingGroup}},
		{"log-destination-type", []string{"cloud-watch-logs", "s3"}, []int{toGroup, toS3, toMissingGroup}},
		{"flow-log-id", []string{flowLogID(1), flowLogID(3)}, []int{toGroup, toMissingGroup}},
		{"log-group-name", []string{"test-group"}, []int{toGroup}},
		{"log-group-name", []string{"non-existing-group"}, []int{toMissingGroup}},
		{"resource-id", []string{vpc(2)}, []int{toS3}},
		{"traffic-type", []string{"ALL"}, []int{toGroup}},
		{"traffic-type", []string{"REJECT"}, []int{toMissingGroup}},
		{"traffic-type", []string{"ACCEPT"}, []int{toS3}},
		{"tag-key", []string{"foo"}, []int{toS3}},
		{"tag:foo", []string{"bar"}, []int{toS3}},
		{"tag-key", []string{"non-existing"}, nil},
	}
	synctest.Test(t, func(t *testing.T) { // the delivery fails later
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.LogGroups = []string{"test-group"} })
		for _, in := range []*ec2.CreateFlowLogsInput{
			toLogGroup(withResource(types.FlowLogsResourceTypeSubnet, "subnet-00000001"), withLogGroup("test-group")),
			toBucket(withIDs(vpc(2)), withTraffic(types.TrafficTypeAccept), withTags(types.ResourceTypeVpcFlowLog, tag("foo", "bar"))),
			toLogGroup(withIDs(vpc(3)), withTraffic(types.TrafficTypeReject), withLogGroup("non-existing-group")),
		} {
			_, err := e.CreateFlowLogs(t.Context(), in)
			require.NoError(t, err)
		}
		time.Sleep(time.Hour)
		for _, test := range tests {
			out, err := e.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{
				Filter: []types.Filter{{Name: aws.String(test.filter), Values: test.values}},
			})
			require.NoError(t, err)
			var want []string
			for _, i := range test.want {
				want = append(want, flowLogID(i+1))
			}
			assert.ElementsMatch(t, want, idsOf(out.FlowLogs), "%s: %v", test.filter, test.values)
		}
		_, err := e.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{
			Filter: []types.Filter{{Name: aws.String("unknown"), Values: []string{"foobar"}}},
		})
		require.Error(t, err)
		failed := e.FlowLogs()[toMissingGroup]
		assert.Equal(t, "FAILED", *failed.DeliverLogsStatus)
		assert.Equal(t, "Access error", *failed.DeliverLogsErrorMessage)
	})
}

func TestPeers_CustodianReadsFlowLogsAsTheyWereRecorded(t *testing.T) {
	t.Parallel()
	recordings := []types.FlowLog{
		{ // test_vpc_flow_logs, of 2017: neither a destination type nor a status
			CreationTime:             aws.Time(time.Date(2017, 5, 16, 8, 52, 56, 0, time.UTC)),
			DeliverLogsErrorMessage:  aws.String("Access error"),
			DeliverLogsPermissionArn: aws.String(ourRole),
			FlowLogId:                aws.String("fl-a41befcd"),
			FlowLogStatus:            aws.String("ACTIVE"),
			LogGroupName:             aws.String("flow-logs"),
			ResourceId:               aws.String("vpc-d2d616b5"),
			TrafficType:              types.TrafficTypeAll,
		},
		{ // test_vpc_set_flow_logs_s3, of 2019: neither a format nor an interval
			CreationTime:       aws.Time(time.Date(2019, 8, 23, 17, 51, 33, 145e6, time.UTC)),
			DeliverLogsStatus:  aws.String("SUCCESS"),
			FlowLogId:          aws.String("fl-0fe58629b419a1230"),
			FlowLogStatus:      aws.String("ACTIVE"),
			LogDestination:     aws.String("arn:aws:s3:::c7n-vpc-flow-logs/test.log.gz"),
			LogDestinationType: types.LogDestinationTypeS3,
			ResourceId:         aws.String("vpc-d2d616b5"),
			TrafficType:        types.TrafficTypeAll,
		},
	}
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		for _, f := range recordings {
			e.Put(f)
		}
		out, err := call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{
			Filter: []types.Filter{{Name: aws.String("resource-id"), Values: []string{"vpc-d2d616b5"}}},
		})
		require.NoError(t, err)
		assert.ElementsMatch(t, recordings, out.FlowLogs)
	})
}

// In the recordings, EC2 gives a call without a token one of 32 bytes in base64, as in
// test_vpc_set_flow_logs_s3.
func TestPeers_CustodianIsGivenATokenOfTheRecordedForm(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		out, err := call.CreateFlowLogs(t.Context(), toBucket(withDestination("arn:aws:s3:::c7n-vpc-flow-logs/test.log.gz")))
		require.NoError(t, err)
		token, err := base64.StdEncoding.DecodeString(*out.ClientToken)
		require.NoError(t, err)
		assert.Len(t, token, 32)
	})
}
