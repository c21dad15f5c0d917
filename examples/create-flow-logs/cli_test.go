package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// installedCLI is the path of an AWS CLI and the first number of its version, 0 if there
// is none. One of version 2 takes precedence.
var installedCLI = sync.OnceValues(func() (path string, version int) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		candidate := filepath.Join(dir, "aws")
		output, err := exec.Command(candidate, "--version").Output()
		if err != nil {
			continue
		}
		if strings.HasPrefix(string(output), "aws-cli/2") {
			return candidate, 2
		}
		path, version = cmp.Or(path, candidate), 1
	}
	return path, version
})

// needsCLI skips a test if there is no AWS CLI of the version or a later one.
func needsCLI(t *testing.T, version int) {
	t.Helper()
	if _, installed := installedCLI(); installed < version {
		t.Skipf("no AWS CLI of version %d to compare with", version)
	}
}

// cli runs the command with the AWS CLI. On Windows its lines end with CR LF.
func (c cloud) cli(ctx context.Context, args ...string) outcome {
	path, _ := installedCLI()
	cmd := exec.CommandContext(ctx, path, append([]string{"ec2", "create-flow-logs", "--endpoint-url", c.url}, args...)...)
	cmd.Env = os.Environ() // TestMain has replaced the settings of AWS
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return outcome{-1, "", err.Error()}
	}
	lf := strings.NewReplacer("\r\n", "\n")
	return outcome{cmd.ProcessState.ExitCode(), lf.Replace(stdout.String()), lf.Replace(stderr.String())}
}

func TestCreateFlowLogs_SendsAndPrintsWhatTheAWSCLIDoes(t *testing.T) {
	t.Parallel()
	needsCLI(t, 1)
	const role, otherRole = "arn:aws:iam::123456789012:role/publish", "arn:aws:iam::210987654321:role/AWSLogDeliveryFirehoseCrossAccountRole"
	toGroup := func(more ...string) []string {
		return also([]string{
			"--resource-type", "VPC", "--traffic-type", "ACCEPT", "--resource-ids", vpc(1),
			"--log-group-name", "my-group", "--deliver-logs-permission-arn", role,
		}, more...)
	}
	one := toBucket("--resource-ids", vpc(1), "--client-token", "token")
	denied := also(one, "--log-destination", "arn:aws:s3:::denied-bucket", "--resource-ids", vpc(1), vpc(2))
	input := `{"ClientToken": "from JSON", "ResourceIds": ["` + vpc(1) + `"], "ResourceType": "VPC", "TrafficType": "REJECT",
		"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::b", "DryRun": false, "MaxAggregationInterval": 60,
		"TagSpecifications": [{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "é", "Value": ""}]}],
		"DestinationOptions": {"FileFormat": "parquet", "HiveCompatiblePartitions": false}}`

	tests := []struct {
		name   string
		args   []string
		status int // of this program, where it is not 0
	}{
		{name: "a bucket", args: toBucket("--resource-ids", vpc(1), vpc(2), vpc(3))},
		{name: "a log group", args: toGroup()},
		{name: "a log group by its ARN", args: toGroup("--log-group-name", "", "--log-destination-type=cloud-watch-logs", "--log-destination", "arn:aws:logs:us-east-1:123456789012:log-group:my-group")},
		{name: "a stream of another account", args: toBucket(
			"--resource-ids", vpc(1), "--log-destination-type", "kinesis-data-firehose", "--log-destination", "arn:aws:firehose:us-east-1:210987654321:deliverystream/s",
			"--deliver-logs-permission-arn", role, "--deliver-cross-account-role", otherRole,
		)},
		{name: "a transit gateway", args: []string{
			"--resource-ids", "tgw-0123456789abcdef0", "--resource-type", "TransitGateway",
			"--log-destination-type", "s3", "--log-destination", "arn:aws:s3:::b", "--max-aggregation-interval", " 60 ",
		}},
		{name: "a format, an interval and a token", args: also(one, "--log-format", "${version} ${srcaddr}", "--max-aggregation-interval=600", "--client-token", "-1")},
		{name: "options without words", args: also(one, "--log-format=", "--tag-specifications")},
		{name: "options cut short and repeated", args: also(one, "--resource-i", vpc(2), vpc(3), "--max=60")},
		{name: "IDs in JSON", args: also(one, "--resource-ids", `["`+vpc(1)+`", "`+vpc(2)+`"]`)},

		{name: "destination options", args: also(one, "--destination-options", "FileFormat=parquet,HiveCompatiblePartitions=TRUE,PerHourPartition=false")},
		{name: "destination options in JSON", args: also(one, "--destination-options", ` {"FileFormat": "plain-text", "PerHourPartition": true}`)},
		{name: "tags", args: also(one, "--tag-specifications",
			`ResourceType=vpc-flow-log,Tags=[{Key="a b",Value='c, "d"'}, {Key=e\,f,Value="g\"h\\"},{Key='i j',Value=k=l m },{Key=n,Value=''}]`,
			"Tags={Key=o,Value=p},ResourceType=vpc-flow-log")},
		{name: "tags in JSON", args: also(one, "--tag-specifications", `[{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "a", "Value": "<&>"}]}]`)},
		{name: "tags in two JSON objects", args: also(one, "--tag-specifications", tagJSON("a"), tagJSON("b"))},
		{name: "tags from a file", args: also(one, "--tag-specifications", file(t, "["+tagJSON("a")+"]\n"))},
		{name: "a tag's value from a file, and other options", args: also(one,
			"--tag-specifications", "ResourceType=vpc-flow-log,Tags=[{Key=a,Value@="+file(t, "b, c")+"}]",
			"--destination-options", file(t, "FileFormat=plain-text"))},

		{name: "the input in JSON", args: []string{"--cli-input-json", input}},
		{name: "the input from a file", args: []string{"--cli-input-json", file(t, input), "--output", "text"}},
		{name: "the input and other options", args: []string{"--cli-input-json", input, "--client-token", "other", "--traffic-type", "ALL", "--destination-options", "PerHourPartition=true", "--resource-ids", vpc(7)}},

		{name: "a table", args: also(one, "--output", "table", "--resource-ids", vpc(1), vpc(2), "--region", "us-east-1")},
		{name: "no dry run after all", args: also(one, "--dry-run", "--no-dry-run")},
		{name: "a dry run", args: also(one, "--dry-run"), status: 254},
		{name: "a rejected call", args: toGroup("--deliver-logs-permission-arn", otherRole), status: 254},
		{name: "failures", args: denied, status: 1},
		{name: "failures as text", args: also(denied, "--output=text"), status: 1},
		{name: "failures in a table", args: also(denied, "--output=table"), status: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			theirs, ours := newCloud(t), newCloud(t)
			want, got := theirs.cli(t.Context(), test.args...), ours.run(t.Context(), test.args...)
			if strings.Contains(want.stderr, "received: '@'") {
				t.Skip("this AWS CLI is older than the shorthand")
			}
			require.Len(t, theirs.Calls(), 1, want.stderr)
			require.Len(t, ours.Calls(), 1, got.stderr)
			assert.Equal(t, sent(theirs), sent(ours))
			assert.Equal(t, printed(theirs, want.stdout), printed(ours, got.stdout))
			assert.Equal(t, test.status, got.status)
			if test.status == 254 {
				assert.NotZero(t, want.status)
				assert.Contains(t, strings.TrimSpace(want.stderr), strings.TrimSpace(got.stderr))
			}
		})
	}
}

