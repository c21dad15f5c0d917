package flowlogstest

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var (
	logGroupARN  = regexp.MustCompile(`^arn:[a-z-]+:logs:([a-z0-9-]+):([0-9]{12}):log-group:([.\-_/#A-Za-z0-9]+)(:\*)?$`)
	bucketARN    = regexp.MustCompile(`^(arn:[a-z-]+:s3:::([A-Za-z0-9._-]+))(/[^[:cntrl:]]*)?$`)
	streamARN    = regexp.MustCompile(`^arn:[a-z-]+:firehose:[a-z0-9-]+:[0-9]{12}:deliverystream/[a-zA-Z0-9_.-]{1,64}$`)
	roleARN      = regexp.MustCompile(`^arn:[a-z-]+:iam::([0-9]{12}):role/[!-~]+$`)
	logGroupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
)

// checkDestination has EC2's messages for parameters that do not fit the destination. The
// order of the first three was seen on EC2: LogGroupName and LogDestination together with
// s3 get the first.
// https://github.com/localstack/localstack/blob/main/tests/aws/services/ec2/test_ec2.snapshot.json
func checkDestination(in *ec2.CreateFlowLogsInput, o Options) *apiError {
	kind := in.LogDestinationType
	if kind == "" {
		kind = types.LogDestinationTypeCloudWatchLogs
	}
	if !slices.Contains(kind.Values(), kind) {
		return invalidValue("LogDestinationType", string(kind)) // choice: the text is not known
	}

	name, arn := aws.ToString(in.LogGroupName), aws.ToString(in.LogDestination)
	switch {
	case name != "" && arn != "":
		return invalidParameter("Please only provide LogGroupName or only provide LogDestination.")
	case name == "" && arn == "":
		return invalidParameter("LogDestination can't be empty if LogGroupName is not provided.")
	case name != "" && kind != types.LogDestinationTypeCloudWatchLogs:
		return invalidParameter("LogDestination type must be cloud-watch-logs if LogGroupName is provided.")
	}
	if err := checkRoles(in, kind); err != nil {
		return err
	}
	if err := checkOptions(in, kind); err != nil {
		return err
	}

	switch kind {
	case types.LogDestinationTypeS3:
		return checkBucket(arn)
	case types.LogDestinationTypeKinesisDataFirehose:
		if !streamARN.MatchString(arn) {
			return badDestination(arn)
		}
		return nil
	}
	return checkLogGroup(in, o.Region)
}

// checkRoles has EC2's messages, from these sources in the order of its cases:
// https://github.com/badmintoncryer/cdk-preflight
// https://github.com/aws-samples/aws-secure-environment-accelerator/issues/1111
// https://github.com/hashicorp/terraform-provider-aws/issues/28577
func checkRoles(in *ec2.CreateFlowLogsInput, kind types.LogDestinationType) *apiError {
	role := aws.ToString(in.DeliverLogsPermissionArn) != ""
	crossAccountRole := aws.ToString(in.DeliverCrossAccountRole) != ""
	switch {
	case kind == types.LogDestinationTypeCloudWatchLogs && !role:
		return invalidParameter("DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.")
	case kind == types.LogDestinationTypeS3 && role:
		return invalidParameter("DeliverLogsPermissionArn is not applicable for s3 delivery")
	case kind == types.LogDestinationTypeKinesisDataFirehose && role != crossAccountRole:
		return invalidParameter("When providing a role for cross-account delivery, both the DeliverLogsPermissionArn and DeliverCrossAccountRole fields must be set.")
	}
	return nil
}

// checkOptions has EC2's message for cloud-watch-logs. Rejecting options for
// kinesis-data-firehose in the same way is a choice.
// https://github.com/terraform-aws-modules/terraform-aws-vpc/issues/702
func checkOptions(in *ec2.CreateFlowLogsInput, kind types.LogDestinationType) *apiError {
	o := in.DestinationOptions
	if o == nil {
		return nil
	}
	if kind != types.LogDestinationTypeS3 {
		return invalidParameter("DestinationOptions is not supported when LogDestinationType is %s", kind)
	}
	if o.FileFormat != "" && !slices.Contains(o.FileFormat.Values(), o.FileFormat) {
		return invalidValue("DestinationOptions.FileFormat", string(o.FileFormat)) // choice
	}
	return nil
}

// checkLogGroup has EC2's message on the Region:
// https://github.com/nozaq/terraform-aws-secure-baseline/issues/30
// AWS documents that delivery to CloudWatch Logs of another account is not supported. How
// EC2 responds is not known; rejecting the call is a choice.
// https://docs.aws.amazon.com/prescriptive-guidance/latest/patterns/configure-vpc-flow-logs-for-centralization-across-aws-accounts.html
func checkLogGroup(in *ec2.CreateFlowLogsInput, region string) *apiError {
	name, arn := aws.ToString(in.LogGroupName), aws.ToString(in.LogDestination)
	if arn != "" {
		group, ok := parseLogGroup(arn)
		if !ok {
			return badDestination(arn)
		}
		if group.region != region {
			return invalidParameter("LogDestination must be in the same region as the API caller.")
		}
		if role := roleARN.FindStringSubmatch(*in.DeliverLogsPermissionArn); role != nil && role[1] != group.account {
			return invalidParameter("LogDestination must be in the account of DeliverLogsPermissionArn.")
		}
		return nil
	}
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
	if !logGroupName.MatchString(name) || strings.HasPrefix(name, "aws/") {
		return invalidFormat("logGroupName", name) // choice: the text is not known
	}
	return nil
}

func checkBucket(arn string) *apiError {
	parts := bucketARN.FindStringSubmatch(arn)
	if parts == nil {
		return badDestination(arn)
	}
	if slices.Contains(strings.Split(parts[3], "/"), "AWSLogs") {
		// The name is reserved; the text is a choice.
		return invalidParameter("LogDestination: %s contains the reserved folder name AWSLogs", arn)
	}
	return nil
}

// badDestination is a choice: EC2's text for a malformed ARN is not known.
func badDestination(arn string) *apiError {
	return invalidParameter("LogDestination: %s is not a valid ARN", arn)
}

type logGroup struct{ region, account, name string }

func parseLogGroup(arn string) (group logGroup, ok bool) {
	parts := logGroupARN.FindStringSubmatch(arn)
	if parts == nil {
		return logGroup{}, false
	}
	return logGroup{region: parts[1], account: parts[2], name: parts[3]}, true
}

// parseBucket is for ARNs that checkBucket has accepted.
func parseBucket(destination string) (arn, name string) {
	parts := bucketARN.FindStringSubmatch(destination)
	return parts[1], parts[2]
}

// destinationName returns the name of the destination in messages. For a bucket it was
// seen on EC2; for the others it is a choice.
func destinationName(in *ec2.CreateFlowLogsInput) string {
	arn := aws.ToString(in.LogDestination)
	if in.LogDestinationType == types.LogDestinationTypeS3 {
		_, name := parseBucket(arn)
		return name
	}
	return cmp.Or(aws.ToString(in.LogGroupName), arn)
}

// assumable reports whether EC2 can assume a role. The role "must belong to your AWS
// account":
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
func assumable(role string, o Options) bool {
	parts := roleARN.FindStringSubmatch(role)
	return parts != nil && (o.AccountID == "" || parts[1] == o.AccountID) && exists(role, o.Roles)
}
