package flowlogs_test

import (
	"context"
	"slices"
	"sync"
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

// oneAttemptEach leaves retries to the job, and pacing out.
func oneAttemptEach(o *flowlogs.Options) {
	o.Retryer = unlimited{aws.NopRetryer{}}
	o.Limiter = flowlogs.NoLimit
}

// unlimited makes one attempt a call, and does not say so.
type unlimited struct{ aws.NopRetryer }

func (unlimited) MaxAttempts() int            { return 0 }
func (unlimited) IsErrorRetryable(error) bool { return true }
func (unlimited) GetRetryToken(_ context.Context, err error) (func(error) error, error) {
	return nil, err
}

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

// wireAPI counts the calls on the wire, and those that it has seen.
type wireAPI struct {
	flowlogs.API
	mu     sync.Mutex
	on     int
	most   int
	tokens []string
	ids    []string // the first of each call
}

func (w *wireAPI) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	w.add(1, in)
	defer w.add(-1, in)
	time.Sleep(onTheWire)
	return w.API.CreateFlowLogs(ctx, in, optFns...)
}

func (w *wireAPI) add(n int, in *ec2.CreateFlowLogsInput) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on += n; n > 0 {
		w.tokens, w.ids = append(w.tokens, *in.ClientToken), append(w.ids, in.ResourceIds[0])
	}
	w.most = max(w.most, w.on)
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
