package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// Groups are the titles of the groups of probes, by number.
var Groups = []string{
	"dry runs",
	"rejections",
	"what does not exist, DescribeFlowLogs and DeleteFlowLogs",
	"flow logs to S3",
	"flow logs to CloudWatch Logs",
	"lifetime of a token",
	"healing of a mended role",
	"limits",
	"transit gateways",
}

// Probes returns all probes, by group. Their Want has its source in the double, which
// has the same text.
func Probes() []Probe {
	return slices.Concat(dryRuns, rejections, missing, toS3, toCloudWatchLogs, named)
}

// Known are the differences between the double and EC2 that are meant to be, by the ID
// of their probe, with the reason. A difference that is gone leaves the list.
var Known = map[string]string{
	"3.token-omitted": "the double gives each call without a token a token of its own, so that tests can tell the calls apart; " +
		"EC2 was seen to repeat one: https://github.com/localstack/localstack/blob/main/tests/aws/services/ec2/test_ec2.snapshot.json",
}

// The calls that the others vary. Those of the first block name nothing that exists.
const (
	base     = "CreateFlowLogs&ResourceType=VPC&ResourceId.1=<no-vpc1>&TrafficType=ALL&"
	s3       = base + "LogDestinationType=s3&LogDestination=arn:<partition>:s3:::<no-bucket>"
	logs     = base + "LogGroupName=<no-bucket>&DeliverLogsPermissionArn=<no-role>"
	firehose = base + "LogDestinationType=kinesis-data-firehose&LogDestination=arn:<partition>:firehose:<region>:<account>:deliverystream/none"
	tgw      = s3 + "&-TrafficType&ResourceType=TransitGateway&ResourceId.1=<no-tgw1>"
	tagged   = s3 + "&TagSpecification.1.ResourceType=vpc-flow-log&TagSpecification.1.Tag.1.Key="
	tagField = s3 + "&LogFormat=${version} ${instance-tag}&TagFieldSpecification.1.ResourceType=instance&TagFieldSpecification.1.TagKey.1=k"

	ownS3      = s3 + "&ResourceId.1=<vpc>&LogDestination=arn:<partition>:s3:::<bucket>/<folder>"
	ownSubnets = ownS3 + "&ResourceType=Subnet&ResourceId.1=<subnet1>&ResourceId.2=<subnet2>&ResourceId.3=<subnet3>"
	ownTag     = "&TagSpecification.1.ResourceType=vpc-flow-log&TagSpecification.1.Tag.1.Key=probe&TagSpecification.1.Tag.1.Value=<run>"
	ownLogs    = logs + "&ResourceId.1=<vpc>&DeliverLogsPermissionArn=<role>&LogGroupName=<log-group>"
	ownARN     = "&-LogGroupName&LogDestination=arn:<partition>:logs:<region>:<account>:log-group:<log-group>"

	show   = "DescribeFlowLogs&FlowLogId.1=<fl1>"
	listed = "DescribeFlowLogs&Filter.1.Name=resource-id&Filter.1.Value.1="
	none   = listed + "<no-vpc1>"
	remove = "DeleteFlowLogs&FlowLogId.1=<fl1>"
)

// many returns n parameters. The format has the number once as [1]%d or more often.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&"+format, i+1)
	}
	return b.String()
}

func probe(id, fact, want string, calls ...string) Probe {
	return Probe{ID: id, Fact: fact, Calls: calls, Want: want}
}

var dryRuns = []Probe{
	probe("0.create", "a dry run that would succeed", "412 DryRunOperation: Request would have succeeded, but DryRun flag is set.", ownS3+"&DryRun=true"),
	probe("0.create-unknown-vpc", "whether a dry run looks for the VPC", "", s3+"&DryRun=true"),
	probe("0.create-unknown-bucket", "whether a dry run looks for the bucket", "", ownS3+"&LogDestination=arn:<partition>:s3:::<no-bucket>&DryRun=true"),
	probe("0.create-unknown-role", "whether a dry run assumes the role", "", logs+"&ResourceId.1=<vpc>&DryRun=true"),
	probe("0.create-invalid", "whether a dry run validates", "", ownS3+"&MaxAggregationInterval=120&DryRun=true"),
	probe("0.create-not-boolean", "a value of DryRun that is no boolean", "", s3+"&DryRun=maybe"),
	probe("0.describe", "a dry run of DescribeFlowLogs", "412 DryRunOperation", none+"&DryRun=true"),
	probe("0.delete-unknown", "a dry run of DeleteFlowLogs for an unknown ID", "", "DeleteFlowLogs&FlowLogId.1=<no-fl1>&DryRun=true"),
}

