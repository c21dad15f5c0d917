package flowlogs_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// impatient makes the attempts of a real client over HTTP follow each other at
// once.
func impatient(o *ec2.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

// lostAnswers are the ways in which the answer to a call that EC2 has applied
// does not arrive.
var lostAnswers = map[string]flowlogstest.Fault{
	"the connection is cut":  flowlogstest.LoseAnswer(),
	"the XML is cut":         flowlogstest.TruncateAnswer(),
	"503 in XML":             flowlogstest.Refuse("Unavailable", "The server is overloaded.", 503).AfterApplying(),
	"500 with nothing":       flowlogstest.Respond(500, "").AfterApplying(),
	"502 in HTML":            flowlogstest.Respond(502, "<html><body>Bad Gateway</body></html>").AfterApplying(),
	"200 in HTML":            flowlogstest.Respond(200, "<html><body>Welcome</body></html>").AfterApplying(),
	"200 in unfinished XML":  flowlogstest.Respond(200, "<CreateFlowLogsResponse><flowLogIdSet><item>fl-1").AfterApplying(),
	"200 with nothing":       flowlogstest.Respond(200, "").AfterApplying(),
	"throttled after having": flowlogstest.Throttle().AfterApplying(),
}

func TestALostAnswerEndsInOneFlowLogAResource(t *testing.T) {
	t.Parallel()
	for name, fault := range lostAnswers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := flowlogstest.New()
			server := flowlogstest.NewServer(cloud)
			defer server.Close()
			cloud.Inject(fault, fault) // the third attempt, the SDK's last, is answered
			resp, err := flowlogs.New(server.Client(impatient)).Create(t.Context(), vpcRequest(300))
			require.NoError(t, err)
			assert.Len(t, resp.FlowLogIDs, 300)
			assert.Equal(t, 3, resp.Batches[0].Attempts)
			requireOneFlowLogEach(t, cloud, vpcIDs(300))
			calls := cloud.Calls()
			require.Len(t, calls, 3)
			for _, c := range calls {
				assert.Equal(t, calls[0].Body, c.Body)
				assert.Equal(t, resp.ClientToken, c.ClientToken)
			}
		})
	}
}

// TestALostAnswerInMemory is the same without HTTP: a mock gets the retries of
// the real client.
func TestALostAnswerInMemory(t *testing.T) {
	t.Parallel()
	for name, fault := range lostAnswers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := flowlogstest.New()
				cloud.Inject(fault, fault)
				resp, err := flowlogs.New(cloud).Create(t.Context(), vpcRequest(2))
				require.NoError(t, err)
				assert.Equal(t, 3, resp.Batches[0].Attempts)
				requireOneFlowLogEach(t, cloud, vpcIDs(2))
			})
		})
	}
}

func requireOneFlowLogEach(t *testing.T, cloud *flowlogstest.EC2, ids []string) {
	t.Helper()
	var got []string
	for _, f := range cloud.FlowLogs() {
		got = append(got, *f.ResourceId)
	}
	slices.Sort(got)
	require.Equal(t, ids, got)
}

func TestTheRawCallRetriesALostAnswerToo(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	server := flowlogstest.NewServer(cloud)
	defer server.Close()
	cloud.Inject(flowlogstest.TruncateAnswer())
	in, err := vpcRequest(2).Input()
	require.NoError(t, err)
	out, err := flowlogs.New(server.Client(impatient)).CreateFlowLogs(t.Context(), in)
	require.NoError(t, err)
	assert.Len(t, out.FlowLogIds, 2)
	requireOneFlowLogEach(t, cloud, vpcIDs(2))
}

