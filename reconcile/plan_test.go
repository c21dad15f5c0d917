package reconcile_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

var update = flag.Bool("update", false, "write the golden files")

func everything(o *reconcile.Options) { o.Replace = func(types.FlowLog) bool { return true } }

func failing(f *types.FlowLog) {
	f.DeliverLogsStatus, f.DeliverLogsErrorMessage = aws.String("FAILED"), aws.String("Access error")
}

func firstFieldOnly(f *types.FlowLog) { f.LogFormat = aws.String("${version}") }

func managedByAWS(f *types.FlowLog) {
	f.Tags = []types.Tag{{Key: aws.String("CloudWatchTelemetryRuleManaged"), Value: aws.String("true")}}
}

func withSlash(f *types.FlowLog) { f.LogDestination = aws.String(bucket + "/") }

func created(year int) func(*types.FlowLog) {
	return func(f *types.FlowLog) { f.CreationTime = aws.Time(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)) }
}

func elsewhere(f *types.FlowLog) { f.LogDestination = aws.String("arn:aws:s3:::elsewhere") }

// put adds flow logs and returns their IDs.
func put(e *flowlogstest.EC2, flowLogs ...types.FlowLog) []string {
	ids := make([]string, len(flowLogs))
	for i, f := range flowLogs {
		ids[i] = e.Put(f)
	}
	return ids
}

func flowLogIDs(flowLogs []types.FlowLog) []string {
	var ids []string
	for _, f := range flowLogs {
		ids = append(ids, *f.FlowLogId)
	}
	return ids
}

