package flowlogs_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

func transitGatewayInput(changes ...func(*input)) *input {
	in := s3Input()
	in.ResourceIds = []string{"tgw-0123456789abcdef0"}
	in.ResourceType = types.FlowLogsResourceTypeTransitGateway
	in.TrafficType = ""
	return changed(in, changes)
}

func setIDs(ids ...string) func(*input) { return func(in *input) { in.ResourceIds = ids } }

func setResource(t types.FlowLogsResourceType, id string) func(*input) {
	return func(in *input) { in.ResourceType, in.ResourceIds = t, []string{id} }
}

func setTraffic(t types.TrafficType) func(*input) { return func(in *input) { in.TrafficType = t } }

func setLogGroup(name string) func(*input) { return func(in *input) { in.LogGroupName = &name } }

func setDestination(arn string) func(*input) {
	return func(in *input) { in.LogDestination, in.LogGroupName = &arn, nil }
}

func setOptions(o types.DestinationOptionsRequest) func(*input) {
	return func(in *input) { in.DestinationOptions = &o }
}

func setRole(arn string) func(*input) { return func(in *input) { in.DeliverLogsPermissionArn = &arn } }

// setRoles is for a stream in the account 210987654321.
func setRoles(source, destination string) func(*input) {
	return func(in *input) {
		in.DeliverLogsPermissionArn, in.DeliverCrossAccountRole = &source, &destination
		if in.LogDestinationType == types.LogDestinationTypeKinesisDataFirehose {
			in.LogDestination = aws.String(otherStream)
		}
	}
}

func setInterval(seconds int32) func(*input) {
	return func(in *input) { in.MaxAggregationInterval = &seconds }
}

func setToken(s string) func(*input) { return func(in *input) { in.ClientToken = &s } }

func setTagFields(specs ...types.TagFieldSpecificationRequest) func(*input) {
	return func(in *input) {
		in.LogFormat = aws.String("${instance-tag}")
		in.TagFieldSpecifications = specs
	}
}

func tagField(t types.TaggableResourceType, keys ...string) types.TagFieldSpecificationRequest {
	return types.TagFieldSpecificationRequest{ResourceType: t, TagKeys: keys}
}

func setTagsOn(t types.ResourceType, tags ...types.Tag) func(*input) {
	return func(in *input) {
		in.TagSpecifications = []types.TagSpecification{{ResourceType: t, Tags: tags}}
	}
}

func manyTags(n int) []types.Tag {
	many := make([]types.Tag, n)
	for i := range many {
		many[i] = tag(fmt.Sprint("k", i), "v")
	}
	return many
}

func tgwIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("tgw-%017x", i)
	}
	return ids
}

// accepted are inputs that EC2 accepts, or that it is not known to reject.
var accepted = []struct {
	name string
	in   *input
}{
	{"CloudWatch Logs by name", logsInput()},
	{
		"CloudWatch Logs by type",
		logsInput(func(in *input) { in.LogDestinationType = types.LogDestinationTypeCloudWatchLogs }),
	},
	{
		"CloudWatch Logs by ARN",
		logsInput(setDestination("arn:aws:logs:us-east-1:123456789012:log-group:/vpc/flow.logs_1#x")),
	},
	{"the longest log group name", logsInput(setLogGroup(strings.Repeat("g", 512)))},
	{"a log group name with all it may", logsInput(setLogGroup("aZ09_-/.#"))},
	{"a log group name with aws inside", logsInput(setLogGroup("/aws/vpc"))},
	{"a role with a path", logsInput(setRole("arn:aws:iam::123456789012:role/a/b/c"))},
	{
		"an empty string is left out",
		s3Input(func(in *input) {
			in.LogGroupName, in.DeliverLogsPermissionArn, in.LogFormat = aws.String(""), aws.String(""), aws.String("")
		}),
	},
	{"an old ID", s3Input(setIDs("vpc-0a1b2c3d"))},
	{"a new ID", s3Input(setIDs("vpc-0123456789abcdef0"))},
	{"more IDs than a call takes today", s3Input(setIDs(vpcIDs(1000)...))},
	{"a subnet", s3Input(setResource(flowlogs.ResourceTypeSubnet, "subnet-00000001"))},
	{"a network interface", s3Input(setResource(flowlogs.ResourceTypeNetworkInterface, "eni-aa22bb33"))},
	{
		"a NAT gateway, regional or not",
		s3Input(setResource(flowlogs.ResourceTypeRegionalNATGateway, "nat-0123456789abcdef0")),
	},
	{"a transit gateway", transitGatewayInput()},
	{
		"a transit gateway attachment",
		transitGatewayInput(setResource(flowlogs.ResourceTypeTransitGatewayAttachment, "tgw-attach-0123456789abcdef0")),
	},
	{"26 transit gateways", transitGatewayInput(setIDs(tgwIDs(26)...))},
	{"accepted traffic", s3Input(setTraffic(types.TrafficTypeAccept))},
	{"rejected traffic", s3Input(setTraffic(types.TrafficTypeReject))},
	{"one minute", s3Input(setInterval(60))},
	{"ten minutes", s3Input(setInterval(600))},
	{"one minute of a transit gateway", transitGatewayInput(setInterval(60))},
	{"a bucket with a folder", s3Input(setDestination("arn:aws:s3:::b/f"))},
	{"a bucket with folders and a slash", s3Input(setDestination("arn:aws:s3:::b/f/g/"))},
	{"a folder that resembles AWSLogs", s3Input(setDestination("arn:aws:s3:::b/AWSLogs2/"))},
	{"no destination options set", s3Input(setOptions(types.DestinationOptionsRequest{}))},
	{"empty destination options with CloudWatch Logs", logsInput(setOptions(types.DestinationOptionsRequest{}))},
	{"empty destination options with Firehose", firehoseInput(setOptions(types.DestinationOptionsRequest{}))},
	{"a bucket name with all it may have", s3Input(setDestination("arn:aws:s3:::a-z.0-9"))},
	{"the longest bucket name", s3Input(setDestination("arn:aws:s3:::" + strings.Repeat("b", 63)))},
	{"all destination options set", s3Input(setOptions(*fullInputs()[0].DestinationOptions))},
	{"a Firehose stream", firehoseInput()},
	{
		"a Firehose stream with any name",
		firehoseInput(setDestination("arn:aws:firehose:us-east-1:123456789012:deliverystream/aZ0_.-")),
	},
	{"a Firehose stream elsewhere", firehoseInput(setRoles(someRole, otherRole))},
	{
		"a role of Firehose with a path",
		firehoseInput(setRoles(someRole, "arn:aws:iam::210987654321:role/p/AWSLogDeliveryFirehoseCrossAccountRoleX")),
	},
	{"one field", s3Input(setFormat("${version}"))},
	{"several spaces between fields", s3Input(setFormat("${version}   ${srcaddr}  ${dstaddr}"))},
	{"the default format", s3Input(setFormat(flowlogs.DefaultLogFormat(flowlogs.ResourceTypeVPC).String()))},
	{"a field twice", s3Input(setFormat("${srcaddr} ${srcaddr}"))},
	{
		"fields of the latest version",
		s3Input(setFormat("${reject-reason} ${resource-id} ${encryption-status} ${next-hop-vpc-id} ${ecs-task-id}")),
	},
	{"fields of transit gateways", transitGatewayInput(setFormat("${tgw-id} ${packets-lost-no-route} ${srcaddr}"))},
	{
		"the default of transit gateways",
		transitGatewayInput(setFormat(flowlogs.DefaultLogFormat(flowlogs.ResourceTypeTransitGateway).String())),
	},
	{"a tag field", s3Input(setTagFields(tagField(types.TaggableResourceTypeInstance, "team")))},
	{
		"the tag fields of all three",
		s3Input(setTagFields(tagField("instance", "a", "b"), tagField("network-interface", "a"), tagField("auto-scaling-group", "a"))),
	},
	{"the longest key of a tag field", s3Input(setTagFields(tagField("instance", strings.Repeat("ü", 128))))},
	{
		"a tag field with a tag of AWS",
		s3Input(setTagFields(tagField("auto-scaling-group", "aws:autoscaling:groupName"))),
	},
	{
		"tag keys that no field shows",
		s3Input(func(in *input) {
			in.TagFieldSpecifications = []types.TagFieldSpecificationRequest{tagField("instance", "a")}
		}),
	},
	{
		"a second tag field with one key",
		s3Input(func(in *input) {
			setTagFields(tagField("instance", "a"))(in)
			in.LogFormat = aws.String("${instance-tag-2}")
		}),
	},
	{"tag fields of one resource twice", s3Input(setTagFields(tagField("instance", "a"), tagField("instance", "b")))},
	{"a tag", s3Input(setTags(tag("k", "v")))},
	{"a tag without a value", s3Input(setTags(tag("k", "")))},
	{"the longest tag, in any characters", s3Input(setTags(tag(strings.Repeat("日", 128), strings.Repeat("本", 256))))},
	{"as many tags as there can be", s3Input(setTags(manyTags(50)...))},
	{"no tags in a specification", s3Input(setTags())},
	{"a tag key with aws inside", s3Input(setTags(tag("my-aws:key", "v")))},
	{"the longest token", s3Input(setToken(strings.Repeat("t", 64)))},
	{"a dry run", s3Input(func(in *input) { in.DryRun = aws.Bool(true) })},
}