var rejections = []Probe{
	probe("1.ids-0", "a call without a resource", "", s3+"&-ResourceId.1"),
	probe("1.ids-301", "301 resources", "", s3+many(301, "ResourceId.%d=<no-vpc%[1]d>")),
	probe("1.ids-26-transit-gateways", "26 transit gateways", "", tgw+many(26, "ResourceId.%d=<no-tgw%[1]d>")),
	probe("1.ids-twice", "the same resource twice", "", s3+"&ResourceId.2=<no-vpc1>"),
	probe("1.ids-gap", "a list that starts with 2", "", s3+"&-ResourceId.1&ResourceId.2=<no-vpc1>"),
	probe("1.ids-from-0", "a list that starts with 0", "", s3+"&-ResourceId.1&ResourceId.0=<no-vpc1>"),
	probe("1.id-empty", "an empty resource ID", "", s3+"&ResourceId.1="),
	probe("1.id-malformed", "a resource ID without digits", "", s3+"&ResourceId.1=vpc-none"),
	probe("1.id-16-digits", "a resource ID of 16 digits", "", s3+"&ResourceId.1=vpc-0123456789abcdef"),
	probe("1.id-upper-case", "a resource ID in upper case", "", s3+"&ResourceId.1=vpc-0123456789ABCDEF0"),
	probe("1.id-of-transit-gateway", "a transit gateway's ID for an attachment", "400 InvalidParameter: Invalid Resource id <tgw:1> for resource-type TransitGatewayAttachment", tgw+"&ResourceType=TransitGatewayAttachment"),
	probe("1.id-of-subnet", "a subnet's ID for a VPC", "", s3+"&ResourceId.1=<no-subnet1>"),
	probe("1.type-none", "a call without a resource type", "", s3+"&-ResourceType"),
	probe("1.type-unknown", "an unknown resource type", "", s3+"&ResourceType=None"),
	probe("1.type-lower-case", "a resource type in lower case", "", s3+"&ResourceType=vpc"),
	probe("1.traffic-none", "a VPC without a traffic type", "", s3+"&-TrafficType"),
	probe("1.traffic-unknown", "an unknown traffic type", "", s3+"&TrafficType=BOTH"),
	probe("1.traffic-lower-case", "a traffic type in lower case", "", s3+"&TrafficType=all"),
	probe("1.traffic-of-transit-gateway", "a traffic type for a transit gateway", "", tgw+"&TrafficType=ALL"),
	probe("1.traffic-none-nat-gateway", "a regional NAT gateway without a traffic type", "", s3+"&-TrafficType&ResourceType=RegionalNatGateway&ResourceId.1=<no-nat1>"),
	probe("1.interval-120", "an interval of 120 seconds", "400 InvalidParameter: Invalid Flow Log Max Aggregation Interval.", s3+"&MaxAggregationInterval=120"),
	probe("1.interval-0", "an interval of zero", "400 InvalidParameter: Invalid Flow Log Max Aggregation Interval.", s3+"&MaxAggregationInterval=0"),
	probe("1.interval-word", "an interval that is no number", "", s3+"&MaxAggregationInterval=minute"),
	probe("1.interval-of-transit-gateway", "an interval of 600 seconds for a transit gateway", "400 InvalidParameter: max-aggregation-interval other than 60 sec / 1 min is not supported when the resource-type is TransitGateway or TransitGatewayAttachment", tgw+"&MaxAggregationInterval=600"),
	probe("1.destination-type-unknown", "an unknown destination type", "", s3+"&LogDestinationType=none"),
	probe("1.destination-both", "a log group by name and by ARN", "400 InvalidParameter: Please only provide LogGroupName or only provide LogDestination.", logs+"&LogDestination=arn:<partition>:logs:<region>:<account>:log-group:none"),
	probe("1.destination-none", "no destination", "400 InvalidParameter: LogDestination can't be empty if LogGroupName is not provided.", logs+"&-LogGroupName"),
	probe("1.destination-group-for-s3", "a log group's name for S3", "400 InvalidParameter: LogDestination type must be cloud-watch-logs if LogGroupName is provided.", s3+"&-LogDestination&LogGroupName=none"),
	probe("1.destination-group-and-s3", "a log group's name beside a bucket", "400 InvalidParameter: Please only provide LogGroupName or only provide LogDestination.", s3+"&LogGroupName=none"),
	probe("1.group-in-other-region", "a log group in another Region", "400 InvalidParameter: LogDestination must be in the same region as the API caller.", logs+"&-LogGroupName&LogDestination=arn:<partition>:logs:xx-none-1:<account>:log-group:none"),
	probe("1.group-in-other-account", "a log group of another account", "", logs+"&-LogGroupName&LogDestination=arn:<partition>:logs:<region>:000000000000:log-group:none"),
	probe("1.group-arn-malformed", "a malformed ARN of a log group", "", logs+"&-LogGroupName&LogDestination=none"),
	probe("1.group-characters", "a log group's name with a space", "", logs+"&LogGroupName=a b"),
	probe("1.group-513", "a log group's name of 513 characters", "", logs+"&LogGroupName="+strings.Repeat("g", 513)),
	probe("1.group-aws", "a log group's name that starts with aws/", "", logs+"&LogGroupName=aws/none"),
	probe("1.bucket-no-arn", "a bucket's name in place of its ARN", "", s3+"&LogDestination=<no-bucket>"),
	probe("1.bucket-region", "a bucket's ARN with a Region", "", s3+"&LogDestination=arn:<partition>:s3:<region>::<no-bucket>"),
	probe("1.bucket-reserved-folder", "the folder AWSLogs", "", s3+"&LogDestination=arn:<partition>:s3:::<no-bucket>/AWSLogs"),
	probe("1.bucket-reserved-name", "a folder whose name has AWSLogs in it", "", s3+"&LogDestination=arn:<partition>:s3:::<no-bucket>/MyAWSLogs"),
	probe("1.stream-old-arn", "a stream's ARN as the API page has it", "", firehose+"&LogDestination=arn:<partition>:firehose:<region>:<account>:deliverystream:none"),
	probe("1.stream-in-other-account", "a stream of another account without roles", "", firehose+"&LogDestination=arn:<partition>:firehose:<region>:000000000000:deliverystream/none"),
	probe("1.role-none", "CloudWatch Logs without a role", "400 InvalidParameter: DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.", logs+"&-DeliverLogsPermissionArn"),
	probe("1.role-for-s3", "S3 with a role", "400 InvalidParameter: DeliverLogsPermissionArn is not applicable for s3 delivery", s3+"&DeliverLogsPermissionArn=<no-role>"),
	probe("1.role-malformed", "a malformed ARN of a role", "", logs+"&DeliverLogsPermissionArn=none"),
	probe("1.role-of-other-account", "a role of another account", "", logs+"&DeliverLogsPermissionArn=arn:<partition>:iam::000000000000:role/none"),
	probe("1.role-across-accounts-alone", "only the role of the destination's account", "400 InvalidParameter: When providing a role for cross-account delivery, both the DeliverLogsPermissionArn and DeliverCrossAccountRole fields must be set.", firehose+"&DeliverCrossAccountRole=<no-role>"),
	probe("1.role-across-accounts-s3", "DeliverCrossAccountRole with S3", "", s3+"&DeliverCrossAccountRole=<no-role>"),
	probe("1.role-across-accounts-logs", "DeliverCrossAccountRole with CloudWatch Logs", "", logs+"&DeliverCrossAccountRole=<no-role>"),
	probe("1.options-for-logs", "destination options with CloudWatch Logs", "400 InvalidParameter: DestinationOptions is not supported when LogDestinationType is cloud-watch-logs", logs+"&DestinationOptions.FileFormat=plain-text"),
	probe("1.options-for-firehose", "destination options with Firehose", "", firehose+"&DestinationOptions.FileFormat=plain-text"),
	probe("1.options-format-unknown", "an unknown file format", "", s3+"&DestinationOptions.FileFormat=csv"),
	probe("1.options-not-boolean", "HiveCompatiblePartitions that is no boolean", "", s3+"&DestinationOptions.HiveCompatiblePartitions=maybe"),
	probe("1.format-trailing-space", "a log format that ends in a space", "1 validation error detected: Value '${version} ' at 'logFormat' has an invalid format", s3+"&LogFormat=${version} "),
	probe("1.format-leading-space", "a log format that starts with a space", "", s3+"&LogFormat= ${version}"),
	probe("1.format-empty", "an empty log format", "", s3+"&LogFormat="),
	probe("1.format-commas", "commas between fields", "", s3+"&LogFormat=${version},${srcaddr}"),
	probe("1.format-quoted", "a log format in apostrophes", "", s3+"&LogFormat='${version} ${srcaddr}'"),
	probe("1.format-unknown-field", "an unknown field", "Unknown fields provided", s3+"&LogFormat=${version} ${none}"),
	probe("1.format-upper-case", "a field in upper case", "", s3+"&LogFormat=${VERSION}"),
	probe("1.format-repeated-field", "a field twice", "", s3+"&LogFormat=${version} ${version}"),
	probe("1.format-transit-gateway-field", "a transit gateway's field for a VPC", "", s3+"&LogFormat=${version} ${tgw-id}"),
	probe("1.format-vpc-field", "a VPC's field for a transit gateway", "", tgw+"&LogFormat=${version} ${vpc-id}"),
	probe("1.tag-field-alone", "a tag field without specifications", "400 InvalidParameter: The TagFieldSpecifications parameter must be set when including tag fields in the log format", s3+"&LogFormat=${version} ${instance-tag}"),
	probe("1.tag-field-specification-alone", "a tag field specification without a field", "", tagField+"&-LogFormat"),
	probe("1.tag-field-second-key", "a second tag field with one key", "", tagField+"&LogFormat=${version} ${instance-tag-2}"),
	probe("1.tag-field-3-keys", "three keys in a tag field specification", "", tagField+"&TagFieldSpecification.1.TagKey.2=l&TagFieldSpecification.1.TagKey.3=m"),
	probe("1.tag-field-type-twice", "two tag field specifications of one type", "", tagField+"&TagFieldSpecification.2.ResourceType=instance&TagFieldSpecification.2.TagKey.1=l"),
	probe("1.tag-field-type-unknown", "an unknown type of tag field", "", tagField+"&TagFieldSpecification.1.ResourceType=vpc"),
	probe("1.tag-field-of-transit-gateway", "a tag field specification for a transit gateway", "", tagField+"&-TrafficType&-LogFormat&ResourceType=TransitGateway&ResourceId.1=<no-tgw1>"),
	probe("1.tags-51", "51 tags", "400 TagLimitExceeded", s3+"&TagSpecification.1.ResourceType=vpc-flow-log"+many(51, "TagSpecification.1.Tag.%d.Key=k%[1]d&TagSpecification.1.Tag.%[1]d.Value=")),
	probe("1.tag-key-129", "a tag's key of 129 characters", "", tagged+strings.Repeat("k", 129)+"&TagSpecification.1.Tag.1.Value="),
	probe("1.tag-key-aws", "a tag's key that starts with aws:", "", tagged+"aws:none&TagSpecification.1.Tag.1.Value="),
	probe("1.tag-value-257", "a tag's value of 257 characters", "", tagged+"k&TagSpecification.1.Tag.1.Value="+strings.Repeat("v", 257)),
	probe("1.tag-value-none", "a tag without a value", "", tagged+"k"),
	probe("1.tag-twice", "a tag's key twice", "", tagged+"k&TagSpecification.1.Tag.1.Value=&TagSpecification.1.Tag.2.Key=k&TagSpecification.1.Tag.2.Value="),
	probe("1.tag-type-other", "tags of a VPC", "'vpc' is not a valid taggable resource type for this operation.", tagged+"k&TagSpecification.1.Tag.1.Value=&TagSpecification.1.ResourceType=vpc"),
	probe("1.tag-type-none", "tags of no resource type", "Tag specification resource type must have a value", tagged+"k&TagSpecification.1.Tag.1.Value=&-TagSpecification.1.ResourceType"),
	probe("1.tags-0", "a tag specification without tags", "", s3+"&TagSpecification.1.ResourceType=vpc-flow-log"),
	probe("1.token-65", "a token of 65 characters", "", s3+"&ClientToken="+strings.Repeat("t", 65)),
	probe("1.token-not-ascii", "a token that is not ASCII", "", s3+"&ClientToken=é"),
	probe("1.token-empty", "an empty token", "", s3+"&ClientToken="),
	probe("1.parameter-unknown", "an unknown parameter", "400 UnknownParameter: The parameter None is not recognized", s3+"&None=1"),
	probe("1.parameter-lower-case", "a parameter in lower case", "", s3+"&-TrafficType&trafficType=ALL"),
	probe("1.version-unknown", "an unknown version of the API", "400 NoSuchVersion: The requested version (2000-01-01) of service AmazonEC2 does not exist", s3+"&Version=2000-01-01"),
	probe("1.order-id-traffic", "which is reported, a malformed ID or an unknown traffic type", "", s3+"&ResourceId.1=vpc-none&TrafficType=BOTH"),
	probe("1.order-traffic-interval", "which is reported, an unknown traffic type or interval", "", s3+"&TrafficType=BOTH&MaxAggregationInterval=120"),
	probe("1.order-interval-destination", "which is reported, an interval or a missing destination", "", s3+"&MaxAggregationInterval=120&-LogDestination"),
	probe("1.order-role-options", "which is reported, a role for S3 or an unknown file format", "", s3+"&DeliverLogsPermissionArn=<no-role>&DestinationOptions.FileFormat=csv"),
	probe("1.order-destination-format", "which is reported, a missing destination or an unknown field", "", s3+"&-LogDestination&LogFormat=${none}"),
	probe("1.order-format-tag", "which is reported, an unknown field or a tag's key", "", tagged+"aws:none&TagSpecification.1.Tag.1.Value=&LogFormat=${none}"),
	probe("1.order-tag-token", "which is reported, a tag's key or a token", "", tagged+"aws:none&TagSpecification.1.Tag.1.Value=&ClientToken="+strings.Repeat("t", 65)),
	probe("1.order-parameter-interval", "which is reported, an unknown parameter or an interval", "", s3+"&None=1&MaxAggregationInterval=120"),
}

