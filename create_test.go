package flowlogs_test

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestCreate_IsolatesOneCulpritInEveryBatchAtOnce(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 4, 16, 64, math.MaxInt} {
		for _, timeout := range []time.Duration{0, 5 * time.Minute} {
			t.Run(fmt.Sprint(concurrency, " ", timeout), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					cloud := cloudWith(rejectsVPC("InvalidVpcID.NotFound", headsOf(100)...))
					resp, err := flowlogs.New(cloud, concurrently(concurrency), func(o *flowlogs.Options) { o.PropagationTimeout = timeout }).
						Create(t.Context(), rooted(100*300))
					require.ErrorIs(t, err, flowlogs.ErrResourceNotFound)
					assert.Len(t, resp.FlowLogIDs, 29_900)
					calls := len(cloud.Calls())
					if timeout > 0 {
						calls -= 100 + 33 // the last wait of each batch, and those of the job
					}
					assert.LessOrEqual(t, calls, 100+100*20)
					assert.LessOrEqual(t, time.Since(start), timeout, "one deadline for the job")
				})
			})
		}
	}
}

func TestCreate_CreatesTheNeighboursOfSomeDeniedResources(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]int{{0, 1}, {0, 1, 2}, {150, 151, 152}, {0, 299}, {0, 150}, {7, 160, 290}} {
		t.Run(fmt.Sprint(bad), func(t *testing.T) {
			t.Parallel()
			cloud := cloudWith(rejectsVPC("UnauthorizedOperation", bad...))
			resp, err := flowlogs.New(cloud).Create(t.Context(), rooted(300))
			require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
			assert.Len(t, resp.FlowLogIDs, 300-len(bad))
			requireTruth(t, cloud, resp)
		})
	}
}

func TestCreate_StopsSoonIfAllIsRejected(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 4, 16} {
		t.Run(fmt.Sprint(concurrency), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := flowlogstest.New()
				cloud.Inject(flowlogstest.Reject("UnauthorizedOperation", "", 403).Keep(), flowlogstest.Delay(80*time.Millisecond).Keep())
				_, err := flowlogs.New(cloud, concurrently(concurrency)).Create(t.Context(), rooted(100*300))
				require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
				require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
				assert.LessOrEqual(t, len(cloud.Calls()), 60)
			})
		})
	}
}

func TestCreate_StopsADryRunThatIsDenied(t *testing.T) {
	t.Parallel()
	cloud := cloudWith(flowlogstest.Reject("UnauthorizedOperation", "", 403).Keep())
	req := rooted(200 * 300)
	req.DryRun = true
	_, err := flowlogs.New(cloud, oneAtATime).Create(t.Context(), req)
	require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
	assert.Len(t, cloud.Calls(), 10)
}

func TestCreate_LetsHealthyBatchesPassThoseThatFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		sick := func(c flowlogstest.Call) bool { return slices.Contains(vpcIDs(16*300), c.ResourceIDs[0]) }
		cloud := cloudWith(flowlogstest.Respond(500, "").Keep().On(sick))
		healthy := time.Duration(0)
		resp, err := flowlogs.New(cloud, func(o *flowlogs.Options) {
			o.OnProgress = func(p flowlogs.Progress) {
				if p.Created == 84*300 && healthy == 0 {
					healthy = time.Since(start)
				}
			}
		}).Create(t.Context(), rooted(100*300))
		require.ErrorIs(t, err, flowlogs.ErrUnavailable)
		require.NotErrorIs(t, err, flowlogs.ErrNotAttempted)
		assert.Len(t, resp.FlowLogIDs, 84*300)
		assert.LessOrEqual(t, healthy, 2*time.Minute)
	})
}

