package mocking_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/examples/mocking"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// outcome is the result of adding three VPCs, with EC2 in memory or over HTTP.
type outcome struct {
	name    string
	fault   flowlogstest.Fault
	reason  flowlogs.Reason // empty: no error
	missing []string
	calls   int
}

var outcomes = []outcome{
	{
		name:    "the role cannot be assumed",
		fault:   flowlogstest.Reject("InvalidParameter", "Unable to assume given IAM role", 400),
		reason:  flowlogs.ErrRoleNotAssumable,
		missing: vpcs,
		calls:   1,
	},
	{
		name:    "one of three VPCs is rejected",
		fault:   flowlogstest.FailResources("400", "LogDestination: my-bucket does not exist", vpcs[1]),
		reason:  flowlogs.ErrDestinationNotFound,
		missing: vpcs[1:2],
		calls:   1,
	},
	{
		name:  "a response is lost",
		fault: flowlogstest.LoseResponse(),
		calls: 2,
	},
	{
		name:  "a response is cut off",
		fault: flowlogstest.TruncateResponse(),
		calls: 2,
	},
}

// In a bubble of synctest the pauses between attempts take no time.
func TestAdd_WithEC2InMemory(t *testing.T) {
	t.Parallel()
	for _, o := range outcomes {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := flowlogstest.New()
				o.check(t, cloud, cloud)
			})
		})
	}
}

// check adds the VPCs through api, which calls cloud.
func (o outcome) check(t *testing.T, api flowlogs.API, cloud *flowlogstest.EC2) {
	t.Helper()
	cloud.Inject(o.fault)
	missing, err := mocking.New(api, logGroup).Add(t.Context(), vpcs...)
	assert.Equal(t, o.missing, missing)
	if o.reason == "" {
		require.NoError(t, err)
	} else {
		require.ErrorIs(t, err, o.reason)
	}

	var monitored []string
	for _, f := range cloud.FlowLogs() {
		monitored = append(monitored, *f.ResourceId)
	}
	assert.ElementsMatch(t, vpcs, append(monitored, missing...), "each VPC has one flow log or is missing")
	calls := cloud.Calls()
	require.Len(t, calls, o.calls)
	for _, c := range calls {
		assert.NotEmpty(t, c.ClientToken)
		assert.Equal(t, calls[0].Body, c.Body, "a retry sends the same bytes, token included")
	}
}
