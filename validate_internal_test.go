package flowlogs

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allowed answers true and remembers what it was asked.
type allowed []string

func (a *allowed) allow(f *FieldError) bool {
	*a = append(*a, f.Field)
	return true
}

func TestAllow_LetsAProblemThrough(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		field  string
		change func(*Request)
	}{
		{"an unknown type of resource", "ResourceType", func(r *Request) {
			r.ResourceType, r.ResourceIDs = "Lattice", []string{"svc-1", "anything"}
		}},
		{"an unknown prefix", "ResourceIDs[1]", func(r *Request) { r.ResourceIDs[1] = "svc-1" }},
		{"an ID listed twice", "ResourceIDs[1]", func(r *Request) { r.ResourceIDs[1] = r.ResourceIDs[0] }},
		{"an unknown traffic type", "TrafficType", func(r *Request) { r.TrafficType = "NONE" }},
		{"an unknown field", "LogFormat", func(r *Request) { r.LogFormat = LogFormat{"color"} }},
		{"another interval", "MaxAggregationInterval", func(r *Request) { r.MaxAggregationInterval = 30 * time.Second }},
		{"an old bucket", "Destination.BucketARN", func(r *Request) { r.Destination = S3{BucketARN: "arn:aws:s3:::My_Bucket"} }},
		{"a reserved tag", `Tags["aws:k"]`, func(r *Request) { r.Tags = map[string]string{"aws:k": ""} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req := Request{
				ResourceIDs: []string{"vpc-00000001", "vpc-00000002"},
				TrafficType: TrafficTypeAll,
				Destination: S3{BucketARN: "arn:aws:s3:::bucket"},
			}
			test.change(&req)
			require.Error(t, req.Validate())
			require.Error(t, req.validate("", func(*FieldError) bool { return false }))
			var asked allowed
			require.NoError(t, req.validate("", asked.allow))
			assert.Equal(t, allowed{test.field}, asked)

			in := req.template()
			in.ResourceIds = req.ResourceIDs
			asked = nil
			require.NoError(t, validateInput(in, "", asked.allow))
			assert.Len(t, asked, 1)
		})
	}
}

func TestAllow_IsNotAskedWhereNothingCouldBeSent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		want   string
		change func(*Request)
	}{
		{"no IDs", "ResourceIDs", func(r *Request) { r.ResourceIDs = nil }},
		{"an empty ID", "ResourceIDs[0]", func(r *Request) { r.ResourceIDs = []string{"", "vpc-00000001"} }},
		{"no destination", "Destination", func(r *Request) { r.Destination = nil }},
		{"no bucket", "Destination.BucketARN", func(r *Request) { r.Destination = S3{} }},
		{"no log group", "Destination.LogGroupName", func(r *Request) { r.Destination = CloudWatchLogs{RoleARN: "r"} }},
		{"no type that an unknown prefix could tell", "ResourceType", func(r *Request) { r.ResourceIDs = []string{"svc-1"} }},
		{"an interval that EC2 cannot be told", "MaxAggregationInterval", func(r *Request) { r.MaxAggregationInterval = 1500 * time.Millisecond }},
		{"an interval of too many seconds", "MaxAggregationInterval", func(r *Request) { r.MaxAggregationInterval = (1<<32 + 60) * time.Second }},
		{"a folder that is not UTF-8", "Destination.BucketARN", func(r *Request) { r.Destination = S3{BucketARN: "arn:aws:s3:::b/\xff"} }},
		{"an ID that is not UTF-8", "ResourceIDs[0]", func(r *Request) { r.ResourceIDs = []string{"vpc-\xff"} }},
		{"a tag that is not UTF-8", `Tags["\xff"]`, func(r *Request) { r.Tags = map[string]string{"\xff": ""} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req := Request{
				ResourceIDs: []string{"vpc-00000001"},
				TrafficType: TrafficTypeAll,
				Destination: S3{BucketARN: "arn:aws:s3:::bucket"},
			}
			test.change(&req)
			var asked allowed
			var invalid *ValidationError
			require.ErrorAs(t, req.validate("", asked.allow), &invalid)
			require.Len(t, invalid.Fields, 1)
			assert.Equal(t, test.want, invalid.Fields[0].Field)
			assert.NotContains(t, asked, test.want)
		})
	}
}

func TestAllow_IsAskedInTheOrderOfTheKeys(t *testing.T) {
	t.Parallel()
	tags := make(map[string]string)
	var want allowed
	for _, letter := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		tags["aws:"+letter] = ""
		want = append(want, `Tags["aws:`+letter+`"]`)
	}
	var asked allowed
	v := validator{paths: &requestPaths, allow: asked.allow}
	v.tags(tags)
	assert.Equal(t, want, asked)
}

