package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

// The organization lives in the test; the workers and the server are processes,
// killed with SIGKILL in the middle of their work.
func TestRollout_SurvivesWhateverDies(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	server := newTemporalServer(t, smallRuns+"100")
	sim := simulation.New(simulation.Options{Accounts: 10, Regions: 4, VPCs: 1500, Burst: 2, PerSecond: 0.2, Latency: 20 * time.Millisecond, Losing: true})
	aws := serve(t, sim)
	c := server.connect(t)
	spec := specOf(sim, "e2e")
	spec.Concurrency = 20
	worker := startWorker(t, aws)
	require.NoError(t, startRollout(t.Context(), c, "flowlogs-rollout", spec))

	createdAtLeast := func(percent int) {
		t.Helper()
		want := percent * sim.Truth().VPCs / 100
		require.Eventually(t, func() bool { return sim.Created() >= want }, 5*time.Minute, 100*time.Millisecond)
	}
	createdAtLeast(8)
	worker.kill()
	worker = startWorker(t, aws)
	createdAtLeast(25)
	server.kill()
	server.start(t)
	createdAtLeast(40)
	worker.kill()
	startWorker(t, aws)
	require.Eventually(t, func() bool {
		p, err := progressOf(context.Background(), c, spec.Name)
		return err == nil && p.Status == statusCompleted
	}, 5*time.Minute, time.Second)

	report, err := reportOf(t.Context(), c, spec.Name)
	require.NoError(t, err)
	assertTrue(t, sim, report)
}

// assertTrue compares a report with the simulation.
func assertTrue(t *testing.T, sim *simulation.Organization, report Report) {
	t.Helper()
	truth := sim.Truth()
	t.Log(truth)
	t.Logf("%+v", report.Progress.Tally)
	assert.Zero(t, truth.Duplicates)
	assert.Zero(t, truth.Deleted)

	assert.Equal(t, len(sim.Targets), report.Progress.Targets)
	assert.Equal(t, report.Progress.Targets, report.Progress.Done+len(report.NotDone))
	assert.Equal(t, truth.Creations, report.Progress.Tally.Created)
	notDone := make(map[Target]Result)
	for _, target := range report.NotDone {
		notDone[target.Target] = target.Result
	}
	for _, region := range sim.Targets {
		target := targetOf(region)
		truth := region.Truth()
		result, failed := notDone[target]
		switch {
		case region.Denied:
			assert.Equal(t, reasonAssumeRole, result.Reason, target)
		case region.Disabled:
			assert.Equal(t, "AuthFailure", result.Reason, target)
		case region.Rejecting:
			assert.Equal(t, "NotAuthorized", result.Reason, target)
			assert.Equal(t, truth.One, result.Created+result.Kept, target)
			assert.Equal(t, truth.None, result.Failed+result.Unreached, target)
		case region.Conflicts:
			assert.Equal(t, reasonConflict, result.Reason, target)
			assert.Equal(t, truth.Conflicts, result.Conflicts, target)
			assert.Len(t, result.Problems, truth.Conflicts, target)
			assert.NotEmpty(t, result.Problems[0].Differences, target)
			assert.Zero(t, truth.None, target)
		default:
			assert.False(t, failed, "%s: %s", target, result.Reason)
			assert.Equal(t, truth.VPCs, truth.One, target)
		}
		if failed {
			assert.NotEmpty(t, result.Hint, target)
		}
	}
}
