package flowlogs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestCreate_SendsTheSameCallsForTheSameRequestAndToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lost := flowlogstest.LoseResponse().On(about(vpcID(700)))
		cloud := cloudWith(slices.Repeat([]flowlogstest.Fault{lost}, 3)...) // as often as the SDK attempts a call
		resp, err := flowlogs.New(cloud, func(o *flowlogs.Options) { o.RetryTimeout = -1 }).Create(t.Context(), rooted(1000))
		require.ErrorIs(t, err, flowlogs.ErrNoResponse)
		assert.Len(t, resp.FlowLogIDs, 700)
		require.Len(t, cloud.FlowLogs(), 1000, "all were created, though one call never got a response")

		// As on another machine: another client, another concurrency.
		again, err := flowlogs.New(cloud, oneAtATime).Create(t.Context(), rooted(1000))
		require.NoError(t, err)
		assert.Len(t, again.FlowLogIDs, 1000)
		assert.Len(t, cloud.FlowLogs(), 1000)
		assert.Equal(t, resp.FlowLogIDs[:600], again.FlowLogIDs[:600])
		assert.Len(t, requireOneBodyPerToken(t, cloud), 4)
	})
}

func TestCreate_UsesTheRootTokenForOneCallAndDerivedOnesForSeveral(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	_, err := flowlogs.New(cloud, batchesOf(2)).Create(t.Context(), rooted(2))
	require.NoError(t, err)
	assert.Contains(t, requireOneBodyPerToken(t, cloud), "root")

	cloud = flowlogstest.New()
	_, err = flowlogs.New(cloud, batchesOf(2)).Create(t.Context(), rooted(3))
	require.NoError(t, err)
	assert.NotContains(t, requireOneBodyPerToken(t, cloud), "root")
	assert.Len(t, requireOneBodyPerToken(t, cloud), 2)
}

func TestCreate_StopsAfterAFatalRejection(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		code  string
		size  int // of a batch; there are 100
		calls int
	}{
		{"credentials: at once", "AuthFailure", 3, 1},
		{"credentials, single resources: at once", "AuthFailure", 1, 1},
		{"destination: after ten", "LogDestinationNotFound", 3, 10},
		{"caller, single resources: after ten", "UnauthorizedOperation", 1, 10},
		{"caller: after ten, when one was for a single resource", "UnauthorizedOperation", 3, 10},
		{"caller, large batches: when one was for a single resource and three for parts beside it", "UnauthorizedOperation", 4096, 13 + 3},
		{"parameter: after ten", "InvalidParameter", 1, 10},
		{"token: after ten", "IdempotentParameterMismatch", 3, 10},
		{"already exists: never", "FlowLogAlreadyExists", 1, 100},
		{"not found: never", "InvalidVpcID.NotFound", 1, 100},
		{"limit: never", "FlowLogsLimitExceeded", 1, 100},
		{"a code that nobody knows: never, and at most a hundred calls for the parts", "Surprise", 3, 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			api := &rejectingAPI{code: test.code}
			resp, err := flowlogs.New(api, batchesOf(test.size), oneAtATime).Create(t.Context(), rooted(100*test.size))
			require.Error(t, err)
			assert.Equal(t, test.calls, api.calls)
			n := 0
			for _, b := range resp.Batches {
				n += len(b.ResourceIDs)
				require.Error(t, b.Err)
				if b.Attempts == 0 {
					require.ErrorContains(t, b.Err, test.code, "the cause")
				}
			}
			assert.Equal(t, 100*test.size, n)
		})
	}
}

// rejectingAPI rejects every call, one at a time.
type rejectingAPI struct {
	code  string
	calls int
}

func (a *rejectingAPI) CreateFlowLogs(context.Context, *ec2.CreateFlowLogsInput, ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	a.calls++
	return nil, apiError(a.code, a.code)
}

func TestCreate_GoesOnAfterFatalRejectionsIfACallHasSucceeded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		denied  []int
		created int
	}{
		{"the very first VPC is denied", []int{0}, 199},
		{"the first nine are denied", []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, 191},
		{"all but the very first are denied", slices.Collect(numbers(1, 200)), 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud := cloudWith(rejectsVPC("UnauthorizedOperation", test.denied...))
			resp, err := flowlogs.New(cloud, batchesOf(1), oneAtATime).Create(t.Context(), rooted(200))
			require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
			require.NotErrorIs(t, err, flowlogs.ErrNotAttempted)
			assert.Len(t, resp.FlowLogIDs, test.created)
			assert.Len(t, cloud.Calls(), 200)
		})
	}
}

