package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/policy"
)

const (
	role   = "arn:aws:iam::123456789012:role/publishFlowLogs"
	bucket = "arn:aws:s3:::my-flow-logs"
)

var (
	account  = policy.Account{ID: "123456789012", Region: "us-east-1"}
	sender   = []string{"-account", "123456789012", "-region", "us-east-1"}
	toBucket = append(slices.Clone(sender), "-type", "VPC", "-bucket", bucket)
)

func output(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, run(args, strings.NewReader(stdin), &b))
	return b.String()
}

func indented(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "    ")
	require.NoError(t, err)
	return string(text) + "\n"
}

func TestPolicies_PrintsWhatTheLibraryWrites(t *testing.T) {
	t.Parallel()
	all := func(d flowlogs.Destination) flowlogs.Request {
		return flowlogs.Request{ResourceType: flowlogs.ResourceTypeVPC, TrafficType: flowlogs.TrafficTypeAll, Destination: d}
	}
	subnets := flowlogs.Request{
		ResourceIDs: []string{"subnet-0a1b2c3d", "subnet-1a2b3c4d"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.CloudWatchLogs{LogGroupARN: "arn:aws:logs:us-east-1:123456789012:log-group:a", RoleARN: role},
		LogFormat:   flowlogs.LogFormat{flowlogs.FieldECSTaskID},
		Tags:        map[string]string{"any": ""},
	}
	other := flowlogs.Firehose{
		StreamARN:           "arn:aws:firehose:us-east-1:111122223333:deliverystream/a",
		RoleARN:             role,
		CrossAccountRoleARN: "arn:aws:iam::111122223333:role/AWSLogDeliveryFirehoseCrossAccountRole",
	}
	for _, test := range []struct {
		name    string
		args    []string
		request flowlogs.Request
		options policy.Options
	}{
		{"a bucket", []string{"-type", "VPC", "-bucket", bucket}, all(flowlogs.S3{BucketARN: bucket}), policy.Options{}},
		{
			"a central bucket", []string{"-type", "VPC", "-bucket", bucket, "-hive", "-source-accounts", "111122223333,444455556666", "-without-acl", "-key", "arn:aws:kms:us-east-1:123456789012:key/a"},
			all(flowlogs.S3{BucketARN: bucket, HiveCompatiblePartitions: true}),
			policy.Options{KeyARN: "arn:aws:kms:us-east-1:123456789012:key/a", WithoutACL: true, SourceAccounts: []string{"111122223333", "444455556666"}},
		},
		{"an organization's bucket", []string{"-type", "VPC", "-bucket", bucket, "-organization", "o-a1b2c3d4e5"}, all(flowlogs.S3{BucketARN: bucket}), policy.Options{OrganizationID: "o-a1b2c3d4e5"}},
		{"a log group", []string{"-type", "VPC", "-log-group", "a", "-role", role, "-replace"}, all(flowlogs.CloudWatchLogs{LogGroupName: "a", RoleARN: role}), policy.Options{Replace: true}},
		{
			"a log group by ARN", []string{"-ids", "subnet-0a1b2c3d,subnet-1a2b3c4d", "-log-group", "arn:aws:logs:us-east-1:123456789012:log-group:a", "-role", role, "-log-format", "${ecs-task-id}", "-tags", "-reconcile"},
			subnets, policy.Options{Reconcile: true},
		},
		{"a stream", []string{"-type", "VPC", "-stream", other.StreamARN, "-role", role, "-cross-account-role", other.CrossAccountRoleARN}, all(other), policy.Options{}},
		{"a transit gateway", []string{"-ids", "tgw-0a1b2c3d", "-bucket", bucket}, flowlogs.Request{ResourceIDs: []string{"tgw-0a1b2c3d"}, Destination: flowlogs.S3{BucketARN: bucket}}, policy.Options{}},
		{"all transit gateways", []string{"-type", "TransitGateway", "-bucket", bucket}, flowlogs.Request{ResourceType: flowlogs.ResourceTypeTransitGateway, Destination: flowlogs.S3{BucketARN: bucket}}, policy.Options{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want, err := policy.For(test.request, account, func(o *policy.Options) { *o = test.options })
			require.NoError(t, err)
			args := slices.Concat(sender, test.args)
			assert.Equal(t, indented(t, want), output(t, "", args...))
			for _, name := range needed(want) {
				assert.Equal(t, indented(t, documentOf(want, name)), output(t, "", append(args, "-only", name)...))
			}

			text, err := json.Marshal(test.request)
			require.NoError(t, err)
			file := filepath.Join(t.TempDir(), "request.json")
			require.NoError(t, os.WriteFile(file, text, 0o600))
			options := withoutRequest(test.args)
			for _, input := range []string{file, "file://" + file, string(text), "-"} {
				assert.Equal(t, indented(t, want), output(t, string(text), slices.Concat(sender, []string{"-cli-input-json", input}, options)...))
			}
		})
	}
}

// withoutRequest is args without the flags that make a request.
func withoutRequest(args []string) []string {
	var rest []string
	for i := 0; i < len(args); i++ {
		values := 1
		if slices.Contains([]string{"-hive", "-tags", "-reconcile", "-replace", "-without-acl"}, args[i]) {
			values = 0
		}
		if slices.Contains([]string{"-key", "-source-accounts", "-organization", "-reconcile", "-replace", "-without-acl"}, args[i]) {
			rest = append(rest, args[i:i+1+values]...)
		}
		i += values
	}
	return rest
}

func TestPolicies_MergesIntoAPolicy(t *testing.T) {
	t.Parallel()
	const existing = `{"Version":"2012-10-17","Statement":{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}}}`
	file := filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.WriteFile(file, []byte(existing), 0o600))
	args := append(slices.Clone(toBucket), "-only", "bucket", "-merge")
	merged := output(t, "", append(args, file)...)
	assert.Equal(t, merged, output(t, existing, append(args, "-")...))

	var d policy.Document
	require.NoError(t, json.Unmarshal([]byte(merged), &d))
	require.Len(t, d.Statement, 3)
	assert.Equal(t, "TLS", d.Statement[0].Sid)
	assert.Equal(t, merged, output(t, merged, append(args, "-")...))
}

