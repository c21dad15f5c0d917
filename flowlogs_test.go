package flowlogs_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// apiFunc is the plainest mock.
type apiFunc func(ctx context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error)

func (f apiFunc) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	return f(ctx, in)
}

// created answers that all went well.
func created(in *ec2.CreateFlowLogsInput) *ec2.CreateFlowLogsOutput {
	out := &ec2.CreateFlowLogsOutput{ClientToken: in.ClientToken}
	for _, id := range in.ResourceIds {
		out.FlowLogIds = append(out.FlowLogIds, "fl-of-"+id)
	}
	return out
}

func refusal(code, message string) error {
	return &smithy.GenericAPIError{Code: code, Message: message}
}

func withToken(token string) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) {
		o.Token = func(flowlogs.Request) (string, error) { return token, nil }
	}
}

func TestCreateReturnsWhatWasCreated(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	resp, err := flowlogs.New(cloud, withToken("t")).Create(t.Context(), vpcRequest(2))
	require.NoError(t, err)
	assert.Equal(t, "t", resp.ClientToken)
	assert.Len(t, resp.FlowLogIDs, 2)
	assert.Empty(t, resp.Unsuccessful)
	require.Len(t, resp.Batches, 1)
	b := resp.Batches[0]
	assert.Equal(t, vpcIDs(2), b.ResourceIDs)
	assert.Equal(t, "t", b.ClientToken)
	assert.Equal(t, 1, b.Attempts)
	assert.NotEmpty(t, b.RequestID)
	assert.Len(t, cloud.FlowLogs(), 2)
}

func TestCreateSendsNothingUnlessAllIsValid(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	req := vpcRequest(301)
	req.ResourceIDs[300] = "vpc-X"
	resp, err := flowlogs.New(cloud).Create(t.Context(), req)
	var invalid *flowlogs.ValidationError
	require.ErrorAs(t, err, &invalid)
	assert.Nil(t, resp)
	assert.Equal(t, "ResourceIDs[300]", invalid.Fields[0].Field)
	assert.Empty(t, cloud.Calls())
}

func TestCreateRefusesALogGroupInAnotherRegionThanTheClient(t *testing.T) {
	t.Parallel()
	server := flowlogstest.NewServer(flowlogstest.New())
	defer server.Close()
	req := vpcRequest(1)
	req.Destination = flowlogs.CloudWatchLogs{
		LogGroupARN: "arn:aws:logs:eu-west-1:123456789012:log-group:g",
		RoleARN:     "arn:aws:iam::123456789012:role/r",
	}
	require.NoError(t, req.Validate())
	_, err := flowlogs.New(server.Client()).Create(t.Context(), req)
	require.ErrorContains(t, err, `Destination.LogGroupARN "arn:aws:logs:eu-west-1:123456789012:log-group:g": want the Region of the call, us-east-1`)
	_, err = flowlogs.New(server.Client()).Create(t.Context(), req, func(o *flowlogs.Options) {
		o.ClientOptions = []func(*ec2.Options){func(o *ec2.Options) { o.Region = "fips-us-east-1" }}
	})
	assert.NotErrorIs(t, err, flowlogs.ErrInvalidParameter, "the name of an endpoint is no Region to compare with")
}

func TestPartialFailureIsAnErrorAndAResponse(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	ids := vpcIDs(3)
	cloud.Inject(flowlogstest.FailResources("400", "LogDestination: b does not exist", ids[1]))
	req := vpcRequest(3)
	req.ClientToken = "root"
	resp, err := flowlogs.New(cloud).Create(t.Context(), req)
	require.NotNil(t, resp)
	assert.Len(t, resp.FlowLogIDs, 2)
	want := flowlogs.UnsuccessfulItem{ResourceID: ids[1], Code: "400", Message: "LogDestination: b does not exist"}
	assert.Equal(t, []flowlogs.UnsuccessfulItem{want}, resp.Unsuccessful)

	var partial *flowlogs.UnsuccessfulError
	require.ErrorAs(t, err, &partial)
	assert.Equal(t, &flowlogs.UnsuccessfulError{Items: []flowlogs.UnsuccessfulItem{want}, ClientToken: "root", Created: 2}, partial)
	require.ErrorIs(t, err, flowlogs.ErrDestinationNotFound)
	var item *flowlogs.UnsuccessfulItem
	require.ErrorAs(t, err, &item)
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "400", api.ErrorCode())
}

