package rules

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// partitions are those of the SDK's endpoint rules.
// https://github.com/aws/aws-sdk-go-v2/blob/main/internal/endpoints/awsrulesfn/partitions.json
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"}

// PartitionOf returns the partition of a Region, "" if it is not known. Its rules are
// those of the SDK's partitions.
func PartitionOf(region string) string {
	for _, p := range regionPrefixes {
		if strings.HasPrefix(region, p.prefix) {
			return p.partition
		}
	}
	area, _, _ := strings.Cut(region, "-")
	if strings.Count(region, "-") == 2 && slices.Contains(commercialAreas, area) {
		return "aws"
	}
	return ""
}

var regionPrefixes = []struct{ prefix, partition string }{
	{"cn-", "aws-cn"},
	{"us-gov-", "aws-us-gov"},
	{"us-iso-", "aws-iso"},
	{"us-isob-", "aws-iso-b"},
	{"eu-isoe-", "aws-iso-e"},
	{"us-isof-", "aws-iso-f"},
	{"eusc-", "aws-eusc"},
}

// commercialAreas begin the names of the Regions of partition aws.
var commercialAreas = []string{"us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"}

// arnRule says what the ARNs of one kind look like.
type arnRule struct {
	form       string
	service    string
	regional   bool // has a Region
	account    bool // has an account
	sameRegion bool // its Region must be that of the call
	resource   func(string) Problem
}

// problem returns the problem of an ARN for a call in region, "" if that is not known.
func (rule *arnRule) problem(s, region string) Problem {
	a, err := arn.Parse(s)
	switch {
	case err != nil:
		return wrong("want an ARN, " + rule.form)
	case !utf8.ValidString(s):
		return wrong(notUTF8)
	case a.Service != rule.service:
		return wrong("want an ARN of service " + rule.service + ", " + rule.form)
	case !rule.regional && a.Region != "":
		return wrong("want an ARN without a Region, " + rule.form)
	case rule.regional && (a.Region == "" || !only(a.Region, lower+digits+"-")):
		return wrong("want an ARN with a Region, " + rule.form)
	case !rule.account && a.AccountID != "":
		return wrong("want an ARN without an account, " + rule.form)
	case rule.account && !isAccount(a.AccountID):
		return wrong("want an ARN with an account of 12 digits, " + rule.form)
	case rule.sameRegion && region != "" && a.Region != region:
		return wrong("want the Region of the call, " + region)
	}
	if p := rule.resource(a.Resource); p.found() {
		return p
	}
	if slices.Contains(partitions, a.Partition) {
		if of := PartitionOf(region); of != "" && a.Partition != of {
			return wrong("want partition " + of + ", that of Region " + region)
		}
		return Problem{}
	}
	return unknown("want a partition of AWS, " + OneOf(partitions)) // last: only this one may be valid in a later release
}

// accountOf returns the account of an ARN, "" if it has none.
func accountOf(s string) string {
	a, _ := arn.Parse(s)
	return a.AccountID
}

func isAccount(s string) bool { return len(s) == 12 && only(s, digits) }

// roleARN: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
var roleARN = arnRule{
	form:    "arn:aws:iam::<account>:role/<name>",
	service: "iam",
	account: true,
	resource: func(resource string) Problem {
		name, ok := strings.CutPrefix(resource, "role/")
		if !ok || name == "" || strings.HasSuffix(name, "/") {
			return wrong(`want a resource "role/<name>"`)
		}
		return Problem{}
	},
}

const (
	digits       = "0123456789"
	lower        = "abcdefghijklmnopqrstuvwxyz"
	alphanumeric = digits + lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// only reports whether all bytes of s are in chars.
func only(s, chars string) bool { return strings.Trim(s, chars) == "" }
