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

type edit = func(*ec2.CreateFlowLogsInput)

func edited(in *ec2.CreateFlowLogsInput, edits ...edit) *ec2.CreateFlowLogsInput {
	for _, fn := range edits {
		fn(in)
	}
	return in
}

func ofGateway(in *ec2.CreateFlowLogsInput) {
	in.ResourceIds = []string{"tgw-0123456789abcdef0"}
	in.ResourceType = types.FlowLogsResourceTypeTransitGateway
	in.TrafficType = ""
}

func toStream(in *ec2.CreateFlowLogsInput) {
	in.LogDestinationType = types.LogDestinationTypeKinesisDataFirehose
	in.LogDestination = aws.String("arn:aws:firehose:us-east-1:123456789012:deliverystream/flow-logs")
}

func format(f string) edit { return func(in *ec2.CreateFlowLogsInput) { in.LogFormat = aws.String(f) } }

func interval(seconds int32) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.MaxAggregationInterval = aws.Int32(seconds) }
}

func destination(arn string) edit {
	return func(in *ec2.CreateFlowLogsInput) {
		in.LogDestination = aws.String(arn)
		in.LogGroupName = nil
	}
}

func logGroup(name string) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.LogGroupName = aws.String(name) }
}

func role(arn string) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.DeliverLogsPermissionArn = aws.String(arn) }
}

func crossAccountRole(in *ec2.CreateFlowLogsInput) {
	in.DeliverCrossAccountRole = aws.String("arn:aws:iam::210987654321:role/AWSLogDeliveryFirehoseCrossAccountRole")
}

func options(o types.DestinationOptionsRequest) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.DestinationOptions = &o }
}

func tagFields(specs ...types.TagFieldSpecificationRequest) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.TagFieldSpecifications = specs }
}

func tagged(resourceType types.ResourceType, tags ...types.Tag) edit {
	return func(in *ec2.CreateFlowLogsInput) {
		in.TagSpecifications = append(in.TagSpecifications, types.TagSpecification{ResourceType: resourceType, Tags: tags})
	}
}

func tag(key, value string) types.Tag {
	return types.Tag{Key: aws.String(key), Value: aws.String(value)}
}

func manyTags(n int) []types.Tag {
	tags := make([]types.Tag, n)
	for i := range tags {
		tags[i] = tag(strings.Repeat("k", i+1), "")
	}
	return tags
}

