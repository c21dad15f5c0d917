package flowlogs_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestRetryer_DecidesOnTheAttempts(t *testing.T) {
	t.Parallel()
	type (
		client = []func(*ec2.Options)
		opts   = []func(*flowlogs.Options)
	)
	never := func(o *ec2.Options) { o.Retryer = aws.NopRetryer{} }
	cleared := func(o *ec2.Options) { o.Retryer = nil }
	for _, test := range []struct {
		name   string
		client client
		opts   opts
		want   int
	}{
		{"three by default", nil, nil, 3},
		{"five of the client", client{withAttempts(5)}, nil, 5},
		{"one of the client", client{withAttempts(1)}, nil, 1},
		{"no retries", client{withAttempts(5)}, opts{withRetryer(aws.NopRetryer{})}, 1},
		{"no retries by a pointer", nil, opts{withRetryer(&aws.NopRetryer{})}, 1},
		{"a custom Retryer", client{withAttempts(5)}, opts{withRetryer(quickRetryer(2))}, 2},
		{"four by a client option", client{withAttempts(5)}, opts{withClientOptions(withAttempts(4))}, 4},
		{"none by a client option", nil, opts{withClientOptions(never)}, 1},
		{"none by a client option that clears it", nil, opts{withClientOptions(cleared)}, 1},
		{"a client option over a custom Retryer", nil, opts{withRetryer(quickRetryer(2)), withClientOptions(withAttempts(4))}, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud, server := newServer(t)
			cloud.Inject(flowlogstest.Reject("InternalError", "An internal error has occurred.", 500).Keep())
			c := server.Client(append(client{noBackoff}, test.client...)...)
			for _, api := range []flowlogs.API{c, struct{ *ec2.Client }{c}} {
				before := len(cloud.Calls())
				resp, err := flowlogs.New(api, append(test.opts, noRetryTimeout)...).Create(t.Context(), vpcRequest(1))
				require.ErrorIs(t, err, flowlogs.ErrUnavailable)
				assert.Len(t, cloud.Calls(), before+test.want, "%T", api)
				assert.Equal(t, test.want, resp.Batches[0].Attempts)
				assert.NotEmpty(t, resp.Batches[0].RequestID)
				if test.want > 1 {
					var exhausted *retry.MaxAttemptsError
					assert.ErrorAs(t, err, &exhausted)
				}
			}
		})
	}
}

func TestRetryer_OfOneAttemptMeansNoRetriesOfAnyKind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		opt  func(*flowlogs.Options)
	}{
		{"NopRetryer", withRetryer(aws.NopRetryer{})},
		{"a pointer to a NopRetryer", withRetryer(&aws.NopRetryer{})},
		{"RetryMaxAttempts of 1", withClientOptions(withAttempts(1))},
		{"a Retryer of one attempt", withRetryer(quickRetryer(1))},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := flowlogstest.New()
				cloud.Inject(flowlogstest.Throttle().On(about(vpcID(1))).Keep())
				for _, api := range []flowlogs.API{cloud, inMemory(cloud)} {
					resp, err := flowlogs.New(api, batchesOf(1), withLimiter(flowlogs.NoLimit), test.opt).Create(t.Context(), vpcRequest(3))
					require.ErrorIs(t, err, flowlogs.ErrThrottled)
					assert.Equal(t, []int{1, 1, 1}, attempts(resp), "%T", api)
				}
			})
		})
	}
}

func TestRetryer_OfNoMaximumRetriesUntilTheContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.Throttle().Keep())
		endless := retry.AddWithMaxAttempts(retry.NewStandard(func(o *retry.StandardOptions) { o.RateLimiter = ratelimit.None }), 0)
		for _, api := range []flowlogs.API{cloud, inMemory(cloud)} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			resp, err := flowlogs.New(api, withRetryer(endless), withLimiter(flowlogs.NoLimit)).Create(ctx, vpcRequest(1))
			require.ErrorIs(t, err, flowlogs.ErrThrottled)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Greater(t, resp.Batches[0].Attempts, 100)
		}
	})
}

