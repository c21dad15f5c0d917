package flowlogs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/smithy-go"

	"github.com/go-flowlogs/flowlogs/internal/pace"
	"github.com/go-flowlogs/flowlogs/internal/text"
)

// CreateError is the error of a request that was sent and did not create every flow
// log. It unwraps to each of Unsuccessful and then to each of Calls: errors.Is finds the
// [Reason] of every failure, and errors.As every error of the SDK.
//
// The flow logs in the [Response] exist nevertheless. [Response.Results] says which
// resources have none, and why. The section Errors of the package documentation says how
// to go on.
type CreateError struct {
	ClientToken  string               // of the request
	Created      int                  // flow logs that were created nevertheless
	Unsuccessful []*UnsuccessfulError // the resources that were rejected individually
	Calls        []*CallError         // the calls that failed, in the order of their batches
}

// Error counts the resources by reason, and names one for each.
func (e *CreateError) Error() string {
	var reasons []Reason
	counts, examples := make(map[Reason]int), make(map[Reason]string)
	total := e.Created
	add := func(err error, n int, example string) {
		reason := ReasonOf(err)
		if _, known := examples[reason]; !known {
			reasons, examples[reason] = append(reasons, reason), example
		}
		counts[reason] += n
		total += n
	}
	seen := make(map[string]bool)
	for _, u := range e.Unsuccessful {
		if !seen[u.ResourceID] { // a faulty response may name a resource twice
			add(u, 1, u.Error())
		}
		seen[u.ResourceID] = u.ResourceID != ""
	}
	for _, call := range e.Calls {
		_, _, failed := call.Batch.count()
		add(call, failed, call.example())
	}
	message := fmt.Sprintf("flowlogs: %d of %d created, client token %s", e.Created, total, tokenOrNone(e.ClientToken))
	for _, reason := range reasons {
		message += fmt.Sprintf("; %d %s (%s)", counts[reason], cmp.Or(string(reason), "for an unknown reason"), examples[reason])
	}
	return message
}

// Unwrap returns the unsuccessful resources and then the calls.
func (e *CreateError) Unwrap() []error {
	errs := make([]error, 0, len(e.Unsuccessful)+len(e.Calls))
	for _, u := range e.Unsuccessful {
		errs = append(errs, u)
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
	for _, b := range batches {
		e.Created += len(b.FlowLogIDs)
		e.Unsuccessful = append(e.Unsuccessful, b.Unsuccessful...)
		if b.Err != nil {
			e.Calls = append(e.Calls, &CallError{Batch: b, Err: b.Err})
		}
	}
	return e
}

// UnsuccessfulError is a resource for which EC2 created no flow log although it
// accepted the call. It is a [smithy.APIError], and errors.Is matches it with its
// [Reason].
type UnsuccessfulError struct {
	ResourceID string
	Code       string // often the literal "400"; switch on Reason instead
	Message    string
}

var _ smithy.APIError = (*UnsuccessfulError)(nil)

func (e *UnsuccessfulError) Error() string {
	return text.Printable(cmp.Or(e.ResourceID, "unnamed resource")) + ": " +
		text.Printable(cmp.Or(e.Message, "no message")) + " (" + text.Printable(cmp.Or(e.Code, "no code")) + ")"
}

// Reason returns the reason for the code and message, or "" if it is not known.
func (e *UnsuccessfulError) Reason() Reason { return classify(e.Code, e.Message) }

// ErrorCode returns the code as EC2 sent it.
func (e *UnsuccessfulError) ErrorCode() string { return e.Code }

// ErrorMessage returns the message as EC2 sent it.
func (e *UnsuccessfulError) ErrorMessage() string { return e.Message }

// ErrorFault returns [smithy.FaultClient].
func (e *UnsuccessfulError) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// Is reports whether target is the Reason of the resource.
func (e *UnsuccessfulError) Is(target error) bool { return isReason(e, target) }

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
	cause := e.cause()
	n := len(e.Batch.ResourceIDs)
	if n == 0 { // of a Stream as a whole
		return fmt.Sprintf("flowlogs: client token %s: %s", tokenOrNone(e.Batch.ClientToken), cause)
	}
	return fmt.Sprintf("flowlogs: call for %s%s, client token %s, %s: %s",
		text.Printable(e.Batch.ResourceIDs[0]), text.AndMore(n-1), tokenOrNone(e.Batch.ClientToken), text.Plural(e.Batch.Attempts, "attempt"), cause)
}

func (e *CallError) cause() string {
	if e.Err == nil {
		return "unknown error"
	}
	return text.Printable(e.Err.Error())
}

// example returns the cause for the first resource of the call.
func (e *CallError) example() string {
	if len(e.Batch.ResourceIDs) == 0 { // of a Stream as a whole
		return e.cause()
	}
	return (&resourceError{e.Batch.ResourceIDs[0], e}).Error()
}

// resourceError is what a CallError says of one resource.
type resourceError struct {
	id   string
	call *CallError
}

func (e *resourceError) Error() string { return text.Printable(e.id) + ": " + e.call.cause() }
func (e *resourceError) Unwrap() error { return e.call }

// Unwrap returns Err.
func (e *CallError) Unwrap() error { return e.Err }

// Is reports whether target is the Reason of Err.
func (e *CallError) Is(target error) bool { return isReason(e.Err, target) }

func tokenOrNone(token string) string { return text.Printable(cmp.Or(token, "none")) }

// failure is the error of a call, with the Reason that errors.Is finds in it.
type failure struct {
	reason Reason // "": not known, such as a new code of EC2
	err    error
}

func (f *failure) Error() string        { return f.err.Error() }
func (f *failure) Unwrap() error        { return f.err }
func (f *failure) Is(target error) bool { return isReason(f, target) }

// notAttempted returns the error of a call that was not sent. If the Limiter held it
// back, its reason is that of the throttled call before.
func notAttempted(cause error) error {
	reason := ErrNotAttempted
	if isHeldBack(cause) {
		reason = ErrThrottled
	}
	return &failure{reason, fmt.Errorf("%w: %w", ErrNotAttempted, cause)}
}

// isHeldBack reports whether err says that the Limiter held a call back. It does not look
// into the cause of a context, which may be the error of another job.
func isHeldBack(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) { // nil for several errors, such as a context's and its cause
		if _, ok := err.(*pace.HeldBackError); ok { //nolint:errorlint // see above
			return true
		}
	}
	return false
}

// lastError returns err with the error of the attempt before it.
func lastError(reason Reason, err, last error) error {
	return &failure{reason, fmt.Errorf("%w; last error: %w", err, last)}
}
