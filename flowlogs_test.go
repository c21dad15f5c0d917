package flowlogs_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestCreate_ReturnsWhatWasCreated(t *testing.T) {
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

func TestCreate_SendsNothingUnlessAllIsValid(t *testing.T) {
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

func TestCreate_RejectsALogGroupOfAnotherRegion(t *testing.T) {
	t.Parallel()
	req := vpcRequest(1)
	req.Destination = flowlogs.CloudWatchLogs{
		LogGroupARN: "arn:aws:logs:eu-west-1:123456789012:log-group:g",
		RoleARN:     "arn:aws:iam::123456789012:role/r",
	}
	require.NoError(t, req.Validate())
	for _, test := range []struct {
		name, region string
		invalid      bool
	}{
		{"the client's Region", "", true},
		{"another Region by a client option", "us-west-2", true},
		{"its Region by a client option", "eu-west-1", false},
		{"the name of an endpoint, which is no Region", "fips-us-east-1", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, server := newServer(t)
			_, err := flowlogs.New(server.Client()).Create(t.Context(), req, withClientOptions(func(o *ec2.Options) {
				if test.region != "" {
					o.Region = test.region
				}
			}))
			var invalid *flowlogs.ValidationError
			assert.Equal(t, test.invalid, errors.As(err, &invalid), "%v", err)
		})
	}
}

func TestCreate_ReturnsAResponseAndAnErrorForAPartialFailure(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	ids := vpcIDs(3)
	cloud.Inject(flowlogstest.FailResources("400", "LogDestination: b does not exist", ids[1]))
	req := vpcRequest(3)
	req.ClientToken = "root"
	resp, err := flowlogs.New(cloud).Create(t.Context(), req)
	require.NotNil(t, resp)
	assert.Len(t, resp.FlowLogIDs, 2)
	want := &flowlogs.UnsuccessfulError{ResourceID: ids[1], Code: "400", Message: "LogDestination: b does not exist"}
	assert.Equal(t, []*flowlogs.UnsuccessfulError{want}, resp.Unsuccessful)
	var failed *flowlogs.CreateError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, &flowlogs.CreateError{
		ClientToken:  "root",
		Created:      2,
		Unsuccessful: []*flowlogs.UnsuccessfulError{want},
	}, failed)
	require.ErrorIs(t, err, flowlogs.ErrDestinationNotFound)
}

func TestCreate_RejectsAResponseThatLeavesResourcesOut(t *testing.T) {
	t.Parallel()
	ids := vpcIDs(2)
	item := func(id string) types.UnsuccessfulItem { return types.UnsuccessfulItem{ResourceId: &id} }
	for _, test := range []struct {
		name string
		out  *ec2.CreateFlowLogsOutput
	}{
		{"no response", nil},
		{"nothing in it", &ec2.CreateFlowLogsOutput{}},
		{"too few flow logs", &ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-1"}}},
		{"too many flow logs", &ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-1", "fl-2", "fl-3"}}},
		{"an item without a resource", &ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-1"}, Unsuccessful: []types.UnsuccessfulItem{{}}}},
		{"an item of another resource", &ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-1"}, Unsuccessful: []types.UnsuccessfulItem{item("vpc-1")}}},
		{"an item twice", &ec2.CreateFlowLogsOutput{Unsuccessful: []types.UnsuccessfulItem{item(ids[0]), item(ids[0])}}},
		{"an item too many", &ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-1", "fl-2"}, Unsuccessful: []types.UnsuccessfulItem{item(ids[0])}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			client := flowlogs.New(apiFunc(func(context.Context, *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
				calls++
				return test.out, nil
			}))
			resp, err := client.Create(t.Context(), vpcRequest(2))
			require.ErrorIs(t, err, flowlogs.ErrIncompleteResponse)
			var call *flowlogs.CallError
			require.ErrorAs(t, err, &call)
			assert.Equal(t, ids, call.Batch.ResourceIDs)
			assert.Equal(t, 1, calls, "under the same token EC2 would respond the same")
			if test.out != nil {
				assert.Equal(t, test.out.FlowLogIds, resp.FlowLogIDs, "what is known is not lost")
			}

			out, err := client.CreateFlowLogs(t.Context(), vpcInput(t, 2))
			require.ErrorIs(t, err, flowlogs.ErrIncompleteResponse)
			assert.Same(t, test.out, out)
		})
	}
}