// rejected are inputs that EC2 is documented or known to reject, or to accept and
// never deliver, with the problem that is reported.
var rejected = []struct {
	name string
	in   *input
	want string
}{
	{"no IDs", s3Input(setIDs()), "ResourceIds: required"},
	{
		"a log group in another account than the role", logsInput(setDestination("arn:aws:logs:us-east-1:210987654321:log-group:g")),
		"LogDestination \"arn:aws:logs:us-east-1:210987654321:log-group:g\": want a log group in the account of the role, 123456789012",
	},
	{
		"no resource type",
		s3Input(func(in *input) { in.ResourceType = "" }),
		"ResourceType: required: one of VPC, Subnet, ",
	},
	{
		"a resource type in lower case",
		s3Input(func(in *input) { in.ResourceType = "vpc" }),
		`ResourceType "vpc": want one of VPC, Subnet, `,
	},
	{
		"an ID of another type",
		s3Input(setIDs("vpc-00000001", "subnet-00000001")),
		`ResourceIds[1] "subnet-00000001": is a Subnet, but the resource type is VPC`,
	},
	{
		"a transit gateway as attachment",
		transitGatewayInput(setResource(flowlogs.ResourceTypeTransitGatewayAttachment, "tgw-00000001")),
		`ResourceIds[0] "tgw-00000001": is a TransitGateway, but the resource type is TransitGatewayAttachment`,
	},
	{
		"an attachment as transit gateway",
		transitGatewayInput(setIDs("tgw-attach-00000001")),
		`ResourceIds[0] "tgw-attach-00000001": is a TransitGatewayAttachment`,
	},
	{
		"an ID of nothing",
		s3Input(setIDs("i-00000001")),
		`ResourceIds[0] "i-00000001": want vpc- followed by 8 or 17 lower-case hex digits`,
	},
	{"an empty ID", s3Input(setIDs("")), `ResourceIds[0]: is empty: want the ID of a resource`},
	{"an ID with other letters", s3Input(setIDs("vpc-0000000g")), `ResourceIds[0] "vpc-0000000g"`},
	{"an ID in upper case", s3Input(setIDs("vpc-0000000A")), `ResourceIds[0] "vpc-0000000A"`},
	{"an ID that is too short", s3Input(setIDs("vpc-0000000")), `ResourceIds[0] "vpc-0000000"`},
	{"an ID that is too long", s3Input(setIDs("vpc-0123456789abcdef01")), `ResourceIds[0] "vpc-0123456789abcdef01"`},
	{"an ID with a space", s3Input(setIDs("vpc-00000001 ")), `ResourceIds[0] "vpc-00000001 "`},
	{
		"an ID twice",
		s3Input(setIDs("vpc-00000001", "vpc-00000002", "vpc-00000001")),
		`ResourceIds[2] "vpc-00000001": duplicate of ResourceIds[0]`,
	},
	{"no traffic type", s3Input(setTraffic("")), "TrafficType: required: one of ACCEPT, REJECT, ALL"},
	{"a traffic type in lower case", s3Input(setTraffic("all")), `TrafficType "all": want one of ACCEPT, REJECT, ALL`},
	{
		"a traffic type for a transit gateway",
		transitGatewayInput(setTraffic("ALL")),
		`TrafficType "ALL": leave it empty for resource type TransitGateway`,
	},
	{
		"a traffic type for Cloud WAN",
		transitGatewayInput(setResource(flowlogs.ResourceTypeCoreNetwork, "any"), setTraffic("ALL")),
		`TrafficType "ALL": leave it empty for resource type CoreNetwork`,
	},
	{
		"ten minutes of Cloud WAN",
		transitGatewayInput(setResource(flowlogs.ResourceTypeCoreNetworkEdge, "any"), setInterval(600)),
		`MaxAggregationInterval "10m0s (600 seconds)": want 1m (60 seconds) for resource type CoreNetworkEdge`,
	},
	{
		"another interval",
		s3Input(setInterval(300)),
		`MaxAggregationInterval "5m0s (300 seconds)": want 1m or 10m (60 or 600 seconds)`,
	},
	{"an interval of zero", s3Input(setInterval(0)), `MaxAggregationInterval "0s (0 seconds)"`},
	{"a negative interval", s3Input(setInterval(-60)), `MaxAggregationInterval "-1m0s (-60 seconds)"`},
	{
		"ten minutes of a transit gateway",
		transitGatewayInput(setInterval(600)),
		`MaxAggregationInterval "10m0s (600 seconds)": want 1m (60 seconds) for resource type TransitGateway`,
	},
	{
		"an unknown destination type",
		s3Input(func(in *input) { in.LogDestinationType = "S3" }),
		`LogDestinationType "S3": want one of cloud-watch-logs, s3, kinesis-data-firehose`,
	},
	{
		"a log group by name and ARN",
		logsInput(func(in *input) { in.LogDestination = aws.String("arn:aws:logs:us-east-1:123456789012:log-group:g") }),
		`LogGroupName "g": set LogGroupName or LogDestination, not both`,
	},
	{
		"no log group",
		logsInput(func(in *input) { in.LogGroupName = nil }),
		"LogGroupName: required without LogDestination",
	},
	{
		"a log group with S3",
		s3Input(setLogGroup("g")),
		`LogGroupName "g": not allowed with destination type s3`,
	},
	{
		"a log group with Firehose",
		firehoseInput(setLogGroup("g")),
		`LogGroupName "g": not allowed with destination type kinesis-data-firehose`,
	},
	{
		"no bucket",
		s3Input(func(in *input) { in.LogDestination = nil }),
		"LogDestination: required: the ARN of the destination, arn:aws:s3:::<bucket>",
	},
	{
		"no stream",
		firehoseInput(setDestination("")),
		"LogDestination: required: the ARN of the destination, arn:aws:firehose:",
	},
	{
		"no role with CloudWatch Logs",
		logsInput(setRole("")),
		"DeliverLogsPermissionArn: required: the ARN of the IAM role",
	},
	{
		"a role with S3",
		s3Input(setRole(someRole)),
		`DeliverLogsPermissionArn "` + someRole + `": not allowed with destination type s3`,
	},
	{
		"a role with Firehose",
		firehoseInput(setRole(someRole)),
		"DeliverCrossAccountRole: required together with DeliverLogsPermissionArn",
	},
	{
		"a cross-account role alone",
		firehoseInput(setRoles("", otherRole)),
		"DeliverLogsPermissionArn: required together with DeliverCrossAccountRole",
	},
	{
		"a cross-account role with S3",
		s3Input(setRoles("", otherRole)),
		`DeliverCrossAccountRole "` + otherRole + `": not allowed`,
	},
	{
		"a cross-account role with another name",
		firehoseInput(setRoles(someRole, "arn:aws:iam::210987654321:role/r")),
		`want a role whose name starts with AWSLogDeliveryFirehoseCrossAccountRole`,
	},
	{
		"cross-account roles with their accounts exchanged",
		firehoseInput(setRoles("arn:aws:iam::210987654321:role/r", "arn:aws:iam::123456789012:role/AWSLogDeliveryFirehoseCrossAccountRole")),
		"DeliverCrossAccountRole \"arn:aws:iam::123456789012:role/AWSLogDeliveryFirehoseCrossAccountRole\": want a role in the account of the stream, 210987654321",
	},
	{
		"a cross-account role that is no role",
		firehoseInput(setRoles(someRole, "arn:aws:iam::210987654321:user/u")),
		`DeliverCrossAccountRole "arn:aws:iam::210987654321:user/u": want a resource "role/<name>"`,
	},
	{
		"options with CloudWatch Logs",
		logsInput(setOptions(types.DestinationOptionsRequest{PerHourPartition: aws.Bool(false)})),
		`DestinationOptions "{…}": not allowed with destination type cloud-watch-logs`,
	},
	{
		"options with Firehose",
		firehoseInput(setOptions(*fullInputs()[0].DestinationOptions)),
		`DestinationOptions "{…}": not allowed`,
	},
	{
		"an unknown file format",
		s3Input(setOptions(types.DestinationOptionsRequest{FileFormat: "csv"})),
		`DestinationOptions.FileFormat "csv": want one of plain-text, parquet`,
	},
	{"a log group that is too long", logsInput(setLogGroup(strings.Repeat("g", 513))), `LogGroupName "ggg`},
	{
		"a log group with a colon",
		logsInput(setLogGroup("a:b")),
		`LogGroupName "a:b": want a name of 1 to 512 of a-z, A-Z, 0-9, '_', '-', '/', '.', '#'`,
	},
	{"a log group with a space", logsInput(setLogGroup("a b")), `LogGroupName "a b"`},
	{
		"a log group of AWS",
		logsInput(setLogGroup("aws/vpc")),
		`LogGroupName "aws/vpc": want a name that does not start with "aws/", which is reserved`,
	},
	{
		"a log group ARN of everything",
		logsInput(setDestination("arn:aws:logs:us-east-1:123456789012:log-group:g:*")),
		`LogDestination "arn:aws:logs:us-east-1:123456789012:log-group:g:*": want the ARN without ":*": with it, EC2 creates the flow log but never delivers`,
	},
	{
		"a log stream",
		logsInput(setDestination("arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:s")),
		"want a name of 1 to 512",
	},
	{
		"a log group ARN without Region",
		logsInput(setDestination("arn:aws:logs::123456789012:log-group:g")),
		"want an ARN with a Region, arn:aws:logs:<region>:<account>:log-group:<name>",
	},
	{
		"a log group ARN without account",
		logsInput(setDestination("arn:aws:logs:us-east-1::log-group:g")),
		"want an ARN with an account of 12 digits",
	},
	{
		"a log group ARN of something else",
		logsInput(setDestination("arn:aws:logs:us-east-1:123456789012:destination:d")),
		`want a resource "log-group:<name>"`,
	},
	{
		"a bucket for CloudWatch Logs",
		logsInput(setDestination("arn:aws:s3:::b")),
		`LogDestination "arn:aws:s3:::b": set LogDestinationType to s3 for this ARN: the default, cloud-watch-logs, needs the ARN of a log group`,
	},
	{"the name of a bucket", s3Input(setDestination("b")), `LogDestination "b": want an ARN, arn:aws:s3:::<bucket>`},
	{"a bucket ARN of nothing", s3Input(setDestination("arn:aws:s3:::")), "want the name of a bucket"},
	{
		"every bucket",
		s3Input(setDestination("arn:aws:s3:::*")),
		`LogDestination "arn:aws:s3:::*": want the name of a bucket: at most 63 of a-z, 0-9, '.', '-'`,
	},
	{"a bucket in upper case", s3Input(setDestination("arn:aws:s3:::My_Bucket")), "want the name of a bucket"},
	{"a bucket with an underscore", s3Input(setDestination("arn:aws:s3:::my_bucket/f/")), "want the name of a bucket"},
	{
		"a bucket with a long name",
		s3Input(setDestination("arn:aws:s3:::" + strings.Repeat("b", 64))),
		"want the name of a bucket",
	},
	{
		"a bucket with a hyphen at its end",
		s3Input(setDestination("arn:aws:s3:::bucket-")),
		"which starts and ends with a letter or digit",
	},
	{
		"a bucket with a period at its start",
		s3Input(setDestination("arn:aws:s3:::.bucket")),
		"which starts and ends with a letter or digit",
	},
	{
		"a bucket with two periods",
		s3Input(setDestination("arn:aws:s3:::a..b")),
		`a bucket name has no ".." and does not look like an IP address`,
	},
	{"an IP address as bucket", s3Input(setDestination("arn:aws:s3:::192.168.5.4")), "does not look like an IP address"},
	{"a folder that is not UTF-8", s3Input(setDestination("arn:aws:s3:::b/\xff/")), `LogDestination "arn:aws:s3:::b/\xff/": want valid UTF-8`},
	{"a bucket ARN with Region", s3Input(setDestination("arn:aws:s3:us-east-1::b")), "want an ARN without a Region"},
	{
		"a bucket ARN with account",
		s3Input(setDestination("arn:aws:s3::123456789012:b")),
		"want an ARN without an account",
	},
	{
		"a bucket of nowhere",
		s3Input(setDestination("arn:amazon:s3:::b")),
		"want a partition of AWS, one of aws, aws-cn, ",
	},
	{
		"the reserved folder",
		s3Input(setDestination("arn:aws:s3:::b/AWSLogs/")),
		"remove the folder AWSLogs",
	},
	{
		"the reserved folder in another",
		s3Input(setDestination("arn:aws:s3:::b/f/AWSLogs")),
		"remove the folder AWSLogs",
	},
	{
		"a stream as some pages of AWS show it",
		firehoseInput(setDestination("arn:aws:firehose:us-east-1:123456789012:deliverystream:s")),
		`want a resource "deliverystream/<name>"`,
	},
	{
		"a stream with a name that is too long",
		firehoseInput(setDestination("arn:aws:firehose:us-east-1:123456789012:deliverystream/" + strings.Repeat("s", 65))),
		"of 1 to 64 of",
	},
	{
		"a Kinesis data stream",
		firehoseInput(setDestination("arn:aws:kinesis:us-east-1:123456789012:stream/s")),
		"want an ARN of service firehose",
	},
	{
		"the name of a role",
		logsInput(setRole("publishFlowLogs")),
		`DeliverLogsPermissionArn "publishFlowLogs": want an ARN, arn:aws:iam::<account>:role/<name>`,
	},
	{"a user as role", logsInput(setRole("arn:aws:iam::123456789012:user/u")), `want a resource "role/<name>"`},
	{"a role without a name", logsInput(setRole("arn:aws:iam::123456789012:role/")), `want a resource "role/<name>"`},
	{
		"a role of an account that is none",
		logsInput(setRole("arn:aws:iam::12345678901:role/r")),
		"want an ARN with an account of 12 digits",
	},
	{"an assumed role", logsInput(setRole("arn:aws:sts::123456789012:assumed-role/r/s")), "want an ARN of service iam"},
	{
		"a format with a space at the end",
		s3Input(setFormat("${version} ")),
		`LogFormat "${version} ": want no space before the first field or after the last`,
	},
	{
		"a format with a space at the start",
		s3Input(setFormat(" ${version}")),
		"want no space before the first field or after the last",
	},
	{
		"a format with bare names",
		s3Input(setFormat("version srcaddr")),
		`want fields in the form ${field-id}, such as ${srcaddr}, not "version"`,
	},
	{"a format with commas", s3Input(setFormat("${version},${srcaddr}")), `not "${version},${srcaddr}"`},
	{"a format as Terraform escapes it", s3Input(setFormat("$${version}")), `not "$${version}"`},
	{"an unknown field", s3Input(setFormat("${version} ${source}")), `LogFormat "source": unknown field`},
	{"a field in upper case", s3Input(setFormat("${SrcAddr}")), `LogFormat "SrcAddr": unknown field`},
	{
		"an empty field",
		s3Input(setFormat("${version} ${srcaddr} ${}")),
		"LogFormat[2]: is empty: want the name of a field",
	},
	{
		"a field of transit gateways for a VPC",
		s3Input(setFormat("${tgw-id}")),
		`LogFormat "tgw-id": is not a field of flow logs of type VPC`,
	},
	{
		"a field of VPCs for a transit gateway",
		transitGatewayInput(setFormat("${action}")),
		`LogFormat "action": is not a field of flow logs of type TransitGateway`,
	},
	{
		"a tag field without its keys",
		s3Input(setFormat("${asg-tag}")),
		"TagFieldSpecifications: required: the tag keys for ${asg-tag} in LogFormat",
	},
	{
		"tag fields of an unknown resource",
		s3Input(setTagFields(tagField("vpc", "a"))),
		`TagFieldSpecifications[0].ResourceType "vpc": want one of network-interface, instance, auto-scaling-group`,
	},
	{
		"tag fields of no resource",
		s3Input(setTagFields(tagField("", "a"))),
		`TagFieldSpecifications[0].ResourceType: want one of`,
	},
	{
		"tag fields without keys",
		s3Input(setTagFields(tagField("instance"))),
		`TagFieldSpecifications[0].TagKeys "0 keys": want one or two`,
	},
	{
		"tag fields with three keys",
		s3Input(setTagFields(tagField("instance", "a", "b", "c"))),
		`TagFieldSpecifications[0].TagKeys "3 keys": want one or two`,
	},
	{
		"a tag field with an empty key",
		s3Input(setTagFields(tagField("instance", "a", ""))),
		"TagFieldSpecifications[0].TagKeys[1]: want a tag key of 1 to 128 characters",
	},
	{
		"a tag field with a key that is too long",
		s3Input(setTagFields(tagField("instance", strings.Repeat("k", 129)))),
		"TagFieldSpecifications[0].TagKeys[0]",
	},
	{
		"a tag field with a key that is not UTF-8",
		s3Input(setTagFields(tagField("instance", "\xff"))),
		`TagFieldSpecifications[0].TagKeys[0] "\xff": want valid UTF-8`,
	},
	{
		"tag fields of four resources",
		s3Input(setTagFields(slices.Repeat([]types.TagFieldSpecificationRequest{tagField("instance", "a")}, 4)...)),
		`TagFieldSpecifications "4 resource types": want at most 3`,
	},
	{
		"tags on something else",
		s3Input(setTagsOn(types.ResourceTypeVpc, tag("k", "v"))),
		`TagSpecifications[0].ResourceType "vpc": want vpc-flow-log`,
	},
	{"tags on nothing", s3Input(setTagsOn("", tag("k", "v"))), "TagSpecifications[0].ResourceType: want vpc-flow-log"},
	{
		"a tag with an empty key",
		s3Input(setTags(tag("", "v"))),
		"TagSpecifications[0].Tags[0].Key: want a key of 1 to 128 characters",
	},
	{
		"a tag without a key",
		s3Input(setTags(types.Tag{Value: aws.String("v")})),
		"TagSpecifications[0].Tags[0].Key: required",
	},
	{
		"a tag with no value at all",
		s3Input(setTags(types.Tag{Key: aws.String("k")})),
		"TagSpecifications[0].Tags[0].Value: required (may be empty)",
	},
	{
		"a tag key that is too long",
		s3Input(setTags(tag(strings.Repeat("k", 129), ""))),
		"TagSpecifications[0].Tags[0].Key",
	},
	{
		"a tag value that is too long",
		s3Input(setTags(tag("k", strings.Repeat("v", 257)))),
		"TagSpecifications[0].Tags[0].Value",
	},
	{
		"a tag of AWS",
		s3Input(setTags(tag("aws:k", "v"))),
		`TagSpecifications[0].Tags[0].Key "aws:k": want a key that does not start with "aws:", which is reserved`,
	},
	{
		"a tag key that is not UTF-8",
		s3Input(setTags(tag("\xff", "v"))),
		`TagSpecifications[0].Tags[0].Key "\xff": want valid UTF-8`,
	},
	{
		"a tag value that is not UTF-8",
		s3Input(setTags(tag("k", "v\xff"))),
		`TagSpecifications[0].Tags[0].Value "v\xff": want valid UTF-8`,
	},
	{
		"a tag key twice",
		s3Input(setTags(tag("k", "1"), tag("k", "2"))),
		`TagSpecifications[0].Tags[1].Key "k": duplicate key`,
	},
	{"too many tags", s3Input(setTags(manyTags(51)...)), `TagSpecifications "51 tags": want at most 50`},
	{"a token that is too long", s3Input(setToken(strings.Repeat("t", 65))), "want at most 64 ASCII characters"},
	{"a token that is not ASCII", s3Input(setToken("jetön")), `ClientToken "jetön": want at most 64 ASCII characters`},
}

