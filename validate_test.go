package flowlogs_test

import (
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

const (
	someRole   = "arn:aws:iam::123456789012:role/r"
	otherRole  = "arn:aws:iam::210987654321:role/AWSLogDeliveryFirehoseCrossAccountRole"
	someStream = "arn:aws:firehose:us-east-1:123456789012:deliverystream/s"
)

// The inputs that the cases below change: one for each destination, and one for
// transit gateways.
func logsInput() *ec2.CreateFlowLogsInput {
	return &ec2.CreateFlowLogsInput{
		ResourceIds:              []string{"vpc-00000001"},
		ResourceType:             types.FlowLogsResourceTypeVpc,
		TrafficType:              types.TrafficTypeAll,
		LogGroupName:             aws.String("g"),
		DeliverLogsPermissionArn: aws.String(someRole),
	}
}

func s3Input() *ec2.CreateFlowLogsInput {
	return &ec2.CreateFlowLogsInput{
		ResourceIds:        []string{"vpc-00000001"},
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("arn:aws:s3:::b"),
	}
}

func firehoseInput() *ec2.CreateFlowLogsInput {
	in := s3Input()
	in.LogDestinationType = types.LogDestinationTypeKinesisDataFirehose
	in.LogDestination = aws.String(someStream)
	return in
}

func transitGatewayInput() *ec2.CreateFlowLogsInput {
	in := s3Input()
	in.ResourceIds = []string{"tgw-0123456789abcdef0"}
	in.ResourceType = types.FlowLogsResourceTypeTransitGateway
	in.TrafficType = ""
	return in
}

type input = ec2.CreateFlowLogsInput

// with changes an input.
func with(in *input, change func(*input)) *input {
	change(in)
	return in
}

func ids(ids ...string) func(*input) { return func(in *input) { in.ResourceIds = ids } }

func logGroup(name string) func(*input) { return func(in *input) { in.LogGroupName = &name } }

func destination(arn string) func(*input) {
	return func(in *input) { in.LogDestination, in.LogGroupName = &arn, nil }
}

func role(arn string) func(*input) { return func(in *input) { in.DeliverLogsPermissionArn = &arn } }

func crossAccount(source, destination string) func(*input) {
	return func(in *input) {
		in.DeliverLogsPermissionArn, in.DeliverCrossAccountRole = &source, &destination
	}
}

func interval(seconds int32) func(*input) {
	return func(in *input) { in.MaxAggregationInterval = &seconds }
}

func format(s string) func(*input) { return func(in *input) { in.LogFormat = &s } }

func clientToken(s string) func(*input) { return func(in *input) { in.ClientToken = &s } }

func tagFields(specs ...types.TagFieldSpecificationRequest) func(*input) {
	return func(in *input) {
		in.LogFormat = aws.String("${instance-tag}")
		in.TagFieldSpecifications = specs
	}
}

func tagField(t types.TaggableResourceType, keys ...string) types.TagFieldSpecificationRequest {
	return types.TagFieldSpecificationRequest{ResourceType: t, TagKeys: keys}
}

func tag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

func tags(tags ...types.Tag) func(*input) { return tagsOn(types.ResourceTypeVpcFlowLog, tags...) }

func tagsOn(t types.ResourceType, tags ...types.Tag) func(*input) {
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

func resourceType(t types.FlowLogsResourceType, id string) func(*input) {
	return func(in *input) { in.ResourceType, in.ResourceIds = t, []string{id} }
}

// accepted are inputs that EC2 takes, or of which it is not known that it would
// not.
var accepted = map[string]*input{
	"CloudWatch Logs by name":          logsInput(),
	"CloudWatch Logs by type":          with(logsInput(), func(in *input) { in.LogDestinationType = types.LogDestinationTypeCloudWatchLogs }),
	"CloudWatch Logs by ARN":           with(logsInput(), destination("arn:aws:logs:us-east-1:123456789012:log-group:/vpc/flow.logs_1#x")),
	"the longest log group name":       with(logsInput(), logGroup(strings.Repeat("g", 512))),
	"a log group name with all it may": with(logsInput(), logGroup("aZ09_-/.#")),
	"a log group name with aws inside": with(logsInput(), logGroup("/aws/vpc")),
	"a role with a path":               with(logsInput(), role("arn:aws:iam::123456789012:role/a/b/c")),
	"an empty string is left out": with(s3Input(), func(in *input) {
		in.LogGroupName, in.DeliverLogsPermissionArn, in.LogFormat = aws.String(""), aws.String(""), aws.String("")
	}),
	"an old ID":                         with(s3Input(), ids("vpc-0a1b2c3d")),
	"a new ID":                          with(s3Input(), ids("vpc-0123456789abcdef0")),
	"the same ID twice":                 with(s3Input(), ids("vpc-00000001", "vpc-00000001")),
	"more IDs than a call takes today":  with(s3Input(), ids(vpcIDs(1000)...)),
	"a subnet":                          with(s3Input(), resourceType(types.FlowLogsResourceTypeSubnet, "subnet-00000001")),
	"a network interface":               with(s3Input(), resourceType(types.FlowLogsResourceTypeNetworkInterface, "eni-aa22bb33")),
	"a NAT gateway, regional or not":    with(s3Input(), resourceType(types.FlowLogsResourceTypeRegionalNatGateway, "nat-0123456789abcdef0")),
	"a transit gateway":                 transitGatewayInput(),
	"a transit gateway attachment":      with(transitGatewayInput(), resourceType(types.FlowLogsResourceTypeTransitGatewayAttachment, "tgw-attach-0123456789abcdef0")),
	"26 transit gateways":               with(transitGatewayInput(), ids(slices.Repeat([]string{"tgw-00000001"}, 26)...)),
	"accepted traffic":                  with(s3Input(), func(in *input) { in.TrafficType = types.TrafficTypeAccept }),
	"rejected traffic":                  with(s3Input(), func(in *input) { in.TrafficType = types.TrafficTypeReject }),
	"one minute":                        with(s3Input(), interval(60)),
	"ten minutes":                       with(s3Input(), interval(600)),
	"one minute of a transit gateway":   with(transitGatewayInput(), interval(60)),
	"a bucket with a folder":            with(s3Input(), destination("arn:aws:s3:::b/f")),
	"a bucket with folders and a slash": with(s3Input(), destination("arn:aws:s3:::b/f/g/")),
	"a folder that resembles AWSLogs":   with(s3Input(), destination("arn:aws:s3:::b/AWSLogs2/")),
	"a bucket in China":                 with(s3Input(), destination("arn:aws-cn:s3:::b")),
	"a bucket in GovCloud":              with(s3Input(), destination("arn:aws-us-gov:s3:::b")),
	"a bucket in the European cloud":    with(s3Input(), destination("arn:aws-eusc:s3:::b")),
	"no destination options set":        with(s3Input(), func(in *input) { in.DestinationOptions = &types.DestinationOptionsRequest{} }),
	"all destination options set":       with(s3Input(), func(in *input) { in.DestinationOptions = fullInputs()[0].DestinationOptions }),
	"a Firehose stream":                 firehoseInput(),
	"a Firehose stream with any name":   with(firehoseInput(), destination("arn:aws:firehose:us-east-1:123456789012:deliverystream/aZ0_.-")),
	"a Firehose stream elsewhere":       with(firehoseInput(), crossAccount(someRole, otherRole)),
	"a role of Firehose with a path":    with(firehoseInput(), crossAccount(someRole, "arn:aws:iam::210987654321:role/p/AWSLogDeliveryFirehoseCrossAccountRoleX")),
	"one field":                         with(s3Input(), format("${version}")),
	"the default format":                with(s3Input(), format(flowlogs.DefaultLogFormat(flowlogs.ResourceTypeVPC).String())),
	"a field twice":                     with(s3Input(), format("${srcaddr} ${srcaddr}")),
	"fields of the latest version":      with(s3Input(), format("${reject-reason} ${resource-id} ${encryption-status} ${next-hop-vpc-id} ${ecs-task-id}")),
	"fields of transit gateways":        with(transitGatewayInput(), format("${tgw-id} ${packets-lost-no-route} ${srcaddr}")),
	"the default of transit gateways":   with(transitGatewayInput(), format(flowlogs.DefaultLogFormat(flowlogs.ResourceTypeTransitGateway).String())),
	"a tag field":                       with(s3Input(), tagFields(tagField(types.TaggableResourceTypeInstance, "team"))),
	"the tag fields of all three":       with(s3Input(), tagFields(tagField("instance", "a", "b"), tagField("network-interface", "a"), tagField("auto-scaling-group", "a"))),
	"the longest key of a tag field":    with(s3Input(), tagFields(tagField("instance", strings.Repeat("ü", 128)))),
	"tag keys that no field shows": with(s3Input(), func(in *input) {
		in.TagFieldSpecifications = []types.TagFieldSpecificationRequest{tagField("instance", "a")}
	}),
	"a second tag field with one key": with(s3Input(), func(in *input) {
		tagFields(tagField("instance", "a"))(in)
		in.LogFormat = aws.String("${instance-tag-2}")
	}),
	"tag fields of one resource twice":   with(s3Input(), tagFields(tagField("instance", "a"), tagField("instance", "b"))),
	"a tag":                              with(s3Input(), tags(tag("k", "v"))),
	"a tag without a value":              with(s3Input(), tags(tag("k", ""))),
	"the longest tag, in any characters": with(s3Input(), tags(tag(strings.Repeat("日", 128), strings.Repeat("本", 256)))),
	"as many tags as there can be":       with(s3Input(), tags(manyTags(50)...)),
	"no tags in a specification":         with(s3Input(), tags()),
	"a tag key with aws inside":          with(s3Input(), tags(tag("my-aws:key", "v"))),
	"the longest token":                  with(s3Input(), clientToken(strings.Repeat("t", 64))),
	"a dry run":                          with(s3Input(), func(in *input) { in.DryRun = aws.Bool(true) }),
}

// refused are inputs that EC2 is documented or known to refuse, or to take and
// never deliver, with the problem that is reported.
var refused = map[string]struct {
	in   *input
	want string
}{
	"no IDs":                        {with(s3Input(), ids()), "ResourceIds: required"},
	"no resource type":              {with(s3Input(), func(in *input) { in.ResourceType = "" }), "ResourceType: required: one of VPC, Subnet, "},
	"a resource type in lower case": {with(s3Input(), func(in *input) { in.ResourceType = "vpc" }), `ResourceType "vpc": want one of VPC, Subnet, `},
	"an ID of another type":         {with(s3Input(), ids("vpc-00000001", "subnet-00000001")), `ResourceIds[1] "subnet-00000001": is of type Subnet, but want vpc-… for resource type VPC`},
	"a transit gateway as attachment": {
		with(transitGatewayInput(), resourceType(types.FlowLogsResourceTypeTransitGatewayAttachment, "tgw-00000001")),
		`ResourceIds[0] "tgw-00000001": is of type TransitGateway, but want tgw-attach-… for resource type TransitGatewayAttachment`,
	},
	"an attachment as transit gateway": {with(transitGatewayInput(), ids("tgw-attach-00000001")), `ResourceIds[0] "tgw-attach-00000001": is of type TransitGatewayAttachment`},
	"an ID of nothing":                 {with(s3Input(), ids("i-00000001")), `ResourceIds[0] "i-00000001": want vpc- and then 8 or 17 hexadecimal digits in lower case`},
	"an empty ID":                      {with(s3Input(), ids("")), `ResourceIds[0]: want vpc- and then`},
	"an ID with other letters":         {with(s3Input(), ids("vpc-0000000g")), `ResourceIds[0] "vpc-0000000g"`},
	"an ID in upper case":              {with(s3Input(), ids("vpc-0000000A")), `ResourceIds[0] "vpc-0000000A"`},
	"an ID that is too short":          {with(s3Input(), ids("vpc-0000000")), `ResourceIds[0] "vpc-0000000"`},
	"an ID that is too long":           {with(s3Input(), ids("vpc-0123456789abcdef01")), `ResourceIds[0] "vpc-0123456789abcdef01"`},
	"an ID with a space":               {with(s3Input(), ids("vpc-00000001 ")), `ResourceIds[0] "vpc-00000001 "`},

	"no traffic type":                         {with(s3Input(), func(in *input) { in.TrafficType = "" }), "TrafficType: required: one of ACCEPT, REJECT, ALL"},
	"a traffic type in lower case":            {with(s3Input(), func(in *input) { in.TrafficType = "all" }), `TrafficType "all": want one of ACCEPT, REJECT, ALL`},
	"a traffic type for a transit gateway":    {with(transitGatewayInput(), func(in *input) { in.TrafficType = "ALL" }), `TrafficType "ALL": leave it empty for resource type TransitGateway`},
	"another interval":                        {with(s3Input(), interval(300)), `MaxAggregationInterval "5m0s (300 seconds)": want 1m or 10m (60 or 600 seconds)`},
	"an interval of zero":                     {with(s3Input(), interval(0)), `MaxAggregationInterval "0s (0 seconds)"`},
	"a negative interval":                     {with(s3Input(), interval(-60)), `MaxAggregationInterval "-1m0s (-60 seconds)"`},
	"ten minutes of a transit gateway":        {with(transitGatewayInput(), interval(600)), `MaxAggregationInterval "10m0s (600 seconds)": want 1m (60 seconds) for resource type TransitGateway`},
	"an unknown destination type":             {with(s3Input(), func(in *input) { in.LogDestinationType = "S3" }), `LogDestinationType "S3": want one of cloud-watch-logs, s3, kinesis-data-firehose`},
	"a log group by name and ARN":             {with(logsInput(), func(in *input) { in.LogDestination = aws.String("arn:aws:logs:us-east-1:123456789012:log-group:g") }), `LogGroupName "g": want only one of it and LogDestination`},
	"no log group":                            {with(logsInput(), func(in *input) { in.LogGroupName = nil }), "LogGroupName: required, unless LogDestination is given"},
	"a log group with S3":                     {with(s3Input(), logGroup("g")), `LogGroupName "g": leave it out: it does not go with destination type s3`},
	"a log group with Firehose":               {with(firehoseInput(), logGroup("g")), `LogGroupName "g": leave it out: it does not go with destination type kinesis-data-firehose`},
	"no bucket":                               {with(s3Input(), func(in *input) { in.LogDestination = nil }), "LogDestination: required: the ARN of the destination, arn:aws:s3:::<bucket>"},
	"no stream":                               {with(firehoseInput(), destination("")), "LogDestination: required: the ARN of the destination, arn:aws:firehose:"},
	"no role with CloudWatch Logs":            {with(logsInput(), role("")), "DeliverLogsPermissionArn: required: the ARN of the IAM role"},
	"a role with S3":                          {with(s3Input(), role(someRole)), `DeliverLogsPermissionArn "` + someRole + `": leave it out: it does not go with destination type s3`},
	"a role with Firehose":                    {with(firehoseInput(), role(someRole)), "DeliverCrossAccountRole: required together with DeliverLogsPermissionArn"},
	"a cross-account role alone":              {with(firehoseInput(), crossAccount("", otherRole)), "DeliverLogsPermissionArn: required together with DeliverCrossAccountRole"},
	"a cross-account role with S3":            {with(s3Input(), crossAccount("", otherRole)), `DeliverCrossAccountRole "` + otherRole + `": leave it out`},
	"a cross-account role with another name":  {with(firehoseInput(), crossAccount(someRole, someRole)), `DeliverCrossAccountRole "` + someRole + `": want a role whose name starts with AWSLogDeliveryFirehoseCrossAccountRole`},
	"a cross-account role that is no role":    {with(firehoseInput(), crossAccount(someRole, "arn:aws:iam::210987654321:user/u")), `DeliverCrossAccountRole "arn:aws:iam::210987654321:user/u": want a resource "role/<name>"`},
	"options with CloudWatch Logs":            {with(logsInput(), func(in *input) { in.DestinationOptions = &types.DestinationOptionsRequest{} }), `DestinationOptions "{…}": leave it out: it does not go with destination type cloud-watch-logs`},
	"options with Firehose":                   {with(firehoseInput(), func(in *input) { in.DestinationOptions = fullInputs()[0].DestinationOptions }), `DestinationOptions "{…}": leave it out`},
	"an unknown file format":                  {with(s3Input(), func(in *input) { in.DestinationOptions = &types.DestinationOptionsRequest{FileFormat: "csv"} }), `DestinationOptions.FileFormat "csv": want one of plain-text, parquet`},
	"a log group that is too long":            {with(logsInput(), logGroup(strings.Repeat("g", 513))), `LogGroupName "ggg`},
	"a log group with a colon":                {with(logsInput(), logGroup("a:b")), `LogGroupName "a:b": want a name of 1 to 512 of a-z, A-Z, 0-9, '_', '-', '/', '.', '#'`},
	"a log group with a space":                {with(logsInput(), logGroup("a b")), `LogGroupName "a b"`},
	"a log group of AWS":                      {with(logsInput(), logGroup("aws/vpc")), `LogGroupName "aws/vpc": want a name that does not start with "aws/", which is reserved`},
	"a log group ARN of everything":           {with(logsInput(), destination("arn:aws:logs:us-east-1:123456789012:log-group:g:*")), `LogDestination "arn:aws:logs:us-east-1:123456789012:log-group:g:*": want the ARN without ":*": EC2 accepts it, but then never delivers`},
	"a log stream":                            {with(logsInput(), destination("arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:s")), "want a name of 1 to 512"},
	"a log group ARN without Region":          {with(logsInput(), destination("arn:aws:logs::123456789012:log-group:g")), "want with a Region, arn:aws:logs:<region>:<account>:log-group:<name>"},
	"a log group ARN without account":         {with(logsInput(), destination("arn:aws:logs:us-east-1::log-group:g")), "want with an account of 12 digits"},
	"a log group ARN of something else":       {with(logsInput(), destination("arn:aws:logs:us-east-1:123456789012:destination:d")), `want a resource "log-group:<name>"`},
	"a bucket for CloudWatch Logs":            {with(logsInput(), destination("arn:aws:s3:::b")), "want an ARN of service logs, arn:aws:logs:"},
	"a log group in another Region":           {with(logsInput(), destination("arn:aws:logs:eu-west-1:123456789012:log-group:g")), "want the Region of the call, us-east-1"},
	"the name of a bucket":                    {with(s3Input(), destination("b")), `LogDestination "b": want an ARN, arn:aws:s3:::<bucket>`},
	"a bucket ARN of nothing":                 {with(s3Input(), destination("arn:aws:s3:::")), "want the name of a bucket"},
	"a bucket ARN with Region":                {with(s3Input(), destination("arn:aws:s3:us-east-1::b")), "want without a Region"},
	"a bucket ARN with account":               {with(s3Input(), destination("arn:aws:s3::123456789012:b")), "want without an account"},
	"a bucket of nowhere":                     {with(s3Input(), destination("arn:amazon:s3:::b")), "want a partition of AWS, one of aws, aws-cn, "},
	"the reserved folder":                     {with(s3Input(), destination("arn:aws:s3:::b/AWSLogs/")), "want a folder other than AWSLogs, which is reserved"},
	"the reserved folder in another":          {with(s3Input(), destination("arn:aws:s3:::b/f/AWSLogs")), "want a folder other than AWSLogs"},
	"a stream as some pages of AWS show it":   {with(firehoseInput(), destination("arn:aws:firehose:us-east-1:123456789012:deliverystream:s")), `want a resource "deliverystream/<name>"`},
	"a stream with a name that is too long":   {with(firehoseInput(), destination("arn:aws:firehose:us-east-1:123456789012:deliverystream/"+strings.Repeat("s", 65))), "of 1 to 64 of"},
	"a Kinesis data stream":                   {with(firehoseInput(), destination("arn:aws:kinesis:us-east-1:123456789012:stream/s")), "want an ARN of service firehose"},
	"the name of a role":                      {with(logsInput(), role("publishFlowLogs")), `DeliverLogsPermissionArn "publishFlowLogs": want an ARN, arn:aws:iam::<account>:role/<name>`},
	"a user as role":                          {with(logsInput(), role("arn:aws:iam::123456789012:user/u")), `want a resource "role/<name>"`},
	"a role without a name":                   {with(logsInput(), role("arn:aws:iam::123456789012:role/")), `want a resource "role/<name>"`},
	"a role of an account that is none":       {with(logsInput(), role("arn:aws:iam::12345678901:role/r")), "want with an account of 12 digits"},
	"an assumed role":                         {with(logsInput(), role("arn:aws:sts::123456789012:assumed-role/r/s")), "want an ARN of service iam"},
	"a format with a space at the end":        {with(s3Input(), format("${version} ")), `LogFormat "${version} ": want fields separated by single spaces`},
	"a format with a space at the start":      {with(s3Input(), format(" ${version}")), "want fields separated by single spaces"},
	"a format with bare names":                {with(s3Input(), format("version srcaddr")), `want fields in the form ${field-id}, not "version"`},
	"a format with commas":                    {with(s3Input(), format("${version},${srcaddr}")), `unknown field "version},${srcaddr"`},
	"a format as Terraform escapes it":        {with(s3Input(), format("$${version}")), `not "$${version}"`},
	"an unknown field":                        {with(s3Input(), format("${version} ${source}")), `unknown field "source"`},
	"a field in upper case":                   {with(s3Input(), format("${SrcAddr}")), `unknown field "SrcAddr"`},
	"a field of transit gateways for a VPC":   {with(s3Input(), format("${tgw-id}")), `LogFormat "tgw-id": is not a field of flow logs of type VPC`},
	"a field of VPCs for a transit gateway":   {with(transitGatewayInput(), format("${action}")), `LogFormat "action": is not a field of flow logs of type TransitGateway`},
	"a tag field without its keys":            {with(s3Input(), format("${asg-tag}")), "TagFieldSpecifications: required: the tag keys for ${asg-tag} in LogFormat"},
	"tag fields of an unknown resource":       {with(s3Input(), tagFields(tagField("vpc", "a"))), `TagFieldSpecifications[0].ResourceType "vpc": want one of network-interface, instance, auto-scaling-group`},
	"tag fields of no resource":               {with(s3Input(), tagFields(tagField("", "a"))), `TagFieldSpecifications[0].ResourceType: want one of`},
	"tag fields without keys":                 {with(s3Input(), tagFields(tagField("instance"))), `TagFieldSpecifications[0].TagKeys "0 keys": want one or two`},
	"tag fields with three keys":              {with(s3Input(), tagFields(tagField("instance", "a", "b", "c"))), `TagFieldSpecifications[0].TagKeys "3 keys": want one or two`},
	"a tag field with an empty key":           {with(s3Input(), tagFields(tagField("instance", "a", ""))), "TagFieldSpecifications[0].TagKeys[1]: want a tag key of 1 to 128 characters"},
	"a tag field with a key that is too long": {with(s3Input(), tagFields(tagField("instance", strings.Repeat("k", 129)))), "TagFieldSpecifications[0].TagKeys[0]"},
	"tag fields of four resources":            {with(s3Input(), tagFields(slices.Repeat([]types.TagFieldSpecificationRequest{tagField("instance", "a")}, 4)...)), `TagFieldSpecifications "4 resource types": want at most 3`},
	"tags on something else":                  {with(s3Input(), tagsOn(types.ResourceTypeVpc, tag("k", "v"))), `TagSpecifications[0].ResourceType "vpc": want vpc-flow-log`},
	"tags on nothing":                         {with(s3Input(), tagsOn("", tag("k", "v"))), "TagSpecifications[0].ResourceType: want vpc-flow-log"},
	"a tag with an empty key":                 {with(s3Input(), tags(tag("", "v"))), "TagSpecifications[0].Tags[0].Key: want a key of 1 to 128 characters"},
	"a tag without a key":                     {with(s3Input(), tags(types.Tag{Value: aws.String("v")})), "TagSpecifications[0].Tags[0].Key: required"},
	"a tag with no value at all":              {with(s3Input(), tags(types.Tag{Key: aws.String("k")})), "TagSpecifications[0].Tags[0].Value: required: it may be empty, but not left out"},
	"a tag key that is too long":              {with(s3Input(), tags(tag(strings.Repeat("k", 129), ""))), "TagSpecifications[0].Tags[0].Key"},
	"a tag value that is too long":            {with(s3Input(), tags(tag("k", strings.Repeat("v", 257)))), "TagSpecifications[0].Tags[0].Value"},
	"a tag of AWS":                            {with(s3Input(), tags(tag("aws:k", "v"))), `TagSpecifications[0].Tags[0].Key "aws:k": want a key that does not start with "aws:", which is reserved`},
	"a tag key twice":                         {with(s3Input(), tags(tag("k", "1"), tag("k", "2"))), `TagSpecifications[0].Tags[1].Key "k": want each key once`},
	"too many tags":                           {with(s3Input(), tags(manyTags(51)...)), `TagSpecifications "51 tags": want at most 50`},
	"a token that is too long":                {with(s3Input(), clientToken(strings.Repeat("t", 65))), "want at most 64 ASCII characters"},
	"a token that is not ASCII":               {with(s3Input(), clientToken("jetön")), `ClientToken "jetön": want at most 64 ASCII characters`},
}

// regionalAPI is a mock that says which Region it is for, as the real client
// does.
type regionalAPI struct{ sent *input }

func (a *regionalAPI) Options() ec2.Options { return ec2.Options{Region: "us-east-1"} }

func (a *regionalAPI) CreateFlowLogs(_ context.Context, in *input, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	a.sent = in
	return created(in), nil
}

func TestAcceptedInputs(t *testing.T) {
	t.Parallel()
	for name, in := range accepted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var api regionalAPI
			_, err := flowlogs.New(&api, withToken("t")).CreateFlowLogs(t.Context(), in)
			require.NoError(t, err)
			sent := *in
			if sent.ClientToken == nil {
				sent.ClientToken = aws.String("t")
			}
			assert.Equal(t, &sent, api.sent, "unchanged but for the token")

			// The typed request is the same, and obeys the same rules.
			req, err := flowlogs.FromInput(in)
			require.NoError(t, err)
			_, err = flowlogs.New(&regionalAPI{}).Create(t.Context(), req)
			require.NoError(t, err)
		})
	}
}

