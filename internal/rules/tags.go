package rules

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// tags checks the tags of the flow logs. Nothing else can be tagged: "'X' is not a valid
// taggable resource type for this operation.", "Tag specification resource type must
// have a value".
func (c *checker) tags(specifications []types.TagSpecification) {
	var seen []string
	n := 0
	for i, s := range specifications {
		n += len(s.Tags)
		list := Element("TagSpecifications", i)
		if s.ResourceType != types.ResourceTypeVpcFlowLog {
			c.report(list+".ResourceType", string(s.ResourceType), wrong("want vpc-flow-log").unfit())
		}
		for j, tag := range s.Tags {
			key, value := tagKeyProblem(tag.Key), tagValueProblem(tag.Value)
			if tag.Key != nil {
				if slices.Contains(seen, *tag.Key) {
					key = wrong("duplicate key").unfit()
				}
				seen = append(seen, *tag.Key)
			}
			if key.found() || value.found() {
				path := Element(list+".Tags", j)
				c.report(path+".Key", aws.ToString(tag.Key), key)
				c.report(path+".Value", aws.ToString(tag.Value), value)
			}
		}
	}
	if n > 50 {
		c.report("TagSpecifications", strconv.Itoa(n)+" tags", wrong("want at most 50"))
	}
}

// tagKeyProblem: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
func tagKeyProblem(key *string) Problem {
	switch {
	case key == nil:
		return wrong("required").unfit()
	case !utf8.ValidString(*key):
		return wrong(notUTF8)
	case !isTagKey(*key):
		return wrong("want a key of 1 to 128 characters")
	case strings.HasPrefix(*key, "aws:"):
		return wrong(`want a key that does not start with "aws:", which is reserved`)
	}
	return Problem{}
}

func tagValueProblem(value *string) Problem {
	switch {
	case value == nil:
		return wrong("required (may be empty)").unfit()
	case !utf8.ValidString(*value):
		return wrong(notUTF8)
	case utf8.RuneCountInString(*value) > 256:
		return wrong("want a value of at most 256 characters")
	}
	return Problem{}
}

// tagFields: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagFieldSpecificationRequest.html
// and, for what is required,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ec2-flowlog-tagfieldspecification.html
func (c *checker) tagFields(specifications []types.TagFieldSpecificationRequest) {
	if n := len(specifications); n > 3 {
		c.report("TagFieldSpecifications", strconv.Itoa(n)+" resource types", wrong("want at most 3"))
	}
	for i, s := range specifications {
		path := Element("TagFieldSpecifications", i)
		c.report(path+".ResourceType", string(s.ResourceType), enumProblem(s.ResourceType, tagFieldResources))
		if n := len(s.TagKeys); n < 1 || n > 2 {
			c.report(path+".TagKeys", strconv.Itoa(n)+" keys", wrong("want one or two"))
		}
		for j, key := range s.TagKeys {
			c.report(Element(path+".TagKeys", j), key, tagFieldKeyProblem(key))
		}
	}
}

// tagFieldKeyProblem accepts reserved keys: a record can show tags that AWS has set.
func tagFieldKeyProblem(key string) Problem {
	switch {
	case !utf8.ValidString(key):
		return wrong(notUTF8)
	case !isTagKey(key):
		return wrong("want a tag key of 1 to 128 characters")
	}
	return Problem{}
}

func isTagKey(key string) bool {
	return key != "" && utf8.RuneCountInString(key) <= 128
}