func TestCreate_ReturnsNoErrorForADryRunThatWouldSucceed(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2} {
		cloud, server := newServer(t)
		for _, api := range []flowlogs.API{cloud, server.Client()} {
			req := vpcRequest(n)
			req.DryRun = true
			resp, err := flowlogs.New(api, batchesOf(1)).Create(t.Context(), req)
			require.NoError(t, err)
			assert.Empty(t, resp.FlowLogIDs)
			assert.Empty(t, resp.Unsuccessful)
			assert.Empty(t, cloud.FlowLogs())
			for id, err := range resp.Results() {
				assert.NoError(t, err, id)
			}
		}
	}
}

func TestCreate_ReturnsTheErrorOfADryRunThatWouldFail(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403))
	req := vpcRequest(1)
	req.DryRun = true
	_, err := flowlogs.New(cloud).Create(t.Context(), req)
	require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
}

func TestCreate_ReturnsTheErrorOfADryRunThatItDidNotAskFor(t *testing.T) {
	t.Parallel()
	api := apiFunc(func(context.Context, *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		return nil, apiError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
	})
	_, err := flowlogs.New(api).Create(t.Context(), vpcRequest(1))
	require.ErrorIs(t, err, flowlogs.ErrDryRun)
}

func TestCreateFlowLogs_ReturnsErrDryRunForADryRunThatWouldSucceed(t *testing.T) {
	t.Parallel()
	in := vpcInput(t, 2)
	in.DryRun = aws.Bool(true)
	_, err := flowlogs.New(flowlogstest.New()).CreateFlowLogs(t.Context(), in)
	require.ErrorIs(t, err, flowlogs.ErrDryRun, "as the SDK does")
}

// vandal overwrites all of its input, through pointers too, and then loses its
// first response.
type vandal struct{ seen []*ec2.CreateFlowLogsInput }

func (v *vandal) CreateFlowLogs(_ context.Context, in *ec2.CreateFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	v.seen = append(v.seen, deepCopy(in))
	out := created(in)
	out.ClientToken = aws.String(*in.ClientToken)
	for _, s := range []*string{in.ClientToken, in.LogDestination, in.LogFormat, in.TagSpecifications[0].Tags[0].Key, in.TagSpecifications[0].Tags[0].Value} {
		*s = "REDACTED"
	}
	*in.MaxAggregationInterval, *in.DryRun, *in.DestinationOptions.PerHourPartition = 0, false, false
	clear(in.ResourceIds)
	clear(in.TagFieldSpecifications[0].TagKeys)
	clear(in.TagFieldSpecifications)
	clear(in.TagSpecifications[0].Tags)
	in.DestinationOptions.FileFormat = "gone"
	if len(v.seen) == 1 {
		return nil, apiError("RequestLimitExceeded", "")
	}
	return out, nil
}

func deepCopy(in *ec2.CreateFlowLogsInput) *ec2.CreateFlowLogsInput {
	document, err := json.Marshal(in)
	if err != nil {
		panic(err)
	}
	out := &ec2.CreateFlowLogsInput{}
	if err := json.Unmarshal(document, out); err != nil {
		panic(err)
	}
	return out
}

func TestCreate_IsUnmovedByAnAPIThatChangesItsInput(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		req, api := fullRequest(), &vandal{}
		want, err := req.Input()
		require.NoError(t, err)
		resp, err := flowlogs.New(api).Create(t.Context(), req)
		require.NoError(t, err)
		assert.Equal(t, []*ec2.CreateFlowLogsInput{want, want}, api.seen)
		assert.Equal(t, fullRequest(), req)
		assert.Equal(t, req.ResourceIDs, resp.Batches[0].ResourceIDs)
		assert.Equal(t, "token", resp.Batches[0].ClientToken)
	})
}

