package reconcile_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

func TestApply_SaysWhatItKeepsAlthoughItIsFailing(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	ids := put(e, flowLogOn(vpcID(0)), flowLogOn(vpcID(1), failing), flowLogOn(vpcID(2), func(f *types.FlowLog) { f.DeliverLogsStatus = nil }))
	result, err := reconcile.New(e).Apply(t.Context(), newRequest(4))
	require.NoError(t, err, "it is no error")
	for i, want := range []reconcile.DeliveryState{reconcile.DeliveryNotFailing, reconcile.DeliveryFailing, reconcile.DeliveryUnknown, ""} {
		o := result.Outcomes[i]
		assert.Equal(t, want, o.Delivery)
		if i < 3 {
			assert.Equal(t, ids[i], *o.Keep.FlowLogId)
			assert.Equal(t, bucket, *o.Keep.LogDestination)
		} else {
			assert.Nil(t, o.Keep)
		}
	}
	assert.Equal(t, reconcile.Counts{Create: 1, Keep: 3, Failing: 1}, result.Counts())
	assert.Equal(t, "1 created, 0 replaced, 0 conflicts, 3 kept, 0 failed\n"+
		"  1 flow log kept, but failing to deliver ("+vpcID(1)+": "+ids[1]+`, "Access error")`+"\n", result.String())

	plan, err := reconcile.New(e).Plan(t.Context(), newRequest(5))
	require.NoError(t, err)
	assert.Equal(t, reconcile.Counts{Create: 1, Keep: 4, Failing: 1}, plan.Counts())
}

func TestApply_SaysWhatItAdoptsAlthoughItIsFailing(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	api := &before{EC2: e, operation: "CreateFlowLogs", act: func() { put(e, flowLogOn(vpcID(0), failing)) }}
	result, err := reconcile.New(api).Apply(t.Context(), newRequest(1))
	require.NoError(t, err)
	assert.Equal(t, reconcile.DeliveryFailing, result.Outcomes[0].Delivery)
	assert.NotNil(t, result.Outcomes[0].Keep)
}

func TestResult_CountsByActionAndReason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		result, err := adverse(t)
		require.Error(t, err)
		assert.Equal(t, reconcile.Counts{Create: 1, Keep: 1, Replace: 1, Conflict: 2, Failed: 3, Failing: 1}, result.Counts())
		golden(t, "testdata/result.golden", result.String()+"\n"+err.Error()+"\n")
	})
}

func TestResult_MarshalsItsErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		result, _ := adverse(t)
		data, err := json.MarshalIndent(result, "", "  ")
		require.NoError(t, err)
		golden(t, "testdata/result.json", string(data)+"\n")
		var again reconcile.Result
		require.NoError(t, json.Unmarshal(data, &again))
		assert.Equal(t, result.Outcomes[1].Keep, again.Outcomes[1].Keep)
	})
}

// adverse is an Apply in which everything happens.
func adverse(t *testing.T) (*reconcile.Result, error) {
	t.Helper()
	e := flowlogstest.New()
	put(e,
		flowLogOn(vpcID(1), failing),
		flowLogOn(vpcID(2), everyMinute, created(2021)),
		flowLogOn(vpcID(3), everyMinute),
		flowLogOn(vpcID(4), withSlash),
	)
	e.Inject(
		flowlogstest.FailResources("400", "LogDestination: flow-log-archive is undeliverable", vpcID(5), vpcID(6)).Keep(),
		flowlogstest.FailResources("400", "A new message of EC2\x1b[2J", vpcID(7)).Keep(),
	)
	time.Sleep(time.Hour)
	return reconcile.New(e, func(o *reconcile.Options) {
		o.Replace = func(f types.FlowLog) bool { return f.CreationTime != nil }
	}).Apply(t.Context(), newRequest(8))
}

func TestApplyError_NamesThePackageOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(failingListings(1000), flowlogstest.FailResources("FlowLogAlreadyExists", existsMessage, vpcID(0)))
		result, err := reconcile.New(e).Apply(t.Context(), newRequest(3))
		const denied = "DescribeFlowLogs: operation error EC2: DescribeFlowLogs, https response error StatusCode: 403, RequestID: "
		assert.Regexp(t, "^flowlogs: 3 resources failed: 1 AlreadyExists \\("+vpcID(0)+": [^;]*; "+denied+`[^;]*\); 2 NotAuthorized `+
			`\(`+vpcID(1)+": created, but DescribeFlowLogs does not show it yet; "+denied+`[^;]*\)$`, err.Error())
		for _, o := range result.Outcomes[1:] {
			assert.Regexp(t, "^flowlogs: "+o.ResourceID+": created, but DescribeFlowLogs does not show it yet; "+denied, o.Err.Error())
		}
	})
}

