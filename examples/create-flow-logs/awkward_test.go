package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The other half of the command lines is in
// TestCreateFlowLogs_SendsAndPrintsWhatTheAWSCLIDoes.
func TestCreateFlowLogs_TakesAwkwardCommandLinesAsTheAWSCLIDoes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts the AWS CLI many times")
	}
	needsCLI(t, 2)
	one := toBucket("--resource-ids", vpc(1), "--client-token", "token")
	two := also(one, "--log-destination", "arn:aws:s3:::denied-bucket", "--resource-ids", vpc(1), vpc(2))
	yaml := "ResourceIds: [vpc-00000001]\nResourceType: VPC\nTrafficType: ALL\nLogDestinationType: s3\nLogDestination: arn:aws:s3:::b\nClientToken: token\n"

	tests := []struct {
		name   string
		args   []string
		status int // of the AWS CLI, and of this program unless ours says otherwise
		ours   int
	}{
		{name: "a trailing --", args: also(one, "--")},
		{name: "a word after --", args: also(one, "--", "x"), status: 252},
		{name: "help after --", args: also(one, "--", "help")},
		{name: "-- in the place of a value", args: also(one, "--resource-ids", "--", vpc(2)), status: 252},
		{name: "an empty argument", args: also(one, "--dry-run", ""), status: 254},
		{name: "two empty arguments", args: also(one, "--dry-run", "", ""), status: 252},
		{name: "a word of no option", args: also(one, "--dry-run", "yes"), status: 252},
		{name: "help alone", args: []string{"help"}},
		{name: "help beside global options", args: []string{"--region", "us-east-1", "help", "--no-cli-pager"}},
		{name: "help after a flag", args: also(one, "--dry-run", "help")},
		{name: "help beside a document", args: []string{"--cli-input-json", "{}", "help"}},
		{name: "help before what is required", args: []string{"--dry-run", "help"}, status: 252},
		{name: "a global option between two values", args: also(one, "--resource-ids", vpc(1), "--region", "us-east-1", vpc(2))},
		{name: "a global option cut short to the beginning of others", args: also(one, "--re", "us-east-1")},
		{name: "an ambiguous option", args: also(one, "--no"), status: 252},
		{name: "a value that looks like an option", args: also(one, "--log-format", "-x"), status: 252},
		{name: "a value with a dash and a space", args: also(one, "--client-token", "-x y")},
		{name: "an unknown option beside an input skeleton", args: []string{"--generate-cli-skeleton", "input", "--nothing"}, status: 252},

		{name: "an empty endpoint", args: also(one, "--endpoint-url", ""), status: 252},
		{name: "an endpoint without a scheme", args: also(one, "--endpoint-url", "127.0.0.1:80"), status: 252},
		{name: "an empty Region", args: also(one, "--region", "")},
		{name: "an empty profile", args: also(one, "--profile", "")},
		{name: "an unknown profile", args: also(one, "--profile", "elsewhere"), status: 255, ours: 253},
		{name: "fileb:// for text", args: also(one, "--client-token", "fileb://"+plainFile(t, "token")), status: 252},
		{name: "fileb:// for a list", args: also(one, "--resource-ids", "fileb://"+plainFile(t, `["vpc-00000001"]`)), status: 252},
		{name: "fileb:// for a document", args: []string{"--cli-input-yaml", "fileb://" + plainFile(t, yaml)}},
		{name: "a flag in the place of a timeout", args: also(one, "--cli-read-timeout", "--debug"), status: 252},
		{name: "a timeout that is no number", args: also(one, "--cli-read-timeout", "soon"), status: 255, ours: 252},
		{name: "timeouts, no signature and options without effect", args: also(one, "--cli-read-timeout", "0", "--cli-connect-timeout=5",
			"--no-sign-request", "--no-paginate", "--no-cli-pager", "--no-cli-auto-prompt", "--cli-binary-format", "base64", "--color", "off")},
		{name: "a missing CA bundle without TLS", args: also(one, "--ca-bundle", "missing.pem", "--no-verify-ssl")},

		{name: "YAML input", args: []string{"--cli-input-yaml", yaml + "DestinationOptions:\n  PerHourPartition: true\nMaxAggregationInterval: 60\n"}},
		{name: "YAML input and options", args: []string{"--cli-input-yaml", yaml, "--resource-ids", vpc(2), "--no-dry-run"}},
		{name: "JSON as YAML input", args: []string{"--cli-input-yaml", `{"ResourceIds": ["vpc-00000001"], "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::b", "ClientToken": "t"}`}},
		{name: "a word of YAML 1.1 for a truth value", args: []string{"--cli-input-yaml", yaml + "DryRun: no\n"}, status: 252},
		{name: "a number for a string in YAML", args: []string{"--cli-input-yaml", yaml, "--cli-input-yaml", yaml + "LogFormat: 12\n"}, status: 252},
		{name: "empty YAML", args: []string{"--cli-input-yaml", ""}, status: 252},
		{name: "both documents", args: []string{"--cli-input-json", "{}", "--cli-input-yaml", yaml}, status: 252},
		{name: "null in JSON", args: also(one, "--cli-input-json", `{"LogFormat": null}`), status: 252},
		{name: "a fraction in JSON", args: also(one, "--cli-input-json", `{"MaxAggregationInterval": 60.0}`), status: 252},
		{name: "a member twice in JSON", args: also(one, "--cli-input-json", `{"MaxAggregationInterval": 61, "MaxAggregationInterval": 60}`)},
		{name: "a word for a truth value in shorthand", args: also(one, "--destination-options", "HiveCompatiblePartitions=yes"), status: 252},

		{name: "a query", args: also(one, "--query", "FlowLogIds[0]")},
		{name: "a query as text", args: also(one, "--query", "FlowLogIds[0]", "--output", "text")},
		{name: "a query that gives names", args: also(one, "--query", "{b: FlowLogIds, a: ClientToken, n: length(FlowLogIds)}")},
		{name: "a query that gives names in a table", args: also(one, "--query", "{b: FlowLogIds, a: ClientToken, n: length(FlowLogIds)}", "--output", "table")},
		{name: "a query that selects nothing", args: also(one, "--query", "Nothing", "--output", "text")},
		{name: "a query that selects nothing, in a table", args: also(one, "--query", "Nothing", "--output", "table")},
		{name: "a query of failures", args: also(two, "--query", "Unsuccessful[].[ResourceId, Error.Message]", "--output", "text"), ours: 1},
		{name: "a query of failures in a table", args: also(two, "--query", "Unsuccessful[].[ResourceId, Error.Code]", "--output", "table"), ours: 1},
		{name: "failures in YAML, with long messages", args: also(two, "--output", "yaml"), ours: 1},
		{name: "failures in a stream of YAML", args: also(two, "--output", "yaml-stream"), ours: 1},
		{name: "failures in a table with colors", args: also(two, "--output", "table", "--color", "on"), ours: 1},
		{name: "texts that YAML quotes", args: also(one, "--output", "yaml", "--query",
			"['a: b', '#', '- x', '', ' x ', 'null', '1e3', '0o7', '1_000', '.5', '=', 'yes', 'on', 'é', 'a#b', 'a #b', '2020-01-01', {a: 'x', b: `[true, null, 1.5]`}]")},
		{name: "a bad query", args: also(one, "--query", "FlowLogIds["), status: 252},
		{name: "an empty query", args: also(one, "--query", ""), status: 252},
		{name: "a function that does not exist", args: also(one, "--generate-cli-skeleton", "output", "--query", "nothing(@)"), status: 255, ours: 252},
		{name: "a query of the output skeleton", args: also(one, "--generate-cli-skeleton", "output", "--query", "FlowLogIds", "--output", "yaml")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			theirs, ours := newCloud(t), newCloud(t)
			cli, got := theirs.cli(t.Context(), test.args...), ours.run(t.Context(), test.args...)
			assert.Equal(t, test.status, cli.status, cli.stderr)
			if test.ours != 0 {
				test.status = test.ours
			}
			assert.Equal(t, test.status, got.status, got.stderr)
			assert.Equal(t, sent(theirs), sent(ours))
			if strings.HasPrefix(test.name, "help") && test.status == 0 {
				assert.Contains(t, got.stdout, "usage: ")
				return
			}
			assert.Equal(t, printed(theirs, cli.stdout), printed(ours, got.stdout))
		})
	}
}

// plainFile writes a file and returns its path.
func plainFile(t *testing.T, content string) string {
	t.Helper()
	return strings.TrimPrefix(file(t, content), "file://")
}
