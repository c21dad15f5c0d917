package flowlogs_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// streamRequest is a request without IDs and with a token.
func streamRequest() flowlogs.Request {
	req := vpcRequest(0)
	req.ResourceIDs, req.ClientToken = nil, "root"
	return req
}

func collect(t *testing.T, stream iter.Seq2[flowlogs.Batch, error]) []flowlogs.Batch {
	t.Helper()
	var batches []flowlogs.Batch
	for b, err := range stream {
		require.NoError(t, err)
		batches = append(batches, b)
	}
	slices.SortFunc(batches, func(a, b flowlogs.Batch) int { return a.Index - b.Index })
	return batches
}

func TestAStreamIsTheCallsOfACreate(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 4, 5, 300} {
		ids := vpcIDs(n)
		req := streamRequest()
		streamed := collect(t, flowlogs.New(flowlogstest.New(), batchesOf(2)).Stream(t.Context(), req, idSeq(ids)))
		req.ResourceIDs = ids
		resp, err := flowlogs.New(flowlogstest.New(), batchesOf(2)).Create(t.Context(), req)
		require.NoError(t, err)
		require.Len(t, streamed, len(resp.Batches))
		for i, b := range resp.Batches {
			assert.Equal(t, b.ClientToken, streamed[i].ClientToken)
			assert.Equal(t, b.ResourceIDs, streamed[i].ResourceIDs)
			assert.Len(t, streamed[i].FlowLogIDs, len(b.FlowLogIDs))
		}
	}
}

func TestAStreamOfNothingIsNothing(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	assert.Empty(t, collect(t, flowlogs.New(cloud).Stream(t.Context(), streamRequest(), idSeq(nil))))
	assert.Empty(t, cloud.Calls())
}

func TestAStreamCanBeRunAgain(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	stream := flowlogs.New(cloud, batchesOf(2)).Stream(t.Context(), streamRequest(), idSeq(vpcIDs(5)))
	assert.Len(t, collect(t, stream), 3)
	assert.Len(t, collect(t, stream), 3)
	requireOneFlowLogEach(t, cloud, vpcIDs(5))
}

func TestAStreamChecksItsRequestFirst(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*flowlogs.Request) []string{
		`ResourceIDs "1 IDs": leave it empty: the IDs of a Stream come from its iterator`: func(r *flowlogs.Request) []string {
			r.ResourceIDs = vpcIDs(1)
			return vpcIDs(1)
		},
		`TrafficType: required`: func(r *flowlogs.Request) []string {
			r.TrafficType = ""
			return vpcIDs(1)
		},
		`TrafficType "REJECT": leave it empty for resource type TransitGateway`: func(*flowlogs.Request) []string { return []string{"tgw-00000001"} },
		`ResourceIDs[0] "i-00000001": want the ID of a resource`:                func(*flowlogs.Request) []string { return []string{"i-00000001"} },
		`ResourceType "vpc": want one of VPC`: func(r *flowlogs.Request) []string {
			r.ResourceType = "vpc"
			return vpcIDs(1)
		},
	} {
		cloud := flowlogstest.New()
		req := streamRequest()
		ids := change(&req)
		n := 0
		for b, err := range flowlogs.New(cloud).Stream(t.Context(), req, idSeq(ids)) {
			n++
			require.ErrorContains(t, err, want)
			assert.Zero(t, b)
		}
		assert.Equal(t, 1, n)
		assert.Empty(t, cloud.Calls())
	}
}

func TestAStreamGoesOnAfterTheErrorOfABatch(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	ids := vpcIDs(8)
	ids[4] = "vpc-wrong"
	cloud.Inject(
		flowlogstest.FailResources("400", "LogDestination: b does not exist", ids[1]),
		flowlogstest.Refuse("FlowLogAlreadyExists", "There is one.", 400).On(about(ids[2])),
	)
	errs := make([]error, 4)
	for b, err := range flowlogs.New(cloud, batchesOf(2)).Stream(t.Context(), streamRequest(), idSeq(ids)) {
		errs[b.Index] = err
	}
	var partial *flowlogs.UnsuccessfulError
	require.ErrorAs(t, errs[0], &partial)
	assert.Equal(t, 1, partial.Created)
	assert.Equal(t, "root", partial.ClientToken)
	require.ErrorIs(t, errs[1], flowlogs.ErrAlreadyExists)
	var invalid *flowlogs.ValidationError
	require.ErrorAs(t, errs[2], &invalid)
	assert.Equal(t, "ResourceIDs[0]", invalid.Fields[0].Field)
	var call *flowlogs.CallError
	require.ErrorAs(t, errs[2], &call)
	assert.Equal(t, ids[4:6], call.Batch.ResourceIDs, "nothing is lost")
	require.NoError(t, errs[3])
	assert.Len(t, cloud.Calls(), 3)
}

