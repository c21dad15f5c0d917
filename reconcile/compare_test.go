package reconcile_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

const (
	streamARN    = "arn:aws:firehose:us-east-1:123456789012:deliverystream/flows"
	gatewayID    = "tgw-0a1b2c3d4e5f60718"
	otherRole    = "arn:aws:iam::123456789012:role/other"
	remoteStream = "arn:aws:firehose:us-east-1:999999999999:deliverystream/flows"
	remoteRole   = "arn:aws:iam::999999999999:role/AWSLogDeliveryFirehoseCrossAccountRole"
)

func byName(r *flowlogs.Request) {
	r.Destination = flowlogs.CloudWatchLogs{LogGroupName: "flows", RoleARN: roleARN}
}

func byARN(r *flowlogs.Request) {
	r.Destination = flowlogs.CloudWatchLogs{LogGroupARN: groupARN, RoleARN: roleARN}
}

func toStream(r *flowlogs.Request) { r.Destination = flowlogs.Firehose{StreamARN: streamARN} }

func onGateway(r *flowlogs.Request) { r.ResourceIDs, r.TrafficType = []string{gatewayID}, "" }

// in2017 is a flow log as DescribeFlowLogs has shown it since 2017: to
// CloudWatch Logs, and without any of the fields that came later. So it is in
// the recordings of
// https://github.com/cloud-custodian/cloud-custodian/tree/main/tests/data/placebo
func in2017(resourceID string, change ...func(*types.FlowLog)) types.FlowLog {
	f := types.FlowLog{
		CreationTime:             aws.Time(time.Date(2017, 3, 1, 12, 0, 0, 0, time.UTC)),
		DeliverLogsPermissionArn: aws.String(roleARN),
		FlowLogStatus:            aws.String("ACTIVE"),
		LogGroupName:             aws.String("flows"),
		ResourceId:               aws.String(resourceID),
		TrafficType:              types.TrafficTypeAll,
	}
	for _, fn := range change {
		fn(&f)
	}
	return f
}

func text(s string) *string { return &s }

// planOf puts a flow log on the only resource of a request, and returns what is
// to be done then.
func planOf(t *testing.T, f types.FlowLog, changes ...func(*flowlogs.Request)) reconcile.Change {
	t.Helper()
	e := flowlogstest.New()
	req := newRequest(1)
	for _, change := range changes {
		change(&req)
	}
	f.ResourceId = &req.ResourceIDs[0]
	e.Put(f)
	plan, err := reconcile.New(e).Plan(t.Context(), req)
	require.NoError(t, err)
	require.Len(t, plan.Changes, 1)
	return plan.Changes[0]
}

