package flowlogs

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// partitions are those of the SDK's endpoint rules.
// https://github.com/aws/aws-sdk-go-v2/blob/main/internal/endpoints/awsrulesfn/partitions.json
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"}

// arnRule is what the ARNs of one kind look like.
type arnRule struct {
	form       string
	service    string
	regional   bool // has a Region
	account    bool // has an account
	sameRegion bool // its Region must be that of the call
	resource   func(string) problem
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
	resource: func(resource string) problem {
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

// bucketARN: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
var bucketARN = arnRule{
	form:    "arn:aws:s3:::<bucket> or arn:aws:s3:::<bucket>/<folder>/",
	service: "s3",
	resource: func(resource string) problem {
		bucket, folders, _ := strings.Cut(resource, "/")
		if p := bucketNameProblem(bucket); p.found() {
			return p
		}
		for folder := range strings.SplitSeq(folders, "/") {
			if folder == "AWSLogs" {
				return wrong("want a folder other than AWSLogs, which is reserved: EC2 appends it")
			}
		}
		return problem{}
	},
}

// streamARN: https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html
// Firehose has no ARN of the form "deliverystream:name", which some pages of AWS
// show.
var streamARN = arnRule{
	form:     "arn:aws:firehose:<region>:<account>:deliverystream/<name>",
	service:  "firehose",
	regional: true,
	account:  true,
	resource: func(resource string) problem {
		name, ok := strings.CutPrefix(resource, "deliverystream/")
		if !ok || name == "" || len(name) > 64 || !only(name, alphanumeric+"_.-") {
			return wrong(`want a resource "deliverystream/<name>", the name of 1 to 64 of a-z, A-Z, 0-9, '_', '.', '-'`)
		}
		return problem{}
	},
}

// roleARN: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
var roleARN = arnRule{
	form:    "arn:aws:iam::<account>:role/<name>",
	service: "iam",
	account: true,
	resource: func(resource string) problem {
		name, ok := strings.CutPrefix(resource, "role/")
		if !ok || name == "" || strings.HasSuffix(name, "/") {
			return wrong(`want a resource "role/<name>"`)
		}
		return problem{}
	},
}

// problem returns what is wrong with an ARN for a call in region, which is "" if it is
// not known. The SDK's arn.Parse is not used because it allocates.
func (rule *arnRule) problem(s, region string) problem {
	prefix, rest, _ := strings.Cut(s, ":")
	partition, rest, _ := strings.Cut(rest, ":")
	service, rest, _ := strings.Cut(rest, ":")
	arnRegion, rest, _ := strings.Cut(rest, ":")
	account, resource, ok := strings.Cut(rest, ":")
	switch {
	case !ok || prefix != "arn":
		return wrong("want an ARN, " + rule.form)
	case !utf8.ValidString(s):
		return wrong(notUTF8)
	case service != rule.service:
		return wrong("want an ARN of service " + rule.service + ", " + rule.form)
	case !rule.regional && arnRegion != "":
		return wrong("want an ARN without a Region, " + rule.form)
	case rule.regional && (arnRegion == "" || !only(arnRegion, lower+digits+"-")):
		return wrong("want an ARN with a Region, " + rule.form)
	case !rule.account && account != "":
		return wrong("want an ARN without an account, " + rule.form)
	case rule.account && !isAccount(account):
		return wrong("want an ARN with an account of 12 digits, " + rule.form)
	case rule.sameRegion && region != "" && arnRegion != region:
		return wrong("want the Region of the call, " + region)
	}
	if p := rule.resource(resource); p.found() {
		return p
	}
	if !slices.Contains(partitions, partition) { // last: only this one may be valid in a later release
		return unknown("want a partition of AWS, " + oneOf(partitions))
	}
	return problem{}
}

// destinationTypeOf returns the type of destination that an ARN is of, if that is not
// the default, else "".
func destinationTypeOf(arn string) string {
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

// accountOf returns the account in an ARN, "" if there is none.
func accountOf(arn string) string {
	for range 4 {
		_, arn, _ = strings.Cut(arn, ":")
	}
	account, _, _ := strings.Cut(arn, ":")
	return account
}

func isAccount(s string) bool { return len(s) == 12 && only(s, digits) }

const (
	digits       = "0123456789"
	lower        = "abcdefghijklmnopqrstuvwxyz"
	alphanumeric = digits + lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// only reports whether all bytes of s are in chars.
func only(s, chars string) bool { return strings.Trim(s, chars) == "" }