func TestCreate_SaysOfABatchThatWasNotAttemptedWhy(t *testing.T) {
	t.Parallel()
	cloud := cloudWith(rejectsVPC("AuthFailure"))
	resp, err := flowlogs.New(cloud, batchesOf(1), oneAtATime).Create(t.Context(), rooted(3))
	calls := callErrors(err)
	require.Len(t, calls, 3)
	for i, call := range calls {
		assert.Equal(t, resp.Batches[i], call.Batch)
	}
	assert.Equal(t, flowlogs.ErrAuthFailure, flowlogs.ReasonOf(calls[0]))
	for _, call := range calls[1:] {
		assert.Equal(t, flowlogs.ErrNotAttempted, flowlogs.ReasonOf(call))
		require.ErrorIs(t, call, flowlogs.ErrAuthFailure)
		assert.Zero(t, call.Batch.Attempts)
	}
	assert.Len(t, cloud.Calls(), 1)
}

func TestCreate_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudWith(flowlogstest.Hang().On(about(vpcID(1))))
		why := errors.New("closing time")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, why)
		defer cancel()
		start := time.Now()
		resp, err := flowlogs.New(cloud, batchesOf(1), oneAtATime).Create(ctx, rooted(6))
		assert.Equal(t, time.Minute, time.Since(start))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, why)
		assert.Equal(t, []int{1, 1, 0, 0, 0, 0}, attempts(resp))
		for i, call := range callErrors(err) {
			require.ErrorIs(t, call, context.DeadlineExceeded)
			require.ErrorIs(t, call, why)
			assert.Equal(t, i == 0, errors.Is(call, flowlogs.ErrNoResponse), "it may have been applied")
			assert.Equal(t, i > 0, errors.Is(call, flowlogs.ErrNotAttempted))
		}
	})
}

// The caller ends the request when it sees an attempt fail, and says why.
func TestCreate_SaysThatItsContextEndedForTheErrorOfAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		client := flowlogs.New(cloudWith(flowlogstest.Throttle().Keep()), oneAttemptEach, func(o *flowlogs.Options) {
			o.OnAttempt = func(a flowlogs.Attempt) { cancel(a.Err) }
		})
		_, err := client.Create(ctx, rooted(1))
		require.ErrorIs(t, err, context.Cause(ctx))
		require.ErrorIs(t, err, context.Canceled)
	})
}

// listError cannot be compared.
type listError []string

func (l listError) Error() string { return strings.Join(l, ",") }

// brokenContext has ended with an error that cannot be compared.
type brokenContext struct{ context.Context } //nolint:containedctx // it is one

func (brokenContext) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

func (brokenContext) Err() error { return listError{"a", "b"} }

func TestCreate_EndsWithAContextWhoseErrorCannotBeCompared(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 301} {
		_, err := flowlogs.New(flowlogstest.New()).Create(brokenContext{t.Context()}, rooted(n))
		assert.ErrorContains(t, err, "not attempted: a,b")
	}
}

func TestCreate_AttemptsNothingIfTheContextHasEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, n := range []int{1, 2, 300} {
		cloud := flowlogstest.New()
		resp, err := flowlogs.New(cloud, batchesOf(1)).Create(ctx, vpcRequest(n))
		require.ErrorIs(t, err, context.Canceled)
		assert.NotEmpty(t, resp.ClientToken, "with which to resume")
		assert.Equal(t, map[flowlogs.Reason]int{flowlogs.ErrNotAttempted: n}, byReason(resp))
		assert.Empty(t, cloud.Calls())
	}
}

