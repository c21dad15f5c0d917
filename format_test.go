package flowlogs_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

// The default formats as EC2 shows them.
const (
	vpcFormat = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
	tgwFormat = "${version} ${resource-type} ${account-id} ${tgw-id} ${tgw-attachment-id} ${tgw-src-vpc-account-id} ${tgw-dst-vpc-account-id} ${tgw-src-vpc-id} ${tgw-dst-vpc-id} ${tgw-src-subnet-id} ${tgw-dst-subnet-id} ${tgw-src-eni} ${tgw-dst-eni} ${tgw-src-az-id} ${tgw-dst-az-id} ${tgw-pair-attachment-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${log-status} ${type} ${packets-lost-no-route} ${packets-lost-blackhole} ${packets-lost-mtu-exceeded} ${packets-lost-ttl-expired} ${tcp-flags} ${region} ${flow-direction} ${pkt-src-aws-service} ${pkt-dst-aws-service}"
)

func TestDefaultLogFormats(t *testing.T) {
	t.Parallel()
	for resource, want := range map[flowlogs.ResourceType]string{
		flowlogs.ResourceTypeVPC:                      vpcFormat,
		flowlogs.ResourceTypeRegionalNATGateway:       vpcFormat,
		flowlogs.ResourceTypeTransitGateway:           tgwFormat,
		flowlogs.ResourceTypeTransitGatewayAttachment: tgwFormat,
	} {
		format := flowlogs.DefaultLogFormat(resource)
		assert.Equal(t, want, format.String())
		parsed, err := flowlogs.ParseLogFormat(want)
		require.NoError(t, err)
		assert.Equal(t, format, parsed)
		for _, field := range format {
			assert.True(t, field.ValidFor(resource), field)
		}
		format[0] = "changed by the caller"
		assert.Equal(t, want, flowlogs.DefaultLogFormat(resource).String())
	}
}

// allFields are the fields of the two tables in AWS's documentation, by version.
var allFields = map[int]string{
	2:  vpcFormat,
	3:  "${vpc-id} ${subnet-id} ${instance-id} ${tcp-flags} ${type} ${pkt-srcaddr} ${pkt-dstaddr}",
	4:  "${region} ${az-id} ${sublocation-type} ${sublocation-id}",
	5:  "${pkt-src-aws-service} ${pkt-dst-aws-service} ${flow-direction} ${traffic-path}",
	6:  "${resource-type} ${tgw-id} ${tgw-attachment-id} ${tgw-src-vpc-account-id} ${tgw-dst-vpc-account-id} ${tgw-src-vpc-id} ${tgw-dst-vpc-id} ${tgw-src-subnet-id} ${tgw-dst-subnet-id} ${tgw-src-eni} ${tgw-dst-eni} ${tgw-src-az-id} ${tgw-dst-az-id} ${tgw-pair-attachment-id} ${packets-lost-no-route} ${packets-lost-blackhole} ${packets-lost-mtu-exceeded} ${packets-lost-ttl-expired}",
	7:  "${ecs-cluster-arn} ${ecs-cluster-name} ${ecs-container-instance-arn} ${ecs-container-instance-id} ${ecs-container-id} ${ecs-second-container-id} ${ecs-service-name} ${ecs-task-definition-arn} ${ecs-task-arn} ${ecs-task-id}",
	8:  "${reject-reason}",
	9:  "${resource-id}",
	10: "${encryption-status}",
	11: "${instance-tag} ${instance-tag-2} ${interface-tag} ${interface-tag-2} ${asg-tag} ${asg-tag-2} ${interface-type} ${next-hop-interface-id} ${next-hop-subnet-id} ${next-hop-az-id} ${next-hop-vpc-id} ${next-hop-interface-type}",
}

func TestEveryDocumentedFieldIsKnown(t *testing.T) {
	t.Parallel()
	ofVPC, ofTransitGateway := 0, 0
	for version, s := range allFields {
		format, err := flowlogs.ParseLogFormat(s)
		require.NoError(t, err)
		assert.Equal(t, version, format.Version())
		for _, field := range format {
			assert.Equal(t, version, field.Version(), field)
			if field.ValidFor(flowlogs.ResourceTypeSubnet) {
				ofVPC++
			}
			if field.ValidFor(flowlogs.ResourceTypeTransitGateway) {
				ofTransitGateway++
			}
		}
	}
	assert.Equal(t, 54, ofVPC)
	assert.Equal(t, 36, ofTransitGateway)
	assert.Len(t, flowlogs.DefaultLogFormat(flowlogs.ResourceTypeTransitGateway), 36, "the default has them all")
	assert.Zero(t, flowlogs.Field("color").Version())
	assert.False(t, flowlogs.Field("color").ValidFor(flowlogs.ResourceTypeVPC))
	assert.Equal(t, 2, flowlogs.LogFormat(nil).Version())
	assert.Empty(t, flowlogs.LogFormat(nil).String())
}

func TestParseLogFormatIsStrict(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"":                     "flowlogs: invalid request: LogFormat: want fields separated by single spaces, none before the first or after the last",
		"${version}  ${bytes}": "single spaces",
		"${version}\n${bytes}": `unknown field "version}\n${bytes"`,
		"${version":            `want fields in the form ${field-id}, not "${version"`,
		"${}":                  `unknown field ""`,
		"'${version}'":         `not "'${version}'"`,
	} {
		format, err := flowlogs.ParseLogFormat(s)
		require.ErrorContains(t, err, want)
		assert.Nil(t, format)
	}
}
