package flowlogs

import (
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// validator walks over the parameters of one request and collects their problems.
// It does not allocate before it finds one.
type validator struct {
	paths    *paths
	region   string
	allow    func(*FieldError) bool // nil: no problem is allowed
	problems []FieldError
}

// check adds the problem of a value, if there is one and it is not allowed. A value
// that is not UTF-8 is never allowed: JSON, and with it a ContentToken, cannot tell it
// from others.
func (v *validator) check(path, value string, p problem) {
	if !p.found() {
		return
	}
	f := &FieldError{Field: path, Value: value, Message: p.message, Unknown: p.unknown}
	if p.unsendable || v.allow == nil || !utf8.ValidString(value) || !v.allow(f) {
		v.problems = append(v.problems, *f)
	}
}

// checkElement is check for an element of a list. It builds the path only if there
// is a problem.
func (v *validator) checkElement(list string, i int, value string, p problem) {
	if p.found() {
		v.check(element(list, i), value, p)
	}
}

func element(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

func (v *validator) err() error {
	if len(v.problems) == 0 {
		return nil
	}
	return &ValidationError{Fields: v.problems}
}

func (v *validator) request(p *params) {
	v.resourceIDs(p.resourceType, p.resourceIDs)
	// A Request has no type where its first ID is missing or has an unknown prefix.
	// That is the problem; the type is one only if the ID was allowed.
	if p.resourceType != "" || v.paths == &inputPaths || len(v.problems) == 0 {
		v.resourceType(p.resourceType)
	}
	v.settings(p)
}

// settings checks all but the resources.
func (v *validator) settings(p *params) {
	v.check(v.paths.trafficType, string(p.trafficType), trafficTypeProblem(p.resourceType, p.trafficType))
	v.destination(&p.target)
	if p.hasInterval {
		v.interval(p)
	}
	v.logFormat(p)
	v.tagFields(p.tagFields)
	v.tags(p.tags)
	if len(p.tagSpecifications) > 0 {
		v.tagSpecifications(p.tagSpecifications)
	}
	v.check(v.paths.clientToken, p.clientToken, tokenProblem(p.clientToken))
}

func (v *validator) resourceIDs(t ResourceType, ids []string) {
	if len(ids) == 0 {
		v.check(v.paths.resourceIDs, "", unsendable("required: the ID of at least one resource"))
	}
	rule := ruleOf(t)
	for i, id := range ids {
		if rule == nil || !isID(id, rule.prefix) { // the common case is fast
			v.checkElement(v.paths.resourceIDs, i, id, idProblem(t, rule, id))
		}
	}
	eachRepeated(ids, func(i, first int) {
		p := wrong("is listed twice, first as " + element(v.paths.resourceIDs, first))
		v.checkElement(v.paths.resourceIDs, i, ids[i], p)
	})
}

func (v *validator) resourceType(t ResourceType) {
	if t == "" {
		v.check(v.paths.resourceType, "", unsendable("required: "+oneOf(resourceTypes)))
		return
	}
	v.check(v.paths.resourceType, string(t), enumProblem(t, resourceTypes))
}

func (v *validator) destination(t *target) {
	if t.typ == "" {
		v.check(v.paths.destination, "", unsendable("required: a CloudWatchLogs, S3 or Firehose"))
		return
	}
	v.check(v.paths.destination, string(t.typ), enumProblem(t.typ, logDestinationTypes))
	rule := destinationRuleOf(t.typ)
	if rule == nil {
		if t.arn == "" && t.logGroupName == "" {
			v.check(v.paths.arn, "", unsendable("required: the ARN of the destination"))
		}
		return
	}
	v.destinationShape(t)
	v.destinationName(rule, t)
	v.roles(rule, t)
	if t.fileFormat != "" && rule.options != forbidden {
		v.check(v.paths.fileFormat, string(t.fileFormat), enumProblem(t.fileFormat, fileFormats))
	}
}

// destinationShape rejects the parameters that do not go with the destination.
func (v *validator) destinationShape(t *target) {
	rule := destinationRuleOf(t.typ)
	if rule == nil {
		return
	}
	leaveOut := func(r requirement, path, value string) {
		if r == forbidden && value != "" {
			v.check(path, value, wrong("leave it out: it does not go with destination type "+string(t.typ)))
		}
	}
	leaveOut(rule.logGroupName, v.paths.logGroupName, t.logGroupName)
	leaveOut(rule.roleARN, v.paths.roleARN, t.roleARN)
	leaveOut(rule.crossAccountRole, v.paths.crossAccountRoleARN, t.crossAccountRoleARN)
	if t.hasOptions {
		leaveOut(rule.options, "DestinationOptions", "{…}")
	}
}

// destinationName checks the ARN and the name of the destination, one of which is
// required.
func (v *validator) destinationName(rule *destinationRule, t *target) {
	arnPath := v.paths.arn
	if arnPath == "" {
		arnPath = rule.arnPath
	}
	byName := rule.logGroupName != forbidden
	switch {
	case byName && t.arn != "" && t.logGroupName != "":
		v.check(v.paths.logGroupName, t.logGroupName, wrong("want only one of it and "+arnPath))
	case byName && t.arn == "" && t.logGroupName == "":
		v.check(v.paths.logGroupName, "", unsendable("required, unless "+arnPath+" is given"))
	case !byName && t.arn == "":
		v.check(arnPath, "", unsendable("required: the ARN of the destination, "+rule.arn.form))
	}
	if t.arn != "" {
		v.check(arnPath, t.arn, rule.arn.problem(t.arn, v.region))
	}
	if byName && t.logGroupName != "" {
		v.check(v.paths.logGroupName, t.logGroupName, logGroupNameProblem(t.logGroupName))
	}
}

func (v *validator) roles(rule *destinationRule, t *target) {
	switch {
	case rule.roleARN == required && t.roleARN == "":
		v.check(v.paths.roleARN, "", wrong("required: the ARN of the IAM role that publishes the flow logs"))
	case rule.roleARN == bothOrNeither && t.roleARN == "" && t.crossAccountRoleARN != "":
		v.check(v.paths.roleARN, "", wrong("required together with "+v.paths.crossAccountRoleARN))
	case rule.roleARN == bothOrNeither && t.roleARN != "" && t.crossAccountRoleARN == "":
		v.check(v.paths.crossAccountRoleARN, "", wrong("required together with "+v.paths.roleARN+"; leave both empty for a stream in the same account"))
	}
	if t.roleARN != "" && rule.roleARN != forbidden {
		v.check(v.paths.roleARN, t.roleARN, roleARN.problem(t.roleARN, ""))
	}
	if t.crossAccountRoleARN != "" && rule.crossAccountRole != forbidden {
		v.check(v.paths.crossAccountRoleARN, t.crossAccountRoleARN, crossAccountRoleProblem(t.crossAccountRoleARN, t.arn))
	}
}

func (v *validator) interval(p *params) {
	if problem := intervalProblem(p.resourceType, p.interval); problem.found() {
		v.check(v.paths.interval, seconds(p.interval), problem)
	}
}

func (v *validator) logFormat(p *params) {
	format := p.format
	if p.formatText != "" {
		var syntax problem
		format, syntax = parseFormat(p.formatText)
		v.check(v.paths.logFormat, p.formatText, syntax)
	} else if format != nil && len(format) == 0 {
		v.check(v.paths.logFormat, "", wrong("want at least one field; leave it nil for the default format"))
	}
	v.fields(p.resourceType, format)
	// "The TagFieldSpecifications parameter must be set when including tag fields in
	// the log format"
	showsTags := func(field Field) bool { return fieldRules[field]&showsTag != 0 }
	if i := slices.IndexFunc(format, showsTags); i >= 0 && len(p.tagFields) == 0 {
		v.check(v.paths.tagFields, "", wrong("required: the tag keys for ${"+string(format[i])+"} in "+v.paths.logFormat))
	}
}

// fields reports an empty field by its index, any other by its name.
func (v *validator) fields(t ResourceType, format LogFormat) {
	for i, field := range format {
		p := fieldProblem(t, field)
		if field == "" {
			v.checkElement(v.paths.logFormat, i, "", p)
		} else {
			v.check(v.paths.logFormat, string(field), p)
		}
	}
}

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
	for _, key := range slices.Sorted(maps.Keys(tags)) { // a map has no order of its own
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

// tagShape rejects what no map of keys to values can hold, and tags on anything
// but a flow log: "'X' is not a valid taggable resource type for this operation.",
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
