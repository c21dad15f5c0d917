package reconcile_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// BenchmarkApply brings 100,000 VPCs to their flow logs in virtual time, of which
// none, half or all have theirs already. It reports the time against the least
// that the quotas allow: 50 calls and 5 a second to create, 100 and 20 a second
// to describe.
func BenchmarkApply(b *testing.B) {
	const vpcs, perCall, perPage = 100_000, 300, 1000
	for _, bench := range []struct {
		name     string
		existing int
	}{
		{"none exist", 0},
		{"half exist", vpcs / 2},
		{"all exist", vpcs},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var took, floor float64
			calls := make(map[string]int)
			throttled := 0
			for b.Loop() {
				inBubble(b, func(ctx context.Context) {
					e := flowlogstest.New(func(o *flowlogstest.Options) { o.Throttle = true })
					req := newRequest(vpcs)
					for i := range bench.existing {
						e.Put(flowLogOn(req.ResourceIDs[2*i%vpcs+2*i/vpcs]))
					}
					start := time.Now()
					result, err := reconcile.New(e).Apply(ctx, req)
					require.NoError(b, err)
					require.Equal(b, bench.existing < vpcs, result.Changed)
					took = time.Since(start).Seconds()
					floor = max(0, (float64((vpcs-bench.existing+perCall-1)/perCall)-50)/5, (vpcs/perPage-100)/20.0)
					clear(calls)
					for _, c := range e.Calls() {
						calls[c.Operation]++
						if c.ErrorCode != "" {
							throttled++
						}
					}
				})
			}
			b.ReportMetric(0, "ns/op") // of this machine, which does not matter
			b.ReportMetric(took, "virtual-s")
			b.ReportMetric(floor, "floor-s")
			b.ReportMetric(float64(calls["CreateFlowLogs"]), "creates")
			b.ReportMetric(float64(calls["DescribeFlowLogs"]), "describes")
			b.ReportMetric(float64(throttled)/float64(b.N), "throttled")
		})
	}
}

// inBubble runs f in virtual time, for which testing.B has no function.
func inBubble(b *testing.B, f func(context.Context)) {
	b.Helper()
	ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: b.Name(),
		F: func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t.Context()) })
		},
	}})
	require.True(b, ok)
}
