package flowlogs

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// Validate checks the request against the rules of EC2, without calling it. The
// error is nil or a *[ValidationError] with every problem found.
func (r Request) Validate() error { return r.validateFor("") }

// validateFor checks the request for a call in region, empty where that is not
// known.
func (r *Request) validateFor(region string) error {
	v := validator{paths: &requestPaths, region: region}
	t := r.resourceType()
	v.resources(t, r.ResourceIDs)
	r.checkSettings(&v, t)
	return v.err()
}

// checkSettings checks all but the resources.
func (r *Request) checkSettings(v *validator, t ResourceType) {
	v.trafficType(t, r.TrafficType)
	if d, ok := r.target(); ok {
		v.destination(d)
	} else {
		v.add(v.paths.destination, "", "required: a CloudWatchLogs, S3 or Firehose")
	}
	if i := r.MaxAggregationInterval; i != 0 {
		v.interval(t, i)
	}
	if r.LogFormat != nil && len(r.LogFormat) == 0 {
		v.add(v.paths.logFormat, "", "want at least one field; leave it nil for the default format")
	}
	v.logFormat(t, r.LogFormat, len(r.TagFields) > 0)
	v.tagFieldCount(len(r.TagFields))
	for i, f := range r.TagFields {
		v.tagFields(i, f.ResourceType, f.Keys)
	}
	r.checkTags(v)
	v.token(r.ClientToken)
}

func (r *Request) checkTags(v *validator) {
	before := len(v.problems)
	v.tagCount("Tags", len(r.Tags))
	for key, value := range r.Tags {
		if problem := tagKeyProblem(key); problem != "" {
			v.add("Tags["+quote(key)+"]", key, problem)
		}
		if problem := tagValueProblem(value); problem != "" {
			v.add("Tags["+quote(key)+"]", value, problem)
		}
	}
	// A map has no order of its own.
	slices.SortStableFunc(v.problems[before:], func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
}

// validateInput applies the same rules to the SDK's own input. Region is the
// Region of the call, empty where it is not known.
func validateInput(in *ec2.CreateFlowLogsInput, region string, _ func(*FieldError) bool) error {
	v := validator{paths: &inputPaths, region: region}
	if in.ResourceType == "" {
		v.add(v.paths.resourceType, "", "required: "+resourceTypeNames)
	}
	v.resources(in.ResourceType, in.ResourceIds)
	v.trafficType(in.ResourceType, in.TrafficType)
	v.destination(inputTarget(in))
	if i := in.MaxAggregationInterval; i != nil {
		v.interval(in.ResourceType, time.Duration(*i)*time.Second)
	}
	if s := aws.ToString(in.LogFormat); s != "" {
		format, problem := parseLogFormat(s)
		v.check(v.paths.logFormat, s, problem)
		v.logFormat(in.ResourceType, format, len(in.TagFieldSpecifications) > 0)
	}
	v.tagFieldCount(len(in.TagFieldSpecifications))
	for i, s := range in.TagFieldSpecifications {
		v.tagFields(i, s.ResourceType, s.TagKeys)
	}
	v.tagSpecifications(in.TagSpecifications)
	v.token(aws.ToString(in.ClientToken))
	return v.err()
}

// validator collects the problems of one request. It does not allocate before
// there is one.
type validator struct {
	paths    *paths
	region   string
	problems []FieldError
}

func (v *validator) add(path, value, message string) {
	v.problems = append(v.problems, FieldError{Field: path, Value: value, Message: message})
}

// check adds a problem if there is one.
func (v *validator) check(path, value, problem string) {
	if problem != "" {
		v.add(path, value, problem)
	}
}

func (v *validator) err() error {
	if len(v.problems) == 0 {
		return nil
	}
	return &ValidationError{Fields: v.problems}
}

// paths names the parameters as the caller wrote them: in a Request, or in the
// SDK's input.
type paths struct {
	resourceIDs         string
	resourceType        string
	trafficType         string
	destination         string
	arn                 string // empty: see destinationRule
	logGroupName        string
	roleARN             string
	crossAccountRoleARN string
	fileFormat          string
	interval            string
	logFormat           string
	tagFields           string
	tagKeys             string
	clientToken         string
}

var requestPaths = paths{
	resourceIDs:         "ResourceIDs",
	resourceType:        "ResourceType",
	trafficType:         "TrafficType",
	destination:         "Destination",
	logGroupName:        "Destination.LogGroupName",
	roleARN:             "Destination.RoleARN",
	crossAccountRoleARN: "Destination.CrossAccountRoleARN",
	fileFormat:          "Destination.FileFormat",
	interval:            "MaxAggregationInterval",
	logFormat:           "LogFormat",
	tagFields:           "TagFields",
	tagKeys:             "Keys",
	clientToken:         "ClientToken",
}

var inputPaths = paths{
	resourceIDs:         "ResourceIds",
	resourceType:        "ResourceType",
	trafficType:         "TrafficType",
	destination:         "LogDestinationType",
	arn:                 "LogDestination",
	logGroupName:        "LogGroupName",
	roleARN:             "DeliverLogsPermissionArn",
	crossAccountRoleARN: "DeliverCrossAccountRole",
	fileFormat:          "DestinationOptions.FileFormat",
	interval:            "MaxAggregationInterval",
	logFormat:           "LogFormat",
	tagFields:           "TagFieldSpecifications",
	tagKeys:             "TagKeys",
	clientToken:         "ClientToken",
}
