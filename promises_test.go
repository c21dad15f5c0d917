package flowlogs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// Each of these tests fails if a single line of the library is broken on which it
// depends that EC2 creates nothing twice and no resource is lost.
func TestPromises_HaveTheirTests(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var tests []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		tests = append(tests, string(content))
	}
	for _, name := range []string{
		"TestBatch_TokensAreTheSameOnAnyMachine",
		"TestContentToken_IsTheSameOnAnyMachine",
		"TestCreate_IsUnmovedByAnAPIThatChangesItsInput",
		"TestCreate_IsolatesByHalvesTheFirstOneFirst",
		"TestCreate_RejectsAResponseThatLeavesResourcesOut",
		"TestCreate_ResendsTheSameResourcesUnderAnotherTokenEachTime",
		"TestCreate_RetriesALostResponseUnderTheSameToken",
		"TestCreate_SendsTheSameCallsForTheSameRequestAndToken",
		"TestCreate_UsesTheRootTokenForOneCallAndDerivedOnesForSeveral",
		"TestNew_OfATypeThatEmbedsAClientRetriesAndPacesOnce",
	} {
		assert.Contains(t, strings.Join(tests, "\n"), "\nfunc "+name+"(t *testing.T) {")
	}
}

// An iterator calls runtime.Goexit if it calls t.FailNow.
func TestStream_EndsItsCallsBeforeItRepeatsTheGoexitOfTheIterator(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inFlight atomic.Int32
		api := apiFunc(func(ctx context.Context, _ *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
			inFlight.Add(1)
			defer inFlight.Add(-1)
			<-ctx.Done()
			time.Sleep(time.Second)
			return nil, ctx.Err()
		})
		done := make(chan int32)
		go func() {
			defer func() { done <- inFlight.Load() }()
			for range flowlogs.New(api, batchesOf(1)).Stream(t.Context(), streamRequest(), func(yield func(string, error) bool) {
				yield(vpcID(0), nil)
				time.Sleep(time.Second)
				runtime.Goexit()
			}) {
			}
		}()
		assert.Zero(t, <-done, "calls in flight after Stream")
		time.Sleep(time.Minute) // so that the bubble ends even if they were
	})
}

// existing is an EC2 that rejects calls with a missing VPC, and has a flow log for each
// other one already.
func existing(missing ...string) apiFunc {
	return func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		out := &ec2.CreateFlowLogsOutput{}
		for _, id := range in.ResourceIds {
			if slices.Contains(missing, id) {
				return nil, apiError("InvalidVpcID.NotFound", "")
			}
			out.Unsuccessful = append(out.Unsuccessful, types.UnsuccessfulItem{
				ResourceId: &id, Error: &types.UnsuccessfulItemError{Code: aws.String("FlowLogAlreadyExists")},
			})
		}
		return out, nil
	}
}

// The last of 300 is found with two calls less than are paid for. What is given back of
// five batches pays for a sixth.
func TestCreate_GivesBackTheCreditThatABatchDoesNotNeed(t *testing.T) {
	t.Parallel()
	ids := vpcIDs(6 * 300)
	var missing []string
	for i := 299; i < len(ids); i += 300 {
		missing = append(missing, ids[i])
	}
	resp, err := flowlogs.New(existing(missing...), oneAtATime, withLimiter(flowlogs.NoLimit)).Create(t.Context(), rooted(len(ids)))
	require.Error(t, err)
	assert.Len(t, resp.Unsuccessful, 6*299)
}

func TestCreate_RefillsTheCreditOnlyFromPartsOfARejectedBatch(t *testing.T) {
	t.Parallel()
	const pairs = 10 // of a batch of which all are missing, and a healthy one
	cloud := cloudWith(flowlogstest.Reject("InvalidVpcID.NotFound", "", 400).Keep().On(func(c flowlogstest.Call) bool {
		return slices.Index(vpcIDs(2*pairs*300), c.ResourceIDs[0])/300%2 == 1
	}))
	resp, err := flowlogs.New(cloud, oneAtATime, withLimiter(flowlogs.NoLimit)).Create(t.Context(), rooted(2*pairs*300))
	require.ErrorIs(t, err, flowlogs.ErrResourceNotFound)
	assert.Len(t, resp.FlowLogIDs, pairs*300)
	assert.LessOrEqual(t, len(cloud.Calls()), 2*pairs+100)
}

