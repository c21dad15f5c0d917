package main

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// surviveLoopback makes a client survive responses that come as early as those over
// loopback do; see readOnlyBody.
func surviveLoopback(o *ec2.Options) { o.HTTPClient = readOnlyBody{o.HTTPClient} }

// readOnlyBody hides every method of a request's body but Read and Close.
//
// The SDK closes the body as soon as it has a response. If that comes before net/http has
// checked that the body has ended, the check, by WriteTo of the closed body, fails with
// io.EOF, and a call that has succeeded fails with "use of closed network connection".
// Read of a closed body reports its end.
type readOnlyBody struct{ ec2.HTTPClient }

func (c readOnlyBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.HTTPClient.Do(r)
}
