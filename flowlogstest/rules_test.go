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

func TestCreateFlowLogs_Rejects(t *testing.T) {
	t.Parallel()
	const invalid, invalidValue = "InvalidParameter", "InvalidParameterValue"
	tests := []struct {
		name    string
		in      *ec2.CreateFlowLogsInput
		code    string
		message string
	}{
		{
			"a resource type that is not one of six",
			toBucket(func(in *ec2.CreateFlowLogsInput) { in.ResourceType = "vpc" }),
			invalidValue, "Value (vpc) for parameter ResourceType is invalid.",
		},
		{
			"a resource ID with the prefix of another type",
			toBucket(withIDs("tgw-0123456789abcdef0")), invalid, "Invalid Resource id tgw-0123456789abcdef0 for resource-type VPC",
		},
		{
			"an attachment as a transit gateway",
			toBucket(withGateway, withIDs("tgw-attach-0123456789abcdef0")),
			invalid, "Invalid Resource id tgw-attach-0123456789abcdef0 for resource-type TransitGateway",
		},
		{
			"a transit gateway as an attachment",
			toBucket(withGateway, func(in *ec2.CreateFlowLogsInput) {
				in.ResourceType = types.FlowLogsResourceTypeTransitGatewayAttachment
			}),
			invalid, "Invalid Resource id tgw-0123456789abcdef0 for resource-type TransitGatewayAttachment",
		},
		{
			"a resource ID that is not hexadecimal",
			toBucket(withIDs("vpc-1234567g")), "InvalidVpcID.Malformed", `Invalid id: "vpc-1234567g"`,
		},
		{
			"a resource ID with neither 8 nor 17 digits",
			toBucket(withIDs("vpc-123456789")), "InvalidVpcID.Malformed", `Invalid id: "vpc-123456789"`,
		},
		{
			"more than 300 resources",
			toBucket(withIDs(vpcs(301)...)), invalid, "The number of resource IDs (301) exceeds the limit of 300 for resource-type VPC",
		},
		{
			"more than 25 transit gateways",
			toBucket(withGateway, withIDs(vpcs(26)...)), invalid, "The number of resource IDs (26) exceeds the limit of 25 for resource-type TransitGateway",
		},
		{
			"a VPC without a traffic type",
			toBucket(withTraffic("")),
			"MissingParameter", "The request must contain the parameter TrafficType",
		},
		{
			"a transit gateway with a traffic type",
			toBucket(withGateway, withTraffic(types.TrafficTypeAll)),
			invalid, "traffic-type is not supported when the resource-type is TransitGateway or TransitGatewayAttachment",
		},
		{
			"a traffic type that is not one of three",
			toBucket(withTraffic("all")),
			invalidValue, "Value (all) for parameter TrafficType is invalid.",
		},
		{
			"an interval that is neither 60 nor 600",
			toBucket(withInterval(300)), invalid, "Invalid Flow Log Max Aggregation Interval.",
		},
		{
			"a transit gateway with another interval than 60",
			toBucket(withGateway, withInterval(600)),
			invalid, "max-aggregation-interval other than 60 sec / 1 min is not supported when the resource-type is TransitGateway or TransitGatewayAttachment",
		},
		{
			"a destination type that is not one of three",
			toBucket(func(in *ec2.CreateFlowLogsInput) { in.LogDestinationType = "S3" }),
			invalidValue, "Value (S3) for parameter LogDestinationType is invalid.",
		},
		{
			"both a log group name and a destination",
			edited(toLogGroup(), func(in *ec2.CreateFlowLogsInput) {
				in.LogDestination = aws.String("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs")
			}),
			invalid, "Please only provide LogGroupName or only provide LogDestination.",
		},
		{
			"both for s3, before the wrong one for s3",
			toBucket(withLogGroup("flow-logs")), invalid, "Please only provide LogGroupName or only provide LogDestination.",
		},
		{
			"neither a log group name nor a destination",
			toLogGroup(func(in *ec2.CreateFlowLogsInput) { in.LogGroupName = nil }),
			invalid, "LogDestination can't be empty if LogGroupName is not provided.",
		},
		{
			"a log group name for s3",
			toBucket(withLogGroup("flow-logs"), func(in *ec2.CreateFlowLogsInput) { in.LogDestination = nil }),
			invalid, "LogDestination type must be cloud-watch-logs if LogGroupName is provided.",
		},
		{
			"CloudWatch Logs without a role",
			toLogGroup(func(in *ec2.CreateFlowLogsInput) { in.DeliverLogsPermissionArn = nil }),
			invalid, "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.",
		},
		{
			"S3 with a role",
			toBucket(withRole(ourRole)), invalid, "DeliverLogsPermissionArn is not applicable for s3 delivery",
		},
		{
			"Firehose with a role alone",
			toBucket(withStream, withRole(ourRole)),
			invalid, "When providing a role for cross-account delivery, both the DeliverLogsPermissionArn and DeliverCrossAccountRole fields must be set.",
		},
		{
			"Firehose with a cross-account role alone",
			toBucket(withStream, withCrossAccountRole),
			invalid, "When providing a role for cross-account delivery, both the DeliverLogsPermissionArn and DeliverCrossAccountRole fields must be set.",
		},
		{
			"a role of another account",
			toLogGroup(withRole("arn:aws:iam::210987654321:role/flow-logs")),
			invalid, "Unable to assume given IAM role: 'arn:aws:iam::210987654321:role/flow-logs'",
		},
		{
			"a role that is not an ARN",
			toLogGroup(withRole("flow-logs")), invalid, "Unable to assume given IAM role: 'flow-logs'",
		},
		{
			"destination options for CloudWatch Logs",
			toLogGroup(withOptions(types.DestinationOptionsRequest{HiveCompatiblePartitions: aws.Bool(false)})),
			invalid, "DestinationOptions is not supported when LogDestinationType is cloud-watch-logs",
		},
		{
			"destination options for Firehose",
			toBucket(withStream, withOptions(types.DestinationOptionsRequest{PerHourPartition: aws.Bool(true)})),
			invalid, "DestinationOptions is not supported when LogDestinationType is kinesis-data-firehose",
		},
		{
			"a file format that is not one of two",
			toBucket(withOptions(types.DestinationOptionsRequest{FileFormat: "csv"})),
			invalidValue, "Value (csv) for parameter DestinationOptions.FileFormat is invalid.",
		},
		{
			"a log group by its ARN, and a role that is no ARN",
			toLogGroup(withDestination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs"), withRole("flow-logs")),
			invalid, "Unable to assume given IAM role: 'flow-logs'",
		},
		{
			"a log group of an account other than that of the role",
			toLogGroup(withDestination("arn:aws:logs:us-east-1:210987654321:log-group:flow-logs")),
			invalid, "LogDestination must be in the account of DeliverLogsPermissionArn.",
		},
		{
			"a log group of another Region",
			toLogGroup(withDestination("arn:aws:logs:eu-west-1:123456789012:log-group:flow-logs")),
			invalid, "LogDestination must be in the same region as the API caller.",
		},
		{
			"a malformed log group ARN",
			toLogGroup(withDestination("arn:aws:logs:us-east-1:123456789012:flow-logs")),
			invalid, "LogDestination: arn:aws:logs:us-east-1:123456789012:flow-logs is not a valid ARN",
		},
		{
			"a malformed log group name",
			toLogGroup(withLogGroup("flow logs")),
			invalidValue, "1 validation error detected: Value 'flow logs' at 'logGroupName' has an invalid format",
		},
		{
			"a log group name that is reserved for AWS",
			toLogGroup(withLogGroup("aws/flow-logs")),
			invalidValue, "1 validation error detected: Value 'aws/flow-logs' at 'logGroupName' has an invalid format",
		},
		{
			"a malformed bucket ARN",
			toBucket(withDestination("flow-logs-bucket")), invalid, "LogDestination: flow-logs-bucket is not a valid ARN",
		},
		{
			"the reserved folder AWSLogs",
			toBucket(withDestination(bucket + "/AWSLogs/")),
			invalid, "LogDestination: arn:aws:s3:::flow-logs-bucket/AWSLogs/ contains the reserved folder name AWSLogs",
		},
		{
			"a malformed stream ARN",
			toBucket(withStream, withDestination("arn:aws:firehose:us-east-1:123456789012:deliverystream:flow-logs")),
			invalid, "LogDestination: arn:aws:firehose:us-east-1:123456789012:deliverystream:flow-logs is not a valid ARN",
		},
		{
			"a format with a trailing space",
			toBucket(withFormat("${version} ")), invalidValue, "1 validation error detected: Value '${version} ' at 'logFormat' has an invalid format",
		},
		{
			"a format that is not of fields",
			toBucket(withFormat("version srcaddr")), invalidValue, "1 validation error detected: Value 'version srcaddr' at 'logFormat' has an invalid format",
		},
		{
			"unknown fields",
			toBucket(withFormat("${version} ${color} ${smell}")), invalid, "Unknown fields provided: color, smell",
		},
		{
			"a field of a transit gateway on a VPC",
			toBucket(withFormat("${tgw-id}")), invalid, "Unknown fields provided: tgw-id",
		},
		{
			"a field of a VPC on a transit gateway",
			toBucket(withGateway, withFormat("${version} ${vpc-id}")), invalid, "Unknown fields provided: vpc-id",
		},
		{
			"tag fields without specifications",
			toBucket(withFormat("${version} ${instance-tag}")),
			invalid, "The TagFieldSpecifications parameter must be set when including tag fields in the log format",
		},
		{
			"more than three tag field specifications",
			toBucket(withTagFields(slices.Repeat([]types.TagFieldSpecificationRequest{{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"Name"}}}, 4)...)),
			invalid, "At most 3 TagFieldSpecifications can be set",
		},
		{
			"a tag field specification without a type",
			toBucket(withTagFields(types.TagFieldSpecificationRequest{TagKeys: []string{"Name"}})),
			"MissingParameter", "The request must contain the parameter TagFieldSpecification.ResourceType",
		},
		{
			"a tag field specification of an unknown type",
			toBucket(withTagFields(types.TagFieldSpecificationRequest{ResourceType: "vpc", TagKeys: []string{"Name"}})),
			invalidValue, "Value (vpc) for parameter TagFieldSpecification.ResourceType is invalid.",
		},
		{
			"a tag field specification without a key",
			toBucket(withTagFields(types.TagFieldSpecificationRequest{ResourceType: types.TaggableResourceTypeInstance})),
			invalid, "A TagFieldSpecification must have 1 or 2 tag keys",
		},
		{
			"an empty key of a tag field",
			toBucket(withTagFields(types.TagFieldSpecificationRequest{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{""}})),
			invalidValue, "Value () for parameter TagFieldSpecification.TagKey is invalid.",
		},
		{
			"tags for another resource type",
			toBucket(withTags(types.ResourceTypeVpc, tag("Name", "x"))),
			invalidValue, "'vpc' is not a valid taggable resource type for this operation.",
		},
		{
			"tags without a resource type",
			toBucket(withTags("", tag("Name", "x"))), invalidValue, "Tag specification resource type must have a value",
		},
		{
			"a tag specification without tags",
			toBucket(withTags(types.ResourceTypeVpcFlowLog)), invalidValue, "Tag specification must have at least one tag",
		},
		{
			"an empty tag key",
			toBucket(withTags(types.ResourceTypeVpcFlowLog, tag("", "x"))), "InvalidTagKey.Malformed", "Tag key must have 1 to 128 characters",
		},
		{
			"a tag key of more than 128 characters",
			toBucket(withTags(types.ResourceTypeVpcFlowLog, tag(strings.Repeat("ä", 129), "x"))), "InvalidTagKey.Malformed", "Tag key must have 1 to 128 characters",
		},
		{
			"a tag key that is reserved for AWS",
			toBucket(withTags(types.ResourceTypeVpcFlowLog, tag("aws:name", "x"))),
			"InvalidTagKey.Malformed", "Tag keys starting with 'aws:' are reserved for internal use",
		},
		{
			"a tag without a value",
			toBucket(withTags(types.ResourceTypeVpcFlowLog, types.Tag{Key: aws.String("Name")})),
			invalidValue, "Tag value cannot be null. Use empty string instead.",
		},
		{
			"a tag value of more than 256 characters",
			toBucket(withTags(types.ResourceTypeVpcFlowLog, tag("Name", strings.Repeat("x", 257)))),
			invalidValue, "Tag value exceeds the maximum length of 256 characters",
		},
		{
			"two tags with one key",
			toBucket(withTags(types.ResourceTypeVpcFlowLog, tag("Name", "x")), withTags(types.ResourceTypeVpcFlowLog, tag("Name", "y"))),
			invalidValue, "Duplicate tag key 'Name' specified.",
		},
		{
			"more than 50 tags",
			toBucket(withTags(types.ResourceTypeVpcFlowLog, manyTags(51)...)), "TagLimitExceeded", "More than 50 tags specified",
		},
		{
			"a token of more than 64 characters",
			toBucket(withToken(strings.Repeat("x", 65))), "InvalidClientToken", "The specified client token is not valid",
		},
		{
			"a token that is not ASCII",
			toBucket(withToken("tökén")), "InvalidClientToken", "The specified client token is not valid",
		},
		{
			"a resource that is named twice",
			toBucket(withIDs(vpc(1), vpc(1))), "FlowLogAlreadyExists", alreadyExists,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				_, err := call.CreateFlowLogs(t.Context(), test.in)
				assertAPIError(t, err, "CreateFlowLogs", 400, test.code, test.message)
				assert.Empty(t, e.FlowLogs())
			}, func(o *flowlogstest.Options) { o.AccountID = "123456789012" })
		})
	}
}

