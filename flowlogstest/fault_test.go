package flowlogstest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

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

// forResource matches the calls that name a resource.
func forResource(id string) func(flowlogstest.Call) bool {
	return func(c flowlogstest.Call) bool { return slices.Contains(c.ResourceIDs, id) }
}

func TestFault_FailsOneCall(t *testing.T) {
	t.Parallel()
	const html = "<html><body>502 Bad Gateway</body></html>"
	tests := []struct {
		name      string
		fault     flowlogstest.Fault
		applied   bool
		retryable bool // by the SDK's standard retryer
		status    int  // 0: no response
		code      string
		text      string
	}{
		{"Throttle", flowlogstest.Throttle(), false, true, 503, "RequestLimitExceeded", "Request limit exceeded."},
		{"Throttle after applying", flowlogstest.Throttle().AfterApplying(), true, true, 503, "RequestLimitExceeded", ""},
		{"Reject with 403", flowlogstest.Reject("UnauthorizedOperation", "Not you.", 403), false, false, 403, "UnauthorizedOperation", "Not you."},
		{"Reject with 500", flowlogstest.Reject("InternalError", "", 500), false, true, 500, "InternalError", ""},
		{"Reject after applying", flowlogstest.Reject("Unavailable", "", 503).AfterApplying(), true, true, 503, "Unavailable", ""},
		{"Respond with HTML", flowlogstest.Respond(502, html), false, true, 502, "UnknownError", ""},
		{"Respond with HTML after applying", flowlogstest.Respond(502, html).AfterApplying(), true, true, 502, "UnknownError", ""},
		{"Respond with an empty 500 after applying", flowlogstest.Respond(500, "").AfterApplying(), true, true, 500, "UnknownError", ""},
		{"Respond with broken XML", flowlogstest.Respond(200, "<CreateFlowLogsResponse><flow").AfterApplying(), true, false, 200, "", "XML syntax error"},
		{"TruncateResponse", flowlogstest.TruncateResponse(), true, false, 200, "", "failed to decode response body, unexpected EOF"},
		{"LoseResponse", flowlogstest.LoseResponse(), true, true, 0, "", "request send failed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
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

				// The next call succeeds, and EC2 has created one flow log in all.
				out, err = call.CreateFlowLogs(t.Context(), in)
				require.NoError(t, err)
				assert.Equal(t, []string{flowLogID(1)}, out.FlowLogIds)
				assert.Len(t, e.FlowLogs(), 1)
			})
		})
	}
}

func TestHang_EndsWithTheContext(t *testing.T) {
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
		assert.Len(t, e.FlowLogs(), 1, "the call was applied")
	})
}

func TestFailResources_FailsTheResourcesThatItNames(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		e.Inject(
			flowlogstest.FailResources("400", "LogDestination: logs is undeliverable", vpc(2), vpc(9)),
			flowlogstest.FailResources("InternalError", "no", vpc(3)).Keep(),
			flowlogstest.FailResources("400", "all"),
		)
		_, err := call.DescribeFlowLogs(t.Context(), nil)
		require.NoError(t, err, "the fault is for CreateFlowLogs")
		failed := func(n int, code, message string) types.UnsuccessfulItem { return unsuccessful(vpc(n), code, message) }

		out, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(3)...), withToken("a")))
		require.NoError(t, err)
		assertEqual(t, &ec2.CreateFlowLogsOutput{
			ClientToken:  aws.String("a"),
			FlowLogIds:   []string{flowLogID(1)},
			Unsuccessful: []types.UnsuccessfulItem{failed(2, "400", "LogDestination: logs is undeliverable"), failed(3, "InternalError", "no")},
		}, out)

		out, err = call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(2), vpc(3)), withToken("b")))
		require.NoError(t, err)
		assertEqual(t, []types.UnsuccessfulItem{failed(2, "400", "all"), failed(3, "InternalError", "no")}, out.Unsuccessful)

		out, err = call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(2)), withToken("c")))
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(2)}, out.FlowLogIds)
		assert.Len(t, e.FlowLogs(), 2)
	})
}

func TestFailResources_TakesAnItemWithoutText(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Inject(flowlogstest.FailResources("", ""))
	out, err := e.CreateFlowLogs(t.Context(), toBucket())
	require.NoError(t, err)
	assertEqual(t, []types.UnsuccessfulItem{unsuccessful(vpc(1), "", "")}, out.Unsuccessful)
}

func TestDenyDestination_NamesTheDestinationOfTheCall(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   *ec2.CreateFlowLogsInput
		want string
	}{
		{"a bucket, without its folder", toBucket(withIDs(vpcs(2)...), withDestination(bucket+"/folder")), "flow-logs-bucket"},
		{"a log group by name", toLogGroup(withIDs(vpcs(2)...), withLogGroup("/flow/logs")), "/flow/logs"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				e.Inject(flowlogstest.DenyDestination(vpc(2)).Keep())
				out, err := call.CreateFlowLogs(t.Context(), test.in)
				require.NoError(t, err)
				assert.Equal(t, []string{flowLogID(1)}, out.FlowLogIds)
				assertEqual(t, []types.UnsuccessfulItem{
					unsuccessful(vpc(2), "400", "Access Denied for LogDestination: "+test.want+". Please check LogDestination permission"),
				}, out.Unsuccessful)
			})
		})
	}
}

