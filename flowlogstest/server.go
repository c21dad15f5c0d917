package flowlogstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

const (
	// maxBody is far more than the largest request of a well-behaved client.
	maxBody = 1 << 20

	// readTimeout is how long a client may take to send a request.
	readTimeout = 10 * time.Second
)

// ServeHTTP serves one request of the EC2 Query API, by POST or GET, so that an EC2 can
// be served at any address. It does not check signatures, in a header or in the query
// string. Requests for other actions go to Options.Fallback. Tests use [NewServer].
//
// A GET request without parameters gets an empty response of status 200 and is no call:
// it is for health checks. Other methods get status 405, and a body of more than 1 MiB
// gets status 413. A client that takes longer than ten seconds to send its body loses the
// connection.
func (e *EC2) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.RawQuery
	switch r.Method {
	case http.MethodGet:
		if query == "" {
			return
		}
	case http.MethodPost:
		body, err := readBody(w, r)
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			http.Error(w, fmt.Sprintf("want a body of at most %d bytes", tooLarge.Limit), http.StatusRequestEntityTooLarge)
			return
		} else if err != nil {
			panic(http.ErrAbortHandler)
		}
		query = join(body, query)
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "want GET or POST", http.StatusMethodNotAllowed)
		return
	}
	res, err := e.respond(r, query)
	if err != nil {
		panic(http.ErrAbortHandler) // closes the connection
	}
	maps.Copy(w.Header(), res.header)
	w.WriteHeader(res.status)
	io.WriteString(w, res.sent())
	if res.truncated {
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// readBody reads to the end: the SDK stops sending when a response comes. At the end
// net/http lifts the deadline, so that a fault may delay the response.
func readBody(w http.ResponseWriter, r *http.Request) (string, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout)) // fails without a connection
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	return string(body), err
}

// join returns the parameters of a POST request. A presigned request has some in its URL.
func join(body, query string) string {
	if body == "" || query == "" {
		return body + query
	}
	return body + "&" + query
}

// serveFallback runs the handler to its end before anything is sent: a fault may still
// delay, truncate or replace the response.
func serveFallback(handler http.Handler, req *http.Request, query string) response {
	req = req.WithContext(req.Context()) // a copy: the request is the caller's
	if req.Method != http.MethodGet {
		req.Body = io.NopCloser(strings.NewReader(query))
		req.ContentLength = int64(len(query))
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, req)
	return response{status: w.Code, header: w.Result().Header, body: w.Body.String()}
}

// Server serves an [EC2] on the loopback interface to clients of the EC2 Query API: the
// [ec2.Client], the AWS SDKs for other languages, and the AWS CLI. It is safe for
// concurrent use.
type Server struct {
	// URL is the endpoint, such as "http://127.0.0.1:49152".
	URL string

	region    string
	http      *http.Server
	transport *http.Transport
	served    chan struct{} // closed when it accepts no more connections
	conns     sync.WaitGroup
}

// NewServer serves e on a free port of 127.0.0.1 until Close. An EC2 can have several
// servers and be called in memory at the same time; they share its state. NewServer
// panics if it cannot listen. It does not work in a bubble of testing/synctest.
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
	s.http = &http.Server{Handler: e, ConnState: s.count, ReadHeaderTimeout: readTimeout}
	go func() {
		defer close(s.served)
		s.http.Serve(listener)
	}()
	return s
}

// Client returns an [ec2.Client] for the Server, with the SDK's default retries. It reads
// no credentials, configuration or environment. It works until Close.
func (s *Server) Client(optFns ...func(*ec2.Options)) *ec2.Client {
	return ec2.New(ec2.Options{
		Region:       s.region,
		BaseEndpoint: aws.String(s.URL),
		HTTPClient:   &http.Client{Transport: readOnlyBody{s.transport}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "SECRET", Source: "flowlogstest"}, nil
		}),
	}, optFns...)
}

// Close stops the Server at once. Calls in flight lose their connection. It returns when
// every goroutine of the Server has exited, and may be called more than once.
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

// readOnlyBody hides every method of a request's body but Read and Close.
//
// The SDK closes the body as soon as it has a response. Over loopback a response can come
// so early that net/http still checks that the body has ended. It does so with [io.Copy],
// which prefers the body's WriteTo, and WriteTo of a closed body of the SDK fails with
// io.EOF. net/http then drops the connection, and a call that has succeeded fails with
// "use of closed network connection". Read of a closed body reports its end.
type readOnlyBody struct{ http.RoundTripper }

func (t readOnlyBody) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		req = req.Clone(req.Context())
		req.Body = struct{ io.ReadCloser }{req.Body}
	}
	return t.RoundTripper.RoundTrip(req)
}
