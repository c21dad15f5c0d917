package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/go-flowlogs/flowlogs"
)

// Exit statuses, as in
// https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
// but for the second, which the AWS CLI does not have.
const (
	statusAllCreated    = 0
	statusUnsuccessful  = 1 // some resources, in a call that EC2 answered
	statusInterrupted   = 130
	statusWrongUsage    = 252
	statusConfiguration = 253
	statusRefused       = 254 // by EC2
	statusFailed        = 255
)

func statusOf(err error) int {
	var (
		invalid       *flowlogs.ValidationError
		configuration configError
		unsuccessful  *flowlogs.UnsuccessfulError
	)
	_, refused := refusal(err)
	switch {
	case err == nil:
		return statusAllCreated
	case errors.As(err, &invalid):
		return statusWrongUsage
	case errors.As(err, &configuration):
		return statusConfiguration
	case refused:
		return statusRefused
	case callOf(err) == nil && errors.As(err, &unsuccessful):
		return statusUnsuccessful
	default:
		return statusFailed
	}
}

// report writes what went wrong, in a line each.
func report(w io.Writer, err error) {
	var invalid *flowlogs.ValidationError
	refused, isRefused := refusal(err)
	var more *resumableError
	switch {
	case err == nil:
		return
	case errors.As(err, &invalid):
		for i := range invalid.Fields {
			fmt.Fprintf(w, "create-flow-logs: %v\n", &invalid.Fields[i])
		}
	case isRefused: // in the words of the AWS CLI
		fmt.Fprintf(w, "\nAn error occurred (%s) when calling the CreateFlowLogs operation: %s\n", refused.ErrorCode(), refused.ErrorMessage())
	default:
		fmt.Fprintf(w, "create-flow-logs: %s\n", strings.TrimPrefix(err.Error(), "flowlogs: "))
	}
	if errors.As(err, &more) {
		fmt.Fprintf(w, "create-flow-logs: %s\n", more.hint())
	}
}

// errDryRun is what EC2 answers to a dry run that would have succeeded. Create
// returns no error then; the AWS CLI does.
var errDryRun = &flowlogs.CallError{Err: &smithy.GenericAPIError{
	Code:    "DryRunOperation",
	Message: "Request would have succeeded, but DryRun flag is set.",
}}

// callOf is the first call that failed as a whole, nil if none did.
func callOf(err error) *flowlogs.CallError {
	var call *flowlogs.CallError
	errors.As(err, &call)
	return call
}

// refusal is the answer of EC2 that refused the first failed call, if that had
// an answer. Resources that were unsuccessful have errors like it, which is why
// it is looked for in the call.
func refusal(err error) (smithy.APIError, bool) {
	call := callOf(err)
	if call == nil {
		return nil, false
	}
	var refused smithy.APIError
	return refused, errors.As(call.Err, &refused)
}

// resumableError is a command of which calls failed that can be made again.
type resumableError struct {
	error
	resp *flowlogs.Response
}

// resumable adds to an error how to go on, unless the only call was refused.
func resumable(resp *flowlogs.Response, err error) error {
	_, refused := refusal(err)
	if callOf(err) == nil || refused && len(resp.Batches) == 1 {
		return err
	}
	return &resumableError{err, resp}
}

func (e *resumableError) Unwrap() error { return e.error }

func (e *resumableError) hint() string {
	return fmt.Sprintf("%d created; to resume, run the same command with --client-token %s: nothing is created twice",
		len(e.resp.FlowLogIDs), e.resp.ClientToken)
}
