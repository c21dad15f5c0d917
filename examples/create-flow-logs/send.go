package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// configError is a problem of the configuration, not of the command.
type configError struct{ error }

func (e configError) Unwrap() error { return e.error }

// loadConfig loads the configuration. The profile and Region of the command line
// take precedence.
func loadConfig(ctx context.Context, line commandLine) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithSharedConfigProfile(line.word("profile")),
		config.WithRegion(line.word("region")),
	)
	if err != nil {
		return cfg, configError{err}
	}
	return cfg, nil
}

// hostLabel matches what can be the name of a Region, which becomes part of a host
// name.
var hostLabel = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// connect returns a client that has a Region and credentials.
func connect(ctx context.Context, cfg aws.Config, line commandLine) (*ec2.Client, error) {
	if cfg.Region == "" {
		return nil, configError{errors.New(`no Region: give --region, set AWS_REGION, or run "aws configure"`)}
	}
	if region := line.word("region"); region != "" && !hostLabel.MatchString(region) {
		return nil, wrong(line["region"].typed, region, "want the name of a Region such as us-east-1")
	}
	endpoint := line.word("endpoint-url")
	if u, err := url.Parse(endpoint); endpoint != "" && (err != nil || u.Scheme == "" || u.Host == "") {
		return nil, wrong(line["endpoint-url"].typed, endpoint, "want a URL such as https://ec2.us-east-1.amazonaws.com")
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, configError{fmt.Errorf(`no credentials: run "aws configure", or: %w`, err)}
	}
	return ec2.NewFromConfig(cfg, func(o *ec2.Options) {
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
	}), nil
}

// asTyped is an API that sends the parameters as they were typed. Client.Create
// splits the resources into calls and makes their tokens, but its Request does not
// tell a default that was typed from one that was omitted. The AWS CLI sends only
// what was typed. So each call keeps its resources and token, and takes everything
// else from the command line.
type asTyped struct {
	*ec2.Client // its retry settings and Region apply
	in          *ec2.CreateFlowLogsInput
}

// CreateFlowLogs sends one call.
func (a asTyped) CreateFlowLogs(ctx context.Context, call *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	in := *a.in
	in.ResourceIds, in.ClientToken = call.ResourceIds, call.ClientToken
	return a.Client.CreateFlowLogs(ctx, &in, optFns...)
}
