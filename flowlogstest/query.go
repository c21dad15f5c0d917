package flowlogstest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// query is a request of the EC2 Query API, whose lists are flat: Name.1,
// Name.2 and so on, with case-sensitive names. See
// https://docs.aws.amazon.com/ec2/latest/devguide/Query-Requests.html
//
// A decoder reads the parameters that it knows by their names. Then finish
// rejects the rest, such as what follows a gap in a list.
type query struct {
	action   string
	params   map[string]string
	prefixes map[string]bool // of the names, each up to and with a dot
	read     map[string]bool
	err      *apiError // the first of reading
}

// authentication are the parameters of a request that is signed in its query
// string, with signature version 4 or 2. They are no parameters of the action.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
// https://docs.aws.amazon.com/general/latest/gr/signature-version-2.html
var authentication = map[string]bool{
	"X-Amz-Algorithm":      true,
	"X-Amz-Credential":     true,
	"X-Amz-Date":           true,
	"X-Amz-Expires":        true,
	"X-Amz-Security-Token": true,
	"X-Amz-Signature":      true,
	"X-Amz-SignedHeaders":  true,

	"AWSAccessKeyId":   true,
	"Expires":          true,
	"SecurityToken":    true,
	"Signature":        true,
	"SignatureMethod":  true,
	"SignatureVersion": true,
	"Timestamp":        true,
}

// versions are the versions of EC2's API that have flow logs, as botocore's models
// of it have them. https://github.com/boto/botocore/tree/master/botocore/data/ec2
var versions = []string{"2015-04-15", "2015-10-01", "2016-04-01", "2016-09-15", "2016-11-15"}

func parseQuery(request string) (*query, *apiError) {
	values, err := url.ParseQuery(request)
	if err != nil {
		return nil, apiErrorf("MalformedQueryString", "The query string contains a syntax error")
	}
	q := &query{
		params:   make(map[string]string, len(values)),
		prefixes: make(map[string]bool),
		read:     make(map[string]bool, len(values)),
	}
	for name, all := range values {
		if authentication[name] {
			continue
		}
		if len(all) > 1 {
			return nil, apiErrorf("InvalidQueryParameter", "The parameter %s is given more than once", name)
		}
		q.params[name] = all[0]
		q.addPrefixes(name)
	}
	if q.action = q.params["Action"]; q.action == "" {
		return nil, apiErrorf("MissingAction", "The request is missing an action")
	}
	return q, nil
}

// addPrefixes adds those that a decoder asks for: the longest is like
// "TagSpecification.1.Tag.1.". All prefixes of a name of dots alone would be too
// many.
func (q *query) addPrefixes(name string) {
	end := 0
	for range 4 {
		dot := strings.IndexByte(name[end:], '.')
		if dot < 0 {
			return
		}
		end += dot + 1
		q.prefixes[name[:end]] = true
	}
}

func (q *query) text(name string) *string {
	value, ok := q.params[name]
	if !ok {
		return nil
	}
	q.read[name] = true
	return &value
}

func (q *query) enum(name string) string {
	q.read[name] = true
	return q.params[name]
}

func (q *query) number(name string) *int32 {
	text := q.text(name)
	if text == nil {
		return nil
	}
	n, err := strconv.ParseInt(*text, 10, 32)
	if err != nil || (*text)[0] == '+' {
		q.fail(invalidValue(name, *text))
	}
	number := int32(n)
	return &number
}

func (q *query) flag(name string) *bool {
	text := q.text(name)
	if text == nil {
		return nil
	}
	if *text != "true" && *text != "false" {
		q.fail(invalidValue(name, *text))
	}
	flag := *text == "true"
	return &flag
}

func (q *query) list(name string) []string {
	var list []string
	for n := 1; ; n++ {
		text := q.text(name + "." + strconv.Itoa(n))
		if text == nil {
			return list
		}
		list = append(list, *text)
	}
}

