package flowlogs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"pgregory.net/rapid"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// A schedule is a job and everything that happens to it. It is drawn before it is
// played, so a failing one shrinks to what matters.
type schedule struct {
	resources   int
	batchSize   int
	toBucket    bool
	propagation time.Duration
	faults      []fault
	runs        []run
}

// fault goes wrong with the first call that is about a resource, or with any.
type fault struct {
	kind  string
	about int // the number of a resource; -1: any
	after time.Duration
}

// run is a process that works on the job.
type run struct {
	concurrency int
	stream      bool
	cancel      time.Duration // after which its context ends; 0: an hour
	crash       bool          // nothing that it found out is known afterwards
	twin        bool          // another process does the same at the same time
	pause       time.Duration // before it begins
}

var faultKinds = []string{
	"lose", "truncate", "html 502", "html 502 after", "html 200 after", "empty 200 after", "empty 500", "500 after",
	"throttle", "hang", "slow", "denied item", "missing item", "hidden", "unauthorized",
	"other order", "fewer IDs", "unmentioned failure",
}

func drawSchedule(t *rapid.T) schedule {
	s := schedule{
		resources:   rapid.IntRange(1, 24).Draw(t, "resources"),
		batchSize:   rapid.IntRange(1, 8).Draw(t, "batchSize"),
		toBucket:    rapid.Bool().Draw(t, "toBucket"),
		propagation: rapid.SampledFrom([]time.Duration{0, 30 * time.Second}).Draw(t, "propagation"),
	}
	s.faults = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fault {
		return fault{
			kind:  rapid.SampledFrom(faultKinds).Draw(t, "kind"),
			about: rapid.IntRange(-1, s.resources-1).Draw(t, "about"),
			after: seconds(t, "after", 60),
		}
	}), 0, 12).Draw(t, "faults")
	s.runs = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) run {
		return run{
			concurrency: rapid.IntRange(1, 4).Draw(t, "concurrency"),
			stream:      rapid.Bool().Draw(t, "stream"),
			cancel:      seconds(t, "cancel", 20),
			crash:       rapid.Bool().Draw(t, "crash"),
			twin:        rapid.Bool().Draw(t, "twin"),
			pause:       seconds(t, "pause", 7200),
		}
	}), 1, 4).Draw(t, "runs")
	if s.alone() { // only what began a job of one batch can resume it
		for i := range s.runs {
			s.runs[i].stream = s.runs[0].stream
		}
	}
	return s
}

// alone reports whether the job is a single batch.
func (s schedule) alone() bool { return s.resources <= s.batchSize }

func seconds(t *rapid.T, label string, most int) time.Duration {
	return time.Duration(rapid.IntRange(0, most*1000).Draw(t, label)) * time.Millisecond
}

const (
	simulatedBucket = "arn:aws:s3:::logs"
	simulatedRole   = "arn:aws:iam::123456789012:role/r"
)

func (f fault) inject() flowlogstest.Fault {
	made := map[string]func() flowlogstest.Fault{
		"lose":            flowlogstest.LoseAnswer,
		"truncate":        flowlogstest.TruncateAnswer,
		"html 502":        func() flowlogstest.Fault { return flowlogstest.Respond(502, "<html></html>") },
		"html 502 after":  func() flowlogstest.Fault { return flowlogstest.Respond(502, "<html></html>").AfterApplying() },
		"html 200 after":  func() flowlogstest.Fault { return flowlogstest.Respond(200, "<html></html>").AfterApplying() },
		"empty 200 after": func() flowlogstest.Fault { return flowlogstest.Respond(200, "").AfterApplying() },
		"empty 500":       func() flowlogstest.Fault { return flowlogstest.Respond(500, "") },
		"500 after":       func() flowlogstest.Fault { return flowlogstest.Refuse("InternalError", "", 500).AfterApplying() },
		"throttle":        flowlogstest.Throttle,
		"hang":            flowlogstest.Hang,
		"slow":            func() flowlogstest.Fault { return flowlogstest.Delay(f.after) },
		"denied item": func() flowlogstest.Fault {
			return flowlogstest.FailResources("400", "Access Denied for LogDestination: logs. Please check LogDestination permission", vpcID(max(f.about, 0)))
		},
		"missing item": func() flowlogstest.Fault {
			return flowlogstest.FailResources("400", "LogDestination: logs does not exist", vpcID(max(f.about, 0)))
		},
		"unauthorized": func() flowlogstest.Fault { return flowlogstest.Refuse("UnauthorizedOperation", "", 403) },
		"other order": func() flowlogstest.Fault {
			return flowlogstest.EditAnswer(func(out *ec2.CreateFlowLogsOutput) { slices.Reverse(out.FlowLogIds) })
		},
		"fewer IDs": func() flowlogstest.Fault {
			return flowlogstest.EditAnswer(func(out *ec2.CreateFlowLogsOutput) { out.FlowLogIds = out.FlowLogIds[:len(out.FlowLogIds)/2] })
		},
		"unmentioned failure": func() flowlogstest.Fault {
			return flowlogstest.EditAnswer(func(out *ec2.CreateFlowLogsOutput) { out.Unsuccessful = nil })
		},
	}
	switch {
	case f.kind == "hidden" && f.about%2 == 0:
		return flowlogstest.PropagateAfter(simulatedBucket, f.after)
	case f.kind == "hidden":
		return flowlogstest.PropagateAfter(simulatedRole, f.after)
	}
	fault := made[f.kind]()
	if f.about >= 0 {
		fault = fault.On(about(vpcID(f.about)))
	}
	return fault
}