func TestRetryer_OfOptionsIsFollowedByThatOfACall(t *testing.T) {
	t.Parallel()
	cloud, server := newServer(t)
	cloud.Inject(flowlogstest.Respond(500, "").Keep())
	client := flowlogs.New(server.Client(), withRetryer(quickRetryer(3)), noRetryTimeout)
	_, err := client.CreateFlowLogs(t.Context(), vpcInput(t, 1), withAttempts(2))
	require.ErrorIs(t, err, flowlogs.ErrUnavailable)
	assert.Len(t, cloud.Calls(), 2)
	_, err = client.Create(t.Context(), vpcRequest(1), withRetryer(quickRetryer(4)))
	require.ErrorIs(t, err, flowlogs.ErrUnavailable)
	assert.Len(t, cloud.Calls(), 2+4)
}

func TestRetryer_KeepsTheQuotaOfTheClient(t *testing.T) {
	t.Parallel()
	cloud, server := newServer(t)
	cloud.Inject(flowlogstest.Respond(500, "").Keep())
	_, err := flowlogs.New(server.Client(func(o *ec2.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.RateLimiter = ratelimit.NewTokenRateLimit(o.RetryCost) // one retry
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}), noRetryTimeout).Create(t.Context(), vpcRequest(1))
	require.ErrorIs(t, err, flowlogs.ErrUnavailable)
	assert.NotContains(t, err.Error(), "\n")
	assert.Len(t, cloud.Calls(), 2)
}

// attemptTokens counts the calls of GetAttemptToken, by which the adaptive mode
// paces.
type attemptTokens struct {
	aws.RetryerV2
	calls int
}

func (r *attemptTokens) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	r.calls++
	return r.RetryerV2.GetAttemptToken(ctx)
}

func TestRetryer_IsAskedForItsAttemptTokens(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		opts []func(*flowlogs.Options)
	}{
		{"as it is", nil},
		{"with RetryMaxAttempts of a client option", []func(*flowlogs.Options){withClientOptions(withAttempts(5))}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud, server := newServer(t)
			adaptive := &attemptTokens{RetryerV2: retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
				o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) {
					o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
				})
			})}
			client := server.Client(func(o *ec2.Options) { o.Retryer = adaptive })
			for i, api := range []flowlogs.API{client, struct{ *ec2.Client }{client}} {
				cloud.Inject(flowlogstest.Respond(500, ""))
				_, err := flowlogs.New(api, test.opts...).Create(t.Context(), vpcRequestFrom(i, 1))
				require.NoError(t, err)
				assert.Equal(t, 2*(i+1), adaptive.calls)
			}
		})
	}
}

// v1Retryer has the methods of the SDK's first Retryer alone.
type v1Retryer struct{ aws.Retryer }

func TestRetryer_MayBeOfTheFirstVersion(t *testing.T) {
	t.Parallel()
	cloud, server := newServer(t)
	cloud.Inject(flowlogstest.Respond(500, ""))
	resp, err := flowlogs.New(server.Client(), withRetryer(v1Retryer{quickRetryer(3)})).Create(t.Context(), vpcRequest(1))
	require.NoError(t, err)
	assert.Equal(t, 2, resp.Batches[0].Attempts)
}

func TestLimiter_ErrorEndsTheCallWithoutRetries(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
	}{
		{"any", errDeploy},
		{"a deadline, which the SDK would retry", context.DeadlineExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{1, 50} {
				cloud, server := newServer(t)
				for _, api := range []flowlogs.API{cloud, server.Client()} {
					limiter := &recorder{err: test.err}
					resp, err := flowlogs.New(api, withLimiter(limiter), batchesOf(1)).Create(t.Context(), vpcRequest(n))
					assert.Equal(t, flowlogs.ErrNotAttempted, flowlogs.ReasonOf(err))
					require.ErrorIs(t, err, test.err)
					assert.Less(t, limiter.waits, max(n, 2))
					assert.Zero(t, resp.Batches[0].Attempts)
					assert.Empty(t, limiter.observed)
				}
				assert.Empty(t, cloud.Calls())
			}
		})
	}
}

