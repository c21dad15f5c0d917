package main

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConnect_ReadsBodiesOnly(t *testing.T) {
	t.Parallel()
	client, err := connect(t.Context(), aws.Config{Region: "us-east-1", Credentials: aws.AnonymousCredentials{}}, parse([]string{"--no-sign-request"}), settings{})
	require.NoError(t, err)
	assert.IsType(t, readOnlyBody{}, client.Options().HTTPClient)
}
