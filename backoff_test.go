package flowlogs_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestCreate_RetriesTransientFailuresUntilTheyPass(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault flowlogstest.Fault
	}{
		{"throttled", flowlogstest.Throttle()},
		{"response lost", flowlogstest.LoseResponse()},
		{"response cut off", flowlogstest.TruncateResponse()},
		{"500", flowlogstest.Respond(500, "").AfterApplying()},
		{"a proxy's page", flowlogstest.Respond(502, "<html></html>").AfterApplying()},
	}
	for _, test := range tests {
		for _, n := range []int{3, 9} { // one batch and three
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					out := func(flowlogstest.Call) bool { return time.Since(start) < 10*time.Minute }
					cloud := cloudWith(test.fault.Keep().On(about(vpcID(1))).On(out))
					resp, err := flowlogs.New(cloud, batchesOf(3), func(o *flowlogs.Options) { o.RetryTimeout = time.Hour }).Create(t.Context(), rooted(n))
					require.NoError(t, err)
					requireOneFlowLogEach(t, cloud, vpcIDs(n))
					requireOneBodyPerToken(t, cloud)
					assert.Greater(t, resp.Batches[0].Attempts, 3, "more than those of the Retryer")
					assert.Less(t, time.Since(start), 11*time.Minute, "a pause of 30 s at most, and the SDK's own")
				})
			})
		}
	}
}

func TestCreate_RetriesUntilTheRetryTimeout(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		timeout time.Duration
		vpcs    int
		lasts   time.Duration
		calls   int // for the batch that never works
	}{
		{"one call: 5 seconds", 0, 1, 5 * time.Second, 1 + 2 + 1},
		{"one call, negative: not at all", -1, 1, 0, 1},
		{"one call, a minute", time.Minute, 1, time.Minute, 1 + 5 + 1},
		{"several calls: 15 minutes", 0, 2, 15 * time.Minute, 1 + 6 + 28 + 1},
		{"several calls, negative: not at all", -1, 2, 0, 1},
		{"several calls, ten seconds", 10 * time.Second, 2, 10 * time.Second, 1 + 4 + 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				cloud := cloudWith(flowlogstest.Throttle().Keep().On(about(vpcID(0))))
				resp, err := flowlogs.New(cloud, batchesOf(1), oneAtATime, oneAttemptEach, func(o *flowlogs.Options) { o.RetryTimeout = test.timeout }).
					Create(t.Context(), rooted(test.vpcs))
				require.ErrorIs(t, err, flowlogs.ErrThrottled)
				assert.Equal(t, test.lasts, time.Since(start))
				assert.Equal(t, test.calls, resp.Batches[0].Attempts)
				assert.Len(t, resp.FlowLogIDs, test.vpcs-1, "a batch that never works costs itself only")
			})
		})
	}
}

func TestCreate_RetriesNothingWithARetryerOfOneAttempt(t *testing.T) {
	t.Parallel()
	for _, retryer := range []aws.Retryer{aws.NopRetryer{}, retry.AddWithMaxAttempts(retry.NewStandard(), 1)} {
		cloud := cloudWith(flowlogstest.Throttle())
		_, err := flowlogs.New(cloud, batchesOf(1), oneAtATime, func(o *flowlogs.Options) { o.Retryer = retryer }).Create(t.Context(), rooted(2))
		require.ErrorIs(t, err, flowlogs.ErrThrottled)
		assert.Len(t, cloud.Calls(), 2)
	}
}

func TestCreate_DoesNotRetryWhatTheRetryerDoesNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudWith(flowlogstest.Respond(500, "").Keep())
		never := retry.NewStandard(func(o *retry.StandardOptions) {
			o.Retryables = []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(error) aws.Ternary { return aws.FalseTernary })}
		})
		_, err := flowlogs.New(cloud, batchesOf(1), func(o *flowlogs.Options) { o.Retryer = never }).Create(t.Context(), rooted(2))
		require.ErrorIs(t, err, flowlogs.ErrUnavailable)
		assert.Len(t, cloud.Calls(), 2)
	})
}

// Where nothing at all gets through, the rest is not attempted.
func TestCreate_GivesUpWhenNothingGetsThroughForTheRetryTimeout(t *testing.T) {
	t.Parallel()
	for name, fault := range transient() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				cloud := cloudWith(fault.Keep())
				resp, err := flowlogs.New(cloud, batchesOf(1), oneAttemptEach).Create(t.Context(), rooted(1000))
				require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
				assert.Equal(t, 15*time.Minute, time.Since(start))
				tried := 0
				for _, b := range resp.Batches {
					require.ErrorIs(t, b.Err, flowlogs.ReasonOf(resp.Batches[0].Err), "the cause")
					if b.Attempts > 0 {
						tried++
						require.NotErrorIs(t, b.Err, flowlogs.ErrNotAttempted)
					}
				}
				assert.LessOrEqual(t, tried, 5*4, "a few for each slot")
			})
		})
	}
}

func TestCreate_AttemptsEveryBatchIfNothingIsRetried(t *testing.T) {
	t.Parallel()
	cloud := cloudWith(flowlogstest.Throttle().Keep())
	_, err := flowlogs.New(cloud, batchesOf(1), oneAttemptEach, func(o *flowlogs.Options) { o.RetryTimeout = -1 }).Create(t.Context(), rooted(50))
	require.NotErrorIs(t, err, flowlogs.ErrNotAttempted)
	assert.Len(t, cloud.Calls(), 50)
}

func transient() map[string]flowlogstest.Fault {
	return map[string]flowlogstest.Fault{
		"throttled":     flowlogstest.Throttle(),
		"500":           flowlogstest.Respond(500, ""),
		"response lost": flowlogstest.LoseResponse(),
	}
}