func TestOptions_ZeroMeansTheDefaultWhoeverSetsIt(t *testing.T) {
	t.Parallel()
	set := func(o *flowlogs.Options) {
		o.Token = func(flowlogs.Request) (string, error) { return "t", nil }
		o.Retryer = aws.NopRetryer{}
		o.BatchSize, o.Concurrency, o.RetryTimeout, o.PropagationTimeout = 1, 1, time.Second, time.Second
		o.Limiter = &recorder{err: errDeploy}
		o.Allow = func(*flowlogs.FieldError) bool { return true }
		o.Isolate = func(flowlogs.Reason) bool { return true }
		o.OnProgress = func(flowlogs.Progress) { t.Error("progress is not reported") }
		o.ClientOptions = []func(*ec2.Options){withAttempts(1)}
	}
	reset := func(o *flowlogs.Options) { *o = flowlogs.Options{} }
	cloud, server := newServer(t)
	cloud.Inject(flowlogstest.Respond(500, ""))
	resp, err := flowlogs.New(server.Client(noBackoff), set).Create(t.Context(), vpcRequest(2), reset)
	require.NoError(t, err)
	assert.Equal(t, []int{2}, attempts(resp))
	assert.Len(t, resp.ClientToken, 36, "a UUID")
	_, err = flowlogs.New(cloud, set, reset).Create(t.Context(), vpcRequestFrom(2, 2))
	require.NoError(t, err)
	_, err = flowlogs.New(cloud, func(o *flowlogs.Options) { o.BatchSize, o.Concurrency = -1, -1 }).Create(t.Context(), vpcRequestFrom(4, 301))
	require.NoError(t, err, "negative sizes too")
}

func TestOptions_OfACallLeaveTheClientAlone(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	client := flowlogs.New(cloud, batchesOf(2))
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

func TestOptions_NilLimiterOfACallIsTheClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.Throttle())
		client := flowlogs.New(cloud, withLimiter(&recorder{err: errDeploy}))
		restore := func(o *flowlogs.Options) { o.Limiter = nil }
		start := time.Now()
		for i := range 10 {
			_, err := client.Create(t.Context(), vpcRequestFrom(i, 1), restore)
			require.NoError(t, err)
		}
		assert.Greater(t, time.Since(start), time.Second, "one Limiter of the Client that has learned paces all of them")
	})
}

func TestOptions_NoLimitDoesNotPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.Throttle())
		start := time.Now()
		quick := withRetryer(quickRetryer(2))
		_, err := flowlogs.New(cloud, withLimiter(flowlogs.NoLimit), quick, batchesOf(1)).Create(t.Context(), vpcRequest(200))
		require.NoError(t, err)
		assert.Zero(t, time.Since(start))
	})
}

func TestOptions_LimiterObservesEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, sdk := range []bool{false, true} {
			cloud, limiter := flowlogstest.New(), &recorder{}
			cloud.Inject(flowlogstest.Throttle(), flowlogstest.LoseResponse())
			var api flowlogs.API = cloud
			if sdk {
				api = inMemory(cloud)
			}
			_, err := flowlogs.New(api, withLimiter(limiter)).Create(t.Context(), vpcRequest(1))
			require.NoError(t, err)
			assert.Equal(t, 3, limiter.waits)
			assert.Equal(t, []flowlogs.Reason{flowlogs.ErrThrottled, flowlogs.ErrNoResponse, ""}, limiter.observed)
		}
	})
}

// forwarding is what one writes around a Limiter, to count calls for example.
type forwarding struct{ flowlogs.Limiter }

