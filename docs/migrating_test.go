package docs_test

import (
	"context"
	"fmt"
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

// The tests hold what migrating.md claims, in its order.

// mock returns the same for each call, and keeps the calls.
type mock struct {
	out    *ec2.CreateFlowLogsOutput
	err    error
	inputs []*ec2.CreateFlowLogsInput
	optFns []int
}

func (m *mock) CreateFlowLogs(_ context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	m.inputs, m.optFns = append(m.inputs, in), append(m.optFns, len(optFns))
	return m.out, m.err
}

func input(ids ...string) *ec2.CreateFlowLogsInput {
	return &ec2.CreateFlowLogsInput{
		ResourceIds:        ids,
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("arn:aws:s3:::my-flow-logs"),
	}
}

func TestMigrating_AnErrorMayComeWithAnOutput(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	failure := flowlogstest.FailResources("400", "LogDestination: my-flow-logs does not exist", "vpc-1a2b3c4d").Keep()
	cloud.Inject(failure)
	out, err := cloud.CreateFlowLogs(t.Context(), input("vpc-0a1b2c3d", "vpc-1a2b3c4d"))
	require.NoError(t, err, "the SDK's own")
	require.Len(t, out.Unsuccessful, 1)

	cloud = flowlogstest.New()
	cloud.Inject(failure)
	out, err = flowlogs.New(cloud).CreateFlowLogs(t.Context(), input("vpc-0a1b2c3d", "vpc-1a2b3c4d"))
	require.ErrorIs(t, err, flowlogs.ErrDestinationNotFound)
	assert.Len(t, out.FlowLogIds, 1)
	assert.Len(t, out.Unsuccessful, 1)
}

func TestMigrating_ErrorsOfTheSDKAreStillFound(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.Reject("UnauthorizedOperation", "no", 403))
	_, err := flowlogs.New(cloud).CreateFlowLogs(t.Context(), input("vpc-0a1b2c3d"))
	var apiError smithy.APIError
	require.ErrorAs(t, err, &apiError)
	assert.Equal(t, "UnauthorizedOperation", apiError.ErrorCode())
	var operation *smithy.OperationError
	require.ErrorAs(t, err, &operation)
	require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
}

func TestMigrating_ADryRunIsAnErrorOfCreateFlowLogsOnly(t *testing.T) {
	t.Parallel()
	in := input("vpc-0a1b2c3d")
	in.DryRun = aws.Bool(true)
	client := flowlogs.New(flowlogstest.New())
	_, err := client.CreateFlowLogs(t.Context(), in)
	require.ErrorIs(t, err, flowlogs.ErrDryRun)
	req, err := flowlogs.FromInput(in)
	require.NoError(t, err)
	_, err = client.Create(t.Context(), req)
	require.NoError(t, err)
}

func TestMigrating_WhatIsInvalidIsNotSent(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ec2.CreateFlowLogsInput){
		"a made-up ID":               func(in *ec2.CreateFlowLogsInput) { in.ResourceIds = []string{"vpc-123"} },
		"an ID twice":                func(in *ec2.CreateFlowLogsInput) { in.ResourceIds = append(in.ResourceIds, in.ResourceIds...) },
		"no traffic type":            func(in *ec2.CreateFlowLogsInput) { in.TrafficType = "" },
		"the name of a bucket":       func(in *ec2.CreateFlowLogsInput) { in.LogDestination = aws.String("my-flow-logs") },
		"a log group that ends in *": func(in *ec2.CreateFlowLogsInput) { toLogGroup(in, "arn:aws:logs:us-east-1:123456789012:log-group:g:*") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, api := input("vpc-0a1b2c3d"), &mock{}
			change(in)
			out, err := flowlogs.New(api).CreateFlowLogs(t.Context(), in)
			var invalid *flowlogs.ValidationError
			require.ErrorAs(t, err, &invalid)
			assert.Nil(t, out)
			assert.Empty(t, api.inputs)

			api.out = &ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-0a1b2c3d"}}
			_, _ = flowlogs.New(api, func(o *flowlogs.Options) {
				o.Allow = func(*flowlogs.FieldError) bool { return true }
			}).CreateFlowLogs(t.Context(), in)
			assert.Len(t, api.inputs, 1, "with Allow")
		})
	}
}

func toLogGroup(in *ec2.CreateFlowLogsInput, arn string) {
	in.LogDestinationType, in.LogDestination = types.LogDestinationTypeCloudWatchLogs, &arn
	in.DeliverLogsPermissionArn = aws.String("arn:aws:iam::123456789012:role/publishFlowLogs")
}

func TestMigrating_TheInputHasATokenAndTheFormOfARequest(t *testing.T) {
	t.Parallel()
	in := input("vpc-0a1b2c3d")
	in.DryRun, in.MaxAggregationInterval = aws.Bool(false), aws.Int32(600)
	api := &mock{out: &ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-0a1b2c3d"}}}
	client := flowlogs.New(api)
	_, err := client.CreateFlowLogs(t.Context(), in)
	require.NoError(t, err)
	assert.Nil(t, in.ClientToken, "the caller's input")
	assert.NotEmpty(t, api.inputs[0].ClientToken)
	assert.Nil(t, api.inputs[0].DryRun, "false is not sent")
	assert.Equal(t, in.MaxAggregationInterval, api.inputs[0].MaxAggregationInterval)

	in.ClientToken = aws.String("token")
	_, err = client.CreateFlowLogs(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, in, api.inputs[1])
}

func TestMigrating_CallsWaitOnceEC2HasThrottledOne(t *testing.T) {
	t.Parallel()
	throttled := func(option func(*flowlogs.Options)) (n int) {
		synctest.Test(t, func(t *testing.T) {
			cloud := flowlogstest.New(func(o *flowlogstest.Options) { o.Throttle, o.Burst, o.PerSecond = true, 2, 5 })
			client := flowlogs.New(cloud, option)
			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() {
					time.Sleep(time.Duration(i) * 10 * time.Millisecond) // or all would be sent before the first response
					_, _ = client.CreateFlowLogs(t.Context(), input(fmt.Sprintf("vpc-%017x", i)))
				})
			}
			wg.Wait()
			for _, c := range cloud.Calls() {
				if c.ErrorCode == "RequestLimitExceeded" {
					n++
				}
			}
		})
		return n
	}
	paced := throttled(func(*flowlogs.Options) {})
	unpaced := throttled(func(o *flowlogs.Options) { o.Limiter = flowlogs.NoLimit })
	assert.Less(t, 10*paced, unpaced)
}

