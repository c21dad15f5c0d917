package flowlogs

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Destination is where flow log records are published: a [CloudWatchLogs], [S3] or
// [Firehose], or a pointer to one. No other type can implement it.
type Destination interface {
	set(in *ec2.CreateFlowLogsInput)
}

// CloudWatchLogs publishes to a log group in Amazon CloudWatch Logs.
type CloudWatchLogs struct {
	// LogGroupName is the name of a new or existing log group. Exactly one of
	// LogGroupName and LogGroupARN is required.
	LogGroupName string

	// LogGroupARN is the ARN of a log group in the Region of the call, without the
	// ":*" that CloudWatch Logs appends: with it, EC2 creates the flow log but never
	// delivers a record. Its account must be the role's.
	// https://github.com/hashicorp/terraform-provider-aws/issues/6373
	LogGroupARN string

	// RoleARN is the IAM role that EC2 assumes to publish. Required. It must belong
	// to the caller's account.
	// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
	RoleARN string
}

// S3 publishes to a bucket in Amazon S3.
type S3 struct {
	// BucketARN is the bucket and, optionally, a folder in it:
	// "arn:aws:s3:::bucket" or "arn:aws:s3:::bucket/folder/". Required. AWSLogs is
	// reserved: EC2 appends "/AWSLogs/<account>/vpcflowlogs/" itself. The name must
	// follow today's rules of S3; for a bucket created before March 2018 that does not,
	// see Options.Allow.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
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

// The file formats.
const (
	FileFormatPlainText = types.DestinationFileFormatPlainText
	FileFormatParquet   = types.DestinationFileFormatParquet
)

// Firehose publishes to an Amazon Data Firehose stream. For a stream in the
// caller's account, both roles are empty; for one in another account, both are
// required.
// https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html
type Firehose struct {
	// StreamARN is the ARN of the stream. Required.
	StreamARN string

	// RoleARN is the role in the caller's account.
	RoleARN string

	// CrossAccountRoleARN is the role in the account of the stream. Its name starts
	// with AWSLogDeliveryFirehoseCrossAccountRole.
	CrossAccountRoleARN string
}

func (d CloudWatchLogs) set(in *ec2.CreateFlowLogsInput) {
	in.LogDestinationType = types.LogDestinationTypeCloudWatchLogs
	in.LogGroupName = nonEmpty(d.LogGroupName)
	in.LogDestination = nonEmpty(d.LogGroupARN)
	in.DeliverLogsPermissionArn = nonEmpty(d.RoleARN)
}

func (d S3) set(in *ec2.CreateFlowLogsInput) {
	in.LogDestinationType = types.LogDestinationTypeS3
	in.LogDestination = nonEmpty(d.BucketARN)
	options := types.DestinationOptionsRequest{
		FileFormat:               d.FileFormat,
		HiveCompatiblePartitions: nonEmpty(d.HiveCompatiblePartitions),
		PerHourPartition:         nonEmpty(d.PerHourPartition),
	}
	in.DestinationOptions = nonEmpty(options)
}

func (d Firehose) set(in *ec2.CreateFlowLogsInput) {
	in.LogDestinationType = types.LogDestinationTypeKinesisDataFirehose
	in.LogDestination = nonEmpty(d.StreamARN)
	in.DeliverLogsPermissionArn = nonEmpty(d.RoleARN)
	in.DeliverCrossAccountRole = nonEmpty(d.CrossAccountRoleARN)
}

// isMissing reports whether d is no destination: nil or a nil pointer, whose methods,
// which Go derives from those of the value, would panic.
func isMissing(d Destination) bool {
	v := reflect.ValueOf(d)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// destinationOf returns the destination of an input, nil if it has none or one of an
// unknown type. A missing type is CloudWatch Logs.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func destinationOf(in *ec2.CreateFlowLogsInput) Destination {
	name, arn := aws.ToString(in.LogGroupName), aws.ToString(in.LogDestination)
	role, crossAccountRole := aws.ToString(in.DeliverLogsPermissionArn), aws.ToString(in.DeliverCrossAccountRole)
	options := types.DestinationOptionsRequest{}
	if in.DestinationOptions != nil {
		options = *in.DestinationOptions
	}
	switch in.LogDestinationType {
	case "":
		if name+arn+role+crossAccountRole == "" && options == (types.DestinationOptionsRequest{}) {
			return nil
		}
		fallthrough
	case types.LogDestinationTypeCloudWatchLogs:
		return CloudWatchLogs{LogGroupName: name, LogGroupARN: arn, RoleARN: role}
	case types.LogDestinationTypeS3:
		return S3{
			BucketARN:                arn,
			FileFormat:               options.FileFormat,
			HiveCompatiblePartitions: aws.ToBool(options.HiveCompatiblePartitions),
			PerHourPartition:         aws.ToBool(options.PerHourPartition),
		}
	case types.LogDestinationTypeKinesisDataFirehose:
		return Firehose{StreamARN: arn, RoleARN: role, CrossAccountRoleARN: crossAccountRole}
	}
	return nil
}
