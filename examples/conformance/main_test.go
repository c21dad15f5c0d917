package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// world is a server with STS, VPCs, subnets and buckets in front of one of flow logs.
type world struct {
	account  string
	flowLogs http.Handler // nil until there is a bucket: then the double, with all that exists
	edit     *strings.Replacer
	acted    func(action string, r *http.Request) // before each response; the method of a call of S3

	mu        sync.Mutex
	resources map[string]string // the run of each
	deletions []string          // actions, in order
	hidden    bool              // VPCs and subnets are not shown yet
	stuck     string            // an action that is rejected
}

func newWorld(flowLogs http.Handler) *world {
	return &world{account: "123456789012", flowLogs: flowLogs, edit: strings.NewReplacer(), resources: map[string]string{}}
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body) // to the end, so that r ends with its caller
	form, _ := url.ParseQuery(string(text))
	bucket, action := strings.Trim(r.URL.Path, "/"), form.Get("Action")
	if bucket != "" {
		action = r.Method
	}
	w.mu.Lock()
	status, body, known := w.respond(action, bucket, form)
	flowLogs, acted := w.flowLogs, w.acted
	w.mu.Unlock()
	if !known {
		r.Body = io.NopCloser(bytes.NewReader(text))
		recorded := httptest.NewRecorder()
		flowLogs.ServeHTTP(recorded, r)
		status, body = recorded.Code, w.edit.Replace(recorded.Body.String())
	}
	if acted != nil {
		acted(action, r)
	}
	rw.WriteHeader(status)
	fmt.Fprint(rw, body)
}

// respond acts on all but flow logs.
func (w *world) respond(action, bucket string, form url.Values) (status int, body string, known bool) {
	if strings.HasPrefix(strings.ToLower(action), "delete") {
		w.deletions = append(w.deletions, action)
	}
	if action == w.stuck {
		return http.StatusBadRequest, "<Response><Errors><Error><Code>DependencyViolation</Code><Message>it is in use</Message></Error></Errors></Response>", true
	}
	kind := strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(action, "Create"), "Describe"), "Delete"), "s"))
	switch action {
	case "GetCallerIdentity":
		body = fmt.Sprintf("<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account><Arn>arn:aws:iam::%[1]s:user/u</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>", w.account)
	case "CreateVpc", "CreateSubnet":
		id := fmt.Sprintf("%s-%017x", kind, len(w.resources)+1)
		w.resources[id] = form.Get("TagSpecification.1.Tag.1.Value")
		body = fmt.Sprintf("<R><%s><%[1]sId>%s</%[1]sId></%[1]s></R>", kind, id)
	case "DescribeVpcs", "DescribeSubnets":
		body = fmt.Sprintf("<R><%sSet>", kind)
		for id, run := range w.resources {
			if strings.HasPrefix(id, kind) && run == form.Get("Filter.1.Value.1") && !w.hidden {
				body += fmt.Sprintf("<item><%sId>%s</%[1]sId></item>", kind, id)
			}
		}
		body += fmt.Sprintf("</%sSet></R>", kind)
	case "DeleteVpc", "DeleteSubnet":
		delete(w.resources, form.Get(strings.TrimPrefix(action, "Delete")+"Id"))
		body = "<R><return>true</return></R>"
	case http.MethodPut:
		if w.flowLogs == nil {
			w.flowLogs = flowlogstest.New(func(o *flowlogstest.Options) {
				o.Resources = slices.Collect(maps.Keys(w.resources))
				o.Buckets, o.Roles = []string{bucket}, []string{}
			})
		}
		w.resources[bucket] = bucket
	case http.MethodDelete:
		delete(w.resources, bucket)
		return http.StatusNoContent, "", true
	case http.MethodHead:
		if w.resources[bucket] == "" {
			return http.StatusNotFound, "", true
		}
	default:
		return 0, "", false
	}
	return http.StatusOK, body, true
}

// set calls change, which may look at the world and change what it does.
func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// exists returns what the world has beside flow logs.
func (w *world) exists() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.resources)
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func arguments(journal, endpoint string, more ...string) []string {
	return append([]string{"-account", "123456789012", "-region", "us-east-1", "-journal", journal, "-endpoint-url", endpoint}, more...)
}

func leftIn(t *testing.T, endpoint string) int {
	t.Helper()
	client := ec2.New(ec2.Options{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: aws.AnonymousCredentials{}})
	out, err := client.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{})
	require.NoError(t, err)
	return len(out.FlowLogs)
}

func TestPlan_SendsNothing(t *testing.T) {
	t.Parallel()
	endpoint := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a call") }))
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), arguments(filepath.Join(t.TempDir(), "j"), endpoint), &out))
	assert.Contains(t, out.String(), "group 3, flow logs to S3:")
	assert.Contains(t, out.String(), `"ec2:CreateVpc"`)
}

func TestRun_NeedsTheAccountOfTheCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(http.NotFoundHandler())
	w.account = "210987654321"
	journal := filepath.Join(t.TempDir(), "j")
	err := run(t.Context(), arguments(journal, serve(t, w), "-run"), &bytes.Buffer{})
	require.ErrorContains(t, err, "-account 123456789012: the credentials are those of account 210987654321")
	assert.Zero(t, w.exists())
	require.ErrorContains(t, run(t.Context(), []string{"-run"}, &bytes.Buffer{}), "want -account")
}