func TestARefusalThatAllWouldMeetEndsAStream(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.Refuse("UnauthorizedOperation", "You are not authorized to perform this operation.", 403).Keep())
	taken := 0
	ids := func(yield func(string) bool) {
		for _, id := range vpcIDs(10_000) {
			taken++
			if !yield(id) {
				return
			}
		}
	}
	reported := 0
	for b, err := range flowlogs.New(cloud, batchesOf(10)).Stream(t.Context(), streamRequest(), seq2(ids)) {
		reported += len(b.ResourceIDs)
		if b.Attempts == 0 {
			require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
		} else {
			require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
		}
	}
	assert.Less(t, taken, 100, "a bounded look-ahead")
	assert.Equal(t, reported, taken-taken%10, "all that was taken is reported, but for a part of a batch")
}

func TestAStreamEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.Hang().On(about(vpcIDs(6)[3])))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		ids := func(yield func(string) bool) {
			for _, id := range vpcIDs(6) {
				if !yield(id) {
					return
				}
			}
			<-ctx.Done() // more might come
		}
		created, start := 0, time.Now()
		var failed error
		for b, err := range flowlogs.New(cloud, batchesOf(2)).Stream(ctx, streamRequest(), seq2(ids)) {
			created += len(b.FlowLogIDs)
			failed = errors.Join(failed, err)
		}
		assert.Equal(t, time.Minute, time.Since(start))
		assert.Equal(t, 4, created)
		require.ErrorIs(t, failed, context.DeadlineExceeded)
	})
}

func TestAStreamWithoutEndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newAccount(func(a *account) { a.tokens = 1000 })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		notAttempted := 0
		for _, err := range flowlogs.New(cloud).Stream(ctx, streamRequest(), seq2(manyIDs(1<<40))) {
			if errors.Is(err, flowlogs.ErrNotAttempted) {
				notAttempted++
			}
		}
		assert.LessOrEqual(t, notAttempted, 4+1, "those that were taken")
	})
}

func TestOutcomesDoNotWaitForMoreIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := make(chan struct{})
		ids := func(yield func(string) bool) {
			for i, id := range vpcIDs(5) {
				if i == 3 {
					<-first // not before the first batch is known to be done
				}
				if !yield(id) {
					return
				}
			}
		}
		n := 0
		for _, err := range flowlogs.New(flowlogstest.New(), batchesOf(2)).Stream(t.Context(), streamRequest(), seq2(ids)) {
			require.NoError(t, err)
			if n++; n == 1 {
				close(first)
			}
		}
		assert.Equal(t, 3, n)
	})
}

func TestBreakingOutOfAStreamLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		cloud := flowlogstest.New()
		cloud.Inject(flowlogstest.Delay(time.Hour).On(func(c flowlogstest.Call) bool { return c.ResourceIDs[0] != vpcIDs(1)[0] }).Keep())
		start := time.Now()
		for _, err := range flowlogs.New(cloud, batchesOf(1)).Stream(t.Context(), streamRequest(), idSeq(vpcIDs(100))) {
			require.NoError(t, err)
			break
		}
		assert.Zero(t, time.Since(start))

		refusing := flowlogstest.New()
		refusing.Inject(flowlogstest.Refuse("UnauthorizedOperation", "", 403).Keep())
		n := 0
		for _, err := range flowlogs.New(refusing, batchesOf(1)).Stream(t.Context(), streamRequest(), idSeq(vpcIDs(100))) {
			n++
			require.Error(t, err)
			break // while others are in flight, and the job is stopped already
		}
		assert.Equal(t, 1, n)
		assert.Panics(t, func() {
			for _, err := range flowlogs.New(cloud, batchesOf(1)).Stream(t.Context(), streamRequest(), idSeq(vpcIDs(100))) {
				panic(err)
			}
		})
	})
}