// world is what a schedule is played in.
type world struct {
	schedule
	cloud   *flowlogstest.EC2
	request flowlogs.Request
	mu      sync.Mutex
	broken  []string // the invariants that did not hold
}

func (w *world) fail(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = append(w.broken, fmt.Sprintf(format, args...))
}

// CreateFlowLogs passes calls on, of which none may be made when its context has
// ended.
func (w *world) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	if ctx.Err() != nil {
		w.fail("an attempt after the context had ended")
	}
	return w.cloud.CreateFlowLogs(ctx, in, optFns...)
}

func (w *world) client(concurrency int) *flowlogs.Client {
	return flowlogs.New(w, func(o *flowlogs.Options) {
		o.BatchSize, o.Concurrency, o.PropagationTimeout = w.batchSize, concurrency, w.propagation
	})
}

// play returns the invariants that did not hold.
func (s schedule) play(t *testing.T) []string {
	w := &world{schedule: s, cloud: flowlogstest.New()}
	w.request = vpcRequest(s.resources)
	w.request.ClientToken = "job"
	if s.toBucket {
		w.request.Destination = flowlogs.S3{BucketARN: simulatedBucket}
	}
	synctest.Test(t, func(t *testing.T) {
		for _, f := range s.faults {
			w.cloud.Inject(f.inject())
		}
		for _, r := range s.runs {
			time.Sleep(r.pause)
			var twins sync.WaitGroup
			if r.twin {
				twins.Go(func() { w.play(t.Context(), r) })
			}
			w.play(t.Context(), r)
			twins.Wait()
		}
		w.goOn(t.Context())
	})
	return w.broken
}

