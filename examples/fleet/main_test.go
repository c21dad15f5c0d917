package main

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestRun_CreatesAFlowLogOnEveryVPC(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	url := serving(t, cloud, vpcIDs(3000))
	stdout, stderr, err := fleet(t, "-endpoint-url", url)
	require.NoError(t, err)
	assert.Equal(t, once(vpcIDs(3000)), flowLogs(cloud))
	assert.Equal(t, "3000 created, 0 kept, 0 without such a flow log\n", stdout)
	lines := strings.SplitAfter(stderr, "\n")
	assert.Len(t, lines, 10+1)
	assert.Regexp(t, `^300 of 3000 VPCs(, about [0-9]+s left)?\n$`, lines[0])
	assert.Equal(t, "3000 of 3000 VPCs\n", lines[9])

	stdout, stderr, err = fleet(t, "-endpoint-url", url)
	require.NoError(t, err)
	assert.Equal(t, "0 created, 3000 kept, 0 without such a flow log\n", stdout)
	assert.Empty(t, stderr)
}

func TestRun_NeedsNoOtherServer(t *testing.T) {
	t.Parallel()
	stdout, _, err := fleet(t, "-vpcs", "900", "-burst", "1", "-per-second", "20")
	require.NoError(t, err)
	assert.Equal(t, "900 created, 0 kept, 0 without such a flow log\n", stdout)
	stdout, _, err = fleet(t, "-vpcs", "0")
	require.NoError(t, err)
	assert.Equal(t, "There are no VPCs.\n", stdout)
}

func TestRun_CreatesOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	args := []string{"-log-group", "my-flow-logs", "-role", "arn:aws:iam::123456789012:role/publishFlowLogs"}
	_, _, err := fleet(t, append(args, "-endpoint-url", serving(t, cloud, vpcIDs(1200)))...)
	require.NoError(t, err)
	url := serving(t, cloud, vpcIDs(1201))
	stdout, _, err := fleet(t, append(args, "-endpoint-url", url)...)
	require.NoError(t, err)
	assert.Equal(t, "1 created, 1200 kept, 0 without such a flow log\n", stdout)

	stdout, _, err = fleet(t, append(args, "-endpoint-url", url, "-traffic", "REJECT")...)
	require.NoError(t, err)
	assert.Equal(t, "1201 created, 0 kept, 0 without such a flow log\n", stdout, "flow logs of another traffic type do not count")
	stdout, _, err = fleet(t, "-endpoint-url", url)
	require.NoError(t, err)
	assert.Equal(t, "1201 created, 0 kept, 0 without such a flow log\n", stdout, "flow logs to another destination do not count")
}

func TestRun_PlansAndDoesNothing(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	url := serving(t, cloud, vpcIDs(2))
	stdout, stderr, err := fleet(t, "-endpoint-url", url, "-plan")
	require.ErrorIs(t, err, errSomethingToDo)
	assert.Equal(t, "2 to create, 0 to replace, 0 conflicts, 0 to keep\n\ncreate (2)\n  "+vpcIDs(2)[0]+"\n  "+vpcIDs(2)[1]+"\n", stdout)
	assert.Empty(t, stderr)
	assert.Empty(t, cloud.FlowLogs())

	_, _, err = fleet(t, "-endpoint-url", url)
	require.NoError(t, err)
	stdout, _, err = fleet(t, "-endpoint-url", url, "-plan")
	require.NoError(t, err)
	assert.Equal(t, "0 to create, 0 to replace, 0 conflicts, 2 to keep\n", stdout)

	cloud.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", http.StatusForbidden).Keep())
	_, _, err = fleet(t, "-endpoint-url", url, "-plan")
	require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
}

func TestRun_ReportsConflictsAndDoesTheRest(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	ids := vpcIDs(4)
	for _, id := range ids[:2] {
		cloud.Put(types.FlowLog{
			ResourceId: &id, TrafficType: types.TrafficTypeAll, LogDestination: aws.String(demoBucket),
			LogDestinationType: types.LogDestinationTypeS3, MaxAggregationInterval: aws.Int32(60),
		})
	}
	url := serving(t, cloud, ids)
	stdout, _, err := fleet(t, "-endpoint-url", url)
	require.EqualError(t, err, "2 of 4 VPCs have no such flow log yet")
	assert.Contains(t, stdout, "2 created, 0 kept, 2 without such a flow log\n2 VPCs: flowlogs: "+ids[0]+": flow log fl-")
	assert.Contains(t, stdout, "\n\tRun it with -plan to see what differs.\n")
	stdout, _, err = fleet(t, "-endpoint-url", url, "-plan")
	require.ErrorIs(t, err, errSomethingToDo)
	assert.Contains(t, stdout, "0 to create, 0 to replace, 2 conflicts, 2 to keep\n")
}

func TestRun_SaysWhatEC2Rejected(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	denied := vpcIDs(600)[298:302]
	cloud.Inject(flowlogstest.FailResources("400", "Access Denied for LogDestination: my-flow-logs", denied...).Keep())
	stdout, _, err := fleet(t, "-endpoint-url", serving(t, cloud, vpcIDs(600)))
	require.EqualError(t, err, "4 of 600 VPCs have no such flow log yet")
	assert.Equal(t, "596 created, 0 kept, 4 without such a flow log\n"+
		"4 VPCs: "+denied[0]+": Access Denied for LogDestination: my-flow-logs (400)\n\t"+flowlogs.ErrDestinationAccessDenied.Hint()+"\n", stdout)
}

func TestRun_EndsEarlyIfEveryCallWouldBeRejected(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", http.StatusForbidden).On(creating).Keep())
	stdout, _, err := fleet(t, "-endpoint-url", serving(t, cloud, vpcIDs(30_000)))
	require.EqualError(t, err, "30000 of 30000 VPCs have no such flow log yet")
	assert.Contains(t, stdout, "0 created, 0 kept, 30000 without such a flow log\n")
	assert.Contains(t, stdout, "\n\t"+flowlogs.ErrNotAuthorized.Hint()+"\n")
}

func TestRun_SendsNothingIfTheRequestIsInvalid(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	stdout, _, err := fleet(t, "-endpoint-url", serving(t, cloud, vpcIDs(3)), "-traffic", "SOME", "-log-group", "my-flow-logs")
	require.ErrorContains(t, err, `TrafficType "SOME"`)
	require.ErrorContains(t, err, "Destination.RoleARN: required")
	assert.Empty(t, stdout)
	assert.Empty(t, cloud.Calls())
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
		_, _, err := fleet(t, append(tt.args, "-endpoint-url", server.URL)...)
		require.NoError(t, err)
		assert.Equal(t, []string{"AWS4-HMAC-SHA256 Credential=" + tt.want}, slices.Collect(maps.Keys(signers)))
	}
}

func TestRun_NeedsADestinationOnAWS(t *testing.T) {
	configure(t)
	_, _, err := fleet(t, "-aws", "-endpoint-url", serving(t, flowlogstest.New(), vpcIDs(1)))
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
