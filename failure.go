package flowlogs

import (
	"context"
	"errors"
	"fmt"
	"io"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// failure is the error of a call, with the Reason that errors.Is finds in it.
type failure struct {
	reason Reason // "": a code of EC2 that this package does not know
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func (f *failure) Is(target error) bool {
	reason, ok := target.(Reason)
	return ok && reason != "" && reason == f.reason
}

func notAttempted(cause error) error {
	return &failure{ErrNotAttempted, fmt.Errorf("%w: %w", ErrNotAttempted, cause)}
}

// contextError returns the error of a context that has ended, with its cause.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ctx.Err() { //nolint:errorlint // the very error
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}

// lostResponseError is a response that could not be read. The SDK itself would
// not retry it; under a client token that is safe, and RetryableError tells the
// SDK's retryers so.
type lostResponseError struct{ err error }

func (e *lostResponseError) Error() string        { return "response lost: " + e.err.Error() }
func (e *lostResponseError) Unwrap() error        { return e.err }
func (e *lostResponseError) RetryableError() bool { return true } // Guarded by TestCreate_RetriesALostResponseUnderTheSameToken.

func isLost(err error) bool {
	var lost *lostResponseError
	return errors.As(err, &lost)
}

// isEmpty reports whether a response over HTTP has nothing of EC2 in it. The SDK
// takes that for a success.
func isEmpty(out *ec2.CreateFlowLogsOutput, metadata middleware.Metadata) bool {
	return out != nil && out.ClientToken == nil && out.FlowLogIds == nil && out.Unsuccessful == nil &&
		awsmiddleware.GetRawResponse(metadata) != nil
}

// isCutOff reports whether EC2 responded with success in a body that cannot be
// read, or in any body that cannot be read to its end.
func isCutOff(err error) bool {
	var unread *smithy.DeserializationError
	var response interface{ HTTPStatusCode() int }
	return errors.As(err, &unread) &&
		(errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &response) || response.HTTPStatusCode() < 300)
}

// isResponse reports whether err is a response of EC2. A page of a proxy has no
// code that the SDK knows.
func isResponse(err error) bool {
	var response smithy.APIError
	return errors.As(err, &response) && response.ErrorCode() != "" && response.ErrorCode() != "UnknownError"
}

// requestID returns AWS's ID of a response, "" if there was none.
func requestID(metadata middleware.Metadata, err error) string {
	if id, ok := awsmiddleware.GetRequestIDMetadata(metadata); ok || err == nil {
		return id
	}
	var response interface{ ServiceRequestID() string }
	if errors.As(err, &response) {
		return response.ServiceRequestID()
	}
	return ""
}
