package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
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
	require.NoError(t, run(args, strings.NewReader(stdin), &b, io.Discard))
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
			for name, d := range map[string]*policy.Document{
				"caller": want.Caller, "role-trust": want.RoleTrust, "role-permissions": want.RolePermissions,
				"destination-role-trust": want.DestinationRoleTrust, "destination-role-permissions": want.DestinationRolePermissions,
				"bucket": want.Bucket, "key": want.Key,
			} {
				if d != nil {
					assert.Equal(t, indented(t, d), output(t, "", slices.Concat(args, []string{"-only", name})...))
				}
			}

			text, err := json.Marshal(test.request)
			require.NoError(t, err)
			file := filepath.Join(t.TempDir(), "request.json")
			require.NoError(t, os.WriteFile(file, text, 0o600))
			options := withoutRequest(test.args)
			for _, input := range []string{file, "file://" + file, "-"} {
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
		{"no destination", with(), "", "Destination: required"},
		{"two destinations", with("-bucket", bucket, "-stream", "a"), "", "want one destination"},
		{"-hive without a bucket", with("-log-group", "a", "-hive"), "", `DestinationOptions "{…}": `},
		{"a role with a bucket", with("-bucket", bucket, "-role", role), "", `DeliverLogsPermissionArn "arn:aws:iam::123456789012:role/publishFlowLogs": `},
		{"a second role without a stream", with("-log-group", "a", "-cross-account-role", role), "", `DeliverCrossAccountRole "arn:aws:iam::123456789012:role/publishFlowLogs": `},
		{"a format that is none", with("-bucket", bucket, "-log-format", "x"), "", `LogFormat "x": `},
		{"a document that is none", append(toBucket, "-only", "all"), "", "-only all: this destination needs no such document, only Bucket, Caller"},
		{"a document that is not needed", append(toBucket, "-only", "key"), "", "-only key: this destination needs no such document, only Bucket, Caller"},
		{"-merge without -only", append(toBucket, "-merge", "-"), "", "-merge is for one document: want -only as well"},
		{"-merge without a file", append(toBucket, "-only", "bucket", "-merge", "/does/not/exist"), "", "-merge: open /does/not/exist"},
		{"-merge of a file that is empty", append(toBucket, "-only", "bucket", "-merge", "-"), "", "policy: want a JSON document"},
		{"two requests", append(toBucket, "-cli-input-json", "{}"), "", "want a request from -cli-input-json or from flags, not from both"},
		{"a document without a file", append(sender, "-cli-input-json", "/does/not/exist"), "", "open /does/not/exist"},
		{"a document that is none", append(sender, "-cli-input-json", "-"), `{"Nothing": 1}`, "Nothing: unknown member"},
		{"an account that is none", append(toBucket, "-account", "123"), "", `Account.ID "123": want 12 digits`},
		{"source accounts that are none", append(toBucket, "-source-accounts", "111122223333,x"), "", `Options.SourceAccounts[1] "x": want 12 digits`},
		{"a bucket that is none", with("-bucket", "my-flow-logs"), "", `Destination.BucketARN "my-flow-logs": want an ARN`},
		{"a log group without a role", with("-log-group", "a"), "", `Destination.RoleARN: required`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			require.ErrorContains(t, run(test.args, strings.NewReader(test.stdin), &b, &b), test.want)
			assert.Empty(t, b.String())
		})
	}
}

func TestPolicies_WarnsOfWhatDeniesTheDelivery(t *testing.T) {
	t.Parallel()
	const existing = `{"Policy": "{\"Statement\":{\"Sid\":\"OrgOnly\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{\"StringNotEquals\":{\"aws:PrincipalOrgID\":\"o-a1b2c3d4e5\"}}}}"}`
	var merged, warnings bytes.Buffer
	require.NoError(t, run(append(slices.Clone(toBucket), "-only", "bucket", "-merge", "-"), strings.NewReader(existing), &merged, &warnings))
	assert.Equal(t, "policies: warning: statement \"OrgOnly\" of -merge denies what the document allows\n", warnings.String())
	var d policy.Document
	require.NoError(t, json.Unmarshal(merged.Bytes(), &d))
	assert.Len(t, d.Statement, 3)
}

func TestPolicies_HelpNamesEveryDocument(t *testing.T) {
	t.Parallel()
	help := output(t, "", "-help")
	for _, name := range []string{"caller", "role-trust", "role-permissions", "destination-role-trust", "destination-role-permissions", "bucket", "key"} {
		assert.Contains(t, help, name)
	}
	assert.Contains(t, help, "-cli-input-json FILE")
}