func TestPlan_KeepsAFlowLogThatIsWrittenDifferently(t *testing.T) {
	t.Parallel()
	type changes = []func(*flowlogs.Request)
	for _, tt := range []struct {
		name    string
		request changes
		flowLog types.FlowLog
	}{
		{"as it was created", nil, flowLogOn("")},
		{"1: the ARN of a log group with the suffix :*", changes{byARN}, in2017("", func(f *types.FlowLog) {
			f.LogDestination, f.LogDestinationType = text(groupARN+":*"), types.LogDestinationTypeCloudWatchLogs
		})},
		{"2: a log group by its name, wanted by its name", changes{byName}, in2017("")},
		{"2: a log group by its name, wanted by its ARN", changes{byARN}, in2017("")},
		{"2: a log group by name and ARN, wanted by its name", changes{byName}, in2017("", func(f *types.FlowLog) { f.LogDestination = text(groupARN) })},
		{"2: a log group by its ARN alone, wanted by its name", changes{byName}, in2017("", func(f *types.FlowLog) {
			f.LogGroupName, f.LogDestination = nil, text(groupARN)
		})},
		{"2: a log group by its ARN with :*, wanted by its name", changes{byName}, in2017("", func(f *types.FlowLog) { f.LogDestination = text(groupARN + ":*") })},
		{"2: a log group by its name where the account is not known", changes{byARN}, in2017("", func(f *types.FlowLog) { f.DeliverLogsPermissionArn = nil })},
		{"3: no destination type means CloudWatch Logs", changes{byARN}, in2017("", func(f *types.FlowLog) { f.LogDestination = text(groupARN) })},
		{"4: no format means the default", nil, flowLogOn("", func(f *types.FlowLog) { f.LogFormat = nil })},
		{"4: no format, wanted as the default in full", changes{func(r *flowlogs.Request) {
			r.LogFormat = flowlogs.DefaultLogFormat(flowlogs.ResourceTypeVPC)
		}}, flowLogOn("", func(f *types.FlowLog) { f.LogFormat = nil })},
		{"4: no format on a transit gateway", changes{onGateway}, flowLogOn("", func(f *types.FlowLog) {
			f.LogFormat, f.MaxAggregationInterval = text(flowlogs.DefaultLogFormat(flowlogs.ResourceTypeTransitGateway).String()), aws.Int32(60)
		})},
		{"5: more spaces between the fields", changes{func(r *flowlogs.Request) {
			r.LogFormat = flowlogs.LogFormat{flowlogs.FieldVersion, flowlogs.FieldSrcAddr}
		}}, flowLogOn("", func(f *types.FlowLog) { f.LogFormat = text(" ${version}  ${srcaddr} ") })},
		{"6: no interval means ten minutes", nil, flowLogOn("", func(f *types.FlowLog) { f.MaxAggregationInterval = nil })},
		{"6: no interval, wanted as ten minutes", changes{func(r *flowlogs.Request) { r.MaxAggregationInterval = 10 * time.Minute }}, flowLogOn("", func(f *types.FlowLog) {
			f.MaxAggregationInterval = nil
		})},
		{"6: no interval means a minute on a transit gateway", changes{onGateway, func(r *flowlogs.Request) { r.MaxAggregationInterval = time.Minute }}, flowLogOn("", func(f *types.FlowLog) {
			f.LogFormat, f.MaxAggregationInterval = nil, nil
		})},
		{"7: no destination options", nil, flowLogOn("", func(f *types.FlowLog) { f.DestinationOptions = nil })},
		{"7: no options, wanted as plain text", changes{func(r *flowlogs.Request) {
			r.Destination = flowlogs.S3{BucketARN: bucket, FileFormat: flowlogs.FileFormatPlainText}
		}}, flowLogOn("", func(f *types.FlowLog) { f.DestinationOptions = nil })},
		{"7: options without members", nil, flowLogOn("", func(f *types.FlowLog) { f.DestinationOptions = &types.DestinationOptionsResponse{} })},
		{"7: options of a destination that has none", changes{toStream}, flowLogOn("", func(f *types.FlowLog) {
			f.LogDestination, f.LogDestinationType = text(streamARN), types.LogDestinationTypeKinesisDataFirehose
			f.DestinationOptions.PerHourPartition = aws.Bool(true)
		})},
		{"9: any traffic type on a transit gateway", changes{onGateway}, flowLogOn("", func(f *types.FlowLog) {
			f.LogFormat, f.MaxAggregationInterval = nil, aws.Int32(60)
		})},
		{"10: a tag that is not wanted", nil, flowLogOn("", func(f *types.FlowLog) {
			f.Tags = []types.Tag{{Key: text("owner"), Value: text("net")}, {Key: text("aws:cloudformation:stack-name"), Value: text("net")}}
		})},
		{"11: a role with S3", nil, flowLogOn("", func(f *types.FlowLog) { f.DeliverLogsPermissionArn = text(roleARN) })},
		{"12: tag fields in another order", changes{withTagFields}, flowLogOn("", func(f *types.FlowLog) {
			f.LogFormat = text("${instance-tag} ${interface-tag}")
			f.TagFieldSpecifications = []types.TagFieldSpecificationResponse{
				{ResourceType: types.TaggableResourceTypeNetworkInterface, TagKeys: []string{"team"}},
				{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"team", "app"}},
			}
		})},
		{"13: no role", changes{byName}, in2017("", func(f *types.FlowLog) { f.DeliverLogsPermissionArn = nil })},
		{"13: no traffic type", nil, flowLogOn("", func(f *types.FlowLog) { f.TrafficType = "" })},
		{"13: no role of the other account", changes{func(r *flowlogs.Request) {
			r.Destination = flowlogs.Firehose{StreamARN: remoteStream, RoleARN: roleARN, CrossAccountRoleARN: remoteRole}
		}}, flowLogOn("", func(f *types.FlowLog) {
			f.LogDestination, f.LogDestinationType = text(remoteStream), types.LogDestinationTypeKinesisDataFirehose
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := planOf(t, tt.flowLog, tt.request...)
			assert.Equal(t, reconcile.ActionKeep, c.Action, "%+v", c.Conflicts)
			assert.NotNil(t, c.Keep)
			assert.Empty(t, c.Conflicts)
			assert.Empty(t, c.Others)
			assert.Empty(t, c.Differences)
		})
	}
}