func TestValidateInput_Accepts(t *testing.T) {
	t.Parallel()
	for _, test := range accepted {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, flowlogs.ValidateInput(test.in))

			// The typed request is the same, and obeys the same rules.
			req, err := flowlogs.FromInput(test.in)
			require.NoError(t, err)
			require.NoError(t, req.Validate())
		})
	}
}

func TestClient_SendsAnAcceptedInputAsItIs(t *testing.T) {
	t.Parallel()
	for _, test := range accepted {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want := *test.in
			if want.ClientToken == nil {
				want.ClientToken = aws.String("t")
			}
			var api regionalAPI
			in := want
			_, err := flowlogs.New(&api).CreateFlowLogs(t.Context(), &in)
			require.NoError(t, err)
			assert.Equal(t, &want, api.sent)
		})
	}
}

func TestValidateInput_Rejects(t *testing.T) {
	t.Parallel()
	for _, test := range rejected {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := flowlogs.ValidateInput(test.in)
			var invalid *flowlogs.ValidationError
			require.ErrorAs(t, err, &invalid)
			require.ErrorIs(t, err, flowlogs.ErrInvalidParameter)
			assert.Len(t, invalid.Fields, 1, err)
			assert.Contains(t, err.Error(), test.want)
			assert.NotContains(t, err.Error(), "\n")

			// What FromInput accepts, the typed request rejects.
			if req, err := flowlogs.FromInput(test.in); err == nil && test.in.ResourceType != "" {
				require.ErrorAs(t, req.Validate(), &invalid)
				assert.Len(t, invalid.Fields, 1, err)
			}
		})
	}
}

