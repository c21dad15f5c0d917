package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// configError is something missing or broken on this machine, not in the command.
type configError struct{ error }

func (e configError) Unwrap() error { return e.error }

// loadConfig loads what the machine is configured for. The profile and Region of
// the command line take precedence.
func loadConfig(ctx context.Context, line *commandLine, s settings, stderr io.Writer) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithSharedConfigProfile(line.word("profile")),
		config.WithRegion(line.word("region")),
		config.WithHTTPClient(httpClient(s, line.has("no-verify-ssl"))),
	}
	if line.has("debug") {
		options = append(options, withDebug(stderr))
	}
	if line.has("no-sign-request") {
		options = append(options, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	// Like the AWS CLI, do not read the file if nothing is verified with it.
	if bundle := line.word("ca-bundle"); bundle != "" && !line.has("no-verify-ssl") && !strings.HasPrefix(s.endpoint, "http://") {
		file, err := os.Open(bundle)
		if err != nil {
			return aws.Config{}, fmt.Errorf("--ca-bundle: %w", err)
		}
		defer file.Close()
		options = append(options, config.WithCustomCABundle(file))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cfg, configError{err}
	}
	return cfg, nil
}

// outputFormat returns the format of the output: that of the command line, or
// else of the environment, or else of the profile.
func outputFormat(line *commandLine, cfg aws.Config) (string, error) {
	if format := line.word("output"); format != "" {
		return format, nil
	}
	format, ok := os.LookupEnv("AWS_DEFAULT_OUTPUT")
	if !ok {
		if format, ok = profileOutput(cfg); !ok {
			return "json", nil
		}
	}
	if !slices.Contains(formats, format) {
		return "", fmt.Errorf("configured output format %q: want one of %s", format, strings.Join(formats, ", "))
	}
	return format, nil
}
