package simulation

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Config returns the configuration of a worker that calls an organization at a URL:
// its credentials are made up.
func Config(url string) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(url),
		HTTPClient:   readOnlyBody{awshttp.NewBuildableClient()}, // one for all accounts
		Credentials:  credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "SECRET", ""),
	}
}

// readOnlyBody hides every method of a request's body but Read and Close, so that a
// client survives responses that come as early as those over loopback do.
//
// The SDK closes the body as soon as it has a response. If that comes before
// net/http has checked that the body has ended, the check, by WriteTo of the closed
// body, fails with io.EOF, and a call that has succeeded fails with "use of closed
// network connection". Read of a closed body reports its end.
type readOnlyBody struct{ aws.HTTPClient }

func (c readOnlyBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.HTTPClient.Do(r)
}
