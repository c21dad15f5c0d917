package flowlogstest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestOptions_ThrottleIsATokenBucketForEachOperation(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		option  func(*flowlogstest.Options)
		call    func(context.Context, *flowlogstest.EC2) error
		burst   int
		seconds int // until the next 5 calls pass
	}{
		{"create", func(*flowlogstest.Options) {}, create, 50, 1},
		{"delete", func(*flowlogstest.Options) {}, deleteNone, 50, 1},
		{"describe", func(*flowlogstest.Options) {}, describe, 100, 0},
		{"create with half of the bucket", func(o *flowlogstest.Options) { o.Burst, o.PerSecond = 25, 2.5 }, create, 25, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(test.option, func(o *flowlogstest.Options) { o.Throttle = true })
				for range test.burst {
					require.NotEqual(t, "RequestLimitExceeded", code(test.call(t.Context(), e)))
				}
				if test.seconds == 0 {
					time.Sleep(250 * time.Millisecond) // 20 a second
				} else {
					require.Equal(t, "RequestLimitExceeded", code(test.call(t.Context(), e)), "a throttled call takes no token")
					time.Sleep(time.Duration(test.seconds) * time.Second)
				}
				for range 5 {
					require.NotEqual(t, "RequestLimitExceeded", code(test.call(t.Context(), e)))
				}
				err := test.call(t.Context(), e)
				require.Equal(t, "RequestLimitExceeded", code(err))
				require.ErrorContains(t, err, "StatusCode: 503")
				require.ErrorContains(t, err, "Request limit exceeded.")

				time.Sleep(time.Hour)
				for range test.burst {
					require.NotEqual(t, "RequestLimitExceeded", code(test.call(t.Context(), e)))
				}
				require.Equal(t, "RequestLimitExceeded", code(test.call(t.Context(), e)), "never more than the burst")
			})
		})
	}
}

func create(ctx context.Context, e *flowlogstest.EC2) error {
	_, err := e.CreateFlowLogs(ctx, toBucket(withToken("token")))
	return err
}

func deleteNone(ctx context.Context, e *flowlogstest.EC2) error {
	_, err := e.DeleteFlowLogs(ctx, &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(9)}})
	return err
}

func describe(ctx context.Context, e *flowlogstest.EC2) error {
	_, err := e.DescribeFlowLogs(ctx, nil)
	return err
}

func TestOptions_ThrottleIsOffByDefault(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	for range 200 {
		require.NoError(t, create(t.Context(), e))
	}
}

func TestThrottle_IsRetriedByTheSDKInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.Throttle(), flowlogstest.Throttle())
		start := time.Now()
		_, err := e.CreateFlowLogs(t.Context(), toBucket(), func(o *ec2.Options) { o.Retryer = retry.NewStandard() })
		require.NoError(t, err)
		calls := e.Calls()
		require.Len(t, calls, 3)
		assert.Equal(t, start, calls[0].Time)
		assert.Equal(t, time.Since(start), calls[2].Time.Sub(start))
	})
}

func TestDelay_DelaysTheResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.Delay(time.Minute))
		start := time.Now()
		_, err := e.CreateFlowLogs(t.Context(), toBucket())
		require.NoError(t, err)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestDelay_EndsEarlyWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.Delay(time.Minute))
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := e.CreateFlowLogs(ctx, toBucket())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 10*time.Second, time.Since(start))
		assert.Len(t, e.FlowLogs(), 1, "the call was applied")
	})
}

func TestOptions_DescribeLagHidesANewFlowLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.DescribeLag = time.Minute })
		e.Put(types.FlowLog{ResourceId: aws.String(vpc(9))})
		out, err := e.CreateFlowLogs(t.Context(), toBucket())
		require.NoError(t, err)
		shown := func(ids ...string) []string {
			t.Helper()
			out, err := e.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{FlowLogIds: ids})
			require.NoError(t, err)
			return idsOf(out.FlowLogs)
		}

		time.Sleep(time.Minute - 1)
		assert.Equal(t, []string{flowLogID(1)}, shown(), "a flow log of Put does not lag")
		assert.Empty(t, shown(out.FlowLogIds...))
		assert.Len(t, e.FlowLogs(), 2)
		time.Sleep(1)
		assert.Equal(t, []string{flowLogID(1), flowLogID(2)}, shown())
		assert.Equal(t, out.FlowLogIds, shown(out.FlowLogIds...))
	})
}

func TestOptions_DeleteLagShowsADeletedFlowLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.DeleteLag = time.Minute })
		_, err := e.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(3)...)))
		require.NoError(t, err)
		shown := func(in *ec2.DescribeFlowLogsInput) []string {
			t.Helper()
			out, err := e.DescribeFlowLogs(t.Context(), in)
			require.NoError(t, err)
			return idsOf(out.FlowLogs)
		}
		second := &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(2)}}
		_, err = e.DeleteFlowLogs(t.Context(), second)
		require.NoError(t, err)
		on2 := &ec2.DescribeFlowLogsInput{Filter: []types.Filter{filter("resource-id", vpc(2))}}
		afterFirst := &ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(1), NextToken: aws.String("MQ")}

		time.Sleep(time.Minute - 1)
		assert.Equal(t, []string{flowLogID(1), flowLogID(2), flowLogID(3)}, shown(nil), "the order stays")
		assert.Equal(t, []string{flowLogID(2)}, shown(&ec2.DescribeFlowLogsInput{FlowLogIds: second.FlowLogIds}))
		assert.Equal(t, []string{flowLogID(2)}, shown(on2))
		assert.Equal(t, []string{flowLogID(2)}, shown(afterFirst))
		assert.Equal(t, []string{flowLogID(1), flowLogID(3)}, idsOf(e.FlowLogs()))
		_, err = e.DeleteFlowLogs(t.Context(), second)
		assert.Equal(t, "InvalidFlowLogId.NotFound", code(err), "other operations do not find it")
		_, err = e.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(2))))
		require.NoError(t, err, "it conflicts with no new flow log")
		assert.Equal(t, []string{flowLogID(2), flowLogID(4)}, shown(on2))

		time.Sleep(1)
		assert.Equal(t, []string{flowLogID(1), flowLogID(3), flowLogID(4)}, shown(nil))
	})
}