func TestValidateSettings_ChecksAllButTheIDs(t *testing.T) {
	t.Parallel()
	req := Request{TrafficType: TrafficTypeAll, Destination: S3{BucketARN: "arn:aws:s3:::bucket"}}
	require.ErrorContains(t, req.validateSettings("", nil), "ResourceType: required: one of VPC, ")
	req.ResourceType = ResourceTypeVPC
	require.NoError(t, req.validateSettings("", nil))
	req.TrafficType = ""
	require.ErrorContains(t, req.validateSettings("", nil), "TrafficType: required")
	req.ResourceIDs = []string{"vpc-00000001"}
	require.ErrorContains(t, req.validateSettings("", nil), `ResourceIDs "1 IDs": leave it empty: the IDs of a Stream come from its iterator`)
	req = Request{ResourceType: ResourceTypeVPC, TrafficType: TrafficTypeAll, Destination: CloudWatchLogs{
		LogGroupARN: "arn:aws:logs:eu-west-1:123456789012:log-group:g", RoleARN: "arn:aws:iam::123456789012:role/r",
	}}
	require.NoError(t, req.validateSettings("eu-west-1", nil))
	require.ErrorContains(t, req.validateSettings("us-east-1", nil), "want the Region of the call, us-east-1")
}

func TestValidateIDs_ChecksOneBatch(t *testing.T) {
	t.Parallel()
	require.NoError(t, validateIDs(ResourceTypeVPC, []string{"vpc-00000001", "vpc-00000002"}, nil))
	require.NoError(t, validateIDs("Lattice", []string{"svc-1"}, nil), "the type is not its business")
	require.ErrorContains(t, validateIDs(ResourceTypeVPC, nil, nil), "ResourceIDs: required")
	require.EqualError(t, validateIDs(ResourceTypeVPC, []string{"eni-00000001", "eni-00000001"}, nil), "flowlogs: invalid request: "+
		`ResourceIDs[0] "eni-00000001": is of type NetworkInterface, but want vpc-… for resource type VPC; `+
		`ResourceIDs[1] "eni-00000001": is of type NetworkInterface, but want vpc-… for resource type VPC; `+
		`ResourceIDs[1] "eni-00000001": is listed twice, first as ResourceIDs[0]`)
}

func TestValidateToken_SaysWhoMadeIt(t *testing.T) {
	t.Parallel()
	require.NoError(t, validateToken("token"))
	require.EqualError(t, validateToken(""), "flowlogs: invalid request: ClientToken: Options.Token made an empty one")
	require.EqualError(t, validateToken("jetön"),
		`flowlogs: invalid request: ClientToken "jetön": want at most 64 ASCII characters; Options.Token made this one`)
	require.ErrorContains(t, validateToken(strings.Repeat("t", 65)), "Options.Token made this one")
}

// The rules know every value of the SDK's enumerations, or leave it to EC2.
func TestRules_KnowTheValuesOfTheSDK(t *testing.T) {
	t.Parallel()
	for _, typ := range resourceTypes {
		rule := ruleOf(typ)
		if rule == nil {
			assert.False(t, idProblem(typ, nil, "any").found(), typ)
			continue
		}
		assert.Contains(t, resourcePrefixes+",", " "+rule.prefix+",")
		assert.Equal(t, typ, typeOfID(rule.prefix+"00000001"))
		assert.Equal(t, rule.limit, limitOf(typ))
	}
	assert.GreaterOrEqual(t, len(resourceTypes), len(resourceRules)+3, "and Cloud WAN")
	for _, typ := range logDestinationTypes {
		require.NotNil(t, destinationRuleOf(typ), typ)
		assert.NotNil(t, target{typ: typ}.destination(), typ)
	}
	assert.Equal(t, 300, limitOf("Lattice"))
	assert.Equal(t, 25, limitOf(ResourceTypeTransitGatewayAttachment))
}

// A type that only the SDK knows has no rules: its IDs, fields and traffic type are
// left to EC2.
func TestRules_LeaveATypeOfTheSDKAloneToEC2(t *testing.T) {
	t.Parallel()
	const lattice = ResourceType("Lattice")
	assert.False(t, idProblem(lattice, ruleOf(lattice), "svc-1").found())
	assert.False(t, trafficTypeProblem(lattice, "").found())
	assert.True(t, trafficTypeProblem(lattice, "NONE").found())
	assert.False(t, fieldProblem(lattice, FieldTGWID).found())
	assert.False(t, intervalProblem(lattice, 10*time.Minute).found())
	var v validator
	v.paths = &inputPaths
	v.destination(&target{typ: "queue", arn: "arn:aws:sqs:::q", roleARN: "r"})
	assert.Len(t, v.problems, 1, "the type itself, which the SDK does not know")
	v.problems = nil
	v.allow = func(*FieldError) bool { return true }
	v.destination(&target{typ: "queue"})
	assert.Equal(t, []FieldError{{Field: "LogDestination", Message: "required: the ARN of the destination"}}, v.problems)
}

func BenchmarkCopyInput(b *testing.B) {
	req := Request{
		ResourceIDs: []string{"vpc-00000001"},
		TrafficType: TrafficTypeAll,
		Destination: CloudWatchLogs{LogGroupName: "g", RoleARN: "arn:aws:iam::123456789012:role/r"},
	}
	in := req.template()
	var c *ec2.CreateFlowLogsInput
	b.ReportAllocs()
	for b.Loop() {
		c = copyInput(in)
	}
	_ = c
}
