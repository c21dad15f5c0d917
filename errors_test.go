package flowlogs_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

var requestIDs = regexp.MustCompile(`RequestID: [-0-9a-f]+,`)

// patientRetryer waits longer than a test's deadline.
func patientRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Hour, nil })
	})
}

func TestCreateError_IsReturnedForAnyNumberOfFailures(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		n      int
		faults []flowlogstest.Fault
		calls  int
		items  int
	}{
		{"one call of one", 1, []flowlogstest.Fault{flowlogstest.Reject("FlowLogsLimitExceeded", "", 400)}, 1, 0},
		{"one item of one", 1, []flowlogstest.Fault{flowlogstest.FailResources("400", "no")}, 0, 1},
		{"one call of three", 3, []flowlogstest.Fault{flowlogstest.Reject("FlowLogsLimitExceeded", "", 400)}, 1, 0},
		{"one item of three", 3, []flowlogstest.Fault{flowlogstest.FailResources("400", "no", vpcID(1))}, 0, 1},
		{"all calls", 3, []flowlogstest.Fault{flowlogstest.Reject("FlowLogsLimitExceeded", "", 400).Keep()}, 3, 0},
		{"all items", 3, []flowlogstest.Fault{flowlogstest.FailResources("400", "no").Keep()}, 0, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud := flowlogstest.New()
			cloud.Inject(test.faults...)
			_, err := flowlogs.New(cloud, batchesOf(1)).Create(t.Context(), vpcRequest(test.n))
			failed, ok := err.(*flowlogs.CreateError) //nolint:errorlint // this very type
			require.True(t, ok, "%T", err)
			assert.Len(t, failed.Calls, test.calls)
			assert.Equal(t, test.n-test.calls-test.items, failed.Created)
			if test.items == 0 {
				assert.Empty(t, failed.Unsuccessful)
			} else {
				assert.Len(t, failed.Unsuccessful, test.items)
			}
		})
	}
}

func TestCreateError_HasTheFailureOfEachCall(t *testing.T) {
	t.Parallel()
	resp, err := mixedFailure(t)
	require.Len(t, resp.Batches, 5)
	for i, b := range resp.Batches {
		assert.Equal(t, i, b.Index)
		assert.Equal(t, vpcIDs(5)[i:i+1], b.ResourceIDs)
	}
	var failed *flowlogs.CreateError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "root", failed.ClientToken)
	assert.Equal(t, 2, failed.Created)
	assert.Equal(t, resp.Unsuccessful, failed.Unsuccessful)
	require.Len(t, failed.Calls, 2)
	assert.Equal(t, resp.Batches[2], failed.Calls[0].Batch)
	assert.Equal(t, resp.Batches[4], failed.Calls[1].Batch)
	assert.Equal(t, resp.Batches[4].Err, failed.Calls[1].Err)
}

func TestCreateError_IsFoundByReasonAndByType(t *testing.T) {
	t.Parallel()
	_, err := mixedFailure(t)
	for _, reason := range []flowlogs.Reason{flowlogs.ErrDestinationAccessDenied, flowlogs.ErrLimitExceeded, flowlogs.ErrAlreadyExists} {
		require.ErrorIs(t, err, reason)
	}
	require.NotErrorIs(t, err, flowlogs.ErrThrottled)
	assert.Equal(t, flowlogs.ErrDestinationAccessDenied, flowlogs.ReasonOf(err))

	var item *flowlogs.UnsuccessfulError
	require.ErrorAs(t, err, &item)
	assert.Equal(t, vpcID(0), item.ResourceID)
	var call *flowlogs.CallError
	require.ErrorAs(t, err, &call)
	assert.Equal(t, 2, call.Batch.Index)
	var operation *smithy.OperationError
	require.ErrorAs(t, err, &operation)
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "400", api.ErrorCode())
}

func TestCreateError_IsFoundByTheFieldThatIsInvalid(t *testing.T) {
	t.Parallel()
	_, err := flowlogs.New(flowlogstest.New()).Create(t.Context(), flowlogs.Request{ResourceIDs: vpcIDs(1)})
	var field *flowlogs.FieldError
	require.ErrorAs(t, err, &field)
	require.ErrorIs(t, field, flowlogs.ErrInvalidParameter)
	var failed *flowlogs.CreateError
	assert.NotErrorAs(t, err, &failed, "nothing was sent")
}

