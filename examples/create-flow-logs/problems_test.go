package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCreateFlowLogs_ReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want []string // the beginnings of all lines
	}{
		{
			"of form and of meaning, on the command line",
			[]string{"--max-aggregation-interval", "abc", "--traffic-type", "Accept", "--tag-specifications", "x", "--resource-ids", "vpc-1"},
			[]string{
				`--tag-specifications "x": not in shorthand`,
				`--max-aggregation-interval "abc": want a whole number`,
				`--resource-ids[0] "vpc-1": want`,
				"--resource-type: required",
				`--traffic-type "Accept": want one of`,
				"--log-group-name: required without --log-destination",
				"--deliver-logs-permission-arn: required",
			},
		},
		{
			"in a document",
			toBucket("--cli-input-json", `{"ResourceIds": [5, "bad", null], "resourceType": "VPC", "TrafficType": 7, "LogFormat": true, "TagSpecifications": [{"ResourceType": "vpc-flow-log", "Tags": {}}], "MaxAggregationInterval": 99999999999}`),
			[]string{
				`--cli-input-json ResourceIds[1] "bad": want`,
				`--cli-input-json MaxAggregationInterval "99999999999": want 1m or 10m`,
				`--cli-input-json LogFormat "true": want a string`,
				`--cli-input-json ResourceIds[0] "5": want a string`,
				`--cli-input-json ResourceIds[2] "null": want a string`,
				`--cli-input-json TagSpecifications[0].Tags "{}": want a list`,
				"--cli-input-json resourceType: unknown member",
			},
		},
		{
			"of global options beside those of the command",
			toBucket("--resource-ids", "i-1", "--output", "xml", "--query", "[", "--endpoint-url", "", "--cli-read-timeout", "soon", "--nothing", "x"),
			[]string{
				`--output "xml": want one of`,
				"--nothing: unknown option",
				"--endpoint-url: it is empty; want a URL",
				`--query "[": want a JMESPath expression`,
				`--cli-read-timeout "soon": want a number of seconds`,
				`--resource-ids[0] "i-1": want`,
			},
		},
		{
			"but none that only follows from another",
			[]string{"--resource", "vpc-00000001", "--traffic-type", "--log-destination", "file://missing", "--log-destination-type", "s3"},
			[]string{
				"--resource: could be --resource-ids, --resource-type",
				"--traffic-type: want a value",
				`--log-destination "file://missing": open missing`,
			},
		},
		{
			"with values as they were given",
			also(toBucket("--resource-ids", vpc(1)), "--max-agg", "90", "--destination-options", "HiveCompatiblePartitions=yes", "--log-destination-type", "kinesis-data-firehose"),
			[]string{
				`--log-destination "arn:aws:s3:::my-bucket": want`,
				`--max-agg "90": want 1m or 10m`,
				`--destination-options.HiveCompatiblePartitions "yes": want true or false`,
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			got := c.run(t.Context(), test.args...)
			assert.Equal(t, 252, got.status)
			lines := strings.Split(strings.TrimSuffix(got.stderr, "\n"), "\n")
			if assert.Len(t, lines, len(test.want), got.stderr) {
				for i, want := range test.want {
					assert.True(t, strings.HasPrefix(lines[i], "create-flow-logs: "+want), "want %q in %q", want, lines[i])
				}
			}
			assert.Empty(t, c.Calls())
		})
	}
}