func TestOneLoopRunsWithTheRetryerOfTheClient(t *testing.T) {
	t.Parallel()
	attempts := func(n int) func(*ec2.Options) {
		return func(o *ec2.Options) { o.RetryMaxAttempts = n }
	}
	never := func(o *flowlogs.Options) { o.Retryer = aws.NopRetryer{} }
	perCall := func(fns ...func(*ec2.Options)) func(*flowlogs.Options) {
		return func(o *flowlogs.Options) { o.ClientOptions = append(o.ClientOptions, fns...) }
	}
	for name, test := range map[string]struct {
		client []func(*ec2.Options)
		opts   []func(*flowlogs.Options)
		want   int
	}{
		"the SDK's three by default":             {nil, nil, 3},
		"five of the client":                     {[]func(*ec2.Options){attempts(5)}, nil, 5},
		"one of the client":                      {[]func(*ec2.Options){attempts(1)}, nil, 1},
		"no retries":                             {[]func(*ec2.Options){attempts(5)}, []func(*flowlogs.Options){never}, 1},
		"four by a client option":                {[]func(*ec2.Options){attempts(5)}, []func(*flowlogs.Options){perCall(attempts(4))}, 4},
		"none by a client option":                {nil, []func(*flowlogs.Options){perCall(func(o *ec2.Options) { o.Retryer = aws.NopRetryer{} })}, 1},
		"none by a client option that clears it": {nil, []func(*flowlogs.Options){perCall(func(o *ec2.Options) { o.Retryer = nil })}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := flowlogstest.New()
			server := flowlogstest.NewServer(cloud)
			defer server.Close()
			cloud.Inject(flowlogstest.Refuse("InternalError", "An internal error has occurred.", 500).Keep())

			client := flowlogs.New(server.Client(append([]func(*ec2.Options){impatient}, test.client...)...), test.opts...)
			resp, err := client.Create(t.Context(), vpcRequest(1))
			require.ErrorIs(t, err, flowlogs.ErrUnavailable)
			assert.Len(t, cloud.Calls(), test.want)
			assert.Equal(t, test.want, resp.Batches[0].Attempts)
			assert.NotEmpty(t, resp.Batches[0].RequestID)
			var exhausted *retry.MaxAttemptsError
			if test.want > 1 {
				assert.ErrorAs(t, err, &exhausted)
			}
		})
	}
}

func TestTheRawCallTakesARetryerOfItsOwn(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	server := flowlogstest.NewServer(cloud)
	defer server.Close()
	cloud.Inject(flowlogstest.Respond(500, "").Keep())
	in, err := vpcRequest(1).Input()
	require.NoError(t, err)
	client := flowlogs.New(server.Client(impatient))
	_, err = client.CreateFlowLogs(t.Context(), in, func(o *ec2.Options) { o.RetryMaxAttempts = 2 })
	require.Error(t, err)
	assert.Len(t, cloud.Calls(), 2)

	// A client of a client is still one loop: the outer one.
	_, err = flowlogs.New(client).Create(t.Context(), vpcRequest(1))
	require.Error(t, err)
	assert.Len(t, cloud.Calls(), 2+3)
}

func TestTheQuotaOfTheClientIsKept(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	server := flowlogstest.NewServer(cloud)
	defer server.Close()
	cloud.Inject(flowlogstest.Respond(500, "").Keep())
	client := flowlogs.New(server.Client(impatient, func(o *ec2.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.RateLimiter = ratelimit.NewTokenRateLimit(5) // one retry
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}))
	_, err := client.Create(t.Context(), vpcRequest(1))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\n")
	assert.Len(t, cloud.Calls(), 2)
}

func TestRetriesAreLoggedAsTheClientIsToldTo(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	server := flowlogstest.NewServer(cloud)
	defer server.Close()
	cloud.Inject(flowlogstest.Respond(500, ""))
	var log bytes.Buffer
	_, err := flowlogs.New(server.Client(impatient, func(o *ec2.Options) {
		o.ClientLogMode = aws.LogRetries
		o.Logger = logging.NewStandardLogger(&log)
	})).Create(t.Context(), vpcRequest(1))
	require.NoError(t, err)
	assert.Contains(t, log.String(), "retrying request EC2/CreateFlowLogs, attempt 2")
}

