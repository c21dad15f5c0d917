package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"pgregory.net/rapid"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// kind is what a flow log of the simulation is to the request of newRequest.
type kind string

const (
	exact       kind = "exact"
	old         kind = "old" // equal, with fields of 2017
	replaceable kind = "replaceable"
	protected   kind = "protected" // conflicts, and Replace does not allow it
	managed     kind = "managed"
	slash       kind = "slash"
	other       kind = "other"
)

var kinds = []kind{exact, old, replaceable, protected, managed, slash, other}

func (k kind) isEqual() bool { return k == exact || k == old }
func (k kind) blocks() bool  { return k == protected || k == managed || k == slash }

func (k kind) flowLog(resourceID string) types.FlowLog {
	switch k {
	case old:
		return types.FlowLog{
			ResourceId: &resourceID, LogDestination: aws.String(bucket), LogDestinationType: types.LogDestinationTypeS3, TrafficType: types.TrafficTypeAll,
		}
	case replaceable:
		return flowLogOn(resourceID, everyMinute)
	case protected:
		return flowLogOn(resourceID, func(f *types.FlowLog) { f.LogFormat = aws.String("${version}") })
	case managed:
		return flowLogOn(resourceID, everyMinute, func(f *types.FlowLog) {
			f.Tags = []types.Tag{{Key: aws.String("CloudWatchTelemetryRuleManaged"), Value: aws.String("true")}}
		})
	case slash:
		return flowLogOn(resourceID, func(f *types.FlowLog) { f.LogDestination = aws.String(bucket + "/") })
	case other:
		return flowLogOn(resourceID, func(f *types.FlowLog) { f.TrafficType = types.TrafficTypeReject })
	}
	return flowLogOn(resourceID)
}

// kindOf is the simulation's own view of equality.
func kindOf(f types.FlowLog) kind {
	switch {
	case f.TrafficType != types.TrafficTypeAll:
		return other
	case aws.ToString(f.LogDestination) == bucket+"/":
		return slash
	case len(f.Tags) > 0:
		return managed
	case aws.ToString(f.LogFormat) == "${version}":
		return protected
	case aws.ToInt32(f.MaxAggregationInterval) == 60:
		return replaceable
	}
	return exact
}

// mayReplace allows more than may ever be deleted.
func mayReplace(f types.FlowLog) bool { return kindOf(f) != protected }

// event is what others do to the flow logs of a resource.
type event struct {
	at       time.Duration
	resource int
	put      kind // "": delete the flow logs of a kind, or let them fail
	del      kind
	fail     bool // the equal flow logs
}

// schedule is drawn before it is played, so a failing one shrinks.
type schedule struct {
	resources int
	perItem   bool
	lag       time.Duration // until a new flow log is shown
	deleteLag time.Duration // until a deleted one is no longer shown
	forgets   bool          // client tokens
	batch     int
	probation time.Duration
	events    []event
	faults    []string
	applies   []int           // how many run at the same time
	cancels   []time.Duration // after which each crashes; 0: never
}

