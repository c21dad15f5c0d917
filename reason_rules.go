package flowlogs

// messageRules classify what EC2 sends under one code: the literal "400" for single
// resources, InvalidParameter for calls. The first match applies. The messages were
// seen on EC2.
var messageRules = []struct {
	begin, end string // the message contains both
	reason     Reason
}{
	{"Access Denied for LogDestination", "", ErrDestinationAccessDenied},
	{"LogDestination", "is undeliverable", ErrDestinationUndeliverable},
	{"LogDestination", "does not exist", ErrDestinationNotFound},
	{"Unable to assume given IAM role", "", ErrRoleNotAssumable},
	{"existing Flow Log with the same configuration", "", ErrAlreadyExists},
	{"User: ", " is not authorized to perform: ", ErrNotAuthorized}, // https://github.com/boto/boto3/issues/2316
	{"Caller is not authorized to obtain ECS", "", ErrNotAuthorized},
	{" ID '", "' does not exist", ErrResourceNotFound},
}

// unsentMessages are parts of what the SDK says of an operation that it did not send. It
// has no types for these errors.
var unsentMessages = []string{
	"get identity: ", "resolve auth scheme: ",
	"failed to resolve service endpoint, ", "resolve endpoint: ", "failed to bind endpoint params, ",
}

const mayHaveBeenApplied = "Call Create again with the same request and ClientToken. The call may have been applied; " +
	"EC2 creates nothing twice under one token."

// reasonRule says how EC2 reports a reason, and what the reason implies.
type reasonRule struct {
	reason   Reason
	codes    []string
	kind     kind
	sentence string
	hint     string
}

