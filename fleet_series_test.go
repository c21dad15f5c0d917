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

var seriesFile = flag.String("fleet.series", "", "file for the lines of docs/fleet.svg, which examples/fleetplot draws")

// TestFleet_IsNeverFasterThanTheBucketAllows holds the lines of docs/fleet.svg
// against the least time possible.
func TestFleet_IsNeverFasterThanTheBucketAllows(t *testing.T) {
	var rows [][]string
	add := func(account, way string, samples []sample) {
		rows = append(rows, []string{account, way, "0", "0"})
		for _, s := range samples {
			rows = append(rows, []string{account, way, fmt.Sprintf("%.3f", s.after.Seconds()), fmt.Sprint(s.resources)})
		}
	}
	for _, names := range [][2]string{
		{"alone", "100,000 VPCs in an account of one's own"},
		{"half taken", "100,000 VPCs, half of the account's calls taken by others"},
	} {
		name, title := names[0], names[1]
		i := slices.IndexFunc(fleets(), func(f fleet) bool { return f.name == name })
		f := fleets()[i]
		least := leastTime(f)
		add(title, "least time possible", least)
		for _, way := range []struct {
			name  string
			start func(*account) process
		}{
			{"SDK loop, standard retries", plainLoop(batchSize, standard)},
			{"SDK loop, adaptive retries", plainLoop(batchSize, adaptive)},
			{"SDK loop, one VPC a call", plainLoop(1, standard)},
			{"flowlogs", client}, // drawn last, so on top
		} {
			synctest.Test(t, func(t *testing.T) {
				end := least[len(least)-1].after * 11 / 10 // one VPC a call takes hours
				samples := f.samples(t.Context(), way.start, end)
				for _, s := range samples {
					calls := (s.resources + batchSize - 1) / batchSize
					assert.GreaterOrEqual(t, s.after, least[calls-1].after, "%s, %s: %d resources", name, way.name, s.resources)
				}
				add(title, way.name, samples)
			})
		}
	}
	if *seriesFile != "" {
		f, err := os.Create(*seriesFile)
		require.NoError(t, err)
		require.NoError(t, csv.NewWriter(f).WriteAll(rows))
		require.NoError(t, f.Close())
	}
}

// samples is the progress of a fleet of one process until it ends, at the latest
// after a time.
func (f fleet) samples(ctx context.Context, start func(*account) process, end time.Duration) []sample {
	ctx, cancel := context.WithTimeout(ctx, end)
	defer cancel()
	a := newAccount(func(a *account) {
		if f.account != nil {
			f.account(a)
		}
	})
	start(a)(ctx, fleetIDs()[:fleetSize])
	return append(a.progress, sample{time.Since(a.start), len(a.tokenOf)})
}

// leastTime is the progress of calls without latency of which none is throttled.
func leastTime(f fleet) []sample {
	var samples []sample
	a := account{size: 50, refill: 5, others: constantly(0), outage: between(0, 0)}
	if f.account != nil {
		f.account(&a)
	}
	for done := batchSize; done < fleetSize+batchSize; done += batchSize {
		samples = append(samples, sample{a.floor(done / batchSize), min(done, fleetSize)})
	}
	return append(samples, samples[len(samples)-1])
}
