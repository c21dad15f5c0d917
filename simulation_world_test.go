package flowlogs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"pgregory.net/rapid"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// The world of a simulation: an EC2 in which calls go wrong, and what must hold in
// it whatever happens. All that happens is drawn before it is played, so a failing
// simulation shrinks to what matters.

// fault goes wrong with the first call that is about a resource, or with any.
type fault struct {
	kind  string
	about int // the number of a resource; -1: any
	after time.Duration
}

var faultKinds = []string{
	"lose", "truncate", "html 502", "html 502 after", "html 200 after", "empty 200 after", "empty 500", "500 after",
	"throttle", "hang", "slow", "denied item", "missing item", "hidden", "unauthorized",
	"other order", "fewer IDs", "unmentioned failure",
}

const (
	simulatedBucket = "arn:aws:s3:::logs"
	simulatedRole   = "arn:aws:iam::123456789012:role/r"
)

func (f fault) inject() flowlogstest.Fault {
	made := map[string]func() flowlogstest.Fault{
		"lose":            flowlogstest.LoseResponse,
		"truncate":        flowlogstest.TruncateResponse,
		"html 502":        func() flowlogstest.Fault { return flowlogstest.Respond(502, "<html></html>") },
		"html 502 after":  func() flowlogstest.Fault { return flowlogstest.Respond(502, "<html></html>").AfterApplying() },
		"html 200 after":  func() flowlogstest.Fault { return flowlogstest.Respond(200, "<html></html>").AfterApplying() },
		"empty 200 after": func() flowlogstest.Fault { return flowlogstest.Respond(200, "").AfterApplying() },
		"empty 500":       func() flowlogstest.Fault { return flowlogstest.Respond(500, "") },
		"500 after":       func() flowlogstest.Fault { return flowlogstest.Reject("InternalError", "", 500).AfterApplying() },
		"throttle":        flowlogstest.Throttle,
		"hang":            flowlogstest.Hang,
		"slow":            func() flowlogstest.Fault { return flowlogstest.Delay(f.after) },
		"denied item": func() flowlogstest.Fault {
			return flowlogstest.FailResources("400", "Access Denied for LogDestination: logs. Please check LogDestination permission", vpcID(max(f.about, 0)))
		},
		"missing item": func() flowlogstest.Fault {
			return flowlogstest.FailResources("400", "LogDestination: logs does not exist", vpcID(max(f.about, 0)))
		},
		"unauthorized": func() flowlogstest.Fault { return flowlogstest.Reject("UnauthorizedOperation", "", 403) },
		"other order": func() flowlogstest.Fault {
			return flowlogstest.EditResponse(func(out *ec2.CreateFlowLogsOutput) { slices.Reverse(out.FlowLogIds) })
		},
		"fewer IDs": func() flowlogstest.Fault {
			return flowlogstest.EditResponse(func(out *ec2.CreateFlowLogsOutput) { out.FlowLogIds = out.FlowLogIds[:len(out.FlowLogIds)/2] })
		},
		"unmentioned failure": func() flowlogstest.Fault {
			return flowlogstest.EditResponse(func(out *ec2.CreateFlowLogsOutput) { out.Unsuccessful = nil })
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

// simOutage is a time in which EC2 fails every call.
type simOutage struct{ from, lasts time.Duration }

// rejection is a resource because of which EC2 rejects calls.
type rejection struct {
	about int
	code  string
	until time.Duration // when it is mended; 0: it stays
}

// Those that stay are of no reason that stops a job.
var rejectionCodes = []string{"InvalidVpcID.NotFound", "FlowLogAlreadyExists", "FlowLogsLimitExceeded", "UnauthorizedOperation"}

func drawSeconds(t *rapid.T, label string, most int) time.Duration {
	return time.Duration(rapid.IntRange(0, most*1000).Draw(t, label)) * time.Millisecond
}

func drawFaults(t *rapid.T, resources, most int, kinds []string) []fault {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fault {
		return fault{
			kind:  rapid.SampledFrom(kinds).Draw(t, "kind"),
			about: rapid.IntRange(-1, resources-1).Draw(t, "about"),
			after: drawSeconds(t, "after", 60),
		}
	}), 0, most).Draw(t, "faults")
}

func drawOutages(t *rapid.T, within, lasts int) []simOutage {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) simOutage {
		o := simOutage{lasts: drawSeconds(t, "lasts", lasts)}
		if rapid.Bool().Draw(t, "later") { // else from the first call
			o.from = drawSeconds(t, "from", within)
		}
		return o
	}), 0, 2).Draw(t, "outages")
}

func drawRejections(t *rapid.T, resources int) []rejection {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rejection {
		r := rejection{
			about: rapid.IntRange(0, resources-1).Draw(t, "about"),
			code:  rapid.SampledFrom(rejectionCodes).Draw(t, "code"),
		}
		if r.code == "UnauthorizedOperation" || rapid.Bool().Draw(t, "mended") {
			r.until = time.Second + drawSeconds(t, "until", 60)
		}
		return r
	}), 0, 4).Draw(t, "rejections")
}

// world is what a simulation is played in.
type world struct {
	cloud      *flowlogstest.EC2
	start      time.Time
	outages    []simOutage
	rejections []rejection

	mu     sync.Mutex
	broken []string // the invariants that did not hold
}

// newWorld is to be called in a bubble.
func newWorld(faults []fault, outages []simOutage, rejections []rejection, optFns ...func(*flowlogstest.Options)) *world {
	w := &world{cloud: flowlogstest.New(optFns...), start: time.Now(), outages: outages, rejections: rejections}
	for _, f := range faults {
		w.cloud.Inject(f.inject())
	}
	return w
}

