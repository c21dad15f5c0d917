package flowlogs_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func seq2(ids iter.Seq[string]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for id := range ids {
			if !yield(id, nil) {
				return
			}
		}
	}
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

// slowIDs are n IDs, one after each pause, and how many of them were taken.
func slowIDs(n int, pause time.Duration, taken *int) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for *taken < n {
			time.Sleep(pause)
			*taken++
			if !yield(vpcID(*taken-1), nil) {
				return
			}
		}
	}
}

func TestStream_SendsTheCallsOfACreate(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 4, 5, 300} {
		streamed := collect(t, flowlogs.New(flowlogstest.New(), batchesOf(2)).Stream(t.Context(), streamRequest(), idSeq(vpcIDs(n))))
		resp, err := flowlogs.New(flowlogstest.New(), batchesOf(2)).Create(t.Context(), rooted(n))
		require.NoError(t, err)
		require.Len(t, streamed, len(resp.Batches))
		for i, b := range resp.Batches {
			assert.Equal(t, b.ClientToken, streamed[i].ClientToken)
			assert.Equal(t, b.ResourceIDs, streamed[i].ResourceIDs)
			assert.Len(t, streamed[i].FlowLogIDs, len(b.FlowLogIDs))
		}
	}
}

// Its token was made without IDs and must not stand for two lists.
func TestStream_DerivesTheTokenOfItsOnlyBatchToo(t *testing.T) {
	t.Parallel()
	one := collect(t, flowlogs.New(flowlogstest.New()).Stream(t.Context(), streamRequest(), idSeq(vpcIDs(1))))
	two := collect(t, flowlogs.New(flowlogstest.New()).Stream(t.Context(), streamRequest(), idSeq(vpcIDs(2))))
	tokens := []string{"root", one[0].ClientToken, two[0].ClientToken}
	slices.Sort(tokens)
	assert.Len(t, slices.Compact(tokens), 3)
}

func TestStream_OfNothingIsNothing(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	assert.Empty(t, collect(t, flowlogs.New(cloud).Stream(t.Context(), streamRequest(), idSeq(nil))))
	assert.Empty(t, cloud.Calls())
}

func TestStream_CanBeRunAgain(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	stream := flowlogs.New(cloud, batchesOf(2)).Stream(t.Context(), streamRequest(), idSeq(vpcIDs(5)))
	assert.Len(t, collect(t, stream), 3)
	assert.Len(t, collect(t, stream), 3)
	requireOneFlowLogEach(t, cloud, vpcIDs(5))
}

func TestStream_InfersTheTypeFromTheFirstIDThatTellsOne(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"", "i-00000001"} {
		cloud := flowlogstest.New()
		var failed []string
		for b, err := range flowlogs.New(cloud).Stream(t.Context(), streamRequest(), idSeq([]string{first, vpcID(1)})) {
			if err != nil {
				require.ErrorIs(t, err, flowlogs.ErrInvalidParameter)
				failed = append(failed, b.ResourceIDs...)
			}
		}
		assert.Equal(t, []string{first}, failed)
		requireOneFlowLogEach(t, cloud, []string{vpcID(1)})

		for b, err := range flowlogs.New(cloud).Stream(t.Context(), streamRequest(), idSeq([]string{first})) {
			require.ErrorIs(t, err, flowlogs.ErrInvalidParameter, "there is none")
			assert.Zero(t, b)
		}
	}
}

func TestStream_YieldsOneErrorForAnInvalidRequest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*flowlogs.Request)
		first  string
		field  string
	}{
		{"IDs in the request", func(r *flowlogs.Request) { r.ResourceIDs = vpcIDs(1) }, vpcID(0), "ResourceIDs"},
		{"no traffic type", func(r *flowlogs.Request) { r.TrafficType = "" }, vpcID(0), "TrafficType"},
		{"a traffic type for what has none", func(*flowlogs.Request) {}, "tgw-00000001", "TrafficType"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud, req, n := flowlogstest.New(), streamRequest(), 0
			test.change(&req)
			for b, err := range flowlogs.New(cloud).Stream(t.Context(), req, idSeq([]string{test.first, vpcID(1)})) {
				n++
				var invalid *flowlogs.ValidationError
				require.ErrorAs(t, err, &invalid)
				assert.Equal(t, test.field, invalid.Fields[0].Field)
				assert.Zero(t, b)
			}
			assert.Equal(t, 1, n)
			assert.Empty(t, cloud.Calls())
		})
	}
}