// stumbling is an EC2 in which each call takes ten seconds and the first three for a
// resource fail.
func stumbling(then func(*ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error)) apiFunc {
	var mu sync.Mutex
	calls := map[string]int{}
	return func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		time.Sleep(10 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if calls[in.ResourceIds[0]]++; calls[in.ResourceIds[0]] <= 3 {
			return nil, httpError(503, "Unavailable")
		}
		return then(in)
	}
}

func TestCreate_MeasuresAnOutageFromTheLastResponse(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(*ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error){
		"success": func(in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) { return created(in), nil },
		"rejection": func(*ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
			return nil, apiError("InvalidVpcID.NotFound", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, err := flowlogs.New(stumbling(then), oneAtATime, batchesOf(1), withLimiter(flowlogs.NoLimit), withRetryer(quickRetryer(2)), func(o *flowlogs.Options) {
					o.RetryTimeout = 2 * time.Minute
				}).Create(t.Context(), rooted(20))
				require.NotErrorIs(t, err, flowlogs.ErrNotAttempted)
				require.NotErrorIs(t, err, flowlogs.ErrUnavailable)
			})
		})
	}
}

type waitFunc func(context.Context) error

func (f waitFunc) Wait(ctx context.Context) error { return f(ctx) }

func TestCreate_SendsNothingThatTheLimiterHeldWhenTheJobStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var waits atomic.Int32
		cloud := cloudWith(flowlogstest.Reject("AuthFailure", "", 401).Keep())
		_, err := flowlogs.New(cloud, batchesOf(1), withLimiter(waitFunc(func(context.Context) error {
			time.Sleep(time.Duration(waits.Add(1)) * time.Second)
			return nil
		}))).Create(t.Context(), rooted(8))
		require.ErrorIs(t, err, flowlogs.ErrAuthFailure)
		assert.Len(t, cloud.Calls(), 1)
	})
}

// ownContext is a context of another package: one derived from it ends a moment later.
type ownContext struct {
	context.Context //nolint:containedctx // a context of another package
	done            chan struct{}
	err             atomic.Pointer[error]
}

func (c *ownContext) Done() <-chan struct{} { return c.done }

func (c *ownContext) Err() error {
	if err := c.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (*ownContext) Value(any) any { return nil }

func (*ownContext) Deadline() (time.Time, bool) { return time.Time{}, false }

func endAfter(d time.Duration) *ownContext {
	c := &ownContext{Context: context.Background(), done: make(chan struct{})}
	time.AfterFunc(d, func() {
		err := context.DeadlineExceeded
		c.err.Store(&err)
		close(c.done)
	})
	return c
}

// Each of these waits for something for longer than the context lasts.
func TestCreate_EndsWithTheContextInEveryWait(t *testing.T) {
	t.Parallel()
	const end = 2500 * time.Millisecond
	for name, wait := range map[string]struct {
		faults  []flowlogstest.Fault
		options func(*flowlogs.Options)
		reason  flowlogs.Reason
	}{
		"retry":       {[]flowlogstest.Fault{flowlogstest.Respond(503, "").Keep()}, func(*flowlogs.Options) {}, flowlogs.ErrUnavailable},
		"propagation": {[]flowlogstest.Fault{flowlogstest.PropagateAfter(newRole, time.Hour)}, func(o *flowlogs.Options) { o.PropagationTimeout = time.Hour }, flowlogs.ErrRoleNotAssumable},
		"slot":        {[]flowlogstest.Fault{flowlogstest.Delay(time.Hour).Keep()}, oneAtATime, flowlogs.ErrNoResponse},
		"credit or gate": {
			[]flowlogstest.Fault{
				flowlogstest.Reject("UnauthorizedOperation", "", 403).Keep(),
				flowlogstest.Delay(time.Second).Keep(),
			}, func(*flowlogs.Options) {}, flowlogs.ErrNotAuthorized,
		},
		"Limiter": {nil, withLimiter(waitFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })), flowlogs.ErrNotAttempted},
	} {
		for _, batches := range []int{1, 40} {
			for _, own := range []bool{false, true} {
				t.Run(fmt.Sprint(name, " ", batches, " ", own), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						start := time.Now()
						ctx, cancel := context.WithTimeout(t.Context(), end)
						defer cancel()
						if own {
							ctx = endAfter(end)
						}
						resp, err := flowlogs.New(cloudWith(wait.faults...), wait.options).Create(ctx, roleRequest(batches*300))
						require.ErrorIs(t, err, context.DeadlineExceeded)
						require.ErrorIs(t, err, wait.reason)
						assert.Equal(t, end, time.Since(start))
						n := 0
						for _, err := range resp.Results() {
							n++
							require.Error(t, err)
						}
						assert.Equal(t, batches*300, n)
					})
				})
			}
		}
	}
}