// TestCreateError_ReadsWell has the messages that one meets most. Request IDs and
// addresses are left out.
func TestCreateError_ReadsWell(t *testing.T) {
	t.Parallel()
	type opts = []func(*flowlogs.Options)
	refuse := flowlogstest.Reject
	for _, test := range []struct {
		name   string
		n      int
		faults []flowlogstest.Fault
		opts   opts
		want   string
	}{
		{
			"a rejected call", 2, []flowlogstest.Fault{refuse("IdempotentParameterMismatch", "Other arguments.", 400)}, nil,
			"flowlogs: 0 of 2 created, client token t; 2 TokenMismatch (vpc-00000000000000000: operation error EC2: CreateFlowLogs, " +
				"https response error StatusCode: 400, RequestID: …, api error IdempotentParameterMismatch: Other arguments.)",
		},
		{
			"a rejected resource", 2, []flowlogstest.Fault{flowlogstest.FailResources("400", "LogDestination: b does not exist", vpcID(1))}, nil,
			"flowlogs: 1 of 2 created, client token t; 1 DestinationNotFound (vpc-00000000000000001: LogDestination: b does not exist (400))",
		},
		{
			"rejected resources", 3, []flowlogstest.Fault{flowlogstest.FailResources("400", "LogDestination: b does not exist")}, nil,
			"flowlogs: 0 of 3 created, client token t; 3 DestinationNotFound (vpc-00000000000000000: LogDestination: b does not exist (400))",
		},
		{
			"throttling", 1, []flowlogstest.Fault{flowlogstest.Throttle().Keep()}, opts{noRetryTimeout},
			"flowlogs: 0 of 1 created, client token t; 1 Throttled (vpc-00000000000000000: operation error EC2: CreateFlowLogs, " +
				"exceeded maximum number of attempts, 3, https response error StatusCode: 503, RequestID: …, " +
				"api error RequestLimitExceeded: Request limit exceeded.)",
		},
		{
			"a lost response", 1, []flowlogstest.Fault{flowlogstest.Respond(200, "").Keep()}, opts{noRetryTimeout},
			"flowlogs: 0 of 1 created, client token t; 1 NoResponse (vpc-00000000000000000: operation error EC2: CreateFlowLogs, " +
				"exceeded maximum number of attempts, 3, response lost: empty response)",
		},
		{
			"a deadline in flight", 1, []flowlogstest.Fault{flowlogstest.Hang()}, nil,
			"flowlogs: 0 of 1 created, client token t; 1 NoResponse (vpc-00000000000000000: operation error EC2: CreateFlowLogs, " +
				"no response from EC2: context deadline exceeded: a deployment)",
		},
		{
			"a deadline in a backoff", 1, []flowlogstest.Fault{flowlogstest.Throttle().Keep()}, opts{withRetryer(patientRetryer())},
			"flowlogs: 0 of 1 created, client token t; 1 Throttled (vpc-00000000000000000: context deadline exceeded: a deployment; " +
				"last error: https response error StatusCode: 503, RequestID: …, api error RequestLimitExceeded: Request limit exceeded.)",
		},
		{
			"a limiter's error", 1, nil, opts{withLimiter(&recorder{err: errors.New("rate: Wait(n=1) would exceed context deadline")})},
			"flowlogs: 0 of 1 created, client token t; 1 NotAttempted (vpc-00000000000000000: not attempted: " +
				"rate: Wait(n=1) would exceed context deadline)",
		},
		{
			"no credentials", 1, nil, opts{withClientOptions(withCredentialsError(errors.New("no EC2 IMDS role found")))},
			"flowlogs: 0 of 1 created, client token t; 1 Configuration (vpc-00000000000000000: no usable credentials, Region or endpoint: " +
				"operation error EC2: CreateFlowLogs, get identity: get credentials: no EC2 IMDS role found)",
		},
		{
			"several", 4, []flowlogstest.Fault{
				flowlogstest.FailResources("400", "LogDestination: b does not exist", vpcID(0)),
				refuse("FlowLogsLimitExceeded", "The limit.", 400).On(about(vpcID(2))),
			}, opts{batchesOf(1)},
			"flowlogs: 2 of 4 created, client token t; 1 DestinationNotFound (vpc-00000000000000000: LogDestination: b does not exist (400)); " +
				"1 LimitExceeded (vpc-00000000000000002: operation error EC2: CreateFlowLogs, https response error StatusCode: 400, RequestID: …, " +
				"api error FlowLogsLimitExceeded: The limit.)",
		},
		{
			"a fatal rejection", 3, []flowlogstest.Fault{refuse("AuthFailure", "Not validated.", 401).Keep()},
			opts{batchesOf(1), func(o *flowlogs.Options) { o.Concurrency = 1 }},
			"flowlogs: 0 of 3 created, client token t; 1 AuthFailure (vpc-00000000000000000: operation error EC2: CreateFlowLogs, " +
				"https response error StatusCode: 401, RequestID: …, api error AuthFailure: Not validated.); 2 NotAttempted (" +
				"vpc-00000000000000001: not attempted: operation error EC2: CreateFlowLogs, https response error StatusCode: 401, RequestID: …, " +
				"api error AuthFailure: Not validated.)",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := flowlogstest.New()
				cloud.Inject(test.faults...)
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errDeploy)
				defer cancel()
				req := vpcRequest(test.n)
				req.ClientToken = "t"
				_, err := flowlogs.New(inMemory(cloud), test.opts...).Create(ctx, req)
				require.Error(t, err)
				got := requestIDs.ReplaceAllString(err.Error(), "RequestID: …,")
				assert.Equal(t, test.want, got)
			})
		})
	}
}

