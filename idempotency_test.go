package flowlogs_test

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestRandomToken_IsAUUID(t *testing.T) {
	t.Parallel()
	one, err := flowlogs.RandomToken(flowlogs.Request{})
	require.NoError(t, err)
	two, err := flowlogs.RandomToken(flowlogs.Request{})
	require.NoError(t, err)
	assert.NotEqual(t, one, two)
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, one)
}

func contentToken(t *testing.T, scope string, r flowlogs.Request) string {
	t.Helper()
	token, err := flowlogs.ContentToken(scope)(r)
	require.NoError(t, err)
	return token
}

// TestContentToken_IsTheSameOnAnyMachine pins the tokens across releases: with
// other tokens, a job that is resumed after an upgrade would be done twice.
func TestContentToken_IsTheSameOnAnyMachine(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "6ab7f592c9d20c06bc18d90a8719dc998c493328a1e43f9f8ef7eeff1ba82cc7", contentToken(t, "", fullRequest()))
	assert.Equal(t, "8bc9f8d5ed5e82e665324fc96424e0330566d5fd7314ec843256caef7a89211d", contentToken(t, "scope", vpcRequest(2)))
}

// TestBatch_TokensAreTheSameOnAnyMachine does so for the tokens of several calls.
func TestBatch_TokensAreTheSameOnAnyMachine(t *testing.T) {
	t.Parallel()
	req := vpcRequest(3)
	req.ClientToken = "root"
	resp, err := flowlogs.New(flowlogstest.New(), batchesOf(2)).Create(t.Context(), req)
	require.NoError(t, err)
	var tokens []string
	for _, b := range resp.Batches {
		tokens = append(tokens, b.ClientToken)
	}
	assert.Equal(t, "root", resp.ClientToken)
	assert.Equal(t, []string{
		"532b4b8c694b8f4bd608506c68a845bd870f0522ba1205a275da1cdb05db0736",
		"daedf0aebb137063c6484104be509b1dd076bfbeade98e998db7bbc6ffb1aac1",
	}, tokens)
}

func TestContentToken_TellsRequestsApart(t *testing.T) {
	t.Parallel()
	seen := map[string]string{
		contentToken(t, "s", fullRequest()): "nothing",
		contentToken(t, "", fullRequest()):  "scope",
	}
	for _, test := range []struct {
		name   string
		change func(*flowlogs.Request)
	}{
		{"IDs", func(r *flowlogs.Request) { r.ResourceIDs = r.ResourceIDs[:1] }},
		{"the order of IDs", func(r *flowlogs.Request) { slices.Reverse(r.ResourceIDs) }},
		{"resource type", func(r *flowlogs.Request) { r.ResourceType = flowlogs.ResourceTypeSubnet }},
		{"traffic", func(r *flowlogs.Request) { r.TrafficType = flowlogs.TrafficTypeAccept }},
		{"destination", func(r *flowlogs.Request) { r.Destination = flowlogs.S3{BucketARN: "arn:aws:s3:::bucket/folder/"} }},
		{"interval", func(r *flowlogs.Request) { r.MaxAggregationInterval = 0 }},
		{"format", func(r *flowlogs.Request) { r.LogFormat = r.LogFormat[:1] }},
		{"tag fields", func(r *flowlogs.Request) { r.TagFields = nil }},
		{"tags", func(r *flowlogs.Request) { r.Tags = map[string]string{"a": "1b"} }},
		{"dry run", func(r *flowlogs.Request) { r.DryRun = false }},
	} {
		req := fullRequest()
		test.change(&req)
		token := contentToken(t, "s", req)
		assert.NotContains(t, seen, token, test.name)
		assert.Len(t, token, 64)
		seen[token] = test.name
	}
}

func TestContentToken_IsTheSameForWhatMeansTheSame(t *testing.T) {
	t.Parallel()
	want := contentToken(t, "s", fullRequest())
	req := fullRequest()
	req.ClientToken = "another"
	req.ResourceType = ""
	d := req.Destination.(flowlogs.S3)
	req.Destination = &d
	assert.Equal(t, want, contentToken(t, "s", req))
}

func TestContentToken_TakesAnEmptyTokenForNone(t *testing.T) {
	t.Parallel()
	var tokens []string
	api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		tokens = append(tokens, *in.ClientToken)
		return created(in), nil
	})
	client := flowlogs.New(api, func(o *flowlogs.Options) {
		o.Token = flowlogs.ContentToken("s")
		o.Allow = func(*flowlogs.FieldError) bool { return true }
	})
	for _, token := range []*string{nil, aws.String("")} {
		in := logsInput(setTags(types.Tag{Key: aws.String("a")})) // which no Request can hold
		in.ClientToken = token
		_, err := client.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
	}
	assert.Equal(t, tokens[0], tokens[1])
}

func TestContentToken_LeavesTheRequestAlone(t *testing.T) {
	t.Parallel()
	req := fullRequest()
	contentToken(t, "s", req)
	assert.Equal(t, fullRequest(), req)
}

func TestContentToken_NeedsARequestThatHasAJSONForm(t *testing.T) {
	t.Parallel()
	_, err := flowlogs.ContentToken("")(flowlogs.Request{MaxAggregationInterval: 1})
	require.ErrorContains(t, err, "want whole seconds")
}
