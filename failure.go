package flowlogs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// failure is the error of a call, with the Reason that errors.Is finds in it.
type failure struct {
	reason Reason // "": not known, such as a new code of EC2
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func (f *failure) Is(target error) bool {
	reason, ok := target.(Reason)
	return ok && reason != "" && reason == f.reason
}

// notAttempted returns the error of a call that was not sent. If the Limiter held it
// back, its reason is that of the throttled call before.
func notAttempted(cause error) error {
	reason := ErrNotAttempted
	if errors.As(cause, new(*heldBackError)) {
		reason = ErrThrottled
	}
	return &failure{reason, fmt.Errorf("%w: %w", ErrNotAttempted, cause)}
}

// lastError returns err with the error of the attempt before it.
func lastError(reason Reason, err, last error) error {
	return &failure{reason, fmt.Errorf("%w; last error: %w", err, last)}
}

// heldBackError is the end of a context while a Limiter held a call back because EC2
// had throttled another one.
type heldBackError struct{ err error }

func (e *heldBackError) Error() string {
	return "held back after EC2 throttled a call: " + e.err.Error()
}
func (e *heldBackError) Unwrap() error { return e.err }

// contextError returns the error of a context that has ended, with its cause.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ctx.Err() { //nolint:errorlint // identity, not wrapping
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}

// lostResponseError is a response that could not be read. The SDK does not retry
// these by itself. With a client token a retry is safe, so RetryableError asks the
// SDK's retryers for one.
type lostResponseError struct{ err error }

func (e *lostResponseError) Error() string        { return "response lost: " + e.err.Error() }
func (e *lostResponseError) Unwrap() error        { return e.err }
func (e *lostResponseError) RetryableError() bool { return true } // Guarded by TestCreate_RetriesALostResponseUnderTheSameToken.

func isLost(err error) bool {
	var lost *lostResponseError
	return errors.As(err, &lost)
}

// isEmpty reports whether an HTTP response has none of the members that EC2 sends.
// The SDK treats it as a success.
func isEmpty(out *ec2.CreateFlowLogsOutput, metadata middleware.Metadata) bool {
	return out != nil && out.ClientToken == nil && out.FlowLogIds == nil && out.Unsuccessful == nil &&
		awsmiddleware.GetRawResponse(metadata) != nil
}

// isCutOff reports whether a response was cut off, or is a success that cannot be
// parsed. What the SDK returns for the latter depends on its serialization: a
// DeserializationError, or the bare error of the parser.
func isCutOff(err error) bool {
	var response interface{ HTTPStatusCode() int }
	if errors.As(err, &response) {
		status := response.HTTPStatusCode()
		return status >= 200 && status < 300 && !isResponse(err) || status > 0 && errors.Is(err, io.ErrUnexpectedEOF)
	}
	var unread *smithy.DeserializationError
	return errors.As(err, &unread)
}

// isTransport reports whether err came from sending a call, or from the connection.
func isTransport(err error) bool {
	var unsent *smithyhttp.RequestSendError
	var network net.Error
	return errors.As(err, &unsent) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// retryAfter returns how long EC2 asked to wait before the next attempt, 0 if it did
// not. Like the SDK, it adds at most 5 seconds to delay.
// https://github.com/aws/aws-sdk-go-v2/blob/v1.48.0/aws/retry/middleware.go
func retryAfter(err error, delay time.Duration) time.Duration {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.HTTPResponse() == nil || response.HTTPResponse().Response == nil {
		return 0
	}
	ms, err := strconv.ParseUint(response.HTTPResponse().Header.Get("X-Amz-Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(ms)*time.Millisecond, delay+5*time.Second)
}

// isResponse reports whether err is a response of EC2. For the page of a proxy, the
// SDK has no code or "UnknownError".
func isResponse(err error) bool {
	var response smithy.APIError
	return errors.As(err, &response) && response.ErrorCode() != "" && response.ErrorCode() != "UnknownError"
}

// requestID returns the request ID of a response, "" if it has none.
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
