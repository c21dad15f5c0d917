package flowlogstest_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestServer_RejectsMalformedRequests(t *testing.T) {
	t.Parallel()
	const noIDs = "Action=CreateFlowLogs&ResourceType=VPC&TrafficType=ALL&LogDestinationType=s3&LogDestination=arn:aws:s3:::b"
	const bucket = "Action=CreateFlowLogs&ResourceId.1=vpc-12345678&ResourceType=VPC&TrafficType=ALL&LogDestinationType=s3&LogDestination=arn:aws:s3:::b"
	const valid = noIDs + "&ResourceId.1=vpc-12345678"
	tests := []struct{ name, body, code, message string }{
		{"no action", "Version=2016-11-15", "MissingAction", "The request is missing an action"},
		{"another action", "Action=RunInstances", "InvalidAction", "The action RunInstances is not valid for this web service."},
		{"JSON", `{"Action":"CreateFlowLogs"}`, "MissingAction", "The request is missing an action"},
		{"broken escape", "Action=%zz", "MalformedQueryString", "The query string contains a syntax error"},
		{"parameter twice", "Action=DescribeFlowLogs&DryRun=true&DryRun=true", "InvalidQueryParameter", "The parameter DryRun is given more than once"},
		{"no resources", noIDs, "MissingParameter", "The request must contain the parameter ResourceId"},
		{"no resource type", "Action=CreateFlowLogs&ResourceId.1=vpc-12345678", "MissingParameter", "The request must contain the parameter ResourceType"},
		{"unknown parameter", valid + "&Color=red", "UnknownParameter", "The parameter Color is not recognized"},
		{"case of a parameter", valid + "&dryRun=true", "UnknownParameter", "The parameter dryRun is not recognized"},
		{"list with a gap", valid + "&ResourceId.3=vpc-87654321", "UnknownParameter", "The parameter ResourceId.3 is not recognized"},
		{"list from 0", noIDs + "&ResourceId.0=vpc-12345678", "UnknownParameter", "The parameter ResourceId.0 is not recognized"},
		{"list without number", noIDs + "&ResourceId=vpc-12345678", "UnknownParameter", "The parameter ResourceId is not recognized"},
		{"part of a structure", valid + "&TagSpecification.1.Tag.1.Name=x", "UnknownParameter", "The parameter TagSpecification.1.Tag.1.Name is not recognized"},
		{"number", valid + "&MaxAggregationInterval=1m", "InvalidParameterValue", "Value (1m) for parameter MaxAggregationInterval is invalid."},
		{"number with a plus sign", valid + "&MaxAggregationInterval=%2B60", "InvalidParameterValue", "Value (+60) for parameter MaxAggregationInterval is invalid."},
		{"empty number", valid + "&MaxAggregationInterval=", "InvalidParameterValue", "Value () for parameter MaxAggregationInterval is invalid."},
		{"version that never was", valid + "&Version=2016-11-16", "NoSuchVersion", "The requested version (2016-11-16) of service AmazonEC2 does not exist"},
		{"version before flow logs", valid + "&Version=2015-03-01", "NoSuchVersion", "The requested version (2015-03-01) of service AmazonEC2 does not exist"},
		{"line break after a bucket", bucket + "%0A", "InvalidParameter", "LogDestination: arn:aws:s3:::b&#xA; is not a valid ARN"},
		{"line break after a folder", bucket + "/f%0A", "InvalidParameter", "LogDestination: arn:aws:s3:::b/f&#xA; is not a valid ARN"},
		{"line break in a token", valid + "&ClientToken=a%0A", "InvalidClientToken", "The specified client token is not valid"},
		{"control character in a token", valid + "&ClientToken=a%7F", "InvalidClientToken", "The specified client token is not valid"},
		{"boolean", valid + "&DryRun=yes", "InvalidParameterValue", "Value (yes) for parameter DryRun is invalid."},
		{"the first of two problems", valid + "&DryRun=yes&MaxAggregationInterval=1m", "InvalidParameterValue", "Value (yes) for parameter DryRun is invalid."},
		{"parameter of another operation", "Action=DescribeFlowLogs&ResourceId.1=x", "UnknownParameter", "The parameter ResourceId.1 is not recognized"},
		{"unknown parameter of a deletion", "Action=DeleteFlowLogs&FlowLogId.1=x&Force=true", "UnknownParameter", "The parameter Force is not recognized"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := flowlogstest.New()
			s := flowlogstest.NewServer(e)
			t.Cleanup(s.Close)
			status, header, body := post(t, s.URL, test.body)
			assert.Equal(t, 400, status)
			assert.Equal(t, "text/xml;charset=UTF-8", header.Get("Content-Type"))
			assert.Equal(t, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+
				"<Response><Errors><Error><Code>"+test.code+"</Code><Message>"+test.message+"</Message></Error></Errors>"+
				"<RequestID>00000000-0000-4000-8000-000000000001</RequestID></Response>", body)
			assert.Equal(t, test.code, e.Calls()[0].ErrorCode)
			assert.Empty(t, e.FlowLogs())
		})
	}
}

