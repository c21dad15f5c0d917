package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lateClient is a client that checks the end of a request's body after the SDK has
// its response, as net/http does over loopback when it is slow.
type lateClient struct{ body io.ReadCloser }

func (c *lateClient) Do(req *http.Request) (*http.Response, error) {
	if _, err := io.CopyN(io.Discard, req.Body, req.ContentLength); err != nil {
		return nil, err
	}
	c.body = req.Body
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("<R/>"))}, nil
}

func TestReadOnlyBody_IsAtItsEndWhenTheSDKHasClosedIt(t *testing.T) {
	t.Parallel()
	late := &lateClient{}
	tests := []struct {
		name   string
		client aws.HTTPClient
		want   error
	}{
		{"with a plain client the end is an error", late, io.EOF},
		{"with this program's it is the end", readOnlyBody{late}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := ec2.New(ec2.Options{Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: test.client})
			_, err := client.CreateFlowLogs(t.Context(), &ec2.CreateFlowLogsInput{ResourceIds: vpcs(1), ResourceType: "VPC"})
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, late.body)
			assert.Equal(t, test.want, err)
		})
	}
}

func TestConnect_ReadsBodiesOnly(t *testing.T) {
	t.Parallel()
	client, err := connect(t.Context(), aws.Config{Region: "us-east-1", Credentials: aws.AnonymousCredentials{}}, parse([]string{"--no-sign-request"}), settings{})
	require.NoError(t, err)
	assert.IsType(t, readOnlyBody{}, client.Options().HTTPClient)
}
