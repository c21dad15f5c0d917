package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/logging"

	"github.com/go-flowlogs/flowlogs/examples/create-flow-logs/internal/awscli"
)

// connect returns a client with a Region and credentials.
func connect(ctx context.Context, cfg aws.Config, cmd *awscli.Command, stderr io.Writer) (*ec2.Client, error) {
	if cfg.Region == "" {
		return nil, configError{errors.New(`no Region: give --region, set AWS_REGION, or run "aws configure"`)}
	}
	if !cmd.Has("no-sign-request") {
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return nil, configError{fmt.Errorf(`no credentials: run "aws configure", or: %w`, err)}
		}
	}
	return ec2.NewFromConfig(cfg, func(o *ec2.Options) {
		if cmd.Settings.Endpoint != "" {
			o.BaseEndpoint = &cmd.Settings.Endpoint
		}
		if o.BaseEndpoint != nil { // which has no FIPS or dual-stack variant
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateDisabled
		}
		if cmd.Has("debug") {
			logTo(o, stderr)
		}
		o.HTTPClient = readOnlyBody{o.HTTPClient}
	}), nil
}

// logTo logs every request, response and retry of this client. The clients of credentials
// providers are not logged: their bodies are secrets.
func logTo(o *ec2.Options, w io.Writer) {
	o.ClientLogMode = aws.LogRequestWithBody | aws.LogResponseWithBody | aws.LogRetries
	o.Logger = logging.NewStandardLogger(withoutSecrets{w})
}

// withoutSecrets hides signatures, session tokens and passwords, so that a log can be
// shown to others.
type withoutSecrets struct{ io.Writer }

var secrets = regexp.MustCompile(`(?im)(^X-Amz-Security-Token: |^Authorization: Basic |Signature=)[^\r\n]+`)

func (w withoutSecrets) Write(p []byte) (int, error) {
	if _, err := w.Writer.Write(secrets.ReplaceAll(p, []byte("${1}[hidden]"))); err != nil {
		return 0, err
	}
	return len(p), nil
}

func httpClient(cmd *awscli.Command) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = cmd.Settings.ConnectTimeout }).
		WithReadTimeout(cmd.Settings.ReadTimeout).
		WithTransportOptions(func(t *http.Transport) {
			if cmd.Has("no-verify-ssl") {
				if t.TLSClientConfig == nil {
					t.TLSClientConfig = &tls.Config{}
				}
				t.TLSClientConfig.InsecureSkipVerify = true
			}
		})
}

// readOnlyBody hides every method of a request's body but Read and Close.
//
// The SDK closes the body as soon as it has a response. If that comes before net/http has
// checked that the body has ended, as it can from an emulator over loopback, the check,
// by WriteTo of the closed body, fails with io.EOF, and a call that has succeeded fails
// with "use of closed network connection": about one in a hundred calls for 300
// resources. Read of a closed body reports its end.
type readOnlyBody struct{ aws.HTTPClient }

func (c readOnlyBody) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		req = req.Clone(req.Context())
		req.Body = struct{ io.ReadCloser }{req.Body}
	}
	return c.HTTPClient.Do(req)
}

// asTyped is an API that sends exactly the parameters that were typed, as the AWS CLI
// does.
//
// Client.Create divides the resources among calls and gives each call a token. But its
// Request does not tell whether the default LogDestinationType or --no-dry-run was typed.
// So a call keeps its resources and its token, and gets all other parameters from the
// command line.
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