func withTagFields(r *flowlogs.Request) {
	r.LogFormat = flowlogs.LogFormat{flowlogs.FieldInstanceTag, flowlogs.FieldInterfaceTag}
	r.TagFields = []flowlogs.TagField{
		{ResourceType: flowlogs.TagFieldInstance, Keys: []string{"app", "team"}},
		{ResourceType: flowlogs.TagFieldNetworkInterface, Keys: []string{"team"}},
	}
}

func TestPlan_SaysFieldByFieldWhatIsConflicts(t *testing.T) {
	t.Parallel()
	type changes = []func(*flowlogs.Request)
	const ten, one = "10m0s (600 seconds)", "1m0s (60 seconds)"
	standard := flowlogs.DefaultLogFormat(flowlogs.ResourceTypeVPC).String()
	for _, tt := range []struct {
		name        string
		request     changes
		flowLog     types.FlowLog
		differences []reconcile.Difference
	}{
		{"the interval", nil, flowLogOn("", everyMinute), []reconcile.Difference{{Field: "MaxAggregationInterval", Want: ten, Have: one}}},
		{"the interval that an old flow log does not show", changes{func(r *flowlogs.Request) { r.MaxAggregationInterval = time.Minute }},
			flowLogOn("", func(f *types.FlowLog) { f.MaxAggregationInterval = nil }),
			[]reconcile.Difference{{Field: "MaxAggregationInterval", Want: one, Have: ten}}},
		{"the format", nil, flowLogOn("", func(f *types.FlowLog) { f.LogFormat = text("${version} ${new-field}") }),
			[]reconcile.Difference{{Field: "LogFormat", Want: standard, Have: "${version} ${new-field}"}}},
		{"the order of the fields", changes{func(r *flowlogs.Request) {
			r.LogFormat = flowlogs.LogFormat{flowlogs.FieldSrcAddr, flowlogs.FieldDstAddr}
		}},
			flowLogOn("", func(f *types.FlowLog) { f.LogFormat = text("${dstaddr} ${srcaddr}") }),
			[]reconcile.Difference{{Field: "LogFormat", Want: "${srcaddr} ${dstaddr}", Have: "${dstaddr} ${srcaddr}"}}},
		{"the options", nil, flowLogOn("", func(f *types.FlowLog) {
			f.DestinationOptions = &types.DestinationOptionsResponse{
				FileFormat: types.DestinationFileFormatParquet, HiveCompatiblePartitions: aws.Bool(true), PerHourPartition: aws.Bool(true),
			}
		}), []reconcile.Difference{
			{Field: "Destination.FileFormat", Want: "plain-text", Have: "parquet"},
			{Field: "Destination.HiveCompatiblePartitions", Want: "false", Have: "true"},
			{Field: "Destination.PerHourPartition", Want: "false", Have: "true"},
		}},
		{"the tag fields", changes{withTagFields}, flowLogOn("", func(f *types.FlowLog) {
			f.LogFormat = text("${instance-tag} ${interface-tag}")
			f.TagFieldSpecifications = []types.TagFieldSpecificationResponse{{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"app"}}}
		}), []reconcile.Difference{{Field: "TagFields", Want: `instance "app" "team", network-interface "team"`, Have: `instance "app"`}}},
		{"the role", changes{byName}, in2017("", func(f *types.FlowLog) { f.DeliverLogsPermissionArn = text(otherRole) }),
			[]reconcile.Difference{{Field: "Destination.RoleARN", Want: roleARN, Have: otherRole}}},
		{"the role of the other account", changes{func(r *flowlogs.Request) {
			r.Destination = flowlogs.Firehose{StreamARN: remoteStream, RoleARN: roleARN, CrossAccountRoleARN: remoteRole}
		}}, flowLogOn("", func(f *types.FlowLog) {
			f.LogDestination, f.LogDestinationType = text(remoteStream), types.LogDestinationTypeKinesisDataFirehose
			f.DeliverCrossAccountRole = text(remoteRole + "2")
		}), []reconcile.Difference{{Field: "Destination.CrossAccountRoleARN", Want: remoteRole, Have: remoteRole + "2"}}},
		{"8: a bucket that may be the same", nil, flowLogOn("", func(f *types.FlowLog) { f.LogDestination = text(bucket + "/") }),
			[]reconcile.Difference{{Field: "Destination.BucketARN", Want: bucket, Have: bucket + "/"}}},
		{"8: a folder that may be the same", changes{func(r *flowlogs.Request) { r.Destination = flowlogs.S3{BucketARN: bucket + "/vpc/"} }},
			flowLogOn("", func(f *types.FlowLog) { f.LogDestination = text(bucket + "/vpc") }),
			[]reconcile.Difference{{Field: "Destination.BucketARN", Want: bucket + "/vpc/", Have: bucket + "/vpc"}}},
		{"tags too, after what matters", changes{func(r *flowlogs.Request) { r.Tags = map[string]string{"team": "net"} }}, flowLogOn("", everyMinute),
			[]reconcile.Difference{{Field: "MaxAggregationInterval", Want: ten, Have: one}, {Field: `Tags["team"]`, Want: "net"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := planOf(t, tt.flowLog, tt.request...)
			assert.Equal(t, reconcile.ActionConflict, c.Action)
			assert.Nil(t, c.Keep)
			require.Len(t, c.Conflicts, 1)
			assert.Equal(t, tt.differences, c.Conflicts[0].Differences)
		})
	}
}