func TestCreateFlowLogs_IsUnmovedByAnAPIThatChangesItsInput(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, err := fullRequest().Input()
		require.NoError(t, err)
		want, api := deepCopy(in), &vandal{}
		_, err = flowlogs.New(api).CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, []*ec2.CreateFlowLogsInput{want, want}, api.seen)
		assert.Equal(t, want, in)
	})
}

func TestCreate_SharesNoMemoryWithTheRequest(t *testing.T) {
	t.Parallel()
	req := vpcRequest(2)
	resp, err := flowlogs.New(flowlogstest.New()).Create(t.Context(), req)
	require.NoError(t, err)
	req.ResourceIDs[0] = "changed by the caller"
	assert.Equal(t, vpcIDs(2), resp.Batches[0].ResourceIDs)
}

func TestCreate_EndsIfNoTokenCanBeMade(t *testing.T) {
	t.Parallel()
	cause := errors.New("no entropy")
	for _, test := range []struct {
		name  string
		token flowlogs.TokenGenerator
		want  string
	}{
		{"an error", func(flowlogs.Request) (string, error) { return "", cause }, "flowlogs: make a client token: no entropy"},
		{"an empty token", func(flowlogs.Request) (string, error) { return "", nil }, "flowlogs: invalid request: ClientToken: Options.Token returned an empty token"},
		{"no ASCII", func(flowlogs.Request) (string, error) { return "ü", nil }, `flowlogs: invalid request: ClientToken "ü": Options.Token returned more than 64 characters, or non-ASCII ones`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud := flowlogstest.New()
			client := flowlogs.New(cloud, func(o *flowlogs.Options) { o.Token = test.token })
			resp, err := client.Create(t.Context(), vpcRequest(1))
			assert.Nil(t, resp)
			require.EqualError(t, err, test.want)
			_, err = client.CreateFlowLogs(t.Context(), vpcInput(t, 1))
			require.EqualError(t, err, test.want)
			assert.Empty(t, cloud.Calls())
		})
	}
}

func TestCreateFlowLogs_ReturnsTheOutputAndAnErrorForAPartialFailure(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New(func(o *flowlogstest.Options) { o.Buckets = []string{} })
	in := &ec2.CreateFlowLogsInput{
		ResourceIds:        []string{"vpc-00000001"},
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("arn:aws:s3:::missing"),
	}
	var api flowlogs.API = flowlogs.New(cloud, withToken("made"))
	out, err := api.CreateFlowLogs(t.Context(), in)
	require.ErrorIs(t, err, flowlogs.ErrDestinationNotFound)
	var failed *flowlogs.CreateError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "made", failed.ClientToken)
	assert.Equal(t, "made", *out.ClientToken)
	assert.Len(t, out.Unsuccessful, 1)
	assert.Nil(t, in.ClientToken, "the caller's input is not changed")
}

func TestCreateFlowLogs_SendsTheCallersToken(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	in := vpcInput(t, 1)
	in.ClientToken = aws.String("own")
	_, err := flowlogs.New(cloud, withToken("made")).CreateFlowLogs(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, "own", cloud.Calls()[0].ClientToken)
}

func TestCreateFlowLogs_RejectsAnInvalidInputInItsOwnWords(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	client := flowlogs.New(cloud)
	in := vpcInput(t, 1)
	in.ResourceIds[0] = "vpc-X"
	_, err := client.CreateFlowLogs(t.Context(), in)
	require.ErrorContains(t, err, "ResourceIds[0]")
	_, err = client.CreateFlowLogs(t.Context(), nil)
	var invalid *flowlogs.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.ErrorIs(t, err, flowlogs.ErrInvalidParameter)
	assert.Empty(t, cloud.Calls())
}

func TestCreateFlowLogs_IsOneCallForAnyNumberOfIDs(t *testing.T) {
	t.Parallel()
	var got *ec2.CreateFlowLogsInput
	api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		got = in
		return created(in), nil
	})
	in := vpcInput(t, 1000)
	out, err := flowlogs.New(api, withToken("t")).CreateFlowLogs(t.Context(), in)
	require.NoError(t, err)
	assert.Len(t, out.FlowLogIds, 1000)
	in.ClientToken = aws.String("t")
	assert.Equal(t, in, got)
}