// A call that stops the job still has its slot while Isolate is asked.
func TestCreate_JudgesACallBeforeItSendsTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudWith(flowlogstest.Reject("AuthFailure", "", 401).Keep())
		_, err := flowlogs.New(cloud, batchesOf(2), oneAtATime, func(o *flowlogs.Options) {
			o.Isolate = func(flowlogs.Reason) bool { time.Sleep(time.Second); return false }
		}).Create(t.Context(), rooted(8))
		require.ErrorIs(t, err, flowlogs.ErrAuthFailure)
		assert.Len(t, cloud.Calls(), 1)
	})
}

// failingProvider is a source of credentials that fails for a time.
type failingProvider func() error

func (f failingProvider) Retrieve(context.Context) (aws.Credentials, error) {
	return someCredentials, f()
}

func TestCreate_OutlastsASourceOfCredentialsThatFailsForAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		cloud := cloudWith(flowlogstest.Delay(time.Second).Keep())
		provider := failingProvider(func() error {
			if after := time.Since(start); after > 10*time.Second && after < 70*time.Second {
				return httpError(503, "ServiceUnavailable")
			}
			return nil
		})
		client := ec2.New(inMemory(cloud).Options(), func(o *ec2.Options) { o.Credentials = provider })
		resp, err := flowlogs.New(client).Create(t.Context(), rooted(300*300))
		require.NoError(t, err)
		assert.Len(t, resp.FlowLogIDs, 300*300)

		start = time.Now().Add(-30 * time.Second)
		_, err = flowlogs.New(client).Create(t.Context(), rooted(1))
		require.ErrorIs(t, err, flowlogs.ErrConfiguration, "a job that has not signed a call stops")
		assert.Less(t, time.Since(start), 35*time.Second)
	})
}

func TestCreate_StopsWhenTheCredentialsEndAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, asked := time.Now(), 0
		cloud := cloudWith(flowlogstest.Respond(503, "").Keep())
		provider := failingProvider(func() error {
			if time.Since(start) > 10*time.Second {
				asked++
				return errExpired
			}
			return nil
		})
		client := ec2.New(inMemory(cloud).Options(), func(o *ec2.Options) { o.Credentials = provider })
		_, err := flowlogs.New(client).Create(t.Context(), rooted(100*300))
		require.ErrorIs(t, err, flowlogs.ErrConfiguration)
		require.ErrorIs(t, err, errExpired)
		require.ErrorIs(t, err, flowlogs.ErrUnavailable, "the error before")
		assert.LessOrEqual(t, asked, 16)
		assert.Less(t, time.Since(start), time.Minute)
	})
}

var errExpired = fmt.Errorf("the SSO session has expired")

func TestStream_FitsTheErrorsOfInvalidIDsToTheirBatch(t *testing.T) {
	t.Parallel()
	asked := map[string]int{}
	ids := []string{vpcID(0), "vpc-wrong", vpcID(0), vpcID(1), "vpc-allowed"}
	for b, err := range flowlogs.New(flowlogstest.New(), func(o *flowlogs.Options) {
		o.Allow = func(f *flowlogs.FieldError) bool {
			asked[f.Value]++
			return f.Value == vpcID(0)
		}
	}).Stream(t.Context(), streamRequest(), idSeq(ids)) {
		var invalid *flowlogs.ValidationError
		if assert.ErrorIs(t, err, flowlogs.ErrInvalidParameter) && len(b.FlowLogIDs) == 0 && assert.ErrorAs(t, err, &invalid) {
			for i, f := range invalid.Fields {
				assert.Equal(t, fmt.Sprintf("ResourceIDs[%d]", i), f.Field)
				assert.Equal(t, b.ResourceIDs[i], f.Value)
			}
			break
		}
	}
	assert.Equal(t, map[string]int{vpcID(0): 1, "vpc-wrong": 1, "vpc-allowed": 1}, asked)
}

