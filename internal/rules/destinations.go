package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// requirement says whether a type of destination has a parameter.
type requirement uint8

const (
	forbidden requirement = iota
	optional
	required
	bothOrNeither // both roles or neither
)

// destinationRule says which parameters one type of destination has, and what its ARN
// looks like.
type destinationRule struct {
	typ              types.LogDestinationType
	logGroupName     requirement
	roleARN          requirement
	crossAccountRole requirement
	options          requirement
	arn              *arnRule
}

// destinationRules:
//   - "LogDestination type must be cloud-watch-logs if LogGroupName is provided."
//   - "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs."
//   - "DeliverLogsPermissionArn is not applicable for s3 delivery"
//   - "When providing a role for cross-account delivery, both the
//     DeliverLogsPermissionArn and DeliverCrossAccountRole fields must be set."
//   - "DestinationOptions is not supported when LogDestinationType is cloud-watch-logs";
//     they are options of S3,
//     https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-create-flow-log.html
//   - a cross-account role is for Firehose,
//     https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html
var destinationRules = []destinationRule{
	{typ: types.LogDestinationTypeCloudWatchLogs, logGroupName: optional, roleARN: required, arn: &logGroupARN},
	{typ: types.LogDestinationTypeS3, options: optional, arn: &bucketARN},
	{typ: types.LogDestinationTypeKinesisDataFirehose, roleARN: bothOrNeither, crossAccountRole: bothOrNeither, arn: &streamARN},
}

// destination checks the destination. A missing type is CloudWatch Logs.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func (c *checker) destination(in *ec2.CreateFlowLogsInput) {
	typ := cmp.Or(in.LogDestinationType, types.LogDestinationTypeCloudWatchLogs)
	c.report("LogDestinationType", string(typ), enumProblem(typ, destinationTypes).unfit())
	i := slices.IndexFunc(destinationRules, func(r destinationRule) bool { return r.typ == typ })
	if i < 0 { // EC2 decides which parameters it has
		if aws.ToString(in.LogDestination) == "" && aws.ToString(in.LogGroupName) == "" {
			c.report("LogDestination", "", unsendable("required: the ARN of the destination"))
		}
		return
	}
	rule := &destinationRules[i]
	c.forbidden(rule, in)
	c.destinationName(rule, in)
	c.roles(rule, in)
	if o := in.DestinationOptions; o != nil && o.FileFormat != "" && rule.options != forbidden {
		c.report("DestinationOptions.FileFormat", string(o.FileFormat), enumProblem(o.FileFormat, fileFormats))
	}
}

// forbidden rejects parameters that the destination does not have.
func (c *checker) forbidden(rule *destinationRule, in *ec2.CreateFlowLogsInput) {
	options := ""
	if o := in.DestinationOptions; o != nil && *o != (types.DestinationOptionsRequest{}) {
		options = "{…}"
	}
	for _, parameter := range []struct {
		requirement requirement
		path, value string
	}{
		{rule.logGroupName, "LogGroupName", aws.ToString(in.LogGroupName)},
		{rule.roleARN, "DeliverLogsPermissionArn", aws.ToString(in.DeliverLogsPermissionArn)},
		{rule.crossAccountRole, "DeliverCrossAccountRole", aws.ToString(in.DeliverCrossAccountRole)},
		{rule.options, "DestinationOptions", options},
	} {
		if parameter.requirement == forbidden && parameter.value != "" {
			c.report(parameter.path, parameter.value, wrong("not allowed with destination type "+string(rule.typ)).unfit())
		}
	}
}

// destinationName checks the ARN and the name of the destination, one of which is
// required.
func (c *checker) destinationName(rule *destinationRule, in *ec2.CreateFlowLogsInput) {
	name, arn := aws.ToString(in.LogGroupName), aws.ToString(in.LogDestination)
	named := rule.logGroupName != forbidden
	switch {
	case named && arn != "" && name != "":
		c.report("LogGroupName", name, wrong("set LogGroupName or LogDestination, not both"))
	case named && arn == "" && name == "":
		c.report("LogGroupName", "", unsendable("required without LogDestination"))
	case arn == "" && !named:
		c.report("LogDestination", "", unsendable("required: the ARN of the destination, "+rule.arn.form))
	}
	switch other := typeOfARN(arn); {
	case arn == "":
	case in.LogDestinationType == "" && other != "":
		c.report("LogDestination", arn, wrong("set LogDestinationType to "+other+" for this ARN: the default, cloud-watch-logs, needs the ARN of a log group"))
	default:
		c.report("LogDestination", arn, rule.arn.problem(arn, c.region))
		if rule.arn == &logGroupARN {
			c.sameAccount(arn, aws.ToString(in.DeliverLogsPermissionArn))
		}
	}
	if named && name != "" {
		c.report("LogGroupName", name, logGroupNameProblem(name))
	}
}

// sameAccount: "cross-account flow logs from Amazon CloudWatch Logs are not supported".
// https://docs.aws.amazon.com/prescriptive-guidance/latest/patterns/configure-vpc-flow-logs-for-centralization-across-aws-accounts.html
func (c *checker) sameAccount(logGroup, role string) {
	group, account := accountOf(logGroup), accountOf(role)
	if isAccount(group) && isAccount(account) && group != account {
		c.report("LogDestination", logGroup, wrong("want a log group in the account of the role, "+account))
	}
}

