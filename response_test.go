package flowlogs_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// results are the resources in their order with the reasons of their errors, ""
// for nil.
func results(t *testing.T, seq iter.Seq2[string, error]) (ids []string, reasons []flowlogs.Reason) {
	t.Helper()
	for id, err := range seq {
		ids = append(ids, id)
		reasons = append(reasons, flowlogs.ReasonOf(err))
		if err != nil {
			assert.NotEmpty(t, flowlogs.ReasonOf(err), "%v", err)
		}
	}
	return ids, reasons
}

func TestResponse_ResultsHaveEveryResourceOnceInOrder(t *testing.T) {
	t.Parallel()
	resp, _ := mixedFailure(t)
	ids, reasons := results(t, resp.Results())
	assert.Equal(t, vpcIDs(5), ids)
	assert.Equal(t, []flowlogs.Reason{flowlogs.ErrDestinationAccessDenied, "", flowlogs.ErrLimitExceeded, "", flowlogs.ErrAlreadyExists}, reasons)
	for id, err := range resp.Results() {
		var item *flowlogs.UnsuccessfulError
		var call *flowlogs.CallError
		switch id {
		case vpcID(0):
			require.ErrorAs(t, err, &item)
			assert.Equal(t, id, item.ResourceID)
		case vpcID(2):
			require.ErrorAs(t, err, &call)
			assert.Equal(t, []string{id}, call.Batch.ResourceIDs)
		}
	}
}

func TestResponse_ResultsCanBeBrokenOffAndIteratedAgain(t *testing.T) {
	t.Parallel()
	resp, _ := mixedFailure(t)
	for range resp.Results() {
		break
	}
	for range resp.Batches[0].Results() {
		break
	}
	ids, _ := results(t, resp.Results())
	assert.Len(t, ids, 5)
}

func TestResponse_ResultsKeepTheOrderOfTheRequest(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.Reject("InvalidVpcID.NotFound", "", 400).On(about(vpcID(2))).Keep())
	req := vpcRequest(7)
	slices.Reverse(req.ResourceIDs)
	resp, err := flowlogs.New(cloud).Create(t.Context(), req)
	require.ErrorIs(t, err, flowlogs.ErrResourceNotFound)
	ids, reasons := results(t, resp.Results())
	assert.Equal(t, req.ResourceIDs, ids)
	assert.Equal(t, []flowlogs.Reason{"", "", "", "", flowlogs.ErrResourceNotFound, "", ""}, reasons)
}

func TestResponse_ResultsOfNothing(t *testing.T) {
	t.Parallel()
	ids, _ := results(t, (&flowlogs.Response{}).Results())
	assert.Empty(t, ids)
	decoded := &flowlogs.Response{FlowLogIDs: []string{"fl-1"}}
	ids, _ = results(t, decoded.Results())
	assert.Empty(t, ids, "a response from JSON has no batches")
}

func TestBatch_Results(t *testing.T) {
	t.Parallel()
	const unknown = flowlogs.ErrIncompleteResponse
	const denied = flowlogs.ErrDestinationAccessDenied
	item := func(id string) *flowlogs.UnsuccessfulError {
		return &flowlogs.UnsuccessfulError{ResourceID: id, Code: "400", Message: "Access Denied for LogDestination: b."}
	}
	type items = []*flowlogs.UnsuccessfulError
	for _, test := range []struct {
		name  string
		fl    int
		items items
		err   error
		want  []flowlogs.Reason
	}{
		{"all created", 2, nil, nil, []flowlogs.Reason{"", ""}},
		{"one rejected", 1, items{item("b")}, nil, []flowlogs.Reason{"", denied}},
		{"all rejected", 0, items{item("b"), item("a")}, nil, []flowlogs.Reason{denied, denied}},
		{"nothing in it", 0, nil, nil, []flowlogs.Reason{unknown, unknown}},
		{"one left out", 1, nil, nil, []flowlogs.Reason{unknown, unknown}},
		{"one too many", 3, nil, nil, []flowlogs.Reason{unknown, unknown}},
		{"an item that names no resource", 1, items{item("")}, nil, []flowlogs.Reason{unknown, unknown}},
		{"an item of another resource", 1, items{item("c")}, nil, []flowlogs.Reason{unknown, unknown}},
		{"an item of another resource too many", 1, items{item("a"), item("c")}, nil, []flowlogs.Reason{denied, unknown}},
		{"an item twice, which adds up", 1, items{item("b"), item("b")}, nil, []flowlogs.Reason{"", denied}},
		{"an item twice, which does not", 0, items{item("b"), item("b")}, nil, []flowlogs.Reason{unknown, denied}},
		{"a failed call", 0, nil, apiError("Throttling", ""), []flowlogs.Reason{flowlogs.ErrThrottled, flowlogs.ErrThrottled}},
	} {
		b := flowlogs.Batch{ResourceIDs: []string{"a", "b"}, FlowLogIDs: make([]string, test.fl), Unsuccessful: test.items, Err: test.err}
		ids, reasons := results(t, b.Results())
		assert.Equal(t, []string{"a", "b"}, ids, test.name)
		assert.Equal(t, test.want, reasons, test.name)
		_, reasons = results(t, (&flowlogs.Response{Batches: []flowlogs.Batch{b}}).Results())
		assert.Equal(t, test.want, reasons, test.name)
	}
}

