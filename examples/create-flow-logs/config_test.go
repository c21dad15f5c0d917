package main

import (
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestCreateFlowLogs_TakesTheOutputFormatFromTheProfile(t *testing.T) {
	const (
		asText = "token\nFLOWLOGIDS\tfl-00000000000000001\n"
		asYAML = "ClientToken: token\nFlowLogIds:\n- fl-00000000000000001\nUnsuccessful: []\n"
	)
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	keys := "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = SECRET\n"
	t.Setenv("AWS_CONFIG_FILE", write("config", `
# output = json
[default]
s3 =
  output = json
Output = text
[profile "in yaml"]
output: yaml
[profile bad]
output = xml
[profile both]
output = text
`))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", write("credentials", "[in yaml]\n"+keys+"[bad]\n"+keys+"[both]\noutput = yaml\n"+keys))

	tests := []struct {
		name    string
		profile string // of the environment
		args    []string
		want    outcome
	}{
		{"the default profile", "", nil, outcome{0, asText, ""}},
		{"a profile of the command line", "", []string{"--profile", "in yaml"}, outcome{0, asYAML, ""}},
		{"a profile of the environment", "in yaml", nil, outcome{0, asYAML, ""}},
		{"the command line first", "in yaml", []string{"--output", "text"}, outcome{0, asText, ""}},
		{"the credentials file before the configuration file", "both", nil, outcome{0, asYAML, ""}},
		{"an unknown format", "bad", nil, outcome{255, "", "create-flow-logs: configured output format \"xml\": want one of json, text, table, yaml, yaml-stream, off\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.profile != "" {
				t.Setenv("AWS_PROFILE", test.profile)
			}
			c := newCloud(t)
			assert.Equal(t, test.want, c.run(t.Context(), toBucket(also(test.args, "--client-token", "token", "--resource-ids", vpc(1))...)...))
		})
	}
	t.Run("the environment before the profile", func(t *testing.T) {
		t.Setenv("AWS_DEFAULT_OUTPUT", "yaml")
		c := newCloud(t)
		assert.Equal(t, outcome{0, asYAML, ""}, c.run(t.Context(), toBucket("--client-token", "token", "--resource-ids", vpc(1))...))
	})
}

func TestCreateFlowLogs_VerifiesTheServer(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	withProfile(t, "[profile \"a b\"]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = SECRET\n")
	server := httptest.NewUnstartedServer(flowlogstest.New())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that reject it
	server.StartTLS()
	t.Cleanup(server.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(bundle, certificate, 0o600))

	tests := []struct {
		name   string
		args   []string
		status int
		want   string // of stderr
	}{
		{"with the certificates of the system", nil, 255, "certificate signed by unknown authority"},
		{"with those of a bundle", []string{"--ca-bundle", bundle}, 0, ""},
		{"with those of a bundle, for a profile in quotation marks", []string{"--ca-bundle", bundle, "--profile", "a b"}, 0, ""},
		{"not at all if told so", []string{"--no-verify-ssl"}, 0, ""},
		{"not even with a bundle", []string{"--no-verify-ssl", "--ca-bundle", "missing.pem"}, 0, ""},
		{"only with a bundle that can be read", []string{"--ca-bundle", "missing.pem"}, 255, "--ca-bundle: open missing.pem: "},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := cloud{url: server.URL}
			got := c.run(t.Context(), toBucket(also(test.args, "--resource-ids", vpc(i))...)...)
			assert.Equal(t, test.status, got.status, got.stderr)
			assert.Contains(t, got.stderr, test.want)
		})
	}
}

func TestCreateFlowLogs_DoesNotReadTheBundleWithoutTLS(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	got := c.run(t.Context(), toBucket("--ca-bundle", "missing.pem", "--resource-ids", vpc(1))...)
	assert.Equal(t, 0, got.status, got.stderr)
}

func TestCreateFlowLogs_NeedsNoCredentialsWithoutSigning(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	c := newCloud(t)
	got := c.run(t.Context(), toBucket("--no-sign-request", "--resource-ids", vpc(1))...)
	assert.Equal(t, 0, got.status, got.stderr)
	assert.Len(t, c.FlowLogs(), 1)
}

func TestCreateFlowLogs_GivesUpAfterTheReadTimeout(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	c := newCloud(t)
	c.Inject(flowlogstest.Hang().Keep())
	got := c.run(t.Context(), toBucket("--cli-read-timeout", "1", "--client-token", "mine", "--resource-ids", vpc(1))...)
	assert.Equal(t, 255, got.status)
	assert.Contains(t, got.stderr, "timeout")
	assert.Contains(t, got.stderr, "to resume, run the same command with --client-token mine")
}