func TestRules(t *testing.T) {
	t.Parallel()
	const invalid, invalidValue = "InvalidParameter", "InvalidParameterValue"
	tests := map[string]struct {
		in      *ec2.CreateFlowLogsInput
		code    string
		message string
	}{
		"resource type is one of six": {
			toBucket(func(in *ec2.CreateFlowLogsInput) { in.ResourceType = "vpc" }),
			invalidValue, "Value (vpc) for parameter ResourceType is invalid.",
		},
		"resource ID has the prefix of its type": {
			toBucket(on("tgw-0123456789abcdef0")), invalid, "Invalid Resource id tgw-0123456789abcdef0 for resource-type VPC",
		},
		"transit gateway is not an attachment": {
			toBucket(ofGateway, on("tgw-attach-0123456789abcdef0")),
			invalid, "Invalid Resource id tgw-attach-0123456789abcdef0 for resource-type TransitGateway",
		},
		"attachment is not a transit gateway": {
			toBucket(ofGateway, func(in *ec2.CreateFlowLogsInput) {
				in.ResourceType = types.FlowLogsResourceTypeTransitGatewayAttachment
			}),
			invalid, "Invalid Resource id tgw-0123456789abcdef0 for resource-type TransitGatewayAttachment",
		},
		"resource ID is hexadecimal": {
			toBucket(on("vpc-1234567g")), "InvalidVpcID.Malformed", `Invalid id: "vpc-1234567g"`,
		},
		"resource ID has 8 or 17 digits": {
			toBucket(on("vpc-123456789")), "InvalidVpcID.Malformed", `Invalid id: "vpc-123456789"`,
		},
		"at most 300 resources": {
			toBucket(on(vpcs(301)...)), invalid, "The number of resource IDs (301) exceeds the limit of 300 for resource-type VPC",
		},
		"at most 25 transit gateways": {
			toBucket(ofGateway, on(vpcs(26)...)), invalid, "The number of resource IDs (26) exceeds the limit of 25 for resource-type TransitGateway",
		},
		"VPC needs a traffic type": {
			toBucket(func(in *ec2.CreateFlowLogsInput) { in.TrafficType = "" }),
			"MissingParameter", "The request must contain the parameter TrafficType",
		},
		"transit gateway takes no traffic type": {
			toBucket(ofGateway, func(in *ec2.CreateFlowLogsInput) { in.TrafficType = types.TrafficTypeAll }),
			invalid, "traffic-type is not supported when the resource-type is TransitGateway or TransitGatewayAttachment",
		},
		"traffic type is one of three": {
			toBucket(func(in *ec2.CreateFlowLogsInput) { in.TrafficType = "all" }),
			invalidValue, "Value (all) for parameter TrafficType is invalid.",
		},
		"interval is 60 or 600": {
			toBucket(interval(300)), invalid, "Invalid Flow Log Max Aggregation Interval.",
		},
		"transit gateway's interval is 60": {
			toBucket(ofGateway, interval(600)),
			invalid, "max-aggregation-interval other than 60 sec / 1 min is not supported when the resource-type is TransitGateway or TransitGatewayAttachment",
		},
		"destination type is one of three": {
			toBucket(func(in *ec2.CreateFlowLogsInput) { in.LogDestinationType = "S3" }),
			invalidValue, "Value (S3) for parameter LogDestinationType is invalid.",
		},
		"log group name or destination, not both": {
			edited(toLogGroup(), func(in *ec2.CreateFlowLogsInput) {
				in.LogDestination = aws.String("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs")
			}),
			invalid, "Please only provide LogGroupName or only provide LogDestination.",
		},
		"both at once comes before the wrong one for s3": {
			toBucket(logGroup("flow-logs")), invalid, "Please only provide LogGroupName or only provide LogDestination.",
		},
		"log group name or destination, not neither": {
			toLogGroup(func(in *ec2.CreateFlowLogsInput) { in.LogGroupName = nil }),
			invalid, "LogDestination can't be empty if LogGroupName is not provided.",
		},
		"log group name is for CloudWatch Logs": {
			toBucket(logGroup("flow-logs"), func(in *ec2.CreateFlowLogsInput) { in.LogDestination = nil }),
			invalid, "LogDestination type must be cloud-watch-logs if LogGroupName is provided.",
		},
		"CloudWatch Logs needs a role": {
			toLogGroup(func(in *ec2.CreateFlowLogsInput) { in.DeliverLogsPermissionArn = nil }),
			invalid, "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.",
		},
		"S3 takes no role": {
			toBucket(role(ourRole)), invalid, "DeliverLogsPermissionArn is not applicable for s3 delivery",
		},
		"Firehose takes no role alone": {
			toBucket(toStream, role(ourRole)),
			invalid, "When providing a role for cross-account delivery, both the DeliverLogsPermissionArn and DeliverCrossAccountRole fields must be set.",
		},
		"Firehose takes no cross-account role alone": {
			toBucket(toStream, crossAccountRole),
			invalid, "When providing a role for cross-account delivery, both the DeliverLogsPermissionArn and DeliverCrossAccountRole fields must be set.",
		},
		"role of another account": {
			toLogGroup(role("arn:aws:iam::210987654321:role/flow-logs")),
			invalid, "Unable to assume given IAM role: 'arn:aws:iam::210987654321:role/flow-logs'",
		},
		"role that is none": {
			toLogGroup(role("flow-logs")), invalid, "Unable to assume given IAM role: 'flow-logs'",
		},
		"destination options are not for CloudWatch Logs": {
			toLogGroup(options(types.DestinationOptionsRequest{HiveCompatiblePartitions: aws.Bool(false)})),
			invalid, "DestinationOptions is not supported when LogDestinationType is cloud-watch-logs",
		},
		"destination options are not for Firehose": {
			toBucket(toStream, options(types.DestinationOptionsRequest{PerHourPartition: aws.Bool(true)})),
			invalid, "DestinationOptions is not supported when LogDestinationType is kinesis-data-firehose",
		},
		"file format is one of two": {
			toBucket(options(types.DestinationOptionsRequest{FileFormat: "csv"})),
			invalidValue, "Value (csv) for parameter DestinationOptions.FileFormat is invalid.",
		},
		"log group of another Region": {
			toLogGroup(destination("arn:aws:logs:eu-west-1:123456789012:log-group:flow-logs")),
			invalid, "LogDestination must be in the same region as the API caller.",
		},
		"log group ARN": {
			toLogGroup(destination("arn:aws:logs:us-east-1:123456789012:flow-logs")),
			invalid, "LogDestination: arn:aws:logs:us-east-1:123456789012:flow-logs is not a valid ARN",
		},
		"log group name": {
			toLogGroup(logGroup("flow logs")),
			invalidValue, "1 validation error detected: Value 'flow logs' at 'logGroupName' has an invalid format",
		},
		"log group name of AWS": {
			toLogGroup(logGroup("aws/flow-logs")),
			invalidValue, "1 validation error detected: Value 'aws/flow-logs' at 'logGroupName' has an invalid format",
		},
		"bucket ARN": {
			toBucket(destination("flow-logs-bucket")), invalid, "LogDestination: flow-logs-bucket is not a valid ARN",
		},
		"folder AWSLogs is reserved": {
			toBucket(destination(bucket + "/AWSLogs/")),
			invalid, "LogDestination: arn:aws:s3:::flow-logs-bucket/AWSLogs/ contains the reserved folder name AWSLogs",
		},
		"stream ARN": {
			toBucket(toStream, destination("arn:aws:firehose:us-east-1:123456789012:deliverystream:flow-logs")),
			invalid, "LogDestination: arn:aws:firehose:us-east-1:123456789012:deliverystream:flow-logs is not a valid ARN",
		},
		"format with a trailing space": {
			toBucket(format("${version} ")), invalidValue, "1 validation error detected: Value '${version} ' at 'logFormat' has an invalid format",
		},
		"format of other than fields": {
			toBucket(format("version srcaddr")), invalidValue, "1 validation error detected: Value 'version srcaddr' at 'logFormat' has an invalid format",
		},
		"unknown fields": {
			toBucket(format("${version} ${color} ${smell}")), invalid, "Unknown fields provided: color, smell",
		},
		"field of a transit gateway on a VPC": {
			toBucket(format("${tgw-id}")), invalid, "Unknown fields provided: tgw-id",
		},
		"field of a VPC on a transit gateway": {
			toBucket(ofGateway, format("${version} ${vpc-id}")), invalid, "Unknown fields provided: vpc-id",
		},
		"tag fields need specifications": {
			toBucket(format("${version} ${instance-tag}")),
			invalid, "The TagFieldSpecifications parameter must be set when including tag fields in the log format",
		},
		"at most three tag field specifications": {
			toBucket(tagFields(slices.Repeat([]types.TagFieldSpecificationRequest{{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"Name"}}}, 4)...)),
			invalid, "At most 3 TagFieldSpecifications can be set",
		},
		"tag field specification needs a type": {
			toBucket(tagFields(types.TagFieldSpecificationRequest{TagKeys: []string{"Name"}})),
			"MissingParameter", "The request must contain the parameter TagFieldSpecification.ResourceType",
		},
		"tag field specification is of one of three types": {
			toBucket(tagFields(types.TagFieldSpecificationRequest{ResourceType: "vpc", TagKeys: []string{"Name"}})),
			invalidValue, "Value (vpc) for parameter TagFieldSpecification.ResourceType is invalid.",
		},
		"tag field specification has a key": {
			toBucket(tagFields(types.TagFieldSpecificationRequest{ResourceType: types.TaggableResourceTypeInstance})),
			invalid, "A TagFieldSpecification must have 1 or 2 tag keys",
		},
		"key of a tag field is not empty": {
			toBucket(tagFields(types.TagFieldSpecificationRequest{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{""}})),
			invalidValue, "Value () for parameter TagFieldSpecification.TagKey is invalid.",
		},
		"tags are for flow logs": {
			toBucket(tagged(types.ResourceTypeVpc, tag("Name", "x"))),
			invalidValue, "'vpc' is not a valid taggable resource type for this operation.",
		},
		"tags have a resource type": {
			toBucket(tagged("", tag("Name", "x"))), invalidValue, "Tag specification resource type must have a value",
		},
		"tag specification has tags": {
			toBucket(tagged(types.ResourceTypeVpcFlowLog)), invalidValue, "Tag specification must have at least one tag",
		},
		"tag key is not empty": {
			toBucket(tagged(types.ResourceTypeVpcFlowLog, tag("", "x"))), "InvalidTagKey.Malformed", "Tag key must have 1 to 128 characters",
		},
		"tag key has up to 128 characters": {
			toBucket(tagged(types.ResourceTypeVpcFlowLog, tag(strings.Repeat("ä", 129), "x"))), "InvalidTagKey.Malformed", "Tag key must have 1 to 128 characters",
		},
		"tag key is not of AWS": {
			toBucket(tagged(types.ResourceTypeVpcFlowLog, tag("aws:name", "x"))),
			"InvalidTagKey.Malformed", "Tag keys starting with 'aws:' are reserved for internal use",
		},
		"tag has a value": {
			toBucket(tagged(types.ResourceTypeVpcFlowLog, types.Tag{Key: aws.String("Name")})),
			invalidValue, "Tag value cannot be null. Use empty string instead.",
		},
		"tag value has up to 256 characters": {
			toBucket(tagged(types.ResourceTypeVpcFlowLog, tag("Name", strings.Repeat("x", 257)))),
			invalidValue, "Tag value exceeds the maximum length of 256 characters",
		},
		"tag keys differ": {
			toBucket(tagged(types.ResourceTypeVpcFlowLog, tag("Name", "x")), tagged(types.ResourceTypeVpcFlowLog, tag("Name", "y"))),
			invalidValue, "Duplicate tag key 'Name' specified.",
		},
		"at most 50 tags": {
			toBucket(tagged(types.ResourceTypeVpcFlowLog, manyTags(51)...)), "TagLimitExceeded", "More than 50 tags specified",
		},
		"token has up to 64 characters": {
			toBucket(withToken(strings.Repeat("x", 65))), "InvalidClientToken", "The specified client token is not valid",
		},
		"token is ASCII": {
			toBucket(withToken("tökén")), "InvalidClientToken", "The specified client token is not valid",
		},
		"same resource twice": {
			toBucket(on(vpc(1), vpc(1))), "FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination.",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				_, err := call.CreateFlowLogs(t.Context(), test.in)
				refused(t, err, "CreateFlowLogs", 400, test.code, test.message)
				assert.Empty(t, e.FlowLogs())
			}, func(o *flowlogstest.Options) { o.AccountID = "123456789012" })
		})
	}
}

