package flowlogs

import (
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// Validate checks the request against the rules of EC2, without calling it. The
// error is nil or a *[ValidationError] with every problem found. A rule that needs
// the Region of the call is only checked by [Client.Create].
func (r Request) Validate() error { return r.validate("", nil) }

// ValidateInput is [Request.Validate] for the SDK's input: the same rules, with the
// input's own names in the paths. A nil input is an empty one. The resource type is
// required, since it is only inferred for a Request.
func ValidateInput(in *ec2.CreateFlowLogsInput) error { return validateInput(in, "", nil) }

// validate checks the whole request for a call in region, empty where that is not
// known. A problem for which allow, if not nil, returns true is dropped.
func (r *Request) validate(region string, allow func(*FieldError) bool) error {
	v := validator{paths: &requestPaths, region: region, allow: allow}
	p := r.params()
	v.request(&p)
	return v.err()
}

// validateSettings is validate for a Stream, whose request has no IDs. The type must
// be given.
func (r *Request) validateSettings(region string, allow func(*FieldError) bool) error {
	v := validator{paths: &requestPaths, region: region, allow: allow}
	if n := len(r.ResourceIDs); n > 0 {
		v.check(v.paths.resourceIDs, strconv.Itoa(n)+" IDs", unsendable("leave it empty: the IDs of a Stream come from its iterator"))
	}
	p := r.params()
	v.resourceType(p.resourceType)
	v.settings(&p)
	return v.err()
}

// validateIDs checks the IDs of one batch of resources of type t.
func validateIDs(t ResourceType, ids []string, allow func(*FieldError) bool) error {
	v := validator{paths: &requestPaths, allow: allow}
	v.resourceIDs(t, ids)
	return v.err()
}

// validateInput is validate for the SDK's input.
func validateInput(in *ec2.CreateFlowLogsInput, region string, allow func(*FieldError) bool) error {
	v := validator{paths: &inputPaths, region: region, allow: allow}
	p := inputParams(in)
	v.request(&p)
	return v.err()
}

// validateToken checks a token that Options.Token made.
func validateToken(token string) error {
	v := validator{paths: &requestPaths}
	if token == "" {
		v.check(v.paths.clientToken, "", unsendable("Options.Token made an empty one"))
	}
	if p := tokenProblem(token); p.found() {
		v.check(v.paths.clientToken, token, wrong(p.message+"; Options.Token made this one"))
	}
	return v.err()
}

// ValidationError is a request that was not sent because EC2 would reject it, or
// would accept it and never deliver. It unwraps to its fields, as *[FieldError].
// Its Reason is ErrInvalidParameter.
type ValidationError struct {
	Fields []FieldError // every problem, at least one
}

func (e *ValidationError) Error() string {
	const most = 10 // on one line; Fields has them all
	var b strings.Builder
	b.WriteString("flowlogs: invalid request: ")
	for i := range e.Fields[:min(most, len(e.Fields))] {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(e.Fields[i].Error())
	}
	b.WriteString(andMore(len(e.Fields) - most))
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
	Value   string // as it was given; empty where nothing was
	Message string // what would be right
	Unknown bool   // the value is not wrong, only unknown to this release; see Options.Allow
}

func (e *FieldError) Error() string {
	if e.Value == "" {
		return printable(e.Field) + ": " + e.Message
	}
	return printable(e.Field) + " " + quote(e.Value) + ": " + e.Message
}

// Is reports whether target is ErrInvalidParameter.
func (e *FieldError) Is(target error) bool { return target == error(ErrInvalidParameter) }

// quote returns a value of a request in quotation marks, on one line, truncated.
func quote(s string) string {
	const most = 100
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