func TestRefusedInputs(t *testing.T) {
	t.Parallel()
	for name, test := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var api regionalAPI
			out, err := flowlogs.New(&api).CreateFlowLogs(t.Context(), test.in)
			var invalid *flowlogs.ValidationError
			require.ErrorAs(t, err, &invalid)
			require.ErrorIs(t, err, flowlogs.ErrInvalidParameter)
			assert.Len(t, invalid.Fields, 1, err)
			assert.Contains(t, err.Error(), test.want)
			assert.NotContains(t, err.Error(), "\n")
			assert.Nil(t, out)
			assert.Nil(t, api.sent)

			// What FromInput lets through, the typed request refuses.
			if req, err := flowlogs.FromInput(test.in); err == nil && test.in.ResourceType != "" {
				_, err = flowlogs.New(&api).Create(t.Context(), req)
				require.ErrorAs(t, err, &invalid)
				assert.Nil(t, api.sent)
			}
		})
	}
}

func TestAllProblemsComeAtOnce(t *testing.T) {
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
	var field *flowlogs.FieldError
	require.ErrorAs(t, err, &field)
	assert.Equal(t, &flowlogs.FieldError{
		Field: "ResourceIDs[1]", Value: "eni-00000001",
		Message: "is of type NetworkInterface, but want vpc-… for resource type VPC",
	}, field)
}

