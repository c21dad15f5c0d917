package flowlogs

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Destination is where flow log records are published. The destinations are
// [CloudWatchLogs], [S3] and [Firehose]; no other type can implement it.
type Destination interface{ target() target }

// CloudWatchLogs publishes to a log group in Amazon CloudWatch Logs.
type CloudWatchLogs struct {
	// LogGroupName is the name of a new or existing log group. Exactly one of it
	// and LogGroupARN is required.
	LogGroupName string

	// LogGroupARN is the ARN of a log group in the Region of the call, without
	// the ":*" that CloudWatch Logs itself appends: with it, EC2 creates the flow
	// log but never delivers a record.
	// https://github.com/hashicorp/terraform-provider-aws/issues/6373
	LogGroupARN string

	// RoleARN is the IAM role that EC2 assumes to publish. Required; it must
	// belong to the caller's account.
	// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
	RoleARN string
}

// S3 publishes to a bucket in Amazon S3.
type S3 struct {
	// BucketARN is the bucket and, optionally, a folder in it:
	// "arn:aws:s3:::bucket" or "arn:aws:s3:::bucket/folder/". Required. The name
	// AWSLogs is reserved: EC2 itself appends "/AWSLogs/<account>/vpcflowlogs/".
	BucketARN string

	// FileFormat is FileFormatPlainText or FileFormatParquet. Empty: plain text.
	FileFormat FileFormat

	// HiveCompatiblePartitions writes prefixes that Hive-compatible tools read.
	HiveCompatiblePartitions bool

	// PerHourPartition partitions by hour instead of by day.
	PerHourPartition bool
}

// FileFormat is the format of the files that a flow log writes to [S3].
type FileFormat = types.DestinationFileFormat

// The formats of files.
const (
	FileFormatPlainText = types.DestinationFileFormatPlainText
	FileFormatParquet   = types.DestinationFileFormatParquet
)

// Firehose publishes to an Amazon Data Firehose stream.
type Firehose struct {
	// StreamARN is the ARN of the stream. Required.
	StreamARN string

	// RoleARN and CrossAccountRoleARN are given together when the stream is in
	// another account, and both left empty when it is in the caller's own: RoleARN
	// is the role in the caller's account, CrossAccountRoleARN the one in the
	// stream's, whose name starts with AWSLogDeliveryFirehoseCrossAccountRole.
	// https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html
	RoleARN, CrossAccountRoleARN string
}

// target is a destination as the parameters of the operation spell it: the form
// that all destinations, typed or raw, are validated and sent in.
type target struct {
	typ                 types.LogDestinationType
	logGroupName        string
	arn                 string
	roleARN             string
	crossAccountRoleARN string

	hasOptions               bool // whether there are destination options at all
	fileFormat               FileFormat
	hiveCompatiblePartitions bool
	perHourPartition         bool
}

func (d CloudWatchLogs) target() target {
	return target{
		typ:          types.LogDestinationTypeCloudWatchLogs,
		logGroupName: d.LogGroupName,
		arn:          d.LogGroupARN,
		roleARN:      d.RoleARN,
	}
}

func (d S3) target() target {
	return target{
		typ:                      types.LogDestinationTypeS3,
		arn:                      d.BucketARN,
		hasOptions:               d.FileFormat != "" || d.HiveCompatiblePartitions || d.PerHourPartition,
		fileFormat:               d.FileFormat,
		hiveCompatiblePartitions: d.HiveCompatiblePartitions,
		perHourPartition:         d.PerHourPartition,
	}
}

func (d Firehose) target() target {
	return target{
		typ:                 types.LogDestinationTypeKinesisDataFirehose,
		arn:                 d.StreamARN,
		roleARN:             d.RoleARN,
		crossAccountRoleARN: d.CrossAccountRoleARN,
	}
}

// destination is the typed form of t, nil for an unknown type.
func (t target) destination() Destination {
	switch t.typ {
	case types.LogDestinationTypeCloudWatchLogs:
		return CloudWatchLogs{LogGroupName: t.logGroupName, LogGroupARN: t.arn, RoleARN: t.roleARN}
	case types.LogDestinationTypeS3:
		return S3{
			BucketARN:                t.arn,
			FileFormat:               t.fileFormat,
			HiveCompatiblePartitions: t.hiveCompatiblePartitions,
			PerHourPartition:         t.perHourPartition,
		}
	case types.LogDestinationTypeKinesisDataFirehose:
		return Firehose{StreamARN: t.arn, RoleARN: t.roleARN, CrossAccountRoleARN: t.crossAccountRoleARN}
	}
	return nil
}

// inputTarget reads the destination of a raw input. A destination type that is
// left out means CloudWatch Logs, and an empty string is a parameter left out.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func inputTarget(in *ec2.CreateFlowLogsInput) target {
	t := target{
		typ:                 in.LogDestinationType,
		logGroupName:        aws.ToString(in.LogGroupName),
		arn:                 aws.ToString(in.LogDestination),
		roleARN:             aws.ToString(in.DeliverLogsPermissionArn),
		crossAccountRoleARN: aws.ToString(in.DeliverCrossAccountRole),
	}
	if t.typ == "" {
		t.typ = types.LogDestinationTypeCloudWatchLogs
	}
	if o := in.DestinationOptions; o != nil {
		t.hasOptions = true
		t.fileFormat = o.FileFormat
		t.hiveCompatiblePartitions = aws.ToBool(o.HiveCompatiblePartitions)
		t.perHourPartition = aws.ToBool(o.PerHourPartition)
	}
	return t
}