var missing = []Probe{
	probe("2.create-vpc", "an unknown VPC", "", s3),
	probe("2.create-subnet", "an unknown subnet", "", s3+"&ResourceType=Subnet&ResourceId.1=<no-subnet1>"),
	probe("2.create-interface", "an unknown network interface", "", s3+"&ResourceType=NetworkInterface&ResourceId.1=<no-eni1>"),
	probe("2.create-transit-gateway", "an unknown transit gateway", "", tgw),
	probe("2.create-attachment", "an unknown attachment", "", tgw+"&ResourceType=TransitGatewayAttachment&ResourceId.1=<no-tgw-attach1>"),
	probe("2.create-nat-gateway", "an unknown NAT gateway", "", s3+"&ResourceType=RegionalNatGateway&ResourceId.1=<no-nat1>"),
	probe("2.create-two", "two unknown VPCs", "", s3+"&ResourceId.2=<no-vpc2>"),
	probe("2.create-bucket", "an unknown bucket", "unsuccessful.1.error.code=400; unsuccessful.1.error.message=LogDestination: <no-bucket> does not exist", ownS3+"&LogDestination=arn:<partition>:s3:::<no-bucket>"),
	probe("2.create-role", "an unknown role", "400 InvalidParameter: Unable to assume given IAM role", logs+"&ResourceId.1=<vpc>"),
	probe("2.describe-id", "DescribeFlowLogs of an unknown ID", "DescribeFlowLogs 200: flowLogSet=", "DescribeFlowLogs&FlowLogId.1=<no-fl1>"),
	probe("2.describe-id-malformed", "DescribeFlowLogs of a malformed ID", "1 validation error detected: Value 'fl-none' at 'flowLogId' has an invalid format", "DescribeFlowLogs&FlowLogId.1=fl-none"),
	probe("2.describe-1001", "DescribeFlowLogs of 1001 IDs", "", "DescribeFlowLogs"+many(1001, "FlowLogId.%d=<no-fl%[1]d>")),
	probe("2.describe-none", "a filter that matches nothing", "DescribeFlowLogs 200: flowLogSet=", none),
	probe("2.describe-filters", "all documented filters",
		"DescribeFlowLogs 200: flowLogSet=", none+"&Filter.2.Name=deliver-log-status&Filter.2.Value.1=SUCCESS&Filter.3.Name=log-destination-type&Filter.3.Value.1=s3&Filter.4.Name=flow-log-id&Filter.4.Value.1=<no-fl1>"+
			"&Filter.5.Name=log-group-name&Filter.5.Value.1=none&Filter.6.Name=traffic-type&Filter.6.Value.1=ALL&Filter.7.Name=tag:none&Filter.7.Value.1=none&Filter.8.Name=tag-key&Filter.8.Value.1=none"),

	probe("2.describe-filter-unknown", "an unknown filter", "400 InvalidParameterValue: The filter 'none' is invalid", none+"&Filter.2.Name=none&Filter.2.Value.1=none"),
	probe("2.describe-filter-deliver-logs-status", "a filter named like the member", "", none+"&Filter.2.Name=deliver-logs-status&Filter.2.Value.1=SUCCESS"),
	probe("2.describe-filter-without-values", "a filter without values", "", none+"&Filter.2.Name=tag-key"),
	probe("2.describe-filter-201-values", "201 values of a filter", "400 FilterLimitExceeded", "DescribeFlowLogs&Filter.1.Name=resource-id"+many(201, "Filter.1.Value.%d=<no-vpc%[1]d>")),
	probe("2.describe-51-filters", "51 filters", "400 FilterLimitExceeded", "DescribeFlowLogs"+many(51, "Filter.%d.Name=resource-id&Filter.%[1]d.Value.1=<no-vpc1>")),
	probe("2.describe-results-and-ids", "MaxResults beside IDs", "400 InvalidParameterCombination", "DescribeFlowLogs&FlowLogId.1=<no-fl1>&MaxResults=5"),
	probe("2.describe-results-0", "MaxResults of 0", "", none+"&MaxResults=0"),
	probe("2.describe-results-1", "MaxResults of 1", "", none+"&MaxResults=1"),
	probe("2.describe-results-5", "MaxResults of 5", "", none+"&MaxResults=5"),
	probe("2.describe-results-1000", "MaxResults of 1000", "", none+"&MaxResults=1000"),
	probe("2.describe-results-1001", "MaxResults of 1001", "", none+"&MaxResults=1001"),
	probe("2.describe-token", "an unknown NextToken", "", none+"&NextToken=none"),
	probe("2.delete-0", "DeleteFlowLogs without an ID", "400 InvalidParameterValue: 1 validation error detected: Value null at 'flowLogId' has an invalid format", "DeleteFlowLogs"),
	probe("2.delete-id", "DeleteFlowLogs of an unknown ID", "", "DeleteFlowLogs&FlowLogId.1=<no-fl1>"),
	probe("2.delete-two", "DeleteFlowLogs of two unknown IDs", "", "DeleteFlowLogs&FlowLogId.1=<no-fl1>&FlowLogId.2=<no-fl2>"),
	probe("2.delete-id-malformed", "DeleteFlowLogs of a malformed ID", "", "DeleteFlowLogs&FlowLogId.1=fl-none"),
	probe("2.delete-1001", "DeleteFlowLogs of 1001 IDs", "", "DeleteFlowLogs"+many(1001, "FlowLogId.%d=<no-fl%[1]d>")),
}