// A Stream whose source waits says once why it ended, and only then.
func TestStream_SaysOnceThatItsContextHasEnded(t *testing.T) {
	t.Parallel()
	for _, busy := range []bool{false, true} {
		t.Run(fmt.Sprint(busy), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				cloud := flowlogstest.New()
				if busy {
					cloud.Inject(flowlogstest.Delay(time.Hour).Keep())
				}
				ended, batches := 0, 0
				for _, err := range flowlogs.New(cloud, batchesOf(1)).Stream(ctx, streamRequest(), func(yield func(string, error) bool) {
					if yield(vpcID(0), nil) {
						<-ctx.Done()
					}
				}) {
					batches++
					if errors.Is(err, context.DeadlineExceeded) {
						ended++
					}
				}
				assert.Equal(t, 1, ended)
				assert.Equal(t, map[bool]int{false: 2, true: 1}[busy], batches)
			})
		})
	}
}

// TestCreate_ResumesWhatWaitedForARoleAsSoonAsOneSucceeds asks for no role, so nothing
// waits in it.
func TestCreate_WakesAllThatWaitForARole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		cloud := cloudWith(flowlogstest.PropagateAfter(newRole, 2*time.Minute))
		resp, err := flowlogs.New(cloud, concurrently(16), func(o *flowlogs.Options) { o.PropagationTimeout = time.Hour }).
			Create(t.Context(), roleRequest(100*300))
		require.NoError(t, err)
		assert.Len(t, resp.FlowLogIDs, 100*300)
		calls := len(cloud.Calls())
		assert.Greater(t, calls, 100+5*16, "the batches that wait: five for each slot")
		assert.LessOrEqual(t, calls, 100+5*16+20)
		assert.LessOrEqual(t, time.Since(start), 2*time.Minute+20*time.Second)
	})
}

func TestCreate_IsolatesAtOnceWhatIsDeniedAfterASuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		cloud := cloudWith(rejectsVPC("UnauthorizedOperation", headsOf(40)...), flowlogstest.Delay(time.Second).Keep())
		resp, err := flowlogs.New(cloud, withLimiter(flowlogs.NoLimit)).Create(t.Context(), rooted(40*300))
		require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
		assert.Len(t, resp.FlowLogIDs, 40*299)
		calls := time.Duration(len(cloud.Calls())) * time.Second
		assert.Less(t, time.Since(start), calls/2, "one after the other it takes all of it, by four a quarter")
	})
}

func TestCreate_BeginsNoBatchWhileOneIsIsolatedAndNothingAccepted(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 4, 16} {
		t.Run(fmt.Sprint(concurrency), func(t *testing.T) {
			t.Parallel()
			for range 10 {
				synctest.Test(t, func(t *testing.T) {
					cloud := cloudWith(flowlogstest.Reject("UnauthorizedOperation", "", 403).Keep(), flowlogstest.Delay(onTheWire).Keep())
					_, err := flowlogs.New(cloud, concurrently(concurrency), withLimiter(flowlogs.NoLimit)).Create(t.Context(), rooted(40*300))
					require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
					whole := 0
					for _, c := range cloud.Calls() {
						if len(c.ResourceIDs) == 300 {
							whole++
						}
					}
					assert.Equal(t, concurrency, whole)
				})
			}
		})
	}
}

// The Limiter lets few calls pass in an outage: none waits for its turn for longer than
// it would be retried.
func TestCreate_GivesUpInAnOutageHoweverManyCallersThereAre(t *testing.T) {
	t.Parallel()
	for _, callers := range []int{1, 5, 20, 50} {
		t.Run(fmt.Sprint(callers), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				client := flowlogs.New(cloudWith(flowlogstest.Respond(503, "").Keep()))
				var all sync.WaitGroup
				for i := range callers {
					all.Go(func() {
						_, err := client.Create(t.Context(), vpcRequestFrom(i, 1))
						assert.True(t, flowlogs.ReasonOf(err).Retryable(), "%v", err)
					})
				}
				all.Wait()
				assert.LessOrEqual(t, time.Since(start), 15*time.Second)
			})
		})
	}
}