func TestPlan_DecidesByAllFlowLogsOfAResource(t *testing.T) {
	t.Parallel()
	const equal, second, conflicting, other = "fl-0000000a", "fl-0000000b", "fl-0000000c", "fl-0000000d"
	as := func(id string) func(*types.FlowLog) { return func(f *types.FlowLog) { f.FlowLogId = &id } }
	vpc := vpcID(0)
	for _, tt := range []struct {
		name      string
		options   func(*reconcile.Options)
		flowLogs  []types.FlowLog
		action    reconcile.Action
		keep      string
		conflicts []string
		others    []string
	}{
		{"none", everything, nil, reconcile.ActionCreate, "", nil, nil},
		{"an unrelated one", everything, []types.FlowLog{flowLogOn(vpc, as(other), elsewhere)}, reconcile.ActionCreate, "", nil, []string{other}},
		{"an equal one", everything, []types.FlowLog{flowLogOn(vpc, as(equal))}, reconcile.ActionKeep, equal, nil, nil},
		{"an equal one that is failing", everything, []types.FlowLog{flowLogOn(vpc, as(equal), failing)}, reconcile.ActionKeep, equal, nil, nil},
		{"of two equal ones, that which is not failing", nil, []types.FlowLog{
			flowLogOn(vpc, as(equal), failing, created(2018)), flowLogOn(vpc, as(second), created(2020)),
		}, reconcile.ActionKeep, second, nil, []string{equal}},
		{"of two equal ones, the older", nil, []types.FlowLog{
			flowLogOn(vpc, as(equal), created(2020)), flowLogOn(vpc, as(second), created(2018)),
		}, reconcile.ActionKeep, second, nil, []string{equal}},
		{"one that conflicts and may not be replaced", nil, []types.FlowLog{flowLogOn(vpc, as(conflicting), everyMinute)}, reconcile.ActionConflict, "", []string{conflicting}, nil},
		{"one that conflicts and may be replaced", everything, []types.FlowLog{flowLogOn(vpc, as(conflicting), everyMinute)}, reconcile.ActionReplace, "", []string{conflicting}, nil},
		{"several that conflict, the oldest first", everything, []types.FlowLog{
			flowLogOn(vpc, as(second), everyMinute, created(2020)), flowLogOn(vpc, as(conflicting), firstFieldOnly, created(2018)),
		}, reconcile.ActionReplace, "", []string{conflicting, second}, nil},
		{"two that conflict, of which one may be replaced", func(o *reconcile.Options) {
			o.Replace = func(f types.FlowLog) bool { return *f.FlowLogId == second }
		}, []types.FlowLog{flowLogOn(vpc, as(second), everyMinute), flowLogOn(vpc, as(conflicting), firstFieldOnly)}, reconcile.ActionConflict, "", []string{second, conflicting}, nil},
		{"an equal one beside one that conflicts", everything, []types.FlowLog{flowLogOn(vpc, as(conflicting), everyMinute), flowLogOn(vpc, as(equal))}, reconcile.ActionReplace, equal, []string{conflicting}, nil},
		{"an equal one beside one that may not be replaced", nil, []types.FlowLog{flowLogOn(vpc, as(conflicting), everyMinute), flowLogOn(vpc, as(equal))}, reconcile.ActionKeep, equal, []string{conflicting}, nil},
		{"an equal one beside one that may be replaced and one that may not", func(o *reconcile.Options) {
			o.Replace = func(f types.FlowLog) bool { return *f.FlowLogId == conflicting }
		}, []types.FlowLog{flowLogOn(vpc, as(conflicting), everyMinute), flowLogOn(vpc, as(second), firstFieldOnly), flowLogOn(vpc, as(equal))}, reconcile.ActionReplace, equal, []string{conflicting}, []string{second}},
		{"an equal one that is failing beside one that conflicts", everything, []types.FlowLog{flowLogOn(vpc, as(conflicting), everyMinute), flowLogOn(vpc, as(equal), failing)}, reconcile.ActionConflict, equal, []string{conflicting}, nil},
		{"one of a telemetry rule that conflicts", everything, []types.FlowLog{flowLogOn(vpc, as(conflicting), everyMinute, managedByAWS)}, reconcile.ActionConflict, "", []string{conflicting}, nil},
		{"an equal one of a telemetry rule", everything, []types.FlowLog{flowLogOn(vpc, as(equal), managedByAWS)}, reconcile.ActionKeep, equal, nil, nil},
		{"one whose bucket may be the same", everything, []types.FlowLog{flowLogOn(vpc, as(conflicting), withSlash)}, reconcile.ActionConflict, "", []string{conflicting}, nil},
		{"an equal one beside one whose bucket may be the same", everything, []types.FlowLog{flowLogOn(vpc, as(conflicting), withSlash), flowLogOn(vpc, as(equal))}, reconcile.ActionKeep, equal, []string{conflicting}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := flowlogstest.New()
			put(e, tt.flowLogs...)
			r := reconcile.New(e, func(o *reconcile.Options) {
				if tt.options != nil {
					tt.options(o)
				}
			})
			plan, err := r.Plan(t.Context(), newRequest(1))
			require.NoError(t, err)
			c := plan.Changes[0]
			assert.Equal(t, tt.action, c.Action)
			keep := ""
			if c.Keep != nil {
				keep = *c.Keep.FlowLogId
			}
			assert.Equal(t, tt.keep, keep)
			var conflicts []string
			for _, conflict := range c.Conflicts {
				conflicts = append(conflicts, *conflict.FlowLog.FlowLogId)
			}
			assert.Equal(t, tt.conflicts, conflicts)
			assert.Equal(t, tt.others, flowLogIDs(c.Others))
		})
	}
}

func TestPlan_ChangesNothing(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	put(e, flowLogOn(vpcID(1), everyMinute))
	before := e.FlowLogs()
	_, err := reconcile.New(e, everything).Plan(t.Context(), newRequest(3))
	require.NoError(t, err)
	assert.Equal(t, before, e.FlowLogs())
	for _, c := range e.Calls() {
		assert.Equal(t, "DescribeFlowLogs", c.Operation)
	}
}