func TestErrorsOfAllBatchesAreReached(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	ids := vpcIDs(5)
	cloud.Inject(
		flowlogstest.FailResources("400", "Access Denied for LogDestination: b. Please check LogDestination permission", ids[0]),
		flowlogstest.Refuse("FlowLogsLimitExceeded", "You've reached the limit.", 400).On(about(ids[2])),
		flowlogstest.Refuse("FlowLogAlreadyExists", "There is one.", 400).On(about(ids[4])),
	)
	req := vpcRequest(5)
	req.ClientToken = "root"
	resp, err := flowlogs.New(cloud, batchesOf(1)).Create(t.Context(), req)
	require.Len(t, resp.Batches, 5)
	for i, b := range resp.Batches {
		assert.Equal(t, i, b.Index)
		assert.Equal(t, ids[i:i+1], b.ResourceIDs)
	}
	assert.Len(t, resp.FlowLogIDs, 2)
	assert.Len(t, resp.Unsuccessful, 1)

	for _, reason := range []flowlogs.Reason{flowlogs.ErrDestinationAccessDenied, flowlogs.ErrLimitExceeded, flowlogs.ErrAlreadyExists} {
		require.ErrorIs(t, err, reason)
	}
	require.NotErrorIs(t, err, flowlogs.ErrThrottled)
	var partial *flowlogs.UnsuccessfulError
	require.ErrorAs(t, err, &partial)
	assert.Equal(t, 2, partial.Created)
	var call *flowlogs.CallError
	require.ErrorAs(t, err, &call)
	assert.Equal(t, 2, call.Batch.Index)
	assert.Equal(t, ids[2:3], call.Batch.ResourceIDs)
	assert.Equal(t, resp.Batches[2].ClientToken, call.Batch.ClientToken)
	assert.Regexp(t, `^flowlogs: 1 resource unsuccessful, 2 calls failed; first 1 unsuccessful, 2 created, client token root: vpc-0{17}: Access Denied`, err.Error())
	assert.NotContains(t, err.Error(), "\n")
}

func about(id string) func(flowlogstest.Call) bool {
	return func(c flowlogstest.Call) bool { return slices.Contains(c.ResourceIDs, id) }
}

func batchesOf(n int) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) { o.BatchSize = n }
}

func TestARefusalThatAllWouldMeetStopsTheRest(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 2} {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.Refuse("UnauthorizedOperation", "You are not authorized to perform this operation.", 403).Keep())
		req := vpcRequest(1000)
		req.ClientToken = "root"
		resp, err := flowlogs.New(cloud, batchesOf(10), func(o *flowlogs.Options) { o.Concurrency = concurrency }).
			Create(t.Context(), req)
		require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
		require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
		assert.Len(t, cloud.Calls(), concurrency, "those in flight and no more")
		tokens := make(map[string]bool)
		calls := 0
		for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
			var call *flowlogs.CallError
			require.ErrorAs(t, err, &call)
			assert.Equal(t, calls, call.Batch.Index)
			assert.Equal(t, resp.Batches[calls], call.Batch)
			tokens[call.Batch.ClientToken] = true
			calls++
			if call.Batch.Attempts == 0 {
				require.ErrorIs(t, call, flowlogs.ErrNotAttempted)
				assert.Equal(t, flowlogs.ErrNotAttempted, flowlogs.ReasonOf(call))
				require.ErrorContains(t, call, "You are not authorized")
			}
		}
		assert.Equal(t, 100, calls)
		assert.Len(t, tokens, 100)
	}
}

func TestThrottlingAndLostAnswersStopNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		ids := vpcIDs(4)
		cloud.Inject(
			flowlogstest.Throttle().On(about(ids[0])).Keep(),
			flowlogstest.LoseAnswer().On(about(ids[1])).Keep(),
			flowlogstest.Respond(500, "").On(about(ids[2])).Keep(),
		)
		resp, err := flowlogs.New(cloud, batchesOf(1)).Create(t.Context(), vpcRequest(4))
		for _, reason := range []flowlogs.Reason{flowlogs.ErrThrottled, flowlogs.ErrNoResponse, flowlogs.ErrUnavailable} {
			require.ErrorIs(t, err, reason)
		}
		require.NotErrorIs(t, err, flowlogs.ErrNotAttempted)
		assert.Len(t, resp.FlowLogIDs, 1)
		assert.Equal(t, []int{6, 6, 6, 1}, attempts(resp), "once more, for another call got through")
	})
}

