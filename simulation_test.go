package flowlogs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"pgregory.net/rapid"

	"github.com/go-flowlogs/flowlogs"
)

// simPlan is one job, all that happens to it, and the processes that work on it
// in turn.
type simPlan struct {
	resources   int
	batchSize   int
	toBucket    bool
	propagation time.Duration
	faults      []fault
	outages     []simOutage
	rejections  []rejection
	runs        []simRun
}

// simRun is a process that works on the job.
type simRun struct {
	concurrency  int
	retryTimeout time.Duration
	stream       bool
	source       simSource     // of a stream
	breakAfter   int           // results of a stream; 0: none
	cancel       time.Duration // after which its context ends; 0: an hour
	crash        bool          // nothing that it found out is known afterwards
	twin         bool          // another process does the same at the same time
	pause        time.Duration // before it begins
	breaks       string        // what of the caller's panics; "": nothing
	breaksAt     int           // which call of it
	limiterFails int           // which wait; 0: none
}

// simSource is where the IDs of a stream come from.
type simSource struct {
	pause  time.Duration // before each ID
	ends   string        // how, before the ID endsAt; "": with the last
	endsAt int
}

var (
	errSource  = errors.New("the source has failed")
	errLimiter = errors.New("the limiter has failed")
)

func drawSchedule(t *rapid.T) simPlan {
	s := simPlan{
		resources:   rapid.IntRange(1, 24).Draw(t, "resources"),
		batchSize:   rapid.IntRange(1, 8).Draw(t, "batchSize"),
		toBucket:    rapid.Bool().Draw(t, "toBucket"),
		propagation: rapid.SampledFrom([]time.Duration{0, 30 * time.Second}).Draw(t, "propagation"),
	}
	s.faults = drawFaults(t, s.resources, 12, faultKinds)
	s.outages = drawOutages(t, 3600, 1200)
	s.rejections = drawRejections(t, s.resources)
	s.runs = rapid.SliceOfN(rapid.Custom(s.drawRun), 1, 4).Draw(t, "runs")
	if s.alone() { // only what began a job of one batch can resume it
		for i := range s.runs {
			s.runs[i].stream = s.runs[0].stream
		}
	}
	return s
}

func (s simPlan) drawRun(t *rapid.T) simRun {
	r := simRun{
		concurrency:  rapid.IntRange(1, 4).Draw(t, "concurrency"),
		retryTimeout: rapid.SampledFrom([]time.Duration{0, -1, time.Minute}).Draw(t, "retryTimeout"),
		stream:       rapid.Bool().Draw(t, "stream"),
		cancel:       drawSeconds(t, "cancel", 20),
		crash:        rapid.Bool().Draw(t, "crash"),
		twin:         rapid.Bool().Draw(t, "twin"),
		pause:        drawSeconds(t, "pause", 7200),
		breaks:       rapid.SampledFrom([]string{"", "", "", "", "API", "Limiter", "Retryer", "OnProgress", "Isolate", "loop"}).Draw(t, "breaks"),
		breaksAt:     rapid.IntRange(1, 9).Draw(t, "breaksAt"),
		limiterFails: max(rapid.IntRange(-20, 9).Draw(t, "limiterFails"), 0),
	}
	if r.stream {
		r.breakAfter = max(rapid.IntRange(-10, 3).Draw(t, "breakAfter"), 0)
		r.source = simSource{
			pause:  rapid.SampledFrom([]time.Duration{0, 0, time.Second, 40 * time.Second}).Draw(t, "sourcePause"),
			ends:   rapid.SampledFrom([]string{"", "", "", "error", "panic", "block"}).Draw(t, "sourceEnds"),
			endsAt: rapid.IntRange(0, s.resources).Draw(t, "sourceEndsAt"),
		}
	}
	return r
}

// alone reports whether the job is a single batch.
func (s simPlan) alone() bool { return s.resources <= s.batchSize }

// simJob is a schedule that is played.
type simJob struct {
	*world
	simPlan
	request flowlogs.Request
}

// play returns the invariants that did not hold.
func (s simPlan) play(t *testing.T) (broken []string) {
	synctest.Test(t, func(t *testing.T) {
		j := &simJob{world: newWorld(s.faults, s.outages, s.rejections), simPlan: s, request: rooted(s.resources)}
		if s.toBucket {
			j.request.Destination = flowlogs.S3{BucketARN: simulatedBucket}
		}
		for _, r := range s.runs {
			time.Sleep(r.pause)
			var twins sync.WaitGroup
			if r.twin {
				twins.Go(func() { j.play(t.Context(), r) })
			}
			j.play(t.Context(), r)
			twins.Wait()
		}
		j.resume(t.Context())
		broken = j.broken
	})
	return broken
}

