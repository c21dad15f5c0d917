package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCreateFlowLogs_SaysWhatIsWrongAndSendsNothing(t *testing.T) {
	t.Parallel()
	complete := toBucket("--resource-ids", vpc(1))
	tests := []struct {
		name string
		args []string
		want []string // lines
	}{
		{"an unknown option", []string{"--resource", "x", "--nothing"}, []string{"--resource: could be --resource-ids, --resource-type"}},
		{"an option of something else", []string{"--nothing=1"}, []string{"--nothing: unknown option; see --help"}},
		{"a short option", []string{"-r", "x"}, []string{"-r: unknown option; see --help"}},
		{"a word of no option", []string{"--dry-run", "yes"}, []string{`argument "yes": belongs to no option`}},
		{"two dashes", []string{"--", "x"}, []string{`argument "x": belongs to no option`}},
		{"a value for a flag", []string{"--dry-run=yes"}, []string{`--dry-run "yes": takes no value`}},
		{"no value", []string{"--log-format", "--dry-run"}, []string{"--log-format: want a value"}},
		{"no value at the end", []string{"--client-t"}, []string{"--client-t: want a value"}},
		{"an unknown format", []string{"--output", "xml"}, []string{`--output "xml": want one of json, text, table, yaml, yaml-stream, off`}},
		{"an unknown skeleton", []string{"--generate-cli-skeleton", "xml"}, []string{`--generate-cli-skeleton "xml": want one of input, output, yaml-input`}},
		{"bytes that are no text", []string{"--client-token", "\xff"}, []string{`--client-token "\xff": want UTF-8`}},
		{"an endpoint that is none", also(complete, "--endpoint-url", "localhost:80"), []string{`--endpoint-url "localhost:80": want a URL such as https://ec2.us-east-1.amazonaws.com`}},
		{"a query that breaks off", also(complete, "--query", "{'a': b}"), []string{`--query "{'a': b}": want a JMESPath expression: Expected QuotedIdentifier or UnquotedIdentifier`}},
		{"a Region that is none", also(complete, "--region", "here and there"), []string{`--region "here and there": want the name of a Region such as us-east-1`}},
		{"no number", []string{"--max-aggregation-interval", "1m"}, []string{`--max-aggregation-interval "1m": want a whole number`}},
		{"a number that is too large", []string{"--max-aggregation-interval=99999999999"}, []string{`--max-aggregation-interval "99999999999": want 1m or 10m`}},
		{"another number", also(complete, "--max-agg", "90"), []string{`--max-agg "90": `}},
		{"a missing file", []string{"--tag-specifications", "file://missing.json"}, []string{`--tag-specifications "file://missing.json": open missing.json: `}},
		{"a directory", []string{"--cli-input-json", "file://."}, []string{`--cli-input-json "file://.": read .: `}},
		{"a file that is no text", []string{"--log-format", file(t, "\xff")}, []string{": want a file in UTF-8"}},
		{"broken JSON", []string{"--tag-specifications", `[{"ResourceType":]`}, []string{`not a JSON document: invalid character ']'`}},
		{"broken input JSON", []string{"--cli-input-json", `{"DryRun":`}, []string{`--cli-input-json "{\"DryRun\":": not a JSON document: unexpected end`}},
		{"input JSON that is no object", []string{"--cli-input-json", `["DryRun"]`}, []string{`--cli-input-json "[\"DryRun\"]": want an object with the parameters`}},
		{"an unknown member in a file", also(complete, "--cli-input-json", file(t, `{"LogGroup":"g","resourceIds":[]}`)), []string{"--cli-input-json LogGroup: ", "--cli-input-json resourceIds: "}},
		{"another kind in JSON", []string{"--cli-input-json", `{"ResourceIds":"vpc-00000001"}`}, []string{`--cli-input-json ResourceIds "vpc-00000001": want a list`}},
		{"another kind in an option", []string{"--destination-options", "FileFormat=parquet,PerHourPartition=yes"}, []string{`--destination-options.PerHourPartition "yes": want true or false`}},
		{"a list for a structure", []string{"--destination-options", "[]"}, []string{`--destination-options "[]": want an object`}},
		{"a key that does not exist", also(complete, "--destination-options", "Format=parquet"), []string{"--destination-options.Format: "}},
		{"a missing file in shorthand", []string{"--tag-spec", "Tags=[{Key=a,Value@=file://nope}]"}, []string{`--tag-spec "Tags=[{Key=a,Value@=file://nope}]": open nope: `}},
		{"shorthand with nothing in it", []string{"--destination-options", ""}, []string{"--destination-options: not in shorthand: want a key at the end"}},
		{"shorthand that breaks off", []string{"--tag-spec", "ResourceType=vpc-flow-log,Tags=[{Key=a"}, []string{`--tag-spec "ResourceType=vpc-flow-log,Tags=[{Key=a": not in shorthand: want ',' at the end`}},
		{"shorthand with a comma too few", []string{"--tag-specifications", "Tags=[{Key=a}{Key=b}]"}, []string{"not in shorthand: want ',', not '{', as character 14"}},
		{"structures with a comma", []string{"--tag-specifications", "Tags=[],Tags=[]"}, []string{"not in shorthand: Tags occurs twice; want a space between structures, not a comma"}},
		{"shorthand that is very deep", []string{"--tag-specifications", "Tags=" + strings.Repeat("[", 1000)}, []string{"not in shorthand: it is nested too deeply"}},
		{"nothing at all", nil, []string{
			"--resource-type: required", "--resource-ids: required", "--traffic-type: required",
			"--log-group-name: required", " --log-destination", "--deliver-logs-permission-arn: required",
		}},
		{"a parameter of another destination", also(complete, "--log-group-name", "g", "--deliver-cross=r"), []string{
			`--log-group-name "g": `, `--deliver-cross "r": `,
		}},
		{"tags deep inside", also(complete, "--tag-specifications", "ResourceType=vpc-flow-log,Tags=[{Key=a,Value=b},{Key=aws:c}]", "ResourceType=vpc,Tags={Key=a,Value=c}"), []string{
			`--tag-specifications[0].Tags[1].Key "aws:c": `, "--tag-specifications[0].Tags[1].Value: required",
			`--tag-specifications[1].ResourceType "vpc": `, `--tag-specifications[1].Tags[0].Key "a": `,
		}},
		{"one of many resources", also(toBucket("--resource-ids"), also(vpcs(350), "i-1")...), []string{`--resource-ids[350] "i-1": `}},
		{"a tag field without its tag", also(complete, "--log-format", "${instance-tag}"), []string{
			"--tag-field-specifications: required", " --log-format",
		}},
		{"a format that the shell has expanded", also(complete, "--log-format", " "), []string{
			"--log-format: put it in single quotes, or the shell expands ${…}",
		}},
		{"all of it, wherever it came from", []string{"--resource-ids", vpc(1), "--cli-input-json", `{"TrafficType":"SOME","ResourceType":"VPC","LogGroupName":"g","LogDestination":"arn:aws:s3:::b"}`}, []string{
			`--cli-input-json TrafficType "SOME": `, `--cli-input-json LogGroupName "g": `, " LogDestination",
			"--deliver-logs-permission-arn: required",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			got := c.run(t.Context(), test.args...)
			assert.Equal(t, 252, got.status)
			assert.Empty(t, got.stdout)
			for _, want := range test.want {
				assert.Contains(t, got.stderr, want)
			}
			for line := range strings.Lines(got.stderr) {
				assert.Regexp(t, `^create-flow-logs: (-|argument)`, line)
			}
			assert.Empty(t, c.Calls())
		})
	}
}