func TestWellFormedRequestsAreTaken(t *testing.T) {
	t.Parallel()
	tests := map[string]*ec2.CreateFlowLogsInput{
		"8 digits":             toBucket(on("vpc-12345678")),
		"300 resources":        toBucket(on(vpcs(300)...)),
		"subnet":               toBucket(on("subnet-12345678"), func(in *ec2.CreateFlowLogsInput) { in.ResourceType = types.FlowLogsResourceTypeSubnet }),
		"network interface":    toBucket(on("eni-12345678"), func(in *ec2.CreateFlowLogsInput) { in.ResourceType = types.FlowLogsResourceTypeNetworkInterface }),
		"regional NAT gateway": toBucket(on("nat-0123456789abcdef0"), func(in *ec2.CreateFlowLogsInput) { in.ResourceType = types.FlowLogsResourceTypeRegionalNatGateway }),
		"transit gateway":      toBucket(ofGateway, interval(60), format("${version} ${tgw-id}")),
		"attachment": toBucket(ofGateway, on("tgw-attach-0123456789abcdef0"), func(in *ec2.CreateFlowLogsInput) {
			in.ResourceType = types.FlowLogsResourceTypeTransitGatewayAttachment
		}),
		"log group by name":         toLogGroup(),
		"role of any account":       toLogGroup(role("arn:aws:iam::210987654321:role/flow-logs")),
		"log group by ARN":          toLogGroup(destination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs")),
		"log group by ARN with :*":  toLogGroup(destination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs:*")),
		"stream":                    toBucket(toStream),
		"stream of another account": toBucket(toStream, role(ourRole), crossAccountRole),
		"prefix":                    toBucket(destination(bucket + "/a/b/")),
		"options":                   toBucket(options(types.DestinationOptionsRequest{FileFormat: types.DestinationFileFormatParquet})),
		"repeated field":            toBucket(format("${version} ${version}")),
		"tag fields": toBucket(format("${version} ${asg-tag} ${asg-tag-2}"), tagFields(
			types.TagFieldSpecificationRequest{ResourceType: types.TaggableResourceTypeAutoScalingGroup, TagKeys: []string{"a", "b"}},
		)),
		"50 tags":             toBucket(tagged(types.ResourceTypeVpcFlowLog, manyTags(50)...)),
		"token of 64 letters": toBucket(withToken(strings.Repeat("x", 64))),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				out, err := call.CreateFlowLogs(t.Context(), in)
				require.NoError(t, err)
				assert.Len(t, out.FlowLogIds, len(in.ResourceIds))
				assert.Empty(t, out.Unsuccessful)
			})
		})
	}
}

