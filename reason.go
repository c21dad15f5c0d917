package flowlogs

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

// Reason is why a resource or a call failed, in terms that do not depend on how
// EC2 happened to say it. All constants are errors to be used with errors.Is,
// which finds them in item-level and call-level failures alike.
type Reason string

// The reasons.
const (
	ErrAlreadyExists            Reason = "the flow log already exists"
	ErrDestinationNotFound      Reason = "the log destination does not exist"
	ErrDestinationAccessDenied  Reason = "access to the log destination is denied"
	ErrDestinationUndeliverable Reason = "the log destination cannot be delivered to"
	ErrNotAuthorized            Reason = "the caller is not authorized"
	ErrAuthFailure              Reason = "the caller's credentials were not accepted"
	ErrRoleNotAssumable         Reason = "the IAM role cannot be assumed"
	ErrInvalidParameter         Reason = "a parameter is invalid"
	ErrLimitExceeded            Reason = "the limit of flow logs is reached"
	ErrThrottled                Reason = "the call was throttled"
	ErrTokenMismatch            Reason = "the client token stands for another request"
	ErrResourceNotFound         Reason = "the resource does not exist"
	ErrDryRun                   Reason = "the request would have succeeded, but it was a dry run"
	ErrUnavailable              Reason = "EC2 had an error of its own"
	ErrNoAnswer                 Reason = "no answer of EC2 could be read"
	ErrIncompleteResponse       Reason = "the answer does not account for every resource"
	ErrNotAttempted             Reason = "not attempted"
)

func (r Reason) Error() string { return string(r) }

// Hint is what the caller can do about it, in one sentence; empty for an unknown
// Reason.
func (r Reason) Hint() string {
	for i := range reasonRules {
		if reasonRules[i].reason == r {
			return reasonRules[i].hint
		}
	}
	return ""
}

// Retryable reports whether the same request under the same token may succeed
// later, with nothing else changed. ErrNotAttempted is retryable once its cause,
// which is another error of the same Create, is gone.
func (r Reason) Retryable() bool {
	return r.has(passes) || r == ErrIncompleteResponse || r == ErrNotAttempted
}

// effect is what a Reason says of the other calls of a job.
type effect uint8

const (
	_      effect = iota // nothing
	stops                // they would fail too
	passes               // the same call may succeed later
)

func (r Reason) has(e effect) bool {
	for i := range reasonRules {
		if reasonRules[i].reason == r {
			return reasonRules[i].effect == e
		}
	}
	return false
}

// reasonRule is how EC2 says one reason, and what follows from it.
type reasonRule struct {
	reason Reason
	codes  []string
	effect effect
	hint   string
}

// messageRules are what real EC2 says with codes that say less than the message:
// the literal "400" for items, InvalidParameter for calls. The first that fits is
// the one.
var messageRules = []struct {
	begin, end string
	reason     Reason
}{
	{"Access Denied for LogDestination", "", ErrDestinationAccessDenied},
	{"LogDestination", "is undeliverable", ErrDestinationUndeliverable},
	{"LogDestination", "does not exist", ErrDestinationNotFound},
	{"Unable to assume given IAM role", "", ErrRoleNotAssumable},
	{"existing Flow Log with the same configuration", "", ErrAlreadyExists},
	{" ID '", "' does not exist", ErrResourceNotFound},
}

