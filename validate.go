package flowlogs

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs/internal/rules"
	"github.com/go-flowlogs/flowlogs/internal/text"
)

// Validate checks the request against the rules of EC2, without calling EC2. The
// error is nil or a *[ValidationError] with every problem found. A rule that depends
// on the Region of the call is checked by [Client.Create] only.
func (r Request) Validate() error {
	in := r.input()
	return r.validate(in, rules.Check(in, ""), nil)
}

// ValidateInput is [Request.Validate] for the SDK's input. The rules are the same; the
// paths have the input's names. A nil input is an empty one. The resource type is
// required: it is inferred for a Request only.
func ValidateInput(in *ec2.CreateFlowLogsInput) error {
	if in == nil {
		in = &ec2.CreateFlowLogsInput{}
	}
	return validationError(notAllowed(rules.Check(in, ""), nil))
}

// notAllowed returns the problems that allow does not accept. A nil allow accepts none.
func notAllowed(problems []rules.Problem, allow func(*FieldError) bool) []FieldError {
	var fields []FieldError
	for _, p := range problems {
		f := &FieldError{Field: p.Path, Value: p.Value, Message: p.Message, Unknown: p.Unknown}
		if p.Unsendable || allow == nil || !allow(f) {
			fields = append(fields, *f)
		}
	}
	return fields
}

// validationError returns the error of the fields, nil if there are none.
func validationError(fields []FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return &ValidationError{Fields: fields}
}

// validate returns the error of a request: in is its input, and problems are those of the
// input, which are translated to the names of the Request.
func (r *Request) validate(in *ec2.CreateFlowLogsInput, problems []rules.Problem, allow func(*FieldError) bool) error {
	requestOnly := r.problems(in)
	if len(requestOnly) == 0 && len(problems) == 0 {
		return nil
	}
	var all []rules.Problem
	var replaced []string // fields with a problem of their requestOnly, which no input expresses
	for i, p := range translate(in, slices.Concat(requestOnly, problems)) {
		field := fieldOf(p.Path)
		if i < len(requestOnly) {
			replaced = append(replaced, field)
		} else if slices.Contains(replaced, field) {
			continue
		}
		all = append(all, p)
	}
	slices.SortStableFunc(all, func(a, b rules.Problem) int {
		return slices.Index(requestFields, fieldOf(a.Path)) - slices.Index(requestFields, fieldOf(b.Path))
	})
	fields := notAllowed(all, allow)
	if r.ResourceType == "" && len(fields) > 0 && fieldOf(fields[0].Field) == "ResourceIDs" {
		// The type would have been inferred from the first ID, which is the problem.
		fields = slices.DeleteFunc(fields, func(f FieldError) bool { return f.Field == "ResourceType" })
	}
	return validationError(fields)
}

// problems returns the problems that no input can express.
func (r *Request) problems(in *ec2.CreateFlowLogsInput) []rules.Problem {
	var problems []rules.Problem
	if isMissing(r.Destination) {
		problems = append(problems, rules.Problem{Path: "Destination", Message: "required: a CloudWatchLogs, S3 or Firehose", Unsendable: true})
	}
	if i := r.MaxAggregationInterval; !isWholeSeconds(i) {
		problems = append(problems, rules.Problem{Path: "MaxAggregationInterval", Value: text.Seconds(i), Message: rules.WantInterval, Unsendable: true})
	}
	if r.LogFormat != nil && len(r.LogFormat) == 0 {
		problems = append(problems, rules.Problem{Path: "LogFormat", Message: "want at least one field; leave it nil for the default format"})
	}
	if !rules.AreFieldNames(r.LogFormat) { // in the input, they would be other fields
		problems = append(problems, rules.CheckFormat(in.ResourceType, r.LogFormat, len(r.TagFields))...)
	}
	return problems
}

// isWholeSeconds reports whether EC2's parameter, an int32, can hold the interval.
func isWholeSeconds(interval time.Duration) bool {
	seconds := interval / time.Second
	return seconds*time.Second == interval && time.Duration(int32(seconds)) == seconds
}

// requestFields are the fields of a Request, in the order in which their problems are
// reported.
var requestFields = []string{
	"ResourceIDs", "ResourceType", "TrafficType", "Destination", "MaxAggregationInterval",
	"LogFormat", "TagFields", "Tags", "ClientToken",
}

// fieldOf returns the field that a path begins with.
func fieldOf(path string) string {
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end]
	}
	return path
}

