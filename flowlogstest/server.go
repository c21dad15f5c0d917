package flowlogstest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// ServeHTTP answers one request of the EC2 Query API, by POST or GET, so that
// an EC2 can be served at any address. It does not check signatures: whoever
// reaches it may call it. [NewServer] is for tests.
func (e *EC2) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := r.URL.RawQuery
	if r.Method != http.MethodGet {
		// To the end: the SDK stops sending when an answer comes.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		request = string(body)
	}
	a, err := e.exchange(r.Context(), request)
	if err != nil {
		panic(http.ErrAbortHandler) // cuts the connection
	}
	for name, values := range a.header() {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	io.WriteString(w, a.sent())
	if a.cut {
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Server is an [EC2] that listens on the loopback interface, for clients that
// speak the EC2 Query API: those of all AWS SDKs, the AWS CLI, and the real
// [ec2.Client]. It is safe for concurrent use.
type Server struct {
	// URL is where it listens, such as "http://127.0.0.1:49152".
	URL string

	region    string
	http      *http.Server
	transport *http.Transport
	served    chan struct{} // closed when it takes no more connections
	conns     sync.WaitGroup
}

// NewServer serves e on a free port of 127.0.0.1 until Close. An EC2 can have
// several servers and be called in memory as well: its state is one. NewServer
// panics if there is no port to listen on.
func NewServer(e *EC2) *Server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("flowlogstest: no port to listen on: %v", err))
	}
	s := &Server{
		URL:       "http://" + listener.Addr().String(),
		region:    e.options.Region,
		transport: &http.Transport{MaxIdleConnsPerHost: 64},
		served:    make(chan struct{}),
	}
	s.http = &http.Server{Handler: e, ConnState: s.count}
	go func() {
		defer close(s.served)
		s.http.Serve(listener)
	}()
	return s
}

// Client returns the SDK's own client for the Server, with the SDK's own
// retries. It needs no credentials, no configuration and no environment, and
// works until Close.
func (s *Server) Client(optFns ...func(*ec2.Options)) *ec2.Client {
	return ec2.New(ec2.Options{
		Region:       s.region,
		BaseEndpoint: aws.String(s.URL),
		HTTPClient:   &http.Client{Transport: unhurried{s.transport}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "SECRET", Source: "flowlogstest"}, nil
		}),
	}, optFns...)
}

// Close stops the Server at once: calls that it has not answered yet lose their
// connection. It returns when no goroutine of the Server is left, and may be
// called more than once.
func (s *Server) Close() {
	s.http.Close() // ends the contexts of calls that hang or wait
	<-s.served
	s.conns.Wait()
	s.transport.CloseIdleConnections()
}

// count keeps track of the connections, each of which has a goroutine.
func (s *Server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed:
		s.conns.Done()
	}
}

// unhurried hides everything of a request's body but Read and Close.
//
// The SDK closes the body as soon as it has an answer. Answers over loopback
// can come so early that net/http is still about to make sure that there is no
// more of the body. It does so with [io.Copy], which prefers the body's WriteTo,
// and WriteTo of the SDK's closed body fails with io.EOF. net/http then gives up
// the connection, and a call that has succeeded fails with "use of closed
// network connection". Read of a closed body is just at its end.
type unhurried struct{ http.RoundTripper }

func (t unhurried) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		req = req.Clone(req.Context())
		req.Body = struct{ io.ReadCloser }{req.Body}
	}
	return t.RoundTripper.RoundTrip(req)
}