func TestEditResponse_IsNotRememberedForTheToken(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		e.Inject(
			flowlogstest.FailResources("400", "no", vpc(3)),
			flowlogstest.EditResponse(func(out *ec2.CreateFlowLogsOutput) {
				slices.Reverse(out.FlowLogIds)
				*out.Unsuccessful[0].Error.Message = "edited"
			}),
			flowlogstest.EditResponse(func(out *ec2.CreateFlowLogsOutput) {
				out.FlowLogIds = append(out.FlowLogIds, "fl-00000000000000009")
				out.Unsuccessful[0].Error = nil
				out.ClientToken = nil
			}),
		)
		in := toBucket(withIDs(vpcs(3)...), withToken("token"))
		out, err := call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(1), flowLogID(2)}, out.FlowLogIds, "each fault matches one call")

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

func TestInject_MatchesCallsInTheOrderOfInjection(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Inject(
		flowlogstest.Reject("A", "", 400),
		flowlogstest.Reject("B", "", 400).On(forResource(vpc(2))),
		flowlogstest.Reject("C", "", 400),
	)
	var codes []string
	for _, id := range []string{vpc(1), vpc(1), vpc(1), vpc(2), vpc(2)} {
		_, err := e.CreateFlowLogs(t.Context(), toBucket(withIDs(id), withToken(id)))
		codes = append(codes, code(err))
	}
	assert.Equal(t, []string{"A", "C", "", "B", ""}, codes)
}

func TestKeep_MatchesEveryCallAndTheLastInjectedTakesPrecedence(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Inject(
		flowlogstest.Reject("Kept", "", 400).Keep().On(forResource(vpc(1))).On(func(c flowlogstest.Call) bool { return c.ClientToken != "free" }),
		flowlogstest.Reject("Once", "", 500).AfterApplying(),
	)
	var codes []string
	for _, in := range []*ec2.CreateFlowLogsInput{toBucket(), toBucket(), toBucket(withIDs(vpc(2))), toBucket(), toBucket(withToken("free"))} {
		_, err := e.CreateFlowLogs(t.Context(), in)
		codes = append(codes, code(err))
	}
	assert.Equal(t, []string{"Once", "Kept", "", "Kept", ""}, codes)
	assert.Len(t, e.FlowLogs(), 2, "the kept fault keeps the first call from being applied")
}

func TestFault_TimesMatchesSoManyCalls(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		e.Inject(
			flowlogstest.Reject("A", "", 400).On(forResource(vpc(1))).Times(2),
			flowlogstest.Reject("B", "", 400),
		)
		var codes []string
		for _, id := range []string{vpc(1), vpc(2), vpc(1), vpc(1), vpc(2)} {
			_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(id), withToken(id)))
			codes = append(codes, code(err))
		}
		assert.Equal(t, []string{"A", "B", "A", "", ""}, codes, "calls that On excludes are not counted")
	})
}

func TestFault_TimesOfZeroOrLessMatchesNoCall(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, -1, -100} {
		e := flowlogstest.New()
		e.Inject(flowlogstest.Throttle().Times(n), flowlogstest.Throttle().Keep().Times(n), flowlogstest.Fault{})
		_, err := e.CreateFlowLogs(t.Context(), toBucket())
		assert.NoError(t, err, n)
	}
}

func TestFault_TimesAndKeepUndoEachOther(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault flowlogstest.Fault
		want  int // how many of five calls fail
	}{
		{"Times after Keep", flowlogstest.Throttle().Keep().Times(3), 3},
		{"Keep after Times", flowlogstest.Throttle().Times(3).Keep(), 5},
		{"Keep after Times of zero", flowlogstest.Throttle().Times(0).Keep(), 5},
		{"the last Times", flowlogstest.Throttle().Times(3).Times(2), 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := flowlogstest.New()
			e.Inject(test.fault)
			failed := 0
			for range 5 {
				if _, err := e.DescribeFlowLogs(t.Context(), nil); err != nil {
					failed++
				}
			}
			assert.Equal(t, test.want, failed)
		})
	}
}

func TestFault_StringSaysHowOften(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "Throttle", flowlogstest.Throttle().String())
	assert.Equal(t, "Throttle (3 times)", flowlogstest.Throttle().Times(3).String())
	assert.Equal(t, "Throttle (kept)", flowlogstest.Throttle().Keep().String())
}

func TestClearFaults_RemovesKeptFaultsToo(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		e.Inject(
			flowlogstest.Throttle(), flowlogstest.LoseResponse().Times(2), flowlogstest.Respond(500, "").Keep(),
			flowlogstest.PropagateAfter(bucket, time.Hour),
		)
		e.ClearFaults()
		out, err := call.CreateFlowLogs(t.Context(), toBucket())
		require.NoError(t, err)
		assert.Empty(t, out.Unsuccessful)

		e.Inject(flowlogstest.Throttle())
		_, err = call.CreateFlowLogs(t.Context(), toBucket())
		assert.Equal(t, "RequestLimitExceeded", code(err), "faults can be injected afterwards")
	})
}