func TestOptions_DeleteLagShowsNoFlowLogTwice(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New(func(o *flowlogstest.Options) { o.DeleteLag = time.Hour })
	id := e.Put(oldFlowLog())
	_, err := e.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{id}})
	require.NoError(t, err)
	e.Put(oldFlowLog())
	out, err := e.DescribeFlowLogs(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{id}, idsOf(out.FlowLogs))
}

func TestOptions_TokenLifetimeIsWhenATokenIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.TokenLifetime = time.Hour })
		in := toBucket(withToken("token"))
		first, err := e.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		time.Sleep(time.Hour - 1)
		again, err := e.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, first.FlowLogIds, again.FlowLogIds)

		time.Sleep(1)
		_, err = e.CreateFlowLogs(t.Context(), in)
		assert.Equal(t, "FlowLogAlreadyExists", code(err))
		other, err := e.CreateFlowLogs(t.Context(), toBucket(withToken("token"), withIDs(vpc(2))))
		require.NoError(t, err, "the token is free for other parameters")
		time.Sleep(time.Minute)
		again, err = e.CreateFlowLogs(t.Context(), toBucket(withToken("token"), withIDs(vpc(2))))
		require.NoError(t, err)
		assert.Equal(t, other.FlowLogIds, again.FlowLogIds, "the token is remembered again")
	})
}

func TestOptions_TokenLifetimeOfZeroRemembersNoToken(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New(func(o *flowlogstest.Options) { o.TokenLifetime = 0 })
	_, err := e.CreateFlowLogs(t.Context(), toBucket(withToken("token")))
	require.NoError(t, err)
	_, err = e.CreateFlowLogs(t.Context(), toBucket(withToken("token")))
	assert.Equal(t, "FlowLogAlreadyExists", code(err))
}

func TestOptions_FailedAfterIsWhenADeliveryFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   *ec2.CreateFlowLogsInput
		want string
	}{
		{"log group ARN with :*", toLogGroup(withDestination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs:*")), "FAILED Access error"},
		{"log group that the roles cannot write to", toLogGroup(withLogGroup("others")), "FAILED Access error"},
		{"log group that the roles can write to", toLogGroup(), "SUCCESS "},
		{"bucket", toBucket(), "SUCCESS "},
		{"log group ARN without :*", toLogGroup(withDestination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs")), "SUCCESS "},
		{"log group ARN that the roles cannot write to", toLogGroup(withDestination("arn:aws:logs:us-east-1:123456789012:log-group:others")), "FAILED Access error"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) { o.LogGroups = []string{"flow-logs"} })
				_, err := e.CreateFlowLogs(t.Context(), test.in)
				require.NoError(t, err)
				status := func() string {
					out, err := e.DescribeFlowLogs(t.Context(), nil)
					require.NoError(t, err)
					assertEqual(t, e.FlowLogs(), out.FlowLogs)
					f := out.FlowLogs[0]
					return *f.DeliverLogsStatus + " " + aws.ToString(f.DeliverLogsErrorMessage)
				}
				assert.Equal(t, "SUCCESS ", status())
				time.Sleep(10*time.Minute - 1)
				assert.Equal(t, "SUCCESS ", status())
				time.Sleep(1)
				assert.Equal(t, test.want, status())
			})
		})
	}
}

func TestPropagateAfter_HidesARole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.PropagateAfter(ourRole, 10*time.Second))
		for range 2 {
			_, err := e.CreateFlowLogs(t.Context(), toLogGroup(withToken("token")))
			assertAPIError(t, err, "CreateFlowLogs", 400, "InvalidParameter", "Unable to assume given IAM role: '"+ourRole+"'")
			time.Sleep(5*time.Second - 1)
		}
		_, err := e.CreateFlowLogs(t.Context(), toLogGroup(withRole("arn:aws:iam::123456789012:role/old")))
		require.NoError(t, err)
		time.Sleep(2)
		_, err = e.CreateFlowLogs(t.Context(), toLogGroup(withToken("token")))
		require.NoError(t, err)
	})
}

func TestPropagateAfter_HidesABucketPolicy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.PropagateAfter(bucket, time.Minute))
		out, err := e.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(2)...), withDestination(bucket+"/prefix")))
		require.NoError(t, err)
		require.Len(t, out.Unsuccessful, 2)
		assert.Equal(t, "400", *out.Unsuccessful[1].Error.Code)
		assert.Equal(t, "Access Denied for LogDestination: flow-logs-bucket. Please check LogDestination permission", *out.Unsuccessful[1].Error.Message)

		time.Sleep(time.Minute)
		out, err = e.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(2)...), withDestination(bucket+"/prefix")))
		require.NoError(t, err)
		assert.Len(t, out.FlowLogIds, 2)
	})
}