func drawSchedule(t *rapid.T) schedule {
	s := schedule{
		resources: rapid.IntRange(1, 12).Draw(t, "resources"),
		perItem:   rapid.Bool().Draw(t, "perItem"),
		lag:       rapid.SampledFrom([]time.Duration{0, time.Second, 10 * time.Second}).Draw(t, "lag"),
		deleteLag: rapid.SampledFrom([]time.Duration{0, 2 * time.Second, 20 * time.Second}).Draw(t, "deleteLag"),
		forgets:   rapid.Bool().Draw(t, "forgets"),
		batch:     rapid.IntRange(1, 6).Draw(t, "batch"),
		probation: rapid.SampledFrom([]time.Duration{0, 5 * time.Minute}).Draw(t, "probation"),
	}
	runs := rapid.IntRange(1, 4).Draw(t, "runs")
	for range runs {
		s.applies = append(s.applies, rapid.IntRange(1, 3).Draw(t, "applies"))
		s.cancels = append(s.cancels, rapid.SampledFrom([]time.Duration{0, 0, time.Second, 3 * time.Second, time.Minute}).Draw(t, "cancel"))
	}
	alone := !slices.ContainsFunc(s.applies, func(n int) bool { return n > 1 })
	for range rapid.IntRange(0, 12).Draw(t, "events") {
		e := event{
			at:       time.Duration(rapid.SampledFrom([]int{0, 0, 1, 2, 5, 60, 200, 400}).Draw(t, "at")) * time.Second,
			resource: rapid.IntRange(0, s.resources-1).Draw(t, "resource"),
		}
		switch what := rapid.IntRange(0, 4).Draw(t, "what"); {
		case what <= 2:
			e.put = rapid.SampledFrom(kinds).Draw(t, "put")
		case what == 3 && alone:
			e.del = rapid.SampledFrom(kinds).Draw(t, "delete")
		case what == 3:
			e.del = rapid.SampledFrom([]kind{replaceable, protected, managed, slash}).Draw(t, "delete")
		default:
			e.fail = alone
		}
		s.events = append(s.events, e)
	}
	slices.SortStableFunc(s.events, func(a, b event) int { return int(a.at - b.at) })
	s.faults = rapid.SliceOfN(rapid.SampledFrom([]string{
		"throttle", "lose create", "lose describe", "lose delete", "500 after", "502", "exists call", "exists item", "slow", "hang",
		"deny describe", "500 describe",
	}), 0, 4).Draw(t, "faults")
	return s
}

// region is an EC2 in which others are at work, and which remembers all that ever
// was.
type region struct {
	*flowlogstest.EC2
	api   reconcile.API // the same, with its lags
	lag   time.Duration // of deletions
	t     *rapid.T
	start time.Time

	mu      sync.Mutex
	events  []event
	history map[string]life // by flow log ID
}

type life struct {
	flowLog types.FlowLog
	from    time.Time
	to      time.Time // zero: it still exists
}

func (r *region) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	r.play()
	defer r.observe()
	return r.api.CreateFlowLogs(ctx, in, optFns...)
}

func (r *region) DescribeFlowLogs(ctx context.Context, in *ec2.DescribeFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.DescribeFlowLogsOutput, error) {
	r.play()
	return r.api.DescribeFlowLogs(ctx, in, optFns...)
}

// DeleteFlowLogs has no events before it: what others do between the last look
// and the deletion, nobody can know.
func (r *region) DeleteFlowLogs(ctx context.Context, in *ec2.DeleteFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.DeleteFlowLogsOutput, error) {
	before := r.FlowLogs()
	for _, f := range before {
		if !slices.Contains(in.FlowLogIds, *f.FlowLogId) {
			continue
		}
		if k := kindOf(f); k != replaceable {
			r.t.Errorf("deletes the flow log %s, which is %s", *f.FlowLogId, k)
		}
		if !slices.ContainsFunc(r.shown(), func(g types.FlowLog) bool {
			return *g.ResourceId == *f.ResourceId && kindOf(g).isEqual() && aws.ToString(g.DeliverLogsStatus) != "FAILED"
		}) {
			r.t.Errorf("leaves %s without a flow log in order", *f.ResourceId)
		}
	}
	defer r.observe()
	return r.api.DeleteFlowLogs(ctx, in, optFns...)
}

// shown returns the flow logs that exist or are still shown.
func (r *region) shown() []types.FlowLog {
	r.mu.Lock()
	defer r.mu.Unlock()
	shown := r.FlowLogs()
	for _, l := range r.history {
		if !l.to.IsZero() && time.Since(l.to) < r.lag {
			shown = append(shown, l.flowLog)
		}
	}
	return shown
}

// play lets others do what is due.
func (r *region) play() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.events) > 0 && time.Since(r.start) >= r.events[0].at {
		e := r.events[0]
		r.events = r.events[1:]
		var on []types.FlowLog
		for _, f := range r.FlowLogs() {
			if *f.ResourceId == vpcID(e.resource) {
				on = append(on, f)
			}
		}
		has := func(f func(kind) bool) bool {
			return slices.ContainsFunc(on, func(g types.FlowLog) bool { return f(kindOf(g)) })
		}
		switch {
		case e.put.isEqual() && has(kind.isEqual): // EC2 would not take it
		case e.put != "":
			r.Put(e.put.flowLog(vpcID(e.resource)))
		case e.fail:
			for _, f := range on {
				if kindOf(f).isEqual() {
					f.DeliverLogsStatus, f.DeliverLogsErrorMessage = aws.String("FAILED"), aws.String("Access error")
					r.Put(f)
				}
			}
		default:
			for _, f := range on {
				if kindOf(f) == e.del {
					_, _ = r.api.DeleteFlowLogs(context.Background(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{*f.FlowLogId}})
				}
			}
		}
		r.note() // what is deleted at once may still be shown
	}
	r.note()
}

