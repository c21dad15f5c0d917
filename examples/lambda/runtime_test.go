package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// program is the path of the built program.
type program string

func build(t *testing.T) program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	if runtime.GOOS == "windows" {
		path += ".exe" // else it cannot be started
	}
	out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-o", path, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return program(path)
}

// function is a process of the program, which receives events as it does in Lambda.
type function struct {
	events  chan string
	results chan error
	output  bytes.Buffer
	limit   time.Duration // of an event; set between events
	kill    context.CancelFunc
	ended   chan struct{}
	err     error // of the process; set when it has ended
}

// start runs the program against the EC2 at ec2URL, with one attempt per call: the
// retries are Lambda's.
func (p program) start(t *testing.T, ec2URL string, env ...string) *function {
	t.Helper()
	f := &function{events: make(chan string), results: make(chan error, 1), limit: time.Minute, ended: make(chan struct{})}
	api := httptest.NewServer(f.runtimeAPI())
	ctx, kill := context.WithCancel(t.Context())
	f.kill = kill
	cmd := exec.CommandContext(ctx, string(p))
	cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.URL, "http://"), "AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_ENDPOINT_URL_EC2=" + ec2URL, "AWS_REGION=us-east-1", "AWS_MAX_ATTEMPTS=1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=SECRET", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		logGroupVariable + "=my-flow-logs", roleVariable + "=" + role,
	}, env...) // the last value of a variable applies
	cmd.Stdout, cmd.Stderr = &f.output, &f.output
	require.NoError(t, cmd.Start())
	go func() {
		f.err = cmd.Wait()
		close(f.ended)
	}()
	t.Cleanup(func() {
		f.stop()
		api.Close()
	})
	return f
}

// runtimeAPI is the API from which a function gets its events.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func (f *function) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		f.results <- nil
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		f.results <- errors.Join(errors.New("to be retried: "+string(body)), err)
	})
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case event := <-f.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(f.limit).UnixMilli(), 10))
			io.WriteString(w, event)
		case <-r.Context().Done():
		}
	})
	return mux
}

// done sends an event to the function. It returns the error for which Lambda would retry,
// or nil if the function is done with the event.
func (f *function) done(event string) error {
	events := f.events
	for {
		select {
		case events <- event:
			events = nil // sent
		case err := <-f.results:
			return err
		case <-f.ended:
			return fmt.Errorf("the function has ended: %w\n%s", f.err, f.output.String())
		}
	}
}

// stop ends the process and waits until it writes no more.
func (f *function) stop() {
	f.kill()
	<-f.ended
}

// logged stops the function and returns the records of its log.
func (f *function) logged(t *testing.T) []map[string]any {
	t.Helper()
	f.stop()
	var records []map[string]any
	for line := range strings.Lines(f.output.String()) {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) == nil && record["message"] != nil { // not one of Lambda's
			records = append(records, record)
		}
	}
	return records
}