func TestEditResponse_EditsWhatAnotherEditHasLeftIncomplete(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		seen := 0
		e.Inject(
			flowlogstest.EditResponse(func(out *ec2.CreateFlowLogsOutput) {
				out.Unsuccessful = append(out.Unsuccessful, types.UnsuccessfulItem{}, types.UnsuccessfulItem{Error: &types.UnsuccessfulItemError{}})
			}).Keep(),
			flowlogstest.EditResponse(func(out *ec2.CreateFlowLogsOutput) { seen = len(out.Unsuccessful) }),
		)
		out, err := call.CreateFlowLogs(t.Context(), toBucket())
		require.NoError(t, err)
		assert.Equal(t, 2, seen)
		assert.Len(t, out.Unsuccessful, 2)
	})
}

func TestEditResponse_IsForEveryOperationWithAnOutput(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		arn := aws.String("arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/" + flowLogID(1))
		e.Inject(
			flowlogstest.EditResponse(func(out *ec2.DescribeFlowLogsOutput) {
				out.NextToken = aws.String("again")
				*out.FlowLogs[0].FlowLogId, out.FlowLogs[0].DeliverLogsStatus = "edited", nil
				*out.FlowLogs[0].Tags[0].Value = "edited"
			}),
			flowlogstest.EditResponse(func(out *ec2.DescribeTagsOutput) { out.Tags[0].ResourceId = nil }),
			flowlogstest.FailFlowLogs("400", "no", flowLogID(1)).Keep(),
			flowlogstest.EditResponse(func(out *ec2.DeleteFlowLogsOutput) { out.Unsuccessful[0].ResourceId = nil }),
			flowlogstest.EditResponse(func(out *ec2.DeleteFlowLogsOutput) { out.Unsuccessful[0].ResourceId = arn }),
		)
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withTags("vpc-flow-log", tag("Name", "x"))))
		require.NoError(t, err)
		before := e.FlowLogs()

		described, err := call.DescribeFlowLogs(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, "again", *described.NextToken)
		assert.Equal(t, "edited edited", *described.FlowLogs[0].FlowLogId+" "+*described.FlowLogs[0].Tags[0].Value)
		assert.Nil(t, described.FlowLogs[0].DeliverLogsStatus)
		assert.Equal(t, before, e.FlowLogs(), "only the response is edited")

		tags, err := call.DescribeTags(t.Context(), nil)
		require.NoError(t, err)
		assert.Nil(t, tags.Tags[0].ResourceId)

		for _, want := range []*string{nil, arn, aws.String(flowLogID(1))} {
			out, err := call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(1)}})
			require.NoError(t, err)
			assert.Equal(t, want, out.Unsuccessful[0].ResourceId)
		}
		assert.Len(t, e.FlowLogs(), 1)
	})
}

// A test that keeps a tag of a response must not change the EC2 with it.
func TestEditResponse_OwnsTheTagsOfDescribeTags(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	_, err := e.CreateFlowLogs(t.Context(), toBucket(withTags("vpc-flow-log", tag("Name", "x"))))
	require.NoError(t, err)
	e.Inject(flowlogstest.EditResponse(func(out *ec2.DescribeTagsOutput) { *out.Tags[0].Value, *out.Tags[0].ResourceId = "edited", "edited" }))
	_, err = e.DescribeTags(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "x", *e.FlowLogs()[0].Tags[0].Value)
	assert.Equal(t, flowLogID(1), *e.FlowLogs()[0].FlowLogId)
}

func TestFault_IsAValue(t *testing.T) {
	t.Parallel()
	once := flowlogstest.Throttle()
	once.Keep().AfterApplying().On(func(flowlogstest.Call) bool { return false }).Times(0)

	e := flowlogstest.New()
	e.Inject(once)
	_, err := e.CreateFlowLogs(t.Context(), toBucket())
	assert.Equal(t, "RequestLimitExceeded", code(err))
	assert.Empty(t, e.FlowLogs())
}

func TestLoseResponse_IsRetriedByTheSDKWithTheSameBody(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	s := flowlogstest.NewServer(e)
	t.Cleanup(s.Close)
	e.Inject(flowlogstest.LoseResponse())

	out, err := s.Client().CreateFlowLogs(t.Context(), toBucket(withToken("token")))
	require.NoError(t, err)
	assert.Equal(t, []string{flowLogID(1)}, out.FlowLogIds)
	calls := e.Calls()
	require.Len(t, calls, 2)
	assert.Equal(t, calls[0].Body, calls[1].Body)
	assert.Equal(t, []int{0, 200}, []int{calls[0].Status, calls[1].Status})
	assert.Empty(t, calls[0].Response)
	assert.True(t, strings.HasSuffix(calls[1].Response, "</CreateFlowLogsResponse>"))
}
