package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// environment has all settings of AWS in the tests, for this program and for the AWS CLI.
var environment = map[string]string{
	"AWS_ACCESS_KEY_ID":           "AKIDEXAMPLE",
	"AWS_SECRET_ACCESS_KEY":       "SECRET",
	"AWS_DEFAULT_REGION":          "us-east-1",
	"AWS_CONFIG_FILE":             os.DevNull,
	"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	"AWS_EC2_METADATA_DISABLED":   "true",
	"AWS_PAGER":                   "",
	// The default of the AWS CLI on Windows is a code page.
	"AWS_CLI_FILE_ENCODING":   "UTF-8",
	"AWS_CLI_OUTPUT_ENCODING": "UTF-8",
}

// TestMain runs the program itself if CREATE_FLOW_LOGS is set.
func TestMain(m *testing.M) {
	if os.Getenv("CREATE_FLOW_LOGS") != "" {
		main()
	}
	var errs []error
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			errs = append(errs, os.Unsetenv(name))
		}
	}
	for name, value := range environment {
		errs = append(errs, os.Setenv(name, value))
	}
	if err := errors.Join(errs...); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// cloud is an EC2 that commands are run against.
type cloud struct {
	*flowlogstest.EC2
	url string
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	e := flowlogstest.New(func(o *flowlogstest.Options) {
		o.AccountID, o.DeniedBuckets = "123456789012", []string{"denied-bucket"}
	})
	s := flowlogstest.NewServer(e)
	t.Cleanup(s.Close)
	return cloud{e, s.URL}
}

// printedOutput is the output in JSON.
type printedOutput struct {
	ClientToken  string
	FlowLogIds   []string
	Unsuccessful []any
}

// outcome is the outcome of a command.
type outcome struct {
	status         int
	stdout, stderr string
}

func (c cloud) run(ctx context.Context, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	status := run(ctx, append([]string{"--endpoint-url", c.url}, args...), &stdout, &stderr)
	return outcome{status, stdout.String(), stderr.String()}
}

// toBucket returns a command for VPCs, with more arguments.
func toBucket(more ...string) []string {
	return slices.Concat([]string{
		"--resource-type", "VPC", "--traffic-type", "ALL", "--log-destination-type", "s3", "--log-destination", "arn:aws:s3:::my-bucket",
	}, more)
}

func also(command []string, more ...string) []string { return slices.Concat(command, more) }

func vpc(n int) string { return fmt.Sprintf("vpc-%08x", n) }

func vpcs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = vpc(i)
	}
	return ids
}

func TestCreateFlowLogs_TakesMoreResourcesThanOneCall(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	got := c.run(t.Context(), also(toBucket("--no-dry-run", "--destination-options", "PerHourPartition=false", "--resource-ids"), vpcs(601)...)...)
	require.Equal(t, 0, got.status, got.stderr)
	assert.Empty(t, got.stderr)
	var printed printedOutput
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &printed))
	assert.Len(t, printed.FlowLogIds, 601)
	assert.Empty(t, printed.Unsuccessful)
	assert.Len(t, c.FlowLogs(), 601)

	resources := map[string][]string{} // by token, because a call may have been repeated
	for _, call := range c.Calls() {
		resources[call.ClientToken] = call.ResourceIDs
		assert.Equal(t, "false", call.Params["DryRun"])
		assert.Equal(t, "false", call.Params["DestinationOptions.PerHourPartition"])
	}
	assert.Len(t, resources, 3)
	for token, ids := range resources {
		assert.NotEmpty(t, token)
		assert.LessOrEqual(t, len(ids), 300)
	}
}

func TestCreateFlowLogs_IsResumedWithItsToken(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	command := also(toBucket("--resource-ids"), vpcs(400)...)
	c.Inject(flowlogstest.Reject("AuthFailure", "AWS was not able to validate the provided access credentials", 401).
		On(func(call flowlogstest.Call) bool { return len(call.ResourceIDs) == 100 }))
	got := c.run(t.Context(), command...)
	assert.Equal(t, 254, got.status)
	var printed printedOutput
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &printed))
	assert.Len(t, printed.FlowLogIds, 300)
	assert.Equal(t, "\nAn error occurred (AuthFailure) when calling the CreateFlowLogs operation: AWS was not able to validate the provided access credentials\n"+
		"create-flow-logs: 300 created; to resume, run the same command with --client-token "+printed.ClientToken+": nothing is created twice\n", got.stderr)

	got = c.run(t.Context(), also(command, "--client-token", printed.ClientToken)...)
	assert.Equal(t, 0, got.status, got.stderr)
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &printed))
	assert.Len(t, printed.FlowLogIds, 400)
	assert.Len(t, c.FlowLogs(), 400)
}

