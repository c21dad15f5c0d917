package flowlogstest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// withMissingParts makes an account that lacks nearly everything that a request can name.
func withMissingParts(o *flowlogstest.Options) {
	o.Resources = []string{vpc(1)}
	o.Buckets = []string{"flow-logs-bucket", "denied-bucket"}
	o.DeniedBuckets = []string{"denied-bucket"}
	o.Roles = []string{}
}

func TestOptions_RejectsTheCallForWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		in            *ec2.CreateFlowLogsInput
		code, message string
	}{
		{
			"one VPC of two", toBucket(withIDs(vpc(1), vpc(2))),
			"InvalidVpcID.NotFound", "The vpc ID 'vpc-00000000000000002' does not exist",
		},
		{
			"a subnet", toBucket(withResource(types.FlowLogsResourceTypeSubnet, "subnet-12345678")),
			"InvalidSubnetID.NotFound", "The subnet ID 'subnet-12345678' does not exist",
		},
		{
			"a network interface", toBucket(withResource(types.FlowLogsResourceTypeNetworkInterface, "eni-12345678")),
			"InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-12345678' does not exist",
		},
		{
			"a role", toLogGroup(),
			"InvalidParameter", "Unable to assume given IAM role: 'arn:aws:iam::123456789012:role/flow-logs'",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				_, err := call.CreateFlowLogs(t.Context(), test.in)
				assertAPIError(t, err, "CreateFlowLogs", 400, test.code, test.message)
				assert.Empty(t, e.FlowLogs())
			}, withMissingParts)
		})
	}
}

func TestOptions_FailsEachResourceForABucketThatDoesNotDeliver(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, arn, message string }{
		{"missing bucket", "arn:aws:s3:::missing-bucket/prefix", "LogDestination: missing-bucket does not exist"},
		{"denied bucket", "arn:aws:s3:::denied-bucket", "Access Denied for LogDestination: denied-bucket. Please check LogDestination permission"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				out, err := call.CreateFlowLogs(t.Context(), toBucket(withDestination(test.arn), withToken("token")))
				require.NoError(t, err)
				assertEqual(t, &ec2.CreateFlowLogsOutput{
					ClientToken:  aws.String("token"),
					Unsuccessful: []types.UnsuccessfulItem{unsuccessful(vpc(1), "400", test.message)},
				}, out)
				assert.Empty(t, e.FlowLogs())
			}, withMissingParts)
		})
	}
}

func TestOptions_AreCopied(t *testing.T) {
	t.Parallel()
	resources := []string{vpc(1)}
	e := flowlogstest.New(func(o *flowlogstest.Options) { o.Resources = resources })
	resources[0] = vpc(2)
	_, err := e.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(1))))
	require.NoError(t, err)
}
