package flowlogs_test

import (
	"context"
	"fmt"
	"math"
	"slices"
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

func concurrently(n int) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) { o.Concurrency = n }
}

// headsOf returns the first resource of each batch of 300.
func headsOf(batches int) []int {
	heads := make([]int, batches)
	for i := range heads {
		heads[i] = i * 300
	}
	return heads
}

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
