package flowlogs_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// reasons are what EC2 says, and what is meant by it.
var reasons = []struct {
	code, message string
	want          flowlogs.Reason
}{
	{"400", "LogDestination: bad-bucket-test does not exist", flowlogs.ErrDestinationNotFound},
	{"400", "Access Denied for LogDestination: bucket. Please check LogDestination permission", flowlogs.ErrDestinationAccessDenied},
	{"400", "LogDestination bucket is undeliverable", flowlogs.ErrDestinationUndeliverable},
	{"400", "The vpc ID 'vpc-00000001' does not exist", flowlogs.ErrResourceNotFound},
	{"400", "Error. There is an existing Flow Log with the same configuration and log destination.", flowlogs.ErrAlreadyExists},
	{"400", "User: arn:aws:iam::123456789012:user/u is not authorized to perform: logs:CreateLogDelivery on resource: *", flowlogs.ErrNotAuthorized},
	{"400", "something new", ""},
	{"LogDestinationNotFound", "", flowlogs.ErrDestinationNotFound},
	{"LogDestinationNotFoundException", "", flowlogs.ErrDestinationNotFound},
	{"LogDestinationPermissionIssue", "", flowlogs.ErrDestinationAccessDenied},
	{"InvalidParameter", "Unable to assume given IAM role: 'arn:aws:iam::123456789012:role/r'", flowlogs.ErrRoleNotAssumable},
	{"InvalidParameter", "Unable to assume given IAM role", flowlogs.ErrRoleNotAssumable},
	{"InvalidParameter", "Invalid Flow Log Max Aggregation Interval.", flowlogs.ErrInvalidParameter},
	{"InvalidParameterValue", "1 validation error detected", flowlogs.ErrInvalidParameter},
	{"MissingParameter", "The request must contain the parameter ResourceType", flowlogs.ErrInvalidParameter},
	{"InvalidVpcID.Malformed", "", flowlogs.ErrInvalidParameter},
	{"InvalidVpcID.NotFound", "", flowlogs.ErrResourceNotFound},
	{"InvalidVpcId.NotFound", "The vpc ID 'vpc-00000001' does not exist", flowlogs.ErrResourceNotFound},
	{"InvalidSubnetId.NotFound", "", flowlogs.ErrResourceNotFound},
	{"NatGatewayNotFound", "", flowlogs.ErrResourceNotFound},
	{"FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination.", flowlogs.ErrAlreadyExists},
	{"FlowLogsLimitExceeded", "", flowlogs.ErrLimitExceeded},
	{"UnauthorizedOperation", "You are not authorized to perform this operation: 'x' does not exist", flowlogs.ErrNotAuthorized},
	{"InvalidParameter", "Caller is not authorized to obtain ECS field(s). Please check permissions.", flowlogs.ErrNotAuthorized},
	{"AuthFailure", "", flowlogs.ErrAuthFailure},
	{"RequestExpired", "", flowlogs.ErrAuthFailure},
	{"ExpiredToken", "", flowlogs.ErrAuthFailure},
	{"ExpiredTokenException", "", flowlogs.ErrAuthFailure},
	{"RequestLimitExceeded", "", flowlogs.ErrThrottled},
	{"EC2ThrottledException", "", flowlogs.ErrThrottled},
	{"Throttling", "", flowlogs.ErrThrottled},
	{"IdempotentParameterMismatch", "", flowlogs.ErrTokenMismatch},
	{"DryRunOperation", "", flowlogs.ErrDryRun},
	{"InternalError", "", flowlogs.ErrUnavailable},
	{"Unavailable", "", flowlogs.ErrUnavailable},
	{"NeverHeardOf", "", ""},
}

