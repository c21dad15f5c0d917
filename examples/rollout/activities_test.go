package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// testSimulation has 2 accounts, and 2 Regions; the role of the second account cannot be
// assumed.
// The first target has conflicts, the second is not enabled.
func testSimulation(vpcs int) *simulation.Organization {
	return simulation.New(simulation.Options{Accounts: 2, Regions: 2, VPCs: vpcs, Burst: 1000, PerSecond: 1000})
}

func targetOf(r *simulation.Region) Target { return Target{r.Account, r.Name} }

// bench runs activities on a simulation.
type bench struct {
	*testsuite.TestActivityEnvironment
	activities *Activities
	sim        *simulation.Organization
}

func newBench(t *testing.T, sim *simulation.Organization) *bench {
	t.Helper()
	access := access{role: "role", assuming: 1, activities: 1, endpoint: serve(t, sim)}
	cfg, err := access.load(t.Context())
	require.NoError(t, err)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(silent)
	b := &bench{suite.NewTestActivityEnvironment(), &Activities{newOrganization(cfg, access.role, "", access.assuming)}, sim}
	b.RegisterActivity(b.activities)
	return b
}

func (b *bench) task(number int) Task {
	return Task{Target: targetOf(b.sim.Targets[number]), Rollout: "this", Request: specOf(b.sim, "test").Request}
}

func (b *bench) apply(t *testing.T, task Task) Position {
	t.Helper()
	value, err := b.ExecuteActivity(b.activities.ApplyTarget, task)
	require.NoError(t, err)
	var p Position
	require.NoError(t, value.Get(&p))
	return p
}

func (b *bench) fails(t *testing.T, task Task) (Result, *temporal.ApplicationError) {
	t.Helper()
	_, err := b.ExecuteActivity(b.activities.ApplyTarget, task)
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	return resultOf(Result{}, err), application
}

func TestApplyTarget_CreatesWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1200))
	p := b.apply(t, b.task(0))
	assert.True(t, p.Complete)
	truth := b.sim.Targets[0].Truth()
	assert.Equal(t, 1200, p.Result.VPCs)
	assert.Equal(t, truth.Creations, p.Result.Created)
	assert.Equal(t, truth.Before, p.Result.Kept)
	assert.Equal(t, truth.Conflicts, p.Result.Conflicts)
	assert.Zero(t, truth.None+truth.Duplicates+truth.Deleted)
	assert.Equal(t, "MaxAggregationInterval", p.Result.Problems[0].Differences[0].Field)
	assert.Len(t, p.Result.Problems[0].Differences, 1, "the tag of the rollout is not one")
}

func TestApplyTarget_ResumesAtTheLastHeartbeat(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1500))
	region := b.sim.Targets[0]
	b.SetHeartbeatDetails(Position{After: region.VPCs[999], Result: Result{Tally: Tally{VPCs: 1000, Kept: 1000}}})
	p := b.apply(t, b.task(0))
	assert.True(t, p.Complete)
	assert.Equal(t, 1500, p.Result.VPCs)
	for _, f := range region.EC2.FlowLogs()[len(region.Seeded):] {
		assert.Greater(t, *f.ResourceId, region.VPCs[999])
	}
}

func TestApplyTarget_CountsWhatADeadWorkerCreated(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1200))
	first := b.apply(t, b.task(0))
	again := b.task(0)
	again.Again = true
	assert.Equal(t, first.Result.Tally, b.apply(t, again).Result.Tally)
	assert.Equal(t, first.Result.Created, b.sim.Targets[0].Truth().Creations)

	other := again
	other.Rollout = "another"
	p := b.apply(t, other)
	assert.Zero(t, p.Result.Created)
	assert.Equal(t, first.Result.Created+first.Result.Kept, p.Result.Kept)
}

func TestApplyTarget_ReturnsAfterAChunk(t *testing.T) {
	t.Parallel()
	b := newBench(t, simulation.New(simulation.Options{Accounts: 2, Regions: 4, VPCs: vpcsPerChunk + 1, Burst: 1000, PerSecond: 1000}))
	region := b.sim.Targets[2] // has no conflicts
	seeded := make(map[string]bool)
	for _, f := range region.Seeded {
		seeded[*f.ResourceId] = true
	}
	for _, id := range region.VPCs {
		if !seeded[id] {
			region.Seed(id) // to create them would take seconds
		}
	}
	task := b.task(2)
	task.Position = b.apply(t, task)
	assert.False(t, task.Position.Complete)
	assert.Equal(t, Tally{VPCs: vpcsPerChunk, Kept: vpcsPerChunk}, task.Position.Result.Tally)
	p := b.apply(t, task)
	assert.True(t, p.Complete)
	assert.Equal(t, vpcsPerChunk+1, p.Result.VPCs)
}