func TestStream_GoesOnAfterTheErrorOfABatch(t *testing.T) {
	t.Parallel()
	ids := vpcIDs(8)
	cloud := cloudWith(
		flowlogstest.FailResources("400", "LogDestination: b does not exist", ids[1]).Keep(),
		rejectsVPC("FlowLogAlreadyExists", 2, 3),
	)
	errs := make(map[string]error)
	for b, err := range flowlogs.New(cloud, batchesOf(2)).Stream(t.Context(), streamRequest(), idSeq(ids)) {
		errs[b.ResourceIDs[0]] = err
	}
	var partial *flowlogs.CreateError
	require.ErrorAs(t, errs[ids[0]], &partial)
	assert.Equal(t, 1, partial.Created)
	assert.Equal(t, "root", partial.ClientToken)
	require.ErrorIs(t, errs[ids[2]], flowlogs.ErrAlreadyExists)
	require.ErrorIs(t, errs[ids[3]], flowlogs.ErrAlreadyExists)
	require.NoError(t, errs[ids[4]])
	require.NoError(t, errs[ids[6]])
	assert.Len(t, errs, 5)
}

func TestStream_YieldsTheLeavesOfABatchThatIsIsolated(t *testing.T) {
	t.Parallel()
	cloud := cloudWith(rejectsVPC("InvalidVpcID.NotFound", 5))
	var leaves [][]string
	for b, err := range flowlogs.New(cloud, batchesOf(4), oneAtATime).Stream(t.Context(), streamRequest(), idSeq(vpcIDs(8))) {
		assert.Equal(t, slices.Contains(b.ResourceIDs, vpcID(5)), err != nil)
		if b.Index == 1 {
			leaves = append(leaves, b.ResourceIDs)
		}
	}
	ids := vpcIDs(8)
	assert.Equal(t, [][]string{ids[4:5], ids[5:6], ids[6:]}, leaves)
}

func TestStream_RetriesItsOnlyBatchFor15Minutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		stream := flowlogs.New(cloudWith(flowlogstest.Throttle().Keep()), oneAttemptEach).Stream(t.Context(), streamRequest(), idSeq(vpcIDs(1)))
		for _, err := range stream {
			require.ErrorIs(t, err, flowlogs.ErrThrottled)
		}
		assert.Equal(t, 15*time.Minute, time.Since(start))
	})
}

func TestStream_LetsAnInvalidIDCostOnlyItself(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	ids := vpcIDs(9)
	ids[4], ids[5], ids[7] = "vpc-wrong", "subnet-00000001", "vpc-" // of the second and third batch
	var good, bad []string
	for b, err := range flowlogs.New(cloud, batchesOf(3)).Stream(t.Context(), streamRequest(), idSeq(ids)) {
		if err == nil {
			good = append(good, b.ResourceIDs...)
			continue
		}
		bad = append(bad, b.ResourceIDs...)
		var invalid *flowlogs.ValidationError
		require.ErrorAs(t, err, &invalid)
		assert.Zero(t, b.Attempts)
	}
	slices.Sort(good)
	assert.Equal(t, []string{ids[0], ids[1], ids[2], ids[3], ids[6], ids[8]}, good)
	slices.Sort(bad)
	assert.Equal(t, []string{ids[5], ids[7], ids[4]}, bad)
	requireOneFlowLogEach(t, cloud, good)
}

func TestStream_StopsAfterAFatalRejection(t *testing.T) {
	t.Parallel()
	for code, calls := range map[string]int{"AuthFailure": 1, "LogDestinationNotFound": 10} {
		cloud := cloudWith(rejectsVPC(code))
		taken, yielded := 0, 0
		ids := func(yield func(string, error) bool) {
			for taken < 10_000 {
				taken++
				if !yield(vpcID(taken-1), nil) {
					return
				}
			}
		}
		for b, err := range flowlogs.New(cloud, batchesOf(10), oneAtATime).Stream(t.Context(), streamRequest(), ids) {
			yielded += len(b.ResourceIDs)
			assert.Equal(t, b.Attempts == 0, errors.Is(err, flowlogs.ErrNotAttempted))
			require.ErrorContains(t, err, code)
		}
		assert.Len(t, cloud.Calls(), calls)
		assert.Equal(t, taken, yielded, "every ID that was taken is yielded")
		assert.LessOrEqual(t, taken, calls*10+20+1, "the next batch, the one being filled, and one more ID")
	}
}