func TestReason_IsFoundInItemsAndCalls(t *testing.T) {
	t.Parallel()
	for _, test := range reasons {
		item := &flowlogs.UnsuccessfulError{ResourceID: "vpc-00000001", Code: test.code, Message: test.message}
		rejected := apiError(test.code, test.message)
		for _, err := range []error{
			item,
			&flowlogs.CreateError{Unsuccessful: []*flowlogs.UnsuccessfulError{{Code: "400"}, item}},
			&flowlogs.CallError{Err: &retry.MaxAttemptsError{Attempt: 3, Err: &smithy.OperationError{Err: rejected}}},
			&flowlogs.CreateError{Calls: []*flowlogs.CallError{{Err: rejected}}},
			fmt.Errorf("wrapped: %w", errors.Join(errors.New("other"), &flowlogs.CallError{Err: rejected})),
		} {
			assert.Equal(t, test.want, flowlogs.ReasonOf(err), "%s %s", test.code, test.message)
			if test.want != "" {
				require.ErrorIs(t, err, test.want)
			}
			require.NotErrorIs(t, err, flowlogs.ErrIncompleteResponse)
			require.NotErrorIs(t, err, flowlogs.Reason(""))
			var api smithy.APIError
			require.ErrorAs(t, err, &api)
		}
		assert.Equal(t, test.want, item.Reason())
		assert.Equal(t, test.want, flowlogs.ReasonOf(rejected), "an error of the SDK")
	}
}

func TestReason_OfAnyError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		want flowlogs.Reason
	}{
		{"nil", nil, ""},
		{"another error", errors.New("other"), ""},
		{"the end of a context", context.DeadlineExceeded, ""},
		{"a Reason", fmt.Errorf("so: %w", flowlogs.ErrThrottled), flowlogs.ErrThrottled},
		{"a problem of the request", &flowlogs.FieldError{}, flowlogs.ErrInvalidParameter},
		{"an invalid request", &flowlogs.ValidationError{Fields: []flowlogs.FieldError{{}}}, flowlogs.ErrInvalidParameter},
		{"a missing Region", &aws.MissingRegionError{}, flowlogs.ErrConfiguration},
		{"a connection that cannot be made", errDial, flowlogs.ErrNoResponse},
	} {
		assert.Equal(t, test.want, flowlogs.ReasonOf(test.err), test.name)
	}
}

// allReasons are the codes that a release must not change, and what may be
// retried.
var allReasons = []struct {
	reason    flowlogs.Reason
	code      string
	retryable bool
}{
	{flowlogs.ErrAlreadyExists, "AlreadyExists", false},
	{flowlogs.ErrDestinationNotFound, "DestinationNotFound", false},
	{flowlogs.ErrDestinationAccessDenied, "DestinationAccessDenied", false},
	{flowlogs.ErrDestinationUndeliverable, "DestinationUndeliverable", false},
	{flowlogs.ErrNotAuthorized, "NotAuthorized", false},
	{flowlogs.ErrOptInRequired, "OptInRequired", false},
	{flowlogs.ErrAuthFailure, "AuthFailure", false},
	{flowlogs.ErrConfiguration, "Configuration", false},
	{flowlogs.ErrRoleNotAssumable, "RoleNotAssumable", false},
	{flowlogs.ErrInvalidParameter, "InvalidParameter", false},
	{flowlogs.ErrLimitExceeded, "LimitExceeded", false},
	{flowlogs.ErrThrottled, "Throttled", true},
	{flowlogs.ErrTokenMismatch, "TokenMismatch", false},
	{flowlogs.ErrResourceNotFound, "ResourceNotFound", false},
	{flowlogs.ErrIncorrectState, "IncorrectState", false},
	{flowlogs.ErrDryRun, "DryRun", false},
	{flowlogs.ErrUnavailable, "Unavailable", true},
	{flowlogs.ErrNoResponse, "NoResponse", true},
	{flowlogs.ErrIncompleteResponse, "IncompleteResponse", true},
	{flowlogs.ErrNotAttempted, "NotAttempted", true},
}

func TestReason_IsAStableCode(t *testing.T) {
	t.Parallel()
	for _, test := range allReasons {
		assert.Equal(t, test.code, string(test.reason))
		assert.Equal(t, test.retryable, test.reason.Retryable(), test.code)
	}
	assert.False(t, flowlogs.Reason("").Retryable())
}

