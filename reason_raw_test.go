package flowlogs_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

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
		require.ErrorContains(t, flowlogs.ValidateInput(in), "want LogDestinationType "+want+" for this ARN")
	}
}