func TestValidateInput_TakesNilForAnEmptyInput(t *testing.T) {
	t.Parallel()
	want := flowlogs.ValidateInput(&input{})
	require.EqualError(t, want, "flowlogs: invalid request: ResourceIds: required: the ID of at least one resource; "+
		"ResourceType: required: one of VPC, Subnet, NetworkInterface, TransitGateway, TransitGatewayAttachment, RegionalNatGateway, "+
		"CoreNetwork, CoreNetworkEdge, CoreNetworkAttachment; "+
		"TrafficType: required: one of ACCEPT, REJECT, ALL; LogGroupName: required without LogDestination; "+
		"DeliverLogsPermissionArn: required: the ARN of the IAM role that publishes the flow logs")
	assert.Equal(t, want, flowlogs.ValidateInput(nil))
}

// regionalAPI is a mock that says which Region it is for, as the SDK's client does.
type regionalAPI struct {
	region string // "": us-east-1
	sent   *input
}

func (a *regionalAPI) Options() ec2.Options {
	return ec2.Options{Region: cmp.Or(a.region, "us-east-1")}
}

func (a *regionalAPI) CreateFlowLogs(_ context.Context, in *input, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	a.sent = in
	return created(in), nil
}

func TestClient_SendsNoInvalidInput(t *testing.T) {
	t.Parallel()
	for _, test := range rejected {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var api regionalAPI
			out, err := flowlogs.New(&api).CreateFlowLogs(t.Context(), test.in)
			require.EqualError(t, err, flowlogs.ValidateInput(test.in).Error())
			assert.Nil(t, out)
			assert.Nil(t, api.sent)
		})
	}
}