func tagJSON(key string) string {
	return `{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "` + key + `", "Value": "x"}]}`
}

// sent returns the parameters of the first call, nil if there was none. It leaves out a
// token that this program made.
func sent(c cloud) map[string]string {
	if len(c.Calls()) == 0 {
		return nil
	}
	params := maps.Clone(c.Calls()[0].Params)
	if len(params["ClientToken"]) == len("ffffffff-ffff-4fff-bfff-ffffffffffff") {
		delete(params, "ClientToken")
	}
	return params
}

var responseToken = regexp.MustCompile(`<clientToken>(.+)</clientToken>`)

// printed returns the output with TOKEN in place of its token: this program makes one,
// but the AWS CLI lets EC2 do so.
func printed(c cloud, stdout string) string {
	if len(c.Calls()) == 0 {
		return stdout
	}
	if token := responseToken.FindStringSubmatch(c.Calls()[0].Response); token != nil {
		stdout = strings.ReplaceAll(stdout, token[1], "TOKEN")
	}
	return stdout
}

func TestSkeleton_HasTheMembersOfTheAWSCLIs(t *testing.T) {
	t.Parallel()
	needsCLI(t, 1)
	c := newCloud(t)
	tests := []struct {
		name string
		args []string
	}{
		{"input", []string{"--generate-cli-skeleton"}},
		{"input by name", []string{"--generate-cli-skeleton", "input"}},
		{"output", toBucket("--generate-cli-skeleton", "output", "--resource-ids", vpc(1))},
		{"output in table", toBucket("--generate-cli-skeleton", "output", "--resource-ids", vpc(1), "--output", "table")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want, got := c.cli(t.Context(), test.args...), c.run(t.Context(), test.args...)
			require.Zero(t, want.status, want.stderr)
			require.Zero(t, got.status, got.stderr)
			if strings.HasPrefix(test.name, "output") {
				assert.Equal(t, want.stdout, got.stdout)
				return
			}
			theirs := namesIn(t, want.stdout)
			ours := slices.DeleteFunc(namesIn(t, got.stdout), func(name string) bool {
				// An AWS CLI from before June 2026 does not know these.
				return !slices.Contains(theirs, "TagFieldSpecifications") && (name == "TagFieldSpecifications" || name == "TagKeys")
			})
			if !slices.Contains(theirs, "TagFieldSpecifications") {
				ours = ours[:len(ours)-1] // and their ResourceType, which is the last member
			}
			assert.Equal(t, theirs, ours)
		})
	}
	assert.Empty(t, c.Calls())
}

// namesIn returns the names of all members of a JSON document, in their order.
func namesIn(t *testing.T, document string) []string {
	t.Helper()
	require.True(t, json.Valid([]byte(document)), document)
	var names []string
	for _, match := range regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(document, -1) {
		names = append(names, match[1])
	}
	return names
}