func (w *world) fail(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = append(w.broken, fmt.Sprintf(format, args...))
}

// out reports whether there is an outage.
func (w *world) out() bool {
	now := time.Since(w.start)
	return slices.ContainsFunc(w.outages, func(o simOutage) bool { return o.from <= now && now < o.from+o.lasts })
}

// rejects returns the code with which calls about a resource are rejected now, ""
// if they are not.
func (w *world) rejects(id string) string {
	for _, r := range w.rejections {
		if vpcID(r.about) == id && (r.until == 0 || time.Since(w.start) < r.until) {
			return r.code
		}
	}
	return ""
}

// staying are the resources that never get a flow log, with the reason.
func (w *world) staying() map[string]flowlogs.Reason {
	staying := make(map[string]flowlogs.Reason)
	for _, r := range w.rejections {
		if r.until == 0 && staying[vpcID(r.about)] == "" {
			staying[vpcID(r.about)] = flowlogs.ReasonOf(apiError(r.code, ""))
		}
	}
	return staying
}

// trouble is how long the outages last together.
func (w *world) trouble() time.Duration {
	var sum time.Duration
	for _, o := range w.outages {
		sum += o.lasts
	}
	return sum
}

// endpoint is the API of one process, and what it saw.
type endpoint struct {
	*world
	breaksAt int // the call that panics; 0: none

	mu        sync.Mutex
	sent      map[string]int // calls by token
	calls     int
	throttled int
}

// CreateFlowLogs passes calls on, of which none may be made when its context has
// ended.
func (e *endpoint) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	if end, ok := ctx.Deadline(); ok && time.Now().After(end) {
		e.fail("an attempt after the context had ended")
	}
	if e.count(*in.ClientToken) == e.breaksAt {
		panic(errBroken)
	}
	if e.out() {
		return nil, httpError(503, "Unavailable")
	}
	for _, id := range in.ResourceIds {
		if code := e.rejects(id); code != "" {
			return nil, apiError(code, id)
		}
	}
	out, err := e.cloud.CreateFlowLogs(ctx, in, optFns...)
	if flowlogs.ReasonOf(err) == flowlogs.ErrThrottled {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.throttled++
	}
	return out, err
}

// httpError is an error of EC2 as the SDK returns it.
func httpError(status int, code string) error {
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      apiError(code, code),
	}
}

func (e *endpoint) count(token string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sent == nil {
		e.sent = make(map[string]int)
	}
	e.sent[token]++
	e.calls++
	return e.calls
}

// checkResults holds the result of one run against what was done: a nil result
// means that the flow log exists, and no call is lost or told twice.
func (w *world) checkResults(resp *flowlogs.Response, err error) {
	if errors.Is(err, flowlogs.ErrTokenMismatch) {
		w.fail("the job rejects itself: %v", err)
	}
	failed := make(map[string]*flowlogs.CallError)
	for _, call := range callErrors(err) {
		token := call.Batch.ClientToken
		if token == "" && len(call.Batch.ResourceIDs) > 0 {
			w.fail("an error without that with which to resume: %v", call)
		}
		if failed[token] != nil && len(call.Batch.ResourceIDs) > 0 {
			w.fail("two errors for the call %s", token)
		}
		failed[token] = call
	}
	exist, on := make(map[string]bool), make(map[string]bool)
	for _, f := range w.cloud.FlowLogs() {
		exist[*f.FlowLogId], on[*f.ResourceId] = true, true
	}
	for id, err := range resp.Results() {
		if err == nil && !on[id] {
			w.fail("no flow log on %s, and no error", id)
		}
	}
	for _, b := range resp.Batches {
		if n := len(b.FlowLogIDs) + len(b.Unsuccessful); failed[b.ClientToken] == nil && n != len(b.ResourceIDs) {
			w.fail("batch %d: %d of %d accounted for, and no error", b.Index, n, len(b.ResourceIDs))
		}
		for _, id := range b.FlowLogIDs {
			if !exist[id] {
				w.fail("%s is reported, and does not exist", id)
			}
		}
	}
}

// checkProgress holds the reports of one run against its result, and against the
// calls that its API saw.
func (w *world) checkProgress(reports []flowlogs.Progress, resp *flowlogs.Response, e *endpoint) {
	if len(reports) == 0 {
		return
	}
	var before flowlogs.Progress
	for _, p := range reports {
		if p.Created < before.Created || p.Unsuccessful < before.Unsuccessful || p.Failed < before.Failed ||
			p.BatchesDone < before.BatchesDone || p.Attempts < before.Attempts || p.Elapsed < before.Elapsed {
			w.fail("progress %+v after %+v", p, before)
		}
		before = p
	}
	resources, attempts := 0, 0
	for _, b := range resp.Batches {
		resources += len(b.ResourceIDs)
		attempts += b.Attempts
		if n := e.sent[b.ClientToken]; n > b.Attempts { // less if denied resources were sent again
			w.fail("batch %d counts %d attempts of %d", b.Index, b.Attempts, n)
		}
	}
	if done := before.Created + before.Unsuccessful + before.Failed; done != resources {
		w.fail("progress counts %d resources, the result has %d", done, resources)
	}
	if before.Attempts != e.calls || before.Throttled != e.throttled {
		w.fail("progress counts %d attempts and %d throttled of %d and %d", before.Attempts, before.Throttled, e.calls, e.throttled)
	}
	if attempts > e.calls {
		w.fail("the batches count %d attempts of %d", attempts, e.calls)
	}
	if before.Waiting != 0 {
		w.fail("%d batches wait in the end", before.Waiting)
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