// reasonRules has the codes of
// https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html.
var reasonRules = []reasonRule{
	{
		reason: ErrAlreadyExists,
		codes:  []string{"FlowLogAlreadyExists"},
		hint:   "A flow log with the same settings and destination is there already: use it, or change the destination.",
	},
	{
		reason: ErrDestinationNotFound,
		codes:  []string{"LogDestinationNotFound", "LogDestinationNotFoundException"},
		hint:   "Create the bucket or stream first, or correct its ARN.",
	},
	{
		reason: ErrDestinationAccessDenied,
		codes:  []string{"LogDestinationPermissionIssue", "LogDestinationPermissionIssueException"},
		hint:   "Let delivery.logs.amazonaws.com write to the bucket in its policy, which may be no larger than 20 KB; for a policy that is new, set Options.PropagationTimeout.",
	},
	{
		reason: ErrDestinationUndeliverable,
		hint:   "Give the bucket's default encryption the ARN of its KMS key, not the key's ID.",
	},
	{
		reason: ErrNotAuthorized,
		codes:  []string{"UnauthorizedOperation", "OptInRequired", "PendingVerification", "Blocked"},
		effect: stops,
		hint:   "Grant the caller ec2:CreateFlowLogs with iam:PassRole on the role (CloudWatch Logs), or logs:CreateLogDelivery (S3 and Firehose).",
	},
	{
		reason: ErrAuthFailure,
		codes: []string{
			"AuthFailure", "IncompleteSignature", "SignatureDoesNotMatch", "RequestExpired",
			"InvalidClientTokenId", "MissingAuthenticationToken",
		},
		effect: stops,
		hint:   "Check the credentials, the Region that they are for, and the clock of this machine.",
	},
	{
		reason: ErrRoleNotAssumable,
		effect: stops,
		hint:   "Let vpc-flow-logs.amazonaws.com assume the role in its trust policy; for a role that is new, set Options.PropagationTimeout.",
	},
	{
		reason: ErrInvalidParameter,
		codes: []string{
			"InvalidParameter", "InvalidParameterValue", "InvalidParameterCombination", "MissingParameter",
			"UnknownParameter", "InvalidClientToken", "InvalidTagKey.Malformed", "TagLimitExceeded", "TagPolicyViolation",
		},
		effect: stops,
		hint:   "Correct the parameter that the message names; sending the same request again cannot succeed.",
	},
	{
		reason: ErrLimitExceeded,
		codes:  []string{"FlowLogsLimitExceeded"},
		hint:   "Delete flow logs that are no longer needed (a resource has at most 250), or have the quota raised.",
	},
	{
		reason: ErrThrottled, // its codes are the SDK's
		effect: passes,
		hint:   "Call Create again later with the same request and ClientToken, with fewer calls in flight, or have the request rate quota raised.",
	},
	{
		reason: ErrTokenMismatch,
		codes:  []string{"IdempotentParameterMismatch"},
		effect: stops,
		hint:   "Use another ClientToken, or the same request that this one was first used with.",
	},
	{
		reason: ErrResourceNotFound,
		codes:  []string{"NatGatewayNotFound"}, // and all that end in .NotFound
		hint:   "Correct the resource ID, or wait if the resource was created a moment ago.",
	},
	{
		reason: ErrDryRun,
		codes:  []string{"DryRunOperation"},
		hint:   "The caller has the permissions and the request is valid: send it without DryRun.",
	},
	{
		reason: ErrUnavailable,
		codes:  []string{"InternalError", "InternalFailure", "ServerInternal", "ServiceUnavailable", "Unavailable"},
		effect: passes,
		hint:   "The call may have been applied: call Create again with the same request and ClientToken, and nothing is created twice.",
	},
	{
		reason: ErrNoAnswer,
		effect: passes,
		hint:   "The call may have been applied: call Create again with the same request and ClientToken, and nothing is created twice.",
	},
	{
		reason: ErrIncompleteResponse,
		hint:   "Compare with DescribeFlowLogs, or call Create again with the same request and ClientToken.",
	},
	{
		reason: ErrNotAttempted,
		hint:   "Remove the cause and call Create again with the same request and ClientToken.",
	},
}

// ReasonOf is the reason of err, of the first where err joins several, and empty
// where there is none that this package knows. Any error of the SDK will do.
func ReasonOf(err error) Reason {
	switch e := err.(type) {
	case nil:
		return ""
	case Reason:
		return e
	case *FieldError:
		return ErrInvalidParameter
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
	case *lostAnswerError:
		return ErrNoAnswer
	case interface{ HTTPStatusCode() int }:
		if e.HTTPStatusCode() >= 500 {
			return ErrUnavailable
		}
	case interface{ ConnectionError() bool }:
		if e.ConnectionError() {
			return ErrNoAnswer
		}
	}
	return ""
}

// classify turns a code and a message into a reason.
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

func isReason(err, target error) bool {
	want, ok := target.(Reason)
	return ok && want == ReasonOf(err)
}