func TestCreateFlowLogs_FailsIfResourcesAreUnsuccessful(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.Inject(flowlogstest.FailResources("400", "LogDestination: <my-bucket> does not exist", vpc(2)))
	got := c.run(t.Context(), toBucket("--client-token", "token", "--resource-ids", vpc(1), vpc(2))...)
	assert.Regexp(t, `^create-flow-logs: .*vpc-00000002: LogDestination: <my-bucket> does not exist.*\n$`, got.stderr)
	got.stderr = ""
	assert.Equal(t, outcome{1, `{
    "ClientToken": "token",
    "FlowLogIds": [
        "fl-00000000000000001"
    ],
    "Unsuccessful": [
        {
            "Error": {
                "Code": "400",
                "Message": "LogDestination: <my-bucket> does not exist"
            },
            "ResourceId": "vpc-00000002"
        }
    ]
}
`, ""}, got)
}

func TestCreateFlowLogs_PrintsNothingOfARejectedCall(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403))
	got := c.run(t.Context(), toBucket("--resource-ids", vpc(1))...)
	assert.Equal(t, outcome{254, "", "\nAn error occurred (UnauthorizedOperation) when calling the CreateFlowLogs operation: You are not authorized to perform this operation.\n"}, got)
}

func TestCreateFlowLogs_CreatesNothingInADryRun(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 301} {
		c := newCloud(t)
		got := c.run(t.Context(), also(toBucket("--dry-run", "--resource-ids"), vpcs(n)...)...)
		assert.Equal(t, outcome{254, "", "\nAn error occurred (DryRunOperation) when calling the CreateFlowLogs operation: Request would have succeeded, but DryRun flag is set.\n"}, got)
		assert.Empty(t, c.FlowLogs())
		assert.NotEmpty(t, c.Calls())
	}
}

func TestCreateFlowLogs_RetriesALostResponseUnderTheSameToken(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.Inject(flowlogstest.LoseResponse())
	got := c.run(t.Context(), toBucket("--resource-ids", vpc(1))...)
	assert.Equal(t, 0, got.status, got.stderr)
	require.Len(t, c.Calls(), 2)
	assert.Equal(t, c.Calls()[0].Body, c.Calls()[1].Body)
	assert.Len(t, c.FlowLogs(), 1)
}

func TestCreateFlowLogs_SaysHowToResumeAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, interrupt := context.WithCancel(t.Context())
	c.Inject(flowlogstest.Hang().On(func(flowlogstest.Call) bool { interrupt(); return true }))
	got := c.run(ctx, toBucket("--client-token", "mine", "--resource-ids", vpc(1))...)
	assert.Equal(t, 130, got.status)
	assert.Empty(t, got.stdout)
	assert.Contains(t, got.stderr, "to resume, run the same command with --client-token mine")
}

func TestCreateFlowLogs_SendsTagFields(t *testing.T) { // which not every AWS CLI knows
	t.Parallel()
	want := map[string]string{
		"TagFieldSpecification.1.ResourceType": "instance",
		"TagFieldSpecification.1.TagKey.1":     "Name",
		"TagFieldSpecification.1.TagKey.2":     "Team",
		"TagFieldSpecification.2.ResourceType": "network-interface",
		"TagFieldSpecification.2.TagKey.1":     "Name",
	}
	for _, words := range [][]string{
		{"ResourceType=instance,TagKeys=Name,Team", "ResourceType=network-interface,TagKeys=Name"},
		{"TagKeys=[Name,Team],ResourceType=instance", "TagKeys=[Name],ResourceType=network-interface"},
		{`[{"ResourceType":"instance","TagKeys":["Name","Team"]},{"ResourceType":"network-interface","TagKeys":["Name"]}]`},
	} {
		c := newCloud(t)
		got := c.run(t.Context(), also(toBucket(
			"--resource-ids", vpc(1), "--log-format", "${instance-tag} ${instance-tag-2} ${interface-tag}", "--tag-field-specifications",
		), words...)...)
		require.Equal(t, 0, got.status, got.stderr)
		assert.Subset(t, c.Calls()[0].Params, want)
	}
}

