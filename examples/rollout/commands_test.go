package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

func TestHelp_OfEachCommand(t *testing.T) {
	t.Parallel()
	var all bytes.Buffer
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &all), flag.ErrHelp)
	for _, c := range commands() {
		assert.Contains(t, all.String(), c.name)
		var out bytes.Buffer
		require.ErrorIs(t, run(t.Context(), []string{c.name, "-h"}, &out), flag.ErrHelp)
		assert.Contains(t, out.String(), c.summary)
		assert.Contains(t, out.String(), "\n  -")
	}
}

func TestCommands_RejectWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"a command", []string{"stop"}, `unknown command "stop"`},
		{"an option", []string{"start", "-nope"}, "rollout start -h lists the options"},
		{"too much at a time", []string{"start", "-bucket", simulation.Bucket, "-regions", "us-east-1", "-concurrency", "3000"}, "-concurrency 3000: want 1 to 500"},
		{"a Region twice", []string{"plan", "-bucket", simulation.Bucket, "-regions", "us-east-1,us-east-1"}, "-regions: Region us-east-1 is listed twice"},
		{"an argument", []string{"report", "nightly"}, `unexpected argument "nightly"`},
		{"a start to nowhere", []string{"start", "-regions", "us-east-1"}, "want a destination"},
		{"two lists of accounts", []string{"start", "-accounts", "1", "-targets", "f"}, "want -accounts or -targets, not both"},
		{"two destinations", []string{"start", "-bucket", "b", "-request", "f"}, "want -bucket or -request, not both"},
		{"a file that is not there", []string{"start", "-targets", "none"}, "open none: no such file"},
		{"a simulation that others can call", []string{"simulate", "-serve", "0.0.0.0:0"}, "want a loopback address"},
		{"more Regions than there are", []string{"simulate", "-regions", "1000"}, "at most"},
		{"no target at a time", []string{"worker", "-targets", "0"}, "1 or more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.ErrorContains(t, run(t.Context(), c.args, &bytes.Buffer{}), c.want)
		})
	}
}

func TestCommands_SayHowToStartAServer(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	err := run(t.Context(), []string{"status"}, &bytes.Buffer{})
	require.ErrorContains(t, err, "no Temporal server at 127.0.0.1:1")
	assert.ErrorContains(t, err, "temporal server start-dev --headless")
}

func TestConnect_RejectsAMisspelledKeyOfItsConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(file, []byte("[profile.default]\nhostport = \"127.0.0.1:1\"\n"), 0o600))
	t.Setenv("TEMPORAL_CONFIG_FILE", file)
	_, err := connect(t.Context(), io.Discard)
	require.ErrorContains(t, err, "the configuration of the Temporal client")
	assert.ErrorContains(t, err, "hostport")
}