func TestCreate_IsolatesTheResourcesThatAreRejected(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		code string
		bad  []int
		want flowlogs.Reason
	}{
		{"one was deleted meanwhile", "InvalidVpcID.NotFound", []int{123}, flowlogs.ErrResourceNotFound},
		{"one has its flow log already", "FlowLogAlreadyExists", []int{0}, flowlogs.ErrAlreadyExists},
		{"the first is denied", "UnauthorizedOperation", []int{0}, flowlogs.ErrNotAuthorized},
		{"the last is denied", "UnauthorizedOperation", []int{299}, flowlogs.ErrNotAuthorized},
		{"one has too many", "FlowLogsLimitExceeded", []int{150}, flowlogs.ErrLimitExceeded},
		{"one is of another kind", "InvalidParameter", []int{149}, flowlogs.ErrInvalidParameter},
		{"ten are denied", "UnauthorizedOperation", slices.Collect(everyNth(30, 300)), flowlogs.ErrNotAuthorized},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud := cloudWith(rejectsVPC(test.code, test.bad...))
			resp, err := flowlogs.New(cloud).Create(t.Context(), rooted(300))
			assert.Len(t, callErrors(err), len(test.bad))
			requireTruth(t, cloud, resp)
			assert.Equal(t, map[flowlogs.Reason]int{"": 300 - len(test.bad), test.want: len(test.bad)}, byReason(resp))
			var ids []string
			for _, b := range resp.Batches {
				assert.Zero(t, b.Index, "the leaves take the batch's place")
				ids = append(ids, b.ResourceIDs...)
			}
			assert.Equal(t, vpcIDs(300), ids, "in its order")
		})
	}
}

func everyNth(n, to int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := 0; i < to && yield(i); i += n {
		}
	}
}

func TestCreate_IsolatesByHalvesTheFirstOneFirst(t *testing.T) {
	t.Parallel()
	cloud := cloudWith(rejectsVPC("InvalidVpcID.NotFound", 3))
	_, err := flowlogs.New(cloud, batchesOf(5), oneAtATime).Create(t.Context(), rooted(10))
	require.ErrorIs(t, err, flowlogs.ErrResourceNotFound)
	var sent [][]string
	for _, c := range cloud.Calls() {
		sent = append(sent, c.ResourceIDs)
	}
	ids := vpcIDs(10)
	assert.Equal(t, [][]string{ids[:5], ids[5:], ids[:3], ids[3:5], ids[3:4], ids[4:5]}, sent, "and after the batch that waits for the slot")
	assert.Len(t, requireOneBodyPerToken(t, cloud), 6, "each under a token of its own")
}

func TestCreate_IsolatesWhatOptionsSay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		code    string
		isolate func(flowlogs.Reason) bool
		calls   int
	}{
		{"nothing", "InvalidVpcID.NotFound", func(flowlogs.Reason) bool { return false }, 1},
		{"another reason", "InvalidVpcID.NotFound", func(r flowlogs.Reason) bool { return r == flowlogs.ErrAlreadyExists }, 1},
		{"this reason", "InvalidVpcID.NotFound", func(r flowlogs.Reason) bool { return r == flowlogs.ErrResourceNotFound }, 5},
		{"a reason that is not isolated by default", "LogDestinationNotFound", func(flowlogs.Reason) bool { return true }, 5},
		{"a code that nobody knows", "Surprise", func(r flowlogs.Reason) bool { return r == "" }, 5},
		{"everything, but a transient failure is no rejection", "RequestLimitExceeded", func(flowlogs.Reason) bool { return true }, 3},
		{"everything, but no call may succeed without credentials", "AuthFailure", func(flowlogs.Reason) bool { return true }, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := cloudWith(rejectsVPC(test.code, 0))
				resp, err := flowlogs.New(cloud, func(o *flowlogs.Options) { o.Isolate = test.isolate }, noRetryTimeout).Create(t.Context(), rooted(4))
				require.Error(t, err)
				assert.Len(t, cloud.Calls(), test.calls)
				requireTruth(t, cloud, resp)
			})
		})
	}
}