func (r *region) observe() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note()
}

// note remembers what exists, and checks that there are never two equal ones.
func (r *region) note() {
	now := time.Now()
	exists := make(map[string]bool)
	equals := make(map[string]int)
	for _, f := range r.FlowLogs() {
		id := *f.FlowLogId
		exists[id] = true
		l, ok := r.history[id]
		if !ok {
			l = life{from: now}
		}
		l.flowLog = f
		r.history[id] = l
		if kindOf(f).isEqual() {
			if equals[*f.ResourceId]++; equals[*f.ResourceId] > 1 {
				r.t.Errorf("two equal flow logs on %s", *f.ResourceId)
			}
		}
	}
	for id, l := range r.history {
		if !exists[id] && l.to.IsZero() {
			l.to = now
			r.history[id] = l
		}
	}
}

// check compares outcomes with what was, at some instant since the start of the
// Apply.
func (r *region) check(since time.Time, req flowlogs.Request, result *reconcile.Result, err error) {
	r.observe()
	r.mu.Lock()
	defer r.mu.Unlock()
	if result == nil || len(result.Outcomes) != len(req.ResourceIDs) {
		r.t.Fatalf("no outcomes: %v", err)
	}
	failed, changed := false, false
	for i, o := range result.Outcomes {
		failed = failed || o.Err != nil
		changed = changed || o.Created || len(o.Deleted) > 0
		l, known := r.history[o.FlowLogID]
		existed := known && (l.to.IsZero() || !l.to.Before(since.Add(-r.lag)))
		switch {
		case o.ResourceID != req.ResourceIDs[i]:
			r.t.Errorf("outcome %d is of %s", i, o.ResourceID)
		case o.Err == nil && (!existed || *l.flowLog.ResourceId != o.ResourceID || !kindOf(l.flowLog).isEqual()):
			r.t.Errorf("%+v is not true: %+v", o, l)
		case o.Err == nil && o.Created && l.from.Before(since):
			r.t.Errorf("%+v was not created now", o)
		case o.Err != nil && !errors.Is(err, sharedError(o.Err)):
			r.t.Errorf("%v is not in %v", o.Err, err)
		}
		for _, id := range o.Deleted {
			// If both lose the response, an Apply cannot know that one before it deleted the flow
			// log, which EC2 still shows.
			if gone := r.history[id]; gone.to.IsZero() || gone.to.Before(since.Add(-r.lag)) {
				r.t.Errorf("%s was not deleted now", id)
			}
		}
	}
	if failed != (err != nil) || changed != result.Changed {
		r.t.Errorf("failed %t, error %v, changed %t, Changed %t", failed, err, changed, result.Changed)
	}
}

func (r *region) inject(faults []string) {
	create := func(c flowlogstest.Call) bool { return c.Operation == "CreateFlowLogs" }
	describe := func(c flowlogstest.Call) bool { return c.Operation == "DescribeFlowLogs" }
	del := func(c flowlogstest.Call) bool { return c.Operation == "DeleteFlowLogs" }
	exists := "Error. There is an existing Flow Log with the same configuration and log destination."
	for _, f := range faults {
		switch f {
		case "throttle":
			r.Inject(flowlogstest.Throttle().Times(2))
		case "lose create":
			r.Inject(flowlogstest.LoseResponse().On(create))
		case "lose describe":
			r.Inject(flowlogstest.LoseResponse().On(describe).Times(2))
		case "lose delete":
			r.Inject(flowlogstest.LoseResponse().On(del).Times(2))
		case "500 after":
			r.Inject(flowlogstest.Reject("InternalError", "An internal error has occurred", 500).AfterApplying().On(create).Times(4))
		case "502":
			r.Inject(flowlogstest.Respond(502, "<html>").Times(3))
		case "exists call":
			r.Inject(flowlogstest.Reject("FlowLogAlreadyExists", exists, 400).On(create))
		case "exists item":
			r.Inject(flowlogstest.FailResources("FlowLogAlreadyExists", exists, vpcID(0)))
		case "deny describe":
			r.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403).On(describe))
		case "500 describe":
			r.Inject(flowlogstest.Reject("InternalError", "An internal error has occurred", 500).On(describe).Times(6))
		case "slow":
			r.Inject(flowlogstest.Delay(2 * time.Second).Times(2).On(func(c flowlogstest.Call) bool { return !del(c) }))
		case "hang":
			r.Inject(flowlogstest.Hang().On(func(c flowlogstest.Call) bool { return !del(c) })) // others delete while they hold a lock
		}
	}
}