func TestWhatWasNotSentAgainKeepsItsError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		throttled := func(n int) []flowlogstest.Fault {
			return slices.Repeat([]flowlogstest.Fault{flowlogstest.Throttle().On(about(vpcID(n)))}, 3)
		}
		cloud.Inject(append(throttled(0), throttled(1)...)...)
		cloud.Inject(flowlogstest.Refuse("UnauthorizedOperation", "", 403).On(about(vpcID(0)))) // when it is sent again
		resp, err := flowlogs.New(cloud, batchesOf(1), func(o *flowlogs.Options) { o.Concurrency = 1 }).Create(t.Context(), vpcRequest(3))
		calls := callErrors(err)
		require.Len(t, calls, 2)
		require.ErrorIs(t, calls[0], flowlogs.ErrNotAuthorized)
		require.ErrorIs(t, calls[1], flowlogs.ErrThrottled)
		assert.Equal(t, []int{4, 3, 1}, attempts(resp))
	})
}

func TestTheSameRequestAndTokenAreTheSameCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		lost := flowlogstest.LoseAnswer().On(about(vpcIDs(1000)[700]))
		cloud.Inject(slices.Repeat([]flowlogstest.Fault{lost}, 6)...) // as often as the SDK attempts a call, twice
		req := vpcRequest(1000)
		req.ClientToken = "job"
		resp, err := flowlogs.New(cloud).Create(t.Context(), req)
		require.ErrorIs(t, err, flowlogs.ErrNoResponse)
		assert.Len(t, resp.FlowLogIDs, 700)
		require.Len(t, cloud.FlowLogs(), 1000, "all were created, though one call was never answered")

		// As on another machine: another client, another concurrency.
		again, err := flowlogs.New(cloud, func(o *flowlogs.Options) { o.Concurrency = 1 }).Create(t.Context(), req)
		require.NoError(t, err)
		assert.Len(t, again.FlowLogIDs, 1000)
		assert.Len(t, cloud.FlowLogs(), 1000)
		assert.Equal(t, resp.FlowLogIDs[:600], again.FlowLogIDs[:600])
		bodies := make(map[string]string)
		for _, c := range cloud.Calls() {
			if body, ok := bodies[c.ClientToken]; ok {
				assert.Equal(t, body, c.Body)
			}
			bodies[c.ClientToken] = c.Body
		}
		assert.Len(t, bodies, 4)
		assert.NotContains(t, bodies, "job", "several calls have tokens of their own")
	})
}

func TestCreateStopsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.Hang().On(about(vpcIDs(6)[1])))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		resp, err := flowlogs.New(cloud, batchesOf(1), func(o *flowlogs.Options) { o.Concurrency = 1 }).Create(ctx, vpcRequest(6))
		assert.Equal(t, time.Minute, time.Since(start))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
		assert.Len(t, resp.FlowLogIDs, 1)
		assert.Equal(t, []int{1, 1, 0, 0, 0, 0}, attempts(resp))
		assert.ErrorContains(t, err, "flowlogs: 1 call failed, 4 calls not attempted; first vpc-00000000000000001, client token")
	})
}

func attempts(r *flowlogs.Response) []int {
	var n []int
	for _, b := range r.Batches {
		n = append(n, b.Attempts)
	}
	return n
}

func TestAContextThatHasEndedAttemptsNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, n := range []int{1, 2} {
		cloud := flowlogstest.New()
		resp, err := flowlogs.New(cloud, batchesOf(1)).Create(ctx, vpcRequest(n))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
		assert.NotEmpty(t, resp.ClientToken, "with which to go on")
		assert.Empty(t, cloud.Calls())
	}
}