// reasonRules has the codes of
// https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html
var reasonRules = []reasonRule{
	{
		reason:   ErrAlreadyExists,
		codes:    []string{"FlowLogAlreadyExists"},
		kind:     single,
		sentence: "a flow log with the same settings already exists",
		hint: "Leave the resource out of the request, or use another destination. " +
			"If many resources may have their flow log already, use package reconcile, which lists before it creates.",
	},
	{
		reason:   ErrDestinationNotFound,
		codes:    []string{"LogDestinationNotFound", "LogDestinationNotFoundException"},
		kind:     fatal,
		sentence: "the log destination does not exist",
		hint:     "Create the bucket or stream, or correct its ARN.",
	},
	{
		reason:   ErrDestinationAccessDenied,
		codes:    []string{"LogDestinationPermissionIssue", "LogDestinationPermissionIssueException"},
		kind:     fatal | propagating,
		sentence: "access to the log destination is denied",
		hint: "Allow delivery.logs.amazonaws.com to write to the bucket in its policy, which must not exceed 20 KB; " +
			"package policy writes it. If the policy is new, set Options.PropagationTimeout.",
	},
	{
		reason:   ErrDestinationUndeliverable,
		kind:     fatal,
		sentence: "the log destination is undeliverable",
		hint: "Set the bucket's default encryption to the ARN of a KMS key, not to a key ID. " +
			"A bucket of another account cannot use the AWS managed key aws/s3.",
	},
	{
		reason:   ErrNotAuthorized,
		codes:    []string{"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "PendingVerification", "Blocked"},
		kind:     fatal | single,
		sentence: "the caller is not authorized",
		hint:     "Allow the caller ec2:CreateFlowLogs and what the destination needs; policy.For writes the policy.",
	},
	{
		reason:   ErrOptInRequired,
		codes:    []string{"OptInRequired"},
		kind:     fatal | immediate,
		sentence: "the account has not signed up for the service or Region",
		hint:     "Sign the account up, or enable the Region for it.",
	},
	{
		reason: ErrAuthFailure,
		codes: []string{
			"AuthFailure", "IncompleteSignature", "SignatureDoesNotMatch", "RequestExpired",
			"InvalidClientTokenId", "MissingAuthenticationToken", "ExpiredToken", "ExpiredTokenException",
		},
		kind:     fatal | immediate,
		sentence: "the caller's credentials were rejected",
		hint:     "Renew the credentials if they have expired; check that they are for this Region and partition, and check the clock of this machine.",
	},
	{
		reason:   ErrConfiguration,
		kind:     fatal | immediate,
		sentence: "no usable credentials, Region or endpoint",
		hint:     "EC2 did not get the call. Check Region and endpoint, proxy and certificates, and set credentials; sign in again if an SSO session has expired.",
	},
	{
		reason:   ErrRoleNotAssumable,
		kind:     fatal | immediate | propagating,
		sentence: "the IAM role cannot be assumed",
		hint: "Let vpc-flow-logs.amazonaws.com assume the role in its trust policy; package policy writes it. " +
			"If the role is new, set Options.PropagationTimeout.",
	},
	{
		reason: ErrInvalidParameter,
		codes: []string{
			"InvalidParameter", "InvalidParameterValue", "InvalidParameterCombination", "MissingParameter",
			"UnknownParameter", "InvalidClientToken", "InvalidTagKey.Malformed", "TagLimitExceeded", "TagPolicyViolation",
			"UnsupportedOperation", "OperationNotPermitted", "ValidationError", "InvalidRequest",
		},
		kind:     fatal | single,
		sentence: "a parameter is invalid",
		hint:     "Correct the parameter that the message names. The same request cannot succeed.",
	},
	{
		reason:   ErrLimitExceeded,
		codes:    []string{"FlowLogsLimitExceeded"},
		kind:     single,
		sentence: "the quota of flow logs is exceeded",
		hint:     "Delete flow logs that are no longer needed (a resource can have 250), or request a higher quota.",
	},
	{
		reason:   ErrThrottled, // its codes are the SDK's
		kind:     transient,
		sentence: "the call was throttled",
		hint:     "Call Create again later with the same request and ClientToken, share one Limiter between all Clients of the account, or request a higher rate.",
	},
	{
		reason:   ErrTokenMismatch,
		codes:    []string{"IdempotentParameterMismatch"},
		kind:     fatal,
		sentence: "the client token was used for another request",
		hint:     "Use another ClientToken, or the request that this one was first used with.",
	},
	{
		reason:   ErrResourceNotFound,
		codes:    []string{"NatGatewayNotFound"}, // and every code that ends in .NotFound
		kind:     single | propagating,
		sentence: "the resource does not exist",
		hint:     "Correct the resource ID. If the resource is new, set Options.PropagationTimeout.",
	},
	{
		reason:   ErrIncorrectState,
		codes:    []string{"IncorrectState", "InvalidState"},
		kind:     single | propagating,
		sentence: "the state of the resource does not allow it",
		hint:     "Wait until the resource is available. If it is new, set Options.PropagationTimeout.",
	},
	{
		reason:   ErrDryRun,
		codes:    []string{"DryRunOperation"},
		sentence: "the request would have succeeded, but it was a dry run",
		hint:     "Send the request without DryRun.",
	},
	{
		reason:   ErrUnavailable,
		codes:    []string{"InternalError", "InternalFailure", "ServerInternal", "ServiceUnavailable", "Unavailable", "500", "503"},
		kind:     transient,
		sentence: "EC2 is unavailable",
		hint:     mayHaveBeenApplied,
	},
	{
		reason:   ErrNoResponse,
		kind:     transient,
		sentence: "no response from EC2",
		hint:     mayHaveBeenApplied,
	},
	{
		reason:   ErrIncompleteResponse,
		sentence: "the response does not account for every resource",
		hint:     "Compare with DescribeFlowLogs, or call Create again with the same request and ClientToken.",
	},
	{
		reason:   ErrNotAttempted,
		sentence: "not attempted",
		hint:     "Once the cause is gone, call Create again with the same request and ClientToken.",
	},
}
