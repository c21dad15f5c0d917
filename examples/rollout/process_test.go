package main

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

// process is a process of the test, killed at its end if it still runs.
type process struct {
	*exec.Cmd
	exited chan struct{}
}

func startProcess(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{exec.Command(name, args...), make(chan struct{})}
	p.Env = append(os.Environ(), env...)
	p.Stderr = os.Stderr
	require.NoError(t, p.Start())
	go func() {
		defer close(p.exited)
		p.Wait() //nolint:errcheck // it is killed
	}()
	t.Cleanup(p.kill)
	return p
}

// kill is kill -9.
func (p *process) kill() {
	p.Process.Signal(syscall.SIGKILL) //nolint:errcheck // it may have exited
	<-p.exited
}

// temporalServer is a Temporal server on a file.
type temporalServer struct {
	*process
	address, binary, file string
	options               []string
}

// smallRuns is an option of the server: it suggests continue-as-new after so few events
// that a rollout has several runs.
const smallRuns = "--dynamic-config-value=limit.historyCount.suggestContinueAsNew="

// newTemporalServer skips the test if there is no binary: it is named by
// TEMPORAL_CLI, or in the PATH.
func newTemporalServer(t *testing.T, options ...string) *temporalServer {
	t.Helper()
	binary, err := exec.LookPath(cmp.Or(os.Getenv("TEMPORAL_CLI"), "temporal"))
	if err != nil {
		t.Skip("no Temporal server: go install github.com/temporalio/cli/cmd/temporal@v1.5.1, and set TEMPORAL_CLI or PATH")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &temporalServer{address: listener.Addr().String(), binary: binary, file: filepath.Join(t.TempDir(), "rollout.db"), options: options}
	require.NoError(t, listener.Close())
	t.Setenv("TEMPORAL_ADDRESS", s.address) // for commands in this process, and for workers
	s.start(t)
	return s
}

// start starts the server, again after a kill.
func (s *temporalServer) start(t *testing.T) {
	t.Helper()
	_, port, err := net.SplitHostPort(s.address)
	require.NoError(t, err)
	s.process = startProcess(t, nil, s.binary, append([]string{"server", "start-dev", "--headless", "--port", port,
		"--db-filename", s.file, "--log-level", "never"}, s.options...)...)
}

// connect waits for the server.
func (s *temporalServer) connect(t *testing.T) client.Client {
	t.Helper()
	var c client.Client
	require.Eventually(t, func() bool {
		var err error
		c, err = connect(context.Background(), os.Stderr)
		return err == nil
	}, time.Minute, 200*time.Millisecond)
	t.Cleanup(c.Close)
	return c
}

// serve serves a simulation in the process of the test, which outlives the workers.
func serve(t *testing.T, sim *simulation.Organization) string { return serveHandler(t, sim) }

func serveHandler(t *testing.T, handler http.Handler) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func startWorker(t *testing.T, aws string) *process {
	t.Helper()
	return startProcess(t, []string{runAsProgram + "=1"}, os.Args[0], "worker", "-endpoint-url", aws)
}
