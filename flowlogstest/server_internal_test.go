package flowlogstest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// late is a transport that checks the end of a request's body after the SDK has its
// response, as net/http's does when it is slow.
type late struct{ body io.ReadCloser }

func (l *late) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := io.CopyN(io.Discard, req.Body, req.ContentLength); err != nil {
		return nil, err
	}
	l.body = req.Body
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("<R/>"))}, nil
}

func TestReadOnlyBody_IsAtItsEndWhenTheSDKHasClosedIt(t *testing.T) {
	t.Parallel()
	s := NewServer(New())
	t.Cleanup(s.Close)
	network := &late{}
	client := s.Client(func(o *ec2.Options) {
		o.HTTPClient = &http.Client{Transport: readOnlyBody{network}}
	})
	_, err := client.DescribeFlowLogs(t.Context(), nil)
	require.NoError(t, err)

	_, err = io.Copy(io.Discard, network.body)
	assert.NoError(t, err)
}

func TestServer_ClientReadsBodiesOnly(t *testing.T) {
	t.Parallel()
	s := NewServer(New())
	t.Cleanup(s.Close)
	assert.IsType(t, readOnlyBody{}, s.Client().Options().HTTPClient.(*http.Client).Transport)
}