func TestAPanicOfTheIteratorIsThatOfTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ids := func(yield func(string) bool) {
			for _, id := range vpcIDs(5) {
				yield(id)
			}
			panic("in the iterator")
		}
		assert.PanicsWithValue(t, "in the iterator", func() {
			collect(t, flowlogs.New(flowlogstest.New(), batchesOf(2)).Stream(t.Context(), streamRequest(), seq2(ids)))
		})
	})
}

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ids := vpcIDs(60)
		inject := func(cloud *flowlogstest.EC2) *flowlogstest.EC2 {
			cloud.Inject(
				flowlogstest.FailResources("400", "LogDestination: b does not exist", ids[1]).Keep(),
				flowlogstest.Refuse("FlowLogAlreadyExists", "There is one.", 400).On(about(ids[20])).Keep(),
				flowlogstest.Throttle().On(about(ids[40])).Keep(),
			)
			return cloud
		}
		var reports []flowlogs.Progress
		watch := func(o *flowlogs.Options) {
			o.BatchSize = 7
			o.OnProgress = func(p flowlogs.Progress) { reports = append(reports, p) }
		}
		check := func(last flowlogs.Progress) {
			require.Len(t, reports, 9)
			for i, p := range reports {
				assert.Equal(t, i+1, p.BatchesDone)
				if i > 0 {
					before := reports[i-1]
					assert.True(t, p.Created >= before.Created && p.Unsuccessful >= before.Unsuccessful && p.Failed >= before.Failed)
				}
			}
			assert.Equal(t, last, reports[8])
			reports = nil
		}
		req := streamRequest()
		failed := 0
		for _, err := range flowlogs.New(inject(flowlogstest.New()), watch).Stream(t.Context(), req, idSeq(ids)) {
			if err != nil {
				failed++
			}
		}
		assert.Equal(t, 3, failed)
		check(flowlogs.Progress{Resources: -1, Batches: -1, BatchesDone: 9, Created: 45, Unsuccessful: 1, Failed: 14})

		req.ResourceIDs = ids
		_, err := flowlogs.New(inject(flowlogstest.New()), watch).Create(t.Context(), req)
		require.Error(t, err)
		check(flowlogs.Progress{Resources: 60, Batches: 9, BatchesDone: 9, Created: 45, Unsuccessful: 1, Failed: 14})

		refusing := flowlogstest.New()
		refusing.Inject(flowlogstest.Refuse("AuthFailure", "", 401).Keep())
		_, err = flowlogs.New(refusing, watch).Create(t.Context(), req)
		require.ErrorIs(t, err, flowlogs.ErrAuthFailure)
		check(flowlogs.Progress{Resources: 60, Batches: 9, BatchesDone: 9, Failed: 60})
	})
}

func TestProgressOfASingleCall(t *testing.T) {
	t.Parallel()
	var reports []flowlogs.Progress
	_, err := flowlogs.New(flowlogstest.New(), func(o *flowlogs.Options) {
		o.OnProgress = func(p flowlogs.Progress) { reports = append(reports, p) }
	}).Create(t.Context(), vpcRequest(2))
	require.NoError(t, err)
	assert.Equal(t, []flowlogs.Progress{{Resources: 2, Created: 2, Batches: 1, BatchesDone: 1}}, reports)
}

// TestAStreamHoldsNoMoreForMoreIDs compares the live heap in the middle of a
// short stream and of a long one.
func TestAStreamHoldsNoMoreForMoreIDs(t *testing.T) {
	short, long := liveHeap(t, 30_000), liveHeap(t, 600_000)
	assert.InDelta(t, short, long, 2<<20)
}

// liveHeap is the most that is alive on the heap while so many IDs are streamed.
func liveHeap(tb testing.TB, n int) float64 {
	tb.Helper()
	api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		return created(in), nil
	})
	var most uint64
	batches := 0
	for _, err := range flowlogs.New(api).Stream(tb.Context(), streamRequest(), seq2(manyIDs(n))) {
		require.NoError(tb, err)
		if batches++; batches%(n/300/4) == 0 {
			most = max(most, heapAlive())
		}
	}
	return float64(most)
}

// manyIDs makes IDs as they are asked for.
func manyIDs(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(vpcID(i)) {
				return
			}
		}
	}
}

func TestAStreamWhoseContextHasEndedReportsWhatItTook(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 { // whether the first batch is taken is chance
		cloud := flowlogstest.New()
		taken, reported := 0, 0
		ids := func(yield func(string) bool) {
			for taken < 100 && yield(vpcID(taken)) {
				taken++
			}
		}
		for b, err := range flowlogs.New(cloud, batchesOf(2)).Stream(ctx, streamRequest(), seq2(ids)) {
			require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
			require.ErrorIs(t, err, context.Canceled)
			reported += len(b.ResourceIDs)
		}
		assert.Equal(t, taken+1, reported, "the last yield never returned true")
		assert.Empty(t, cloud.Calls())
		for _, err := range flowlogs.New(cloud, batchesOf(2)).Stream(ctx, streamRequest(), idSeq(vpcIDs(9))) {
			require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
			break
		}
	}
}

func idSeq(ids []string) iter.Seq2[string, error] { return seq2(slices.Values(ids)) }

func seq2(ids iter.Seq[string]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for id := range ids {
			if !yield(id, nil) {
				return
			}
		}
	}
}
