package flowlogs

import (
	"slices"
	"strings"
)

// partitions are those of the SDK's own endpoint rules.
// https://github.com/aws/aws-sdk-go-v2/blob/main/internal/endpoints/awsrulesfn/partitions.json
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"}

// arnRule is what the ARN of one kind of thing looks like.
type arnRule struct {
	form       string
	service    string
	regional   bool // has a Region
	account    bool // has an account
	sameRegion bool // of the call
	resource   func(string) string
}

// logGroupARN: "LogDestination must be in the same region as the API caller.";
// of the suffix, https://github.com/hashicorp/terraform-provider-aws/issues/6373
var logGroupARN = arnRule{
	form:       "arn:aws:logs:<region>:<account>:log-group:<name>",
	service:    "logs",
	regional:   true,
	account:    true,
	sameRegion: true,
	resource: func(resource string) string {
		name, ok := strings.CutPrefix(resource, "log-group:")
		if !ok {
			return `want a resource "log-group:<name>"`
		}
		if strings.HasSuffix(name, ":*") {
			return `want the ARN without ":*": EC2 accepts it, but then never delivers`
		}
		return logGroupNameProblem(name)
	},
}

// bucketARN: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
var bucketARN = arnRule{
	form:    "arn:aws:s3:::<bucket> or arn:aws:s3:::<bucket>/<folder>/",
	service: "s3",
	resource: func(resource string) string {
		bucket, folders, _ := strings.Cut(resource, "/")
		if bucket == "" || strings.Contains(bucket, ":") {
			return "want the name of a bucket"
		}
		for folder := range strings.SplitSeq(folders, "/") {
			if folder == "AWSLogs" {
				return "want a folder other than AWSLogs, which is reserved: EC2 itself appends it"
			}
		}
		return ""
	},
}

// streamARN: https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html
// The form "deliverystream:name" that some pages of AWS show is none that
// Firehose has.
var streamARN = arnRule{
	form:     "arn:aws:firehose:<region>:<account>:deliverystream/<name>",
	service:  "firehose",
	regional: true,
	account:  true,
	resource: func(resource string) string {
		name, ok := strings.CutPrefix(resource, "deliverystream/")
		if !ok || name == "" || len(name) > 64 || !only(name, alphanumeric+"_.-") {
			return `want a resource "deliverystream/<name>", the name of 1 to 64 of a-z, A-Z, 0-9, '_', '.', '-'`
		}
		return ""
	},
}

// roleARN: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
var roleARN = arnRule{
	form:    "arn:aws:iam::<account>:role/<name>",
	service: "iam",
	account: true,
	resource: func(resource string) string {
		name, ok := strings.CutPrefix(resource, "role/")
		if !ok || name == "" || strings.HasSuffix(name, "/") {
			return `want a resource "role/<name>"`
		}
		return ""
	},
}

// crossAccountRoleARN: the name of the role in the account of the stream is
// prescribed by
// https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html
var crossAccountRoleARN = arnRule{
	form:    roleARN.form,
	service: roleARN.service,
	account: roleARN.account,
	resource: func(resource string) string {
		if problem := roleARN.resource(resource); problem != "" {
			return problem
		}
		name := resource[strings.LastIndex(resource, "/")+1:]
		if !strings.HasPrefix(name, "AWSLogDeliveryFirehoseCrossAccountRole") {
			return "want a role whose name starts with AWSLogDeliveryFirehoseCrossAccountRole"
		}
		return ""
	},
}

// problem says what is wrong with an ARN, "" if nothing is. Region is that of the
// call, empty where it is not known. The SDK's arn.Parse is not used because it
// allocates.
func (rule *arnRule) problem(s, region string) string {
	prefix, rest, _ := strings.Cut(s, ":")
	partition, rest, _ := strings.Cut(rest, ":")
	service, rest, _ := strings.Cut(rest, ":")
	arnRegion, rest, _ := strings.Cut(rest, ":")
	account, resource, ok := strings.Cut(rest, ":")
	switch {
	case !ok || prefix != "arn":
		return "want an ARN, " + rule.form
	case !slices.Contains(partitions, partition):
		return "want a partition of AWS, one of " + strings.Join(partitions, ", ")
	case service != rule.service:
		return "want an ARN of service " + rule.service + ", " + rule.form
	case rule.regional != (arnRegion != "") || !only(arnRegion, lower+digits+"-"):
		return "want " + withOrWithout(rule.regional) + " a Region, " + rule.form
	case rule.account && !isAccount(account) || !rule.account && account != "":
		return "want " + withOrWithout(rule.account) + " an account of 12 digits, " + rule.form
	case rule.sameRegion && region != "" && arnRegion != region:
		return "want the Region of the call, " + region
	}
	return rule.resource(resource)
}

func withOrWithout(with bool) string {
	if with {
		return "with"
	}
	return "without"
}

func isAccount(s string) bool { return len(s) == 12 && only(s, digits) }

// logGroupNameProblem: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
func logGroupNameProblem(name string) string {
	switch {
	case name == "" || len(name) > 512 || !only(name, alphanumeric+"_-/.#"):
		return "want a name of 1 to 512 of a-z, A-Z, 0-9, '_', '-', '/', '.', '#'"
	case strings.HasPrefix(name, "aws/"):
		return `want a name that does not start with "aws/", which is reserved`
	}
	return ""
}

const (
	digits       = "0123456789"
	lower        = "abcdefghijklmnopqrstuvwxyz"
	alphanumeric = digits + lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// only reports whether s has no bytes but those of chars.
func only(s, chars string) bool { return strings.Trim(s, chars) == "" }
