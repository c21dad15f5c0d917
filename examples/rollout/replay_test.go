package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

var record = flag.Bool("record", false, "record the histories of testdata on a Temporal server")

// A change of a workflow that does not replay the histories of the release before
// it fails the rollouts that run while workers are replaced.
func TestReplay_RecordedHistories(t *testing.T) {
	if *record {
		newTemporalServer(t, smallRuns+"30").connect(t)
		c, err := client.Dial(client.Options{HostPort: os.Getenv("TEMPORAL_ADDRESS"), Logger: silent, Identity: "recorder"})
		require.NoError(t, err)
		t.Cleanup(c.Close)
		recordHistories(t, c)
		recordCanceled(t, c)
	}
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflow(Rollout)
			replayer.RegisterWorkflow(RolloutTarget)
			assert.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(silent, file))
		})
	}
}

// recordHistories records a rollout that is paused, that continues as new, and that
// has targets that are done, in conflict, rejected and not to be entered.
func recordHistories(t *testing.T, c client.Client) {
	t.Helper()
	sim := simulation.New(simulation.Options{Accounts: 4, Regions: 2, VPCs: 1500, Burst: 10, PerSecond: 5, Latency: time.Millisecond})
	spec := specOf(sim, "recorded")
	spec.Accounts, spec.Concurrency = nil, 2
	require.NoError(t, startRollout(t.Context(), c, spec.Name, spec))
	signal := func(paused bool) {
		require.NoError(t, c.SignalWorkflow(t.Context(), rolloutID(spec.Name), "", pauseSignal, paused))
	}
	signal(true)
	first, err := c.DescribeWorkflowExecution(t.Context(), rolloutID(spec.Name), "")
	require.NoError(t, err)

	recordWith(t, c, sim, spec.Name)
	require.Eventually(t, func() bool {
		p, err := progressOf(context.Background(), c, spec.Name)
		return err == nil && p.Paused && p.Targets > 0
	}, time.Minute, 100*time.Millisecond)
	signal(false)
	awaitEnd(t, c, spec.Name)
	last, err := c.DescribeWorkflowExecution(t.Context(), rolloutID(spec.Name), "")
	require.NoError(t, err)
	require.NotEqual(t, first.GetWorkflowExecutionInfo().GetExecution(), last.GetWorkflowExecutionInfo().GetExecution(), "it continued as new")
	save(t, c, "rollout-first-run.json", rolloutID(spec.Name), first.GetWorkflowExecutionInfo().GetExecution().GetRunId())
	save(t, c, "rollout-last-run.json", rolloutID(spec.Name), "")
	save(t, c, "target-done.json", targetID(spec.Name, targetOf(sim.Targets[3])), "")
	save(t, c, "target-conflict.json", targetID(spec.Name, targetOf(sim.Targets[4])), "")
	save(t, c, "target-rejected.json", targetID(spec.Name, targetOf(sim.Targets[2])), "")
	save(t, c, "target-not-entered.json", targetID(spec.Name, targetOf(sim.Targets[7])), "")
}

// recordCanceled records a rollout that is canceled while EC2 throttles its target.
func recordCanceled(t *testing.T, c client.Client) {
	t.Helper()
	sim := simulation.New(simulation.Options{Accounts: 1, Regions: 2, VPCs: 1500, Burst: 1, PerSecond: 0.2, Latency: time.Millisecond})
	spec := specOf(sim, "canceled")
	require.NoError(t, startRollout(t.Context(), c, spec.Name, spec))
	recordWith(t, c, sim, spec.Name)
	require.Eventually(t, func() bool { return sim.Created() > 0 }, time.Minute, 10*time.Millisecond)
	require.NoError(t, c.CancelWorkflow(t.Context(), rolloutID(spec.Name), ""))
	awaitEnd(t, c, spec.Name)
	save(t, c, "rollout-canceled.json", rolloutID(spec.Name), "")
	save(t, c, "target-canceled.json", targetID(spec.Name, targetOf(sim.Targets[0])), "")
}

// recordWith runs a worker until the end of the test.
func recordWith(t *testing.T, c client.Client, sim *simulation.Organization, queue string) {
	w := newWorker(c, testOrganization(t, sim), queue, 10)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

func awaitEnd(t *testing.T, c client.Client, name string) {
	require.Eventually(t, func() bool {
		p, err := progressOf(context.Background(), c, name)
		return err == nil && p.ended()
	}, time.Minute, 100*time.Millisecond)
}

func save(t *testing.T, c client.Client, file, workflowID, runID string) {
	t.Helper()
	var h history.History
	events := c.GetWorkflowHistory(t.Context(), workflowID, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		h.Events = append(h.Events, event)
	}
	document, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(&h)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll("testdata", 0o755))
	require.NoError(t, os.WriteFile(filepath.Join("testdata", file), append(document, '\n'), 0o644))
}
