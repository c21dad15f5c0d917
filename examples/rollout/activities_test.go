package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// testSimulation has 2 accounts and 2 Regions. The role of the second account cannot be
// assumed. The first target has conflicts; the second is not enabled.
func testSimulation(vpcs int) *simulation.Organization {
	return simulation.New(simulation.Options{Accounts: 2, Regions: 2, VPCs: vpcs, Burst: 1000, PerSecond: 1000})
}

// specOf returns the Spec of a rollout to a whole simulation.
func specOf(sim *simulation.Organization, name string) Spec {
	return Spec{
		Name:        name,
		Request:     flowlogs.Request{TrafficType: flowlogs.TrafficTypeAll, Destination: flowlogs.S3{BucketARN: simulation.Bucket}},
		Regions:     sim.Regions(),
		Concurrency: 50,
	}
}

func testOrganization(t *testing.T, sim *simulation.Organization) *organization {
	t.Helper()
	o, err := newOrganization(t.Context(), simulation.Config(serve(t, sim)), "role", "")
	require.NoError(t, err)
	return o
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
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(silent)
	b := &bench{suite.NewTestActivityEnvironment(), &Activities{testOrganization(t, sim)}, sim}
	b.RegisterActivity(b.activities)
	return b
}

func (b *bench) task(number int) Task {
	return Task{Target: targetOf(b.sim.Targets[number]), Rollout: "this", Request: specOf(b.sim, "test").Request}
}

func (b *bench) apply(t *testing.T, task Task) Result {
	t.Helper()
	value, err := b.ExecuteActivity(b.activities.ApplyTarget, task)
	require.NoError(t, err)
	var p Result
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
	assert.False(t, p.More)
	truth := b.sim.Targets[0].Truth()
	assert.Equal(t, 1200, p.VPCs)
	assert.Equal(t, truth.Creations, p.Created)
	assert.Equal(t, truth.Before, p.Kept)
	assert.Equal(t, truth.Conflicts, p.Conflicts)
	assert.Zero(t, truth.None+truth.Duplicates+truth.Deleted)
	assert.Equal(t, "MaxAggregationInterval", p.Problems[0].Differences[0].Field)
	assert.Len(t, p.Problems[0].Differences, 1, "the tag of the rollout is not one")
}

func TestApplyTarget_ResumesAtTheLastHeartbeat(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1500))
	region := b.sim.Targets[0]
	b.SetHeartbeatDetails(Result{After: region.VPCs[999], Tally: Tally{VPCs: 1000, Kept: 1000}})
	p := b.apply(t, b.task(0))
	assert.False(t, p.More)
	assert.Equal(t, 1500, p.VPCs)
	for _, f := range region.EC2.FlowLogs()[len(region.Seeded):] {
		assert.Greater(t, *f.ResourceId, region.VPCs[999])
	}
}

func TestApplyTarget_ResumesWhereTheTaskSays(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1500))
	task := b.task(0)
	task.Result = Result{After: b.sim.Targets[0].VPCs[999], Tally: Tally{VPCs: 1000, Kept: 1000}, More: true}
	p := b.apply(t, task)
	assert.False(t, p.More)
	assert.Equal(t, 1500, p.VPCs)
	assert.GreaterOrEqual(t, p.Kept, 1000)
}

func TestApplyTarget_CountsWhatADeadWorkerCreated(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1200))
	first := b.apply(t, b.task(0))
	assert.Equal(t, first.Tally, b.apply(t, b.task(0)).Tally)
	assert.Equal(t, first.Created, b.sim.Targets[0].Truth().Creations)

	other := b.task(0)
	other.Rollout = "another"
	p := b.apply(t, other)
	assert.Zero(t, p.Created)
	assert.Equal(t, first.Created+first.Kept, p.Kept)
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
	region.EC2.Inject(flowlogstest.Reject("UnauthorizedOperation", "no", http.StatusForbidden).Keep().On(func(c flowlogstest.Call) bool {
		return c.Operation == "DescribeFlowLogs"
	}))
	r, err := b.fails(t, b.task(0))
	assert.Equal(t, "NotAuthorized", r.Reason)
	assert.True(t, err.NonRetryable())
	assert.Equal(t, Tally{VPCs: 1500, Unreached: 1500}, r.Tally)
}

// One call fails: it is one problem, however many VPCs it was for.
func TestApplyTarget_JoinsWhatFailsInOneCall(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(600))
	b.sim.Targets[0].EC2.Inject(flowlogstest.Reject("RequestExpired", "no", http.StatusBadRequest).Keep().On(func(c flowlogstest.Call) bool {
		return c.Operation == "CreateFlowLogs"
	}))
	r := b.apply(t, b.task(0))
	var failed []Problem
	for _, p := range r.Problems {
		if p.Reason != reasonConflict {
			failed = append(failed, p)
		}
	}
	vpcs := 0
	for _, p := range failed {
		vpcs += 1 + p.More
		assert.NotContains(t, p.Message, p.VPC)
	}
	assert.Equal(t, r.Failed, vpcs)
	assert.Less(t, len(failed), 10)
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
	r := b.apply(t, b.task(0))
	assert.True(t, r.More)
	assert.Equal(t, region.VPCs[999], r.After)
	assert.Equal(t, 1000, r.VPCs)
	assert.Zero(t, r.Unreached)
	assert.Empty(t, r.Reason)
}

