package flowlogs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

// allowed answers true and remembers what it was asked.
type allowed []string

func (a *allowed) allow(f *flowlogs.FieldError) bool {
	*a = append(*a, f.Field)
	return true
}

// allowing returns a Client with the function as Options.Allow, of an API that creates
// everything.
func allowing(allow func(*flowlogs.FieldError) bool) *flowlogs.Client {
	api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		return created(in), nil
	})
	return flowlogs.New(api, func(o *flowlogs.Options) { o.Allow = allow })
}

func TestAllow_LetsAProblemThrough(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		field  string
		change func(*flowlogs.Request)
	}{
		{"an unknown type of resource", "ResourceType", func(r *flowlogs.Request) {
			r.ResourceType, r.ResourceIDs = "Lattice", []string{"svc-1", "anything"}
		}},
		{"an unknown prefix", "ResourceIDs[1]", func(r *flowlogs.Request) { r.ResourceIDs[1] = "svc-1" }},
		{"an ID listed twice", "ResourceIDs[1]", func(r *flowlogs.Request) { r.ResourceIDs[1] = r.ResourceIDs[0] }},
		{"an unknown traffic type", "TrafficType", func(r *flowlogs.Request) { r.TrafficType = "NONE" }},
		{"an unknown field", "LogFormat", func(r *flowlogs.Request) { r.LogFormat = flowlogs.LogFormat{"color"} }},
		{"another interval", "MaxAggregationInterval", func(r *flowlogs.Request) { r.MaxAggregationInterval = 30 * time.Second }},
		{"an old bucket", "Destination.BucketARN", func(r *flowlogs.Request) { r.Destination = flowlogs.S3{BucketARN: "arn:aws:s3:::My_Bucket"} }},
		{"a reserved tag", `Tags["aws:k"]`, func(r *flowlogs.Request) { r.Tags = map[string]string{"aws:k": ""} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req := flowlogs.Request{
				ResourceIDs: []string{"vpc-00000001", "vpc-00000002"},
				TrafficType: flowlogs.TrafficTypeAll,
				Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::bucket"},
			}
			test.change(&req)
			require.Error(t, req.Validate())
			_, err := allowing(func(*flowlogs.FieldError) bool { return false }).Input(req)
			require.Error(t, err)
			var asked allowed
			in, err := allowing(asked.allow).Input(req)
			require.NoError(t, err)
			assert.Equal(t, allowed{test.field}, asked)

			asked = nil
			_, err = allowing(asked.allow).CreateFlowLogs(t.Context(), in)
			require.NoError(t, err)
			assert.Len(t, asked, 1)
		})
	}
}

func TestAllow_IsNotAskedWhereNothingCouldBeSent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		want   string
		change func(*flowlogs.Request)
	}{
		{"no IDs", "ResourceIDs", func(r *flowlogs.Request) { r.ResourceIDs = nil }},
		{"an empty ID", "ResourceIDs[0]", func(r *flowlogs.Request) { r.ResourceIDs = []string{"", "vpc-00000001"} }},
		{"no destination", "Destination", func(r *flowlogs.Request) { r.Destination = nil }},
		{"no bucket", "Destination.BucketARN", func(r *flowlogs.Request) { r.Destination = flowlogs.S3{} }},
		{"no log group", "Destination.LogGroupName", func(r *flowlogs.Request) { r.Destination = flowlogs.CloudWatchLogs{RoleARN: "r"} }},
		{"no type that an unknown prefix could tell", "ResourceType", func(r *flowlogs.Request) { r.ResourceIDs = []string{"svc-1"} }},
		{"an interval that EC2 cannot be told", "MaxAggregationInterval", func(r *flowlogs.Request) { r.MaxAggregationInterval = 1500 * time.Millisecond }},
		{"an interval of too many seconds", "MaxAggregationInterval", func(r *flowlogs.Request) { r.MaxAggregationInterval = (1<<32 + 60) * time.Second }},
		{"a folder that is not UTF-8", "Destination.BucketARN", func(r *flowlogs.Request) { r.Destination = flowlogs.S3{BucketARN: "arn:aws:s3:::b/\xff"} }},
		{"an ID that is not UTF-8", "ResourceIDs[0]", func(r *flowlogs.Request) { r.ResourceIDs = []string{"vpc-\xff"} }},
		{"a tag that is not UTF-8", `Tags["\xff"]`, func(r *flowlogs.Request) { r.Tags = map[string]string{"\xff": ""} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req := flowlogs.Request{
				ResourceIDs: []string{"vpc-00000001"},
				TrafficType: flowlogs.TrafficTypeAll,
				Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::bucket"},
			}
			test.change(&req)
			var asked allowed
			var invalid *flowlogs.ValidationError
			_, err := allowing(asked.allow).Input(req)
			require.ErrorAs(t, err, &invalid)
			require.Len(t, invalid.Fields, 1)
			assert.Equal(t, test.want, invalid.Fields[0].Field)
			assert.NotContains(t, asked, test.want)
		})
	}
}

func TestAllow_IsAskedInTheOrderOfTheKeys(t *testing.T) {
	t.Parallel()
	req := vpcRequest(1)
	req.Tags = make(map[string]string)
	var want allowed
	for _, letter := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		req.Tags["aws:"+letter] = ""
		want = append(want, `Tags["aws:`+letter+`"]`)
	}
	var asked allowed
	_, err := allowing(asked.allow).Input(req)
	require.NoError(t, err)
	assert.Equal(t, want, asked)
}