func TestClient_RejectsALogGroupInAnotherRegion(t *testing.T) {
	t.Parallel()
	var api regionalAPI
	in := logsInput(setDestination("arn:aws:logs:eu-west-1:123456789012:log-group:g"))
	require.NoError(t, flowlogs.ValidateInput(in), "the Region of the call is not known")
	_, err := flowlogs.New(&api).CreateFlowLogs(t.Context(), in)
	require.ErrorContains(t, err, "want the Region of the call, us-east-1")
	assert.Nil(t, api.sent)
}

func TestClient_WantsThePartitionOfItsRegion(t *testing.T) {
	t.Parallel()
	partitions := map[string]string{
		"eu-central-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b",
		"eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f", "eusc-de-east-1": "aws-eusc",
	}
	for region, own := range partitions {
		client := flowlogs.New(&regionalAPI{region: region})
		for _, partition := range partitions {
			in := s3Input(setDestination("arn:" + partition + ":s3:::b"))
			require.NoError(t, flowlogs.ValidateInput(in), "the Region is not known")
			_, err := client.CreateFlowLogs(t.Context(), in)
			if partition == own {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, "want partition "+own+", that of Region "+region)
			}
		}
	}
	role := logsInput(setRole("arn:aws-cn:iam::123456789012:role/r"))
	_, err := flowlogs.New(&regionalAPI{}).CreateFlowLogs(t.Context(), role)
	require.ErrorContains(t, err, "DeliverLogsPermissionArn \"arn:aws-cn:iam::123456789012:role/r\": want partition aws, that of Region us-east-1")
	_, err = flowlogs.New(&regionalAPI{region: "mars-1"}).CreateFlowLogs(t.Context(), role)
	require.NoError(t, err, "a Region that this release does not know")
}

