package flowlogstest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestThrottle(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options func(*flowlogstest.Options)
		call    func(context.Context, *flowlogstest.EC2) error
		burst   int
		seconds int // until the next 5 calls are let through
	}{
		"create":             {func(*flowlogstest.Options) {}, create, 50, 1},
		"delete":             {func(*flowlogstest.Options) {}, deleteNone, 50, 1},
		"describe":           {func(*flowlogstest.Options) {}, describe, 100, 0},
		"half of the bucket": {func(o *flowlogstest.Options) { o.Burst, o.PerSecond = 25, 2.5 }, create, 25, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(test.options, func(o *flowlogstest.Options) { o.Throttle = true })
				for range test.burst {
					require.NotEqual(t, "RequestLimitExceeded", code(test.call(t.Context(), e)))
				}
				if test.seconds == 0 {
					time.Sleep(250 * time.Millisecond) // 20 a second
				} else {
					require.Equal(t, "RequestLimitExceeded", code(test.call(t.Context(), e)), "costs no token")
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

func TestTheThrottleIsOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	for range 200 {
		require.NoError(t, create(t.Context(), e))
	}
}

// The SDK's retries of throttled calls take virtual time.
func TestRetriesTakeVirtualTime(t *testing.T) {
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

func TestDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.Delay(time.Minute), flowlogstest.Delay(time.Minute))
		start := time.Now()
		_, err := e.CreateFlowLogs(t.Context(), toBucket(on(vpc(1))))
		require.NoError(t, err)
		assert.Equal(t, time.Minute, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err = e.CreateFlowLogs(ctx, toBucket(on(vpc(2))))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 70*time.Second, time.Since(start))
		assert.Len(t, e.FlowLogs(), 2, "done although nobody waited for the answer")
	})
}

func TestDeliveriesFailLater(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   *ec2.CreateFlowLogsInput
		want string
	}{
		"log group ARN with :*":      {toLogGroup(destination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs:*")), "FAILED Access error"},
		"log group of other roles":   {toLogGroup(logGroup("others")), "FAILED Access error"},
		"log group of these roles":   {toLogGroup(), "SUCCESS "},
		"bucket has no log group":    {toBucket(), "SUCCESS "},
		"log group ARN without :*":   {toLogGroup(destination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs")), "SUCCESS "},
		"log group ARN of the other": {toLogGroup(destination("arn:aws:logs:us-east-1:123456789012:log-group:others")), "FAILED Access error"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) { o.LogGroups = []string{"flow-logs"} })
				_, err := e.CreateFlowLogs(t.Context(), test.in)
				require.NoError(t, err)
				status := func() string {
					out, err := e.DescribeFlowLogs(t.Context(), nil)
					require.NoError(t, err)
					equal(t, e.FlowLogs(), out.FlowLogs)
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

func TestARoleIsSeenAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.PropagateAfter(ourRole, 10*time.Second))
		for range 2 {
			_, err := e.CreateFlowLogs(t.Context(), toLogGroup(withToken("token")))
			refused(t, err, "CreateFlowLogs", 400, "InvalidParameter", "Unable to assume given IAM role: '"+ourRole+"'")
			time.Sleep(5*time.Second - 1)
		}
		_, err := e.CreateFlowLogs(t.Context(), toLogGroup(role("arn:aws:iam::123456789012:role/old")))
		require.NoError(t, err)
		time.Sleep(2)
		_, err = e.CreateFlowLogs(t.Context(), toLogGroup(withToken("token")))
		require.NoError(t, err)
	})
}

func TestABucketPolicyIsSeenAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.PropagateAfter(bucket, time.Minute))
		out, err := e.CreateFlowLogs(t.Context(), toBucket(on(vpcs(2)...), destination(bucket+"/prefix")))
		require.NoError(t, err)
		require.Len(t, out.Unsuccessful, 2)
		assert.Equal(t, "400", *out.Unsuccessful[1].Error.Code)
		assert.Equal(t, "Access Denied for LogDestination: flow-logs-bucket. Please check LogDestination permission", *out.Unsuccessful[1].Error.Message)

		time.Sleep(time.Minute)
		out, err = e.CreateFlowLogs(t.Context(), toBucket(on(vpcs(2)...), destination(bucket+"/prefix")))
		require.NoError(t, err)
		assert.Len(t, out.FlowLogIds, 2)
	})
}