// attempt is what a run of the job has to show.
type attempt struct {
	endpoint              *endpoint
	resp                  *flowlogs.Response // nil: it panicked
	err                   error
	reports               []flowlogs.Progress
	taken                 []string // from the source
	late                  int      // of them, after the context had ended
	sourceErr, limiterErr atomic.Bool
	broke                 bool // out of the loop
}

func (j *simJob) play(ctx context.Context, r simRun) {
	timeout := time.Hour
	if r.cancel > 0 {
		timeout = r.cancel
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	start := time.Now()
	a := j.attempt(ctx, r, timeout)
	if elapsed := time.Since(start); elapsed > timeout+r.source.pause {
		j.fail("it ended %v after its context", elapsed-timeout)
	}
	j.checkCalls()
	if a.resp == nil || r.crash {
		return
	}
	j.checkAttempt(ctx, r, a)
}

func (j *simJob) attempt(ctx context.Context, r simRun, timeout time.Duration) (a *attempt) {
	a = &attempt{endpoint: &endpoint{world: j.world}}
	defer func() {
		if v := recover(); v != nil {
			if err, ok := v.(error); !ok || !errors.Is(err, errBroken) {
				panic(v)
			}
			a.resp = nil
		}
	}()
	client := flowlogs.New(a.endpoint, func(o *flowlogs.Options) {
		o.BatchSize, o.Concurrency, o.PropagationTimeout, o.RetryTimeout = j.batchSize, r.concurrency, j.propagation, r.retryTimeout
	}, a.breaking(r))
	if r.stream {
		j.stream(ctx, client, r, a, time.Now().Add(timeout))
	} else {
		a.resp, a.err = client.Create(ctx, j.request)
	}
	return a
}

// breaking makes what the caller passes in fail and panic.
func (a *attempt) breaking(r simRun) func(*flowlogs.Options) {
	var calls, waits atomic.Int64
	snap := func(what string) {
		if r.breaks == what && calls.Add(1) == int64(r.breaksAt) {
			panic(errBroken)
		}
	}
	return func(o *flowlogs.Options) {
		if r.breaks == "API" {
			a.endpoint.breaksAt = r.breaksAt
		}
		o.OnProgress = func(p flowlogs.Progress) {
			a.reports = append(a.reports, p)
			snap("OnProgress")
		}
		o.Isolate = func(reason flowlogs.Reason) bool {
			snap("Isolate")
			return reason == flowlogs.ErrResourceNotFound || reason == flowlogs.ErrAlreadyExists ||
				reason == flowlogs.ErrNotAuthorized || reason == flowlogs.ErrLimitExceeded
		}
		if r.breaks == "Retryer" {
			o.Retryer = snappingRetryer{retry.NewStandard(), func() { snap("Retryer") }}
		}
		limiter := flowlogs.NewLimiter()
		if r.breaks != "Limiter" && r.limiterFails == 0 {
			o.Limiter = limiter
			return
		}
		o.Limiter = limitFunc(func(ctx context.Context) error {
			snap("Limiter")
			if waits.Add(1) == int64(r.limiterFails) {
				a.limiterErr.Store(true)
				return errLimiter
			}
			return limiter.Wait(ctx)
		})
	}
}

type snappingRetryer struct {
	*retry.Standard
	snap func()
}

func (r snappingRetryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	r.snap()
	return r.Standard.RetryDelay(attempt, err)
}

// stream is a Create by way of Stream.
func (j *simJob) stream(ctx context.Context, client *flowlogs.Client, r simRun, a *attempt, end time.Time) {
	req := j.request
	req.ResourceIDs = nil
	a.resp = &flowlogs.Response{ClientToken: req.ClientToken}
	var errs []error
	for b, err := range client.Stream(ctx, req, a.ids(ctx, r.source, j.request.ResourceIDs, end)) {
		a.resp.Batches = append(a.resp.Batches, b)
		a.resp.FlowLogIDs = append(a.resp.FlowLogIDs, b.FlowLogIDs...)
		a.resp.Unsuccessful = append(a.resp.Unsuccessful, b.Unsuccessful...)
		errs = append(errs, err)
		if r.breaks == "loop" && len(errs) == r.breaksAt {
			panic(errBroken)
		}
		if a.broke = len(errs) == r.breakAfter; a.broke {
			break
		}
	}
	slices.SortStableFunc(a.resp.Batches, func(a, b flowlogs.Batch) int { return a.Index - b.Index })
	a.err = errors.Join(errs...)
}

// ids is a source of IDs.
func (a *attempt) ids(ctx context.Context, s simSource, ids []string, end time.Time) func(func(string, error) bool) {
	return func(yield func(string, error) bool) {
		for i := range len(ids) + 1 {
			time.Sleep(s.pause)
			if i == s.endsAt {
				switch s.ends {
				case "error":
					a.sourceErr.Store(true)
					yield("", errSource)
					return
				case "panic":
					panic(errBroken)
				case "block":
					<-ctx.Done()
					return
				}
			}
			if i == len(ids) {
				return
			}
			a.taken = append(a.taken, ids[i])
			if time.Now().After(end) {
				a.late++
			}
			if !yield(ids[i], nil) {
				return
			}
		}
	}
}

// checkAttempt holds the result of a run against what was done.
func (j *simJob) checkAttempt(ctx context.Context, r simRun, a *attempt) {
	j.checkResults(a.resp, a.err)
	var ids []string
	for id := range a.resp.Results() {
		ids = append(ids, id)
	}
	switch {
	case a.broke:
		return
	case r.stream:
		slices.Sort(ids)
		if !slices.Equal(ids, a.taken) {
			j.fail("of %v, %v are yielded", a.taken, ids)
		}
		if a.late > 1 {
			j.fail("%d IDs taken after the end of the context", a.late)
		}
	case !slices.Equal(ids, j.request.ResourceIDs):
		j.fail("the results have %v", ids)
	}
	j.checkProgress(a.reports, a.resp, a.endpoint)
	if a.err == nil && len(a.resp.FlowLogIDs) != j.resources {
		j.fail("%d flow logs, and no error", len(a.resp.FlowLogIDs))
	}
	outage := errors.Is(a.err, flowlogs.ErrNotAttempted) && j.trouble() >= time.Minute // may have stopped the job first
	if stopped := errors.Is(a.err, flowlogs.ErrNotAuthorized) || ctx.Err() != nil || outage; !stopped {
		if a.limiterErr.Load() && !a.sourceErr.Load() && !errors.Is(a.err, errLimiter) {
			j.fail("the error of the limiter is lost: %v", a.err)
		}
		if a.sourceErr.Load() && !a.limiterErr.Load() && !errors.Is(a.err, errSource) {
			j.fail("the error of the source is lost: %v", a.err)
		}
		if errors.Is(a.err, flowlogs.ErrNotAttempted) && !a.limiterErr.Load() && !a.sourceErr.Load() && j.trouble() < time.Minute &&
			!errors.Is(a.err, flowlogs.ErrRoleNotAssumable) {
			j.fail("not attempted without a cause: %v", a.err)
		}
	}
}

// resume works on the job until nothing is left to do, as a user would: the same
// again while calls fail, and then what was unsuccessful as a job of its own.
func (j *simJob) resume(ctx context.Context) {
	time.Sleep(time.Until(j.start.Add(time.Hour + j.trouble())))
	r := simRun{concurrency: 2, stream: j.alone() && j.runs[0].stream}
	staying := j.staying()
	for round := range 3*len(j.faults) + 3 {
		time.Sleep(time.Minute)                                 // by then all policies are seen
		ctx, cancel := context.WithTimeout(ctx, 30*time.Minute) // for what hangs, and longer than all waits
		a := j.attempt(ctx, r, 30*time.Minute)
		cancel()
		if left(a.resp, staying) == 0 {
			j.checkCalls()
			if n := len(j.cloud.FlowLogs()); n != j.resources-len(staying) {
				j.fail("%d flow logs in the end", n)
			}
			return
		}
		if failing(a.err, staying) || len(a.resp.Unsuccessful) == 0 {
			continue
		}
		j.request.ResourceIDs = nil
		for _, item := range a.resp.Unsuccessful {
			j.request.ResourceIDs = append(j.request.ResourceIDs, item.ResourceID)
		}
		j.request.ClientToken = fmt.Sprint("rest ", round)
	}
	j.fail("it never ends")
}

// left counts the resources that have no flow log and are to have one. One that
// an earlier run has created may be in the way of a part of a call that EC2
// rejected.
func left(resp *flowlogs.Response, staying map[string]flowlogs.Reason) int {
	n := 0
	for id, err := range resp.Results() {
		if reason := flowlogs.ReasonOf(err); err != nil && reason != flowlogs.ErrAlreadyExists && reason != staying[id] {
			n++
		}
	}
	return n
}

// failing reports whether a call has failed for another reason than a resource
// that never gets a flow log.
func failing(err error, staying map[string]flowlogs.Reason) bool {
	return slices.ContainsFunc(callErrors(err), func(c *flowlogs.CallError) bool {
		return len(c.Batch.ResourceIDs) != 1 || staying[c.Batch.ResourceIDs[0]] != flowlogs.ReasonOf(c)
	})
}

// TestSimulation_NothingIsLostOrDoneTwice plays one job with faults, outages,
// rejections, cancellations, crashes, panics and twins. More of them with
// -rapid.checks=10000.
func TestSimulation_NothingIsLostOrDoneTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		if broken := drawSchedule(rt).play(t); len(broken) > 0 {
			rt.Fatalf("%q", broken)
		}
	})
}
