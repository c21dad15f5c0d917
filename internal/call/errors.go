package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ContextError returns the error of a context that has ended, with its cause.
func ContextError(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(ctx.Err(), cause) {
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
func (e *lostResponseError) RetryableError() bool { return true }

// IsLost reports whether err is a response that could not be read.
func IsLost(err error) bool {
	var lost *lostResponseError
	return errors.As(err, &lost)
}

// isCutOff reports whether a response was cut off, or is a success that cannot be
// parsed. What the SDK returns for the latter depends on its serialization: a
// DeserializationError, or the bare error of the parser.
func isCutOff(err error) bool {
	var response interface{ HTTPStatusCode() int }
	if errors.As(err, &response) {
		status := response.HTTPStatusCode()
		return status >= 200 && status < 300 && !IsResponse(err) || status > 0 && errors.Is(err, io.ErrUnexpectedEOF)
	}
	var unread *smithy.DeserializationError
	return errors.As(err, &unread)
}

// IsTransport reports whether err came from sending a call, or from the connection.
func IsTransport(err error) bool {
	var unsent *smithyhttp.RequestSendError
	var network net.Error
	return errors.As(err, &unsent) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// RetryAfter returns how long EC2 asked to wait before the next attempt, 0 if it did
// not. Like the SDK, it adds at most 5 seconds to delay.
// https://github.com/aws/aws-sdk-go-v2/blob/v1.48.0/aws/retry/middleware.go
func RetryAfter(err error, delay time.Duration) time.Duration {
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

// IsResponse reports whether err is a response of EC2. For the page of a proxy, the
// SDK has no code or "UnknownError".
func IsResponse(err error) bool {
	var response smithy.APIError
	return errors.As(err, &response) && response.ErrorCode() != "" && response.ErrorCode() != "UnknownError"
}

// IsServerFault reports whether err is a failure of EC2: a call that got a 5xx may have
// been applied, whatever its code.
func IsServerFault(err error) bool {
	var response interface{ HTTPStatusCode() int }
	var api smithy.APIError
	return errors.As(err, &response) && response.HTTPStatusCode() >= 500 ||
		errors.As(err, &api) && api.ErrorFault() == smithy.FaultServer
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