func TestRun_LeavesNothingAndReportsDifferences(t *testing.T) {
	t.Parallel()
	w := newWorld(flowlogstest.New())
	endpoint := serve(t, w)
	var out bytes.Buffer
	// This EC2 has every resource, so what does not exist is the difference.
	err := run(t.Context(), arguments(filepath.Join(t.TempDir(), "j"), endpoint, "-run"), &out)
	require.ErrorContains(t, err, "probes differ")
	require.NotErrorIs(t, err, errLeft)
	assert.Contains(t, out.String(), "1.interval-120: same\n")
	assert.Contains(t, out.String(), "2.create-vpc: settles an unknown VPC: CreateFlowLogs 200")
	assert.Contains(t, out.String(), "3.token-replay: same\n")
	assert.Contains(t, out.String(), "Nothing is left in account 123456789012, Region us-east-1.\n")
	assert.Zero(t, w.exists())
	assert.Zero(t, leftIn(t, endpoint))
}

func TestRun_SaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(flowlogstest.New())
	stuck := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			return // success without effect
		}
		w.ServeHTTP(rw, r)
	})
	journal := filepath.Join(t.TempDir(), "j")
	err := run(t.Context(), arguments(journal, serve(t, stuck), "-run", "-groups", "0"), &bytes.Buffer{})
	require.ErrorIs(t, err, errLeft)
	require.ErrorContains(t, err, "flowlogs-conformance-run-")
	require.Equal(t, 1, w.exists())
	require.NoError(t, run(t.Context(), arguments(journal, serve(t, w), "-sweep"), &bytes.Buffer{}))
	assert.Zero(t, w.exists())
}

// A flow log that is not shown yet can be deleted only if the response has its ID.
func TestRun_WaitsForTheResponseOfACreationAfterASignal(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New(func(o *flowlogstest.Options) { o.DescribeLag = time.Hour })
	w := newWorld(e)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.acted = func(action string, _ *http.Request) {
		if action == "CreateFlowLogs" {
			cancel()
		}
	}
	err := run(ctx, arguments(filepath.Join(t.TempDir(), "j"), serve(t, w), "-run", "-groups", "3"), &bytes.Buffer{})
	require.ErrorContains(t, err, "interrupted")
	require.NotErrorIs(t, err, errLeft)
	assert.Empty(t, e.FlowLogs())
	assert.Zero(t, w.exists())
}

func TestRun_DeletesByIDWhatIsNotShownYet(t *testing.T) {
	t.Parallel()
	w := newWorld(nil)
	w.hidden = true
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.acted = func(action string, _ *http.Request) {
		if action == http.MethodPut {
			cancel()
		}
	}
	err := run(ctx, arguments(filepath.Join(t.TempDir(), "j"), serve(t, w), "-run"), &bytes.Buffer{})
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, errLeft)
	assert.Zero(t, w.exists())
}

func TestRun_DeletesWhatALostResponseWasAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(nil)
	var lost atomic.Bool
	w.acted = func(action string, _ *http.Request) {
		if action == "CreateVpc" && lost.CompareAndSwap(false, true) {
			panic(http.ErrAbortHandler) // and the SDK makes another VPC
		}
	}
	require.NoError(t, run(t.Context(), arguments(filepath.Join(t.TempDir(), "j"), serve(t, w), "-run", "-groups", "0"), &bytes.Buffer{}))
	assert.True(t, lost.Load())
	assert.Zero(t, w.exists())
}

// Another file would tell that nothing is left.
func TestSweep_NeedsTheJournal(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), arguments(filepath.Join(t.TempDir(), "j"), serve(t, newWorld(nil)), "-sweep"), &bytes.Buffer{})
	require.ErrorIs(t, err, os.ErrNotExist)
}

// By then EC2 would show what it created.
func TestSweep_BelievesEC2FiveMinutesAfterACall(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		age  time.Duration
		left bool
	}{{settled - time.Minute, true}, {settled + time.Minute, false}} {
		journal := filepath.Join(t.TempDir(), "j")
		line, err := json.Marshal(entry{time.Now().Add(-tt.age), "run-a", "123456789012", "us-east-1", creating, "vpc", nil})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(journal, line, 0o600))
		err = run(t.Context(), arguments(journal, serve(t, newWorld(nil)), "-sweep"), &bytes.Buffer{})
		assert.Equal(t, tt.left, errors.Is(err, errLeft), "%s: %v", tt.age, err)
	}
}

// The emulator has no STS and no VPCs: all is made up.
func TestRun_TakesAServerOfFlowLogsAlone(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	var out bytes.Buffer
	err := run(t.Context(), arguments(filepath.Join(t.TempDir(), "j"), serve(t, e), "-run", "-groups", "3"), &out)
	require.NotErrorIs(t, err, errLeft)
	assert.Contains(t, out.String(), "is made up.\n")
	assert.Contains(t, out.String(), "3.echo-everything: settles")
	assert.Empty(t, e.FlowLogs())
}

// What differs is listed; the number depends on the version of moto.
func TestRun_LeavesNothingOnMoto(t *testing.T) {
	t.Parallel()
	moto, err := exec.LookPath("moto_server")
	if err != nil || testing.Short() {
		t.Skip("there is no moto_server")
	}
	const endpoint = "http://127.0.0.1:47651"
	server := exec.CommandContext(t.Context(), moto, "-H", "127.0.0.1", "-p", "47651")
	stderr, err := server.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	lines := bufio.NewScanner(stderr)
	for lines.Scan() && !strings.Contains(lines.Text(), "Running on") {
	}
	var out bytes.Buffer
	err = run(t.Context(), arguments(filepath.Join(t.TempDir(), "j"), endpoint, "-run"), &out)
	t.Log(out.String())
	require.NotErrorIs(t, err, errLeft)
	assert.Contains(t, out.String(), "Nothing is left")
}