// sharedError returns the error of the call in that of one of its resources.
func sharedError(err error) error {
	var call *flowlogs.CallError
	if errors.As(err, &call) {
		return call
	}
	return err
}

func TestReconciler_KeepsItsPromisesInARegionWithOthers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSchedule(rt)
		synctest.Test(t, func(*testing.T) { play(rt, s) })
	})
}

func play(t *rapid.T, s schedule) {
	r := &region{
		EC2: flowlogstest.New(func(o *flowlogstest.Options) {
			o.AlreadyExistsPerItem, o.DescribeLag, o.DeleteLag = s.perItem, s.lag, s.deleteLag
			if s.forgets {
				o.TokenLifetime = 0
			}
		}),
		lag: s.deleteLag, t: t, start: time.Now(), events: s.events, history: map[string]life{},
	}
	r.api = r.EC2
	r.inject(s.faults)
	req := newRequest(s.resources)
	newReconciler := func() *reconcile.Reconciler {
		return reconcile.New(r, func(o *reconcile.Options) {
			o.Replace, o.Probation = mayReplace, s.probation
			o.Create = append(o.Create, func(o *flowlogs.Options) { o.BatchSize = s.batch })
		})
	}
	for i, applies := range s.applies {
		var wg sync.WaitGroup
		for range applies {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
				defer cancel()
				if s.cancels[i] > 0 {
					ctx, cancel = context.WithTimeout(ctx, s.cancels[i])
					defer cancel()
				}
				since := time.Now()
				result, err := newReconciler().Apply(ctx, req)
				r.check(since, req, result, err)
			})
		}
		wg.Wait()
	}

	// Quiet.
	r.ClearFaults()
	time.Sleep(time.Hour)
	r.play()
	time.Sleep(max(s.lag, s.deleteLag))
	first, err := newReconciler().Apply(context.Background(), req)
	r.check(time.Now().Add(-time.Hour), req, first, err)
	r.checkQuiet(first)
	time.Sleep(s.deleteLag)
	second, err := newReconciler().Apply(context.Background(), req)
	r.checkQuiet(second)
	if second.Changed {
		t.Errorf("a second Apply changes something: %+v, %v", second, err)
	}
	plan, err := newReconciler().Plan(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range plan.Changes {
		if o := second.Outcomes[i]; c.Action != reconcile.ActionKeep && c.Action != reconcile.ActionConflict ||
			(c.Action == reconcile.ActionConflict) != (o.Err != nil) || o.FlowLogID != first.Outcomes[i].FlowLogID {
			t.Errorf("after quiet: %+v, %+v", c, o)
		}
	}
}

// checkQuiet checks that an Apply without others did all that can be done.
func (r *region) checkQuiet(result *reconcile.Result) {
	for _, o := range result.Outcomes {
		var has []string
		equal, failing, blocked, left := false, false, false, false
		for _, f := range r.FlowLogs() {
			if *f.ResourceId != o.ResourceID {
				continue
			}
			k := kindOf(f)
			has = append(has, fmt.Sprint(k, " ", aws.ToString(f.DeliverLogsStatus)))
			equal = equal || k.isEqual()
			failing = failing || k.isEqual() && aws.ToString(f.DeliverLogsStatus) == "FAILED"
			blocked = blocked || k.blocks()
			left = left || k == replaceable
		}
		ok := equal && (!left || !failing)
		switch {
		case ok != (o.Err == nil), ok && left, !equal && !blocked:
			r.t.Errorf("after quiet, %+v with %s", o, strings.Join(has, ", "))
		}
	}
}