// An error that was known before the job ended is part of the result, as is why
// the job ended.
func TestCreate_KeepsWhatIsKnownWhenItEnds(t *testing.T) {
	t.Parallel()
	noMore := errors.New("no more today")
	tests := []struct {
		name    string
		fault   flowlogstest.Fault // for VPC 0
		want    flowlogs.Reason
		calls   int // of the job for two VPCs; 0: it does not end
		propage bool
	}{
		{name: "throttled", fault: flowlogstest.Throttle().Keep(), want: flowlogs.ErrThrottled},
		{name: "response lost", fault: flowlogstest.LoseResponse().Keep(), want: flowlogs.ErrNoResponse},
		{name: "500", fault: flowlogstest.Reject("InternalError", "", 500).Keep(), want: flowlogs.ErrUnavailable},
		{name: "already exists, to be isolated", fault: rejectsVPC("FlowLogAlreadyExists"), want: flowlogs.ErrAlreadyExists, calls: 3},
		{name: "not found, to be isolated", fault: rejectsVPC("InvalidVpcID.NotFound"), want: flowlogs.ErrResourceNotFound, calls: 3},
		{name: "not found, to be waited for", fault: rejectsVPC("InvalidVpcID.NotFound"), want: flowlogs.ErrResourceNotFound, propage: true},
	}
	for _, test := range tests {
		for _, n := range []int{2, 4} { // one batch and two
			for attempts := 1; attempts <= 5 && (test.calls == 0 || attempts < test.calls+n/2-1); attempts++ {
				t.Run(fmt.Sprintf("%s, %d VPCs, after %d", test.name, n, attempts), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						for _, end := range []string{"limiter", "wait", "response"} {
							why := map[string]error{"limiter": noMore}[end]
							if why == nil {
								why = context.Canceled
							}
							ctx, cancel := context.WithCancel(t.Context())
							calls := 0
							cloud := cloudWith(test.fault.On(about(vpcID(0))))
							api := apiFunc(func(ctx context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
								if calls++; calls == attempts && end == "response" {
									defer cancel()
								}
								return cloud.CreateFlowLogs(ctx, in)
							})
							client := flowlogs.New(api, batchesOf(2), oneAtATime, func(o *flowlogs.Options) {
								o.RetryTimeout = time.Hour
								if test.propage {
									o.PropagationTimeout = time.Hour
								}
								o.Limiter = limitFunc(func(ctx context.Context) error {
									if calls == attempts && end == "limiter" {
										return noMore
									}
									if calls == attempts && end == "wait" {
										cancel()
									}
									return ctx.Err()
								})
							})
							resp, err := client.Create(ctx, rooted(n))
							cancel()
							require.ErrorIs(t, err, why, end)
							requireTruth(t, cloud, resp)
							for id, err := range resp.Results() {
								if id == vpcID(0) {
									require.ErrorIs(t, err, test.want, end)
								}
							}
						}
					})
				})
			}
		}
	}
}

func TestCreate_EndsWithTheErrorOfTheLimiter(t *testing.T) {
	t.Parallel()
	noMore := errors.New("no more today")
	for _, size := range []int{1, 9} {
		cloud, waits := flowlogstest.New(), 0
		resp, err := flowlogs.New(cloud, batchesOf(size), oneAtATime, func(o *flowlogs.Options) {
			o.Limiter = limitFunc(func(context.Context) error {
				if waits++; waits > 2 || size > 1 {
					return noMore
				}
				return nil
			})
		}).Create(t.Context(), rooted(9))
		require.ErrorIs(t, err, noMore)
		require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
		for _, call := range callErrors(err) {
			require.ErrorIs(t, call, noMore)
		}
		assert.Equal(t, 9-len(cloud.FlowLogs()), byReason(resp)[flowlogs.ErrNotAttempted])
		assert.LessOrEqual(t, waits, 3, "the job has ended")
	}
}

func TestCreate_SendsNothingAfterAFatalRejectionIsKnown(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 2, 4} {
		synctest.Test(t, func(t *testing.T) {
			w := &wireAPI{API: cloudWith(rejectsVPC("AuthFailure"))}
			_, err := flowlogs.New(w, batchesOf(1), func(o *flowlogs.Options) { o.Concurrency = concurrency }).Create(t.Context(), rooted(100))
			require.ErrorIs(t, err, flowlogs.ErrAuthFailure)
			assert.Len(t, w.ids, concurrency, "those in flight")
		})
	}
}

func TestCreate_CreatesAllButTheDeniedOneOf200Batches(t *testing.T) {
	t.Parallel()
	for _, denied := range []int{0, 7, 199} {
		synctest.Test(t, func(t *testing.T) {
			w := &wireAPI{API: cloudWith(rejectsVPC("UnauthorizedOperation", denied))}
			resp, err := flowlogs.New(w, batchesOf(1)).Create(t.Context(), rooted(200))
			require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
			assert.Equal(t, map[flowlogs.Reason]int{"": 199, flowlogs.ErrNotAuthorized: 1}, byReason(resp))
		})
	}
}