func TestReason_HasASentenceAndAHint(t *testing.T) {
	t.Parallel()
	sentences := make(map[string]bool)
	for _, test := range allReasons {
		sentence, hint := test.reason.Error(), test.reason.Hint()
		assert.Regexp(t, `^(EC2 |IAM )?[a-z].* .*[^.]$`, sentence)
		assert.NotContains(t, sentences, sentence)
		sentences[sentence] = true
		assert.Regexp(t, `^[A-Z].*[^.]\.$`, hint, test.code)
		assert.LessOrEqual(t, len(hint), 200, "it fits a log line")
	}
	assert.Equal(t, "Unknown", flowlogs.Reason("Unknown").Error())
	assert.Empty(t, flowlogs.Reason("Unknown").Hint())
	assert.Empty(t, flowlogs.Reason("").Error())
}

func TestReason_HintsNameAllThatIsNeeded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reason flowlogs.Reason
		want   []string
	}{
		{flowlogs.ErrNotAuthorized, []string{"ec2:CreateFlowLogs", "policy.For"}},
		{flowlogs.ErrConfiguration, []string{"Region and endpoint", "credentials"}},
		{flowlogs.ErrDestinationUndeliverable, []string{"aws/s3", "KMS"}},
		{flowlogs.ErrDestinationAccessDenied, []string{"delivery.logs.amazonaws.com", "PropagationTimeout"}},
		{flowlogs.ErrRoleNotAssumable, []string{"vpc-flow-logs.amazonaws.com", "PropagationTimeout"}},
		{flowlogs.ErrResourceNotFound, []string{"PropagationTimeout"}},
		{flowlogs.ErrAlreadyExists, []string{"package reconcile"}},
	} {
		for _, want := range test.want {
			assert.Contains(t, test.reason.Hint(), want)
		}
	}
}

func TestReason_OfEachFailureOverHTTP(t *testing.T) {
	t.Parallel()
	const page = "<html><body>Blocked by the proxy</body></html>"
	refuse := flowlogstest.Reject
	for _, test := range []struct {
		name  string
		fault flowlogstest.Fault
		want  flowlogs.Reason
	}{
		{"a code of EC2", refuse("FlowLogsLimitExceeded", "You've reached the limit.", 400), flowlogs.ErrLimitExceeded},
		{"an unknown code", refuse("NeverHeardOf", "What?", 400), ""},
		{"an unknown code with 503", refuse("NeverHeardOf", "What?", 503), flowlogs.ErrUnavailable},
		{"throttling", flowlogstest.Throttle(), flowlogs.ErrThrottled},
		{"the connection is cut", flowlogstest.LoseResponse(), flowlogs.ErrNoResponse},
		{"the body is cut", flowlogstest.TruncateResponse(), flowlogs.ErrNoResponse},
		{"200 with nothing", flowlogstest.Respond(200, ""), flowlogs.ErrNoResponse},
		{"200 with a page", flowlogstest.Respond(200, page), flowlogs.ErrNoResponse},
		{"204", flowlogstest.Respond(204, ""), flowlogs.ErrNoResponse},
		{"302 with a page", flowlogstest.Respond(302, page), flowlogs.ErrConfiguration},
		{"400 with nothing", flowlogstest.Respond(400, ""), flowlogs.ErrConfiguration},
		{"403 with a page", flowlogstest.Respond(403, page), flowlogs.ErrConfiguration},
		{"407 with a page", flowlogstest.Respond(407, page), flowlogs.ErrConfiguration},
		{"408 with a page", flowlogstest.Respond(408, page), flowlogs.ErrNoResponse},
		{"429 with a page", flowlogstest.Respond(429, page), flowlogs.ErrThrottled},
		{"429 with a code", refuse("TooManyRequests", "", 429), flowlogs.ErrThrottled},
		{"500 with nothing", flowlogstest.Respond(500, ""), flowlogs.ErrUnavailable},
		{"502 with a page", flowlogstest.Respond(502, page), flowlogs.ErrUnavailable},
		{"520 with a page", flowlogstest.Respond(520, page), flowlogs.ErrUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud, server := newServer(t)
			cloud.Inject(test.fault.Keep())
			client := server.Client(noBackoff)
			for _, api := range []flowlogs.API{client, struct{ *ec2.Client }{client}} {
				_, err := flowlogs.New(api, noRetryTimeout).Create(t.Context(), vpcRequest(1))
				require.Error(t, err)
				assert.Equal(t, test.want, flowlogs.ReasonOf(err), "%v", err)
				assert.True(t, test.want == "" || errors.Is(err, test.want))
			}
			_, raw := client.CreateFlowLogs(t.Context(), vpcInput(t, 1))
			if raw != nil {
				assert.Equal(t, test.want, flowlogs.ReasonOf(raw), "as the SDK returns it: %v", raw)
			}
		})
	}
}