func TestCreateFlowLogs_SendsWhatAContentTokenWasMadeOf(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	client := flowlogs.New(cloud, func(o *flowlogs.Options) { o.Token = flowlogs.ContentToken("s") })
	tag := func(key string) types.Tag { return types.Tag{Key: aws.String(key), Value: aws.String("1")} }
	for _, tags := range [][]types.Tag{{tag("a"), tag("b")}, {tag("b"), tag("a")}} {
		in := vpcInput(t, 1)
		in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeVpcFlowLog, Tags: tags}}
		_, err := client.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
	}
	require.Len(t, cloud.Calls(), 2)
	assert.Equal(t, cloud.Calls()[0].Body, cloud.Calls()[1].Body)
	assert.Len(t, cloud.FlowLogs(), 1)
}

func TestNew_OfAClientIsOneClient(t *testing.T) {
	t.Parallel()
	ids := vpcIDs(2)
	cloud, server := newServer(t)
	limiter := &recorder{}
	inner := flowlogs.New(server.Client(noBackoff), withLimiter(limiter), withToken("t"))
	cloud.Inject(flowlogstest.Throttle(), flowlogstest.FailResources("400", "LogDestination: b does not exist", ids[1]))
	resp, err := flowlogs.New(inner).Create(t.Context(), vpcRequest(2))
	require.ErrorIs(t, err, flowlogs.ErrDestinationNotFound)
	assert.Equal(t, "t", resp.ClientToken, "it has the options of the inner one")
	assert.Len(t, resp.FlowLogIDs, 1)
	assert.Len(t, resp.Unsuccessful, 1)
	assert.Equal(t, 2, resp.Batches[0].Attempts)
	assert.Equal(t, 2, limiter.waits)
	assert.Equal(t, []flowlogs.Reason{flowlogs.ErrThrottled, ""}, limiter.observed)
}

// service is a type of a program that has a Client, and passes its options on or
// does not.
type embedding struct{ *flowlogs.Client }

type deafService struct{ *flowlogs.Client }

func (s deafService) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	return s.Client.CreateFlowLogs(ctx, in)
}

func TestNew_OfATypeThatEmbedsAClientRetriesAndPacesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.Throttle().Keep())
		within, without := &recorder{}, &recorder{}
		api := embedding{flowlogs.New(inMemory(cloud), withLimiter(within))}
		resp, err := flowlogs.New(api, withLimiter(without), noRetryTimeout).Create(t.Context(), vpcRequest(1))
		require.ErrorIs(t, err, flowlogs.ErrThrottled)
		assert.Equal(t, 3, resp.Batches[0].Attempts)
		assert.Len(t, cloud.Calls(), 3)
		assert.Equal(t, 3, within.waits+without.waits)
		assert.Len(t, append(within.observed, without.observed...), 3)
	})
}

func TestNew_OfATypeThatEmbedsAClientKeepsTheIDs(t *testing.T) {
	t.Parallel()
	inner := func(cloud *flowlogstest.EC2) *flowlogs.Client { return flowlogs.New(cloud) }
	for _, test := range []struct {
		name string
		api  func(*flowlogstest.EC2) flowlogs.API
	}{
		{"if it passes its options on", func(c *flowlogstest.EC2) flowlogs.API { return embedding{inner(c)} }},
		{"if it does not", func(c *flowlogstest.EC2) flowlogs.API { return deafService{inner(c)} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud := flowlogstest.New()
			cloud.Inject(flowlogstest.FailResources("400", "LogDestination: b does not exist", vpcIDs(2)[1]))
			resp, err := flowlogs.New(test.api(cloud)).Create(t.Context(), vpcRequest(2))
			require.ErrorIs(t, err, flowlogs.ErrDestinationNotFound)
			assert.Len(t, resp.FlowLogIDs, 1)
			assert.Len(t, resp.Unsuccessful, 1)
		})
	}
}

func TestClient_IsSafeForConcurrentUse(t *testing.T) {
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