func TestCreate_IsolatesNothingInARawCall(t *testing.T) {
	t.Parallel()
	cloud := cloudWith(rejectsVPC("InvalidVpcID.NotFound", 0))
	in, err := rooted(4).Input()
	require.NoError(t, err)
	_, err = flowlogs.New(cloud).CreateFlowLogs(t.Context(), in)
	require.ErrorIs(t, err, flowlogs.ErrResourceNotFound)
	assert.Len(t, cloud.Calls(), 1)
}

// The calls for it come out of a credit, which resources that are created refill.
func TestCreate_IsolatesForABoundedNumberOfCalls(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		vpcs    int
		bad     func(func(int) bool)
		created int
		extra   int // calls at most
	}{
		{"all of 300 exist", 300, numbers(0, 300), 0, 100},
		{"all of 30,000 exist", 30_000, numbers(0, 30_000), 0, 100},
		{"one bad in each of 20 batches", 6000, everyNth(301, 6000), 5980, 20 * 20},
		{"three bad in each of 20 batches", 6000, everyNth(100, 6000), 5940, 60 * 20},
		{"one bad in each of 200 batches", 60_000, everyNth(300, 60_000), 59_800, 200 * 20},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := &countingAPI{bad: make(map[string]bool)}
				for n := range test.bad {
					api.bad[vpcID(n)] = true
				}
				resp, err := flowlogs.New(api).Create(t.Context(), rooted(test.vpcs))
				require.ErrorIs(t, err, flowlogs.ErrAlreadyExists)
				assert.Equal(t, map[flowlogs.Reason]int{"": test.created, flowlogs.ErrAlreadyExists: test.vpcs - test.created}, nonZero(byReason(resp)))
				assert.LessOrEqual(t, int(api.calls.Load())-test.vpcs/300, test.extra)
			})
		})
	}
}

func nonZero(n map[flowlogs.Reason]int) map[flowlogs.Reason]int {
	n[""] += 0
	return n
}

// countingAPI rejects calls that are about a bad resource, and counts calls.
type countingAPI struct {
	bad   map[string]bool
	calls atomic.Int64
}

func (a *countingAPI) CreateFlowLogs(_ context.Context, in *ec2.CreateFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	time.Sleep(onTheWire)
	a.calls.Add(1)
	if slices.ContainsFunc(in.ResourceIds, func(id string) bool { return a.bad[id] }) {
		return nil, apiError("FlowLogAlreadyExists", "there is one")
	}
	return created(in), nil
}

// Rejected as a whole by EC2, or with an item for the one: the others have theirs.
func TestCreate_CreatesTheOthersHoweverOneIsRejected(t *testing.T) {
	t.Parallel()
	for _, fault := range []flowlogstest.Fault{
		rejectsVPC("FlowLogAlreadyExists", 7),
		flowlogstest.FailResources("FlowLogAlreadyExists", "there is one", vpcID(7)).Keep(),
	} {
		cloud := cloudWith(fault)
		resp, err := flowlogs.New(cloud).Create(t.Context(), rooted(300))
		require.ErrorIs(t, err, flowlogs.ErrAlreadyExists)
		assert.Equal(t, map[flowlogs.Reason]int{"": 299, flowlogs.ErrAlreadyExists: 1}, byReason(resp))
		requireTruth(t, cloud, resp)
	}
}