func TestValidate_ReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	err := flowlogs.Request{
		ResourceIDs:            []string{"vpc-00000001", "eni-00000001"},
		TrafficType:            "SOME",
		Destination:            flowlogs.CloudWatchLogs{LogGroupName: "g", LogGroupARN: "g"},
		MaxAggregationInterval: time.Hour,
		LogFormat:              flowlogs.LogFormat{"tgw-id", "color", flowlogs.FieldASGTag, flowlogs.FieldASGTag2},
		Tags:                   map[string]string{"aws:b": "", "": "", "aws:a": ""},
		ClientToken:            strings.Repeat("t", 65),
	}.Validate()
	var invalid *flowlogs.ValidationError
	require.ErrorAs(t, err, &invalid)
	var fields []string
	for _, f := range invalid.Fields {
		fields = append(fields, f.Field)
	}
	assert.Equal(t, []string{
		"ResourceIDs[1]", "TrafficType",
		"Destination.LogGroupName", "Destination.LogGroupARN", "Destination.RoleARN",
		"MaxAggregationInterval", "LogFormat", "LogFormat", "TagFields",
		`Tags[""]`, `Tags["aws:a"]`, `Tags["aws:b"]`, "ClientToken",
	}, fields)
	assert.Equal(t, 10, strings.Count(err.Error(), "; ")+1, "the message is bounded")
	assert.True(t, strings.HasSuffix(err.Error(), " and 3 more"), err)
}

func TestValidationError_UnwrapsToItsFields(t *testing.T) {
	t.Parallel()
	err := flowlogs.Request{ResourceIDs: []string{"vpc-00000001", "eni-00000001"}, TrafficType: "ALL"}.Validate()
	var field *flowlogs.FieldError
	require.ErrorAs(t, err, &field)
	assert.Equal(t, &flowlogs.FieldError{
		Field: "ResourceIDs[1]", Value: "eni-00000001",
		Message: "is a NetworkInterface, but the resource type is VPC",
	}, field)
	var invalid *flowlogs.ValidationError
	require.ErrorAs(t, err, &invalid)
	assert.Same(t, &invalid.Fields[0], field)
	require.ErrorIs(t, field, flowlogs.ErrInvalidParameter)
	require.NotErrorIs(t, field, flowlogs.ErrThrottled)
	assert.Equal(t, flowlogs.ErrInvalidParameter, flowlogs.ReasonOf(err))
}

