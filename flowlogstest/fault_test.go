package flowlogstest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// onCall is a request that names its resource for a fault to match.
func onCall(id string) func(flowlogstest.Call) bool {
	return func(c flowlogstest.Call) bool { return slices.Contains(c.ResourceIDs, id) }
}

func TestFaultsOfTheCall(t *testing.T) {
	t.Parallel()
	const html = "<html><body>502 Bad Gateway</body></html>"
	tests := map[string]struct {
		fault     flowlogstest.Fault
		applied   bool
		retryable bool // by the SDK's standard retryer
		status    int  // 0: no answer
		code      string
		text      string
	}{
		"throttle":                 {flowlogstest.Throttle(), false, true, 503, "RequestLimitExceeded", "api error RequestLimitExceeded: Request limit exceeded."},
		"throttle after applying":  {flowlogstest.Throttle().AfterApplying(), true, true, 503, "RequestLimitExceeded", ""},
		"refuse":                   {flowlogstest.Refuse("UnauthorizedOperation", "You are not authorized to perform this operation.", 403), false, false, 403, "UnauthorizedOperation", "You are not authorized"},
		"refuse with 500":          {flowlogstest.Refuse("InternalError", "An internal error has occurred", 500), false, true, 500, "InternalError", ""},
		"refuse after applying":    {flowlogstest.Refuse("Unavailable", "The service is unavailable", 503).AfterApplying(), true, true, 503, "Unavailable", ""},
		"HTML":                     {flowlogstest.Respond(502, html), false, true, 502, "UnknownError", ""},
		"HTML after applying":      {flowlogstest.Respond(502, html).AfterApplying(), true, true, 502, "UnknownError", ""},
		"empty 500 after applying": {flowlogstest.Respond(500, "").AfterApplying(), true, true, 500, "UnknownError", ""},
		"broken XML":               {flowlogstest.Respond(200, "<CreateFlowLogsResponse><flow").AfterApplying(), true, false, 200, "", "XML syntax error"},
		"truncated answer":         {flowlogstest.TruncateAnswer(), true, false, 200, "", "deserialization failed, failed to decode response body, unexpected EOF"},
		"lost answer":              {flowlogstest.LoseAnswer(), true, true, 0, "", "request send failed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				e.Inject(test.fault)
				in := toBucket(withToken("token"))
				out, err := call.CreateFlowLogs(t.Context(), in)
				assert.Nil(t, out)
				var operationErr *smithy.OperationError
				require.ErrorAs(t, err, &operationErr)
				assert.Equal(t, "CreateFlowLogs", operationErr.Operation())
				assert.Equal(t, test.retryable, retry.NewStandard().IsErrorRetryable(err))
				assert.Equal(t, test.code, code(err))
				require.ErrorContains(t, err, test.text)

				var responseErr *smithyhttp.ResponseError
				require.ErrorAs(t, err, &responseErr)
				assert.Equal(t, test.status, responseErr.HTTPStatusCode())
				var sendErr *smithyhttp.RequestSendError
				assert.Equal(t, test.status == 0, errors.As(err, &sendErr))
				var deserializationErr *smithy.DeserializationError
				assert.Equal(t, test.status == 200, errors.As(err, &deserializationErr))

				assert.Equal(t, test.applied, len(e.FlowLogs()) == 1)
				assert.Equal(t, test.status, e.Calls()[0].Status)

				// One-shot: the next call succeeds, and creates once in all.
				out, err = call.CreateFlowLogs(t.Context(), in)
				require.NoError(t, err)
				assert.Equal(t, []string{flowLogID(1)}, out.FlowLogIds)
				assert.Len(t, e.FlowLogs(), 1)
			})
		})
	}
}

func TestHangEndsWithTheContext(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		ctx, cancel := context.WithCancel(t.Context())
		e.Inject(flowlogstest.Hang().On(func(flowlogstest.Call) bool {
			cancel()
			return true
		}))
		_, err := call.CreateFlowLogs(ctx, toBucket())
		require.ErrorIs(t, err, context.Canceled)
		var canceled *smithy.CanceledError
		require.ErrorAs(t, err, &canceled)
		assert.Zero(t, e.Calls()[0].Status)
		assert.Len(t, e.FlowLogs(), 1, "applied all the same")
	})
}