func TestCreate_LeavesNothingWhenTheCulpritsAreMendedAndItIsResumed(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"InvalidVpcID.NotFound", "UnauthorizedOperation", "FlowLogsLimitExceeded"} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stream %v", code, stream), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					bad := slices.Collect(everyNth(301, 6000))
					mended := false
					cloud := cloudWith(rejectsVPC(code, bad...).On(func(flowlogstest.Call) bool { return !mended }))
					client := flowlogs.New(cloud)
					_, err := client.Create(t.Context(), rooted(6000))
					assert.Len(t, callErrors(err), 20)
					assert.Len(t, cloud.FlowLogs(), 5980)

					mended = true
					run := client.Create
					if stream {
						run = func(ctx context.Context, req flowlogs.Request, _ ...func(*flowlogs.Options)) (*flowlogs.Response, error) {
							return streamResponse(ctx, client, req)
						}
					}
					_, err = run(t.Context(), rooted(6000))
					require.NoError(t, err)
					requireOneFlowLogEach(t, cloud, vpcIDs(6000))
					requireOneBodyPerToken(t, cloud)
					requireOneTree(t, cloud, 300)
				})
			})
		}
	}
}

// requireOneTree holds all calls to the halves, and halves of halves, of batches.
func requireOneTree(t *testing.T, cloud *flowlogstest.EC2, size int) {
	t.Helper()
	for _, c := range cloud.Calls() {
		var first int
		_, err := fmt.Sscanf(c.ResourceIDs[0], "vpc-%x", &first)
		require.NoError(t, err)
		from, n := first/size*size, size
		for n > len(c.ResourceIDs) || from < first {
			require.Positive(t, n, "no part of a batch: %s", c.ResourceIDs)
			if half := (n + 1) / 2; first < from+half {
				n = half
			} else {
				from, n = from+half, n-half
			}
			require.LessOrEqual(t, bits.Len(uint(n)), bits.Len(uint(size)))
		}
		require.Len(t, c.ResourceIDs, n, "no part of a batch: %s", c.ResourceIDs)
	}
}

// A job may be cut off at any call, and be resumed: every resource has one flow
// log in the end, and both runs walk the same tree.
func TestCreate_IsolatesAgainAfterItWasCutOffAtAnyCall(t *testing.T) {
	t.Parallel()
	ends := []struct {
		name string
		cut  func(cancel func(), call func() (*ec2.CreateFlowLogsOutput, error)) (*ec2.CreateFlowLogsOutput, error)
	}{
		{"before the call", func(cancel func(), _ func() (*ec2.CreateFlowLogsOutput, error)) (*ec2.CreateFlowLogsOutput, error) {
			cancel()
			return nil, context.Canceled
		}},
		{"with the response", func(cancel func(), call func() (*ec2.CreateFlowLogsOutput, error)) (*ec2.CreateFlowLogsOutput, error) {
			defer cancel()
			return call()
		}},
		{"after EC2 has applied it", func(cancel func(), call func() (*ec2.CreateFlowLogsOutput, error)) (*ec2.CreateFlowLogsOutput, error) {
			_, _ = call()
			cancel()
			return nil, context.Canceled
		}},
	}
	for _, end := range ends {
		for k := 1; k <= 45; k++ {
			t.Run(fmt.Sprintf("%s %d", end.name, k), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud := cloudWith(rejectsVPC("InvalidVpcID.NotFound", 17, 70, 71))
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					calls, resumed := 0, false
					api := apiFunc(func(ctx context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
						call := func() (*ec2.CreateFlowLogsOutput, error) { return cloud.CreateFlowLogs(ctx, in) }
						if calls++; calls == k && !resumed {
							return end.cut(cancel, call)
						}
						return call()
					})
					client := flowlogs.New(api, batchesOf(50), oneAtATime)
					resp, err := client.Create(ctx, rooted(100))
					requireTruth(t, cloud, resp)
					if ctx.Err() != nil && byReason(resp)[""] < 97 {
						require.ErrorIs(t, err, context.Canceled)
					}
					resumed = true
					resp, err = client.Create(t.Context(), rooted(100))
					require.ErrorIs(t, err, flowlogs.ErrResourceNotFound)
					requireTruth(t, cloud, resp)
					assert.Equal(t, map[flowlogs.Reason]int{"": 97, flowlogs.ErrResourceNotFound: 3}, byReason(resp))
					assert.Len(t, cloud.FlowLogs(), 97)
					requireOneBodyPerToken(t, cloud)
					requireOneTree(t, cloud, 50)
				})
			})
		}
	}
}

