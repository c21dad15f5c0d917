package main

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEmulator_HasOnlyTheBucketsOfItsOptions(t *testing.T) {
	t.Parallel()
	const (
		missing = "LogDestination: other-bucket does not exist"
		denied  = "Access Denied for LogDestination: denied-bucket. Please check LogDestination permission"
	)
	tests := []struct {
		name, bucket, want string
		args               []string
	}{
		{"a bucket of the list", "my-bucket", "", []string{"-buckets", "a-bucket,my-bucket"}},
		{"a bucket that is not in the list", "other-bucket", missing, []string{"-buckets", "a-bucket,my-bucket"}},
		{"any bucket if the list is empty", "other-bucket", missing, []string{"-buckets="}},
		{"a denied bucket", "denied-bucket", denied, []string{"-denied-buckets", "denied-bucket"}},
		{"a denied bucket beside a list of buckets", "denied-bucket", denied, []string{"-buckets", "my-bucket", "-denied-buckets", "denied-bucket"}},
		{"another bucket than the denied one", "other-bucket", "", []string{"-denied-buckets", "denied-bucket"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := start(t, tt.args...).CreateFlowLogs(t.Context(), toBucket(tt.bucket, "vpc-0a1b2c3d"))
			require.NoError(t, err)
			if tt.want == "" {
				assert.Empty(t, out.Unsuccessful)
				return
			}
			require.Len(t, out.Unsuccessful, 1)
			assert.Equal(t, "400", *out.Unsuccessful[0].Error.Code)
			assert.Equal(t, tt.want, *out.Unsuccessful[0].Error.Message)
		})
	}
}

func TestEmulator_RejectsAnUnknownResource(t *testing.T) {
	t.Parallel()
	client := start(t, "-resources", "vpc-0a1b2c3d,vpc-1a2b3c4d")
	_, err := client.CreateFlowLogs(t.Context(), request("vpc-0a1b2c3d", "vpc-1a2b3c4d"))
	require.NoError(t, err)
	_, err = client.CreateFlowLogs(t.Context(), request("vpc-2a3b4c5d"))
	require.ErrorContains(t, err, "InvalidVpcID.NotFound")
}

func TestEmulator_RejectsAnUnknownRole(t *testing.T) {
	t.Parallel()
	client := start(t, "-roles", "arn:aws:iam::123456789012:role/other")
	_, err := client.CreateFlowLogs(t.Context(), request("vpc-0a1b2c3d"))
	require.ErrorContains(t, err, "Unable to assume given IAM role")
}

func TestEmulator_ShowsTheFailedDeliveryToAMissingLogGroup(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, want string
		args       []string
	}{
		{"at once", "FAILED", []string{"-log-groups", "other", "-failed-after", "0s"}},
		{"after ten minutes by default", "SUCCESS", []string{"-log-groups", "other"}},
		{"not for a log group of the list", "SUCCESS", []string{"-log-groups", "other,my-flow-logs", "-failed-after", "0s"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := start(t, tt.args...)
			_, err := client.CreateFlowLogs(t.Context(), request("vpc-0a1b2c3d"))
			require.NoError(t, err)
			described, err := client.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{})
			require.NoError(t, err)
			require.Len(t, described.FlowLogs, 1)
			assert.Equal(t, tt.want, *described.FlowLogs[0].DeliverLogsStatus)
		})
	}
}
