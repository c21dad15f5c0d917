package flowlogs_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"

	"github.com/go-flowlogs/flowlogs"
)

// fleet is flow logs for many VPCs, created in one account by one or several
// processes that know nothing of each other.
type fleet struct {
	name      string
	account   func(*account)
	before    func(context.Context, process, *account) // what the process did earlier; nil: nothing
	processes int                                      // 0: one
	apart     time.Duration                            // between their starts
	most      measures                                 // that TestFleet allows; spread 0: any
}

// measures are the results of a run. TestFleet allows more than the medians that
// BenchmarkFleet reports, because it has fewer runs.
type measures struct {
	time      float64 // times the floor
	throttled float64 // share of all calls
	spread    float64 // between the process that is done first and the last
	missing   int     // resources without a flow log
}

const (
	fleetSize  = 100_000
	sharedSize = 240_000
	batchSize  = 300
)

// fleets is every fleet that is measured.
func fleets() []fleet {
	usual := measures{time: 1.10, throttled: 0.06}
	all := []fleet{
		{name: "alone", most: usual},
		{name: "half taken", account: othersTake(constantly(2.5)), most: usual},
		{name: "four fifths taken", account: othersTake(constantly(4)), most: measures{time: 1.10, throttled: 0.08}},
		{name: "half is taken midway", account: othersTake(until(30*time.Second, 0, 2.5)), most: usual},
		{name: "half is given back midway", account: othersTake(until(60*time.Second, 2.5, 0)), most: usual},
		{name: "four fifths are taken midway", account: othersTake(until(30*time.Second, 0, 4)), most: measures{time: 1.10, throttled: 0.08}},
		{name: "four fifths are given back midway", account: othersTake(until(100*time.Second, 4, 0)), most: usual},
		{name: "out for ten minutes", account: func(a *account) { a.outage = between(30*time.Second, 630*time.Second) }, most: usual},
		{name: "out for the first second", account: func(a *account) { a.outage = between(0, time.Second) }, most: usual},
		{name: "one call in a hundred fails", account: func(a *account) { a.broken = 0.01 }, most: usual},
		{name: "one call in five fails", account: func(a *account) { a.broken = 0.2 }, most: measures{time: 1.25, throttled: 0.06}},
		{name: "half of the calls fail", account: func(a *account) { a.broken = 0.5 }, most: measures{time: 1.6, throttled: 0.06, missing: 20 * batchSize}}, // batches use up their retries,
		{name: "after single calls, 0.5 s apart", before: singleCalls(500 * time.Millisecond), most: usual},
		{name: "after single calls, 1.9 s apart", before: singleCalls(1900 * time.Millisecond), most: usual},
		{name: "eight hours after nine tenths were taken", before: longAgo, most: usual},
	}
	for _, apart := range []time.Duration{0, 3 * time.Second} {
		for _, shared := range []fleet{
			{processes: 2, most: measures{time: 1.15, throttled: 0.06, spread: 1.8}},
			{processes: 4, most: measures{time: 1.15, throttled: 0.08, spread: 2.2}},
			{processes: 8, most: measures{time: 1.15, throttled: 0.13, spread: 3}},
			{processes: 16, most: measures{time: 1.15, throttled: 0.25, spread: 8}},
		} {
			shared.name, shared.apart = fmt.Sprintf("%d processes", shared.processes), apart
			if apart > 0 {
				shared.name += fmt.Sprintf(", %v apart", apart)
				shared.most.spread = 0 // who is first has the whole bucket
			}
			all = append(all, shared)
		}
	}
	return all
}

func othersTake(rate func(time.Duration) float64) func(*account) {
	return func(a *account) { a.others = rate }
}

// singleCalls is a service that has learned while others took nine tenths, and then
// has made thousands of single calls alone.
func singleCalls(apart time.Duration) func(context.Context, process, *account) {
	return func(ctx context.Context, p process, a *account) {
		whileOthersTake(ctx, p, a, constantly(4.5))
		for i := range 3000 {
			time.Sleep(apart)
			p(ctx, []string{vpcID(1_000_000 + i)})
		}
		time.Sleep(10 * time.Second) // the bucket is full
	}
}

func longAgo(ctx context.Context, p process, a *account) {
	whileOthersTake(ctx, p, a, constantly(4.5))
	time.Sleep(8 * time.Hour)
}

func whileOthersTake(ctx context.Context, p process, a *account, rate func(time.Duration) float64) {
	a.others = rate
	p(ctx, fleetIDs()[:80*batchSize])
	a.others = constantly(0)
}

var fleetIDs = sync.OnceValue(func() []string { return vpcIDs(sharedSize) })

// run creates a fleet in virtual time. The seed varies the latency of the calls; 0:
// it is constant.
func (f fleet) run(ctx context.Context, start func(*account) process, seed int) measures {
	a := newAccount(func(a *account) {
		if seed > 0 {
			a.seeded(seed)
		}
		if f.account != nil {
			f.account(a)
		}
	})
	ids := fleetIDs()[:fleetSize]
	if f.processes > 1 {
		ids = fleetIDs()
	}
	processes := max(f.processes, 1)
	first := start(a)
	if f.before != nil {
		f.before(ctx, first, a)
		clear(a.tokenOf)
		a.restart()
	}
	var wg sync.WaitGroup
	done := make([]float64, processes)
	for i := range processes {
		part := ids[i*len(ids)/processes : (i+1)*len(ids)/processes]
		p := first
		if i > 0 {
			p = start(a)
		}
		wg.Go(func() {
			time.Sleep(time.Duration(i) * f.apart)
			p(ctx, part)
			done[i] = time.Since(a.start).Seconds()
		})
	}
	wg.Wait()
	missing := len(ids)
	for _, id := range ids {
		if a.tokenOf[id] != "" {
			missing--
		}
	}
	calls := (len(ids) + batchSize - 1) / batchSize
	return measures{a.timesFloor(calls), a.throttledShare(), slices.Max(done) / slices.Min(done), missing}
}