func (w *world) play(ctx context.Context, r run) {
	timeout := time.Hour
	if r.cancel > 0 {
		timeout = r.cancel
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var resp *flowlogs.Response
	var err error
	if r.stream {
		resp, err = w.stream(ctx, w.client(r.concurrency))
	} else {
		resp, err = w.client(r.concurrency).Create(ctx, w.request)
	}
	if !r.crash {
		w.check(resp, err, r.stream)
	}
	w.checkCalls()
}

// stream is a Create by way of Stream.
func (w *world) stream(ctx context.Context, client *flowlogs.Client) (*flowlogs.Response, error) {
	return w.streamOf(ctx, client, w.request)
}

func (w *world) streamOf(ctx context.Context, client *flowlogs.Client, req flowlogs.Request) (*flowlogs.Response, error) {
	ids := req.ResourceIDs
	req.ResourceIDs = nil
	resp := &flowlogs.Response{ClientToken: req.ClientToken}
	var errs []error
	for b, err := range client.Stream(ctx, req, idSeq(ids)) {
		resp.Batches = append(resp.Batches, b)
		resp.FlowLogIDs = append(resp.FlowLogIDs, b.FlowLogIDs...)
		resp.Unsuccessful = append(resp.Unsuccessful, b.Unsuccessful...)
		if err != nil {
			errs = append(errs, err)
		}
	}
	slices.SortFunc(resp.Batches, func(a, b flowlogs.Batch) int { return a.Index - b.Index })
	return resp, errors.Join(errs...)
}

// check holds the result of one run against what was done.
func (w *world) check(resp *flowlogs.Response, err error, stream bool) {
	if errors.Is(err, flowlogs.ErrTokenMismatch) || errors.Is(err, flowlogs.ErrInvalidParameter) {
		w.fail("the job is in its own way: %v", err)
	}
	failed := make(map[string]*flowlogs.CallError)
	for _, call := range callErrors(err) {
		if failed[call.Batch.ClientToken] != nil {
			w.fail("two errors for the call %s", call.Batch.ClientToken)
		}
		failed[call.Batch.ClientToken] = call
		if call.Batch.ClientToken == "" || len(call.Batch.ResourceIDs) == 0 && !stream {
			w.fail("an error without that with which to go on: %v", call)
		}
	}
	exist, on := make(map[string]bool), make(map[string]bool)
	for _, f := range w.cloud.FlowLogs() {
		exist[*f.FlowLogId], on[*f.ResourceId] = true, true
	}
	var ids []string
	for id, err := range resp.Results() {
		ids = append(ids, id)
		if err == nil && !on[id] {
			w.fail("no flow log on %s, and no error", id)
		}
	}
	for _, b := range resp.Batches {
		accounted := len(b.FlowLogIDs) + len(b.Unsuccessful)
		if failed[b.ClientToken] == nil && accounted != len(b.ResourceIDs) {
			w.fail("batch %d: %d of %d accounted for, and no error", b.Index, accounted, len(b.ResourceIDs))
		}
		if call := failed[b.ClientToken]; call != nil && accounted+len(call.Batch.ResourceIDs) < len(b.ResourceIDs) {
			w.fail("batch %d: some in neither the batch nor its error", b.Index)
		}
		for _, id := range b.FlowLogIDs {
			if !exist[id] {
				w.fail("%s is reported, and does not exist", id)
			}
		}
	}
	if stream {
		slices.Sort(ids)
	}
	if !slices.Equal(ids, w.request.ResourceIDs) && (!stream || err == nil) {
		w.fail("the results have %v", ids)
	}
	if err == nil && len(resp.FlowLogIDs) != w.resources {
		w.fail("%d flow logs, and no error", len(resp.FlowLogIDs))
	}
}

// checkCalls holds all calls so far against each other.
func (w *world) checkCalls() {
	bodies := make(map[string]string)
	for _, c := range w.cloud.Calls() {
		if body, ok := bodies[c.ClientToken]; ok && body != c.Body {
			w.fail("two requests under the token %s", c.ClientToken)
		}
		bodies[c.ClientToken] = c.Body
	}
	seen := make(map[string]bool)
	for _, f := range w.cloud.FlowLogs() {
		if seen[*f.ResourceId] {
			w.fail("two flow logs on %s", *f.ResourceId)
		}
		seen[*f.ResourceId] = true
	}
}

// goOn works on the job until nothing is left to do, as a user would: the same
// again while calls fail, and then what was unsuccessful as a job of its own.
func (w *world) goOn(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 24*time.Hour)
	defer cancel()
	req := w.request
	for round := range 3*len(w.faults) + 3 {
		time.Sleep(time.Minute)                                   // by then all policies are seen
		attempt, stop := context.WithTimeout(ctx, 10*time.Minute) // for what hangs, and longer than all waits for policies
		var resp *flowlogs.Response
		var err error
		if w.alone() && w.runs[0].stream {
			resp, err = w.streamOf(attempt, w.client(2), req)
		} else {
			resp, err = w.client(2).Create(attempt, req)
		}
		stop()
		if onlyAlreadyExists(resp) {
			w.checkCalls()
			if n := len(w.cloud.FlowLogs()); n != w.resources {
				w.fail("%d flow logs in the end", n)
			}
			return
		}
		if len(callErrors(err)) > 0 || len(resp.Unsuccessful) == 0 {
			continue
		}
		req.ResourceIDs = nil
		for _, item := range resp.Unsuccessful {
			req.ResourceIDs = append(req.ResourceIDs, item.ResourceID)
		}
		req.ClientToken = fmt.Sprint("rest ", round)
	}
	w.fail("it never ends")
}

// onlyAlreadyExists reports whether every resource has its flow log: one that an
// earlier run has created may be in the way of a part of a call that EC2 rejected.
func onlyAlreadyExists(resp *flowlogs.Response) bool {
	for _, err := range resp.Results() {
		if err != nil && flowlogs.ReasonOf(err) != flowlogs.ErrAlreadyExists {
			return false
		}
	}
	return true
}

func callErrors(err error) []*flowlogs.CallError {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*flowlogs.CallError
		for _, err := range joined.Unwrap() {
			all = append(all, callErrors(err)...)
		}
		return all
	}
	var call *flowlogs.CallError
	if errors.As(err, &call) {
		return []*flowlogs.CallError{call}
	}
	return nil
}

// TestNothingIsLostAndNothingIsDoneTwice plays schedules of faults, cancellations,
// crashes and twins. More of them with -rapid.checks=10000.
func TestNothingIsLostAndNothingIsDoneTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		if broken := drawSchedule(rt).play(t); len(broken) > 0 {
			rt.Fatalf("%q", broken)
		}
	})
}