func TestCreateFlowLogs_AcceptsWellFormedRequests(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   *ec2.CreateFlowLogsInput
	}{
		{"8 digits", toBucket(withIDs("vpc-12345678"))},
		{"300 resources", toBucket(withIDs(vpcs(300)...))},
		{"subnet", toBucket(withResource(types.FlowLogsResourceTypeSubnet, "subnet-12345678"))},
		{"network interface", toBucket(withResource(types.FlowLogsResourceTypeNetworkInterface, "eni-12345678"))},
		{"regional NAT gateway", toBucket(withResource(types.FlowLogsResourceTypeRegionalNatGateway, "nat-0123456789abcdef0"))},
		{"transit gateway", toBucket(withGateway, withInterval(60), withFormat("${version} ${tgw-id}"))},
		{"attachment", toBucket(withGateway, withResource(types.FlowLogsResourceTypeTransitGatewayAttachment, "tgw-attach-0123456789abcdef0"))},
		{"log group by name", toLogGroup()},
		{"role of any account", toLogGroup(withRole("arn:aws:iam::210987654321:role/flow-logs"))},
		{"log group by ARN", toLogGroup(withDestination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs"))},
		{"log group by ARN with :*", toLogGroup(withDestination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs:*"))},
		{"stream", toBucket(withStream)},
		{"stream of another account", toBucket(withStream, withRole(ourRole), withCrossAccountRole)},
		{"prefix", toBucket(withDestination(bucket + "/a/b/"))},
		{"options", toBucket(withOptions(types.DestinationOptionsRequest{FileFormat: types.DestinationFileFormatParquet}))},
		{"repeated field", toBucket(withFormat("${version} ${version}"))},
		{"tag fields", toBucket(withFormat("${version} ${asg-tag} ${asg-tag-2}"), withTagFields(
			types.TagFieldSpecificationRequest{ResourceType: types.TaggableResourceTypeAutoScalingGroup, TagKeys: []string{"a", "b"}},
		))},
		{"50 tags", toBucket(withTags(types.ResourceTypeVpcFlowLog, manyTags(50)...))},
		{"token of 64 letters", toBucket(withToken(strings.Repeat("x", 64)))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				out, err := call.CreateFlowLogs(t.Context(), test.in)
				require.NoError(t, err)
				assert.Len(t, out.FlowLogIds, len(test.in.ResourceIds))
				assert.Empty(t, out.Unsuccessful)
			})
		})
	}
}

func TestCreateFlowLogs_AcceptsEveryDefaultField(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	for _, in := range []*ec2.CreateFlowLogsInput{toBucket(), toBucket(withGateway)} {
		_, err := e.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
	}
	flowLogs := e.FlowLogs()
	assert.Equal(t, 14, strings.Count(*flowLogs[0].LogFormat, "${"))
	assert.Equal(t, 36, strings.Count(*flowLogs[1].LogFormat, "${"))
	assert.True(t, strings.HasPrefix(*flowLogs[0].LogFormat, "${version} ${account-id} ${interface-id} ${srcaddr} "), *flowLogs[0].LogFormat)

	// The default format is one that can be asked for.
	for i, in := range []*ec2.CreateFlowLogsInput{toBucket(withIDs(vpc(2))), toBucket(withGateway, withIDs("tgw-00000000000000002"))} {
		_, err := e.CreateFlowLogs(t.Context(), edited(in, withFormat(*flowLogs[i].LogFormat)))
		require.NoError(t, err)
	}
}
