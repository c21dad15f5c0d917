package flowlogs

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"
)

// CreateError is the error of a request that was sent and did not create every flow
// log. It unwraps to the UnsuccessfulError, if there is one, and to each of Calls:
// errors.Is finds the [Reason] of every failure, and errors.As every error of the SDK.
//
// The flow logs in the [Response] exist nevertheless. [Response.Results] says which
// resources have none, and why. If the reason is retryable, call Create
// again with the same request and token. Otherwise fix the cause and call Create
// with the failed resources alone and another token: EC2 may repeat its response
// to the old one.
type CreateError struct {
	ClientToken  string             // of the request
	Created      int                // flow logs that were created nevertheless
	Unsuccessful *UnsuccessfulError // nil: no resource was rejected individually
	Calls        []*CallError       // the calls that failed, in the order of their batches
}

func (e *CreateError) Error() string {
	errs := e.Unwrap()
	if len(errs) == 0 {
		return "flowlogs: unknown error, client token " + tokenOrNone(e.ClientToken)
	}
	if len(errs) == 1 {
		return errs[0].Error()
	}
	var counts []string
	if e.Unsuccessful != nil {
		counts = append(counts, plural(len(e.Unsuccessful.Items), "resource")+" unsuccessful")
	}
	failed, notAttempted := 0, 0
	for _, call := range e.Calls {
		if ReasonOf(call.Err) == ErrNotAttempted {
			notAttempted++
		} else {
			failed++
		}
	}
	if failed > 0 {
		counts = append(counts, plural(failed, "call")+" failed")
	}
	if notAttempted > 0 {
		counts = append(counts, plural(notAttempted, "call")+" not attempted")
	}
	return fmt.Sprintf("flowlogs: %d created, %s, client token %s; first: %s", e.Created, strings.Join(counts, ", "),
		tokenOrNone(e.ClientToken), strings.TrimPrefix(errs[0].Error(), "flowlogs: "))
}

// Unwrap returns the UnsuccessfulError, if there is one, and then the calls.
func (e *CreateError) Unwrap() []error {
	errs := make([]error, 0, 1+len(e.Calls))
	if e.Unsuccessful != nil {
		errs = append(errs, e.Unsuccessful)
	}
	for _, call := range e.Calls {
		errs = append(errs, call)
	}
	return errs
}

// createError returns the error of the batches, or nil if none of them failed.
func createError(token string, batches []Batch) error {
	if !slices.ContainsFunc(batches, func(b Batch) bool { return b.Err != nil || len(b.Unsuccessful) > 0 }) {
		return nil
	}
	e := &CreateError{ClientToken: token}
	var items []UnsuccessfulItem
	for _, b := range batches {
		e.Created += len(b.FlowLogIDs)
		items = append(items, b.Unsuccessful...)
		if b.Err != nil {
			e.Calls = append(e.Calls, &CallError{Batch: b, Err: b.Err})
		}
	}
	if len(items) > 0 {
		e.Unsuccessful = &UnsuccessfulError{Items: items, ClientToken: token, Created: e.Created}
	}
	return e
}

// UnsuccessfulError says that EC2 responded with success but rejected resources
// individually. It unwraps to its items.
type UnsuccessfulError struct {
	Items       []UnsuccessfulItem // at least one
	ClientToken string             // of the request
	Created     int                // flow logs that were created nevertheless
}

func (e *UnsuccessfulError) Error() string {
	text := fmt.Sprintf("flowlogs: %d created, %d unsuccessful, client token %s", e.Created, len(e.Items), tokenOrNone(e.ClientToken))
	if len(e.Items) > 0 {
		text += ": " + e.Items[0].Error() + andMore(len(e.Items)-1)
	}
	return text
}

// Unwrap returns the items.
func (e *UnsuccessfulError) Unwrap() []error {
	errs := make([]error, len(e.Items))
	for i := range e.Items {
		errs[i] = &e.Items[i]
	}
	return errs
}

// UnsuccessfulItem is a resource for which EC2 created no flow log although it
// accepted the call. *UnsuccessfulItem is an error and a [smithy.APIError], and
// errors.Is matches it with its [Reason].
type UnsuccessfulItem struct {
	ResourceID string
	Code       string // often the literal "400"; switch on Reason instead
	Message    string
}

var _ smithy.APIError = (*UnsuccessfulItem)(nil)

func (i *UnsuccessfulItem) Error() string {
	return printable(cmp.Or(i.ResourceID, "unnamed resource")) + ": " +
		printable(cmp.Or(i.Message, "no message")) + " (" + printable(cmp.Or(i.Code, "no code")) + ")"
}

// Reason returns the reason for the code and message, or "" if it is not known.
func (i *UnsuccessfulItem) Reason() Reason { return classify(i.Code, i.Message) }

// ErrorCode returns the code as EC2 sent it.
func (i *UnsuccessfulItem) ErrorCode() string { return i.Code }

// ErrorMessage returns the message as EC2 sent it.
func (i *UnsuccessfulItem) ErrorMessage() string { return i.Message }

// ErrorFault returns [smithy.FaultClient].
func (i *UnsuccessfulItem) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// Is reports whether target is the Reason of the item.
func (i *UnsuccessfulItem) Is(target error) bool { return isReason(i, target) }

// CallError is a call that EC2 rejected, that got no response, or whose response
// does not account for every resource.
//
// To resume the call, call Create with the ResourceIDs and the ClientToken of
// the Batch and otherwise the same Request. EC2 creates nothing twice under the
// same token. To resume the whole request, call Create with the same Request and
// the ClientToken of the [Response].
type CallError struct {
	Batch Batch
	Err   error // Batch.Err
}

func (e *CallError) Error() string {
	cause := "unknown error"
	if e.Err != nil {
		cause = printable(e.Err.Error())
	}
	n := len(e.Batch.ResourceIDs)
	if n == 0 { // of a Stream as a whole
		return fmt.Sprintf("flowlogs: client token %s: %s", tokenOrNone(e.Batch.ClientToken), cause)
	}
	return fmt.Sprintf("flowlogs: call for %s%s, client token %s, %s: %s",
		printable(e.Batch.ResourceIDs[0]), andMore(n-1), tokenOrNone(e.Batch.ClientToken), plural(e.Batch.Attempts, "attempt"), cause)
}

// Unwrap returns Err.
func (e *CallError) Unwrap() error { return e.Err }

// Is reports whether target is the Reason of Err.
func (e *CallError) Is(target error) bool { return isReason(e.Err, target) }

func tokenOrNone(token string) string { return printable(cmp.Or(token, "none")) }

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

// printable returns s on one line, without control characters and terminal
// escapes, truncated to 1,000 bytes: s may come from anywhere.
func printable(s string) string {
	const limit = 1000
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		quoted := strconv.Quote(s)
		return quoted[1 : len(quoted)-1]
	}
	return s
}