// The worker stops while EC2 does not respond to a call of the first page.
func TestApplyTarget_IsRetriedIfTheWorkerStopsBeforeAnyPage(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(10))
	stopping := make(chan struct{})
	b.SetWorkerStopChannel(stopping)
	stop := sync.OnceFunc(func() { close(stopping) })
	b.sim.Targets[0].EC2.Inject(flowlogstest.Hang().Keep().On(func(flowlogstest.Call) bool {
		stop()
		return true
	}))
	r, err := b.fails(t, b.task(0))
	assert.Equal(t, reasonUnfinished, r.Reason)
	assert.Equal(t, "the worker is stopping", r.Message)
	assert.False(t, err.NonRetryable())
}

// A worker that was thought dead creates a flow log after this one has compared, and so
// does somebody else.
func TestApplyTarget_CountsWhatIsCreatedMeanwhile(t *testing.T) {
	t.Parallel()
	sim := testSimulation(10)
	region := sim.Targets[0]
	var compared sync.Once
	url := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		assert.NoError(t, err)
		req.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte("Action=CreateFlowLogs")) {
			compared.Do(func() {
				region.Seed(region.VPCs[0])
				zombies := region.Seeded[0]
				zombies.FlowLogId, zombies.ResourceId = nil, &region.VPCs[1]
				zombies.Tags = []types.Tag{{Key: aws.String(rolloutTag), Value: aws.String("this")}}
				region.EC2.Put(zombies)
			})
		}
		sim.ServeHTTP(w, req)
	}))
	b := newBench(t, sim)
	var err error
	b.activities.aws, err = newOrganization(t.Context(), simulation.Config(url), "role", "")
	require.NoError(t, err)
	assert.Equal(t, Tally{VPCs: 10, Created: 7, Kept: 3}, b.apply(t, b.task(0)).Tally)
}

// EC2 does not respond to one call of a page until the time of the last attempt is up.
// The other calls have created flow logs.
func TestRollout_CountsWhatALastPageCreated(t *testing.T) {
	t.Parallel()
	sim := testSimulation(1500)
	region := sim.Targets[0]
	timeUp := make(chan struct{})
	created := sync.OnceFunc(func() { close(timeUp) })
	url := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		assert.NoError(t, err)
		req.Body = io.NopCloser(bytes.NewReader(body))
		creates := bytes.Contains(body, []byte("Action=CreateFlowLogs"))
		if creates && bytes.Contains(body, []byte("="+region.VPCs[1000])) {
			<-req.Context().Done()
			return
		}
		sim.ServeHTTP(w, req)
		if creates && bytes.Contains(body, []byte("="+region.VPCs[1498])) {
			created()
		}
	}))
	aws, err := newOrganization(t.Context(), simulation.Config(url), "role", "")
	require.NoError(t, err)
	activities := &Activities{aws}
	env := newEnvironment(&work{})
	env.OnActivity("PlanTarget", anything, anything).Return(activities.PlanTarget)
	env.OnActivity("ApplyTarget", anything, anything).Return(func(ctx context.Context, task Task) (Result, error) {
		ctx, interrupt := context.WithCancelCause(ctx)
		go func() {
			<-timeUp
			interrupt(errTimeUp)
		}()
		return activities.ApplyTarget(ctx, task)
	})

	spec := specOf(sim, "test")
	spec.Accounts = []Account{{region.Account, []string{region.Name}}}
	env.ExecuteWorkflow(Rollout, State{Spec: spec, Round: len(rounds) - 1})
	var s State
	require.NoError(t, env.GetWorkflowResult(&s))
	truth := region.Truth()
	assert.Equal(t, map[string][]int{reasonUnfinished: {0}}, s.NotDone)
	assert.Greater(t, truth.Creations, 800, "a part of the second page is created")
	assert.Positive(t, truth.None)
	assert.Equal(t, Tally{VPCs: truth.VPCs, Created: truth.Creations, Kept: truth.Before, Conflicts: truth.Conflicts, Unreached: truth.None}, s.Tally)
}

func TestPlanTarget_CountsWhatTheRolloutCreated(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1200))
	applied := b.apply(t, b.task(0))
	value, err := b.ExecuteActivity(b.activities.PlanTarget, b.task(0))
	require.NoError(t, err)
	var counted Result
	require.NoError(t, value.Get(&counted))
	assert.Equal(t, applied.Tally, counted.Tally)
}

func TestPlanTarget_ChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, testSimulation(1200))
	before := b.sim.Truth()
	value, err := b.ExecuteActivity(b.activities.PlanTarget, b.task(0))
	require.NoError(t, err)
	var p Result
	require.NoError(t, value.Get(&p))
	truth := b.sim.Targets[0].Truth()
	assert.Equal(t, Tally{VPCs: 1200, Missing: truth.None, Kept: truth.Before, Conflicts: truth.Conflicts}, p.Tally)
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
			err := failure(c.err, Result{})
			var application *temporal.ApplicationError
			require.ErrorAs(t, err, &application)
			assert.Equal(t, c.reason, application.Type())
			assert.Equal(t, c.retry, !application.NonRetryable())
		})
	}
}