func TestWhatIsNotRetryableIsSentOnce(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.Refuse("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).", 400))
	_, err := flowlogs.New(cloud).Create(t.Context(), vpcRequest(1))
	require.ErrorIs(t, err, flowlogs.ErrTokenMismatch)
	assert.Len(t, cloud.Calls(), 1)
}

func TestAMockSeesTheContextOfTheCaller(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 1)
	api := apiFunc(func(got context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		assert.Same(t, ctx, got, "testify compares the context of an expectation")
		return created(in), nil
	})
	_, err := flowlogs.New(api).Create(ctx, vpcRequest(1))
	require.NoError(t, err)
}

func TestCancellingBetweenAttemptsTellsWhyItWaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.Throttle().Keep())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := flowlogs.New(cloud, func(o *flowlogs.Options) {
			o.Retryer = retry.AddWithMaxAttempts(retry.NewStandard(), 0)
		}).Create(ctx, vpcRequest(1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, flowlogs.ErrThrottled)
		require.NotErrorIs(t, err, flowlogs.ErrNotAttempted)
	})
}

const newRole = "arn:aws:iam::123456789012:role/new"

func TestANewRoleIsWaitedForUnderTheSameToken(t *testing.T) {
	t.Parallel()
	for _, raw := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			cloud := flowlogstest.New()
			cloud.Inject(flowlogstest.PropagateAfter(newRole, 20*time.Second))
			client := flowlogs.New(cloud, func(o *flowlogs.Options) { o.PropagationTimeout = 2 * time.Minute })
			req := vpcRequest(2)
			req.Destination = flowlogs.CloudWatchLogs{LogGroupName: "g", RoleARN: newRole}
			if raw {
				in, err := req.Input()
				require.NoError(t, err)
				_, err = client.CreateFlowLogs(t.Context(), in)
				require.NoError(t, err)
			} else {
				resp, err := client.Create(t.Context(), req)
				require.NoError(t, err)
				assert.Len(t, cloud.Calls(), resp.Batches[0].Attempts)
			}
			calls := cloud.Calls()
			assert.Greater(t, len(calls), 3)
			assert.Less(t, len(calls), 8)
			for _, c := range calls {
				assert.Equal(t, calls[0].Body, c.Body)
			}
		})
	}
}

func TestWaitingForARoleEnds(t *testing.T) {
	t.Parallel()
	req := vpcRequest(1)
	req.Destination = flowlogs.CloudWatchLogs{LogGroupName: "g", RoleARN: newRole}
	for timeout, want := range map[time.Duration]time.Duration{0: 0, time.Minute: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			cloud := flowlogstest.New()
			cloud.Inject(flowlogstest.PropagateAfter(newRole, time.Hour))
			start := time.Now()
			_, err := flowlogs.New(cloud, func(o *flowlogs.Options) { o.PropagationTimeout = timeout }).Create(t.Context(), req)
			require.ErrorIs(t, err, flowlogs.ErrRoleNotAssumable)
			assert.Equal(t, want, time.Since(start))
		})
	}
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.PropagateAfter(newRole, time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := flowlogs.New(cloud, func(o *flowlogs.Options) { o.PropagationTimeout = time.Hour }).Create(ctx, req)
		require.ErrorIs(t, err, flowlogs.ErrRoleNotAssumable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func deniedRequest(n int) flowlogs.Request {
	req := vpcRequest(n)
	req.Destination = flowlogs.S3{BucketARN: "arn:aws:s3:::new-bucket"}
	req.ClientToken = "root"
	return req
}

func withPropagation(o *flowlogs.Options) { o.PropagationTimeout = time.Minute }

const accessDenied = "Access Denied for LogDestination: new-bucket. Please check LogDestination permission"

func TestADeniedBucketIsTriedAgainForThoseResourcesOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ids := vpcIDs(4)
		cloud := flowlogstest.New()
		cloud.Inject(
			flowlogstest.FailResources("400", accessDenied, ids[1], ids[2]),
			flowlogstest.FailResources("400", accessDenied, ids[2]),
			flowlogstest.FailResources("400", "LogDestination: new-bucket does not exist", ids[3]),
		)
		// The faults are met one a call: ID 1 and 2 denied, then 2, then 3 missing.
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
		assert.NotEqual(t, calls[0].ClientToken, calls[1].ClientToken, "EC2 would repeat the answer")
		assert.NotEqual(t, calls[1].ClientToken, calls[2].ClientToken)
	})
}

