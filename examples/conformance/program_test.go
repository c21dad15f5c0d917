package main

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain makes the test's binary the program for the tests of its process.
func TestMain(m *testing.M) {
	if os.Getenv("FLOWLOGS_CONFORMANCE_PROGRAM") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is the program in a process of its own.
type process struct {
	command        *exec.Cmd
	started        sync.Mutex // held until it runs
	stdout, stderr bytes.Buffer
}

func program(t *testing.T, args ...string) *process {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	p := &process{command: exec.CommandContext(t.Context(), binary, args...)}
	p.command.Env = append(os.Environ(), "FLOWLOGS_CONFORMANCE_PROGRAM=1")
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	return p
}

// status runs the process and returns its exit status, -1 if it is killed.
func (p *process) status(t *testing.T) int {
	t.Helper()
	p.started.Lock()
	err := p.command.Start()
	p.started.Unlock()
	require.NoError(t, err)
	_ = p.command.Wait()
	return p.command.ProcessState.ExitCode()
}

func (p *process) signal(signal os.Signal) {
	p.started.Lock()
	defer p.started.Unlock()
	_ = p.command.Process.Signal(signal)
}

// killAtCreation returns a function that kills the process in its CreateFlowLogs call of
// this number, before the response.
func (p *process) killAtCreation(number int32) func(string, *http.Request) {
	var creations atomic.Int32
	return func(action string, r *http.Request) {
		if action == "CreateFlowLogs" && creations.Add(1) == number {
			p.signal(os.Kill)
			<-r.Context().Done()
		}
	}
}

// differences are ten ways in which an EC2 can differ, and the probes that find them.
var differences = []struct{ double, ec2, probe, found, instead string }{
	{"<Code>DryRunOperation<", "<Code>DryRun<", "0.create", "Errors.Error.Code=DryRunOperation", "Errors.Error.Code=DryRun"},
	{"Aggregation Interval.<", "Aggregation Interval<", "1.interval-120", "Aggregation Interval.", "Aggregation Interval"},
	{"<Code>TagLimitExceeded<", "<Code>InvalidParameterValue<", "1.tags-51", "Errors.Error.Code=TagLimitExceeded", "Errors.Error.Code=InvalidParameterValue"},
	{"<Code>InvalidVpcID.NotFound<", "<Code>InvalidVpcId.NotFound<", "2.create-vpc", "Errors.Error.Code=InvalidVpcID.NotFound", "Errors.Error.Code=InvalidVpcId.NotFound"},
	{"<code>400<", "<code>LogDestinationNotFound<", "2.create-bucket", "unsuccessful.1.error.code=400", "unsuccessful.1.error.code=LogDestinationNotFound"},
	{"<deliverLogsStatus>SUCCESS</deliverLogsStatus>", "", "3.echo-defaults", "flowLogSet.1.deliverLogsStatus=SUCCESS", ""},
	{"<maxAggregationInterval>600<", "<maxAggregationInterval>60<", "3.echo-defaults", "flowLogSet.1.maxAggregationInterval=600", "flowLogSet.1.maxAggregationInterval=60"},
	{"<Code>IdempotentParameterMismatch<", "<Code>InvalidClientToken<", "3.token-mismatch", "Errors.Error.Code=IdempotentParameterMismatch", "Errors.Error.Code=InvalidClientToken"},
	{"<key>probe<", "<key>Probe<", "3.echo-everything", "tagSet.1.key=probe", "tagSet.1.key=Probe"},
	{"DeleteFlowLogsResponse", "DeleteFlowLogsResult", "3.delete", "", ""},
}

// different returns a world with the differences.
func different() *world {
	w := newWorld(nil)
	var pairs []string
	for _, d := range differences {
		pairs = append(pairs, d.double, d.ec2)
	}
	w.edit = strings.NewReplacer(pairs...)
	return w
}

func TestProgram_ExitsWith0IfNothingDiffers(t *testing.T) {
	t.Parallel()
	w := newWorld(nil)
	p := program(t, arguments(filepath.Join(t.TempDir(), "j"), serve(t, w), "-run")...)
	assert.Equal(t, 0, p.status(t), p.stderr.String())
	assert.Contains(t, p.stdout.String(), " 0 differ\n")
	assert.Zero(t, w.exists())
}

func TestProgram_ReportsTenDifferences(t *testing.T) {
	t.Parallel()
	w := different()
	endpoint := serve(t, w)
	p := program(t, arguments(filepath.Join(t.TempDir(), "j"), endpoint, "-run")...)
	assert.Equal(t, 1, p.status(t), p.stderr.String())
	for _, d := range differences {
		line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(d.probe) + `: .*$`).FindString(p.stdout.String())
		_, verdict, _ := strings.Cut(line, "differs (double: ")
		double, ec2, found := strings.Cut(verdict, ", EC2: ")
		assert.True(t, found, "%s: %s", d.probe, line)
		assert.Contains(t, double, d.found, line)
		assert.Contains(t, ec2, d.instead, line)
		assert.False(t, d.instead == "" && d.found != "" && strings.Contains(ec2, d.found), line)
	}
	assert.Zero(t, w.exists())
	assert.Zero(t, leftIn(t, endpoint))
}

