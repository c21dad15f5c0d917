package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
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

func TestJob_IsResumedAfterAKill(t *testing.T) {
	t.Parallel()
	cloud, jobs, vpcs := flowlogstest.New(), t.TempDir(), vpcIDs(6001)
	killed := startAndStop(t, cloud, vpcs[:6000], jobs, os.Kill)
	require.NotEqual(t, 0, killed.ExitCode)
	require.Less(t, len(cloud.FlowLogs()), 6000, "killed midway")
	before := tokens(cloud.Calls())

	url := serving(t, cloud, vpcs[1:]) // one VPC was deleted, and another created
	stdout, _, err := fleet(t, "-endpoint-url", url, "-jobs", jobs, "-token", killed.Token)
	require.NoError(t, err)
	assert.Contains(t, stdout, "\n6000 created, ")
	assert.Equal(t, once(vpcs[:6000]), flowLogs(cloud))
	all := tokens(cloud.Calls())
	assert.Len(t, all, 6000/300, "both runs sent the same calls")
	for token := range before {
		assert.Greater(t, len(all[token]), len(before[token]), "a call of the first run is sent again")
	}
	for _, bodies := range all {
		for _, body := range bodies {
			assert.Equal(t, bodies[0], body)
		}
	}

	_, _, err = fleet(t, "-endpoint-url", url, "-jobs", jobs)
	require.NoError(t, err)
	assert.Equal(t, once(vpcs), flowLogs(cloud))
}

func TestJob_IsResumedWithoutItsFile(t *testing.T) {
	t.Parallel()
	cloud, vpcs := flowlogstest.New(), vpcIDs(6000)
	killed := startAndStop(t, cloud, vpcs, t.TempDir(), os.Kill)
	_, _, err := fleet(t, "-endpoint-url", serving(t, cloud, vpcs), "-jobs", t.TempDir(), "-token", killed.Token)
	require.NoError(t, err)
	assert.Equal(t, once(vpcs), flowLogs(cloud))
}

func TestJob_IsResumedAfterCtrlC(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no Ctrl-C for another process on Windows")
	}
	t.Parallel()
	cloud, jobs, vpcs := flowlogstest.New(), t.TempDir(), vpcIDs(6000)
	cloud.Inject(flowlogstest.FailResources("400", "LogDestination: my-flow-logs does not exist", vpcs[0]))
	interrupted := startAndStop(t, cloud, vpcs, jobs, os.Interrupt)
	assert.Equal(t, 1, interrupted.ExitCode)
	assert.Regexp(t, `\n[0-9]+ created, [0-9]+ without a flow log\n`+
		`1 VPCs: `+vpcs[0]+`: LogDestination: .*\n\t.*\n`+
		`To resume, run it again with the same flags and -token `+interrupted.Token+`\n$`, interrupted.Stdout)
	assert.Regexp(t, `\nfleet: [0-9]{4} of 6000 VPCs have no flow log yet\n$`, interrupted.Stderr)

	stdout, _, err := fleet(t, "-endpoint-url", serving(t, cloud, vpcs), "-jobs", jobs, "-token", interrupted.Token)
	require.EqualError(t, err, "1 of 6000 VPCs have no flow log yet")
	assert.Contains(t, stdout, "\n5999 created, 1 without a flow log\n")
	assert.Equal(t, once(vpcs[1:]), flowLogs(cloud))
}

// ended is a process that ended.
type ended struct {
	Stdout, Stderr string
	Token          string // on its first line
	ExitCode       int
}

// startAndStop runs the program in a process of its own, lets its calls hang from the
// twelfth on, and then sends it the signal. It returns when the process has ended and
// the server has handled all calls.
func startAndStop(t *testing.T, cloud *flowlogstest.EC2, vpcs []string, jobs string, signal os.Signal) ended {
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
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-endpoint-url", server.URL, "-jobs", jobs)
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

	said := regexp.MustCompile(`^.* -token ([0-9a-f-]{36})\n`).FindStringSubmatch(stdout.String())
	require.Len(t, said, 2, stdout.String())
	return ended{stdout.String(), stderr.String(), said[1], cmd.ProcessState.ExitCode()}
}

// tokens returns the bodies of the calls under each token.
func tokens(calls []flowlogstest.Call) map[string][]string {
	bodies := make(map[string][]string)
	for _, c := range calls {
		if creating(c) {
			bodies[c.ClientToken] = append(bodies[c.ClientToken], c.Body)
		}
	}
	return bodies
}