func TestFleet_TakesAboutAsLongAsTheBucketAllows(t *testing.T) {
	t.Parallel()
	for _, f := range fleets() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var runs []measures // the order of goroutines is chance, also under one seed
				for seed := range 3 {
					runs = append(runs, f.run(t.Context(), client, seed+1))
				}
				assert.LessOrEqual(t, median(runs, func(m measures) float64 { return m.time }), f.most.time, "times the floor")
				assert.LessOrEqual(t, median(runs, func(m measures) float64 { return m.throttled }), f.most.throttled, "throttled")
				if f.most.spread > 0 {
					assert.LessOrEqual(t, median(runs, func(m measures) float64 { return m.spread }), f.most.spread, "times the first")
				}
				assert.LessOrEqual(t, median(runs, func(m measures) float64 { return float64(m.missing) }), float64(f.most.missing), "missing")
			})
		})
	}
}

// BenchmarkFleet creates the fleets in virtual time, with this package and with the
// plain loops that one would write on the SDK. Its metrics are medians of the runs
// (-benchtime 5x: of five), and the longest time.
func BenchmarkFleet(b *testing.B) {
	for _, f := range fleets() {
		for _, way := range []struct {
			name  string
			start func(*account) process
			hours bool // of virtual time, and a quarter of a minute of real time
		}{
			{"flowlogs", client, false},
			{"sdk, 300 a call, standard", plainLoop(300, standard), false},
			{"sdk, 300 a call, adaptive", plainLoop(300, adaptive), false},
			{"sdk, 1 a call, standard", plainLoop(1, standard), true},
			{"sdk, 1 a call, adaptive", plainLoop(1, adaptive), true},
		} {
			if way.hours && f.name != "alone" {
				continue
			}
			b.Run(f.name+"/"+way.name, func(b *testing.B) {
				var runs []measures
				for b.Loop() {
					inBubble(b, func(ctx context.Context) { runs = append(runs, f.run(ctx, way.start, len(runs)+1)) })
				}
				b.ReportMetric(0, "ns/op") // real time says nothing
				times := sorted(runs, func(m measures) float64 { return m.time })
				b.ReportMetric(times[len(times)/2], "×floor")
				b.ReportMetric(times[len(times)-1], "×floor-worst")
				b.ReportMetric(100*median(runs, func(m measures) float64 { return m.throttled }), "%throttled")
				b.ReportMetric(median(runs, func(m measures) float64 { return float64(m.missing) }), "missing")
				if f.processes > 1 {
					b.ReportMetric(median(runs, func(m measures) float64 { return m.spread }), "×first")
				}
			})
		}
	}
}

func median(runs []measures, of func(measures) float64) float64 {
	values := sorted(runs, of)
	return values[len(values)/2]
}

func sorted(runs []measures, of func(measures) float64) []float64 {
	var values []float64
	for _, m := range runs {
		values = append(values, of(m))
	}
	slices.Sort(values)
	return values
}

// process creates flow logs as one process would: what it learns about the account
// is its own.
type process func(ctx context.Context, ids []string)

func client(a *account) process {
	c := flowlogs.New(a)
	return func(ctx context.Context, ids []string) {
		req := vpcRequest(0)
		req.ResourceIDs = ids
		_, _ = c.Create(ctx, req) // what is missing is counted in the account
	}
}

// plainLoop sends one call after the other in the SDK's retry loop, four at a
// time, and goes on after an error.
func plainLoop(size int, retryer func() aws.Retryer) func(*account) process {
	return func(a *account) process {
		template, _ := vpcRequest(1).Input()
		loop := retry.NewAttemptMiddleware(retryer(), func(in any) any { return in })
		return func(ctx context.Context, ids []string) {
			slots := make(chan struct{}, 4)
			for part := range slices.Chunk(ids, size) {
				slots <- struct{}{}
				go func() {
					defer func() { <-slots }()
					in := *template
					in.ResourceIds, in.ClientToken = part, aws.String(part[0])
					_, _, _ = loop.HandleFinalize(ctx, middleware.FinalizeInput{Request: &in}, middleware.FinalizeHandlerFunc(
						func(ctx context.Context, request middleware.FinalizeInput) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
							out.Result, err = a.CreateFlowLogs(ctx, request.Request.(*ec2.CreateFlowLogsInput))
							return out, metadata, err
						}))
				}()
			}
			for range cap(slots) {
				slots <- struct{}{}
			}
		}
	}
}

func standard() aws.Retryer { return retry.NewStandard() }

// adaptive is the SDK's adaptive mode, asked for a token again and again. Its own
// wait rounds down to nothing, at which virtual time would stand still.
func adaptive() aws.Retryer {
	return polling{retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.FailOnNoAttemptTokens = true })}
}

type polling struct{ *retry.AdaptiveMode }

func (p polling) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	for {
		release, err := p.AdaptiveMode.GetAttemptToken(ctx)
		if err == nil {
			return release, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// inBubble runs f in virtual time, which testing.B has no way of its own into.
func inBubble(b *testing.B, f func(context.Context)) {
	b.Helper()
	ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: b.Name(),
		F: func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t.Context()) })
		},
	}})
	if !ok {
		b.Fatal("the bubble failed")
	}
}