func TestSkeleton_IsARequestWhenFilledIn(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	filled := strings.NewReplacer(
		`"ResourceIds": [
        ""`, `"ResourceIds": [
        "vpc-00000001"`,
		`"LogDestination": ""`, `"LogDestination": "arn:aws:s3:::my-bucket"`,
		`"Key": ""`, `"Key": "Name"`, `"TagKeys": [
                ""`, `"TagKeys": [
                "Name"`,
	).Replace(c.run(t.Context(), "--generate-cli-skeleton").stdout)
	got := c.run(t.Context(), "--cli-input-json", file(t, filled), "--no-dry-run")
	assert.Equal(t, 0, got.status, got.stderr)
	assert.Len(t, c.FlowLogs(), 1)
}

func TestSkeleton_OfTheOutputChecksTheCommand(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	got := c.run(t.Context(), toBucket("--generate-cli-skeleton", "output", "--output", "text", "--resource-ids", vpc(1))...)
	assert.Equal(t, outcome{0, "ClientToken\nFLOWLOGIDS\tString\nUNSUCCESSFUL\tResourceId\nERROR\tCode\tMessage\n", ""}, got)
	got = c.run(t.Context(), toBucket("--generate-cli-skeleton", "output")...)
	assert.Equal(t, 252, got.status)
	assert.Contains(t, got.stderr, "--resource-ids: required")
	assert.Empty(t, c.Calls())
}