// The problems of a Request have its own names, and some no input can have.
func TestValidate_NamesTheFieldsOfTheRequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		want   string
		change func(*flowlogs.Request)
	}{
		{
			"LogFormat: want at least one field; leave it nil for the default format",
			func(r *flowlogs.Request) { r.LogFormat = flowlogs.LogFormat{} },
		},
		{
			`LogFormat[1]: is empty: want the name of a field`,
			func(r *flowlogs.Request) { r.LogFormat = flowlogs.LogFormat{flowlogs.FieldVersion, ""} },
		},
		{
			`LogFormat "${version}": want the name of a field, without ${ and }`,
			func(r *flowlogs.Request) { r.LogFormat = flowlogs.LogFormat{"${version}"} },
		},
		{
			`LogFormat "a b": want the name of a field, without ${ and }`,
			func(r *flowlogs.Request) { r.LogFormat = flowlogs.LogFormat{"a b"} },
		},
		{
			`MaxAggregationInterval "1.5s (1.5 seconds)": want 1m or 10m (60 or 600 seconds)`,
			func(r *flowlogs.Request) { r.MaxAggregationInterval = 1500 * time.Millisecond },
		},
		{
			`ResourceIDs[0] "i-00000001": want the ID of a resource, with one of vpc-, subnet-, eni-, tgw-, tgw-attach-, nat-`,
			func(r *flowlogs.Request) { r.ResourceIDs = []string{"i-00000001"} },
		},
		{
			`ResourceIDs[1] "vpc-00000001": duplicate of ResourceIDs[0]`,
			func(r *flowlogs.Request) { r.ResourceIDs = []string{"vpc-00000001", "vpc-00000001"} },
		},
		{
			`ResourceIDs[0]: is empty: want the ID of a resource; ResourceIDs[1]: is empty: want the ID of a resource`,
			func(r *flowlogs.Request) { r.ResourceIDs, r.ResourceType = []string{"", ""}, flowlogs.ResourceTypeVPC },
		},
		{
			`Destination: required: a CloudWatchLogs, S3 or Firehose`,
			func(r *flowlogs.Request) { r.Destination = nil },
		},
		{
			`Destination.BucketARN "b": want an ARN, arn:aws:s3:::<bucket> or arn:aws:s3:::<bucket>/<folder>/`,
			func(r *flowlogs.Request) { r.Destination = flowlogs.S3{BucketARN: "b"} },
		},
		{
			`Destination.StreamARN "s": want an ARN, arn:aws:firehose:<region>:<account>:deliverystream/<name>`,
			func(r *flowlogs.Request) { r.Destination = flowlogs.Firehose{StreamARN: "s"} },
		},
		{
			`Destination.LogGroupName: required without Destination.LogGroupARN`,
			func(r *flowlogs.Request) { r.Destination = flowlogs.CloudWatchLogs{RoleARN: someRole} },
		},
		{
			"Destination.CrossAccountRoleARN: required together with Destination.RoleARN; leave both empty for a stream in the same account",
			func(r *flowlogs.Request) { r.Destination = flowlogs.Firehose{StreamARN: someStream, RoleARN: someRole} },
		},
		{
			`Destination.CrossAccountRoleARN "` + otherRole + `": want a role in the account of the stream, 123456789012`,
			func(r *flowlogs.Request) {
				r.Destination = flowlogs.Firehose{StreamARN: someStream, RoleARN: someRole, CrossAccountRoleARN: otherRole}
			},
		},
		{
			`Tags "51 tags": want at most 50`,
			func(r *flowlogs.Request) {
				r.Tags = make(map[string]string)
				for i := range 51 {
					r.Tags[strconv.Itoa(i)] = ""
				}
			},
		},
		{
			`Tags["k"] "v\xff": want valid UTF-8`,
			func(r *flowlogs.Request) { r.Tags = map[string]string{"k": "v\xff"} },
		},
		{
			`Tags["aws:k"] "aws:k": want a key that does not start with "aws:", which is reserved`,
			func(r *flowlogs.Request) { r.Tags = map[string]string{"aws:k": "", "k": ""} },
		},
		{
			`TagFields[0].Keys "0 keys": want one or two`,
			func(r *flowlogs.Request) {
				r.TagFields = []flowlogs.TagField{{ResourceType: flowlogs.TagFieldInstance}}
			},
		},
	} {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()
			req := vpcRequest(1)
			test.change(&req)
			err := req.Validate()
			require.EqualError(t, err, "flowlogs: invalid request: "+test.want)
			_, fromInput := req.Input()
			require.Equal(t, err, fromInput)
		})
	}
}

func TestValidate_FindsEveryIDListedTwice(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 300, 301, 5000} {
		req := vpcRequest(n)
		require.NoError(t, req.Validate())
		for i := 1; i < n; i++ {
			req.ResourceIDs[i] = req.ResourceIDs[0]
		}
		var invalid *flowlogs.ValidationError
		require.ErrorAs(t, req.Validate(), &invalid)
		require.Len(t, invalid.Fields, n-1)
		for i, f := range invalid.Fields {
			require.Equal(t, fmt.Sprintf("ResourceIDs[%d]", i+1), f.Field)
			require.Equal(t, "duplicate of ResourceIDs[0]", f.Message)
		}
	}
}

func TestFieldError_IsUnknownWhereALaterReleaseMayKnowTheValue(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		field   string
		in      *input
		unknown bool
	}{
		{"ResourceType", s3Input(setResource("Lattice", "svc-00000001")), true},
		{"ResourceIds[0]", s3Input(setResource("", "svc-00000001")), true},
		{"ResourceIds[0]", s3Input(setIDs("svc-00000001")), false},
		{"TrafficType", s3Input(setTraffic("NONE")), true},
		{"TrafficType", s3Input(setTraffic("")), false},
		{"LogDestinationType", s3Input(func(in *input) { in.LogDestinationType = "queue" }), true},
		{"LogDestination", s3Input(setDestination("arn:aws-moon:s3:::b")), true},
		{"LogDestination", s3Input(setDestination("arn:aws:s4:::b")), false},
		{"DestinationOptions.FileFormat", s3Input(setOptions(types.DestinationOptionsRequest{FileFormat: "orc"})), true},
		{"LogFormat", s3Input(setFormat("${color}")), true},
		{"LogFormat", s3Input(setFormat("${tgw-id}")), false},
		{"LogFormat[0]", s3Input(setFormat("${}")), false},
		{"TagFieldSpecifications[0].ResourceType", s3Input(setTagFields(tagField("subnet", "k"))), true},
		{"TagSpecifications[0].ResourceType", s3Input(setTagsOn("vpc", tag("k", "v"))), false},
		{"MaxAggregationInterval", s3Input(setInterval(30)), false},
	} {
		var invalid *flowlogs.ValidationError
		require.ErrorAs(t, flowlogs.ValidateInput(test.in), &invalid)
		assert.Equal(t, test.field, invalid.Fields[0].Field)
		assert.Equal(t, test.unknown, invalid.Fields[0].Unknown, invalid)
	}
}

