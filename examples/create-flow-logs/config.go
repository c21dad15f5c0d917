package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"github.com/go-flowlogs/flowlogs/examples/create-flow-logs/internal/awscli"
)

// configError is an error in the configuration of this machine, not in the command.
type configError struct{ error }

func (e configError) Unwrap() error { return e.error }

// loadConfig loads the configuration of the machine. The profile and Region of the
// command line take precedence.
func loadConfig(ctx context.Context, cmd *awscli.Command) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRegion(cmd.Word("region")),
		config.WithHTTPClient(httpClient(cmd)),
		config.WithLogger(logging.Nop{}), // like the AWS CLI, without warnings
	}
	if cmd.Has("no-sign-request") {
		options = append(options, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	// Like the AWS CLI, accept a missing file of certificates if it is not used.
	verifies := !cmd.Has("no-verify-ssl") && !strings.HasPrefix(cmd.Settings.Endpoint, "http://")
	if path := cmd.Word("ca-bundle"); path != "" {
		bundle, err := os.ReadFile(path)
		switch {
		case err == nil:
			options = append(options, withBundle(bundle))
		case verifies:
			return aws.Config{}, fmt.Errorf("--ca-bundle: %w", err)
		}
	}
	cfg, err := loadProfile(ctx, cmd.Word("profile"), options)
	if err != nil && !verifies {
		cfg, err = loadProfile(ctx, cmd.Word("profile"), append(options, withBundle(unusedBundle())))
	}
	if err = cmp.Or(checkAttempts(cfg), err, checkKeys(cmd)); err != nil {
		return cfg, configError{err}
	}
	return cfg, nil
}

// loadProfile loads a profile. An empty name means the profile of the environment. Unlike
// the AWS CLI, the SDK takes the quotation marks of [profile "a b"] for a part of the
// name.
func loadProfile(ctx context.Context, name string, options []func(*config.LoadOptions) error) (aws.Config, error) {
	load := func(name string) (aws.Config, error) {
		return config.LoadDefaultConfig(ctx, append(options[:len(options):len(options)], config.WithSharedConfigProfile(name))...)
	}
	cfg, err := load(name)
	if env, _ := config.NewEnvConfig(); name == "" {
		name = env.SharedConfigProfile
		if env.Credentials.HasKeys() { // they take precedence over such a profile
			keys := config.WithCredentialsProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return env.Credentials, nil
			}))
			options = append([]func(*config.LoadOptions) error{keys}, options...) // unsigned requests have none
		}
	}
	for _, quote := range []string{`"`, `'`} {
		var missing config.SharedConfigProfileNotExistError
		if !errors.As(err, &missing) {
			break
		}
		if quoted, err := load(quote + name + quote); err == nil {
			return quoted, nil
		}
	}
	return cfg, err
}

// withBundle returns an option that takes precedence over the bundle of the environment
// and of the profile. It may be used more than once, unlike config.WithCustomCABundle.
func withBundle(bundle []byte) config.LoadOptionsFunc {
	return func(o *config.LoadOptions) error {
		o.CustomCABundle = bytes.NewReader(bundle)
		return nil
	}
}

// unusedBundle returns a certificate whose key is thrown away. If nothing is verified, it
// replaces a bundle that cannot be read, because the SDK reads every bundle that is
// named.
func unusedBundle() []byte {
	public, private, _ := ed25519.GenerateKey(rand.Reader) // never fails
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate, _ := x509.CreateCertificate(rand.Reader, template, template, public, private) // a template that works
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
}
