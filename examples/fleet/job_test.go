package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestJob_IsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, destination := range []flowlogs.Destination{
		flowlogs.S3{BucketARN: demoBucket},
		flowlogs.CloudWatchLogs{LogGroupName: "my-flow-logs", RoleARN: "arn:aws:iam::123456789012:role/publishFlowLogs"},
	} {
		written := job{filepath.Join(t.TempDir(), "jobs", "token.json"), flowlogs.Request{
			ResourceIDs: vpcIDs(301), TrafficType: flowlogs.TrafficTypeReject, Destination: destination, ClientToken: "token",
		}}
		require.NoError(t, written.write())
		read := job{path: written.path}
		require.NoError(t, read.read())
		assert.Equal(t, written, read)
	}
}

func TestJob_KeepsItsSettings(t *testing.T) {
	t.Parallel()
	cloud, jobs := flowlogstest.New(), t.TempDir()
	cloud.Inject(flowlogstest.FailResources("400", "LogDestination: my-flow-logs does not exist", vpcIDs(1)...))
	args := []string{"-endpoint-url", serving(t, cloud, vpcIDs(1)), "-jobs", jobs, "-token", "../a job"}
	started := append(slices.Clone(args), "-bucket", "arn:aws:s3:::other", "-traffic", "ACCEPT")
	_, _, err := fleet(t, started...)
	require.Error(t, err)
	require.Equal(t, []string{"..%2Fa%20job.json"}, files(t, jobs))

	for _, otherwise := range [][]string{{"-traffic", "REJECT"}, {"-traffic", "ACCEPT"}, {"-bucket", demoBucket}} {
		_, _, err = fleet(t, append(args, otherwise...)...)
		require.ErrorContains(t, err, "has another destination or traffic type", otherwise)
	}
	for _, again := range [][]string{args, started} {
		stdout, _, err := fleet(t, again...)
		require.EqualError(t, err, "1 of 1 VPCs have no flow log yet")
		assert.Contains(t, stdout, "0 created, 1 without a flow log\n", "EC2 repeats its response to a token")
	}
	var bodies []string
	for _, c := range cloud.Calls() {
		if creating(c) {
			bodies = append(bodies, c.Body)
		}
	}
	require.Len(t, bodies, 3)
	assert.Equal(t, []string{bodies[0], bodies[0], bodies[0]}, bodies)
}

func TestJob_IsNotStartedAnewIfItsFileIsBroken(t *testing.T) {
	t.Parallel()
	cloud, jobs := flowlogstest.New(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(jobs, "token.json"), []byte("{"), 0o600))
	_, _, err := fleet(t, "-endpoint-url", serving(t, cloud, vpcIDs(1)), "-jobs", jobs, "-token", "token")
	require.ErrorContains(t, err, "token.json")
	assert.Empty(t, cloud.Calls())
}

func TestJob_IsKeptWhereEveryRunFindsIt(t *testing.T) {
	t.Parallel()
	o, err := parse(nil, io.Discard)
	require.NoError(t, err)
	assert.True(t, filepath.IsAbs(o.jobs), o.jobs)
	assert.Equal(t, "flowlogs-fleet", filepath.Base(o.jobs))
}

func TestParse_RejectsContradictions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		want string
		args []string
	}{
		{"-help shows all", []string{"-what"}},
		{`unexpected argument "vpc-0a1b2c3d"`, []string{"vpc-0a1b2c3d"}},
		{"-serve cannot be combined", []string{"-serve", "127.0.0.1:0", "-aws"}},
		{"-serve cannot be combined", []string{"-serve", "127.0.0.1:0", "-endpoint-url", "http://127.0.0.1:1"}},
		{"want one destination", []string{"-bucket", demoBucket, "-log-group", "my-flow-logs"}},
		{"-role is for", []string{"-role", "arn:aws:iam::123456789012:role/publishFlowLogs"}},
		{"-vpcs of 0 or more", []string{"-vpcs", "-1"}},
		{"-burst of 1 or more", []string{"-burst", "0"}},
		{"-per-second of more than 0", []string{"-per-second", "NaN"}},
	}
	for _, tt := range tests {
		stdout, _, err := fleet(t, tt.args...)
		require.ErrorContains(t, err, tt.want)
		assert.Empty(t, stdout)
	}
	stdout, _, err := fleet(t, "-help")
	require.ErrorIs(t, err, flag.ErrHelp)
	assert.Contains(t, stdout, "-endpoint-url URL")
}