// messy is an account with everything that an operator has to decide about.
func messy(t *testing.T) *reconcile.Plan {
	t.Helper()
	e := flowlogstest.New()
	req := newRequest(5000)
	req.Tags = map[string]string{"team": "net"}
	tagged := func(f *types.FlowLog) {
		f.Tags = append(f.Tags, types.Tag{Key: aws.String("team"), Value: aws.String("net")})
	}
	for i, id := range req.ResourceIDs {
		switch {
		case i < 30:
		case i < 33:
			put(e, flowLogOn(id, everyMinute, tagged, created(2021)))
		case i < 60:
			put(e, flowLogOn(id, firstFieldOnly, tagged))
		case i == 60:
			put(e, flowLogOn(id, firstFieldOnly, tagged), flowLogOn(id, everyMinute, firstFieldOnly, tagged))
		case i == 61:
			put(e, flowLogOn(id, withSlash, tagged))
		case i == 62:
			put(e, flowLogOn(id, everyMinute, tagged, managedByAWS, tagged))
		case i == 63:
			put(e, flowLogOn(id, tagged), flowLogOn(id, everyMinute, tagged, created(2021)))
		case i == 64:
			put(e, flowLogOn(id, tagged), flowLogOn(id, firstFieldOnly, tagged))
		case i == 65:
			put(e, flowLogOn(id, tagged, failing))
		case i < 70:
			put(e, flowLogOn(id))
		default:
			put(e, flowLogOn(id, tagged))
		}
	}
	put(e, flowLogOn(req.ResourceIDs[0], elsewhere))
	plan, err := reconcile.New(e, func(o *reconcile.Options) {
		o.Replace = func(f types.FlowLog) bool { return f.CreationTime != nil }
	}).Plan(context.Background(), req)
	require.NoError(t, err)
	return plan
}

func TestPlan_ReadsAsAnOperatorWould(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/plan.golden", messy(t).String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestPlan_OfNothingToDoIsOneLine(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "0 to create, 0 to replace, 0 conflicts, 0 to keep\n", reconcile.Plan{}.String())
}

func TestPlan_ListsManyKindsOfDifferencesByTheirNumber(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	req := newRequest(40)
	for i, id := range req.ResourceIDs {
		put(e, flowLogOn(id, func(f *types.FlowLog) { f.MaxAggregationInterval = aws.Int32(int32(i)) }))
	}
	plan, err := reconcile.New(e).Plan(t.Context(), req)
	require.NoError(t, err)
	assert.Contains(t, plan.String(), "\nconflict: 20 more groups\n")
}

func TestPlan_IsOneLinePerResourceWhateverEC2Sends(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	put(e, flowLogOn(vpcID(0), func(f *types.FlowLog) { f.LogFormat = aws.String("${a}\x1b[2J\u202e") }))
	plan, err := reconcile.New(e).Plan(t.Context(), newRequest(1))
	require.NoError(t, err)
	assert.NotContains(t, plan.String(), "\x1b")
	assert.NotContains(t, plan.String(), "\u202e")
}

func TestPlan_MarshalsFlowLogsAsTheCLIShowsThem(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	put(e,
		types.FlowLog{
			ResourceId: aws.String(vpcID(1)), LogDestination: aws.String(bucket), LogDestinationType: types.LogDestinationTypeS3,
			TrafficType: types.TrafficTypeAll, DestinationOptions: &types.DestinationOptionsResponse{},
		},
		flowLogOn(vpcID(2), everyMinute), flowLogOn(vpcID(2), elsewhere))
	req := newRequest(3)
	req.Tags = map[string]string{"team": "net"}
	plan, err := reconcile.New(e).Plan(t.Context(), req)
	require.NoError(t, err)
	data, err := json.MarshalIndent(plan, "", "  ")
	require.NoError(t, err)
	golden(t, "testdata/plan.json", string(data)+"\n")
	var again reconcile.Plan
	require.NoError(t, json.Unmarshal(data, &again))
	assert.Equal(t, plan.String(), again.String())

	plan, err = reconcile.New(e, everything).Plan(t.Context(), req)
	require.NoError(t, err)
	data, err = json.Marshal(plan)
	require.NoError(t, err)
	assert.Contains(t, string(data), `{"Counts":{"Create":1,"Keep":1,"Replace":1,"Conflict":0,"Failed":0,"Failing":0},`)
}

func TestPlan_RejectsWhatARequestRejects(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	req := newRequest(2)
	req.ResourceIDs[1] = "eni-1"
	req.ClientToken = "token"
	req.TrafficType = ""
	_, err := reconcile.New(e).Plan(t.Context(), req)
	var invalid *flowlogs.ValidationError
	require.ErrorAs(t, err, &invalid)
	var fields []string
	for _, f := range invalid.Fields {
		fields = append(fields, f.Field)
	}
	assert.Equal(t, []string{"ResourceIDs[1]", "TrafficType", "ClientToken"}, fields)
	assert.Empty(t, e.Calls())

	result, err := reconcile.New(e).Apply(t.Context(), req)
	require.ErrorAs(t, err, &invalid)
	assert.Nil(t, result)
	assert.Empty(t, e.Calls())
}
