package flowlogs_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

const newRole = "arn:aws:iam::123456789012:role/new"

func withPropagation(o *flowlogs.Options) { o.PropagationTimeout = time.Minute }

// roleRequest delivers with newRole.
func roleRequest(n int) flowlogs.Request {
	req := vpcRequest(n)
	req.Destination = flowlogs.CloudWatchLogs{LogGroupName: "g", RoleARN: newRole}
	return req
}

func TestCreate_WaitsForANewRoleUnderTheSameToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.PropagateAfter(newRole, 20*time.Second))
		resp, err := flowlogs.New(cloud, withPropagation).Create(t.Context(), roleRequest(2))
		require.NoError(t, err)
		calls := cloud.Calls()
		assert.Len(t, calls, resp.Batches[0].Attempts)
		assert.Greater(t, len(calls), 3)
		assert.Less(t, len(calls), 8)
		for _, c := range calls {
			assert.Equal(t, calls[0].Body, c.Body)
		}
	})
}

func TestCreateFlowLogs_WaitsForANewRoleUnderTheSameToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.PropagateAfter(newRole, 20*time.Second))
		in, err := roleRequest(2).Input()
		require.NoError(t, err)
		_, err = flowlogs.New(cloud, withPropagation).CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		for _, c := range cloud.Calls() {
			assert.Equal(t, cloud.Calls()[0].Body, c.Body)
		}
	})
}

func TestCreate_WaitsForANewResource(t *testing.T) {
	t.Parallel()
	notFound := flowlogstest.Reject("InvalidVpcId.NotFound", "The vpc ID 'vpc-00000000000000000' does not exist", 400)
	for _, test := range []struct {
		name string
		opts []func(*flowlogs.Options)
		want int
	}{
		{"not unless it is told to", nil, 1},
		{"for a while", []func(*flowlogs.Options){withPropagation}, 3},
		{"also without retries", []func(*flowlogs.Options){withPropagation, withRetryer(aws.NopRetryer{})}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := flowlogstest.New()
				cloud.Inject(notFound, notFound)
				_, err := flowlogs.New(cloud, test.opts...).Create(t.Context(), vpcRequest(1))
				assert.Len(t, cloud.Calls(), test.want)
				assert.Equal(t, test.want == 1, err != nil, "%v", err)
			})
		})
	}
}

func TestCreate_WaitsForARoleUntilTheTimeout(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{-1, 0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			cloud := flowlogstest.New()
			cloud.Inject(flowlogstest.PropagateAfter(newRole, time.Hour))
			start := time.Now()
			_, err := flowlogs.New(cloud, func(o *flowlogs.Options) { o.PropagationTimeout = timeout }).Create(t.Context(), roleRequest(1))
			require.ErrorIs(t, err, flowlogs.ErrRoleNotAssumable)
			assert.Equal(t, max(timeout, 0), time.Since(start))
		})
	}
}

func TestCreate_WaitsForARoleUntilTheEndOfTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.PropagateAfter(newRole, time.Hour))
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errDeploy)
		defer cancel()
		start := time.Now()
		_, err := flowlogs.New(cloud, withPropagation).Create(ctx, roleRequest(1))
		assert.Equal(t, 10*time.Second, time.Since(start))
		require.ErrorIs(t, err, flowlogs.ErrRoleNotAssumable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, errDeploy)
	})
}

const accessDenied = "Access Denied for LogDestination: new-bucket. Please check LogDestination permission"

func deniedRequest(n int) flowlogs.Request {
	req := vpcRequest(n)
	req.Destination = flowlogs.S3{BucketARN: "arn:aws:s3:::new-bucket"}
	req.ClientToken = "root"
	return req
}

func TestCreate_ResendsTheResourcesThatABucketDenies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ids := vpcIDs(4)
		cloud := flowlogstest.New()
		cloud.Inject( // one a call: 1 and 2 denied, then 2
			flowlogstest.FailResources("400", accessDenied, ids[1], ids[2]),
			flowlogstest.FailResources("400", accessDenied, ids[2]),
			flowlogstest.FailResources("400", "LogDestination: new-bucket does not exist", ids[3]),
		)
		resp, err := flowlogs.New(cloud, withPropagation).Create(t.Context(), deniedRequest(3))
		require.NoError(t, err)
		assert.Len(t, resp.FlowLogIDs, 3)
		assert.Equal(t, 3, resp.Batches[0].Attempts)
		assert.Equal(t, "root", resp.Batches[0].ClientToken)
		requireOneFlowLogEach(t, cloud, ids[:3])
		calls := cloud.Calls()
		require.Len(t, calls, 3)
		assert.Equal(t, ids[:3], calls[0].ResourceIDs)
		assert.Equal(t, ids[1:3], calls[1].ResourceIDs)
		assert.Equal(t, ids[2:3], calls[2].ResourceIDs)
		assert.Equal(t, "root", calls[0].ClientToken)
		assert.NotEqual(t, calls[0].ClientToken, calls[1].ClientToken, "EC2 would repeat its response")
		assert.NotEqual(t, calls[1].ClientToken, calls[2].ClientToken)
	})
}

