package flowlogs

import "github.com/aws/aws-sdk-go-v2/service/ec2/types"

// Destination is where flow log records are published: a [CloudWatchLogs], [S3] or
// [Firehose], or a pointer to one. No other type can implement it.
type Destination interface{ target() target }

// CloudWatchLogs publishes to a log group in Amazon CloudWatch Logs.
type CloudWatchLogs struct {
	// LogGroupName is the name of a new or existing log group. Exactly one of
	// LogGroupName and LogGroupARN is required.
	LogGroupName string

	// LogGroupARN is the ARN of a log group in the Region of the call, without the
	// ":*" that CloudWatch Logs appends: with it, EC2 creates the flow log but never
	// delivers a record.
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

// target is a destination as parameters of the operation, the form in which every
// destination is validated and sent. The zero target is no destination.
type target struct {
	typ                 types.LogDestinationType
	logGroupName        string
	arn                 string
	roleARN             string
	crossAccountRoleARN string

	hasOptions               bool // whether any destination option is sent
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

// targetOf is the target of d. A nil pointer is no destination: calling its
// target method, which Go derives from that of the value, would panic.
func targetOf(d Destination) target {
	switch d := d.(type) {
	case nil:
		return target{}
	case *CloudWatchLogs:
		return targetOfPointer(d)
	case *S3:
		return targetOfPointer(d)
	case *Firehose:
		return targetOfPointer(d)
	default:
		return d.target()
	}
}

func targetOfPointer[D Destination](d *D) target {
	if d == nil {
		return target{}
	}
	return (*d).target()
}

// destination is the typed form of t, nil for a type that has none.
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
