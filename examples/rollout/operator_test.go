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

// operator runs commands against a server. The error of each must be the expected one.
type operator struct{ t *testing.T }

func (o operator) run(want error, args ...string) string {
	o.t.Helper()
	var out bytes.Buffer
	require.ErrorIs(o.t, run(o.t.Context(), args, &out), want, args)
	return out.String()
}

func (o operator) report(want error) (r Report) {
	o.t.Helper()
	require.NoError(o.t, json.Unmarshal([]byte(o.run(want, "report", "-json")), &r))
	return r
}

// The commands in the order in which an operator uses them.
func TestCommands_OnAServer(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a server")
	}
	newTemporalServer(t).connect(t)
	sim := simulation.New(simulation.Options{Accounts: 3, Regions: 2, VPCs: 500, Burst: 10, PerSecond: 5, Latency: time.Millisecond})
	aws := serve(t, sim)
	o := operator{t}
	wish := []string{"-bucket", simulation.Bucket, "-regions", "us-east-1,us-east-2"}

	o.run(nil, append([]string{"start"}, wish...)...)
	err := run(t.Context(), append([]string{"start"}, wish...), &bytes.Buffer{})
	require.ErrorContains(t, err, "rollout flow-logs is running")
	o.run(nil, "pause")
	startWorker(t, aws)
	require.Eventually(t, func() bool {
		var out bytes.Buffer
		return run(t.Context(), []string{"status", "-once"}, &out) == nil &&
			out.String() == "Paused: 0 of 6 targets done\n"
	}, time.Minute, 100*time.Millisecond)

	var plan Report
	require.NoError(t, json.Unmarshal([]byte(o.run(errNotAllDone, append([]string{"plan", "-json"}, wish...)...)), &plan))
	assert.Equal(t, 3, plan.Progress.Compared, "the others cannot be entered")
	assert.Equal(t, []Creation{
		{targetOf(sim.Targets[0]), sim.Targets[0].Truth().None},
		{targetOf(sim.Targets[2]), sim.Targets[2].Truth().None},
		{targetOf(sim.Targets[3]), sim.Targets[3].Truth().None},
	}, plan.ToCreate)
	assert.Zero(t, sim.Created())

	o.run(nil, "resume")
	assert.Contains(t, o.run(errNotAllDone, "status"), "Completed: 1 of 6 targets done")
	assert.Contains(t, o.run(errNotAllDone, "report"), "created by this rollout")
	assertTrue(t, sim, o.report(errNotAllDone))

	// Once more: nothing is left to do, and nothing is done.
	created := sim.Created()
	o.run(nil, append([]string{"start"}, wish...)...)
	o.run(errNotAllDone, "status")
	assert.Zero(t, o.report(errNotAllDone).Progress.Tally.Created)
	assert.Equal(t, created, sim.Created())

	// What can be done is done.
	o.run(nil, "start", "-bucket", simulation.Bucket, "-regions", "us-east-2", "-accounts", "100000000002")
	assert.Contains(t, o.run(nil, "status"), "Completed: 1 of 1 targets done")
	o.run(nil, "report")

	err = run(t.Context(), []string{"pause", "-name", "other"}, &bytes.Buffer{})
	assert.ErrorContains(t, err, `no rollout "other"`)
}

// Canceled while EC2 throttles: some targets are done, some are under way, and the rest is
// not started.
func TestCancel_CountsWhatWasCreated(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a server")
	}
	newTemporalServer(t).connect(t)
	sim := simulation.New(simulation.Options{Accounts: 5, Regions: 4, VPCs: 2500, Burst: 2, PerSecond: 0.5, Latency: 20 * time.Millisecond, Losing: true})
	aws := serve(t, sim)
	o := operator{t}
	o.run(nil, "start", "-bucket", simulation.Bucket, "-regions", "us-east-1,us-east-2,us-west-1,us-west-2", "-concurrency", "8")
	worker := startWorker(t, aws)
	startWorker(t, aws)
	require.Eventually(t, func() bool { return sim.Created() > 8_000 }, time.Minute, 10*time.Millisecond)
	worker.kill() // it can no longer say what it has created
	o.run(nil, "cancel")
	o.run(errNotAllDone, "status")

	report := o.report(errNotAllDone)
	truth := sim.Truth()
	t.Log(truth)
	assert.Equal(t, "Canceled", report.Progress.Status)
	assert.Equal(t, truth.Creations, report.Progress.Tally.Created)
	assert.Equal(t, 20, report.Progress.Targets)
	canceled := 0
	for _, target := range report.NotDone {
		for _, region := range sim.Targets {
			if targetOf(region) == target.Target && target.Reason == reasonCanceled {
				canceled++
				assert.Equal(t, region.Truth().Creations, target.Created, target.Target)
				assert.Equal(t, region.Truth().VPCs, target.VPCs, target.Target)
			}
		}
	}
	assert.Positive(t, canceled)
	assert.Zero(t, truth.Duplicates+truth.Deleted)
}