func TestBatch_ResultsOfAFailedCallAreItsCallError(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	b := flowlogs.Batch{ClientToken: "t", ResourceIDs: []string{"a"}, Err: cause}
	for _, err := range b.Results() {
		var call *flowlogs.CallError
		require.ErrorAs(t, err, &call)
		assert.Equal(t, &flowlogs.CallError{Batch: b, Err: cause}, call)
	}
}

func TestBatch_ResultsOfADryRunAreNil(t *testing.T) {
	t.Parallel()
	req := vpcRequest(3)
	req.DryRun = true
	resp, err := flowlogs.New(flowlogstest.New(), batchesOf(2)).Create(t.Context(), req)
	require.NoError(t, err)
	for _, b := range resp.Batches {
		_, reasons := results(t, b.Results())
		assert.Equal(t, make([]flowlogs.Reason, len(b.ResourceIDs)), reasons)
	}
}

func TestResponse_HasTheResultOfEachResourceAfterTheContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	resp, err := flowlogs.New(flowlogstest.New(), batchesOf(2)).Create(ctx, vpcRequest(5))
	require.ErrorIs(t, err, context.Canceled)
	ids, reasons := results(t, resp.Results())
	assert.Equal(t, vpcIDs(5), ids)
	assert.Equal(t, slices.Repeat([]flowlogs.Reason{flowlogs.ErrNotAttempted}, 5), reasons)
}

func TestResponse_JSONIsTheOutputOfTheAWSCLI(t *testing.T) {
	t.Parallel()
	full := flowlogs.Response{
		ClientToken:  "t",
		FlowLogIDs:   []string{"fl-1", "fl-2"},
		Unsuccessful: []*flowlogs.UnsuccessfulError{{ResourceID: "vpc-1", Code: "400", Message: "LogDestination: b does not exist"}},
	}
	for _, test := range []struct {
		name string
		resp flowlogs.Response
		want string
	}{
		{"nothing", flowlogs.Response{}, `{"ClientToken":"","FlowLogIds":[],"Unsuccessful":[]}`},
		{"everything", full, `{"ClientToken":"t","FlowLogIds":["fl-1","fl-2"],` +
			`"Unsuccessful":[{"Error":{"Code":"400","Message":"LogDestination: b does not exist"},"ResourceId":"vpc-1"}]}`},
	} {
		document, err := json.Marshal(test.resp)
		require.NoError(t, err)
		assert.Equal(t, test.want, string(document), test.name)
		document, err = json.Marshal(&test.resp)
		require.NoError(t, err)
		assert.Equal(t, test.want, string(document), test.name)
		decoded := flowlogs.Response{ClientToken: "before", Batches: []flowlogs.Batch{{}}}
		require.NoError(t, json.Unmarshal(document, &decoded))
		assert.Equal(t, test.resp, decoded, test.name)
	}
}

func TestResponse_JSONOfOthersIsReadLeniently(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		document string
		want     flowlogs.Response
	}{
		{`{}`, flowlogs.Response{}},
		{`{"FlowLogIds":null,"Unsuccessful":null,"ResultMetadata":{}}`, flowlogs.Response{}},
		{`{"Unsuccessful":[{"ResourceId":"vpc-1"}]}`, flowlogs.Response{Unsuccessful: []*flowlogs.UnsuccessfulError{{ResourceID: "vpc-1"}}}},
	} {
		var decoded flowlogs.Response
		require.NoError(t, json.Unmarshal([]byte(test.document), &decoded), test.document)
		assert.Equal(t, test.want, decoded, test.document)
	}
	kept := flowlogs.Response{ClientToken: "t"}
	require.NoError(t, json.Unmarshal([]byte("null"), &kept))
	assert.Equal(t, "t", kept.ClientToken, "null changes nothing, by convention")
	require.Error(t, json.Unmarshal([]byte(`{"FlowLogIds":"fl-1"}`), &kept))
	assert.Equal(t, "t", kept.ClientToken)
}