func TestPlan_SaysWhyAConflictStays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		flowLogs []types.FlowLog
		options  func(*reconcile.Options)
		want     string
	}{
		{"Replace does not allow it", []types.FlowLog{flowLogOn(vpcID(0), everyMinute)}, func(*reconcile.Options) {}, "Options.Replace does not allow the deletion"},
		{"an equal one is failing", []types.FlowLog{flowLogOn(vpcID(0), failing), flowLogOn(vpcID(0), everyMinute)}, everything,
			"nothing is deleted while the wanted flow log is failing"},
		{"a telemetry rule", []types.FlowLog{flowLogOn(vpcID(0), everyMinute, managedByAWS)}, everything, "never deleted: managed by a telemetry rule of AWS"},
		{"perhaps the same bucket", []types.FlowLog{flowLogOn(vpcID(0), withSlash)}, everything, "never deleted: EC2 may treat the two destinations as one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := flowlogstest.New()
			put(e, tt.flowLogs...)
			r := reconcile.New(e, tt.options)
			plan, err := r.Plan(t.Context(), newRequest(1))
			require.NoError(t, err)
			assert.Contains(t, plan.String(), "\n    "+tt.want+"\n")
			_, err = r.Apply(t.Context(), newRequest(1))
			require.ErrorContains(t, err, "; "+tt.want)
		})
	}
}

func TestPlan_ShowsATagThatIsWantedWithAnEmptyValue(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	put(e, flowLogOn(vpcID(0)))
	req := newRequest(1)
	req.Tags = map[string]string{"team": ""}
	plan, err := reconcile.New(e).Plan(t.Context(), req)
	require.NoError(t, err)
	assert.Contains(t, plan.String(), "    Tags[\"team\"]\n      want \"\"\n      have none\n")
}

func TestDelivery_OfAFlowLogWithoutAnIDIsUnknown(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	id := put(e, flowLogOn(vpcID(0), failing))[0]
	deliveries, err := reconcile.New(e).Delivery(t.Context(), id, "")
	require.NoError(t, err)
	require.Len(t, deliveries, 2)
	assert.Equal(t, reconcile.DeliveryFailing, deliveries[0].State)
	assert.Equal(t, reconcile.DeliveryUnknown, deliveries[1].State)
	assert.Empty(t, deliveries[1].FlowLogID)
	assert.Nil(t, deliveries[1].FlowLog)
}

func TestDelivery_OfAnOldFlowLogWithAMessageIsFailing(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	ids := put(e, in2017(vpcID(0), func(f *types.FlowLog) { f.DeliverLogsErrorMessage = aws.String("Access error") }), in2017(vpcID(1)))
	deliveries, err := reconcile.New(e).Delivery(t.Context(), ids...)
	require.NoError(t, err)
	assert.Equal(t, reconcile.DeliveryFailing, deliveries[0].State)
	assert.Equal(t, "Access error", deliveries[0].Message)
	assert.Equal(t, reconcile.DeliveryUnknown, deliveries[1].State)
}

func TestAll_ReturnsEveryFlowLogOfTheRegion(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	var ids []string
	for i := range 2500 {
		ids = append(ids, put(e, flowLogOn(vpcID(i), failing))...)
	}
	all, err := reconcile.New(e).All(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2500)
	assert.Len(t, e.Calls(), 3)
	for i, d := range all {
		assert.Equal(t, ids[i], d.FlowLogID)
		assert.Equal(t, vpcID(i), *d.FlowLog.ResourceId)
		assert.Equal(t, reconcile.DeliveryFailing, d.State)
	}

	e.Inject(flowlogstest.Reject("UnauthorizedOperation", "no", 403))
	all, err = reconcile.New(e).All(t.Context())
	require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
	assert.Nil(t, all)
}

func TestResult_OfNothingIsOneLine(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "0 created, 0 replaced, 0 conflicts, 0 kept, 0 failed\n", reconcile.Result{}.String())
	data, err := json.Marshal(reconcile.Result{Outcomes: []reconcile.Outcome{{Err: errors.New("boom")}}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"Counts":{"Create":0,"Keep":0,"Replace":0,"Conflict":0,"Failed":1,"Failing":0},"Changed":false,
		"Outcomes":[{"ResourceId":"","Created":false,"Error":{"Message":"boom"}}]}`, string(data))
}

func TestPlan_MarshalsTextThatLooksLikeJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{`"`, `\`, `null`, `:`, `,`, `Type`, `x`, `""`, `{`, `}`, " "})
		text := func(label string) string { return strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, label), "") }
		f := flowLogOn(vpcID(0), func(f *types.FlowLog) {
			f.LogFormat, f.DeliverLogsErrorMessage = aws.String(text("format")+"x"), aws.String(text("message")+"x")
			f.Tags = []types.Tag{{Key: aws.String(text("key")), Value: aws.String(text("value"))}}
		})
		plan := reconcile.Plan{Changes: []reconcile.Change{{Keep: &f, Differences: []reconcile.Difference{{Field: text("field"), Want: text("want"), Have: text("have")}}}}}
		data, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		var again reconcile.Plan
		if err := json.Unmarshal(data, &again); err != nil || !reflect.DeepEqual(plan, again) {
			t.Fatalf("%v: %s", err, data)
		}
	})
}
