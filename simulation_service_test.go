package flowlogs_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// service is an account in which many processes create flow logs, each for
// several callers at a time. EC2 throttles it.
type service struct {
	resources int
	clients   int // processes; each has its own limiter, or they share one
	shared    bool
	faults    []fault
	outages   []simOutage
	callers   []caller
}

// caller asks one of the clients for flow logs on some of the resources. Several
// may ask for the same.
type caller struct {
	client     int
	at         time.Duration
	first, ids int // the resources
	batchSize  int
	way        string
	token      string // "": its own; callers with the same one and the same resources are one job
	timeout    time.Duration
	pause      time.Duration // of its source, before each ID
}

// transientKinds are faults that a job gets over by itself.
var transientKinds = []string{
	"lose", "truncate", "html 502", "html 502 after", "html 200 after", "empty 200 after", "empty 500", "500 after", "throttle", "slow",
}

func drawService(t *rapid.T) service {
	s := service{
		resources: rapid.IntRange(1, 60).Draw(t, "resources"),
		clients:   rapid.IntRange(1, 3).Draw(t, "clients"),
		shared:    rapid.Bool().Draw(t, "shared"),
	}
	s.faults = drawFaults(t, s.resources, 12, transientKinds)
	s.outages = drawOutages(t, 120, 60)
	s.callers = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) caller {
		c := caller{
			client:    rapid.IntRange(0, s.clients-1).Draw(t, "client"),
			at:        drawSeconds(t, "at", 120),
			first:     rapid.IntRange(0, s.resources-1).Draw(t, "first"),
			batchSize: rapid.IntRange(1, 4).Draw(t, "batchSize"),
			way:       rapid.SampledFrom([]string{"Create", "Stream", "CreateFlowLogs"}).Draw(t, "way"),
			token:     rapid.SampledFrom([]string{"", "", "", "shared"}).Draw(t, "token"),
			timeout:   time.Hour,
		}
		c.ids = rapid.IntRange(1, min(12, s.resources-c.first)).Draw(t, "ids")
		if rapid.IntRange(0, 4).Draw(t, "impatient") == 4 {
			c.timeout = drawSeconds(t, "timeout", 30)
		}
		if c.way == "Stream" {
			c.pause = rapid.SampledFrom([]time.Duration{0, time.Second, 20 * time.Second}).Draw(t, "pause")
		}
		return c
	}), 1, 40).Draw(t, "callers")
	return s
}

// served is the result of a caller.
type served struct {
	caller
	resp  *flowlogs.Response
	err   error
	ended time.Duration // after the start
}

// play returns the invariants that did not hold.
func (s service) play(t *testing.T) (broken []string) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(s.faults, s.outages, nil, func(o *flowlogstest.Options) { o.Throttle = true })
		limiter := flowlogs.NewLimiter()
		clients := make([]*flowlogs.Client, s.clients)
		for i := range clients {
			clients[i] = flowlogs.New(&endpoint{world: w}, func(o *flowlogs.Options) {
				if s.shared {
					o.Limiter = limiter
				}
			})
		}
		results := make([]served, len(s.callers))
		var callers sync.WaitGroup
		for i, c := range s.callers {
			callers.Go(func() {
				time.Sleep(c.at)
				results[i] = c.ask(t.Context(), w, clients[c.client])
			})
		}
		callers.Wait()
		w.checkCalls()
		for _, r := range results {
			s.check(w, r)
		}
		broken = w.broken
	})
	return broken
}

func (c caller) request() flowlogs.Request {
	req := rooted(0)
	req.ResourceIDs = vpcIDs(c.first + c.ids)[c.first:]
	req.ClientToken = ""
	if c.token != "" {
		req.ClientToken, _ = flowlogs.ContentToken(c.token + c.way)(req)
	}
	return req
}

func (c caller) ask(ctx context.Context, w *world, client *flowlogs.Client) served {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r := served{caller: c, resp: &flowlogs.Response{}}
	req := c.request()
	var reports []flowlogs.Progress
	options := func(o *flowlogs.Options) {
		o.BatchSize, o.RetryTimeout = c.batchSize, 15*time.Minute
		o.OnProgress = func(p flowlogs.Progress) { reports = append(reports, p) }
	}
	switch c.way {
	case "Create":
		r.resp, r.err = client.Create(ctx, req, options)
	case "Stream":
		ids := req.ResourceIDs
		req.ResourceIDs = nil
		source := func(yield func(string, error) bool) {
			for _, id := range ids {
				time.Sleep(c.pause)
				if !yield(id, nil) {
					return
				}
			}
		}
		var errs []error
		for b, err := range client.Stream(ctx, req, source, options) {
			r.resp.Batches = append(r.resp.Batches, b)
			errs = append(errs, err)
		}
		r.err = errors.Join(errs...)
	case "CreateFlowLogs":
		in, _ := req.Input()
		out, err := flowlogs.New(client, options).CreateFlowLogs(ctx, in)
		if r.err = err; err == nil {
			r.resp.Batches = []flowlogs.Batch{{ResourceIDs: req.ResourceIDs, FlowLogIDs: out.FlowLogIds}}
		}
	}
	r.ended = time.Since(w.start)
	for i, p := range reports {
		if i > 0 && p.Created < reports[i-1].Created {
			w.fail("progress %+v after %+v", p, reports[i-1])
		}
	}
	return r
}

func (s service) check(w *world, r served) {
	w.checkResults(r.resp, r.err)
	over := r.at + r.timeout + r.pause
	if r.ended > over {
		w.fail("a caller with %v was kept for %v", r.timeout, r.ended-r.at)
	}
	if r.timeout < time.Hour {
		return
	}
	// Everybody gets their flow logs, unless somebody else has got them first.
	if rest := left(r.resp, nil); rest > 0 && !errors.Is(r.err, flowlogs.ErrAlreadyExists) {
		w.fail("%d of a caller's resources have no flow log: %v", rest, r.err)
	}
	if took := r.ended - r.at; took > s.worst(r.caller) {
		w.fail("a caller waited for %v", took)
	}
}

// worst is how long a caller may take: its source, what goes wrong, pauses that
// have grown as long as that, and its turn behind the calls of all. A fault can cost a
// pause of half a minute: while EC2 responds to nothing, the job makes single attempts.
func (s service) worst(c caller) time.Duration {
	calls, slow := 0, time.Duration(0)
	for _, c := range s.callers {
		calls += 2 * c.ids // halves
	}
	for _, f := range s.faults {
		calls += 3
		slow += f.after + 30*time.Second
	}
	var out time.Duration
	for _, o := range s.outages {
		out += o.lasts
	}
	return time.Duration(c.ids)*c.pause + slow + 3*out + 2*time.Minute + time.Duration(calls)*time.Second
}

// TestSimulation_EveryCallerIsServed plays callers of several clients in an
// account that is throttled, with faults and outages. More of them with
// -rapid.checks=10000.
func TestSimulation_EveryCallerIsServed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawService(rt)
		slices.SortStableFunc(s.callers, func(a, b caller) int { return int(a.at - b.at) })
		if broken := s.play(t); len(broken) > 0 {
			rt.Fatalf("%q", broken)
		}
	})
}
