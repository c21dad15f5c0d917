package flowlogstest

import (
	"fmt"
	"net/http"
)

// apiError rejects a whole call.
type apiError struct {
	status  int
	code    string
	message string
}

// apiErrorf returns an error with status 400, as most of EC2's errors have.
func apiErrorf(code, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

func (e *apiError) response(requestID string) response {
	r := newXMLResponse(e.status, requestID, encodeError(e, requestID))
	r.code = e.code
	return r
}

// The errors that do not depend on the request. The codes are those of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
var (
	// Seen on EC2: https://github.com/getmoto/moto/issues/1980
	dryRunOperation = &apiError{http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."}

	// EC2 sometimes also names the account and the operation:
	// https://github.com/CloudSnorkel/cdk-github-runners/issues/946
	requestLimitExceeded = &apiError{http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded."}

	// Seen with RunInstances: https://github.com/rust-lang/bors/issues/830
	idempotentParameterMismatch = apiErrorf("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).")

	// The text that users quote and emulators use:
	// https://github.com/getmoto/moto/blob/master/moto/ec2/exceptions.py
	flowLogAlreadyExists = apiErrorf("FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination.")

	// The documented description of the code; EC2's own text is not known.
	flowLogsLimitExceeded = apiErrorf("FlowLogsLimitExceeded", "You've reached the limit on the number of flow logs you can create.")

	// The texts of these two are choices.
	tagLimitExceeded       = apiErrorf("TagLimitExceeded", "More than 50 tags specified")
	invalidPaginationToken = apiErrorf("InvalidPaginationToken", "The specified pagination token is not valid or is expired.")

	// Seen with a list without IDs:
	// https://github.com/cloud-custodian/cloud-custodian/issues/2944
	noFlowLogIDs = apiErrorf("InvalidParameterValue", "1 validation error detected: Value null at 'flowLogId' has an invalid format")
)

// invalidAction was seen in Regions that lack an operation:
// https://github.com/cloudquery/cq-provider-aws/issues/190
func invalidAction(action string) *apiError {
	return apiErrorf("InvalidAction", "The action %s is not valid for this web service.", action)
}

// noSuchVersion was seen in https://github.com/boto/boto3/issues/1138
func noSuchVersion(version string) *apiError {
	return apiErrorf("NoSuchVersion", "The requested version (%s) of service AmazonEC2 does not exist", version)
}

// unknownParameter was seen in https://github.com/aws/aws-sdk-js/issues/653
func unknownParameter(name string) *apiError {
	return apiErrorf("UnknownParameter", "The parameter %s is not recognized", name)
}

// unassumableRole was seen in
// https://github.com/hashicorp/terraform-provider-aws/issues/29323
func unassumableRole(role string) *apiError {
	return invalidParameter("Unable to assume given IAM role: '%s'", role)
}

// missingParameter has the text that emulators use.
func missingParameter(parameter string) *apiError {
	return apiErrorf("MissingParameter", "The request must contain the parameter %s", parameter)
}

// invalidParameter has the code that EC2 was seen to use for nearly every rule of
// CreateFlowLogs.
func invalidParameter(format string, args ...any) *apiError {
	return apiErrorf("InvalidParameter", format, args...)
}

// invalidValue is a choice: EC2's text for an unknown value, or for a number that does
// not parse, is not known.
func invalidValue(parameter, value string) *apiError {
	return apiErrorf("InvalidParameterValue", "Value (%s) for parameter %s is invalid.", value, parameter)
}

// invalidFormat is the error of the layer in front of EC2, which checks patterns:
// https://github.com/aws-cloudformation/rain/issues/288
func invalidFormat(member, value string) *apiError {
	return apiErrorf("InvalidParameterValue", "1 validation error detected: Value '%s' at '%s' has an invalid format", value, member)
}
