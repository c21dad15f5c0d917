package flowlogstest

import (
	"fmt"
	"net/http"
)

// refusal is an error of the whole call.
type refusal struct {
	status  int
	code    string
	message string
}

func refuse(code, format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

func (r *refusal) answer(requestID string) answer {
	return answer{
		status:      r.status,
		code:        r.code,
		contentType: xmlContentType,
		requestID:   requestID,
		body:        encodeError(r.code, r.message, requestID),
	}
}

// Refusals that do not depend on the request. The codes are those of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
var (
	// As captured from EC2: https://github.com/getmoto/moto/issues/1980
	dryRunSucceeded = &refusal{http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."}

	// EC2 may go on to name the account and the operation:
	// https://github.com/CloudSnorkel/cdk-github-runners/issues/946
	throttled = &refusal{http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded."}

	// Seen with RunInstances: https://github.com/rust-lang/bors/issues/830
	tokenMismatch = refuse("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).")

	// The text that others quote, and emulators give:
	// https://github.com/getmoto/moto/blob/master/moto/ec2/exceptions.py
	alreadyExists = refuse("FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination.")
)

// unknownAction is what EC2 says in Regions where an operation has not arrived
// yet: https://github.com/cloudquery/cq-provider-aws/issues/190
func unknownAction(action string) *refusal {
	return refuse("InvalidAction", "The action %s is not valid for this web service.", action)
}

// unknownParameter was seen in https://github.com/aws/aws-sdk-js/issues/653
func unknownParameter(name string) *refusal {
	return refuse("UnknownParameter", "The parameter %s is not recognized", name)
}

// unassumable was seen in
// https://github.com/hashicorp/terraform-provider-aws/issues/29323
func unassumable(role string) *refusal {
	return invalidParameter("Unable to assume given IAM role: '%s'", role)
}

// missing has the text that emulators give.
func missing(parameter string) *refusal {
	return refuse("MissingParameter", "The request must contain the parameter %s", parameter)
}

// invalidParameter is the code of nearly all rules of CreateFlowLogs that were
// seen on EC2.
func invalidParameter(format string, args ...any) *refusal {
	return refuse("InvalidParameter", format, args...)
}

// invalidValue is a choice: what EC2 says to a value that it does not know, or
// to a number that is none, is not known.
func invalidValue(parameter, value string) *refusal {
	return refuse("InvalidParameterValue", "Value (%s) for parameter %s is invalid.", value, parameter)
}

// invalidFormat is the answer of the layer in front of EC2 that checks patterns.
func invalidFormat(member, value string) *refusal {
	return refuse("InvalidParameterValue", "1 validation error detected: Value '%s' at '%s' has an invalid format", value, member)
}