func TestPlan_CreatesBesideAFlowLogThatHasNothingToDoWithIt(t *testing.T) {
	t.Parallel()
	type changes = []func(*flowlogs.Request)
	for _, tt := range []struct {
		name    string
		request changes
		flowLog types.FlowLog
	}{
		{"another bucket", nil, flowLogOn("", func(f *types.FlowLog) { f.LogDestination = text("arn:aws:s3:::elsewhere") })},
		{"a folder of the bucket", nil, flowLogOn("", func(f *types.FlowLog) { f.LogDestination = text(bucket + "/vpc/") })},
		{"another traffic type", nil, flowLogOn("", func(f *types.FlowLog) { f.TrafficType = types.TrafficTypeReject })},
		{"another type of destination", nil, in2017("")},
		{"no destination", nil, types.FlowLog{TrafficType: types.TrafficTypeAll}},
		{"another log group", changes{byName}, in2017("", func(f *types.FlowLog) { f.LogGroupName = text("other") })},
		{"a log group of the same name in another account", changes{byName}, in2017("", func(f *types.FlowLog) {
			f.LogDestination = text("arn:aws:logs:us-east-1:999999999999:log-group:flows")
		})},
		{"a log group of another account, wanted by its ARN", changes{byARN}, in2017("", func(f *types.FlowLog) {
			f.LogDestination = text("arn:aws:logs:us-east-1:999999999999:log-group:flows")
		})},
		{"another stream", changes{toStream}, flowLogOn("", func(f *types.FlowLog) {
			f.LogDestination, f.LogDestinationType = text(streamARN+"2"), types.LogDestinationTypeKinesisDataFirehose
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := planOf(t, tt.flowLog, tt.request...)
			assert.Equal(t, reconcile.ActionCreate, c.Action)
			assert.Len(t, c.Others, 1)
			assert.Empty(t, c.Conflicts)
		})
	}
}

func TestPlan_ReportsTagsThatDifferAsNoReasonToReplace(t *testing.T) {
	t.Parallel()
	c := planOf(t, flowLogOn("", func(f *types.FlowLog) {
		f.Tags = []types.Tag{{Key: text("team"), Value: text("web")}, {Key: text("cost"), Value: text("7")}}
	}), func(r *flowlogs.Request) { r.Tags = map[string]string{"team": "net", "cost": "7", "stage": ""} })
	assert.Equal(t, reconcile.ActionKeep, c.Action)
	assert.Equal(t, []reconcile.Difference{{Field: `Tags["stage"]`}, {Field: `Tags["team"]`, Want: "net", Have: "web"}}, c.Differences)
}
