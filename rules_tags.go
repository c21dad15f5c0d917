package flowlogs

import (
	"strings"
	"unicode/utf8"
)

// The rules of tags are those of
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
const (
	maxTags        = 50
	maxTagKey      = 128
	maxTagValue    = 256
	reservedPrefix = "aws:"
)

func tagKeyProblem(key string) problem {
	switch {
	case !utf8.ValidString(key):
		return wrong(notUTF8)
	case !isTagKey(key):
		return wrong("want a key of 1 to 128 characters")
	case strings.HasPrefix(key, reservedPrefix):
		return wrong(`want a key that does not start with "aws:", which is reserved`)
	}
	return problem{}
}

func tagValueProblem(value string) problem {
	switch {
	case !utf8.ValidString(value):
		return wrong(notUTF8)
	case utf8.RuneCountInString(value) > maxTagValue:
		return wrong("want a value of at most 256 characters")
	}
	return problem{}
}

// The rules of tag fields are those of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagFieldSpecificationRequest.html
// and, for what is required,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ec2-flowlog-tagfieldspecification.html
const (
	maxTagFields    = 3
	maxTagFieldKeys = 2
)

// tagFieldKeyProblem allows reserved keys: a record can show the tags of AWS.
func tagFieldKeyProblem(key string) problem {
	switch {
	case !utf8.ValidString(key):
		return wrong(notUTF8)
	case !isTagKey(key):
		return wrong("want a tag key of 1 to 128 characters")
	}
	return problem{}
}

func isTagKey(key string) bool {
	return key != "" && utf8.RuneCountInString(key) <= maxTagKey
}
