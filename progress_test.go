package flowlogs_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// watch keeps the reports of a job.
func watch(reports *[]flowlogs.Progress) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) {
		o.OnProgress = func(p flowlogs.Progress) { *reports = append(*reports, p) }
	}
}

// requireGrowing returns the last of reports of which each goes on from the one
// before.
func requireGrowing(t *testing.T, reports []flowlogs.Progress) flowlogs.Progress {
	t.Helper()
	require.NotEmpty(t, reports)
	var before flowlogs.Progress
	for _, p := range reports {
		require.True(t, p.Created >= before.Created && p.Unsuccessful >= before.Unsuccessful && p.Failed >= before.Failed &&
			p.BatchesDone >= before.BatchesDone && p.Attempts >= before.Attempts && p.Throttled >= before.Throttled &&
			p.Elapsed >= before.Elapsed, "%+v after %+v", p, before)
		before = p
	}
	return before
}

func TestProgress_AddsUp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault []flowlogstest.Fault
		want  flowlogs.Progress // of 60 VPCs, 7 to a batch
	}{
		{"all created", nil, flowlogs.Progress{Created: 60, Attempts: 9}},
		{"one item", []flowlogstest.Fault{flowlogstest.FailResources("400", "LogDestination: b does not exist", vpcID(1)).Keep()},
			flowlogs.Progress{Created: 59, Unsuccessful: 1, Attempts: 9}},
		{"one isolated", []flowlogstest.Fault{rejectsVPC("FlowLogAlreadyExists", 20)}, flowlogs.Progress{Created: 59, Failed: 1, Attempts: 13}},
		{"one throttled, then created", []flowlogstest.Fault{flowlogstest.Throttle().On(about(vpcID(40)))},
			flowlogs.Progress{Created: 60, Attempts: 10, Throttled: 1}},
		{"one throttled for good", []flowlogstest.Fault{flowlogstest.Throttle().On(about(vpcID(40))).Keep()},
			flowlogs.Progress{Created: 53, Failed: 7, Attempts: 8 + 8, Throttled: 8}},
		{"stopped", []flowlogstest.Fault{rejectsVPC("AuthFailure")}, flowlogs.Progress{Failed: 60, Attempts: 1}},
		{"more than the response accounts for", []flowlogstest.Fault{flowlogstest.EditResponse(func(out *ec2.CreateFlowLogsOutput) {
			out.FlowLogIds = append(out.FlowLogIds, "fl-1", "fl-2")
		}).On(about(vpcID(0)))}, flowlogs.Progress{Created: 60, Attempts: 9}},
	}
	for _, test := range tests {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stream %v", test.name, stream), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var reports []flowlogs.Progress
					client := flowlogs.New(cloudWith(test.fault...), batchesOf(7), oneAtATime, oneAttemptEach, watch(&reports),
						func(o *flowlogs.Options) { o.RetryTimeout = time.Minute })
					want := test.want
					want.Resources, want.Batches, want.BatchesDone = 60, 9, 9
					if stream {
						_, _ = streamResponse(t.Context(), client, rooted(60))
						want.Resources, want.Batches = -1, -1
					} else {
						_, _ = client.Create(t.Context(), rooted(60))
					}
					last := requireGrowing(t, reports)
					if stream && test.name == "stopped" { // it has not taken all
						assert.Less(t, last.Failed, 60)
						last.Failed, last.BatchesDone = 60, 9
					}
					last.Elapsed, last.Rate, last.Remaining = 0, 0, 0
					assert.Equal(t, want, last)
				})
			})
		}
	}
}

func TestProgress_CountsWhatTheCreditDidNotSufficeFor(t *testing.T) {
	t.Parallel()
	for _, n := range []int{300, 301} {
		synctest.Test(t, func(t *testing.T) {
			var reports []flowlogs.Progress
			_, err := flowlogs.New(cloudWith(rejectsVPC("FlowLogAlreadyExists")), watch(&reports)).Create(t.Context(), rooted(n))
			require.ErrorIs(t, err, flowlogs.ErrAlreadyExists)
			assert.Equal(t, n, requireGrowing(t, reports).Failed)
		})
	}
}

func TestProgress_OfASingleCall(t *testing.T) {
	t.Parallel()
	var reports []flowlogs.Progress
	_, err := flowlogs.New(flowlogstest.New(), watch(&reports)).Create(t.Context(), vpcRequest(2))
	require.NoError(t, err)
	require.Len(t, reports, 1)
	reports[0].Elapsed, reports[0].Rate = 0, 0
	assert.Equal(t, flowlogs.Progress{Resources: 2, Created: 2, Batches: 1, BatchesDone: 1, Attempts: 1}, reports[0])
}

func TestProgress_OfADryRunCreatesNothing(t *testing.T) {
	t.Parallel()
	var reports []flowlogs.Progress
	req := rooted(4)
	req.DryRun = true
	_, err := flowlogs.New(flowlogstest.New(), batchesOf(2), watch(&reports)).Create(t.Context(), req)
	require.NoError(t, err)
	last := requireGrowing(t, reports)
	assert.Equal(t, 2, last.BatchesDone)
	assert.Zero(t, last.Created+last.Unsuccessful+last.Failed)
}

func TestProgress_SaysHowManyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reports []flowlogs.Progress
		cloud := cloudWith(
			flowlogstest.Throttle().On(about(vpcID(0))), flowlogstest.Throttle().On(about(vpcID(1))),
			rejectsVPC("FlowLogAlreadyExists", 4), // whose halves do not wait
		)
		_, _ = flowlogs.New(cloud, batchesOf(1), oneAtATime, oneAttemptEach, watch(&reports)).Create(t.Context(), rooted(4))
		most := 0
		for _, p := range reports {
			most = max(most, p.Waiting)
		}
		assert.Equal(t, 2, most)
		assert.Zero(t, requireGrowing(t, reports).Waiting)

		reports = nil
		_, _ = flowlogs.New(cloud, batchesOf(4), oneAttemptEach, watch(&reports)).Create(t.Context(), rooted(8))
		for _, p := range reports {
			assert.Zero(t, p.Waiting, "a half does not wait for a retry")
		}
	})
}

// The rate follows what gets through, and the time that is left follows the rate.
func TestProgress_EstimatesTheTimeThatIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
			if time.Since(start) < 10*time.Minute {
				time.Sleep(time.Second) // 10 VPCs a second
			} else {
				time.Sleep(4 * time.Second)
			}
			return created(in), nil
		})
		var reports []flowlogs.Progress
		_, err := flowlogs.New(api, batchesOf(10), oneAtATime, watch(&reports)).Create(t.Context(), rooted(9000))
		require.NoError(t, err)
		end := time.Since(start)
		for _, p := range reports {
			settled := p.Elapsed > time.Second && p.Elapsed < 10*time.Minute || p.Elapsed > 11*time.Minute+10*time.Second
			if !settled {
				continue
			}
			rate := 10.0
			if p.Elapsed > 10*time.Minute {
				rate = 2.5
				assert.InDelta(t, (end - p.Elapsed).Seconds(), p.Remaining.Seconds(), 10)
			}
			assert.InDelta(t, rate, p.Rate, 0.5, "after %v", p.Elapsed)
		}
		assert.Zero(t, reports[len(reports)-1].Remaining)
	})
}