func TestEveryDocumentedFieldIsKnown(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	for _, in := range []*ec2.CreateFlowLogsInput{toBucket(), toBucket(ofGateway)} {
		_, err := e.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
	}
	flowLogs := e.FlowLogs()
	assert.Equal(t, 14, strings.Count(*flowLogs[0].LogFormat, "${"))
	assert.Equal(t, 36, strings.Count(*flowLogs[1].LogFormat, "${"))
	assert.True(t, strings.HasPrefix(*flowLogs[0].LogFormat, "${version} ${account-id} ${interface-id} ${srcaddr} "), *flowLogs[0].LogFormat)

	// The default format is one that can be asked for.
	for i, in := range []*ec2.CreateFlowLogsInput{toBucket(on(vpc(2))), toBucket(ofGateway, on("tgw-00000000000000002"))} {
		_, err := e.CreateFlowLogs(t.Context(), edited(in, format(*flowLogs[i].LogFormat)))
		require.NoError(t, err)
	}
}

func TestMissingParts(t *testing.T) {
	t.Parallel()
	const assumed = "Unable to assume given IAM role: 'arn:aws:iam::123456789012:role/flow-logs'"
	account := func(o *flowlogstest.Options) {
		o.Resources = []string{vpc(1)}
		o.Buckets = []string{"flow-logs-bucket", "denied-bucket"}
		o.DeniedBuckets = []string{"denied-bucket"}
		o.Roles = []string{}
	}
	refusals := map[string]struct {
		in            *ec2.CreateFlowLogsInput
		code, message string
	}{
		"VPC":               {toBucket(on(vpc(1), vpc(2))), "InvalidVpcID.NotFound", "The vpc ID 'vpc-00000000000000002' does not exist"},
		"subnet":            {toBucket(on("subnet-12345678"), func(in *ec2.CreateFlowLogsInput) { in.ResourceType = types.FlowLogsResourceTypeSubnet }), "InvalidSubnetID.NotFound", "The subnet ID 'subnet-12345678' does not exist"},
		"network interface": {toBucket(on("eni-12345678"), func(in *ec2.CreateFlowLogsInput) { in.ResourceType = types.FlowLogsResourceTypeNetworkInterface }), "InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-12345678' does not exist"},
		"role":              {toLogGroup(), "InvalidParameter", assumed},
	}
	for name, test := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				_, err := call.CreateFlowLogs(t.Context(), test.in)
				refused(t, err, "CreateFlowLogs", 400, test.code, test.message)
				assert.Empty(t, e.FlowLogs())
			}, account)
		})
	}

	items := map[string]struct{ arn, message string }{
		"bucket":        {"arn:aws:s3:::missing-bucket/prefix", "LogDestination: missing-bucket does not exist"},
		"bucket policy": {"arn:aws:s3:::denied-bucket", "Access Denied for LogDestination: denied-bucket. Please check LogDestination permission"},
	}
	for name, test := range items {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				out, err := call.CreateFlowLogs(t.Context(), toBucket(destination(test.arn), withToken("token")))
				require.NoError(t, err)
				equal(t, &ec2.CreateFlowLogsOutput{
					ClientToken: aws.String("token"),
					Unsuccessful: []types.UnsuccessfulItem{{
						ResourceId: aws.String(vpc(1)),
						Error:      &types.UnsuccessfulItemError{Code: aws.String("400"), Message: aws.String(test.message)},
					}},
				}, out)
				assert.Empty(t, e.FlowLogs())
			}, account)
		})
	}
}

func TestOptionsAreCopied(t *testing.T) {
	t.Parallel()
	resources := []string{vpc(1)}
	e := flowlogstest.New(func(o *flowlogstest.Options) { o.Resources = resources })
	resources[0] = vpc(2)
	_, err := e.CreateFlowLogs(t.Context(), toBucket(on(vpc(1))))
	require.NoError(t, err)
}