func TestTheSameResourcesAreTriedUnderAnotherTokenEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(slices.Repeat([]flowlogstest.Fault{flowlogstest.FailResources("400", accessDenied, vpcID(0))}, 4)...)
		resp, err := flowlogs.New(cloud, withPropagation).Create(t.Context(), deniedRequest(1))
		require.NoError(t, err, "EC2 would repeat what it answered to the same token")
		assert.Equal(t, 5, resp.Batches[0].Attempts)
	})
}

func TestOnlyDeniedBucketsAreTriedAgain(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.FailResources("400", "LogDestination: new-bucket does not exist"))
	_, err := flowlogs.New(cloud, withPropagation).Create(t.Context(), deniedRequest(2))
	require.ErrorIs(t, err, flowlogs.ErrDestinationNotFound)
	assert.Len(t, cloud.Calls(), 1)
}

func TestABucketThatStaysDeniedIsUnsuccessful(t *testing.T) {
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

func TestAResendThatFailsCanBeGoneOnWith(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ids := vpcIDs(2)
		cloud := flowlogstest.New()
		lost := flowlogstest.LoseAnswer().On(func(c flowlogstest.Call) bool { return c.ClientToken != "root" })
		cloud.Inject(flowlogstest.FailResources("400", accessDenied, ids[1]), lost, lost, lost)
		resp, err := flowlogs.New(cloud, withPropagation).Create(t.Context(), deniedRequest(2))
		require.ErrorIs(t, err, flowlogs.ErrNoResponse)
		assert.Len(t, resp.FlowLogIDs, 1)
		assert.Empty(t, resp.Unsuccessful, "what became of it is not known")
		var call *flowlogs.CallError
		require.ErrorAs(t, err, &call)
		assert.Equal(t, ids[1:], call.Batch.ResourceIDs)

		again := deniedRequest(0)
		again.ResourceIDs, again.ClientToken = call.Batch.ResourceIDs, call.Batch.ClientToken
		resp, err = flowlogs.New(cloud).Create(t.Context(), again)
		require.NoError(t, err)
		assert.Len(t, resp.FlowLogIDs, 1)
		requireOneFlowLogEach(t, cloud, ids)

		// Or the whole job again, which takes the same way.
		resp, err = flowlogs.New(cloud, withPropagation).Create(t.Context(), deniedRequest(2))
		require.NoError(t, err)
		assert.Len(t, resp.FlowLogIDs, 2)
		requireOneFlowLogEach(t, cloud, ids)
	})
}

func TestCancellingAPropagationWaitLeavesItNotAttempted(t *testing.T) {
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
		assert.Equal(t, vpcIDs(2)[1:], callErrors(err)[0].Batch.ResourceIDs)
	})
}

func TestCredentialsAreNeverInAnError(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	server := flowlogstest.NewServer(cloud)
	client := flowlogs.New(server.Client(impatient))
	cloud.Inject(flowlogstest.LoseAnswer(), flowlogstest.Respond(500, ""), flowlogstest.TruncateAnswer())
	_, lost := client.Create(t.Context(), vpcRequest(1))
	server.Close()
	_, refused := client.Create(t.Context(), vpcRequest(1))
	for _, err := range []error{lost, refused} {
		require.ErrorIs(t, err, flowlogs.ErrNoResponse)
		for _, secret := range []string{"AKID", "SECRET", "Signature", "Authorization"} {
			assert.NotContains(t, fmt.Sprintf("%v %+v", err, err), secret)
		}
		assert.NotContains(t, err.Error(), "\n")
	}
}