func (f forwarding) Observe(a flowlogs.Attempt) { f.Limiter.(flowlogs.Observer).Observe(a) }

func TestOptions_LimiterLearnsBehindAWrapperThatForwardsObserve(t *testing.T) {
	t.Parallel()
	elapsed := func(l flowlogs.Limiter) (took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			cloud := flowlogstest.New()
			cloud.Inject(flowlogstest.Throttle())
			start := time.Now()
			_, err := flowlogs.New(cloud, withLimiter(l), withRetryer(quickRetryer(3)), batchesOf(1)).Create(t.Context(), vpcRequest(100))
			require.NoError(t, err)
			took = time.Since(start)
		})
		return took
	}
	assert.Greater(t, elapsed(forwarding{flowlogs.NewLimiter()}), time.Second)
	assert.Zero(t, elapsed(struct{ flowlogs.Limiter }{flowlogs.NewLimiter()}), "it is told nothing")
}

func TestOptions_RegionsHaveALimiterEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		client := flowlogs.New(inMemory(cloud), withRetryer(quickRetryer(3)))
		in := func(region string) func(*flowlogs.Options) {
			return withClientOptions(func(o *ec2.Options) { o.Region = region })
		}
		cloud.Inject(flowlogstest.Throttle())
		_, err := client.Create(t.Context(), vpcRequest(1), in("us-east-1"))
		require.NoError(t, err)
		start := time.Now()
		_, err = client.Create(t.Context(), vpcRequestFrom(1, 50), in("eu-west-1"), batchesOf(1))
		require.NoError(t, err)
		assert.Zero(t, time.Since(start), "nothing was throttled there")
		_, err = client.Create(t.Context(), vpcRequestFrom(51, 50), in("us-east-1"), batchesOf(1))
		require.NoError(t, err)
		assert.NotZero(t, time.Since(start))
	})
}

func TestOptions_ClientOptionsMayLookAtTheClient(t *testing.T) {
	t.Parallel()
	looked := 0
	look := withClientOptions(func(o *ec2.Options) {
		looked++
		assert.NotNil(t, o.HTTPClient)
		assert.NotNil(t, o.Retryer)
		assert.NotNil(t, o.Logger)
		o.HTTPClient = o.HTTPClient.(interface {
			Do(*http.Request) (*http.Response, error)
		})
		o.RetryMaxAttempts = max(o.Retryer.MaxAttempts(), 2)
	})
	mock := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		return created(in), nil
	})
	_, err := flowlogs.New(mock, look).Create(t.Context(), vpcRequest(1))
	require.NoError(t, err)
	assert.NotZero(t, looked)
}

func TestOptions_ClientOptionsOfACallFollowThoseOfTheClient(t *testing.T) {
	t.Parallel()
	_, server := newServer(t)
	var order []string
	note := func(s string) func(*ec2.Options) {
		return func(*ec2.Options) { order = append(order, s) }
	}
	client := flowlogs.New(server.Client(), withClientOptions(note("client")))
	order = nil
	_, err := client.CreateFlowLogs(t.Context(), vpcInput(t, 1), note("call"))
	require.NoError(t, err)
	assert.Equal(t, []string{"client", "call"}, order[len(order)-2:])
}

func TestOptions_ClientOptionsAreNotSharedBetweenCalls(t *testing.T) {
	t.Parallel()
	api, nothing := &optionsOfCalls{}, func(*ec2.Options) {}
	client := flowlogs.New(api, withClientOptions(nothing, nothing))
	for range 2 {
		_, err := client.Create(t.Context(), vpcRequest(1))
		require.NoError(t, err)
	}
	assert.NotSame(t, &api.got[0][0], &api.got[1][0], "an API may append to its options while another call runs")
}

// optionsOfCalls notes the options that it is called with.
type optionsOfCalls struct{ got [][]func(*ec2.Options) }

func (a *optionsOfCalls) CreateFlowLogs(_ context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	a.got = append(a.got, optFns)
	return created(in), nil
}
