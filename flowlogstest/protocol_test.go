package flowlogstest_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

const creation = "Action=CreateFlowLogs&Version=2016-11-15&ResourceId.1=vpc-12345678&ResourceType=VPC&TrafficType=ALL" +
	"&LogDestinationType=s3&LogDestination=arn:aws:s3:::my-bucket"

// serve serves one request without a network.
func serve(e *flowlogstest.EC2, method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w
}

func TestServeHTTP_AcceptsSignaturesInTheQueryString(t *testing.T) {
	t.Parallel()
	const version2 = "&AWSAccessKeyId=AKIDEXAMPLE&SignatureVersion=2&SignatureMethod=HmacSHA256&SecurityToken=S&Signature=x%3D"
	tests := []struct{ name, method, target, body string }{
		{"a GET request without a signature", "GET", "/?" + creation, ""},
		{"a presigned GET request", "GET", presigned(t, "GET", creation, ""), ""},
		{"a presigned POST request", "POST", presigned(t, "POST", "", creation), creation},
		{"a presigned POST request without a body", "POST", presigned(t, "POST", creation, ""), ""},
		{"a presigned POST request with parameters in both places", "POST", presigned(t, "POST", "ResourceId.2=vpc-87654321", creation), creation},
		{"signature version 2 in a GET request", "GET", "/?" + creation + version2 + "&Timestamp=2026-01-01T00%3A00%3A00Z", ""},
		{"signature version 2 in a POST request", "POST", "/", creation + version2 + "&Expires=2026-01-01T00%3A00%3A00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := flowlogstest.New()
			got := serve(e, test.method, test.target, test.body)
			assert.Equal(t, 200, got.Code, got.Body)
			assert.Len(t, e.FlowLogs(), max(1, strings.Count(test.target, "ResourceId.2")*2))
			require.Len(t, e.Calls(), 1)
			assert.NotNil(t, e.Calls()[0].Input())
			for name := range e.Calls()[0].Params {
				assert.NotRegexp(t, "X-Amz|Sign|Key|Token|Expires|Timestamp", name)
			}
		})
	}
}

// presigned returns the path and query of a URL that the SDK has signed.
func presigned(t *testing.T, method, query, body string) string {
	t.Helper()
	r, err := http.NewRequest(method, "http://127.0.0.1/?"+query, strings.NewReader(body))
	require.NoError(t, err)
	parameters := r.URL.Query()
	parameters.Set("X-Amz-Expires", "60")
	r.URL.RawQuery = parameters.Encode()
	hash := sha256.Sum256([]byte(body))
	credentials := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "SECRET", SessionToken: "TOKEN"}
	signed, _, err := v4.NewSigner().PresignHTTP(t.Context(), credentials, r, hex.EncodeToString(hash[:]), "ec2", "us-east-1", time.Unix(0, 0))
	require.NoError(t, err)
	u, err := url.Parse(signed)
	require.NoError(t, err)
	require.Subset(t, slices.Collect(maps.Keys(u.Query())), []string{"X-Amz-Signature", "X-Amz-Security-Token"})
	return u.RequestURI()
}

func TestServeHTTP_TakesNoOtherMethodsThanGETAndPOST(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
		e := flowlogstest.New()
		for _, got := range []*httptest.ResponseRecorder{serve(e, method, "/", creation), serve(e, method, "/?"+creation, "")} {
			assert.Equal(t, 405, got.Code, method)
			assert.Equal(t, "GET, POST", got.Header().Get("Allow"))
		}
		assert.Empty(t, e.Calls())
		assert.Empty(t, e.FlowLogs())
	}
}

func TestServeHTTP_IsHealthy(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Inject(flowlogstest.Throttle())
	got := serve(e, "GET", "/", "")
	assert.Equal(t, 200, got.Code)
	assert.Empty(t, e.Calls(), "a health check is not a call, and uses up no fault")
}

func TestServeHTTP_LimitsTheBody(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	padded := func(size int) string {
		const member = "&LogFormat="
		return creation + member + strings.Repeat("x", size-len(creation+member))
	}
	assert.Equal(t, 400, serve(e, "POST", "/", padded(1<<20)).Code)
	assert.Len(t, e.Calls(), 1)
	got := serve(e, "POST", "/", padded(1<<20+1))
	assert.Equal(t, 413, got.Code)
	assert.Equal(t, "want a body of at most 1048576 bytes\n", got.Body.String())
	assert.Len(t, e.Calls(), 1)
}

// If decoding were quadratic in the number of parameters, or in the length of a name,
// this would take minutes.
func TestServeHTTP_DecodesManyParameters(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	body.WriteString(creation)
	const n = 9_900 // net/url takes no more than 10,000 parameters
	for i := range n {
		body.WriteString("&TagSpecification." + strconv.Itoa(i+1) + ".ResourceType=x")
	}
	e := flowlogstest.New()
	got := serve(e, "POST", "/", body.String())
	assert.Contains(t, got.Body.String(), "&#39;x&#39; is not a valid taggable resource type")
	assert.Len(t, e.Calls()[0].Input().TagSpecifications, n)

	got = serve(e, "POST", "/", creation+"&"+strings.Repeat(".", 1<<20-1000)+"=x")
	assert.Contains(t, got.Body.String(), "UnknownParameter")
}

func TestServeHTTP_DropsAConnectionThatIsSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		conn := dial(t, e)
		_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: ec2\r\nContent-Length: 100\r\n\r\nAction=")
		require.NoError(t, err)
		began := time.Now()
		_, err = io.ReadAll(conn)
		require.NoError(t, err)
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.Empty(t, e.Calls())
	})
}

func TestServeHTTP_WaitsForASlowResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.Delay(time.Hour))
		conn := dial(t, e)
		began := time.Now()
		_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: ec2\r\nConnection: close\r\nContent-Length: "+strconv.Itoa(len(creation))+"\r\n\r\n"+creation)
		require.NoError(t, err)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		defer response.Body.Close()
		assert.Equal(t, 200, response.StatusCode)
		assert.Equal(t, time.Hour, time.Since(began))
	})
}

// dial serves e on one connection in memory, whose deadlines are in virtual time.
func dial(t *testing.T, e *flowlogstest.EC2) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	l := &pipe{conns: make(chan net.Conn, 1)}
	l.conns <- server
	s := &http.Server{Handler: e}
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.Serve(l)
	}()
	t.Cleanup(func() {
		client.Close()
		s.Close()
		<-served
	})
	return client
}

// pipe is a listener that accepts the connections sent to it.
type pipe struct{ conns chan net.Conn }

func (p *pipe) Accept() (net.Conn, error) {
	conn, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p *pipe) Close() error {
	close(p.conns)
	return nil
}

func (p *pipe) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
