package main

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestRun_CreatesAFlowLogOnEveryVPC(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	jobs := t.TempDir()
	stdout, stderr, err := fleet(t, "-endpoint-url", serving(t, cloud, vpcIDs(3000)), "-jobs", jobs, "-token", "nightly")
	require.NoError(t, err)
	assert.Equal(t, once(vpcIDs(3000)), flowLogs(cloud))
	assert.Equal(t, "3000 VPCs. If this is interrupted, run it again with the same flags and -token nightly\n"+
		"3000 created, 0 without a flow log\n", stdout)
	lines := strings.SplitAfter(stderr, "\n")
	assert.Len(t, lines, 10+1)
	assert.Regexp(t, `^300 of 3000 VPCs(, about [0-9]+s left)?\n$`, lines[0])
	assert.Equal(t, "3000 of 3000 VPCs\n", lines[9])
	assert.Empty(t, files(t, jobs), "a job that is done needs no file")
}

func TestRun_NeedsNoOtherServer(t *testing.T) {
	t.Parallel()
	stdout, _, err := fleet(t, "-vpcs", "900", "-burst", "1", "-per-second", "20", "-jobs", t.TempDir())
	require.NoError(t, err)
	assert.Regexp(t, `^900 VPCs\. .* -token [0-9a-f-]{36}\n900 created, 0 without a flow log\n$`, stdout)
}

func TestRun_CreatesOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	args := []string{"-jobs", t.TempDir(), "-log-group", "my-flow-logs", "-role", "arn:aws:iam::123456789012:role/publishFlowLogs"}
	_, _, err := fleet(t, append(args, "-endpoint-url", serving(t, cloud, vpcIDs(1200)))...)
	require.NoError(t, err)
	calls := len(cloud.Calls())
	url := serving(t, cloud, vpcIDs(1201))
	stdout, _, err := fleet(t, append(args, "-endpoint-url", url)...)
	require.NoError(t, err)
	assert.Contains(t, stdout, "\n1 created, ")
	last := cloud.Calls()[calls:]
	assert.Equal(t, vpcIDs(1201)[1200:], last[len(last)-1].ResourceIDs)

	stdout, _, err = fleet(t, append(args, "-endpoint-url", url)...)
	require.NoError(t, err)
	assert.Equal(t, "Every VPC has such a flow log.\n", stdout)

	stdout, _, err = fleet(t, append(args, "-endpoint-url", url, "-traffic", "REJECT")...)
	require.NoError(t, err)
	assert.Contains(t, stdout, "\n1201 created, ", "they have flow logs of another traffic type")
	stdout, _, err = fleet(t, "-jobs", t.TempDir(), "-endpoint-url", url)
	require.NoError(t, err)
	assert.Contains(t, stdout, "\n1201 created, ", "they have flow logs to another destination")
}

func TestRun_SaysWhatEC2Rejected(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	denied := vpcIDs(600)[298:302]
	cloud.Inject(flowlogstest.FailResources("400", "Access Denied for LogDestination: my-flow-logs", denied...).Keep())
	jobs := t.TempDir()
	stdout, _, err := fleet(t, "-endpoint-url", serving(t, cloud, vpcIDs(600)), "-jobs", jobs, "-token", "nightly")
	require.EqualError(t, err, "4 of 600 VPCs have no flow log yet")
	assert.Contains(t, stdout, "\n596 created, 4 without a flow log\n")
	assert.Contains(t, stdout, "\n4 VPCs: "+denied[0]+": Access Denied for LogDestination: my-flow-logs (400)\n\t"+flowlogs.ErrDestinationAccessDenied.Hint()+"\n")
	assert.Contains(t, stdout, "\nWhen the cause is fixed, run it again without -token, ")
	assert.Equal(t, []string{"nightly.json"}, files(t, jobs))
}

func TestRun_EndsEarlyIfEveryCallWouldBeRejected(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.Refuse("UnauthorizedOperation", "You are not authorized to perform this operation.", http.StatusForbidden).On(creating).Keep())
	stdout, _, err := fleet(t, "-endpoint-url", serving(t, cloud, vpcIDs(30_000)), "-jobs", t.TempDir())
	require.EqualError(t, err, "30000 of 30000 VPCs have no flow log yet")
	assert.Regexp(t, `\n0 created, 30000 without a flow log\n`, stdout)
	assert.Contains(t, stdout, "\n\t"+flowlogs.ErrNotAuthorized.Hint()+"\n")
	assert.Contains(t, stdout, "\nWhen the cause is fixed, ")
}

func TestRun_WritesAndSendsNothingIfTheRequestIsInvalid(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	url, jobs := serving(t, cloud, vpcIDs(3)), filepath.Join(t.TempDir(), "jobs")
	stdout, _, err := fleet(t, "-endpoint-url", url, "-jobs", jobs, "-traffic", "SOME", "-log-group", "my-flow-logs")
	require.ErrorContains(t, err, `TrafficType "SOME"`)
	require.ErrorContains(t, err, "Destination.RoleARN: required")
	assert.Empty(t, stdout)
	assert.NoDirExists(t, jobs)
	assert.False(t, slices.ContainsFunc(cloud.Calls(), creating))
}

func TestRun_SendsTheCredentialsOfTheMachineOnlyToAWS(t *testing.T) {
	configure(t)
	signers := make(map[string]bool)
	region := region{flowLogs: flowlogstest.New()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signer, _, _ := strings.Cut(r.Header.Get("Authorization"), "/")
		signers[signer] = true
		region.ServeHTTP(w, r)
	}))
	defer server.Close()
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "AKIDEXAMPLE"},
		{[]string{"-aws", "-bucket", demoBucket}, "AKIDMACHINE"},
	} {
		clear(signers)
		_, _, err := fleet(t, append(tt.args, "-endpoint-url", server.URL, "-jobs", t.TempDir())...)
		require.NoError(t, err)
		assert.Equal(t, []string{"AWS4-HMAC-SHA256 Credential=" + tt.want}, slices.Collect(maps.Keys(signers)))
	}
}

func TestRun_NeedsADestinationOnAWS(t *testing.T) {
	configure(t)
	_, _, err := fleet(t, "-aws", "-endpoint-url", serving(t, flowlogstest.New(), vpcIDs(1)), "-jobs", t.TempDir())
	require.ErrorContains(t, err, "Destination: ")
}

// configure sets credentials and a Region in the environment.
func configure(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID":           "AKIDMACHINE",
		"AWS_SECRET_ACCESS_KEY":       "SECRET",
		"AWS_SESSION_TOKEN":           "",
		"AWS_REGION":                  "eu-west-1",
		"AWS_PROFILE":                 "",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
}

// fleet runs the program in this process.
func fleet(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, progress bytes.Buffer
	err = run(t.Context(), args, &out, &progress)
	return out.String(), progress.String(), err
}

// serving returns the URL of a region with these VPCs.
func serving(t *testing.T, cloud *flowlogstest.EC2, vpcs []string) string {
	server := httptest.NewServer(&region{vpcs: vpcs, flowLogs: cloud})
	t.Cleanup(server.Close)
	return server.URL
}

func creating(c flowlogstest.Call) bool { return c.Operation == "CreateFlowLogs" }

// flowLogs counts the flow logs of each resource.
func flowLogs(cloud *flowlogstest.EC2) map[string]int {
	count := make(map[string]int)
	for _, flowLog := range cloud.FlowLogs() {
		count[aws.ToString(flowLog.ResourceId)]++
	}
	return count
}

func once(ids []string) map[string]int {
	count := make(map[string]int)
	for _, id := range ids {
		count[id] = 1
	}
	return count
}

func files(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