// typeOfARN returns the type of the destination that an ARN belongs to, unless that is
// the default.
func typeOfARN(arn string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(arn, "arn:"), ":")
	switch service, _, _ := strings.Cut(rest, ":"); service {
	case "s3":
		return string(types.LogDestinationTypeS3)
	case "firehose":
		return string(types.LogDestinationTypeKinesisDataFirehose)
	default:
		return ""
	}
}

func (c *checker) roles(rule *destinationRule, in *ec2.CreateFlowLogsInput) {
	role, crossAccountRole := aws.ToString(in.DeliverLogsPermissionArn), aws.ToString(in.DeliverCrossAccountRole)
	switch {
	case rule.roleARN == required && role == "":
		c.report("DeliverLogsPermissionArn", "", wrong("required: the ARN of the IAM role that publishes the flow logs"))
	case rule.roleARN == bothOrNeither && role == "" && crossAccountRole != "":
		c.report("DeliverLogsPermissionArn", "", wrong("required together with DeliverCrossAccountRole"))
	case rule.roleARN == bothOrNeither && role != "" && crossAccountRole == "":
		c.report("DeliverCrossAccountRole", "", wrong("required together with DeliverLogsPermissionArn; leave both empty for a stream in the same account"))
	}
	if role != "" && rule.roleARN != forbidden {
		c.report("DeliverLogsPermissionArn", role, roleARN.problem(role, c.region))
	}
	if crossAccountRole != "" && rule.crossAccountRole != forbidden {
		c.report("DeliverCrossAccountRole", crossAccountRole, crossAccountRoleProblem(crossAccountRole, aws.ToString(in.LogDestination), c.region))
	}
}

// logGroupARN: "LogDestination must be in the same region as the API caller.";
// the suffix is that of
// https://github.com/hashicorp/terraform-provider-aws/issues/6373
var logGroupARN = arnRule{
	form:       "arn:aws:logs:<region>:<account>:log-group:<name>",
	service:    "logs",
	regional:   true,
	account:    true,
	sameRegion: true,
	resource: func(resource string) Problem {
		name, ok := strings.CutPrefix(resource, "log-group:")
		if !ok {
			return wrong(`want a resource "log-group:<name>"`)
		}
		if strings.HasSuffix(name, ":*") {
			return wrong(`want the ARN without ":*": with it, EC2 creates the flow log but never delivers`)
		}
		return logGroupNameProblem(name)
	},
}

// logGroupNameProblem: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
func logGroupNameProblem(name string) Problem {
	switch {
	case name == "" || len(name) > 512 || !only(name, alphanumeric+"_-/.#"):
		return wrong("want a name of 1 to 512 of a-z, A-Z, 0-9, '_', '-', '/', '.', '#'")
	case strings.HasPrefix(name, "aws/"):
		return wrong(`want a name that does not start with "aws/", which is reserved`)
	}
	return Problem{}
}

// bucketARN: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
var bucketARN = arnRule{
	form:    "arn:aws:s3:::<bucket> or arn:aws:s3:::<bucket>/<folder>/",
	service: "s3",
	resource: func(resource string) Problem {
		bucket, folders, _ := strings.Cut(resource, "/")
		if p := bucketNameProblem(bucket); p.found() {
			return p
		}
		if slices.Contains(strings.Split(folders, "/"), "AWSLogs") {
			return wrong("remove the folder AWSLogs: EC2 appends it itself")
		}
		return Problem{}
	},
}

// bucketNameProblem: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
// Buckets created in us-east-1 before March 2018 may have other names, with upper
// case letters and underscores: they need Options.Allow, since such a name is more
// often a mistake. The least length of three is left to EC2.
func bucketNameProblem(name string) Problem {
	const ends = lower + digits
	isIPAddress := strings.Count(name, ".") == 3 && only(name, digits+".")
	switch {
	case name == "":
		return wrong("want the name of a bucket")
	case len(name) > 63 || !only(name, ends+".-"):
		return wrong("want the name of a bucket: at most 63 of a-z, 0-9, '.', '-'")
	case !only(name[:1], ends) || !only(name[len(name)-1:], ends):
		return wrong("want the name of a bucket, which starts and ends with a letter or digit")
	case strings.Contains(name, "..") || isIPAddress:
		return wrong(`a bucket name has no ".." and does not look like an IP address`)
	}
	return Problem{}
}

// streamARN: https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html
// Firehose has no ARN of the form "deliverystream:name", which some pages of AWS
// show.
var streamARN = arnRule{
	form:     "arn:aws:firehose:<region>:<account>:deliverystream/<name>",
	service:  "firehose",
	regional: true,
	account:  true,
	resource: func(resource string) Problem {
		name, ok := strings.CutPrefix(resource, "deliverystream/")
		if !ok || name == "" || len(name) > 64 || !only(name, alphanumeric+"_.-") {
			return wrong(`want a resource "deliverystream/<name>", the name of 1 to 64 of a-z, A-Z, 0-9, '_', '.', '-'`)
		}
		return Problem{}
	},
}

// crossAccountRoleProblem: the role is in the account of the stream, and its name
// starts with a prescribed word.
// https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html
func crossAccountRoleProblem(role, stream, region string) Problem {
	if p := roleARN.problem(role, region); p.found() {
		return p
	}
	if account := accountOf(stream); isAccount(account) && accountOf(role) != account {
		return wrong("want a role in the account of the stream, " + account)
	}
	if name := role[strings.LastIndexByte(role, '/')+1:]; !strings.HasPrefix(name, "AWSLogDeliveryFirehoseCrossAccountRole") {
		return wrong("want a role whose name starts with AWSLogDeliveryFirehoseCrossAccountRole")
	}
	return Problem{}
}
