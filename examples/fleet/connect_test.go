package main

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestConnect_CallsAGivenEndpointInSpiteOfFIPSAndDualStack(t *testing.T) {
	configure(t)
	t.Setenv("AWS_USE_FIPS_ENDPOINT", "true")
	t.Setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
	client, disconnect, err := connect(t.Context(), options{aws: true, endpoint: serving(t, flowlogstest.New(), nil)})
	require.NoError(t, err)
	defer disconnect()
	_, err = client.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{})
	require.NoError(t, err)
}
