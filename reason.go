package flowlogs

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

	"github.com/go-flowlogs/flowlogs/internal/call"
)

// Reason is why a resource or a call failed, regardless of how EC2 words it. Its value
// is a stable code such as "Throttled", suitable for a metric label or a log. Error,
// and so package fmt, returns a sentence instead. A Reason is an error for use with
// errors.Is, which finds it in failures of calls and of single resources.
type Reason string

// The reasons.
const (
	ErrAlreadyExists            Reason = "AlreadyExists"
	ErrDestinationNotFound      Reason = "DestinationNotFound"
	ErrDestinationAccessDenied  Reason = "DestinationAccessDenied"
	ErrDestinationUndeliverable Reason = "DestinationUndeliverable"
	ErrNotAuthorized            Reason = "NotAuthorized"    // the caller lacks a permission
	ErrOptInRequired            Reason = "OptInRequired"    // the account is not signed up for the service or Region
	ErrAuthFailure              Reason = "AuthFailure"      // the credentials are invalid or expired
	ErrConfiguration            Reason = "Configuration"    // no usable credentials, Region or endpoint: EC2 did not get the call
	ErrRoleNotAssumable         Reason = "RoleNotAssumable" // the role that delivers the flow logs
	ErrInvalidParameter         Reason = "InvalidParameter"
	ErrLimitExceeded            Reason = "LimitExceeded" // of flow logs
	ErrThrottled                Reason = "Throttled"
	ErrTokenMismatch            Reason = "TokenMismatch"
	ErrResourceNotFound         Reason = "ResourceNotFound"
	ErrIncorrectState           Reason = "IncorrectState" // of the resource
	ErrDryRun                   Reason = "DryRun"
	ErrUnavailable              Reason = "Unavailable"        // EC2 failed with status 5xx: the call may have been applied
	ErrNoResponse               Reason = "NoResponse"         // the call may have been applied
	ErrIncompleteResponse       Reason = "IncompleteResponse" // the response does not account for every resource
	ErrNotAttempted             Reason = "NotAttempted"
)

// Error returns the reason as a sentence.
func (r Reason) Error() string {
	if rule := ruleOfReason(r); rule != nil {
		return rule.sentence
	}
	return string(r)
}

// Hint returns what to do about the reason, or "" if r is not one of the constants.
func (r Reason) Hint() string {
	if rule := ruleOfReason(r); rule != nil {
		return rule.hint
	}
	return ""
}

// LogValue returns the code, for package slog.
func (r Reason) LogValue() slog.Value { return slog.StringValue(string(r)) }

// Retryable reports whether the same request under the same token may succeed
// later with nothing else changed. ErrNotAttempted is retryable once its cause,
// another error of the same request, is gone.
func (r Reason) Retryable() bool {
	return r.is(transient) || r == ErrIncompleteResponse || r == ErrNotAttempted
}

// kind is what a Reason implies for retries and for other calls, as a set of flags.
type kind uint8

const (
	transient   kind = 1 << iota // the same call may succeed later
	fatal                        // it applies to every other call of the request too
	immediate                    // fatal, and a single call proves it
	single                       // it may apply to single resources of the call only
	propagating                  // EC2 may not see something new yet
)

func (r Reason) is(k kind) bool {
	rule := ruleOfReason(r)
	return rule != nil && rule.kind&k != 0
}

func ruleOfReason(r Reason) *reasonRule {
	for i := range reasonRules {
		if reasonRules[i].reason == r {
			return &reasonRules[i]
		}
	}
	return nil
}

// ReasonOf returns the reason of err, or "" if it is not known. If err joins several
// errors, it is the reason of the first that has one other than ErrNotAttempted. Besides
// the errors of this package, err may be any error of the SDK.
func ReasonOf(err error) Reason {
	switch e := err.(type) {
	case nil:
		return ""
	case Reason:
		return e
	case *failure:
		return e.reason
	case *FieldError, *ValidationError:
		return ErrInvalidParameter
	case *aws.MissingRegionError, *tls.CertificateVerificationError, tls.RecordHeaderError:
		return ErrConfiguration
	case *net.DNSError:
		if e.IsNotFound {
			return ErrConfiguration
		}
	case *smithy.OperationError:
		if r := reasonOfUnsent(e); r != "" {
			return r
		}
	case smithy.APIError:
		if r := classify(e.ErrorCode(), e.ErrorMessage()); r != "" {
			return r
		}
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if r := ReasonOf(e.Unwrap()); r != "" {
			return r
		}
	case interface{ Unwrap() []error }:
		var first Reason
		for _, err := range e.Unwrap() {
			if r := ReasonOf(err); first == "" || first == ErrNotAttempted && r != "" {
				first = r
			}
		}
		if first != "" {
			return first
		}
	}
	// No wrapped error has a reason, so the status decides.
	switch e := err.(type) {
	case interface{ HTTPStatusCode() int }:
		return reasonOfStatus(e.HTTPStatusCode(), err)
	case interface{ ConnectionError() bool }:
		switch {
		case errors.Is(err, http.ErrSchemeMismatch) || strings.Contains(err.Error(), "unsupported protocol scheme"):
			return ErrConfiguration
		case e.ConnectionError():
			return ErrNoResponse
		}
	}
	return ""
}

// reasonOfUnsent returns the reason for an operation of EC2 that the SDK did not send:
// it has no endpoint, or the source of the credentials failed. "" if it may have sent it.
func reasonOfUnsent(e *smithy.OperationError) Reason {
	text := e.Err.Error()
	if e.Service() != ec2.ServiceID || !slices.ContainsFunc(unsentMessages, func(part string) bool { return strings.Contains(text, part) }) {
		return ""
	}
	if ReasonOf(e.Err) == ErrAuthFailure { // as STS says of expired credentials
		return ErrAuthFailure
	}
	return ErrConfiguration
}

// reasonOfStatus returns the reason for a response whose code says nothing, such as the
// page of a proxy.
func reasonOfStatus(status int, err error) Reason {
	switch {
	case status == http.StatusTooManyRequests:
		return ErrThrottled
	case status >= 500:
		return ErrUnavailable
	case call.IsResponse(err):
		return ""
	case status < 300 || status == http.StatusRequestTimeout || errors.Is(err, io.ErrUnexpectedEOF):
		return ErrNoResponse
	default: // what rejected the call is not EC2
		return ErrConfiguration
	}
}

func isReason(err, target error) bool {
	want, ok := target.(Reason)
	return ok && want != "" && want == ReasonOf(err)
}

// classify returns the reason for a code and a message. The message decides only
// where the code says little.
func classify(code, message string) Reason {
	reason := reasonOfCode(code)
	if reason != "" && reason != ErrInvalidParameter {
		return reason
	}
	for _, rule := range messageRules {
		if strings.Contains(message, rule.begin) && strings.Contains(message, rule.end) {
			return rule.reason
		}
	}
	return reason
}

func reasonOfCode(code string) Reason {
	for i := range reasonRules {
		if slices.Contains(reasonRules[i].codes, code) {
			return reasonRules[i].reason
		}
	}
	if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
		return ErrThrottled
	}
	if _, ok := retry.DefaultRetryableErrorCodes[code]; ok {
		return ErrUnavailable
	}
	switch {
	case strings.HasSuffix(code, ".NotFound"): // InvalidVpcID.NotFound and its siblings
		return ErrResourceNotFound
	case strings.HasSuffix(code, ".Malformed"):
		return ErrInvalidParameter
	}
	return ""
}
