package flowlogs_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

// reasons are what EC2 says and what is meant by it.
var reasons = []struct {
	code, message string
	want          flowlogs.Reason
}{
	{"400", "LogDestination: bad-bucket-test does not exist", flowlogs.ErrDestinationNotFound},
	{"400", "Access Denied for LogDestination: bucket. Please check LogDestination permission", flowlogs.ErrDestinationAccessDenied},
	{"400", "LogDestination bucket is undeliverable", flowlogs.ErrDestinationUndeliverable},
	{"400", "The vpc ID 'vpc-00000001' does not exist", flowlogs.ErrResourceNotFound},
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
	{"InvalidSubnetId.NotFound", "", flowlogs.ErrResourceNotFound},
	{"NatGatewayNotFound", "", flowlogs.ErrResourceNotFound},
	{"FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination.", flowlogs.ErrAlreadyExists},
	{"400", "Error. There is an existing Flow Log with the same configuration and log destination.", flowlogs.ErrAlreadyExists},
	{"FlowLogsLimitExceeded", "", flowlogs.ErrLimitExceeded},
	{"UnauthorizedOperation", "You are not authorized to perform this operation: 'x' does not exist", flowlogs.ErrNotAuthorized},
	{"AuthFailure", "", flowlogs.ErrAuthFailure},
	{"RequestExpired", "", flowlogs.ErrAuthFailure},
	{"RequestLimitExceeded", "", flowlogs.ErrThrottled},
	{"EC2ThrottledException", "", flowlogs.ErrThrottled},
	{"Throttling", "", flowlogs.ErrThrottled},
	{"IdempotentParameterMismatch", "", flowlogs.ErrTokenMismatch},
	{"DryRunOperation", "", flowlogs.ErrDryRun},
	{"InternalError", "", flowlogs.ErrUnavailable},
	{"Unavailable", "", flowlogs.ErrUnavailable},
	{"NeverHeardOf", "", ""},
}

func TestReasonsOfItemsAndCalls(t *testing.T) {
	t.Parallel()
	for _, test := range reasons {
		item := &flowlogs.UnsuccessfulItem{ResourceID: "vpc-00000001", Code: test.code, Message: test.message}
		refused := &smithy.GenericAPIError{Code: test.code, Message: test.message}
		for _, err := range []error{
			item,
			&flowlogs.UnsuccessfulError{Items: []flowlogs.UnsuccessfulItem{{Code: "400"}, *item}},
			&flowlogs.CallError{Err: &retry.MaxAttemptsError{Attempt: 3, Err: &smithy.OperationError{Err: refused}}},
			fmt.Errorf("wrapped: %w", errors.Join(errors.New("other"), &flowlogs.CallError{Err: refused})),
		} {
			assert.Equal(t, test.want, flowlogs.ReasonOf(err), "%s %s", test.code, test.message)
			if test.want != "" {
				require.ErrorIs(t, err, test.want)
			}
			require.NotErrorIs(t, err, flowlogs.ErrIncompleteResponse)
			var api smithy.APIError
			require.ErrorAs(t, err, &api)
		}
		assert.Equal(t, test.want, flowlogs.ReasonOf(refused), "the SDK's own error will do")
	}
	assert.Empty(t, flowlogs.ReasonOf(nil))
	assert.Empty(t, flowlogs.ReasonOf(errors.New("other")))
	assert.Equal(t, flowlogs.ErrThrottled, flowlogs.ReasonOf(fmt.Errorf("so: %w", flowlogs.ErrThrottled)))
	assert.Equal(t, flowlogs.ErrInvalidParameter, flowlogs.ReasonOf(&flowlogs.ValidationError{Fields: []flowlogs.FieldError{{}}}))
}

func TestEveryReasonHasAHint(t *testing.T) {
	t.Parallel()
	all := []flowlogs.Reason{
		flowlogs.ErrAlreadyExists, flowlogs.ErrDestinationNotFound, flowlogs.ErrDestinationAccessDenied,
		flowlogs.ErrDestinationUndeliverable, flowlogs.ErrNotAuthorized, flowlogs.ErrAuthFailure, flowlogs.ErrConfiguration, flowlogs.ErrRoleNotAssumable,
		flowlogs.ErrInvalidParameter, flowlogs.ErrLimitExceeded, flowlogs.ErrThrottled, flowlogs.ErrTokenMismatch,
		flowlogs.ErrResourceNotFound, flowlogs.ErrDryRun, flowlogs.ErrUnavailable, flowlogs.ErrNoResponse,
		flowlogs.ErrIncompleteResponse, flowlogs.ErrNotAttempted,
	}
	for _, r := range all {
		assert.Regexp(t, `^[A-Z].*[^.]\.$`, r.Hint(), r)
		assert.NotEqual(t, string(r), r.Error())
		assert.Equal(t, slices.Contains([]flowlogs.Reason{
			flowlogs.ErrThrottled, flowlogs.ErrUnavailable, flowlogs.ErrNoResponse, flowlogs.ErrIncompleteResponse, flowlogs.ErrNotAttempted,
		}, r), r.Retryable(), r)
	}
	assert.Empty(t, flowlogs.Reason("").Hint())
}

func TestAnItemIsAnAPIError(t *testing.T) {
	t.Parallel()
	item := &flowlogs.UnsuccessfulItem{ResourceID: "vpc-00000001", Code: "400", Message: "LogDestination: b does not exist"}
	assert.Equal(t, "vpc-00000001: LogDestination: b does not exist (400)", item.Error())
	assert.Equal(t, "400", item.ErrorCode())
	assert.Equal(t, "LogDestination: b does not exist", item.ErrorMessage())
	assert.Equal(t, smithy.FaultClient, item.ErrorFault())
}

// TestErrorsStayOnOneLine feeds every error what an attacker or a broken proxy
// might send.
func TestErrorsStayOnOneLine(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{
		"line\nbreak\r\n", "\x1b[31mred\x1b[0m", "%s%d%!v(MISSING)", "\x00\xff\xfe", "\u2028\u202e", strings.Repeat("long ", 1<<18),
	} {
		item := &flowlogs.UnsuccessfulItem{ResourceID: hostile, Code: hostile, Message: hostile}
		batch := flowlogs.Batch{ResourceIDs: []string{hostile}, ClientToken: hostile}
		for _, err := range []error{
			item,
			&flowlogs.UnsuccessfulError{Items: []flowlogs.UnsuccessfulItem{*item, *item}, ClientToken: hostile},
			&flowlogs.CallError{Batch: batch, Err: errors.New(hostile)},
			flowlogs.Request{
				ResourceIDs: []string{hostile},
				Destination: flowlogs.S3{BucketARN: hostile, FileFormat: flowlogs.FileFormat(hostile)},
				LogFormat:   flowlogs.LogFormat{flowlogs.Field(hostile)},
				Tags:        map[string]string{hostile: hostile},
				TagFields:   []flowlogs.TagField{{Keys: []string{hostile}}},
				ClientToken: hostile + "ü",
			}.Validate(),
		} {
			message := err.Error()
			assert.Less(t, len(message), 6000)
			assert.False(t, strings.ContainsFunc(message, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", message)
		}
	}
}

func TestTheWholeMessageIsInTheError(t *testing.T) {
	t.Parallel()
	encoded := "Encoded authorization failure message: " + strings.Repeat("x", 5000)
	err := &flowlogs.CallError{Batch: flowlogs.Batch{ResourceIDs: []string{"vpc-1"}}, Err: &smithy.GenericAPIError{Code: "UnauthorizedOperation", Message: encoded}}
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, encoded, api.ErrorMessage())
}
