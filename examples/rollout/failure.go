package main

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/go-flowlogs/flowlogs"
)

// failure returns the error of an activity. Its type is the reason, its detail the
// result so far with reason and hint. The server retries it unless no retry can
// help: those errors end the target, and no other.
func failure(ctx context.Context, err error, r Result) error {
	switch {
	case errors.Is(context.Cause(ctx), errStopping):
		err = errStopping
	case errors.Is(err, context.Canceled):
		return err // the workflow was canceled, or does not wait for this attempt any more
	}
	r.Reason, r.Message = codeOf(err), truncated(err.Error(), mostOfMessage)
	r.Hint = hintOf(r.Reason)
	r.Retry = isTransient(err)
	options := temporal.ApplicationErrorOptions{NonRetryable: !r.Retry, Details: []any{r}}
	if errors.Is(err, errStopping) {
		options.NextRetryDelay = time.Millisecond // another worker may be free
	}
	return temporal.NewApplicationErrorWithOptions(r.Message, r.Reason, options)
}

// codeOf returns the reason of an error as a stable code.
func codeOf(err error) string {
	var denied *assumeRoleError
	var unlisted *listAccountsError
	var worker *workerError
	reason := flowlogs.ReasonOf(err)
	switch {
	case errors.Is(err, errStopping):
		return reasonStopping
	case errors.As(err, &denied):
		return reasonAssumeRole
	case errors.As(err, &unlisted):
		return reasonListAccounts
	case errors.As(err, &worker) && !reason.Retryable() && reason != "":
		return reasonWorker
	case reason == "":
		return reasonUnknown
	}
	return string(reason)
}

// isTransient reports whether a retry can help. It may for a code that nobody
// knows: the attempts are bounded.
func isTransient(err error) bool {
	switch code := codeOf(err); code {
	case reasonStopping, reasonWorker, reasonUnknown:
		return true
	default:
		return flowlogs.Reason(code).Retryable()
	}
}
