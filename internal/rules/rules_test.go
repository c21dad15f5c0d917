package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
)

// The rules know every value of the SDK's enumerations, or leave it to EC2.
func TestRules_KnowTheValuesOfTheSDK(t *testing.T) {
	t.Parallel()
	for _, typ := range resourceTypes {
		rule := ruleOf(typ)
		if rule == nil {
			assert.Empty(t, CheckIDs(typ, []string{"any"}), typ)
			continue
		}
		assert.Contains(t, prefixes+",", " "+rule.prefix+",")
		assert.Equal(t, typ, TypeOf(rule.prefix+"00000001"))
		assert.Equal(t, rule.limit, Limit(typ))
	}
	assert.GreaterOrEqual(t, len(resourceTypes), len(resourceRules)+3, "and Cloud WAN")
	for _, typ := range destinationTypes {
		problems := CheckSettings(&ec2.CreateFlowLogsInput{LogDestinationType: typ, LogDestination: aws.String("arn")}, "")
		assert.Contains(t, messages(problems), "want an ARN, arn:aws:", typ)
	}
	assert.Equal(t, 300, Limit("Lattice"))
	assert.Equal(t, 25, Limit(types.FlowLogsResourceTypeTransitGatewayAttachment))
}

func messages(problems []Problem) string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Path+": "+p.Message)
	}
	return strings.Join(all, "\n")
}

// A type that only the SDK knows has no rules: its IDs, fields and traffic type are
// left to EC2.
func TestRules_LeaveATypeOfTheSDKAloneToEC2(t *testing.T) {
	t.Parallel()
	const lattice = types.FlowLogsResourceType("Lattice")
	in := &ec2.CreateFlowLogsInput{
		ResourceIds:            []string{"svc-1"},
		ResourceType:           lattice,
		LogDestinationType:     "queue",
		LogDestination:         aws.String("arn:aws:sqs:::q"),
		MaxAggregationInterval: aws.Int32(600),
		LogFormat:              aws.String("${tgw-id}"),
	}
	problems := Check(in, "")
	assert.Len(t, problems, 2, "the types themselves, which the SDK does not know")
	for _, p := range problems {
		assert.True(t, p.Unknown, p)
	}
	in.LogDestination, in.TrafficType = nil, "NONE"
	assert.Contains(t, messages(Check(in, "")), "TrafficType: want one of ACCEPT, REJECT, ALL")
	assert.Contains(t, messages(Check(in, "")), "LogDestination: required: the ARN of the destination")
}

func TestCheckIDs_ChecksOneBatch(t *testing.T) {
	t.Parallel()
	vpc := types.FlowLogsResourceTypeVpc
	assert.Empty(t, CheckIDs(vpc, []string{"vpc-00000001", "vpc-00000002"}))
	assert.Empty(t, CheckIDs("Lattice", []string{"svc-1"}), "the type is checked with the settings")
	assert.Equal(t, "ResourceIds: required: the ID of at least one resource", messages(CheckIDs(vpc, nil)))
	assert.Equal(t, strings.Join([]string{
		"ResourceIds[0]: is a NetworkInterface, but the resource type is VPC",
		"ResourceIds[1]: is a NetworkInterface, but the resource type is VPC",
		"ResourceIds[1]: duplicate of ResourceIds[0]",
	}, "\n"), messages(CheckIDs(vpc, []string{"eni-00000001", "eni-00000001"})))
}

func TestCheckFields_NamesTheNearestField(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ field, want string }{
		{"src-addr", "unknown field; the nearest known one is srcaddr"},
		{"tcp_flags", "unknown field; the nearest known one is tcp-flags"},
		{"bytse", "unknown field; the nearest known one is bytes"},
		{"color", "unknown field"},
		{strings.Repeat("srcaddr", 1000), "unknown field"},
	} {
		problems := CheckFields("", []string{test.field})
		assert.Equal(t, "LogFormat: "+test.want, messages(problems))
	}
}

func BenchmarkCheck(b *testing.B) {
	in := &ec2.CreateFlowLogsInput{
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("arn:aws:s3:::bucket"),
	}
	for i := range 300 {
		in.ResourceIds = append(in.ResourceIds, fmt.Sprintf("vpc-%017x", i))
	}
	b.ReportAllocs()
	for b.Loop() {
		if problems := Check(in, ""); len(problems) > 0 {
			b.Fatal(messages(problems))
		}
	}
}