func TestCreateFlowLogs_SaysWhatConfigurationIsMissing(t *testing.T) {
	complete := toBucket("--resource-ids", vpc(1))
	tests := []struct {
		name  string
		unset []string // variables
		args  []string
		want  string
	}{
		{name: "no Region", unset: []string{"AWS_DEFAULT_REGION"}, want: "no Region: give --region"},
		{name: "no credentials", unset: []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}, want: "no credentials"},
		{name: "half of the keys", unset: []string{"AWS_ACCESS_KEY_ID"}, want: "AWS_ACCESS_KEY_ID: required together with AWS_SECRET_ACCESS_KEY\n"},
		{name: "the other half of the keys", unset: []string{"AWS_SECRET_ACCESS_KEY"}, want: "AWS_SECRET_ACCESS_KEY: required together with AWS_ACCESS_KEY_ID\n"},
		{name: "no profile", args: []string{"--profile", "elsewhere"}, want: "elsewhere"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, variable := range test.unset {
				t.Setenv(variable, "")
			}
			c := newCloud(t)
			got := c.run(t.Context(), also(test.args, complete...)...)
			assert.Equal(t, 253, got.status)
			assert.Empty(t, got.stdout)
			assert.Contains(t, got.stderr, test.want)
			assert.Empty(t, c.Calls())

			if got = c.run(t.Context(), also(test.args, "--resource-ids", "i-1")...); test.args == nil {
				assert.Equal(t, 252, got.status, "problems of the command take precedence")
			}
		})
	}
}

func TestCreateFlowLogs_TakesRegionAndOutputFromTheEnvironment(t *testing.T) {
	t.Setenv("AWS_DEFAULT_OUTPUT", "text")
	c := newCloud(t)
	group := []string{
		"--resource-ids", vpc(1), "--resource-type", "VPC", "--traffic-type", "ALL", "--deliver-logs-permission-arn", "arn:aws:iam::123456789012:role/r",
		"--log-destination", "arn:aws:logs:eu-west-1:123456789012:log-group:g",
	}
	got := c.run(t.Context(), group...)
	assert.Equal(t, 252, got.status)
	assert.Contains(t, got.stderr, `create-flow-logs: --log-destination "arn:aws:logs:eu-west-1:123456789012:log-group:g": `)
	assert.Empty(t, c.Calls())

	got = c.run(t.Context(), toBucket("--resource-ids", vpc(1), "--region=eu-west-1", "--client-token=t")...)
	assert.Equal(t, outcome{0, "t\nFLOWLOGIDS\tfl-00000000000000001\n", ""}, got)

	t.Setenv("AWS_DEFAULT_OUTPUT", "xml")
	got = c.run(t.Context(), toBucket("--resource-ids", vpc(2))...)
	assert.Equal(t, outcome{255, "", `create-flow-logs: configured output format "xml": want one of json, text, table, yaml, yaml-stream, off` + "\n"}, got)
	assert.Len(t, c.Calls(), 1)
}

func TestMain_ExitsWithTheStatus(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, test := range []struct {
		status int
		args   []string
	}{
		{0, toBucket("--resource-ids", vpc(1))},
		{1, toBucket("--resource-ids", vpc(1), "--log-destination", "arn:aws:s3:::denied-bucket")},
		{252, toBucket("--resource-ids", "i-1")},
		{253, toBucket("--resource-ids", vpc(1), "--profile", "elsewhere")},
		{254, toBucket("--resource-ids", vpc(1))},
		{255, toBucket("--resource-ids", vpc(1), "--endpoint-url", "http://127.0.0.1:1")},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"--endpoint-url", c.url}, test.args...)...)
		cmd.Env = append(os.Environ(), "CREATE_FLOW_LOGS=1", "AWS_MAX_ATTEMPTS=1")
		output, err := cmd.CombinedOutput()
		if test.status == 0 {
			require.NoError(t, err)
		}
		assert.Equal(t, test.status, cmd.ProcessState.ExitCode(), "%s", output)
	}
}

// file writes a file and returns how to name it on the command line.
func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return "file://" + path
}
