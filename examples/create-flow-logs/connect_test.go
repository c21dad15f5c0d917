package main

import (
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/examples/create-flow-logs/internal/awscli"
)

func TestConnect_ReadsBodiesOnly(t *testing.T) {
	t.Parallel()
	client, err := connect(t.Context(), aws.Config{Region: "us-east-1", Credentials: aws.AnonymousCredentials{}}, awscli.Parse([]string{"--no-sign-request"}), io.Discard)
	require.NoError(t, err)
	assert.IsType(t, readOnlyBody{}, client.Options().HTTPClient)
}
