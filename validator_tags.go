package flowlogs

import (
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (v *validator) tagFields(fields []TagField) {
	if n := len(fields); n > maxTagFields {
		v.check(v.paths.tagFields, strconv.Itoa(n)+" resource types", wrong("want at most 3"))
	}
	for i, f := range fields {
		if p := enumProblem(f.ResourceType, tagFieldResources); p.found() {
			v.check(element(v.paths.tagFields, i)+".ResourceType", string(f.ResourceType), p)
		}
		if n := len(f.Keys); n < 1 || n > maxTagFieldKeys {
			v.check(element(v.paths.tagFields, i)+"."+v.paths.tagFieldKeys, strconv.Itoa(n)+" keys", wrong("want one or two"))
		}
		for j, key := range f.Keys {
			if p := tagFieldKeyProblem(key); p.found() {
				v.checkElement(element(v.paths.tagFields, i)+"."+v.paths.tagFieldKeys, j, key, p)
			}
		}
	}
}

func (v *validator) tagCount(path string, n int) {
	if n > maxTags {
		v.check(path, strconv.Itoa(n)+" tags", wrong("want at most 50"))
	}
}

// tags checks the tags of a Request.
func (v *validator) tags(tags map[string]string) {
	v.tagCount("Tags", len(tags))
	valid := true
	for key, value := range tags {
		valid = valid && !tagKeyProblem(key).found() && !tagValueProblem(value).found()
	}
	if valid {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) { // sorted: the errors have the same order every time
		path := "Tags[" + quote(key) + "]"
		v.check(path, key, tagKeyProblem(key))
		v.check(path, tags[key], tagValueProblem(tags[key]))
	}
}

// tagSpecifications checks the tags of an input.
func (v *validator) tagSpecifications(specifications []types.TagSpecification) {
	v.tagShape(specifications)
	n := 0
	for i, s := range specifications {
		n += len(s.Tags)
		for j, tag := range s.Tags {
			if tag.Key != nil {
				if p := tagKeyProblem(*tag.Key); p.found() {
					v.check(tagPath(i, j)+".Key", *tag.Key, p)
				}
			}
			if tag.Value != nil {
				if p := tagValueProblem(*tag.Value); p.found() {
					v.check(tagPath(i, j)+".Value", *tag.Value, p)
				}
			}
		}
	}
	v.tagCount("TagSpecifications", n)
}

// tagShape rejects what the Tags of a Request cannot hold, such as a key without a
// value, and tags on anything but a flow log: "'X' is not a valid taggable resource type for this operation.",
// "Tag specification resource type must have a value".
func (v *validator) tagShape(specifications []types.TagSpecification) {
	seen := make(map[string]bool)
	for i, s := range specifications {
		if s.ResourceType != types.ResourceTypeVpcFlowLog {
			v.check(element("TagSpecifications", i)+".ResourceType", string(s.ResourceType), wrong("want vpc-flow-log"))
		}
		for j, tag := range s.Tags {
			switch {
			case tag.Key == nil:
				v.check(tagPath(i, j)+".Key", "", wrong("required"))
			case seen[*tag.Key]:
				v.check(tagPath(i, j)+".Key", *tag.Key, wrong("want each key once"))
			default:
				seen[*tag.Key] = true
			}
			if tag.Value == nil {
				v.check(tagPath(i, j)+".Value", "", wrong("required: it may be empty, but not left out"))
			}
		}
	}
}

func tagPath(i, j int) string {
	return element(element("TagSpecifications", i)+".Tags", j)
}
