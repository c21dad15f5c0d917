package main

import (
	"context"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// connect returns a client for the EC2 that the options name, and a function to be called
// when it is no longer needed.
func connect(ctx context.Context, o options) (client *ec2.Client, disconnect func(), err error) {
	nothing := func() {}
	switch {
	case o.aws:
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, nil, err
		}
		return ec2.NewFromConfig(cfg, func(options *ec2.Options) {
			if o.endpoint != "" {
				options.BaseEndpoint = &o.endpoint
				// The machine may be configured for FIPS or dual-stack, which only AWS
				// offers.
				options.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
				options.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateDisabled
			}
		}, surviveLoopback), nothing, nil
	case o.endpoint != "":
		return clientOf(o.endpoint), nothing, nil
	default:
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		server := newServer(o)
		go server.Serve(listener)
		return clientOf("http://" + listener.Addr().String()), func() { server.Close() }, nil
	}
}

// clientOf returns a client with made-up credentials: those of the machine are for AWS
// only.
func clientOf(url string) *ec2.Client {
	return ec2.New(ec2.Options{
		Region:       "us-east-1",
		BaseEndpoint: &url,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "SECRET"}, nil
		}),
	}, surviveLoopback)
}
