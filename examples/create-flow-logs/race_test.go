package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/require"
)

// race forces the order of events that makes a plain client fail; see readOnlyBody. The
// whole request is on the wire, the SDK has its response, and only then does net/http
// check that the body of the request has ended.
//
// On a network, this happens to a request that does not fit into the transport's buffer,
// such as one for 300 resources. Here the request fills the buffer exactly.
type race struct {
	size      int64         // of the request, 0 to measure it
	written   atomic.Int64  // bytes of the request
	responded chan struct{} // closed when the SDK reads the response
	checked   chan bool     // whether the check has found the end
	closed    chan struct{} // closed with the connection
	once      sync.Once
}

func newRace(size int64) *race {
	return &race{size: size, responded: make(chan struct{}), checked: make(chan bool, 1), closed: make(chan struct{})}
}

// client returns a client for one call.
func (r *race) client() aws.HTTPClient {
	return raceClient{r, awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.WriteBufferSize = int(r.size)
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return &raceConn{conn, r}, err
		}
	})}
}

type raceConn struct {
	net.Conn
	*race
}

// Write returns late once the whole request is on the wire.
func (c *raceConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if c.written.Add(int64(n)) == c.size {
		<-c.responded
	}
	return n, err
}

func (c *raceConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

type raceClient struct {
	*race
	next aws.HTTPClient
}

func (c raceClient) Do(req *http.Request) (*http.Response, error) {
	if c.size > 0 {
		req = req.Clone(req.Context())
		watched := watchedBody{req.Body, c.race}
		req.Body = watched
		if w, ok := watched.ReadCloser.(io.WriterTo); ok { // net/http looks for this method
			req.Body = watchedWriterTo{watched, w}
		}
	}
	resp, err := c.next.Do(req)
	if err == nil && c.size > 0 {
		resp.Body = &lateBody{ReadCloser: resp.Body, race: c.race}
	}
	return resp, err
}

// watchedBody is the body of a request.
type watchedBody struct {
	io.ReadCloser
	*race
}

func (b watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.written.Load() == b.size {
		b.report(n == 0 && err == io.EOF)
	}
	return n, err
}

func (r *race) report(ended bool) {
	select {
	case r.checked <- ended:
	default:
	}
}

type watchedWriterTo struct {
	watchedBody
	to io.WriterTo
}

func (b watchedWriterTo) WriteTo(w io.Writer) (int64, error) {
	n, err := b.to.WriteTo(w)
	b.report(n == 0 && err == nil)
	return n, err
}

// lateBody is the body of a response. Its first Read comes after the SDK has closed the
// body of the request, and waits until net/http has checked that body.
type lateBody struct {
	io.ReadCloser
	*race
	read bool
}

func (b *lateBody) Read(p []byte) (int, error) {
	if !b.read {
		b.read = true
		close(b.responded)
		if ended := <-b.checked; !ended {
			<-b.closed
		}
	}
	return b.ReadCloser.Read(p)
}

func TestReadOnlyBody_SurvivesAResponseThatComesEarly(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	call := func(client aws.HTTPClient) error {
		_, err := ec2.New(ec2.Options{
			Region: "us-east-1", BaseEndpoint: &c.url, Credentials: aws.AnonymousCredentials{}, HTTPClient: client, Retryer: aws.NopRetryer{},
		}).CreateFlowLogs(t.Context(), &ec2.CreateFlowLogsInput{
			ClientToken: aws.String("token"), ResourceIds: vpcs(300), ResourceType: "VPC", TrafficType: "ALL",
			LogDestinationType: "s3", LogDestination: aws.String("arn:aws:s3:::my-bucket"),
		})
		return err
	}
	measured := newRace(0)
	require.NoError(t, call(readOnlyBody{measured.client()}))
	size := measured.written.Load()

	require.NoError(t, call(readOnlyBody{newRace(size).client()}))
	require.ErrorContains(t, call(newRace(size).client()), "use of closed network connection",
		"a plain client survives as well: readOnlyBody is no longer needed")
}
