package main

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestCreateFlowLogs_LogsRequestsAndRetriesWithoutSecrets(t *testing.T) {
	t.Setenv("AWS_SESSION_TOKEN", "SESSIONTOKEN")
	c := newCloud(t)
	c.Inject(flowlogstest.Throttle())
	got := c.run(t.Context(), toBucket("--debug", "--resource-ids", vpc(1))...)
	assert.Equal(t, 0, got.status)
	assert.Len(t, c.Calls(), 2)
	assert.Contains(t, got.stderr, "Action=CreateFlowLogs")
	assert.Contains(t, got.stderr, "RequestLimitExceeded")
	assert.Contains(t, got.stderr, "retrying request EC2/CreateFlowLogs, attempt 2")
	assert.Contains(t, got.stderr, "Signature=[hidden]")
	assert.NotContains(t, got.stderr, "SESSIONTOKEN")
}

// Everything that must not be logged contains the word SECRET, like the keys in
// environment.
func TestCreateFlowLogs_LogsNoSecretOfACredentialsProvider(t *testing.T) {
	issuer := httptest.NewServer(http.HandlerFunc(issue))
	t.Cleanup(issuer.Close)
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	printFile := "cat"
	if runtime.GOOS == "windows" {
		printFile = "type"
	}
	const startURL = "https://example.awsapps.com/start"
	cached := sha1.Sum([]byte(startURL))
	write(".aws/sso/cache/"+hex.EncodeToString(cached[:])+".json", `{"accessToken": "SECRET", "expiresAt": "2099-01-01T00:00:00Z"}`)
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir) // HOME on Windows
	t.Setenv("AWS_ENDPOINT_URL_STS", issuer.URL)
	t.Setenv("AWS_ENDPOINT_URL_SSO", issuer.URL)
	t.Setenv("AWS_CONFIG_FILE", write("config", `
[profile static]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = SECRET
[profile role]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = static
[profile sso]
sso_start_url = `+startURL+`
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = r
[profile process]
credential_process = `+printFile+` `+write("process.json", issued)+`
`))

	tests := []struct {
		name        string
		environment map[string]string
		args        []string
		key         string // the ID of the key that signs
	}{
		{"static keys", map[string]string{"AWS_SESSION_TOKEN": "SECRET"}, nil, "AKIDEXAMPLE"},
		{"a role of a profile", nil, []string{"--profile", "role"}, "AKIDISSUED"},
		{"a web identity", map[string]string{
			"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
			"AWS_WEB_IDENTITY_TOKEN_FILE": write("token", "SECRET"), "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r",
		}, nil, "AKIDISSUED"},
		{"SSO", nil, []string{"--profile", "sso"}, "AKIDISSUED"},
		{"an instance", map[string]string{
			"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
			"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": issuer.URL,
		}, nil, "AKIDISSUED"},
		{"a container", map[string]string{
			"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
			"AWS_CONTAINER_CREDENTIALS_FULL_URI": issuer.URL + "/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "SECRET",
		}, nil, "AKIDISSUED"},
		{"a process", nil, []string{"--profile", "process"}, "AKIDISSUED"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			c := newCloud(t)
			got := c.run(t.Context(), toBucket(also(test.args, "--debug", "--resource-ids", vpc(1))...)...)
			require.Equal(t, 0, got.status, got.stderr)
			assert.Contains(t, got.stderr, "Credential="+test.key+"/")
			assert.Contains(t, got.stderr, "Action=CreateFlowLogs")
			assert.NotContains(t, got.stderr, "SECRET")
			assert.NotContains(t, got.stdout, "SECRET")
		})
	}
}

const issued = `{"Version": 1, "Code": "Success", "AccessKeyId": "AKIDISSUED", "SecretAccessKey": "SECRET",
	"Token": "SECRET", "SessionToken": "SECRET", "Expiration": "2099-01-01T00:00:00Z"}`

// issue issues credentials as STS, SSO and the metadata services of instances and
// containers do.
func issue(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		action := r.FormValue("Action")
		fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials>
			<AccessKeyId>AKIDISSUED</AccessKeyId><SecretAccessKey>SECRET</SecretAccessKey><SessionToken>SECRET</SessionToken>
			<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></%[1]sResult></%[1]sResponse>`, action)
	case "/federation/credentials":
		io.WriteString(w, `{"roleCredentials": {"accessKeyId": "AKIDISSUED", "secretAccessKey": "SECRET", "sessionToken": "SECRET", "expiration": 4070908800000}}`)
	case "/latest/api/token":
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")
		io.WriteString(w, "SECRET")
	case "/latest/meta-data/iam/security-credentials/", "/latest/meta-data/iam/security-credentials":
		io.WriteString(w, "role")
	default:
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, issued)
	}
}
