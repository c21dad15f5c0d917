package main

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/go-flowlogs/flowlogs"
)

// Reasons of targets and VPCs that package flowlogs does not have.
const (
	reasonConflict     = "Conflict"
	reasonAssumeRole   = "AssumeRoleDenied"
	reasonListAccounts = "ListAccountsDenied"
	reasonTooMany      = "TooManyTargets"
	reasonWorker       = "WorkerCredentials"
	reasonUnknown      = "Unknown" // a code of AWS that package flowlogs does not know
	reasonUnfinished   = "Unfinished"
	reasonRunning      = "AlreadyRunning"
	reasonCanceled     = "Canceled"
	reasonTerminated   = "Terminated"
	reasonFailed       = "Failed"
)

const startAgain = "Start the rollout again."

var hints = map[string]string{
	reasonConflict: "Delete the flow log that conflicts, or ask for one with the same settings. " +
		"A rollout deletes nothing.",
	reasonAssumeRole: "Create the role of -role in the account, and let its trust policy allow sts:AssumeRole " +
		"to the identity of the workers, with the external ID of -external-id if there is one.",
	reasonListAccounts: "Give the accounts with -accounts or -targets, or allow the workers organizations:ListAccounts; " +
		"only the management account and delegated administrators may call it.",
	reasonTooMany: "Start several rollouts, each with a -name of its own and a part of the accounts (-accounts, -targets) or Regions.",
	reasonWorker:  "Renew the credentials of the workers, and start the rollout again.",
	// The role has just been assumed, so the credentials are good:
	// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
	string(flowlogs.ErrAuthFailure): "Enable the Region for the account, or leave it out.",
	reasonUnknown:                   "See the message of AWS.",
	reasonUnfinished:                startAgain,
	reasonRunning:                   "Another workflow with this ID works on the target. Start the rollout again when it has ended.",
	reasonCanceled:                  startAgain,
	reasonTerminated:                startAgain,
	reasonFailed:                    "See the workflow of the target on the server.",
}

// hintOf returns what to do about a reason.
func hintOf(reason string) string {
	if hint, ok := hints[reason]; ok {
		return hint
	}
	return flowlogs.Reason(reason).Hint()
}

// reasonError is an error whose reason is not that of package flowlogs.
type reasonError struct {
	reason string
	err    error
}

func (e *reasonError) Error() string { return e.err.Error() }
func (e *reasonError) Unwrap() error { return e.err }

// reasonOf returns the reason of an error, and whether a retry can help. It may for a
// code that nobody knows: the attempts are bounded.
func reasonOf(err error) (reason string, transient bool) {
	var known *reasonError
	if errors.As(err, &known) {
		return known.reason, known.reason == reasonWorker || known.reason == reasonUnfinished
	}
	if r := flowlogs.ReasonOf(err); r != "" {
		return string(r), r.Retryable()
	}
	return reasonUnknown, true
}

// failure returns the error of an activity. Its type is the reason, its detail the
// result. The server retries it if that can help; otherwise it ends the target, and no
// other. What takes too long is left to the next round.
func failure(err error, r Result) error {
	var reason string
	reason, r.Retry = reasonOf(err)
	r.end(reason, err.Error())
	return temporal.NewApplicationErrorWithOptions(r.Message, reason, temporal.ApplicationErrorOptions{
		NonRetryable: !r.Retry || errors.Is(err, errTimeUp),
		Details:      []any{r},
	})
}

// resultOf returns the result in the error of an activity or a child, or the known one
// with what the server has to say.
func resultOf(known Result, err error) Result {
	var application *temporal.ApplicationError
	var canceled *temporal.CanceledError
	var r Result // of its own: a detail that cannot be decoded leaves traces
	if errors.As(err, &application) && application.Details(&r) == nil || errors.As(err, &canceled) && canceled.Details(&r) == nil {
		return r
	}
	reason := reasonFailed
	switch {
	case temporal.IsCanceledError(err):
		reason = reasonCanceled
	case temporal.IsWorkflowExecutionAlreadyStartedError(err):
		reason = reasonRunning
	case temporal.IsTerminatedError(err):
		reason = reasonTerminated
	case temporal.IsTimeoutError(err):
		reason = reasonUnfinished
	}
	known.end(reason, err.Error())
	known.Retry = reason == reasonRunning || reason == reasonUnfinished
	return known
}
