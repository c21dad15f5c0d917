package flowlogs

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// requirement says whether a parameter goes with a type of destination.
type requirement uint8

const (
	forbidden requirement = iota
	optional
	required
	bothOrNeither // of the two roles
)

// destinationRule is which parameters go with one type of destination, and what
// its ARN looks like.
type destinationRule struct {
	typ              types.LogDestinationType
	logGroupName     requirement
	roleARN          requirement
	crossAccountRole requirement
	options          requirement
	arn              *arnRule
	arnPath          string // in a Request
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
		arn:          &logGroupARN,
		arnPath:      "Destination.LogGroupARN",
	},
	{
		typ:     types.LogDestinationTypeS3,
		options: optional,
		arn:     &bucketARN,
		arnPath: "Destination.BucketARN",
	},
	{
		typ:              types.LogDestinationTypeKinesisDataFirehose,
		roleARN:          bothOrNeither,
		crossAccountRole: bothOrNeither,
		arn:              &streamARN,
		arnPath:          "Destination.StreamARN",
	},
}

// destinationRuleOf is nil for a type without a rule.
func destinationRuleOf(t types.LogDestinationType) *destinationRule {
	for i := range destinationRules {
		if destinationRules[i].typ == t {
			return &destinationRules[i]
		}
	}
	return nil
}

// logGroupNameProblem: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
func logGroupNameProblem(name string) problem {
	switch {
	case name == "" || len(name) > 512 || !only(name, alphanumeric+"_-/.#"):
		return wrong("want a name of 1 to 512 of a-z, A-Z, 0-9, '_', '-', '/', '.', '#'")
	case strings.HasPrefix(name, "aws/"):
		return wrong(`want a name that does not start with "aws/", which is reserved`)
	}
	return problem{}
}

// bucketNameProblem: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
// Buckets created in us-east-1 before March 2018 may have other names, with upper
// case letters and underscores: they need Options.Allow, since such a name is more
// often a mistake. The least length of three is left to EC2.
func bucketNameProblem(name string) problem {
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
		return wrong(`want the name of a bucket, without ".." and unlike an IP address`)
	}
	return problem{}
}

// crossAccountRoleProblem: the role is in the account of the stream, and its name
// starts with a prescribed word.
// https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html
func crossAccountRoleProblem(role, stream string) problem {
	if p := roleARN.problem(role, ""); p.found() {
		return p
	}
	if account := accountOf(stream); isAccount(account) && accountOf(role) != account {
		return wrong("want a role in the account of the stream, " + account)
	}
	if name := role[strings.LastIndexByte(role, '/')+1:]; !strings.HasPrefix(name, "AWSLogDeliveryFirehoseCrossAccountRole") {
		return wrong("want a role whose name starts with AWSLogDeliveryFirehoseCrossAccountRole")
	}
	return problem{}
}