func post(t *testing.T, url, body string) (int, http.Header, string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{Transport: transport}
	response, err := client.Post(url, "application/x-www-form-urlencoded", strings.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	received, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, response.Header, string(received)
}

func TestRespond_HasNothingOfEC2(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	s := flowlogstest.NewServer(e)
	t.Cleanup(s.Close)
	e.Inject(flowlogstest.Respond(502, "<html><body>Bad Gateway</body></html>"))
	status, header, body := post(t, s.URL, "Action=DescribeFlowLogs")
	assert.Equal(t, 502, status)
	assert.Equal(t, "text/html; charset=utf-8", header.Get("Content-Type"))
	assert.Empty(t, header.Get("X-Amzn-Requestid"))
	assert.Equal(t, "<html><body>Bad Gateway</body></html>", body)
}

func TestServer_SharesTheEC2WithOthers(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New(func(o *flowlogstest.Options) { o.Region = "eu-central-1" })
	one, two := flowlogstest.NewServer(e), flowlogstest.NewServer(e)
	t.Cleanup(one.Close)
	t.Cleanup(two.Close)
	assert.Equal(t, "eu-central-1", one.Client().Options().Region)
	for n, call := range []api{e, one.Client(), two.Client()} {
		out, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(n))))
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(n + 1)}, out.FlowLogIds)
	}
}

func TestServer_ClientIgnoresTheEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("AWS_ACCESS_KEY_ID", "REAL")
	t.Setenv("AWS_REGION", "ap-south-1")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	e := flowlogstest.New()
	s := flowlogstest.NewServer(e)
	t.Cleanup(s.Close)
	client := s.Client()
	_, err := client.CreateFlowLogs(t.Context(), toBucket())
	require.NoError(t, err)
	credentials, err := client.Options().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, "REAL", credentials.AccessKeyID)
	assert.Equal(t, "us-east-1", client.Options().Region)
}

// It is not parallel: it would count the goroutines of other tests.
func TestServer_CloseLeavesNoGoroutine(t *testing.T) {
	e := flowlogstest.New()
	s := flowlogstest.NewServer(e)
	client := s.Client(withoutRetries)
	for n := range 3 {
		_, err := client.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(n))))
		require.NoError(t, err)
	}
	hanging := make(chan struct{})
	e.Inject(
		flowlogstest.LoseResponse(), flowlogstest.TruncateResponse(),
		flowlogstest.Hang().On(func(c flowlogstest.Call) bool {
			if c.ClientToken != "hang" {
				return false
			}
			close(hanging)
			return true
		}),
	)
	for range 2 {
		_, err := client.DescribeFlowLogs(t.Context(), nil)
		require.Error(t, err)
	}
	failed := make(chan error)
	go func() {
		_, err := client.CreateFlowLogs(t.Context(), toBucket(withToken("hang")))
		failed <- err
	}()
	<-hanging
	s.Close()
	s.Close()
	require.Error(t, <-failed, "a call that hangs ends with the server")
	_, err := client.CreateFlowLogs(t.Context(), toBucket())
	require.Error(t, err)

	noGoroutines(t)
}

// noGoroutines waits until the goroutines of net/http have exited, which they do once
// their connection is closed. Otherwise it fails with the stacks of the rest.
func noGoroutines(t *testing.T) {
	t.Helper()
	var left []string
	for range 10_000 {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		left = left[:0]
		for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
			if bytes.Contains(stack, []byte("net/http")) || bytes.Contains(stack, []byte("flowlogstest.(*")) {
				left = append(left, string(stack))
			}
		}
		if len(left) == 0 {
			return
		}
		runtime.Gosched()
	}
	t.Fatalf("goroutines left:\n%s", strings.Join(left, "\n\n"))
}

var _ http.Handler = (*flowlogstest.EC2)(nil)