// However it ends, it takes at most one more ID, yields all that it has taken, and
// leaves no goroutine, as synctest would notice.
func TestStream_TakesAtMostOneMoreIDWhenItEnds(t *testing.T) {
	t.Parallel()
	why := errors.New("closing time")
	tests := []struct {
		name  string
		fault flowlogstest.Fault
		ctx   time.Duration // 0: has no end
		end   time.Duration
		err   error // of what was taken last
	}{
		{"stopped by a rejection", rejectsVPC("AuthFailure"), 0, 2 * time.Hour, flowlogs.ErrAuthFailure},
		{"end of the context", flowlogstest.Delay(0), 90 * time.Minute, 2 * time.Hour, why},
		{"end of the context with a call in flight", flowlogstest.Hang().Keep(), 90 * time.Minute, 2 * time.Hour, why},
		{"end of the context before the first ID", flowlogstest.Delay(0), 30 * time.Minute, time.Hour, why},
	}
	for _, test := range tests {
		for _, size := range []int{1, 300} {
			t.Run(fmt.Sprintf("%s, batches of %d", test.name, size), func(t *testing.T) {
				t.Parallel()
				if size > 1 && test.ctx == 0 {
					t.Skip("nothing is sent before the batch is full")
				}
				synctest.Test(t, func(t *testing.T) {
					cloud, start, taken := cloudWith(test.fault, flowlogstest.Delay(time.Second).Keep()), time.Now(), 0
					ctx := t.Context()
					if test.ctx > 0 {
						var cancel func()
						ctx, cancel = context.WithTimeoutCause(ctx, test.ctx, why)
						defer cancel()
					}
					var yielded []string
					var last error
					for b, err := range flowlogs.New(cloud, batchesOf(size)).Stream(ctx, streamRequest(), slowIDs(1000, time.Hour, &taken)) {
						yielded = append(yielded, b.ResourceIDs...)
						assert.NotEmpty(t, b.ResourceIDs, "why it ended is said once")
						if err != nil {
							last = err
						}
					}
					assert.Equal(t, test.end, time.Since(start), "as soon as the iterator yields")
					assert.Equal(t, vpcIDs(taken), yielded)
					require.ErrorIs(t, last, test.err)
				})
			})
		}
	}
}

func TestStream_LeavesNothingBehindABreak(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault flowlogstest.Fault
	}{
		{"calls in flight", flowlogstest.Hang().On(func(c flowlogstest.Call) bool { return c.ResourceIDs[0] != vpcID(0) }).Keep()},
		{"retries waiting", flowlogstest.Throttle().On(func(c flowlogstest.Call) bool { return c.ResourceIDs[0] != vpcID(0) }).Keep()},
		{"stopped already", rejectsVPC("AuthFailure")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// All are on their way when the first is done.
				cloud := cloudWith(test.fault, flowlogstest.Delay(4500*time.Millisecond).On(about(vpcID(0))).Keep())
				taken, n, start := 0, 0, time.Now()
				for range flowlogs.New(cloud, batchesOf(1)).Stream(t.Context(), streamRequest(), slowIDs(1000, time.Second, &taken)) {
					n++
					break
				}
				assert.Equal(t, 1, n)
				assert.LessOrEqual(t, time.Since(start), 8*time.Second)
				assert.LessOrEqual(t, taken, 7)
			})
		})
	}
}

