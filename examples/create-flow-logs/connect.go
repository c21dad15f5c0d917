package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// connect returns a client with a Region and credentials.
func connect(ctx context.Context, cfg aws.Config, line *commandLine, s settings) (*ec2.Client, error) {
	if cfg.Region == "" {
		return nil, configError{errors.New(`no Region: give --region, set AWS_REGION, or run "aws configure"`)}
	}
	if !line.has("no-sign-request") {
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return nil, configError{fmt.Errorf(`no credentials: run "aws configure", or: %w`, err)}
		}
	}
	return ec2.NewFromConfig(cfg, func(o *ec2.Options) {
		if s.endpoint != "" {
			o.BaseEndpoint = &s.endpoint
		}
		o.HTTPClient = readOnlyBody{o.HTTPClient}
	}), nil
}

func httpClient(s settings, insecure bool) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = s.connectTimeout }).
		WithReadTimeout(s.readTimeout).
		WithTransportOptions(func(t *http.Transport) {
			if insecure {
				if t.TLSClientConfig == nil {
					t.TLSClientConfig = &tls.Config{}
				}
				t.TLSClientConfig.InsecureSkipVerify = true
			}
		})
}

// readOnlyBody hides every method of a request's body but Read and Close.
//
// The SDK closes the body as soon as it has a response. Over loopback, where an
// emulator is, a response can come so early that net/http has yet to check that
// the body has ended. It does so with [io.Copy], which prefers the body's
// WriteTo, and WriteTo of a closed body of the SDK fails with io.EOF. A call that
// has succeeded then fails with "use of closed network connection", and is
// retried: about one in a hundred calls for 300 resources. Read of a closed body
// reports its end.
type readOnlyBody struct{ aws.HTTPClient }

func (c readOnlyBody) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		req = req.Clone(req.Context())
		req.Body = struct{ io.ReadCloser }{req.Body}
	}
	return c.HTTPClient.Do(req)
}

// asTyped is an API that sends the parameters as they were typed.
//
// Client.Create divides the resources among calls and gives these their tokens,
// but it spells out a Request, where the default LogDestinationType is no longer
// told from the one that was given, nor --no-dry-run from nothing. The AWS CLI
// sends what was given and nothing else. So each call keeps its resources and
// its token, and has all else from the command line.
type asTyped struct {
	*ec2.Client // whose retry settings and Region apply
	in          *ec2.CreateFlowLogsInput
}

// CreateFlowLogs sends one call.
func (a asTyped) CreateFlowLogs(ctx context.Context, call *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	in := *a.in
	in.ResourceIds, in.ClientToken = call.ResourceIds, call.ClientToken
	return a.Client.CreateFlowLogs(ctx, &in, optFns...)
}