var toS3 = []Probe{
	probe("3.echo-defaults", "what is shown of a request without options", "destinationOptions.fileFormat=plain-text; flowLogSet.1.destinationOptions.hiveCompatiblePartitions=false; flowLogSet.1.destinationOptions.perHourPartition=false", ownS3, show),
	probe("3.echo-everything", "what is shown of a request with every option", "", ownS3+ownTag+"&TrafficType=REJECT&MaxAggregationInterval=60&LogFormat=${version} ${srcaddr}&DestinationOptions.FileFormat=parquet&DestinationOptions.HiveCompatiblePartitions=true&DestinationOptions.PerHourPartition=true&TagSpecification.1.Tag.2.Key=é&TagSpecification.1.Tag.2.Value=", show),
	probe("3.echo-slash", "what is shown of a folder with a slash behind it", "", ownS3+"&LogDestination=arn:<partition>:s3:::<bucket>/<folder>/", show),
	probe("3.echo-format", "what is shown of two spaces between fields", "", ownS3+"&LogFormat=${version}  ${srcaddr}", show),
	probe("3.echo-repeated-field", "what is shown of a field twice", "", ownS3+"&LogFormat=${version} ${version}", show),
	probe("3.lag-create", "whether a flow log is shown at once", "", ownS3, "now:"+show, "now:"+listed+"<vpc>"),
	probe("3.lag-delete", "whether a deleted flow log is still shown", "", ownS3, show, remove, "now:"+show),
	probe("3.order-created", "the order of flowLogIdSet", "", ownSubnets, show, "DescribeFlowLogs&FlowLogId.1=<fl2>", "DescribeFlowLogs&FlowLogId.1=<fl3>"),
	probe("3.order-described", "the order of DescribeFlowLogs", "", ownSubnets, listed+"<subnet1>&Filter.1.Value.2=<subnet2>&Filter.1.Value.3=<subnet3>"),
	probe("3.pages", "the first of three flow logs as a page", "", ownSubnets, listed+"<subnet1>&Filter.1.Value.2=<subnet2>&Filter.1.Value.3=<subnet3>&MaxResults=1"),
	probe("3.same", "a second flow log like the first", "400 FlowLogAlreadyExists: Error. There is an existing Flow Log with the same configuration and log destination.", ownS3, ownS3),
	probe("3.same-traffic", "whether another traffic type is another flow log", "| CreateFlowLogs 200", ownS3, ownS3+"&TrafficType=REJECT"),
	probe("3.same-folder", "whether another folder is another flow log", "| CreateFlowLogs 200", ownS3, ownS3+"&LogDestination=arn:<partition>:s3:::<bucket>/<folder>/other"),
	probe("3.same-slash", "whether a slash behind the folder is another flow log", "", ownS3, ownS3+"&LogDestination=arn:<partition>:s3:::<bucket>/<folder>/"),
	probe("3.same-format", "whether another format is another flow log", "", ownS3, ownS3+"&LogFormat=${version}"),
	probe("3.same-interval", "whether another interval is another flow log", "", ownS3, ownS3+"&MaxAggregationInterval=60"),
	probe("3.same-default", "whether the default interval is another flow log", "", ownS3, ownS3+"&MaxAggregationInterval=600"),
	probe("3.same-options", "whether another file format is another flow log", "", ownS3, ownS3+"&DestinationOptions.FileFormat=parquet"),
	probe("3.same-tags", "whether another tag is another flow log", "", ownS3, ownS3+ownTag),
	probe("3.same-on-subnet", "a flow log of a VPC and of its subnet", "| CreateFlowLogs 200", ownS3, ownSubnets+"&-ResourceId.2&-ResourceId.3"),
	probe("3.exists-one-of-three", "a call of three resources, one of which has the flow log", "", ownSubnets+"&-ResourceId.2&-ResourceId.3&ResourceId.1=<subnet2>", ownSubnets, listed+"<subnet1>", listed+"<subnet3>"),
	probe("3.exists-twice-in-call", "a call that names a resource twice", "", ownSubnets+"&ResourceId.2=<subnet1>", listed+"<subnet1>"),
	probe("3.missing-one-of-three", "a call of three resources, one of which does not exist", "", ownSubnets+"&ResourceId.2=<no-subnet1>", listed+"<subnet1>"),
	probe("3.token-replay", "the same token and parameters again", "flowLogIdSet.1=<fl:1>; unsuccessful= | CreateFlowLogs 200: clientToken=<token:1>; flowLogIdSet.1=<fl:1>", ownS3+"&ClientToken=<token1>", ownS3+"&ClientToken=<token1>"),
	probe("3.token-at-once", "the same token and parameters twice at once", "", "twice:"+ownS3+"&ClientToken=<token1>", listed+"<vpc>"),
	probe("3.token-mismatch", "the same token with another traffic type", "400 IdempotentParameterMismatch: Arguments on this idempotent request are inconsistent with arguments used in previous request(s).", ownS3+"&ClientToken=<token1>", ownS3+"&ClientToken=<token1>&TrafficType=REJECT"),
	probe("3.token-order", "the same token with the resources in another order", "", ownSubnets+"&ClientToken=<token1>", ownSubnets+"&ClientToken=<token1>&ResourceId.1=<subnet3>&ResourceId.3=<subnet1>"),
	probe("3.token-tags", "the same token with another tag", "", ownS3+"&ClientToken=<token1>", ownS3+ownTag+"&ClientToken=<token1>"),
	probe("3.token-default", "the same token with a default written out", "", ownS3+"&ClientToken=<token1>", ownS3+"&ClientToken=<token1>&MaxAggregationInterval=600"),
	probe("3.token-case", "a token that differs in case", "| CreateFlowLogs 200", ownS3+"&ClientToken=<token1>-a", ownS3+"&ClientToken=<token1>-A&LogDestination=arn:<partition>:s3:::<bucket>/<folder>/other"),
	probe("3.token-after-rejection", "the token of a rejected call", "", ownS3+"&ClientToken=<token1>&MaxAggregationInterval=120", ownS3+"&ClientToken=<token1>"),
	probe("3.token-after-dry-run", "the token of a dry run", "", ownS3+"&ClientToken=<token1>&DryRun=true", ownS3+"&ClientToken=<token1>"),
	probe("3.token-after-unsuccessful", "the token of a call that created nothing", "", ownS3+"&ClientToken=<token1>&LogDestination=arn:<partition>:s3:::<no-bucket>", ownS3+"&ClientToken=<token1>&LogDestination=arn:<partition>:s3:::<no-bucket>", ownS3+"&ClientToken=<token1>"),
	probe("3.token-after-delete", "the token of a flow log that is deleted", "", ownS3+"&ClientToken=<token1>", remove, ownS3+"&ClientToken=<token1>"),
	probe("3.token-omitted", "the tokens of two calls without one", "", ownS3, ownS3+"&TrafficType=REJECT"),
	probe("3.delete", "what DeleteFlowLogs returns", "DeleteFlowLogs 200: unsuccessful=", ownS3, remove),
	probe("3.delete-again", "a flow log that is deleted again", "", ownS3, remove, remove),
	probe("3.delete-twice-in-call", "a call that names a flow log twice", "", ownS3, remove+"&FlowLogId.2=<fl1>"),
	probe("3.delete-one-unknown", "a call of two flow logs, one of which does not exist", "", ownS3, remove+"&FlowLogId.2=<no-fl1>", "now:"+show),
	probe("3.filter-tag", "the filter tag:KEY", "flowLogSet.1.flowLogId=<fl:1>", ownS3+ownTag, "DescribeFlowLogs&FlowLogId.1=<fl1>&Filter.1.Name=tag:probe&Filter.1.Value.1=<run>"),
	probe("3.filter-tag-key", "the filter tag-key", "flowLogSet.1.flowLogId=<fl:1>", ownS3+ownTag, "DescribeFlowLogs&FlowLogId.1=<fl1>&Filter.1.Name=tag-key&Filter.1.Value.1=probe"),
	probe("3.filter-wildcard", "a wildcard in a filter", "flowLogSet.1.flowLogId=<fl:1>", ownS3+ownTag, "DescribeFlowLogs&FlowLogId.1=<fl1>&Filter.1.Name=tag-key&Filter.1.Value.1=pro*"),
	probe("3.filter-traffic-type", "the filters traffic-type, log-destination-type, deliver-log-status and flow-log-id", "flowLogSet.1.flowLogId=<fl:1>", ownS3, listed+"<vpc>&Filter.2.Name=traffic-type&Filter.2.Value.1=ALL&Filter.3.Name=log-destination-type&Filter.3.Value.1=s3&Filter.4.Name=deliver-log-status&Filter.4.Value.1=SUCCESS&Filter.5.Name=flow-log-id&Filter.5.Value.1=<fl1>"),
	probe("3.filter-case", "a filter's value in another case", "| DescribeFlowLogs 200: flowLogSet=", ownS3, show, "now:"+listed+"<vpc>&Filter.2.Name=traffic-type&Filter.2.Value.1=all"),
}