// A call that does not look at its context is over when the loop is left, however
// that is.
func TestStream_WaitsForItsCallsWhenTheLoopIsLeft(t *testing.T) {
	t.Parallel()
	ways := []struct {
		name  string
		leave func() bool
	}{
		{"break", func() bool { return true }},
		{"panic", func() bool { panic(errBroken) }},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, taken := 0, 0
				w := &wireAPI{API: apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
					if time.Sleep(10 * time.Second); in.ResourceIds[0] != vpcID(0) {
						time.Sleep(time.Minute)
					}
					return created(in), nil
				})}
				func() {
					defer func() { _ = recover() }()
					for range flowlogs.New(w, batchesOf(1)).Stream(t.Context(), streamRequest(), slowIDs(1000, time.Second, &taken)) {
						if n++; way.leave() {
							break
						}
					}
				}()
				assert.Equal(t, 1, n)
				assert.Equal(t, 4, w.most)
				assert.Zero(t, w.on)
				assert.LessOrEqual(t, taken, 4+2+1, "those in flight, the next two, and one more")
			})
		})
	}
}

func TestStream_YieldsResultsWithoutWaitingForMoreIDs(t *testing.T) {
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

// One VPC a minute, and ten seconds of trouble for one of them.
func TestStream_RetriesWithoutWaitingForMoreIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, taken := time.Now(), 0
		var trouble time.Time
		cloud := cloudWith(flowlogstest.Throttle().Keep().On(about(vpcID(3))).On(func(flowlogstest.Call) bool {
			if trouble.IsZero() {
				trouble = time.Now()
			}
			return time.Since(trouble) < 10*time.Second
		}))
		yielded := make(map[string]time.Duration)
		for b, err := range flowlogs.New(cloud, batchesOf(1)).Stream(t.Context(), streamRequest(), slowIDs(1440, time.Minute, &taken)) {
			require.NoError(t, err)
			yielded[b.ResourceIDs[0]] = time.Since(start)
		}
		assert.Len(t, yielded, 1440)
		assert.LessOrEqual(t, yielded[vpcID(3)], 4*time.Minute+time.Minute, "not when the source ends")
		assert.Equal(t, 5*time.Minute, yielded[vpcID(4)])
	})
}

func TestStream_YieldsWhatItTookIfTheContextHasEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 { // who comes first is chance
		cloud := flowlogstest.New()
		taken, yielded := 0, 0
		for b, err := range flowlogs.New(cloud, batchesOf(2)).Stream(ctx, streamRequest(), slowIDs(100, 0, &taken)) {
			require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
			require.ErrorIs(t, err, context.Canceled)
			yielded += len(b.ResourceIDs)
		}
		assert.Equal(t, taken, yielded)
		assert.LessOrEqual(t, taken, 1)
		assert.Empty(t, cloud.Calls())
	}
}

// The end of the context is told even if all calls got their responses; and it is
// not when all is done.
func TestStream_SaysThatItWasInterrupted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ids  int
		err  error // of EC2, that comes with the end of the context
		want bool
	}{
		{"more IDs, and a success", 3, nil, true},
		{"more IDs, and a rejection", 3, apiError("InvalidVpcID.NotFound", "no"), true},
		{"no more IDs, and a success", 1, nil, false},
		{"no more IDs, and a rejection", 1, apiError("InvalidVpcID.NotFound", "no"), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
					time.Sleep(time.Minute)
					cancel()
					return created(in), test.err
				})
				ids := func(yield func(string) bool) {
					for n := range test.ids {
						if n > 0 {
							<-ctx.Done()
							return // as a source does that watches its context
						}
						if !yield(vpcID(n)) {
							return
						}
					}
				}
				var all error
				for _, err := range flowlogs.New(api, batchesOf(1)).Stream(ctx, streamRequest(), seq2(ids)) {
					all = errors.Join(all, err)
				}
				assert.Equal(t, test.want, errors.Is(all, context.Canceled))
			})
		})
	}
}

// The source has returned because of ctx before the loop could look at that.
func TestStream_SaysThatItWasInterruptedWhileTheLoopWasBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		ids := func(yield func(string) bool) {
			if yield(vpcID(0)) {
				<-ctx.Done()
			}
		}
		var errs []error
		for _, err := range flowlogs.New(flowlogstest.New(), batchesOf(1)).Stream(ctx, streamRequest(), seq2(ids)) {
			errs = append(errs, err)
			time.Sleep(time.Minute)
		}
		require.Len(t, errs, 2)
		require.NoError(t, errs[0])
		require.ErrorIs(t, errs[1], context.DeadlineExceeded)
	})
}