func TestCreate_ResendsTheSameResourcesUnderAnotherTokenEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(slices.Repeat([]flowlogstest.Fault{flowlogstest.FailResources("400", accessDenied, vpcID(0))}, 4)...)
		resp, err := flowlogs.New(cloud, withPropagation).Create(t.Context(), deniedRequest(1))
		require.NoError(t, err, "EC2 would repeat what it responded to the same token")
		assert.Equal(t, 5, resp.Batches[0].Attempts)
	})
}

func TestCreate_ResendsNothingButDeniedResources(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.FailResources("400", "LogDestination: new-bucket does not exist"))
	_, err := flowlogs.New(cloud, withPropagation).Create(t.Context(), deniedRequest(2))
	require.ErrorIs(t, err, flowlogs.ErrDestinationNotFound)
	assert.Len(t, cloud.Calls(), 1)
}

func TestCreateFlowLogs_ResendsNothing(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.FailResources("400", accessDenied))
	in, err := deniedRequest(2).Input()
	require.NoError(t, err)
	_, err = flowlogs.New(cloud, withPropagation).CreateFlowLogs(t.Context(), in)
	require.ErrorIs(t, err, flowlogs.ErrDestinationAccessDenied)
	assert.Len(t, cloud.Calls(), 1, "the caller's input is one call")
}

func TestCreate_GivesUpOnABucketThatStaysDenied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.FailResources("400", accessDenied, vpcIDs(2)[1]).Keep())
		start := time.Now()
		resp, err := flowlogs.New(cloud, withPropagation).Create(t.Context(), deniedRequest(2))
		assert.Equal(t, time.Minute, time.Since(start))
		require.ErrorIs(t, err, flowlogs.ErrDestinationAccessDenied)
		assert.Len(t, resp.FlowLogIDs, 1)
		assert.Len(t, resp.Unsuccessful, 1)
	})
}

// lostResend denies one of two resources, and loses the responses to its resend.
func lostResend(t *testing.T) (*flowlogstest.EC2, *flowlogs.CallError) {
	t.Helper()
	cloud := flowlogstest.New()
	lost := flowlogstest.LoseResponse().On(func(c flowlogstest.Call) bool { return c.ClientToken != "root" })
	cloud.Inject(flowlogstest.FailResources("400", accessDenied, vpcIDs(2)[1]), lost, lost, lost)
	resp, err := flowlogs.New(cloud, withPropagation, noRetryTimeout).Create(t.Context(), deniedRequest(2))
	require.ErrorIs(t, err, flowlogs.ErrNoResponse)
	assert.Len(t, resp.FlowLogIDs, 1)
	assert.Empty(t, resp.Unsuccessful, "its result is not known")
	var call *flowlogs.CallError
	require.ErrorAs(t, err, &call)
	assert.Equal(t, vpcIDs(2)[1:], call.Batch.ResourceIDs)
	return cloud, call
}

func TestCreate_ResumesTheCallOfALostResend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, call := lostResend(t)
		rest := deniedRequest(0)
		rest.ResourceIDs, rest.ClientToken = call.Batch.ResourceIDs, call.Batch.ClientToken
		resp, err := flowlogs.New(cloud).Create(t.Context(), rest)
		require.NoError(t, err)
		assert.Len(t, resp.FlowLogIDs, 1)
		requireOneFlowLogEach(t, cloud, vpcIDs(2))
	})
}

func TestCreate_ResumesTheRequestOfALostResend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, _ := lostResend(t)
		resp, err := flowlogs.New(cloud, withPropagation).Create(t.Context(), deniedRequest(2))
		require.NoError(t, err)
		assert.Len(t, resp.FlowLogIDs, 2)
		requireOneFlowLogEach(t, cloud, vpcIDs(2))
	})
}

func TestCreate_LeavesAResendNotAttemptedWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.FailResources("400", accessDenied, vpcIDs(2)[1]).Keep())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		resp, err := flowlogs.New(cloud, withPropagation).Create(ctx, deniedRequest(2))
		assert.Equal(t, 10*time.Second, time.Since(start))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
		require.ErrorIs(t, err, flowlogs.ErrDestinationAccessDenied, "why it was waited for")
		assert.Len(t, resp.FlowLogIDs, 1)
		assert.Empty(t, resp.Unsuccessful)
		var failed *flowlogs.CreateError
		require.ErrorAs(t, err, &failed)
		require.Len(t, failed.Calls, 1)
		assert.Equal(t, vpcIDs(2)[1:], failed.Calls[0].Batch.ResourceIDs)
	})
}