func TestFailuresOfResources(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		e.Inject(
			flowlogstest.FailResources("400", "LogDestination: logs is undeliverable", vpc(2), vpc(9)),
			flowlogstest.FailResources("InternalError", "no", vpc(3)).Keep(),
			flowlogstest.FailResources("400", "all"),
		)
		_, err := call.DescribeFlowLogs(t.Context(), nil)
		require.NoError(t, err, "is for CreateFlowLogs")
		failed := func(n int, code, message string) types.UnsuccessfulItem {
			return types.UnsuccessfulItem{
				Error:      &types.UnsuccessfulItemError{Code: aws.String(code), Message: aws.String(message)},
				ResourceId: aws.String(vpc(n)),
			}
		}

		out, err := call.CreateFlowLogs(t.Context(), toBucket(on(vpcs(3)...), withToken("a")))
		require.NoError(t, err)
		equal(t, &ec2.CreateFlowLogsOutput{
			ClientToken:  aws.String("a"),
			FlowLogIds:   []string{flowLogID(1)},
			Unsuccessful: []types.UnsuccessfulItem{failed(2, "400", "LogDestination: logs is undeliverable"), failed(3, "InternalError", "no")},
		}, out)

		out, err = call.CreateFlowLogs(t.Context(), toBucket(on(vpc(2), vpc(3)), withToken("b")))
		require.NoError(t, err)
		equal(t, []types.UnsuccessfulItem{failed(2, "400", "all"), failed(3, "InternalError", "no")}, out.Unsuccessful)

		out, err = call.CreateFlowLogs(t.Context(), toBucket(on(vpc(2)), withToken("c")))
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(2)}, out.FlowLogIds)
		assert.Len(t, e.FlowLogs(), 2)
	})
}

func TestAnEditedAnswerIsNotRemembered(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		e.Inject(
			flowlogstest.FailResources("400", "no", vpc(3)),
			flowlogstest.EditAnswer(func(out *ec2.CreateFlowLogsOutput) {
				slices.Reverse(out.FlowLogIds)
				*out.Unsuccessful[0].Error.Message = "edited"
			}),
			flowlogstest.EditAnswer(func(out *ec2.CreateFlowLogsOutput) {
				out.FlowLogIds = append(out.FlowLogIds, "fl-00000000000000009")
				out.Unsuccessful[0].Error = nil
				out.ClientToken = nil
			}),
		)
		in := toBucket(on(vpcs(3)...), withToken("token"))
		out, err := call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(1), flowLogID(2)}, out.FlowLogIds, "one-shot faults take one call each")

		out, err = call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(2), flowLogID(1)}, out.FlowLogIds)
		assert.Equal(t, "edited", *out.Unsuccessful[0].Error.Message)

		out, err = call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(1), flowLogID(2), flowLogID(9)}, out.FlowLogIds)
		assert.Nil(t, out.ClientToken)

		out, err = call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(1), flowLogID(2)}, out.FlowLogIds)
		assert.Equal(t, "no", *out.Unsuccessful[0].Error.Message)
	})
}

func TestFaultsMeetCallsInOrder(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Inject(
		flowlogstest.Refuse("A", "", 400),
		flowlogstest.Refuse("B", "", 400).On(onCall(vpc(2))),
		flowlogstest.Refuse("C", "", 400),
	)
	var met []string
	for _, id := range []string{vpc(1), vpc(1), vpc(1), vpc(2), vpc(2)} {
		_, err := e.CreateFlowLogs(t.Context(), toBucket(on(id), withToken(id)))
		met = append(met, code(err))
	}
	assert.Equal(t, []string{"A", "C", "", "B", ""}, met)
}

func TestKeptFaultsMeetEveryCallAndTheLastInjectedAnswers(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Inject(
		flowlogstest.Refuse("Kept", "", 400).Keep().On(onCall(vpc(1))).On(func(c flowlogstest.Call) bool { return c.ClientToken != "free" }),
		flowlogstest.Refuse("Once", "", 500).AfterApplying(),
	)
	var met []string
	for _, in := range []*ec2.CreateFlowLogsInput{toBucket(), toBucket(), toBucket(on(vpc(2))), toBucket(), toBucket(withToken("free"))} {
		_, err := e.CreateFlowLogs(t.Context(), in)
		met = append(met, code(err))
	}
	assert.Equal(t, []string{"Once", "Kept", "", "Kept", ""}, met)
	assert.Len(t, e.FlowLogs(), 2, "the kept fault kept EC2 from applying the first call")
}

func TestFaultsAreValues(t *testing.T) {
	t.Parallel()
	once := flowlogstest.Throttle()
	kept := once.Keep().AfterApplying().On(func(flowlogstest.Call) bool { return false })
	assert.Equal(t, "Throttle", once.String())
	assert.Equal(t, "Throttle (kept)", kept.String())

	e := flowlogstest.New()
	e.Inject(once)
	_, err := e.CreateFlowLogs(t.Context(), toBucket())
	assert.Equal(t, "RequestLimitExceeded", code(err))
	assert.Empty(t, e.FlowLogs())
}

func TestTheSDKRetriesALostAnswerWithTheSameBody(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	s := flowlogstest.NewServer(e)
	t.Cleanup(s.Close)
	e.Inject(flowlogstest.LoseAnswer())

	out, err := s.Client().CreateFlowLogs(t.Context(), toBucket(withToken("token")))
	require.NoError(t, err)
	assert.Equal(t, []string{flowLogID(1)}, out.FlowLogIds)
	calls := e.Calls()
	require.Len(t, calls, 2)
	assert.Equal(t, calls[0].Body, calls[1].Body)
	assert.Equal(t, []int{0, 200}, []int{calls[0].Status, calls[1].Status})
	assert.Empty(t, calls[0].Answer)
	assert.True(t, strings.HasSuffix(calls[1].Answer, "</CreateFlowLogsResponse>"))
}