func TestStream_SaysOnceThatItWasInterrupted(t *testing.T) {
	t.Parallel()
	for range 50 { // whether the end of the context or of the call is seen first is chance
		ctx, cancel := context.WithCancel(t.Context())
		api := apiFunc(func(ctx context.Context, _ *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
			cancel()
			return nil, ctx.Err()
		})
		ids := func(yield func(string) bool) {
			if yield(vpcID(0)) {
				<-ctx.Done()
			}
		}
		n := 0
		for b, err := range flowlogs.New(api, batchesOf(1)).Stream(ctx, streamRequest(), seq2(ids)) {
			n++
			require.ErrorIs(t, err, context.Canceled)
			assert.Equal(t, vpcIDs(1), b.ResourceIDs)
		}
		assert.Equal(t, 1, n)
	}
}

// A paginator that fails says so, and the stream ends with that as its cause.
func TestStream_EndsWithTheErrorOfItsSource(t *testing.T) {
	t.Parallel()
	gone := errors.New("page 7: gone")
	for n := range 6 {
		for _, fault := range []flowlogstest.Fault{flowlogstest.Delay(0), flowlogstest.Throttle().Keep(), flowlogstest.Delay(time.Minute).Keep()} {
			synctest.Test(t, func(t *testing.T) {
				cloud := cloudWith(fault)
				ids := func(yield func(string, error) bool) {
					for _, id := range vpcIDs(n) {
						if !yield(id, nil) {
							return
						}
					}
					time.Sleep(30 * time.Second)
					_ = yield("", gone) && yield("more", nil)
				}
				var all error
				yielded := 0
				for b, err := range flowlogs.New(cloud, batchesOf(2)).Stream(t.Context(), streamRequest(), ids) {
					all = errors.Join(all, err)
					yielded += len(b.ResourceIDs)
					for _, err := range b.Results() {
						require.Equal(t, b.Err == nil, err == nil)
					}
				}
				require.ErrorIs(t, all, gone)
				assert.Equal(t, n, yielded)
			})
		}
	}
}

func TestStream_WorksInALockedThread(t *testing.T) {
	t.Parallel()
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for _, e := range flowlogs.New(flowlogstest.New(), batchesOf(2)).Stream(t.Context(), streamRequest(), idSeq(vpcIDs(9))) {
			err = errors.Join(err, e)
		}
	}()
	<-done
	require.NoError(t, err)
}

// TestStream_HoldsNoMoreForMoreIDs compares the live heap in the middle of a short
// stream and of a long one.
func TestStream_HoldsNoMoreForMoreIDs(t *testing.T) {
	short, long := liveHeap(t, 30_000), liveHeap(t, 600_000)
	assert.InDelta(t, short, long, 2<<20)
}

// EC2 is down from the start: a few batches for each slot are taken, and no more.
func TestStream_HoldsAFewBatchesWhileEC2IsDown(t *testing.T) {
	t.Parallel()
	for _, lasts := range []time.Duration{10 * time.Minute, 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
				if time.Since(start) < lasts {
					return nil, httpError(503, "Unavailable")
				}
				return created(in), nil
			})
			var taken atomic.Int64
			var yielded, most int64
			ids := func(yield func(string, error) bool) {
				for taken.Load() < 300_000 && yield(vpcID(int(taken.Add(1)-1)), nil) {
				}
			}
			var first time.Duration
			for b, err := range flowlogs.New(api, oneAttemptEach).Stream(t.Context(), streamRequest(), ids) {
				if yielded == 0 {
					first = time.Since(start)
				}
				most = max(most, taken.Load()-yielded)
				yielded += int64(len(b.ResourceIDs))
				require.Equal(t, lasts > time.Hour, err != nil)
			}
			assert.Equal(t, taken.Load(), yielded)
			assert.LessOrEqual(t, most, int64((4*4+2)*300+1))
			if lasts > time.Hour {
				assert.Equal(t, 15*time.Minute, time.Since(start), "it has given up")
			} else {
				assert.Equal(t, int64(300_000), yielded)
				assert.Less(t, first, lasts+30*time.Second, "results come as they are known")
			}
		})
	}
}
