package flowlogs_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

func TestRequestJSON_IsTheDocumentOfTheCLI(t *testing.T) {
	t.Parallel()
	document, err := json.MarshalIndent(fullRequest(), "", "    ")
	require.NoError(t, err)
	want, err := os.ReadFile("testdata/cli-input.json")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(document)+"\n")

	var req flowlogs.Request
	require.NoError(t, json.Unmarshal(want, &req))
	assert.Equal(t, fullRequest(), req)

	empty, err := json.Marshal(flowlogs.Request{})
	require.NoError(t, err)
	assert.Equal(t, "{}", string(empty))
}

func TestRequestJSON_RejectsWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ document, want string }{
		{`{"LogGroup":"g"}`, `LogGroup: unknown member; want one of ResourceIds, ResourceType, ClientToken, DeliverCrossAccountRole, ` +
			`DeliverLogsPermissionArn, DestinationOptions, DryRun, LogDestination, LogDestinationType, LogFormat, LogGroupName, ` +
			`MaxAggregationInterval, TagFieldSpecifications, TagSpecifications, TrafficType`},
		{`{"DestinationOptions":{"Format":"parquet"}}`, `DestinationOptions.Format: unknown member; want one of FileFormat, HiveCompatiblePartitions, PerHourPartition`},
		{
			`{"TagSpecifications":[{"ResourceType":"vpc-flow-log","Tags":[{"Key":"k","Value":"v"},{"key":"k","Key":"l","Value":"v"}]}]}`,
			`TagSpecifications[0].Tags[1].key: unknown member; want one of Key, Value`,
		},
		{`{"DestinationOptions":{"":1}}`, `DestinationOptions."": unknown member; want one of FileFormat, HiveCompatiblePartitions, PerHourPartition`},
		{`{"ResourceIds":"vpc-1"}`, `ResourceIds "vpc-1": want a list, not a string`},
		{`{"ResourceIds":["vpc-1",2]}`, `ResourceIds[1] "2": want a string, not a number`},
		{`{"ResourceIds":["vpc-1",["vpc-2"]]}`, `ResourceIds[1] "[\"vpc-2\"]": want a string, not a list`},
		{`{"MaxAggregationInterval":"60"}`, `MaxAggregationInterval "60": want a whole number of 32 bits, not a string`},
		{`{"MaxAggregationInterval":60.5}`, `MaxAggregationInterval "60.5": want a whole number of 32 bits`},
		{`{"MaxAggregationInterval":4294967296}`, `MaxAggregationInterval "4294967296": want a whole number of 32 bits`},
		{`{"DryRun":"true"}`, `DryRun "true": want true or false, not a string`},
		{`{"LogFormat":true}`, `LogFormat "true": want a string, not true or false`},
		{`{"DestinationOptions":[]}`, `DestinationOptions "[]": want an object, not a list`},
		{`{"LogDestinationType":3,"LogGroupName":"g","DestinationOptions":{"PerHourPartition":true}}`, `LogDestinationType "3": want a string, not a number`},
		{`{"TagSpecifications":[{"ResourceType":"vpc-flow-log","Tags":[{"Key":7,"Value":"v"}]}]}`, `TagSpecifications[0].Tags[0].Key "7": want a string, not a number`},
		{`[]`, `document "[]": want an object, not a list`},
		{`"s"`, `document "s": want an object, not a string`},
		{`{"LogDestinationType":"s3","LogGroupName":"g"}`, `LogGroupName "g": not allowed with destination type s3`},
		{`{"LogDestinationType":"queue"}`, `LogDestinationType "queue": want one of cloud-watch-logs, s3, kinesis-data-firehose`},
		{`{"MaxAggregationInterval":0}`, `MaxAggregationInterval "0s (0 seconds)": want 1m or 10m (60 or 600 seconds)`},
	} {
		t.Run(test.document, func(t *testing.T) {
			t.Parallel()
			req := vpcRequest(1)
			err := json.Unmarshal([]byte(test.document), &req)
			var invalid *flowlogs.ValidationError
			require.ErrorAs(t, err, &invalid)
			require.EqualError(t, err, "flowlogs: invalid request: "+test.want)
			assert.Equal(t, vpcRequest(1), req, "left as it was")
		})
	}
}

func TestRequestJSON_ReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	var req flowlogs.Request
	err := json.Unmarshal([]byte(`{
		"resourceIds": ["vpc-1"],
		"DryRun": 1,
		"ResourceIds": [true, "vpc-1", {}],
		"LogDestinationType": "s3",
		"DeliverLogsPermissionArn": "r",
		"DestinationOptions": {"FileFormat": [], "perHourPartition": true},
		"MaxAggregationInterval": 0
	}`), &req)
	var invalid *flowlogs.ValidationError
	require.ErrorAs(t, err, &invalid)
	var fields []string
	for _, f := range invalid.Fields {
		fields = append(fields, f.Field)
	}
	assert.Equal(t, []string{
		"DestinationOptions.FileFormat", "DestinationOptions.perHourPartition", "DryRun", "ResourceIds[0]", "ResourceIds[2]", "resourceIds",
		"DeliverLogsPermissionArn", "MaxAggregationInterval",
	}, fields)
}

func TestRequestJSON_RejectsWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	for _, document := range []string{``, `{"ResourceIds":["vpc-1"]`, `{} {}`, "{\"LogGroupName\":\"\xff\"}"} {
		req := vpcRequest(1)
		require.ErrorContains(t, req.UnmarshalJSON([]byte(document)), "flowlogs: not a JSON document: ")
		assert.Equal(t, vpcRequest(1), req)
	}
}

func TestRequestJSON_LeavesOutWhatIsEmpty(t *testing.T) {
	t.Parallel()
	for _, document := range []string{
		`null`,
		`{}`,
		`{"LogGroupName":null,"LogFormat":"","ClientToken":"","ResourceIds":null,"DestinationOptions":null}`,
		`{"DestinationOptions":{}}`,
		`{"DestinationOptions":{"FileFormat":"","PerHourPartition":null}}`,
	} {
		var req flowlogs.Request
		require.NoError(t, json.Unmarshal([]byte(document), &req))
		assert.Equal(t, flowlogs.Request{}, req)
	}
}

func TestRequestJSON_HoldsWholeSecondsOnly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		interval time.Duration
		want     string
	}{
		{1500 * time.Millisecond, `MaxAggregationInterval "1.5s": want whole seconds`},
		{1 << 62, "want whole seconds"},
	} {
		_, err := json.Marshal(flowlogs.Request{MaxAggregationInterval: test.interval})
		require.ErrorContains(t, err, test.want)
		require.ErrorIs(t, err, flowlogs.ErrInvalidParameter)
	}
}

func TestResponse_MarshalsAsTheCLIPrintsIt(t *testing.T) {
	t.Parallel()
	empty, err := json.Marshal(flowlogs.Response{ClientToken: "t"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"Unsuccessful":[],"FlowLogIds":[],"ClientToken":"t"}`, string(empty))
	full, err := json.Marshal(&flowlogs.Response{
		ClientToken:  "t",
		FlowLogIDs:   []string{"fl-1"},
		Unsuccessful: []*flowlogs.UnsuccessfulError{{ResourceID: "vpc-1", Code: "400", Message: "no"}},
		Batches:      []flowlogs.Batch{{}},
	})
	require.NoError(t, err)
	assert.JSONEq(t, `{"Unsuccessful":[{"Error":{"Code":"400","Message":"no"},"ResourceId":"vpc-1"}],"FlowLogIds":["fl-1"],"ClientToken":"t"}`, string(full))
}