// target is the request's destination, and false where it has none.
func (r Request) target() (target, bool) {
	switch d := r.Destination.(type) {
	case nil:
		return target{}, false
	case *CloudWatchLogs: // a pointer has the methods of its value, and may be nil
		return pointedTarget(d)
	case *S3:
		return pointedTarget(d)
	case *Firehose:
		return pointedTarget(d)
	default:
		return d.target(), true
	}
}

func pointedTarget[D Destination](d *D) (target, bool) {
	if d == nil {
		return target{}, false
	}
	return (*d).target(), true
}

// presence says whether a parameter goes with a destination.
type presence uint8

const (
	refused presence = iota
	optional
	required
	paired // both roles or neither
)

// destinationRule is which parameters go with one type of destination, and what
// its ARN looks like.
type destinationRule struct {
	typ              types.LogDestinationType
	logGroupName     presence
	roleARN          presence
	crossAccountRole presence
	options          presence
	arnPath          string // in a Request
	arn              arnRule
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
	{
		typ:          types.LogDestinationTypeCloudWatchLogs,
		logGroupName: optional,
		roleARN:      required,
		arnPath:      "Destination.LogGroupARN",
		arn:          logGroupARN,
	},
	{
		typ:     types.LogDestinationTypeS3,
		options: optional,
		arnPath: "Destination.BucketARN",
		arn:     bucketARN,
	},
	{
		typ:              types.LogDestinationTypeKinesisDataFirehose,
		roleARN:          paired,
		crossAccountRole: paired,
		arnPath:          "Destination.StreamARN",
		arn:              streamARN,
	},
}

func destinationRuleOf(t types.LogDestinationType) *destinationRule {
	for i := range destinationRules {
		if destinationRules[i].typ == t {
			return &destinationRules[i]
		}
	}
	return nil
}

func (v *validator) destination(t target) {
	rule := v.destinationShape(t)
	if rule == nil {
		return
	}
	arnPath := v.paths.arn
	if arnPath == "" {
		arnPath = rule.arnPath
	}
	switch {
	case t.arn != "" && t.logGroupName != "" && rule.logGroupName != refused:
		v.add(v.paths.logGroupName, t.logGroupName, "want only one of it and "+arnPath)
	case t.arn == "" && t.logGroupName == "" && rule.logGroupName != refused:
		v.add(v.paths.logGroupName, "", "required, unless "+arnPath+" is given")
	case t.arn == "" && t.logGroupName == "":
		v.add(arnPath, "", "required: the ARN of the destination, "+rule.arn.form)
	}
	if t.arn != "" {
		v.check(arnPath, t.arn, rule.arn.problem(t.arn, v.region))
	}
	if t.logGroupName != "" {
		v.check(v.paths.logGroupName, t.logGroupName, logGroupNameProblem(t.logGroupName))
	}
	v.roles(rule, t)
	if f := t.fileFormat; f != "" && f != FileFormatPlainText && f != FileFormatParquet {
		v.add(v.paths.fileFormat, string(f), "want one of plain-text, parquet")
	}
}

func (v *validator) roles(rule *destinationRule, t target) {
	switch {
	case rule.roleARN == required && t.roleARN == "":
		v.add(v.paths.roleARN, "", "required: the ARN of the IAM role that publishes the flow logs")
	case rule.roleARN == paired && t.roleARN == "" && t.crossAccountRoleARN != "":
		v.add(v.paths.roleARN, "", "required together with "+v.paths.crossAccountRoleARN)
	case rule.roleARN == paired && t.roleARN != "" && t.crossAccountRoleARN == "":
		v.add(v.paths.crossAccountRoleARN, "", "required together with "+v.paths.roleARN+"; leave both empty for a stream in the same account")
	}
	if t.roleARN != "" && rule.roleARN != refused {
		v.check(v.paths.roleARN, t.roleARN, roleARN.problem(t.roleARN, ""))
	}
	if t.crossAccountRoleARN != "" && rule.crossAccountRole != refused {
		v.check(v.paths.crossAccountRoleARN, t.crossAccountRoleARN, crossAccountRoleARN.problem(t.crossAccountRoleARN, ""))
	}
}

// destinationShape refuses the parameters that do not go with the destination,
// and returns its rule, nil for an unknown type.
func (v *validator) destinationShape(t target) *destinationRule {
	rule := destinationRuleOf(t.typ)
	if rule == nil {
		v.add(v.paths.destination, string(t.typ), "want one of cloud-watch-logs, s3, kinesis-data-firehose")
		return nil
	}
	refuse := func(p presence, path, value string) {
		if p == refused && value != "" {
			v.add(path, value, "leave it out: it does not go with destination type "+string(t.typ))
		}
	}
	refuse(rule.logGroupName, v.paths.logGroupName, t.logGroupName)
	refuse(rule.roleARN, v.paths.roleARN, t.roleARN)
	refuse(rule.crossAccountRole, v.paths.crossAccountRoleARN, t.crossAccountRoleARN)
	if t.hasOptions {
		refuse(rule.options, "DestinationOptions", "{…}")
	}
	return rule
}