func TestMigrating_AMockIsHandedOneOptionFunction(t *testing.T) {
	t.Parallel()
	api := &mock{out: &ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-0a1b2c3d"}}}
	_, err := flowlogs.New(api).CreateFlowLogs(t.Context(), input("vpc-0a1b2c3d"))
	require.NoError(t, err)
	none := func(*ec2.Options) {}
	_, err = flowlogs.New(api).CreateFlowLogs(t.Context(), input("vpc-0a1b2c3d"), none, none)
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1}, api.optFns)
}

func TestMigrating_AnOutputAccountsForEveryResource(t *testing.T) {
	t.Parallel()
	for _, out := range []*ec2.CreateFlowLogsOutput{nil, {}, {FlowLogIds: []string{"fl-1", "fl-2"}}} {
		_, err := flowlogs.New(&mock{out: out}).CreateFlowLogs(t.Context(), input("vpc-0a1b2c3d"))
		require.ErrorIs(t, err, flowlogs.ErrIncompleteResponse)
	}
}

func TestMigrating_ATransientErrorIsRetried(t *testing.T) {
	t.Parallel()
	throttled := &smithy.GenericAPIError{Code: "RequestLimitExceeded"}
	for _, c := range []struct {
		name        string
		option      func(*flowlogs.Options)
		least, most time.Duration
		calls       int // 0: any number
	}{
		{"by default", func(*flowlogs.Options) {}, 5 * time.Second, 15 * time.Second, 0},
		{"RetryTimeout -1", func(o *flowlogs.Options) { o.RetryTimeout = -1 }, 0, 3 * time.Second, 3},
		{"NopRetryer", func(o *flowlogs.Options) { o.Retryer = aws.NopRetryer{} }, 0, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api, start := &mock{err: throttled}, time.Now()
				_, err := flowlogs.New(api, c.option).CreateFlowLogs(t.Context(), input("vpc-0a1b2c3d"))
				require.ErrorIs(t, err, flowlogs.ErrThrottled)
				assert.GreaterOrEqual(t, time.Since(start), c.least)
				assert.LessOrEqual(t, time.Since(start), c.most)
				if c.calls > 0 {
					assert.Len(t, api.inputs, c.calls)
				}
			})
		})
	}
}

func TestMigrating_CreateFlowLogsIsOneCallAndCreateSplits(t *testing.T) {
	t.Parallel()
	var ids []string
	for i := range 301 {
		ids = append(ids, fmt.Sprintf("vpc-%017x", i))
	}
	cloud := flowlogstest.New()
	client := flowlogs.New(cloud)
	_, err := client.CreateFlowLogs(t.Context(), input(ids...))
	require.ErrorIs(t, err, flowlogs.ErrInvalidParameter, "EC2 rejects it")
	assert.Len(t, cloud.Calls(), 1)

	req, err := flowlogs.FromInput(input(ids...))
	require.NoError(t, err)
	_, err = client.Create(t.Context(), req)
	require.NoError(t, err)
	assert.Len(t, cloud.Calls(), 1+2)
}

func TestMigrating_OneVPCThatHasAFlowLogCostsItsNeighboursNothing(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	client := flowlogs.New(cloud)
	_, err := client.CreateFlowLogs(t.Context(), input("vpc-0a1b2c3d"))
	require.NoError(t, err)

	_, err = client.CreateFlowLogs(t.Context(), input("vpc-0a1b2c3d", "vpc-1a2b3c4d"))
	require.ErrorIs(t, err, flowlogs.ErrAlreadyExists)
	assert.Len(t, cloud.FlowLogs(), 1)

	req, err := flowlogs.FromInput(input("vpc-0a1b2c3d", "vpc-1a2b3c4d"))
	require.NoError(t, err)
	_, err = client.Create(t.Context(), req)
	require.ErrorIs(t, err, flowlogs.ErrAlreadyExists)
	assert.Len(t, cloud.FlowLogs(), 2)
}

func TestMigrating_ALostResponseIsRetriedUnderTheSameToken(t *testing.T) {
	t.Parallel()
	for _, fault := range []flowlogstest.Fault{flowlogstest.LoseResponse(), flowlogstest.TruncateResponse()} {
		synctest.Test(t, func(t *testing.T) {
			cloud := flowlogstest.New()
			cloud.Inject(fault)
			_, err := flowlogs.New(cloud).CreateFlowLogs(t.Context(), input("vpc-0a1b2c3d"))
			require.NoError(t, err)

			cloud = flowlogstest.New()
			cloud.Inject(fault)
			_, err = cloud.CreateFlowLogs(t.Context(), input("vpc-0a1b2c3d"))
			require.Error(t, err, "the SDK's own")
		})
	}
}

func TestMigrating_TheEndOfTheContextIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.Hang())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := flowlogs.New(cloud).CreateFlowLogs(ctx, input("vpc-0a1b2c3d"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, flowlogs.ErrNoResponse)
	})
}
