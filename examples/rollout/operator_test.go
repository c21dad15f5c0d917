package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

// The commands in the order in which an operator uses them.
func TestCommands_OnAServer(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a server")
	}
	server := newTemporalServer(t)
	server.connect(t)
	sim := simulation.New(simulation.Options{Accounts: 3, Regions: 2, VPCs: 500, Burst: 10, PerSecond: 5, Latency: time.Millisecond})
	aws := serve(t, sim)
	rollout := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), append(args, "-address", server.address), &out), args)
		return out.String()
	}
	wish := []string{"-bucket", simulation.Bucket, "-regions", "us-east-1,us-east-2"}

	rollout(append([]string{"start"}, wish...)...)
	err := run(t.Context(), append([]string{"start", "-address", server.address}, wish...), &bytes.Buffer{})
	require.ErrorContains(t, err, "rollout flow-logs is running")
	rollout("pause")
	startWorker(t, server, aws)
	require.Eventually(t, func() bool {
		var out bytes.Buffer
		return run(t.Context(), []string{"status", "-once", "-address", server.address}, &out) == nil &&
			out.String() == "Paused: 0 of 6 targets done\n"
	}, time.Minute, 100*time.Millisecond)

	assert.Contains(t, rollout(append([]string{"plan"}, wish...)...), "to be created")
	assert.Zero(t, sim.Created())

	rollout("resume")
	assert.Contains(t, rollout("status"), "Completed: 1 of 6 targets done")
	assert.Contains(t, rollout("report"), "created by this rollout")
	var report Report
	require.NoError(t, json.Unmarshal([]byte(rollout("report", "-json")), &report))
	assertTrue(t, sim, report)

	// Once more: nothing is left to do, and nothing is done.
	created := sim.Created()
	rollout(append([]string{"start"}, wish...)...)
	rollout("status")
	require.NoError(t, json.Unmarshal([]byte(rollout("report", "-json")), &report))
	assert.Equal(t, created, sim.Created())
	assert.Zero(t, report.Tally.Created)

	err = run(t.Context(), []string{"pause", "-name", "other", "-address", server.address}, &bytes.Buffer{})
	assert.ErrorContains(t, err, `no rollout "other"`)
}
