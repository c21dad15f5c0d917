package main

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// TestMain runs the program itself if FLEET_TEST is main.
func TestMain(m *testing.M) {
	if os.Getenv("FLEET_TEST") == "main" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestProcess_ContinuesAfterAKill(t *testing.T) {
	t.Parallel()
	cloud, ids := flowlogstest.New(), vpcIDs(6001)
	killed := startAndStop(t, cloud, ids[:6000], os.Kill)
	require.NotEqual(t, 0, killed.ExitCode)
	require.Less(t, len(cloud.FlowLogs()), 6000, "killed midway")

	_, _, err := fleet(t, "-endpoint-url", serving(t, cloud, ids[1:])) // one VPC was deleted, and another created
	require.NoError(t, err)
	assert.Equal(t, once(ids[1:]), withoutFirst(flowLogs(cloud), ids[0]))
}

func withoutFirst(count map[string]int, id string) map[string]int {
	delete(count, id)
	return count
}

func TestProcess_ContinuesAfterCtrlC(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no Ctrl-C for another process on Windows")
	}
	t.Parallel()
	cloud, ids := flowlogstest.New(), vpcIDs(6000)
	cloud.Inject(flowlogstest.FailResources("400", "LogDestination: my-flow-logs does not exist", ids[0]))
	interrupted := startAndStop(t, cloud, ids, os.Interrupt)
	assert.Equal(t, 1, interrupted.ExitCode)
	var created, without, unknown int
	_, err := fmt.Sscanf(interrupted.Stdout, "%d created, 0 kept, %d without such a flow log\n%d of these may have one nevertheless",
		&created, &without, &unknown)
	require.NoError(t, err, interrupted.Stdout)
	assert.Equal(t, 6000, created+without)
	assert.GreaterOrEqual(t, created, 8*300-1, "four calls are made at a time, and the twelfth was under way")
	assert.LessOrEqual(t, created, len(cloud.FlowLogs()))
	assert.GreaterOrEqual(t, created+unknown, len(cloud.FlowLogs()))
	assert.Contains(t, interrupted.Stdout, "\n1 VPCs: "+ids[0]+": LogDestination: ")
	assert.Regexp(t, `\nfleet: [0-9]{4} of 6000 VPCs have no such flow log yet\n$`, interrupted.Stderr)

	stdout, _, err := fleet(t, "-endpoint-url", serving(t, cloud, ids))
	require.NoError(t, err)
	assert.Contains(t, stdout, ", 0 without such a flow log\n")
	assert.Equal(t, once(ids), flowLogs(cloud))
}

func TestProcess_ExitsWith2IfThereIsSomethingToDo(t *testing.T) {
	t.Parallel()
	for vpcs, status := range map[string]int{"0": 0, "3": 2} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-plan", "-vpcs", vpcs)
		cmd.Env = append(os.Environ(), "FLEET_TEST=main")
		output, _ := cmd.CombinedOutput()
		assert.Equal(t, status, cmd.ProcessState.ExitCode(), string(output))
	}
}

// ended is the outcome of a process.
type ended struct {
	Stdout, Stderr string
	ExitCode       int
}

// startAndStop runs the program in a process of its own, lets its calls hang from the
// twelfth on, and then sends it the signal. It returns when the process has ended and the
// server has handled all calls.
func startAndStop(t *testing.T, cloud *flowlogstest.EC2, vpcs []string, signal os.Signal) ended {
	t.Helper()
	server := httptest.NewServer(&region{vpcs: vpcs, flowLogs: cloud})
	defer server.Close()
	var calls int
	var stopped atomic.Bool
	midway := make(chan struct{})
	reach := sync.OnceFunc(func() { close(midway) })
	cloud.Inject(flowlogstest.Hang().Keep().On(func(c flowlogstest.Call) bool {
		if !creating(c) || stopped.Load() {
			return false
		}
		if calls++; calls < 12 {
			return false
		}
		reach()
		return true
	}))

	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-endpoint-url", server.URL)
	cmd.Env = append(os.Environ(), "FLEET_TEST=main")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Start())
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	select {
	case <-midway:
	case err := <-gone:
		require.Fail(t, "ended before the signal", "%v\n%s%s", err, &stdout, &stderr)
	}
	require.NoError(t, cmd.Process.Signal(signal))
	require.Error(t, <-gone)
	stopped.Store(true)

	return ended{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}
