package flowlogs

import (
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// Validate checks the request against the rules of EC2, without calling EC2. The
// error is nil or a *[ValidationError] with every problem found. A rule that depends
// on the Region of the call is checked by [Client.Create] only.
func (r Request) Validate() error { return r.validate("", nil) }

// ValidateInput is [Request.Validate] for the SDK's input. The rules are the same; the
// paths have the input's names. A nil input is an empty one. The resource type is
// required: it is inferred for a Request only.
func ValidateInput(in *ec2.CreateFlowLogsInput) error { return validateInput(in, "", nil) }

// validate checks the whole request for a call in region, "" if that is not known.
// A problem for which allow returns true is ignored; allow may be nil.
func (r *Request) validate(region string, allow func(*FieldError) bool) error {
	v := validator{paths: &requestPaths, region: region, allow: allow}
	p := r.params()
	v.request(&p)
	return v.err()
}

// validateSettings is validate for a Stream, whose request has a type and no IDs.
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

// validateEach divides the IDs of a batch into those that can be sent and the others.
// The paths in the error have the indexes of bad. Allow is asked once for each problem.
func validateEach(t ResourceType, ids []string, allow func(*FieldError) bool) (good, bad []string, err error) {
	if validateIDs(t, ids, nil) == nil {
		return ids, nil, nil // common case
	}
	v := validator{paths: &requestPaths, allow: allow}
	rule, seen := ruleOf(t), make(map[string]bool)
	for _, id := range ids {
		problems := len(v.problems)
		v.checkElement(v.paths.resourceIDs, len(bad), id, idProblem(t, rule, id))
		if seen[id] {
			v.checkElement(v.paths.resourceIDs, len(bad), id, wrong("is listed twice"))
		}
		if len(v.problems) > problems {
			bad = append(bad, id)
		} else {
			good = append(good, id)
			seen[id] = true
		}
	}
	return good, bad, v.err()
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
	const limit = 10 // the text is one line; Fields has all of them
	var b strings.Builder
	b.WriteString("flowlogs: invalid request: ")
	for i := range e.Fields[:min(limit, len(e.Fields))] {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(e.Fields[i].Error())
	}
	b.WriteString(andMore(len(e.Fields) - limit))
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
		return printable(e.Field) + ": " + e.Message
	}
	return printable(e.Field) + " " + quote(e.Value) + ": " + e.Message
}

// Is reports whether target is ErrInvalidParameter.
func (e *FieldError) Is(target error) bool { return target == error(ErrInvalidParameter) }

// quote returns a value of a request in quotation marks, on one line, truncated.
func quote(s string) string {
	const limit = 100
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return strconv.Quote(s)
}
