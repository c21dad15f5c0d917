package reconcile

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/internal/text"
)

// Errors that errors.Is finds in the error of an [Outcome] and of Apply.
var (
	// ErrNotShown means that a flow log was created, but that DescribeFlowLogs did
	// not show it within half a minute, so its ID is not known.
	ErrNotShown = errors.New("created, but DescribeFlowLogs does not show it yet")

	// ErrFailing means that the flow log that the request asks for fails to deliver, so
	// no other flow log was deleted.
	ErrFailing = errors.New("nothing is deleted while the wanted flow log is failing")
)

// ApplyError says why [Reconciler.Apply] did not bring every resource to the requested
// state. It unwraps to the errors of its outcomes, each once, so
// errors.Is finds the [flowlogs.Reason] of every failure and errors.As finds
// every *[ConflictError], *[CallError], *[flowlogs.CallError] and
// *[flowlogs.UnsuccessfulError].
type ApplyError struct {
	Outcomes []Outcome // those with an error, at least one
}

// Error counts the conflicts and failures, and then the errors by their reason, each with
// one example.
func (e *ApplyError) Error() string {
	var counts []string
	n := Result{Outcomes: e.Outcomes}.Counts()
	if n.Conflict > 0 {
		counts = append(counts, text.Plural(n.Conflict, "conflict"))
	}
	if n.Failed > 0 {
		counts = append(counts, text.Plural(n.Failed, "resource")+" failed")
	}
	return "flowlogs: " + strings.Join(counts, ", ") + ": " + strings.Join(byReason(e.Outcomes), "; ")
}

// Unwrap returns the errors of the outcomes, the error of a call once.
func (e *ApplyError) Unwrap() []error {
	var errs []error
	seen := make(map[error]bool)
	for _, o := range e.Outcomes {
		key := o.Err
		if _, ok := key.(*ConflictError); !ok { //nolint:errorlint // one for each resource, though it wraps that of a call
			key = callOf(key)
		}
		if !seen[key] {
			seen[key] = true
			errs = append(errs, o.Err)
		}
	}
	return errs
}

// byReason counts the errors of the outcomes by their reason, in the order of their
// first, which it names.
func byReason(outcomes []Outcome) []string {
	var reasons []string
	counts, examples := make(map[string]int), make(map[string]string)
	for _, o := range outcomes {
		if o.Err == nil {
			continue
		}
		reason := reasonOf(o.Err)
		if counts[reason]++; counts[reason] == 1 {
			reasons, examples[reason] = append(reasons, reason), bare(o.Err)
		}
	}
	for i, reason := range reasons {
		reasons[i] = fmt.Sprintf("%d %s (%s)", counts[reason], cmp.Or(reason, "for an unknown reason"), examples[reason])
	}
	return reasons
}

// reasonOf returns a code: that of the [flowlogs.Reason], or one of this package.
func reasonOf(err error) string {
	var conflict *ConflictError
	reason := flowlogs.ReasonOf(err)
	switch {
	case reason != "":
		return string(reason)
	case errors.Is(err, ErrNotShown):
		return "NotShown"
	case errors.Is(err, ErrFailing):
		return "Failing"
	case errors.As(err, &conflict):
		return "Conflict"
	default:
		return ""
	}
}

// ConflictError means that other flow logs of a resource conflict with the wanted one,
// or that EC2 rejects the wanted one as existing already.
type ConflictError struct {
	ResourceID string
	Conflicts  []Conflict // as listed; empty: EC2 says that the flow log exists, but shows none
	Err        error      // why they were not replaced, such as EC2's response; nil: Options.Replace does not allow it
}

func (e *ConflictError) Error() string {
	ids := make([]string, len(e.Conflicts))
	for i, c := range e.Conflicts {
		ids[i] = idOf(&c.FlowLog)
	}
	var what string
	switch len(ids) {
	case 0:
		what = "EC2 says that the flow log exists, but shows none that conflicts"
	case 1:
		what = "flow log " + ids[0] + " conflicts"
		separator := ": "
		for _, d := range e.Conflicts[0].Differences {
			what += fmt.Sprintf("%s%s is %s, want %s", separator, d.Field, quote(d.Have), d.want(quote))
			separator = ", "
		}
	default:
		what = "flow logs " + strings.Join(ids, ", ") + " conflict"
	}
	switch {
	case e.Err != nil:
		what += "; " + printable(strings.TrimPrefix(bare(e.Err), e.ResourceID+": "))
	case len(ids) > 0:
		what += "; " + whyKept(e.Conflicts)
	}
	return "flowlogs: " + printable(e.ResourceID) + ": " + what
}

// whyKept says why conflicts are not deleted where Err does not.
func whyKept(conflicts []Conflict) string {
	for i := range conflicts {
		if why := conflicts[i].untouchable(); why != "" {
			return why
		}
	}
	return "Options.Replace does not allow the deletion"
}

// Unwrap returns Err.
func (e *ConflictError) Unwrap() error { return e.Err }

// CallError is a call of DescribeFlowLogs or DeleteFlowLogs that failed.
// errors.Is matches it with its [flowlogs.Reason].
type CallError struct {
	Operation string // "DescribeFlowLogs" or "DeleteFlowLogs"
	Err       error
}

func (e *CallError) Error() string {
	cause := "unknown error"
	if e.Err != nil {
		cause = printable(e.Err.Error())
	}
	return "flowlogs: " + e.Operation + ": " + cause
}

// Unwrap returns Err.
func (e *CallError) Unwrap() error { return e.Err }

// Is reports whether target is the reason of Err.
func (e *CallError) Is(target error) bool {
	reason, ok := target.(flowlogs.Reason)
	return ok && reason != "" && reason == flowlogs.ReasonOf(e.Err)
}

// Hint returns what to do about the error, or "" if that is not known.
func (e *CallError) Hint() string {
	reason := flowlogs.ReasonOf(e.Err)
	if reason == flowlogs.ErrNotAuthorized {
		return "Allow the caller ec2:" + e.Operation + "."
	}
	return reason.Hint()
}

// bare returns the text of an error that is part of another one of this package.
func bare(err error) string { return strings.TrimPrefix(err.Error(), "flowlogs: ") }

// bothError is two errors that explain a failure together.
type bothError struct{ first, second error }

func (e *bothError) Error() string   { return bare(e.first) + "; " + bare(e.second) }
func (e *bothError) Unwrap() []error { return []error{e.first, e.second} }

// also adds a second error, either of which may be nil, to the first.
func also(first, second error) error {
	switch {
	case second == nil || errors.Is(first, second):
		return first
	case first == nil:
		return second
	default:
		return &bothError{first, second}
	}
}
