package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// world is a server with STS, VPCs, subnets and buckets in front of one of flow logs.
type world struct {
	flowLogs http.Handler
	account  string
	created  func(body string) // after each CreateFlowLogs

	mu        sync.Mutex
	resources map[string]string // the run of each
}

func newWorld(flowLogs http.Handler) *world {
	return &world{flowLogs: flowLogs, account: "123456789012", resources: map[string]string{}}
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if bucket := strings.Trim(r.URL.Path, "/"); bucket != "" {
		w.serveBucket(rw, r.Method, bucket)
		return
	}
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	form, _ := url.ParseQuery(body.String())
	action := form.Get("Action")
	kind := strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(action, "Create"), "Describe"), "Delete"), "s"))
	switch action {
	case "GetCallerIdentity":
		fmt.Fprintf(rw, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account><Arn>arn:aws:iam::%[1]s:user/u</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>", w.account)
	case "CreateVpc", "CreateSubnet":
		w.mu.Lock()
		id := fmt.Sprintf("%s-%017x", kind, len(w.resources)+1)
		w.resources[id] = form.Get("TagSpecification.1.Tag.1.Value")
		w.mu.Unlock()
		fmt.Fprintf(rw, "<R><%s><%[1]sId>%s</%[1]sId></%[1]s></R>", kind, id)
	case "DescribeVpcs", "DescribeSubnets":
		w.mu.Lock()
		defer w.mu.Unlock()
		fmt.Fprintf(rw, "<R><%sSet>", kind)
		for id, run := range w.resources {
			if strings.HasPrefix(id, kind) && run == form.Get("Filter.1.Value.1") {
				fmt.Fprintf(rw, "<item><%sId>%s</%[1]sId></item>", kind, id)
			}
		}
		fmt.Fprintf(rw, "</%sSet></R>", kind)
	case "DeleteVpc", "DeleteSubnet":
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.resources, form.Get(strings.TrimPrefix(action, "Delete")+"Id"))
		fmt.Fprint(rw, "<R><return>true</return></R>")
	default:
		r.Body = httptest.NewRequest(http.MethodPost, "/", &body).Body
		recorded := httptest.NewRecorder()
		w.flowLogs.ServeHTTP(recorded, r)
		if action == "CreateFlowLogs" && w.created != nil {
			w.created(recorded.Body.String())
		}
		rw.WriteHeader(recorded.Code)
		_, _ = rw.Write(recorded.Body.Bytes())
	}
}

func (w *world) serveBucket(rw http.ResponseWriter, method, bucket string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch method {
	case http.MethodPut:
		w.resources[bucket] = bucket
	case http.MethodDelete:
		delete(w.resources, bucket)
		rw.WriteHeader(http.StatusNoContent)
	default:
		if w.resources[bucket] == "" {
			rw.WriteHeader(http.StatusNotFound)
		}
	}
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

func TestRun_CleansAfterASignal(t *testing.T) {
	t.Parallel()
	w := newWorld(flowlogstest.New())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.created = func(body string) {
		if strings.Contains(body, "<flowLogIdSet><item>") {
			cancel() // with the response not yet sent
		}
	}
	endpoint := serve(t, w)
	err := run(ctx, arguments(filepath.Join(t.TempDir(), "j"), endpoint, "-run", "-groups", "3"), &bytes.Buffer{})
	require.ErrorContains(t, err, "interrupted")
	require.NotErrorIs(t, err, errLeft)
	assert.Zero(t, w.exists())
	assert.Zero(t, leftIn(t, endpoint))
}

// start builds a program and starts it.
func start(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "program.exe")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, program).CombinedOutput()
	require.NoError(t, err, string(out))
	return exec.CommandContext(t.Context(), binary, args...)
}

func TestSweep_DeletesTheRestOfAKilledRunOnTheEmulator(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds two programs")
	}
	emulator := start(t, "../emulator", "-listen", "127.0.0.1:0")
	stdout, err := emulator.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, emulator.Start())
	t.Cleanup(func() { _ = emulator.Process.Kill(); _ = emulator.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	backend, err := url.Parse(strings.TrimSpace(line))
	require.NoError(t, err)

	w := newWorld(httputil.NewSingleHostReverseProxy(backend))
	endpoint := serve(t, w)
	journal := filepath.Join(t.TempDir(), "j")
	program := start(t, ".", arguments(journal, endpoint, "-run", "-groups", "3")...)
	creations := 0
	w.created = func(body string) {
		if creations++; creations == 10 {
			_ = program.Process.Kill() // before it has the response
		}
	}
	require.Error(t, program.Run())
	require.Equal(t, 5, w.exists(), "a VPC, three subnets and a bucket")
	require.NotZero(t, leftIn(t, endpoint))

	var out bytes.Buffer
	require.NoError(t, run(t.Context(), arguments(journal, endpoint, "-sweep"), &out))
	assert.Zero(t, w.exists())
	assert.Zero(t, leftIn(t, endpoint))
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