// each calls fn with "Name.1.", "Name.2." and so on, as long as a parameter has
// that prefix.
func (q *query) each(name string, fn func(prefix string)) {
	for n := 1; ; n++ {
		prefix := name + "." + strconv.Itoa(n) + "."
		if !q.has(prefix) {
			return
		}
		fn(prefix)
	}
}

func (q *query) has(prefix string) bool { return q.prefixes[prefix] }

func (q *query) fail(err *apiError) {
	if q.err == nil {
		q.err = err
	}
}

// finish returns the first error of reading, or an error for a version that EC2
// does not have or a parameter that was not read. A request without a version is
// taken for one of the latest.
func (q *query) finish() *apiError {
	if version, ok := q.params["Version"]; ok && !slices.Contains(versions, version) {
		return noSuchVersion(version)
	}
	if q.err != nil {
		return q.err
	}
	var unknown []string
	for name := range q.params {
		if !q.read[name] && name != "Action" && name != "Version" {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return unknownParameter(slices.Min(unknown))
	}
	return nil
}

func decodeCreateFlowLogs(q *query) (*ec2.CreateFlowLogsInput, *apiError) {
	in := &ec2.CreateFlowLogsInput{
		ClientToken:              q.text("ClientToken"),
		DeliverCrossAccountRole:  q.text("DeliverCrossAccountRole"),
		DeliverLogsPermissionArn: q.text("DeliverLogsPermissionArn"),
		DryRun:                   q.flag("DryRun"),
		LogDestination:           q.text("LogDestination"),
		LogDestinationType:       types.LogDestinationType(q.enum("LogDestinationType")),
		LogFormat:                q.text("LogFormat"),
		LogGroupName:             q.text("LogGroupName"),
		MaxAggregationInterval:   q.number("MaxAggregationInterval"),
		ResourceIds:              q.list("ResourceId"),
		ResourceType:             types.FlowLogsResourceType(q.enum("ResourceType")),
		TrafficType:              types.TrafficType(q.enum("TrafficType")),
	}
	if q.has("DestinationOptions.") {
		in.DestinationOptions = &types.DestinationOptionsRequest{
			FileFormat:               types.DestinationFileFormat(q.enum("DestinationOptions.FileFormat")),
			HiveCompatiblePartitions: q.flag("DestinationOptions.HiveCompatiblePartitions"),
			PerHourPartition:         q.flag("DestinationOptions.PerHourPartition"),
		}
	}
	q.each("TagFieldSpecification", func(prefix string) {
		in.TagFieldSpecifications = append(in.TagFieldSpecifications, types.TagFieldSpecificationRequest{
			ResourceType: types.TaggableResourceType(q.enum(prefix + "ResourceType")),
			TagKeys:      q.list(prefix + "TagKey"),
		})
	})
	q.each("TagSpecification", func(prefix string) {
		spec := types.TagSpecification{ResourceType: types.ResourceType(q.enum(prefix + "ResourceType"))}
		q.each(prefix+"Tag", func(prefix string) {
			spec.Tags = append(spec.Tags, types.Tag{Key: q.text(prefix + "Key"), Value: q.text(prefix + "Value")})
		})
		in.TagSpecifications = append(in.TagSpecifications, spec)
	})
	return in, q.finish()
}

func decodeDescribeFlowLogs(q *query) (*ec2.DescribeFlowLogsInput, *apiError) {
	in := &ec2.DescribeFlowLogsInput{
		DryRun:     q.flag("DryRun"),
		FlowLogIds: q.list("FlowLogId"),
		MaxResults: q.number("MaxResults"),
		NextToken:  q.text("NextToken"),
	}
	q.each("Filter", func(prefix string) {
		in.Filter = append(in.Filter, types.Filter{Name: q.text(prefix + "Name"), Values: q.list(prefix + "Value")})
	})
	return in, q.finish()
}

func decodeDeleteFlowLogs(q *query) (*ec2.DeleteFlowLogsInput, *apiError) {
	in := &ec2.DeleteFlowLogsInput{
		DryRun:     q.flag("DryRun"),
		FlowLogIds: q.list("FlowLogId"),
	}
	return in, q.finish()
}