func TestProblemsOnlyATypedRequestCanHave(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*flowlogs.Request){
		"LogFormat: want at least one field; leave it nil for the default format": func(r *flowlogs.Request) { r.LogFormat = flowlogs.LogFormat{} },
		`MaxAggregationInterval "1.5s (1.5 seconds)": want 1m or 10m`:             func(r *flowlogs.Request) { r.MaxAggregationInterval = 1500 * time.Millisecond },
		`ResourceIDs[0] "i-00000001": want the ID of a resource, with one of vpc-, subnet-, eni-, tgw-, tgw-attach-, nat-`: func(r *flowlogs.Request) {
			r.ResourceIDs = []string{"i-00000001"}
		},
		`Destination.BucketARN "b": want an ARN`: func(r *flowlogs.Request) { r.Destination = flowlogs.S3{BucketARN: "b"} },
		`Destination.StreamARN "s": want an ARN`: func(r *flowlogs.Request) { r.Destination = flowlogs.Firehose{StreamARN: "s"} },
		"Destination.CrossAccountRoleARN: required together with Destination.RoleARN; leave both empty for a stream in the same account": func(r *flowlogs.Request) {
			r.Destination = flowlogs.Firehose{StreamARN: someStream, RoleARN: someRole}
		},
		`Tags "51 tags": want at most 50`: func(r *flowlogs.Request) {
			r.Tags = make(map[string]string)
			for i := range 51 {
				r.Tags[strconv.Itoa(i)] = ""
			}
		},
		`Tags["k"] "vvvvv`: func(r *flowlogs.Request) { r.Tags = map[string]string{"k": strings.Repeat("v", 257)} },
		`TagFields[0].Keys "0 keys": want one or two`: func(r *flowlogs.Request) {
			r.TagFields = []flowlogs.TagField{{ResourceType: flowlogs.TagFieldInstance}}
		},
	} {
		req := vpcRequest(1)
		change(&req)
		err := req.Validate()
		require.ErrorContains(t, err, want)
		var invalid *flowlogs.ValidationError
		require.ErrorAs(t, err, &invalid)
		assert.Len(t, invalid.Fields, 1)
		_, err = req.Input()
		require.Error(t, err)
	}
}

func TestValidatingAllocatesNothing(t *testing.T) {
	req := vpcRequest(300)
	req.LogFormat = flowlogs.DefaultLogFormat(flowlogs.ResourceTypeVPC)
	req.Tags = map[string]string{"team": "net", "stage": "prod"}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if err := req.Validate(); err != nil {
			t.Fatal(err)
		}
	}))
}

func TestAllocationsDoNotGrowWithTheIDs(t *testing.T) {
	allocs := func(n int) float64 {
		client, req := flowlogs.New(noopAPI{&ec2.CreateFlowLogsOutput{FlowLogIds: make([]string, n)}}), vpcRequest(n)
		return testing.AllocsPerRun(100, func() {
			if _, err := client.Create(t.Context(), req); err != nil {
				t.Fatal(err)
			}
		})
	}
	assert.InDelta(t, allocs(1), allocs(300), 1)
}