func TestPolicies_SaysWhatIsWrongAndPrintsNothing(t *testing.T) {
	t.Parallel()
	with := func(args ...string) []string { return slices.Concat(sender, []string{"-type", "VPC"}, args) }
	for _, test := range []struct {
		name  string
		args  []string
		stdin string
		want  string
	}{
		{"an unknown flag", []string{"-x"}, "", "flag provided but not defined: -x (-help shows all flags)"},
		{"a word", append(toBucket, "bucket"), "", `unexpected argument "bucket"`},
		{"no destination", with(), "", "want one destination: -bucket, -log-group or -stream"},
		{"two destinations", with("-bucket", bucket, "-stream", "a"), "", "want one destination"},
		{"-hive without a bucket", with("-log-group", "a", "-hive"), "", "-hive is for a destination that is a -bucket"},
		{"a role with a bucket", with("-bucket", bucket, "-role", role), "", "-role is for a destination that is a -log-group"},
		{"a second role without a stream", with("-log-group", "a", "-cross-account-role", role), "", "-cross-account-role is for"},
		{"a format that is none", with("-bucket", bucket, "-log-format", "x"), "", "-log-format: "},
		{"a document that is none", append(toBucket, "-only", "all"), "", `-only "all": want one of caller, role-trust`},
		{"a document that is not needed", append(toBucket, "-only", "key"), "", "-only key: this destination needs no such document, only caller, bucket"},
		{"-merge without -only", append(toBucket, "-merge", "-"), "", "-merge is for one document: want -only as well"},
		{"-merge without a file", append(toBucket, "-only", "bucket", "-merge", "/does/not/exist"), "", "-merge: open /does/not/exist"},
		{"-merge of a file that is empty", append(toBucket, "-only", "bucket", "-merge", "-"), "", "policy: want a JSON document"},
		{"standard input for two", slices.Concat(sender, []string{"-cli-input-json", "-", "-only", "bucket", "-merge", "-"}), "", "want only one of -merge and -cli-input-json"},
		{"two requests", append(toBucket, "-cli-input-json", "{}"), "", "want a request from -cli-input-json or from flags, not from both"},
		{"a document without a file", append(sender, "-cli-input-json", "/does/not/exist"), "", "-cli-input-json: open /does/not/exist"},
		{"a document that is none", append(sender, "-cli-input-json", "-"), `{"Nothing": 1}`, "-cli-input-json: "},
		{"an account that is none", append(toBucket, "-account", "123"), "", `-account "123": want 12 digits`},
		{"source accounts that are none", append(toBucket, "-source-accounts", "111122223333,x"), "", `-source-accounts[1] "x": want 12 digits`},
		{"a bucket that is none", with("-bucket", "my-flow-logs"), "", `-bucket "my-flow-logs": want an ARN`},
		{"a log group without a role", with("-log-group", "a"), "", `-role: required`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			require.ErrorContains(t, run(test.args, strings.NewReader(test.stdin), &b), test.want)
			assert.Empty(t, b.String())
		})
	}
}

func TestPolicies_HelpHasEveryFlag(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.ErrorIs(t, run([]string{"-help"}, nil, &b), flag.ErrHelp)
	assert.Equal(t, help, b.String())
	for _, name := range documents {
		assert.Contains(t, help, name)
	}
	for _, match := range regexp.MustCompile(`(?m)^  -([a-z-]+)( [A-Z,]+)? `).FindAllStringSubmatch(help, -1) {
		args := []string{"-" + match[1]}
		if match[2] != "" {
			args = append(args, "x")
		}
		if _, err := parse(args, strings.NewReader(""), io.Discard); err != nil {
			assert.NotContains(t, err.Error(), "provided but not defined")
			assert.NotContains(t, err.Error(), "invalid value")
			assert.NotContains(t, err.Error(), "unexpected argument")
		}
	}
	options, err := os.ReadFile("options.go")
	require.NoError(t, err)
	for _, match := range regexp.MustCompile(`Var\(&[^"]+"([a-z-]+)"`).FindAllStringSubmatch(string(options), -1) {
		assert.Contains(t, help, "\n  -"+match[1]+" ")
	}
}