func TestProgram_SweepsWhatAKilledRunLeft(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		groups   string
		creation int32
		flowLogs int
	}{
		{"in a call that EC2 rejects", "1,3", 10, 0},
		{"in the first call that creates", "3", 1, 1},
		{"in a call that creates three", "3", 8, 3},
		{"in the second call that creates", "3", 14, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := different()
			endpoint, journal := serve(t, w), filepath.Join(t.TempDir(), "j")
			p := program(t, arguments(journal, endpoint, "-run", "-groups", tt.groups)...)
			w.set(func() { w.acted = p.killAtCreation(tt.creation) })
			require.Equal(t, -1, p.status(t))
			require.Equal(t, 5, w.exists(), "a VPC, three subnets and a bucket")
			require.Equal(t, tt.flowLogs, leftIn(t, endpoint))

			sweep := program(t, arguments(journal, endpoint, "-sweep")...)
			assert.Equal(t, 0, sweep.status(t), sweep.stderr.String())
			assert.Contains(t, sweep.stdout.String(), "Nothing is left in account 123456789012, Region us-east-1.\n")
			assert.Zero(t, w.exists())
			assert.Zero(t, leftIn(t, endpoint))
		})
	}
}

func TestProgram_DeletesInReverseOrderAfterASignal(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows sends no signals")
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		w := newWorld(nil)
		endpoint := serve(t, w)
		p := program(t, arguments(filepath.Join(t.TempDir(), "j"), endpoint, "-run", "-groups", "3")...)
		var sent atomic.Bool
		w.set(func() {
			w.acted = func(action string, r *http.Request) {
				if action == "DescribeFlowLogs" && sent.CompareAndSwap(false, true) {
					p.signal(signal) // with a flow log that the probe has created
					<-r.Context().Done()
				}
			}
		})
		assert.Equal(t, 1, p.status(t), p.stderr.String())
		assert.Contains(t, p.stderr.String(), "interrupted")
		assert.Contains(t, p.stdout.String(), "Nothing is left")
		w.set(func() {
			assert.Equal(t, []string{"DeleteFlowLogs", http.MethodDelete, "DeleteSubnet", "DeleteVpc"}, slices.Compact(w.deletions))
		})
		assert.Zero(t, w.exists())
		assert.Zero(t, leftIn(t, endpoint))
	}
}

func TestProgram_ExitsWith3AndSaysWhatIsLeftAndHowToDeleteIt(t *testing.T) {
	t.Parallel()
	w := newWorld(nil)
	w.stuck = "DeleteSubnet"
	p := program(t, arguments(filepath.Join(t.TempDir(), "j"), serve(t, w), "-run", "-groups", "0")...)
	assert.Equal(t, 3, p.status(t), p.stderr.String())
	w.set(func() {
		for id, run := range w.resources {
			if strings.HasPrefix(id, "subnet-") {
				assert.Regexp(t, "(?m)^.*"+id+" is still there: .*DependencyViolation: it is in use$", p.stderr.String())
				assert.Contains(t, p.stderr.String(), "subnet of "+run+":")
			}
		}
		w.stuck = ""
	})
	assert.Contains(t, p.stderr.String(), "tag flowlogs-conformance")

	command := regexp.MustCompile(`(?m)^\t(-sweep .*)$`).FindStringSubmatch(p.stderr.String())
	require.NotNil(t, command, p.stderr.String())
	sweep := program(t, strings.Fields(command[1])...)
	assert.Equal(t, 0, sweep.status(t), sweep.stderr.String())
	assert.Zero(t, w.exists())
}