func TestAnAnswerThatDoesNotAccountForEveryResourceIsNoSuccess(t *testing.T) {
	t.Parallel()
	answers := map[string]*ec2.CreateFlowLogsOutput{
		"none":                    nil,
		"empty":                   {},
		"fewer than asked":        {FlowLogIds: []string{"fl-1"}},
		"more than asked":         {FlowLogIds: []string{"fl-1", "fl-2", "fl-3"}},
		"unsuccessful left out":   {FlowLogIds: []string{"fl-1"}, Unsuccessful: []types.UnsuccessfulItem{}},
		"unsuccessful in surplus": {FlowLogIds: []string{"fl-1", "fl-2"}, Unsuccessful: []types.UnsuccessfulItem{{}}},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			api := apiFunc(func(context.Context, *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
				calls++
				return answer, nil
			})
			resp, err := flowlogs.New(api).Create(t.Context(), vpcRequest(2))
			require.ErrorIs(t, err, flowlogs.ErrIncompleteResponse)
			var call *flowlogs.CallError
			require.ErrorAs(t, err, &call)
			assert.Equal(t, vpcIDs(2), call.Batch.ResourceIDs)
			assert.Equal(t, 1, calls)
			if answer != nil {
				assert.Equal(t, answer.FlowLogIds, resp.FlowLogIDs, "what is known is not lost")
			}

			in, err := vpcRequest(2).Input()
			require.NoError(t, err)
			out, err := flowlogs.New(api).CreateFlowLogs(t.Context(), in)
			require.ErrorIs(t, err, flowlogs.ErrIncompleteResponse)
			assert.Same(t, answer, out)
		})
	}
}

func TestAnItemWithFieldsMissingIsStillAnItem(t *testing.T) {
	t.Parallel()
	api := apiFunc(func(context.Context, *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		return &ec2.CreateFlowLogsOutput{Unsuccessful: []types.UnsuccessfulItem{{}}}, nil
	})
	_, err := flowlogs.New(api, withToken("t")).Create(t.Context(), vpcRequest(1))
	assert.EqualError(t, err, "flowlogs: 1 unsuccessful, 0 created, client token t: a resource that EC2 did not name: no message (no code)")
}

func TestADryRunThatWouldSucceedIsSuccess(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	req := vpcRequest(2)
	req.DryRun = true
	resp, err := flowlogs.New(cloud, batchesOf(1)).Create(t.Context(), req)
	require.NoError(t, err)
	assert.Empty(t, resp.FlowLogIDs)
	assert.Empty(t, resp.Unsuccessful)
	assert.Empty(t, cloud.FlowLogs())

	in, err := req.Input()
	require.NoError(t, err)
	_, err = flowlogs.New(cloud).CreateFlowLogs(t.Context(), in)
	require.ErrorIs(t, err, flowlogs.ErrDryRun, "the raw call is the SDK's")

	cloud.Inject(flowlogstest.Refuse("UnauthorizedOperation", "You are not authorized to perform this operation.", 403))
	_, err = flowlogs.New(cloud).Create(t.Context(), req)
	require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
}

func TestADryRunErrorOfACallThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	api := apiFunc(func(context.Context, *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		return nil, refusal("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
	})
	_, err := flowlogs.New(api).Create(t.Context(), vpcRequest(1))
	require.ErrorIs(t, err, flowlogs.ErrDryRun)
}

func TestARequestIsNeverChanged(t *testing.T) {
	t.Parallel()
	vandal := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		out := created(in)
		for i := range in.ResourceIds {
			in.ResourceIds[i] = "gone"
		}
		in.TagFieldSpecifications[0].TagKeys[0] = "gone"
		in.TagSpecifications[0].Tags[0] = types.Tag{}
		in.DestinationOptions.FileFormat = "gone"
		in.LogFormat = nil
		return out, nil
	})
	req := fullRequest()
	in, err := req.Input()
	require.NoError(t, err)
	same, err := req.Input()
	require.NoError(t, err)

	resp, err := flowlogs.New(vandal).Create(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, fullRequest(), req)
	assert.Equal(t, req.ResourceIDs, resp.Batches[0].ResourceIDs)
	req.ResourceIDs[0] = "changed by the caller"
	assert.Equal(t, fullRequest().ResourceIDs, resp.Batches[0].ResourceIDs)

	_, err = flowlogs.New(vandal).CreateFlowLogs(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, same, in)
}