var toCloudWatchLogs = []Probe{
	probe("4.echo-name", "what is shown of a log group's name", "flowLogSet.1.logGroupName=<log-group>", ownLogs, show),
	probe("4.echo-arn", "what is shown of a log group's ARN", "flowLogSet.1.logDestination=arn:aws:logs:<region>:<account>:log-group:<log-group>", ownLogs+ownARN, show),
	probe("4.echo-arn-star", "what is shown of a log group's ARN that ends in :*", "", ownLogs+ownARN+":*", show),
	probe("4.same-arn", "whether a log group's ARN is another flow log than its name", "", ownLogs, ownLogs+ownARN),
	probe("4.same-group", "whether another log group is another flow log", "| CreateFlowLogs 200", ownLogs, ownLogs+"&LogGroupName=<log-group>-other"),
}

// named are the probes that cost more than a few minutes and cents. They have no calls.
var named = []Probe{
	{ID: "5.token-lifetime", Fact: "how long EC2 remembers a token", Needs: "days"},
	{ID: "6.role-mended", Fact: "whether a flow log delivers after its role is mended", Needs: "traffic and an hour"},
	{ID: "7.limit-250", Fact: "what EC2 says of the 251st flow log of a resource", Needs: "250 flow logs"},
	{ID: "7.throttling", Fact: "how EC2 throttles each operation", Needs: "the quota of the account"},
	{ID: "8.transit-gateway", Fact: "what is shown of a flow log on a transit gateway", Needs: "TGW"},
}
