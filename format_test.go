package flowlogs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

func TestDefaultLogFormat_IsAsEC2ShowsIt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		resource flowlogs.ResourceType
		want     string
	}{
		{flowlogs.ResourceTypeVPC, vpcFormat},
		{flowlogs.ResourceTypeRegionalNATGateway, vpcFormat},
		{flowlogs.ResourceTypeTransitGateway, tgwFormat},
		{flowlogs.ResourceTypeTransitGatewayAttachment, tgwFormat},
	} {
		format := flowlogs.DefaultLogFormat(test.resource)
		assert.Equal(t, test.want, format.String())
		assert.Equal(t, format, flowlogs.MustParseLogFormat(test.want))
		format[0] = "changed by the caller"
		assert.Equal(t, test.want, flowlogs.DefaultLogFormat(test.resource).String())
	}
	assert.Nil(t, flowlogs.DefaultLogFormat(flowlogs.ResourceTypeCoreNetwork))
	assert.Nil(t, flowlogs.DefaultLogFormat("LocalGateway"), "a type that this release does not know")
	assert.Empty(t, flowlogs.LogFormat(nil).String())
}

// allFields are the fields of the two tables in AWS's documentation, version by
// version.
var allFields = []string{
	vpcFormat,
	"${vpc-id} ${subnet-id} ${instance-id} ${tcp-flags} ${type} ${pkt-srcaddr} ${pkt-dstaddr}",
	"${region} ${az-id} ${sublocation-type} ${sublocation-id}",
	"${pkt-src-aws-service} ${pkt-dst-aws-service} ${flow-direction} ${traffic-path}",
	"${resource-type} ${tgw-id} ${tgw-attachment-id} ${tgw-src-vpc-account-id} ${tgw-dst-vpc-account-id} ${tgw-src-vpc-id} ${tgw-dst-vpc-id} ${tgw-src-subnet-id} ${tgw-dst-subnet-id} ${tgw-src-eni} ${tgw-dst-eni} ${tgw-src-az-id} ${tgw-dst-az-id} ${tgw-pair-attachment-id} ${packets-lost-no-route} ${packets-lost-blackhole} ${packets-lost-mtu-exceeded} ${packets-lost-ttl-expired}",
	"${ecs-cluster-arn} ${ecs-cluster-name} ${ecs-container-instance-arn} ${ecs-container-instance-id} ${ecs-container-id} ${ecs-second-container-id} ${ecs-service-name} ${ecs-task-definition-arn} ${ecs-task-arn} ${ecs-task-id}",
	"${reject-reason} ${resource-id} ${encryption-status}",
	"${instance-tag} ${instance-tag-2} ${interface-tag} ${interface-tag-2} ${asg-tag} ${asg-tag-2} ${interface-type} ${next-hop-interface-id} ${next-hop-subnet-id} ${next-hop-az-id} ${next-hop-vpc-id} ${next-hop-interface-type}",
}

func TestLogFormat_HasEveryDocumentedField(t *testing.T) {
	t.Parallel()
	all := flowlogs.MustParseLogFormat(strings.Join(allFields, " "))
	assert.Equal(t, 54, countValid(vpcRequest(1), all), "fields of VPCs")
	assert.Equal(t, 36, countValid(tgwRequest(), all), "fields of transit gateways")
	assert.Len(t, flowlogs.DefaultLogFormat(flowlogs.ResourceTypeTransitGateway), 36, "the default has them all")
}

func tgwRequest() flowlogs.Request {
	return flowlogs.Request{ResourceIDs: []string{"tgw-00000001"}, Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::bucket"}}
}

func countValid(req flowlogs.Request, fields flowlogs.LogFormat) int {
	n := 0
	for _, field := range fields {
		req.LogFormat = flowlogs.LogFormat{field}
		req.TagFields = []flowlogs.TagField{{ResourceType: flowlogs.TagFieldInstance, Keys: []string{"k"}}}
		if req.Validate() == nil {
			n++
		}
	}
	return n
}

func TestParseLogFormat_RejectsWhatEC2WouldReject(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ format, want string }{
		{"", "LogFormat: want at least one field, in the form ${field-id}"},
		{" ${version}", `LogFormat " ${version}": want no space before the first field or after the last`},
		{"${version} ", "want no space before the first field or after the last"},
		{" ", "want no space before the first field or after the last"},
		{"${version}\n${bytes}", `want fields in the form ${field-id}, such as ${srcaddr}, not "${version}\n${bytes}"`},
		{"${version},${bytes}", `not "${version},${bytes}"`},
		{"${version", `not "${version"`},
		{"'${version}'", `not "'${version}'"`},
		{"${}", "LogFormat[0]: is empty: want the name of a field"},
		{"${version}  ${}", "LogFormat[1]: is empty: want the name of a field"},
		{"${version} ${source}", `LogFormat "source": unknown field`},
		{"${SrcAddr}", `LogFormat "SrcAddr": unknown field`},
	} {
		format, err := flowlogs.ParseLogFormat(test.format)
		require.ErrorContains(t, err, "flowlogs: invalid request: LogFormat")
		require.ErrorContains(t, err, test.want)
		var invalid *flowlogs.ValidationError
		require.ErrorAs(t, err, &invalid)
		assert.Len(t, invalid.Fields, 1)
		assert.Equal(t, strings.HasSuffix(test.want, "unknown field"), invalid.Fields[0].Unknown)
		assert.Nil(t, format)
		assert.Panics(t, func() { flowlogs.MustParseLogFormat(test.format) })
	}
}

func TestParseLogFormat_TakesSeveralSpacesForOne(t *testing.T) {
	t.Parallel()
	format, err := flowlogs.ParseLogFormat("${version}   ${bytes}")
	require.NoError(t, err)
	assert.Equal(t, "${version} ${bytes}", format.String())
}