func TestAClientIsAnAPI(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New(func(o *flowlogstest.Options) { o.Buckets = []string{} })
	var api flowlogs.API = flowlogs.New(cloud, withToken("made"))
	in := &ec2.CreateFlowLogsInput{
		ResourceIds:        []string{"vpc-00000001"},
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("arn:aws:s3:::missing"),
	}
	out, err := api.CreateFlowLogs(t.Context(), in)
	require.ErrorIs(t, err, flowlogs.ErrDestinationNotFound)
	assert.Equal(t, "made", *out.ClientToken)
	assert.Len(t, out.Unsuccessful, 1)
	assert.Nil(t, in.ClientToken, "the caller's input is not touched")
	assert.Equal(t, "made", cloud.Calls()[0].ClientToken)

	in.ClientToken = aws.String("own")
	_, err = api.CreateFlowLogs(t.Context(), in)
	require.Error(t, err)
	assert.Equal(t, "own", cloud.Calls()[1].ClientToken)

	in.TrafficType = ""
	_, err = api.CreateFlowLogs(t.Context(), in)
	require.EqualError(t, err, "flowlogs: invalid request: TrafficType: required: one of ACCEPT, REJECT, ALL")
	_, err = api.CreateFlowLogs(t.Context(), nil)
	require.ErrorIs(t, err, flowlogs.ErrInvalidParameter)
	assert.Len(t, cloud.Calls(), 2)
}

func TestTheRawCallIsOneCallHoweverManyIDs(t *testing.T) {
	t.Parallel()
	var got *ec2.CreateFlowLogsInput
	api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		got = in
		return created(in), nil
	})
	in, err := vpcRequest(1000).Input()
	require.NoError(t, err)
	out, err := flowlogs.New(api, withToken("t")).CreateFlowLogs(t.Context(), in)
	require.NoError(t, err)
	assert.Len(t, out.FlowLogIds, 1000)
	in.ClientToken = aws.String("t")
	assert.Equal(t, in, got)
}

func TestOptionsOfOneCallLeaveTheClientAlone(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	client := flowlogs.New(cloud, func(o *flowlogs.Options) { o.BatchSize = 2 })
	_, err := client.Create(t.Context(), vpcRequest(4), func(o *flowlogs.Options) {
		assert.Equal(t, 2, o.BatchSize)
		o.BatchSize = 1
	})
	require.NoError(t, err)
	assert.Len(t, cloud.Calls(), 4)
	req := vpcRequest(4)
	req.Destination = flowlogs.S3{BucketARN: "arn:aws:s3:::b"}
	_, err = client.Create(t.Context(), req)
	require.NoError(t, err)
	assert.Len(t, cloud.Calls(), 6)
}

func TestATokenThatCannotBeMadeEndsTheCall(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cause := errors.New("no entropy")
	_, err := flowlogs.New(cloud, func(o *flowlogs.Options) {
		o.Token = func(flowlogs.Request) (string, error) { return "", cause }
	}).Create(t.Context(), vpcRequest(1))
	require.ErrorIs(t, err, cause)
	in, err := vpcRequest(1).Input()
	require.NoError(t, err)
	_, err = flowlogs.New(cloud, withToken("")).CreateFlowLogs(t.Context(), in)
	require.ErrorContains(t, err, "Options.Token made an empty one")
	_, err = flowlogs.New(cloud, withToken("")).Create(t.Context(), vpcRequest(1))
	require.EqualError(t, err, "flowlogs: invalid request: ClientToken: Options.Token made an empty one")
	_, err = flowlogs.New(cloud, withToken("ü")).Create(t.Context(), vpcRequest(1))
	require.EqualError(t, err, `flowlogs: invalid request: ClientToken "ü": want at most 64 ASCII characters; Options.Token made this one`)
	assert.Empty(t, cloud.Calls())

	_, err = flowlogs.New(cloud, func(o *flowlogs.Options) { o.Token = nil }).Create(t.Context(), vpcRequest(1))
	require.NoError(t, err)
	assert.Len(t, cloud.Calls()[0].ClientToken, 36, "a UUID")
}

func TestAClientIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	client := flowlogs.New(cloud, batchesOf(3))
	ids := vpcIDs(100)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			req := vpcRequest(0)
			req.ResourceIDs = ids[i*10 : i*10+10]
			_, err := client.Create(t.Context(), req)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.Len(t, cloud.FlowLogs(), 100)
}