// Four batches that never work fill the queue until they are given up; another one
// fails when the rest has got through.
func TestCreate_GoesOnWhileSomethingGetsThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudWith(flowlogstest.Throttle().Keep().On(func(c flowlogstest.Call) bool {
			return slices.ContainsFunc([]int{0, 1, 2, 3, 5}, func(n int) bool { return slices.Contains(c.ResourceIDs, vpcID(n)) })
		}))
		resp, err := flowlogs.New(cloud, batchesOf(1), oneAttemptEach, oneAtATime).Create(t.Context(), rooted(100))
		require.ErrorIs(t, err, flowlogs.ErrThrottled)
		require.NotErrorIs(t, err, flowlogs.ErrNotAttempted)
		assert.Len(t, resp.FlowLogIDs, 95)
	})
}

func TestCreate_HoldsASlotForACallOnTheWireAndNotForABackoff(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 3, 8} {
		synctest.Test(t, func(t *testing.T) {
			// One fails until all others are done.
			var others atomic.Int64
			w := &wireAPI{API: apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
				if in.ResourceIds[0] == vpcID(0) && others.Load() < 99 {
					return nil, httpError(500, "InternalError")
				}
				others.Add(1)
				return created(in), nil
			})}
			start := time.Now()
			_, err := flowlogs.New(w, batchesOf(1), func(o *flowlogs.Options) {
				o.Concurrency, o.Limiter = concurrency, flowlogs.NoLimit
				o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
					o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Hour, nil })
				})
			}).Create(t.Context(), rooted(100))
			require.NoError(t, err)
			assert.Equal(t, concurrency, w.most)
			assert.Equal(t, time.Hour+2*onTheWire, time.Since(start), "the others took no backoff's time")
		})
	}
}

func TestCreate_RetriesInTurnWithNewBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failed := false
		w := &wireAPI{API: apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
			if in.ResourceIds[0] == vpcID(0) && !failed {
				failed = true
				return nil, httpError(500, "InternalError")
			}
			time.Sleep(700 * time.Millisecond)
			return created(in), nil
		})}
		_, err := flowlogs.New(w, batchesOf(1), oneAttemptEach, oneAtATime).Create(t.Context(), rooted(5))
		require.NoError(t, err)
		ids := vpcIDs(5)
		assert.Equal(t, []string{ids[0], ids[1], ids[2], ids[3], ids[0], ids[4]}, w.ids, "a second later, after the batch that waits for the slot")
	})
}

// What EC2 rejected, nobody knows if the response is cut off.
func TestCreate_RetriesWhenARejectionIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudWith(rejectsVPC("InvalidVpcID.NotFound"), flowlogstest.TruncateResponse())
		_, err := flowlogs.New(cloud).Create(t.Context(), rooted(1))
		require.ErrorIs(t, err, flowlogs.ErrResourceNotFound)
		assert.Len(t, cloud.Calls(), 2)
	})
}

const deniedAccess = "Access Denied for LogDestination: b. Please check LogDestination permission"

func TestCreate_SendsDeniedResourcesAgainUnderAnotherTokenEachTime(t *testing.T) {
	t.Parallel()
	for _, n := range []int{4, 8} { // one batch and two
		synctest.Test(t, func(t *testing.T) {
			denied := flowlogstest.FailResources("400", deniedAccess, vpcID(1), vpcID(2))
			cloud := cloudWith(denied, denied)
			resp, err := flowlogs.New(cloud, batchesOf(4), func(o *flowlogs.Options) { o.PropagationTimeout = time.Minute }).
				Create(t.Context(), rooted(n))
			require.NoError(t, err)
			assert.Len(t, resp.FlowLogIDs, n)
			assert.Len(t, resp.Batches, n/4)
			assert.Equal(t, 3, resp.Batches[0].Attempts)
			requireOneFlowLogEach(t, cloud, vpcIDs(n))
			assert.Len(t, requireOneBodyPerToken(t, cloud), n/4+2)
		})
	}
}

// An earlier run of the job may have sent them again with success: their items are
// not the last word.
func TestCreate_DoesNotSayOfDeniedResourcesThatTheyFailedIfItWasInterrupted(t *testing.T) {
	t.Parallel()
	for _, n := range []int{4, 8} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cloud := cloudWith(flowlogstest.FailResources("400", deniedAccess, vpcID(1), vpcID(2)))
			api := apiFunc(func(ctx context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
				defer cancel()
				return cloud.CreateFlowLogs(ctx, in)
			})
			resp, err := flowlogs.New(api, batchesOf(4), oneAtATime, func(o *flowlogs.Options) { o.PropagationTimeout = time.Minute }).
				Create(ctx, rooted(n))
			require.ErrorIs(t, err, flowlogs.ErrDestinationAccessDenied)
			require.ErrorIs(t, err, context.Canceled)
			assert.Equal(t, map[flowlogs.Reason]int{"": 2, flowlogs.ErrNotAttempted: n - 2}, byReason(resp))
			assert.Empty(t, resp.Unsuccessful)
		})
	}
}

func TestCreate_RetriesABatchForATransientCodeThatTheRetryerDoesNotKnow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failed := 0
		api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
			if in.ResourceIds[0] == vpcID(0) && failed < 3 {
				failed++
				return nil, apiError("InternalError", "") // without a status, as of a mock
			}
			return created(in), nil
		})
		resp, err := flowlogs.New(api, batchesOf(1), oneAtATime).Create(t.Context(), rooted(3))
		require.NoError(t, err)
		assert.Equal(t, []int{4, 1, 1}, attempts(resp))
	})
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
