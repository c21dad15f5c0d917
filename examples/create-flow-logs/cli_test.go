package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// needsCLI skips a test if there is no AWS CLI.
func needsCLI(t *testing.T) {
	t.Helper()
	if err := exec.Command("aws", "--version").Run(); err != nil {
		t.Skipf("there is no AWS CLI to compare with: %v", err)
	}
}

// cli runs the command in the AWS CLI.
func (c cloud) cli(ctx context.Context, args ...string) outcome {
	cmd := exec.CommandContext(ctx, "aws", append([]string{"ec2", "create-flow-logs", "--endpoint-url", c.url}, args...)...)
	cmd.Env = os.Environ() // of TestMain
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return outcome{-1, "", err.Error()}
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestCommand_SendsAndPrintsWhatTheAWSCLIDoes(t *testing.T) {
	t.Parallel()
	needsCLI(t)
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

	for name, test := range map[string]struct {
		args   []string
		status int // of this program
	}{
		"a bucket":               {args: toBucket("--resource-ids", vpc(1), vpc(2), vpc(3))},
		"a log group":            {args: toGroup()},
		"a log group by its ARN": {args: toGroup("--log-group-name", "", "--log-destination-type=cloud-watch-logs", "--log-destination", "arn:aws:logs:us-east-1:123456789012:log-group:my-group")},
		"a stream of another account": {args: toBucket(
			"--resource-ids", vpc(1), "--log-destination-type", "kinesis-data-firehose", "--log-destination", "arn:aws:firehose:us-east-1:210987654321:deliverystream/s",
			"--deliver-logs-permission-arn", role, "--deliver-cross-account-role", otherRole,
		)},
		"a transit gateway": {args: []string{
			"--resource-ids", "tgw-0123456789abcdef0", "--resource-type", "TransitGateway",
			"--log-destination-type", "s3", "--log-destination", "arn:aws:s3:::b", "--max-aggregation-interval", " 60 ",
		}},
		"a format, an interval and a token": {args: also(one, "--log-format", "${version} ${srcaddr}", "--max-aggregation-interval=600", "--client-token", "-1")},
		"options without words":             {args: also(one, "--log-format=", "--tag-specifications")},
		"options cut short and repeated":    {args: also(one, "--resource-i", vpc(2), vpc(3), "--max=60")},
		"IDs in JSON":                       {args: also(one, "--resource-ids", `["`+vpc(1)+`", "`+vpc(2)+`"]`)},

		"destination options":         {args: also(one, "--destination-options", "FileFormat=parquet,HiveCompatiblePartitions=TRUE,PerHourPartition=false")},
		"destination options in JSON": {args: also(one, "--destination-options", ` {"FileFormat": "plain-text", "PerHourPartition": true}`)},
		"tags": {args: also(one, "--tag-specifications",
			`ResourceType=vpc-flow-log,Tags=[{Key="a b",Value='c, "d"'}, {Key=e\,f,Value="g\"h\\"},{Key='i j',Value=k=l m },{Key=n,Value=''}]`,
			"Tags={Key=o,Value=p},ResourceType=vpc-flow-log")},
		"tags in JSON":             {args: also(one, "--tag-specifications", `[{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "a", "Value": "<&>"}]}]`)},
		"tags in two JSON objects": {args: also(one, "--tag-specifications", tagJSON("a"), tagJSON("b"))},
		"tags from a file":         {args: also(one, "--tag-specifications", file(t, "["+tagJSON("a")+"]\n"))},
		"a tag's value from a file, and other options": {args: also(one,
			"--tag-specifications", "ResourceType=vpc-flow-log,Tags=[{Key=a,Value@="+file(t, "b, c")+"}]",
			"--destination-options", file(t, "FileFormat=plain-text"))},

		"the input in JSON":           {args: []string{"--cli-input-json", input}},
		"the input from a file":       {args: []string{"--cli-input-json", file(t, input), "--output", "text"}},
		"the input and other options": {args: []string{"--cli-input-json", input, "--client-token", "other", "--traffic-type", "ALL", "--destination-options", "PerHourPartition=true", "--resource-ids", vpc(7)}},

		"a table":              {args: also(one, "--output", "table", "--resource-ids", vpc(1), vpc(2), "--region", "us-east-1")},
		"no dry run after all": {args: also(one, "--dry-run", "--no-dry-run")},
		"a dry run":            {args: also(one, "--dry-run"), status: 254},
		"a rejected call":      {args: toGroup("--deliver-logs-permission-arn", otherRole), status: 254},
		"failures":             {args: denied, status: 1},
		"failures as text":     {args: also(denied, "--output=text"), status: 1},
		"failures in a table":  {args: also(denied, "--output=table"), status: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theirs, ours := newCloud(t), newCloud(t)
			want, got := theirs.cli(t.Context(), test.args...), ours.run(t.Context(), test.args...)
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

// sent returns the parameters of the one call, without a token that the program made.
func sent(c cloud) map[string]string {
	params := maps.Clone(c.Calls()[0].Params)
	if len(params["ClientToken"]) == len("ffffffff-ffff-4fff-bfff-ffffffffffff") {
		delete(params, "ClientToken")
	}
	return params
}

var answeredToken = regexp.MustCompile(`<clientToken>(.+)</clientToken>`)

// printed returns the output with its token replaced: this program makes it, and for
// the AWS CLI EC2 does.
func printed(c cloud, stdout string) string {
	if token := answeredToken.FindStringSubmatch(c.Calls()[0].Answer); token != nil {
		stdout = strings.ReplaceAll(stdout, token[1], "TOKEN")
	}
	return stdout
}

func TestSkeleton_IsThatOfTheAWSCLI(t *testing.T) {
	t.Parallel()
	needsCLI(t)
	c := newCloud(t)
	for name, args := range map[string][]string{
		"input":           {"--generate-cli-skeleton"},
		"input by name":   {"--generate-cli-skeleton", "input"},
		"output":          toBucket("--generate-cli-skeleton", "output", "--resource-ids", vpc(1)),
		"output in table": toBucket("--generate-cli-skeleton", "output", "--resource-ids", vpc(1), "--output", "table"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := c.cli(t.Context(), args...), c.run(t.Context(), args...)
			require.Zero(t, want.status, want.stderr)
			require.Zero(t, got.status, got.stderr)
			if strings.HasPrefix(name, "output") {
				assert.Equal(t, want.stdout, got.stdout)
				return
			}
			theirs := memberNames(t, want.stdout)
			ours := slices.DeleteFunc(memberNames(t, got.stdout), func(name string) bool {
				// An AWS CLI from before June 2026 does not have these.
				return !slices.Contains(theirs, "TagFieldSpecifications") && (name == "TagFieldSpecifications" || name == "TagKeys")
			})
			if !slices.Contains(theirs, "TagFieldSpecifications") {
				ours = ours[:len(ours)-1] // their ResourceType, the last member
			}
			assert.Equal(t, theirs, ours)
		})
	}
	assert.Empty(t, c.Calls())
}

// memberNames returns the names of all members of a JSON document, in order.
func memberNames(t *testing.T, document string) []string {
	t.Helper()
	require.True(t, json.Valid([]byte(document)), document)
	var names []string
	for _, match := range regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(document, -1) {
		names = append(names, match[1])
	}
	return names
}
