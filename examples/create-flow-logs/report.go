package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/go-flowlogs/flowlogs"
)

// The exit statuses of the AWS CLI, and statusUnsuccessful, which it does not have.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
const (
	statusAllCreated    = 0
	statusUnsuccessful  = 1 // some resources, in calls that succeeded
	statusInterrupted   = 130
	statusWrongUsage    = 252
	statusConfiguration = 253
	statusRejected      = 254 // by EC2
	statusFailed        = 255
)

func statusOf(err error) int {
	var (
		invalid       *flowlogs.ValidationError
		configuration configError
		unsuccessful  *flowlogs.UnsuccessfulError
	)
	_, rejected := rejection(err)
	switch {
	case err == nil:
		return statusAllCreated
	case errors.As(err, &invalid):
		return statusWrongUsage
	case errors.As(err, &configuration):
		return statusConfiguration
	case rejected:
		return statusRejected
	case callOf(err) == nil && errors.As(err, &unsuccessful):
		return statusUnsuccessful
	default:
		return statusFailed
	}
}

// report writes each problem in err on a line of its own.
func report(w io.Writer, err error) {
	var invalid *flowlogs.ValidationError
	rejected, isRejected := rejection(err)
	var more *resumableError
	switch {
	case err == nil:
		return
	case errors.As(err, &invalid):
		for i := range invalid.Fields {
			field := &invalid.Fields[i]
			fmt.Fprintf(w, "create-flow-logs: %v\n", field)
			if field.Field == "--log-format" && !strings.Contains(field.Value, "${") {
				fmt.Fprintln(w, "create-flow-logs: --log-format: put it in single quotes, or the shell expands ${…}")
			}
		}
	case isRejected: // in the words of the AWS CLI
		fmt.Fprintf(w, "\nAn error occurred (%s) when calling the CreateFlowLogs operation: %s\n", rejected.ErrorCode(), rejected.ErrorMessage())
	default:
		fmt.Fprintf(w, "create-flow-logs: %s\n", strings.TrimPrefix(err.Error(), "flowlogs: "))
	}
	if errors.As(err, &more) {
		fmt.Fprintf(w, "create-flow-logs: %s\n", more.hint())
	}
}

// errDryRun is the response of EC2 to a dry run that would have succeeded. Create returns
// no error then; the AWS CLI does.
var errDryRun = &flowlogs.CallError{Err: &smithy.GenericAPIError{
	Code:    "DryRunOperation",
	Message: "Request would have succeeded, but DryRun flag is set.",
}}

// callOf returns the first call that failed as a whole, or nil.
func callOf(err error) *flowlogs.CallError {
	var call *flowlogs.CallError
	errors.As(err, &call)
	return call
}

// rejection returns EC2's error for the first failed call, if EC2 rejected it. It does
// not search all of err, because unsuccessful resources have such errors, too.
func rejection(err error) (smithy.APIError, bool) {
	call := callOf(err)
	if call == nil {
		return nil, false
	}
	var rejected smithy.APIError
	ok := errors.As(call.Err, &rejected)
	return rejected, ok
}

// resumableError is the error of a command that can be resumed.
type resumableError struct {
	error
	resp *flowlogs.Response
}

// resumable adds to an error how to resume, unless the only call was rejected.
func resumable(resp *flowlogs.Response, err error) error {
	_, rejected := rejection(err)
	if callOf(err) == nil || rejected && len(resp.Batches) == 1 {
		return err
	}
	return &resumableError{err, resp}
}

func (e *resumableError) Unwrap() error { return e.error }

func (e *resumableError) hint() string {
	return fmt.Sprintf("%d created; to resume, run the same command with --client-token %s: nothing is created twice",
		len(e.resp.FlowLogIDs), e.resp.ClientToken)
}