// translate gives problems of an input the names of a Request.
func translate(in *ec2.CreateFlowLogsInput, problems []rules.Problem) []rules.Problem {
	arn := "Destination.LogGroupARN"
	switch in.LogDestinationType {
	case types.LogDestinationTypeS3:
		arn = "Destination.BucketARN"
	case types.LogDestinationTypeKinesisDataFirehose:
		arn = "Destination.StreamARN"
	}
	var pairs []string
	for i, s := range in.TagSpecifications {
		for j, tag := range s.Tags {
			path := rules.Element(rules.Element("TagSpecifications", i)+".Tags", j)
			name := "Tags[" + text.Quote(aws.ToString(tag.Key)) + "]"
			pairs = append(pairs, path+".Key", name, path+".Value", name)
		}
	}
	names := strings.NewReplacer(append(pairs,
		"ResourceIds", "ResourceIDs",
		"LogDestinationType", "Destination",
		"LogDestination", arn,
		"LogGroupName", "Destination.LogGroupName",
		"DeliverLogsPermissionArn", "Destination.RoleARN",
		"DeliverCrossAccountRole", "Destination.CrossAccountRoleARN",
		"DestinationOptions", "Destination",
		"TagFieldSpecifications", "TagFields",
		"TagKeys", "Keys",
		"TagSpecifications", "Tags",
	)...)
	for i := range problems {
		p := &problems[i]
		p.Path, p.Message = names.Replace(p.Path), names.Replace(p.Message)
	}
	return problems
}

// validateEach divides the IDs of a batch into good ones, which can be sent, and bad ones.
// The paths in the error have the indexes of bad. Allow is asked once for each problem.
func validateEach(t ResourceType, ids []string, allow func(*FieldError) bool) (good, bad []string, err error) {
	if rules.CheckIDs(t, ids) == nil {
		return ids, nil, nil // common case
	}
	var invalid []FieldError
	seen := make(map[string]bool)
	for _, id := range ids {
		problems := rules.CheckIDs(t, []string{id})
		if seen[id] {
			problems = append(problems, rules.Problem{Value: id, Message: "duplicate of an earlier ID"})
		}
		for i := range problems {
			problems[i].Path = rules.Element("ResourceIDs", len(bad))
		}
		if fields := notAllowed(problems, allow); len(fields) > 0 {
			invalid = append(invalid, fields...)
			bad = append(bad, id)
		} else {
			good = append(good, id)
			seen[id] = true
		}
	}
	return good, bad, validationError(invalid)
}

// validateToken checks a token that Options.Token made.
func validateToken(token string) error {
	p := rules.CheckToken(token)
	switch {
	case token == "":
		p.Message = "Options.Token returned an empty token"
	case p.Message != "":
		p.Message = "Options.Token returned more than 64 characters, or non-ASCII ones"
	default:
		return nil
	}
	p.Path, p.Value = "ClientToken", token
	return validationError(notAllowed([]rules.Problem{p}, nil))
}

// ValidationError is a request that was not sent because EC2 would reject it, or
// would accept it and never deliver. It unwraps to its fields, as *[FieldError].
// Its Reason is ErrInvalidParameter.
type ValidationError struct {
	Fields []FieldError // every problem, at least one
}

func (e *ValidationError) Error() string {
	const limit = 10 // the text is one line; Fields has all of them
	var b strings.Builder
	b.WriteString("flowlogs: invalid request: ")
	for i := range e.Fields[:min(limit, len(e.Fields))] {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(e.Fields[i].Error())
	}
	b.WriteString(text.AndMore(len(e.Fields) - limit))
	return b.String()
}

// Unwrap returns pointers to the fields.
func (e *ValidationError) Unwrap() []error {
	errs := make([]error, len(e.Fields))
	for i := range e.Fields {
		errs[i] = &e.Fields[i]
	}
	return errs
}

// FieldError is one problem of a request. The error is a *FieldError.
type FieldError struct {
	Field   string // a path: "Destination.RoleARN", "ResourceIDs[17]"
	Value   string // as given; "" if missing
	Message string // what is wanted
	Unknown bool   // the value is unknown to this release, but may be valid; see Options.Allow
}

func (e *FieldError) Error() string {
	if e.Value == "" {
		return text.Printable(e.Field) + ": " + e.Message
	}
	return text.Printable(e.Field) + " " + text.Quote(e.Value) + ": " + e.Message
}

// Is reports whether target is ErrInvalidParameter.
func (e *FieldError) Is(target error) bool { return target == error(ErrInvalidParameter) }
