package flowlogs_test

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var seriesFile = flag.String("fleet.series", "", "file for the lines of docs/fleet.svg, which docs/fleetplot draws")

// The outage of the bad day.
const (
	outageStart = 20 * time.Second
	outageEnd   = outageStart + 2*time.Minute
)

// existingIDs are the VPCs that have a flow log before the bad day: one in each of
// twenty batches, at a different place in each.
func existingIDs() []string {
	var ids []string
	for i := range 20 {
		ids = append(ids, fleetIDs()[16*i*batchSize+(37*i)%batchSize])
	}
	return ids
}

// pictured are the fleets of docs/fleet.svg.
func pictured() []fleet {
	return []fleet{
		{name: "quiet"},
		{name: "bad day", account: func(a *account) {
			a.outage = between(outageStart, outageEnd)
			for _, id := range existingIDs() {
				a.tokenOf[id] = "of another program"
			}
		}},
	}
}

// TestFleet_IsNeverFasterThanTheBucketAllows holds the lines of docs/fleet.svg against
// the least time possible, and against what the picture says: that this package leaves
// no VPC without a flow log, and that on a bad day each loop over the SDK leaves more than
// half of them. A line is the median of five runs by what it leaves.
func TestFleet_IsNeverFasterThanTheBucketAllows(t *testing.T) {
	var all series
	all.add("bad day", "outage", []sample{{after: outageStart}, {after: outageEnd}})
	for _, f := range pictured() {
		least := leastTime(f)
		all.add(f.name, "least possible", least)
		for _, way := range []struct {
			name  string
			start func(*account) process
		}{
			{"SDK, standard", plainLoop(batchSize, standard)},
			{"SDK, adaptive", plainLoop(batchSize, adaptive)},
			{"flowlogs", client}, // drawn last, so on top
		} {
			var runs [][]sample
			for range 5 {
				synctest.Test(t, func(t *testing.T) {
					samples := f.samples(t.Context(), way.start)
					for _, s := range samples {
						calls := (s.resources - samples[0].resources + batchSize - 1) / batchSize
						assert.GreaterOrEqual(t, s.after, least[calls].after, "%s, %s: %d resources", f.name, way.name, s.resources)
					}
					switch last := samples[len(samples)-1].resources; {
					case way.name == "flowlogs":
						assert.Equal(t, fleetSize, last, f.name)
					case f.name == "bad day":
						assert.Less(t, last, fleetSize/2, way.name)
					}
					runs = append(runs, samples)
				})
			}
			slices.SortFunc(runs, func(a, b []sample) int { return a[len(a)-1].resources - b[len(b)-1].resources })
			all.add(f.name, way.name, runs[len(runs)/2])
		}
	}
	if *seriesFile != "" {
		f, err := os.Create(*seriesFile)
		require.NoError(t, err)
		require.NoError(t, csv.NewWriter(f).WriteAll(all))
		require.NoError(t, f.Close())
	}
}

// series are the rows of the file for docs/fleetplot: fleet, way, seconds and resources.
type series [][]string

func (all *series) add(fleet, way string, samples []sample) {
	for _, s := range samples {
		*all = append(*all, []string{fleet, way, fmt.Sprintf("%.3f", s.after.Seconds()), fmt.Sprint(s.resources)})
	}
}

// samples is the progress of a fleet of one process, from its start to its end.
func (f fleet) samples(ctx context.Context, start func(*account) process) []sample {
	a := newAccount(func(a *account) {
		if f.account != nil {
			f.account(a)
		}
	})
	samples := []sample{{0, len(a.tokenOf)}}
	start(a)(ctx, fleetIDs()[:fleetSize])
	return append(append(samples, a.progress...), sample{time.Since(a.start), len(a.tokenOf)})
}

// leastTime is the progress of calls without latency of which none is throttled, each
// for as many resources as EC2 takes.
func leastTime(f fleet) []sample {
	a := account{size: 50, refill: 5, others: constantly(0), outage: between(0, 0), tokenOf: map[string]string{}}
	if f.account != nil {
		f.account(&a)
	}
	existing := len(a.tokenOf)
	samples := []sample{{0, existing}}
	for done := existing; done < fleetSize; {
		done = min(done+batchSize, fleetSize)
		samples = append(samples, sample{a.floor(len(samples)), done})
	}
	return samples
}
