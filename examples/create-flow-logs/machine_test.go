package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/smithy-go/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/examples/create-flow-logs/internal/awscli"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// withProfile makes a configuration file of one profile the machine's.
func withProfile(t *testing.T, settings string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(path, []byte("[default]\n"+settings), 0o600))
	t.Setenv("AWS_CONFIG_FILE", path)
}

func TestCreateFlowLogs_RejectsANumberOfAttemptsBelowOne(t *testing.T) {
	tests := []struct{ name, variable, profile, want string }{
		{"zero", "0", "", `AWS_MAX_ATTEMPTS "0": want a number of 1 or more`},
		{"a negative number", "-1", "", `AWS_MAX_ATTEMPTS "-1": want a number of 1 or more`},
		{"no number", "x", "", `AWS_MAX_ATTEMPTS "x": want a number of 1 or more`},
		{"zero in the profile", "", "max_attempts = 0\n", `max_attempts of profile default "0": want a number of 1 or more`},
		{"a negative number in the profile", "", "max_attempts = -3\n", `max_attempts of profile default "-3": want a number of 1 or more`},
		{"the environment before the profile", "1", "max_attempts = 0\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.variable != "" {
				t.Setenv("AWS_MAX_ATTEMPTS", test.variable)
			}
			withProfile(t, test.profile)
			c := newCloud(t)
			c.Inject(flowlogstest.LoseResponse())
			got := c.run(t.Context(), toBucket("--resource-ids", vpc(1))...)
			if test.want == "" {
				assert.Len(t, c.Calls(), 1)
				return
			}
			assert.Equal(t, outcome{253, "", "create-flow-logs: " + test.want + "\n"}, got)
			assert.Empty(t, c.Calls())
		})
	}
}

func TestCreateFlowLogs_MissesNoKeyThatIsNotUsed(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	withProfile(t, "[profile p]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = SECRET\n")
	for _, args := range [][]string{{"--no-sign-request"}, {"--profile", "p"}} {
		got := newCloud(t).run(t.Context(), toBucket(also(args, "--resource-ids", vpc(1))...)...)
		assert.Equal(t, 0, got.status, got.stderr)
	}
}

func TestCreateFlowLogs_CallsAGivenEndpointInSpiteOfFIPSAndDualStack(t *testing.T) {
	for _, variable := range []string{"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, "true")
			c := newCloud(t)
			got := c.run(t.Context(), toBucket("--resource-ids", vpc(1))...)
			assert.Equal(t, 0, got.status, got.stderr)

			t.Setenv("AWS_ENDPOINT_URL", c.url)
			var stderr bytes.Buffer
			assert.Equal(t, 0, run(t.Context(), toBucket("--resource-ids", vpc(2)), io.Discard, &stderr), &stderr)
			assert.Len(t, c.FlowLogs(), 2)
		})
	}
}

func TestCreateFlowLogs_MissesNoBundleIfNothingIsVerified(t *testing.T) {
	bundles := map[string]func(t *testing.T){
		"of the environment": func(t *testing.T) { t.Setenv("AWS_CA_BUNDLE", "missing.pem") },
		"of the profile":     func(t *testing.T) { withProfile(t, "ca_bundle = missing.pem\n") },
	}
	for name, set := range bundles {
		t.Run(name, func(t *testing.T) {
			set(t)
			got := newCloud(t).run(t.Context(), toBucket("--resource-ids", vpc(1))...)
			assert.Equal(t, 0, got.status, got.stderr)

			var stderr bytes.Buffer
			args := toBucket("--endpoint-url", "https://127.0.0.1:1", "--resource-ids", vpc(1))
			assert.Equal(t, 253, run(t.Context(), args, io.Discard, &stderr))
			assert.Contains(t, stderr.String(), "open missing.pem: ")
		})
	}
}

func TestLoadConfig_LogsNoWarnings(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig(t.Context(), awscli.Parse(nil))
	require.NoError(t, err)
	assert.Equal(t, logging.Nop{}, cfg.Logger)
}

func TestCreateFlowLogs_TakesOldBucketNamesIfToldTo(t *testing.T) {
	t.Parallel()
	const old, reserved = "arn:aws:s3:::My_Bucket/folder/", "arn:aws:s3:::My_Bucket/AWSLogs/"
	c := newCloud(t)
	got := c.run(t.Context(), toBucket("--resource-ids", vpc(1), "--log-destination", old)...)
	assert.Equal(t, 252, got.status)
	assert.Contains(t, got.stderr, "; for a bucket of before March 2018, give --allow-old-bucket-name\n")

	got = c.run(t.Context(), toBucket("--resource-ids", vpc(1), "--log-destination", reserved, "--allow-old-bucket-name")...)
	assert.Equal(t, 252, got.status)
	got = c.run(t.Context(), toBucket("--resource-ids", vpc(1), "--log-destination", "arn:aws:s3:::..", "--allow-old-bucket-name")...)
	assert.Equal(t, 252, got.status)
	assert.Empty(t, c.Calls())

	got = c.run(t.Context(), toBucket("--resource-ids", vpc(1), "--log-destination", old, "--allow-old-bucket-name")...)
	assert.Equal(t, 0, got.status, got.stderr)
	assert.Equal(t, old, *c.FlowLogs()[0].LogDestination)
}

func TestCreateFlowLogs_PrintsNothingIfTheOutputIsOff(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	got := c.run(t.Context(), toBucket("--resource-ids", vpc(1), "--output", "off")...)
	assert.Equal(t, outcome{0, "", ""}, got)
	assert.Len(t, c.FlowLogs(), 1)
}

func TestMain_NamesTheTokenIfItsPipeIsClosed(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	read, write, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, read.Close())
	cmd := exec.CommandContext(t.Context(), os.Args[0], also(toBucket("--resource-ids", vpc(1), "--client-token", "mine"), "--endpoint-url", c.url)...)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), "CREATE_FLOW_LOGS=1"), write, &stderr
	require.Error(t, cmd.Run())
	require.NoError(t, write.Close())
	assert.Equal(t, 255, cmd.ProcessState.ExitCode())
	assert.Regexp(t, `^create-flow-logs: write /dev/stdout: [^\n]+; 1 created, client token mine\n$`, stderr.String())
}

func TestCreateFlowLogs_FindsAProfileInQuotationMarks(t *testing.T) {
	for _, quote := range []string{`"`, `'`} {
		withProfile(t, "[profile "+quote+"a b"+quote+"]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = SECRET\nregion = eu-west-1\n")
		c := newCloud(t)
		got := c.run(t.Context(), toBucket("--debug", "--profile", "a b", "--resource-ids", vpc(1))...)
		assert.Contains(t, got.stderr, "Credential=AKIDPROFILE/", "the profile of the command line is used")

		t.Setenv("AWS_PROFILE", "a b")
		t.Setenv("AWS_DEFAULT_REGION", "")
		got = c.run(t.Context(), toBucket("--debug", "--resource-ids", vpc(2))...)
		assert.Regexp(t, "Credential=AKIDEXAMPLE/[0-9]+/eu-west-1/", got.stderr, "keys of the environment take precedence over its profile")
		got = c.run(t.Context(), toBucket("--debug", "--no-sign-request", "--resource-ids", vpc(3))...)
		assert.NotContains(t, got.stderr, "Credential=")
		assert.Len(t, c.FlowLogs(), 3)
		t.Setenv("AWS_DEFAULT_REGION", "us-east-1")
	}
}