func TestProgram_SweepIsNotSureOfAVPCThatIsNotShownYet(t *testing.T) {
	t.Parallel()
	w := newWorld(nil)
	w.hidden = true
	endpoint, journal := serve(t, w), filepath.Join(t.TempDir(), "j")
	p := program(t, arguments(journal, endpoint, "-run")...)
	w.set(func() {
		w.acted = func(action string, r *http.Request) {
			if action == "CreateVpc" {
				p.signal(os.Kill)
				<-r.Context().Done()
			}
		}
	})
	require.Equal(t, -1, p.status(t))
	require.Equal(t, 1, w.exists())

	sweep := program(t, arguments(journal, endpoint, "-sweep")...)
	assert.Equal(t, 3, sweep.status(t), sweep.stdout.String())
	assert.Regexp(t, `vpc of run-\w+: .* may appear until \d\d:\d\d:\d\d UTC: run it again then`, sweep.stderr.String())
	assert.NotContains(t, sweep.stdout.String(), "Nothing is left")

	w.set(func() { w.hidden = false })
	sweep = program(t, arguments(journal, endpoint, "-sweep")...)
	assert.Equal(t, 0, sweep.status(t), sweep.stderr.String())
	assert.Zero(t, w.exists())
}

// The call that is cut off here creates nothing, which the journal cannot know.
func TestProgram_SweepIsNotSureOfFlowLogsWithoutAResponse(t *testing.T) {
	t.Parallel()
	w := newWorld(nil)
	endpoint, journal := serve(t, w), filepath.Join(t.TempDir(), "j")
	p := program(t, arguments(journal, endpoint, "-run", "-groups", "3")...)
	w.set(func() { w.acted = p.killAtCreation(12) })
	require.Equal(t, -1, p.status(t))

	sweep := program(t, arguments(journal, endpoint, "-sweep")...)
	assert.Equal(t, 3, sweep.status(t), sweep.stdout.String())
	assert.Regexp(t, `flow-log of run-\w+: .* may appear until \d\d:\d\d:\d\d UTC: run it again then`, sweep.stderr.String())
	assert.Zero(t, w.exists())
	assert.Zero(t, leftIn(t, endpoint))
}

// The emulator keeps its flow logs in another process.
func TestProgram_SweepsTheEmulator(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the emulator")
	}
	binary := filepath.Join(t.TempDir(), "emulator.exe")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../emulator").CombinedOutput()
	require.NoError(t, err, string(out))
	emulator := exec.CommandContext(t.Context(), binary, "-listen", "127.0.0.1:0")
	stdout, err := emulator.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, emulator.Start())
	t.Cleanup(func() { _ = emulator.Process.Kill(); _ = emulator.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	backend, err := url.Parse(strings.TrimSpace(line))
	require.NoError(t, err)

	w := newWorld(httputil.NewSingleHostReverseProxy(backend))
	endpoint, journal := serve(t, w), filepath.Join(t.TempDir(), "j")
	p := program(t, arguments(journal, endpoint, "-run", "-groups", "3")...)
	w.set(func() { w.acted = p.killAtCreation(10) })
	require.Equal(t, -1, p.status(t))
	require.NotZero(t, leftIn(t, endpoint))

	sweep := program(t, arguments(journal, endpoint, "-sweep")...)
	assert.Equal(t, 0, sweep.status(t), sweep.stderr.String())
	assert.Zero(t, w.exists())
	assert.Zero(t, leftIn(t, endpoint))
}