// The one that is denied is found though the batch was, perhaps, applied before:
// not under other tokens, which would create the flow logs once more.
func TestCreate_DoesNotSplitWhatMayHaveBeenAppliedIfTheCallerIsDenied(t *testing.T) {
	t.Parallel()
	for _, lost := range []int{1, 3} { // in the same call, and in the one before
		synctest.Test(t, func(t *testing.T) {
			cloud := cloudWith(slices.Repeat([]flowlogstest.Fault{flowlogstest.LoseResponse()}, lost)...)
			cloud.Inject(flowlogstest.Reject("UnauthorizedOperation", "", 403))
			client := flowlogs.New(cloud, func(o *flowlogs.Options) { o.RetryTimeout = time.Hour })
			resp, err := client.Create(t.Context(), rooted(4))
			require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
			assert.Len(t, cloud.Calls(), lost+1)
			assert.Len(t, resp.Batches, 1)

			_, err = client.Create(t.Context(), rooted(4))
			require.NoError(t, err)
			requireOneFlowLogEach(t, cloud, vpcIDs(4))
		})
	}
}

// A resend of denied resources that is rejected as a whole is isolated too, and
// what the batch has created stays in the response.
func TestCreate_KeepsABatchWhoseResendIsSplit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const denied = "Access Denied for LogDestination: b. Please check LogDestination permission"
		for _, n := range []int{6, 12} { // one batch and two
			cloud := cloudWith(
				flowlogstest.FailResources("400", "no", vpcID(5)).Keep(),
				flowlogstest.FailResources("400", denied, vpcIDs(3)...).Keep().On(func(c flowlogstest.Call) bool { return len(c.ResourceIDs) == 6 }),
				rejectsVPC("FlowLogAlreadyExists", 1).On(func(c flowlogstest.Call) bool { return len(c.ResourceIDs) < 6 }),
			)
			resp, err := flowlogs.New(cloud, batchesOf(6), func(o *flowlogs.Options) { o.PropagationTimeout = time.Minute }).
				Create(t.Context(), rooted(n))
			require.ErrorIs(t, err, flowlogs.ErrAlreadyExists)
			requireTruth(t, cloud, resp)
			assert.Equal(t, map[flowlogs.Reason]int{"": n - 1, flowlogs.ErrAlreadyExists: 1}, byReason(resp), "an item that nobody knows has no reason")
			assert.Len(t, resp.FlowLogIDs, n-2)
			assert.Len(t, resp.Unsuccessful, 1)
		}
	})
}

// A half that could not be sent, and a resend, say what is known of the batch.
func TestCreate_SaysWhatIsKnownOfPartsThatWereNotSent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault flowlogstest.Fault
		want  flowlogs.Reason
	}{
		{"a half", rejectsVPC("FlowLogAlreadyExists"), flowlogs.ErrAlreadyExists},
		{"a resend", flowlogstest.FailResources("400", "Access Denied for LogDestination: b.").Keep(), flowlogs.ErrDestinationAccessDenied},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				resp, err := flowlogs.New(cloudWith(test.fault), func(o *flowlogs.Options) {
					o.PropagationTimeout = time.Minute
					o.Retryer = tokenless{unlimited{}, &calls}
				}).Create(t.Context(), rooted(2))
				require.ErrorIs(t, err, errBroken)
				for _, err := range resp.Results() {
					require.ErrorIs(t, err, test.want)
					require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
				}
			})
		})
	}
}

// tokenless lets the first attempt pass.
type tokenless struct {
	unlimited
	calls *int
}

func (r tokenless) GetAttemptToken(context.Context) (func(error) error, error) {
	if *r.calls++; *r.calls > 1 {
		return nil, errBroken
	}
	return func(error) error { return nil }, nil
}
