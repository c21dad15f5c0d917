package flowlogs

import (
	"slices"
	"strconv"
	"unicode/utf8"
)

// validator checks the parameters of one request and collects their problems. It does
// not allocate until it finds one.
type validator struct {
	paths    *paths
	region   string
	allow    func(*FieldError) bool // Options.Allow; nil: no problem is ignored
	problems []FieldError
}

// check adds the problem of a value, if it has one that is not ignored. That a value
// is not UTF-8 is never ignored: JSON replaces the invalid bytes, so a ContentToken
// would be the same for different values.
func (v *validator) check(path, value string, p problem) {
	if !p.found() {
		return
	}
	f := &FieldError{Field: path, Value: value, Message: p.message, Unknown: p.unknown}
	if p.unsendable || v.allow == nil || !utf8.ValidString(value) || !v.allow(f) {
		v.problems = append(v.problems, *f)
	}
}

// checkElement is check for an element of a list. It builds the path, which allocates,
// only if there is a problem.
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
	// A Request has no type if its first ID is missing or has an unknown prefix. The ID
	// is then the problem, and the missing type is one only if the ID was allowed.
	if p.resourceType != "" || v.paths == &inputPaths || len(v.problems) == 0 {
		v.resourceType(p.resourceType)
	}
	v.settings(p)
}

// settings checks everything but the resources.
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
		if rule == nil || !isID(id, rule.prefix) { // common case: a valid ID
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

// destinationShape rejects parameters that the destination does not have.
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
	typ := destinationTypeOf(t.arn)
	switch {
	case t.arn == "":
	case byName && v.paths == &inputPaths && typ != "":
		v.check(arnPath, t.arn, wrong("want LogDestinationType "+typ+" for this ARN; cloud-watch-logs, the default, takes that of a log group"))
	default:
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

// fields checks the fields of a format. It reports an empty field by its index, any
// other by its name.
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