func TestCreate_AllocatesNoMoreForMoreIDs(t *testing.T) {
	allocs := func(n int) float64 {
		client, req := flowlogs.New(noopAPI{&ec2.CreateFlowLogsOutput{FlowLogIds: make([]string, n)}}), vpcRequest(n)
		return testing.AllocsPerRun(100, func() {
			if _, err := client.Create(t.Context(), req); err != nil {
				t.Fatal(err)
			}
		})
	}
	assert.InDelta(t, allocs(1), allocs(300), 3)
}

// allowed answers true and remembers what it was asked.
type allowed []string

func (a *allowed) allow(f *flowlogs.FieldError) bool {
	*a = append(*a, f.Field)
	return true
}

// allowing returns a Client with the function as Options.Allow, of an API that creates
// everything.
func allowing(allow func(*flowlogs.FieldError) bool) *flowlogs.Client {
	api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		return created(in), nil
	})
	return flowlogs.New(api, func(o *flowlogs.Options) { o.Allow = allow })
}

func TestAllow_LetsAProblemThrough(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		field  string
		change func(*flowlogs.Request)
	}{
		{"an unknown type of resource", "ResourceType", func(r *flowlogs.Request) {
			r.ResourceType, r.ResourceIDs = "Lattice", []string{"svc-1", "anything"}
		}},
		{"an unknown prefix", "ResourceIDs[1]", func(r *flowlogs.Request) { r.ResourceIDs[1] = "svc-1" }},
		{"an ID listed twice", "ResourceIDs[1]", func(r *flowlogs.Request) { r.ResourceIDs[1] = r.ResourceIDs[0] }},
		{"an unknown traffic type", "TrafficType", func(r *flowlogs.Request) { r.TrafficType = "NONE" }},
		{"an unknown field", "LogFormat", func(r *flowlogs.Request) { r.LogFormat = flowlogs.LogFormat{"color"} }},
		{"another interval", "MaxAggregationInterval", func(r *flowlogs.Request) { r.MaxAggregationInterval = 30 * time.Second }},
		{"an old bucket", "Destination.BucketARN", func(r *flowlogs.Request) { r.Destination = flowlogs.S3{BucketARN: "arn:aws:s3:::My_Bucket"} }},
		{"a reserved tag", `Tags["aws:k"]`, func(r *flowlogs.Request) { r.Tags = map[string]string{"aws:k": ""} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req := flowlogs.Request{
				ResourceIDs: []string{"vpc-00000001", "vpc-00000002"},
				TrafficType: flowlogs.TrafficTypeAll,
				Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::bucket"},
			}
			test.change(&req)
			require.Error(t, req.Validate())
			_, err := allowing(func(*flowlogs.FieldError) bool { return false }).Input(req)
			require.Error(t, err)
			var asked allowed
			in, err := allowing(asked.allow).Input(req)
			require.NoError(t, err)
			assert.Equal(t, allowed{test.field}, asked)

			asked = nil
			_, err = allowing(asked.allow).CreateFlowLogs(t.Context(), in)
			require.NoError(t, err)
			assert.Len(t, asked, 1)
		})
	}
}

func TestAllow_IsNotAskedWhereNothingCouldBeSent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		want   string
		change func(*flowlogs.Request)
	}{
		{"no IDs", "ResourceIDs", func(r *flowlogs.Request) { r.ResourceIDs = nil }},
		{"an empty ID", "ResourceIDs[0]", func(r *flowlogs.Request) { r.ResourceIDs = []string{"", "vpc-00000001"} }},
		{"no destination", "Destination", func(r *flowlogs.Request) { r.Destination = nil }},
		{"no bucket", "Destination.BucketARN", func(r *flowlogs.Request) { r.Destination = flowlogs.S3{} }},
		{"no log group", "Destination.LogGroupName", func(r *flowlogs.Request) { r.Destination = flowlogs.CloudWatchLogs{RoleARN: "r"} }},
		{"no type that an unknown prefix could tell", "ResourceType", func(r *flowlogs.Request) { r.ResourceIDs = []string{"svc-1"} }},
		{"an interval that EC2 cannot be told", "MaxAggregationInterval", func(r *flowlogs.Request) { r.MaxAggregationInterval = 1500 * time.Millisecond }},
		{"an interval of too many seconds", "MaxAggregationInterval", func(r *flowlogs.Request) { r.MaxAggregationInterval = (1<<32 + 60) * time.Second }},
		{"a folder that is not UTF-8", "Destination.BucketARN", func(r *flowlogs.Request) { r.Destination = flowlogs.S3{BucketARN: "arn:aws:s3:::b/\xff"} }},
		{"an ID that is not UTF-8", "ResourceIDs[0]", func(r *flowlogs.Request) { r.ResourceIDs = []string{"vpc-\xff"} }},
		{"a tag that is not UTF-8", `Tags["\xff"]`, func(r *flowlogs.Request) { r.Tags = map[string]string{"\xff": ""} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req := flowlogs.Request{
				ResourceIDs: []string{"vpc-00000001"},
				TrafficType: flowlogs.TrafficTypeAll,
				Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::bucket"},
			}
			test.change(&req)
			var asked allowed
			var invalid *flowlogs.ValidationError
			_, err := allowing(asked.allow).Input(req)
			require.ErrorAs(t, err, &invalid)
			require.Len(t, invalid.Fields, 1)
			assert.Equal(t, test.want, invalid.Fields[0].Field)
			assert.NotContains(t, asked, test.want)
		})
	}
}

func TestAllow_IsAskedInTheOrderOfTheKeys(t *testing.T) {
	t.Parallel()
	req := vpcRequest(1)
	req.Tags = make(map[string]string)
	var want allowed
	for _, letter := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		req.Tags["aws:"+letter] = ""
		want = append(want, `Tags["aws:`+letter+`"]`)
	}
	var asked allowed
	_, err := allowing(asked.allow).Input(req)
	require.NoError(t, err)
	assert.Equal(t, want, asked)
}
