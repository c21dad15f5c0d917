package main

import (
	"bytes"
	"flag"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

func TestQuickstart_RunsWithoutAWS(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &out))
	assert.Regexp(t, `(?s)three VPCs.*"ClientToken": "[0-9a-f-]{36}",\s+"FlowLogIds": \[\s+"fl-[0-9a-f]{17}",\s+"fl-[0-9a-f]{17}",\s+"fl-[0-9a-f]{17}"\s+\],\s+"Unsuccessful": \[\]`, out.String())
	assert.Regexp(t, `(?s)network interface.*"FlowLogIds": \[\s+"fl-[0-9a-f]{17}"\s+\]`, out.String())
	assert.Regexp(t, `(?s)Two subnets.*"ResourceId": "subnet-1a2b3c4d".*\nsubnet-1a2b3c4d has no flow log: .*\n  reason: DestinationAccessDenied\n  hint:   \w`, out.String())
}

func TestQuickstart_ValidatesBeforeItSends(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "")
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_REGION", "us-east-1")
	var out bytes.Buffer
	err := run(t.Context(), []string{"-aws", "vpc-0a1b2c3d", "i-0a1b2c3d"}, &out)
	require.ErrorIs(t, err, flowlogs.ErrInvalidParameter)
	require.ErrorContains(t, err, "Destination.RoleARN: required")
	require.ErrorContains(t, err, `ResourceIDs[1] "i-0a1b2c3d"`)
	assert.Empty(t, out.String())
}

func TestQuickstart_RejectsOtherArguments(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), []string{"vpc-0a1b2c3d"}, &bytes.Buffer{}), `["vpc-0a1b2c3d"]: resource IDs need -aws`)
	require.ErrorIs(t, run(t.Context(), []string{"-help"}, &bytes.Buffer{}), flag.ErrHelp)
}