func TestReason_FindsTheFirstOfSeveral(t *testing.T) {
	t.Parallel()
	err := errors.Join(apiError("NeverHeardOf", ""), apiError("Throttling", ""), apiError("AuthFailure", ""))
	assert.Equal(t, flowlogs.ErrThrottled, flowlogs.ReasonOf(err))
	codes := make([]string, 0, len(allReasons))
	for _, r := range allReasons {
		codes = append(codes, r.code)
	}
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(codes))), len(codes))
}

func TestReason_OfWhatTheSDKDidNotSend(t *testing.T) {
	t.Parallel()
	someProvider := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return someCredentials, nil })
	failing := func(err error) aws.CredentialsProvider {
		return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, err })
	}
	imds := &smithy.OperationError{ServiceID: "ec2imds", OperationName: "GetMetadata", Err: &net.OpError{Op: "dial", Err: errors.New("timeout")}}
	expired := &smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRole", Err: &smithy.GenericAPIError{Code: "ExpiredToken"}}
	transport := func(err error) ec2.Options {
		return ec2.Options{Region: "us-east-1", Credentials: someProvider, HTTPClient: doFunc(func(*http.Request) (*http.Response, error) { return nil, err })}
	}
	for _, test := range []struct {
		name    string
		options ec2.Options
		want    flowlogs.Reason
	}{
		{"no Region", ec2.Options{Credentials: someProvider}, flowlogs.ErrConfiguration},
		{"an invalid Region", ec2.Options{Region: "us east", Credentials: someProvider}, flowlogs.ErrConfiguration},
		{"an invalid endpoint", ec2.Options{Region: "us-east-1", Credentials: someProvider, BaseEndpoint: aws.String("127.0.0.1:1")}, flowlogs.ErrConfiguration},
		{"no credentials", ec2.Options{Region: "us-east-1", Credentials: failing(errors.New("none"))}, flowlogs.ErrConfiguration},
		{"no credentials over IMDS", ec2.Options{Region: "us-east-1", Credentials: failing(imds)}, flowlogs.ErrConfiguration},
		{"expired credentials of STS", ec2.Options{Region: "us-east-1", Credentials: failing(expired)}, flowlogs.ErrAuthFailure},
		{"a scheme that is none", ec2.Options{Region: "us-east-1", Credentials: someProvider, BaseEndpoint: aws.String("ftp://127.0.0.1:1")}, flowlogs.ErrConfiguration},
		{"an unknown host", transport(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}), flowlogs.ErrConfiguration},
		{"a name server that fails", transport(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}), flowlogs.ErrNoResponse},
		{"a certificate that is not trusted", transport(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), flowlogs.ErrConfiguration},
		{"HTTP where HTTPS is wanted", transport(http.ErrSchemeMismatch), flowlogs.ErrConfiguration},
		{"a broken connection", transport(errors.New("connection reset by peer")), flowlogs.ErrNoResponse},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := ec2.New(test.options)
				_, raw := client.CreateFlowLogs(t.Context(), vpcInput(t, 1))
				require.Error(t, raw)
				assert.Equal(t, test.want, flowlogs.ReasonOf(raw), "%v", raw)
				for _, api := range []flowlogs.API{client, struct{ *ec2.Client }{client}} {
					start := time.Now()
					_, err := flowlogs.New(api).Create(t.Context(), vpcRequest(1000))
					assert.Equal(t, test.want, flowlogs.ReasonOf(err), "%v", err)
					if !test.want.Retryable() {
						assert.Less(t, time.Since(start), 10*time.Second, "at once")
					}
				}
			})
		})
	}
}

