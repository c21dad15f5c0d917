package reconcile

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Errors that errors.Is finds in the error of an [Outcome] and of Apply.
var (
	// ErrNotShown means that a flow log was created, but that DescribeFlowLogs did
	// not show it within half a minute, so its ID is not known.
	ErrNotShown = errors.New("created, but DescribeFlowLogs does not show it yet")

	// ErrFailing means that the new flow log fails to deliver, so the old one was not
	// deleted.
	ErrFailing = errors.New("the new flow log is failing")
)

// ApplyError says why [Reconciler.Apply] did not bring every resource to the requested
// state. It unwraps to the errors of its outcomes, each once, so
// errors.Is finds the [flowlogs.Reason] of every failure and errors.As finds
// every *[ConflictError], *[CallError], *[flowlogs.CallError] and
// *[flowlogs.UnsuccessfulError].
type ApplyError struct {
	Outcomes []Outcome // those with an error, at least one
}

func (e *ApplyError) Error() string {
	conflicts := 0
	for _, o := range e.Outcomes {
		if o.Action == ActionConflict {
			conflicts++
		}
	}
	var counts []string
	if conflicts > 0 {
		counts = append(counts, plural(conflicts, "conflict"))
	}
	if failed := len(e.Outcomes) - conflicts; failed > 0 {
		counts = append(counts, plural(failed, "resource")+" failed")
	}
	text := "flowlogs: " + strings.Join(counts, ", ")
	if errs := e.Unwrap(); len(errs) > 0 {
		text += ": " + strings.TrimPrefix(errs[0].Error(), "flowlogs: ")
		if more := len(errs) - 1; more > 0 {
			text += " and " + plural(more, "more error")
		}
	}
	return text
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

// applyError returns the error of the outcomes, or nil if none of them has one.
func applyError(outcomes []Outcome) error {
	var failed []Outcome
	for _, o := range outcomes {
		if o.Err != nil {
			failed = append(failed, o)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return &ApplyError{Outcomes: failed}
}

// ConflictError means that other flow logs of a resource are in the way of the wanted
// one, or that EC2 rejects the wanted one as existing already.
type ConflictError struct {
	ResourceID string
	Conflicts  []Conflict // may be empty if EC2 reports a flow log but does not show it
	Err        error      // why they were not replaced, such as what EC2 responded; nil: Options.Replace does not allow it
}

func (e *ConflictError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "flowlogs: %s: ", printable(e.ResourceID))
	switch len(e.Conflicts) {
	case 0:
		b.WriteString("EC2 does not accept the flow log, and shows none that is in its way")
	case 1:
		c := &e.Conflicts[0]
		fmt.Fprintf(&b, "flow log %s is in the way", printable(aws.ToString(c.FlowLog.FlowLogId)))
		for i, d := range c.Differences {
			separator := ", "
			if i == 0 {
				separator = ": "
			}
			fmt.Fprintf(&b, "%s%s is %s, want %s", separator, d.Field, quote(d.Have), quote(d.Want))
			if d.Field == fieldBucketARN {
				b.WriteString(" (which may be the same)")
			}
		}
	default:
		b.WriteString("flow logs ")
		for i, c := range e.Conflicts {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(printable(aws.ToString(c.FlowLog.FlowLogId)))
		}
		b.WriteString(" are in the way")
	}
	if e.Err != nil {
		b.WriteString("; " + printable(strings.TrimPrefix(e.Err.Error(), "flowlogs: ")))
	}
	return b.String()
}

// Unwrap returns Err.
func (e *ConflictError) Unwrap() error { return e.Err }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// printable returns s on one line, without control characters and terminal
// escapes, truncated to 1,000 bytes: s may come from anywhere.
func printable(s string) string {
	const most = 1000
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	if slices.ContainsFunc([]rune(s), func(r rune) bool { return !strconv.IsPrint(r) }) {
		quoted := strconv.Quote(s)
		return quoted[1 : len(quoted)-1]
	}
	return s
}

// quote returns s in quotation marks, truncated to 100 bytes, and an empty one
// in words.
func quote(s string) string {
	const most = 100
	if s == "" {
		return "none"
	}
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