func TestCreateError_CountsAResourceOnceThatIsNamedTwice(t *testing.T) {
	t.Parallel()
	item := types.UnsuccessfulItem{ResourceId: aws.String(vpcID(0)), Error: &types.UnsuccessfulItemError{Code: aws.String("400")}}
	api := noopAPI{&ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-1"}, Unsuccessful: []types.UnsuccessfulItem{item, item}}}
	_, err := flowlogs.New(api).Create(t.Context(), rooted(2))
	assert.ErrorContains(t, err, "1 of 2 created, client token root; 1 for an unknown reason")
}

func TestUnsuccessfulItem_IsAnAPIError(t *testing.T) {
	t.Parallel()
	item := &flowlogs.UnsuccessfulError{ResourceID: "vpc-00000001", Code: "400", Message: "LogDestination: b does not exist"}
	assert.Equal(t, "vpc-00000001: LogDestination: b does not exist (400)", item.Error())
	assert.Equal(t, "400", item.ErrorCode())
	assert.Equal(t, "LogDestination: b does not exist", item.ErrorMessage())
	assert.Equal(t, smithy.FaultClient, item.ErrorFault())
}

func TestUnsuccessfulItem_MayHaveNothingInIt(t *testing.T) {
	t.Parallel()
	api := apiFunc(func(context.Context, *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		return &ec2.CreateFlowLogsOutput{Unsuccessful: []types.UnsuccessfulItem{{}}}, nil
	})
	_, err := flowlogs.New(api, withToken("t")).Create(t.Context(), vpcRequest(1))
	require.ErrorContains(t, err, "unnamed resource: no message (no code)")
	require.ErrorIs(t, err, flowlogs.ErrIncompleteResponse)
}

func TestErrors_StayOnOneLine(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{
		"line\nbreak\r\n", "\x1b[31mred\x1b[0m", "%s%d%!v(MISSING)", "\x00\xff\xfe", "\u2028\u202e", strings.Repeat("long ", 1<<18),
	} {
		item := &flowlogs.UnsuccessfulError{ResourceID: hostile, Code: hostile, Message: hostile}
		batch := flowlogs.Batch{ResourceIDs: []string{hostile}, ClientToken: hostile}
		call := &flowlogs.CallError{Batch: batch, Err: errors.New(hostile)}
		for _, err := range []error{
			item, call,
			&flowlogs.CreateError{ClientToken: hostile},
			&flowlogs.CreateError{ClientToken: hostile, Unsuccessful: []*flowlogs.UnsuccessfulError{item, item}, Calls: []*flowlogs.CallError{call}},
		} {
			message := err.Error()
			assert.Less(t, len(message), 8000)
			assert.False(t, strings.ContainsFunc(message, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", message)
		}
	}
}

func TestErrors_OfZeroValuesHaveMessages(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want string
	}{
		{&flowlogs.CreateError{}, "flowlogs: 0 of 0 created, client token none"},
		{&flowlogs.CallError{}, "flowlogs: client token none: unknown error"},
		{&flowlogs.UnsuccessfulError{}, "unnamed resource: no message (no code)"},
	} {
		assert.EqualError(t, test.err, test.want)
	}
}

func TestCallError_UnwrapsToTheWholeMessage(t *testing.T) {
	t.Parallel()
	encoded := "Encoded authorization failure message: " + strings.Repeat("x", 5000)
	err := &flowlogs.CallError{Err: apiError("UnauthorizedOperation", encoded)}
	assert.Less(t, len(err.Error()), 2000)
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, encoded, api.ErrorMessage())
}
