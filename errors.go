package flowlogs

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"
)

// UnsuccessfulItem is a resource for which EC2 did not create a flow log, within
// a call that it answered with HTTP 200. It is a [smithy.APIError], and matches
// its [Reason] with errors.Is.
type UnsuccessfulItem struct {
	ResourceID string
	Code       string // often the literal "400"; see Reason for something to switch on
	Message    string
}

var _ smithy.APIError = UnsuccessfulItem{}

func (i UnsuccessfulItem) Error() string {
	return printable(cmp.Or(i.ResourceID, "a resource that EC2 did not name")) + ": " +
		printable(cmp.Or(i.Message, "no message")) + " (" + printable(cmp.Or(i.Code, "no code")) + ")"
}

// ErrorCode is the code as EC2 sent it.
func (i UnsuccessfulItem) ErrorCode() string { return i.Code }

// ErrorMessage is the message as EC2 sent it.
func (i UnsuccessfulItem) ErrorMessage() string { return i.Message }

// ErrorFault is the client's: EC2 refused the resource.
func (i UnsuccessfulItem) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// Is reports whether target is the Reason of the item.
func (i UnsuccessfulItem) Is(target error) bool { return isReason(i, target) }

// UnsuccessfulError says that EC2 answered but did not create all flow logs. It
// unwraps to its items.
type UnsuccessfulError struct {
	Items       []UnsuccessfulItem // at least one
	ClientToken string             // of the request
	Created     int                // flow logs created all the same
}

func (e *UnsuccessfulError) Error() string {
	return fmt.Sprintf("flowlogs: %d unsuccessful, %d created, client token %s: %s%s",
		len(e.Items), e.Created, printable(e.ClientToken), e.Items[0], andMore(len(e.Items)-1))
}

// Unwrap returns the items.
func (e *UnsuccessfulError) Unwrap() []error {
	errs := make([]error, len(e.Items))
	for i, item := range e.Items {
		errs[i] = item
	}
	return errs
}

// unsuccessfulError is nil where there are no items.
func unsuccessfulError(items []UnsuccessfulItem, token string, created int) error {
	if len(items) == 0 {
		return nil
	}
	return &UnsuccessfulError{Items: items, ClientToken: token, Created: created}
}

// CallError is a call that EC2 refused, or that never got an answer that says
// what became of every resource.
//
// The batch has what is needed to go on: Create with its ResourceIDs, its
// ClientToken and otherwise the same request sends the same call again, which
// creates nothing that exists already. Or, for the whole request, Create with the
// same Request and the token of the Response.
type CallError struct {
	Batch Batch
	Err   error // the SDK's error, a Reason of this package, or the context's error
}

func (e *CallError) Error() string {
	return fmt.Sprintf("flowlogs: %s%s, client token %s, %s: %s",
		printable(first(e.Batch.ResourceIDs)), andMore(len(e.Batch.ResourceIDs)-1),
		printable(e.Batch.ClientToken), plural(e.Batch.Attempts, "attempt"), printable(e.Err.Error()))
}

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Err }

// Is reports whether target is the Reason of the cause.
func (e *CallError) Is(target error) bool { return isReason(e.Err, target) }

// createError joins the errors of a Create in one line.
type createError struct {
	errs         []error
	unsuccessful int // resources
	failed       int // calls
	notAttempted int // calls
}

func (e *createError) Error() string {
	var counts []string
	if e.unsuccessful > 0 {
		counts = append(counts, plural(e.unsuccessful, "resource")+" unsuccessful")
	}
	if e.failed > 0 {
		counts = append(counts, plural(e.failed, "call")+" failed")
	}
	if e.notAttempted > 0 {
		counts = append(counts, plural(e.notAttempted, "call")+" not attempted")
	}
	return "flowlogs: " + strings.Join(counts, ", ") + "; first " + strings.TrimPrefix(e.errs[0].Error(), "flowlogs: ")
}

func (e *createError) Unwrap() []error { return e.errs }

// joinErrors is nil where all was created, and the error itself where there is
// only one. The calls are put in the order of their batches.
func joinErrors(r *Response, failed []*CallError) error {
	if len(r.Unsuccessful) == 0 && len(failed) == 0 {
		return nil
	}
	slices.SortFunc(failed, func(a, b *CallError) int { return a.Batch.Index - b.Batch.Index })
	var joined createError
	if err := unsuccessfulError(r.Unsuccessful, r.ClientToken, len(r.FlowLogIDs)); err != nil {
		joined.errs = append(joined.errs, err)
		joined.unsuccessful = len(r.Unsuccessful)
	}
	for _, call := range failed {
		joined.errs = append(joined.errs, call)
		if ReasonOf(call.Err) == ErrNotAttempted {
			joined.notAttempted++
		} else {
			joined.failed++
		}
	}
	if len(joined.errs) == 1 {
		return joined.errs[0]
	}
	return &joined
}

func first(ids []string) string {
	if len(ids) == 0 {
		return "no resources"
	}
	return ids[0]
}

func andMore(n int) string {
	if n <= 0 {
		return ""
	}
	return " and " + strconv.Itoa(n) + " more"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// What comes from outside is shown in one line and in so many characters.
const maxShown = 1000

// printable is s without line breaks, control characters or terminal escapes.
func printable(s string) string {
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	quoted := strconv.Quote(s)
	if inner := quoted[1 : len(quoted)-1]; strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return inner
	}
	return s
}
