package flowlogs

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

// Reason is why a resource or a call failed, regardless of how EC2 worded it.
// Its value is a stable code such as "Throttled", fit for a metric label or a
// log; Error, and with it package fmt, returns a sentence. A Reason is an error to
// be used with errors.Is, which finds it in failures of calls and of single
// resources alike.
type Reason string

// The reasons.
const (
	ErrAlreadyExists            Reason = "AlreadyExists"
	ErrDestinationNotFound      Reason = "DestinationNotFound"
	ErrDestinationAccessDenied  Reason = "DestinationAccessDenied"
	ErrDestinationUndeliverable Reason = "DestinationUndeliverable"
	ErrNotAuthorized            Reason = "NotAuthorized"    // the caller lacks a permission
	ErrAuthFailure              Reason = "AuthFailure"      // the credentials are invalid or expired
	ErrConfiguration            Reason = "Configuration"    // no credentials, Region or endpoint: nothing was sent
	ErrRoleNotAssumable         Reason = "RoleNotAssumable" // the role that delivers the flow logs
	ErrInvalidParameter         Reason = "InvalidParameter"
	ErrLimitExceeded            Reason = "LimitExceeded" // of flow logs
	ErrThrottled                Reason = "Throttled"
	ErrTokenMismatch            Reason = "TokenMismatch"
	ErrResourceNotFound         Reason = "ResourceNotFound"
	ErrDryRun                   Reason = "DryRun"
	ErrUnavailable              Reason = "Unavailable"        // EC2 failed with a status of 5xx
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

// Hint returns what to do about the reason, or "" if r is none of this package.
func (r Reason) Hint() string {
	if rule := ruleOfReason(r); rule != nil {
		return rule.hint
	}
	return ""
}

// Retryable reports whether the same request under the same token may succeed
// later with nothing else changed. ErrNotAttempted is retryable once its cause,
// another error of the same request, is gone.
func (r Reason) Retryable() bool {
	return r.is(transient) || r == ErrIncompleteResponse || r == ErrNotAttempted
}

// kind is what a Reason says about other calls, as a set of flags.
type kind uint8

const (
	transient   kind = 1 << iota // the same call may succeed later
	fatal                        // it would apply to every other call of the job too
	immediate                    // fatal, and one call is enough to know it
	single                       // it may concern single resources of the call
	propagating                  // something new may not have been seen yet
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

// ReasonOf returns the reason of err, or "" if this package knows none. If err
// joins several errors, it is the reason of the first that has one. Any error of
// the SDK will do.
func ReasonOf(err error) Reason {
	switch e := err.(type) {
	case nil:
		return ""
	case Reason:
		return e
	case *failure:
		return e.reason
	case *FieldError:
		return ErrInvalidParameter
	case *aws.MissingRegionError:
		return ErrConfiguration
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
		for _, err := range e.Unwrap() {
			if r := ReasonOf(err); r != "" {
				return r
			}
		}
	}
	// Nothing inside says more than the outside.
	switch e := err.(type) {
	case interface{ HTTPStatusCode() int }:
		switch {
		case e.HTTPStatusCode() >= 500:
			return ErrUnavailable
		case !isResponse(err): // a page of a proxy, or a body that cannot be read
			return ErrNoResponse
		}
	case interface{ ConnectionError() bool }:
		if e.ConnectionError() {
			return ErrNoResponse
		}
	}
	return ""
}

func isReason(err, target error) bool {
	want, ok := target.(Reason)
	return ok && want != "" && want == ReasonOf(err)
}

// classify returns the reason that a code and a message stand for.
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
	switch {
	case strings.HasSuffix(code, ".NotFound"): // InvalidVpcID.NotFound and its siblings
		return ErrResourceNotFound
	case strings.HasSuffix(code, ".Malformed"):
		return ErrInvalidParameter
	}
	return ""
}