func TestApplyTarget_EndsForAReasonThatIsNotTransient(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(10))
	for _, c := range []struct {
		name   string
		target int
		reason string
	}{
		{"a role that cannot be assumed", 2, reasonAssumeRole},
		{"a Region that is not enabled", 1, "AuthFailure"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := b.fails(t, b.task(c.target))
			assert.Equal(t, c.reason, r.Reason)
			assert.Equal(t, c.reason, err.Type())
			assert.NotEmpty(t, r.Hint)
			assert.True(t, err.NonRetryable())
		})
	}
}

func TestApplyTarget_EndsWhenNothingOfAPageCanBeCreated(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1500))
	region := b.sim.Targets[0]
	region.EC2.Inject(flowlogstest.Refuse("UnauthorizedOperation", "no", http.StatusForbidden).Keep().On(func(c flowlogstest.Call) bool {
		return c.Operation == "DescribeFlowLogs"
	}))
	r, err := b.fails(t, b.task(0))
	assert.Equal(t, "NotAuthorized", r.Reason)
	assert.True(t, err.NonRetryable())
	assert.Equal(t, Tally{VPCs: 1500, Unreached: 1500}, r.Tally)
}

func TestApplyTarget_LeavesTransientFailuresToTheServer(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(10))
	b.sim.Targets[0].EC2.Inject(flowlogstest.Respond(502, "<html>").Keep().On(func(c flowlogstest.Call) bool {
		return c.Operation == "DescribeVpcs"
	}))
	r, err := b.fails(t, b.task(0))
	assert.Equal(t, "Unavailable", r.Reason)
	assert.True(t, r.Retry)
	assert.False(t, err.NonRetryable())
}

// The worker stops while EC2 does not respond to a call of the second page.
func TestApplyTarget_HandsOverWhenTheWorkerStops(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1500))
	region := b.sim.Targets[0]
	stopping := make(chan struct{})
	b.SetWorkerStopChannel(stopping)
	stop := sync.OnceFunc(func() { close(stopping) })
	region.EC2.Inject(flowlogstest.Hang().Keep().On(func(c flowlogstest.Call) bool {
		second := slices.Contains(c.ResourceIDs, region.VPCs[1001])
		if second {
			stop()
		}
		return second
	}))
	var mu sync.Mutex
	var last Position
	b.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		mu.Lock()
		defer mu.Unlock()
		assert.NoError(t, details.Get(&last))
	})
	r, err := b.fails(t, b.task(0))
	assert.Equal(t, reasonStopping, r.Reason)
	assert.Equal(t, 500, r.Unreached)
	assert.Equal(t, 1500, r.VPCs)
	assert.False(t, err.NonRetryable())
	assert.Positive(t, err.NextRetryDelay())
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, region.VPCs[999], last.After)
	assert.Equal(t, 1000, last.Result.VPCs)
}

func TestPlanTarget_ChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1200))
	before := b.sim.Truth()
	value, err := b.ExecuteActivity(b.activities.PlanTarget, b.task(0))
	require.NoError(t, err)
	var p Position
	require.NoError(t, value.Get(&p))
	truth := b.sim.Targets[0].Truth()
	assert.Equal(t, Tally{VPCs: 1200, Missing: truth.None, Kept: truth.Before, Conflicts: truth.Conflicts}, p.Result.Tally)
	assert.Equal(t, before, b.sim.Truth())
}

func TestListAccounts_ReturnsTheActiveOnes(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1))
	value, err := b.ExecuteActivity(b.activities.ListAccounts)
	require.NoError(t, err)
	var accounts []Account
	require.NoError(t, value.Get(&accounts))
	assert.Equal(t, []Account{{ID: "100000000001"}, {ID: "100000000002"}}, accounts)
}

func TestFailure_IsRetriedIfItsReasonIsTransient(t *testing.T) {
	t.Parallel()
	code := func(code string) error { return &smithy.GenericAPIError{Code: code} }
	for _, c := range []struct {
		name   string
		err    error
		reason string
		retry  bool
	}{
		{"a role that cannot be assumed", assumeError("a", "r", code("AccessDenied")), reasonAssumeRole, false},
		{"STS throttles", assumeError("a", "r", code("Throttling")), "Throttled", true},
		{"the credentials of the worker have expired", assumeError("a", "r", code("ExpiredToken")), reasonWorker, true},
		{"the accounts cannot be listed", listError(code("AccessDeniedException")), reasonListAccounts, false},
		{"Organizations throttles", listError(code("TooManyRequestsException")), "Throttled", true},
		{"EC2 throttles", code("RequestLimitExceeded"), "Throttled", true},
		{"EC2 does not accept the credentials", code("AuthFailure"), "AuthFailure", false},
		{"a code that nobody knows", code("Surprise"), reasonUnknown, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := failure(t.Context(), c.err, Result{})
			var application *temporal.ApplicationError
			require.ErrorAs(t, err, &application)
			assert.Equal(t, c.reason, application.Type())
			assert.Equal(t, c.retry, !application.NonRetryable())
		})
	}
}

func TestFailure_LeavesACancellationAsItIs(t *testing.T) {
	t.Parallel()
	err := errors.Join(context.Canceled)
	assert.Equal(t, err, failure(context.Background(), err, Result{}))
}