func TestReason_OfEC2sCommonCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]flowlogs.Reason{
		"UnsupportedOperation": flowlogs.ErrInvalidParameter, "OperationNotPermitted": flowlogs.ErrInvalidParameter,
		"ValidationError": flowlogs.ErrInvalidParameter, "InvalidRequest": flowlogs.ErrInvalidParameter,
		"IncorrectState": flowlogs.ErrIncorrectState, "InvalidState": flowlogs.ErrIncorrectState,
		"AccessDenied": flowlogs.ErrNotAuthorized, "AccessDeniedException": flowlogs.ErrNotAuthorized,
		"OptInRequired": flowlogs.ErrOptInRequired, "500": flowlogs.ErrUnavailable, "503": flowlogs.ErrUnavailable,
	} {
		assert.Equal(t, want, flowlogs.ReasonOf(&smithy.GenericAPIError{Code: code}), code)
		assert.Equal(t, want, (&flowlogs.UnsuccessfulError{Code: code}).Reason(), code)
	}
}

func TestReason_IsItsCodeInALog(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "Throttled", flowlogs.ErrThrottled.LogValue().String())
}

func TestCreate_SplitsACallThatIsRejectedForACodeThatNobodyKnows(t *testing.T) {
	t.Parallel()
	cloud := cloudWith(rejectsVPC("Surprise", 7))
	resp, err := flowlogs.New(cloud).Create(t.Context(), rooted(300))
	require.Error(t, err)
	assert.Len(t, resp.FlowLogIDs, 299)
}

func TestOptions_OnAttemptSeesEachAttemptWhateverTheLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var attempts []flowlogs.Attempt
		cloud := cloudWith(flowlogstest.Throttle(), flowlogstest.Delay(time.Second))
		resp, err := flowlogs.New(inMemory(cloud), withLimiter(flowlogs.NoLimit), func(o *flowlogs.Options) {
			o.OnAttempt = func(a flowlogs.Attempt) { attempts = append(attempts, a) }
		}).Create(t.Context(), rooted(2))
		require.NoError(t, err)
		require.Len(t, attempts, 2)
		require.ErrorIs(t, attempts[0].Err, flowlogs.ErrThrottled)
		assert.Equal(t, flowlogs.ErrThrottled, attempts[0].Reason)
		assert.NotEmpty(t, attempts[0].RequestID)
		last := attempts[1]
		assert.Equal(t, flowlogs.Attempt{
			Sent: last.Sent, Duration: time.Second, Region: "us-east-1", ClientToken: "root", RequestID: resp.Batches[0].RequestID, Resources: 2,
		}, last)
	})
}

func TestCreateFlowLogs_MakesAnotherTokenForAnInputThatDoesNotFitARequest(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	client := flowlogs.New(cloud, withGenerator(flowlogs.ContentToken("s")), func(o *flowlogs.Options) {
		o.Allow = func(*flowlogs.FieldError) bool { return true }
	})
	var tokens []string
	for _, interval := range []*int32{nil, aws.Int32(0), nil} { // a Request has no interval of zero
		in := vpcInput(t, 1)
		in.MaxAggregationInterval = interval
		_, _ = client.CreateFlowLogs(t.Context(), in)
		calls := cloud.Calls()
		tokens = append(tokens, calls[len(calls)-1].ClientToken)
	}
	assert.NotEqual(t, tokens[0], tokens[1])
	assert.Equal(t, tokens[0], tokens[2])
}

func withGenerator(g flowlogs.TokenGenerator) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) { o.Token = g }
}

func TestValidateInput_SaysThatTheTypeOfTheDestinationIsMissing(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{"arn:aws:s3:::b": "s3", someStream: "kinesis-data-firehose"} {
		in := s3Input()
		in.LogDestination, in.LogDestinationType = &arn, ""
		require.ErrorContains(t, flowlogs.ValidateInput(in), "set LogDestinationType to "+want+" for this ARN")
	}
}
