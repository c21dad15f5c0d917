package flowlogs_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

// FuzzRequestJSON: what can be read can be written and read again, and means the
// same; nothing panics, and errors stay on one line.
func FuzzRequestJSON(f *testing.F) {
	full, err := os.ReadFile("testdata/cli-input.json")
	require.NoError(f, err)
	for _, seed := range []string{
		string(full), "{}", "null", "[]", `{"ResourceIds":["vpc-1",null]}`, `{"LogFormat":"${a} "}`,
		`{"LogDestinationType":"kinesis-data-firehose","DeliverCrossAccountRole":"x"}`,
		`{"TagSpecifications":[{"ResourceType":"vpc-flow-log","Tags":[{"Key":"","Value":null}]}]}`,
		`{"MaxAggregationInterval":-2147483648}`, `{"DestinationOptions":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var req flowlogs.Request
		if err := json.Unmarshal(data, &req); err != nil {
			assert.NotContains(t, err.Error(), "\n")
			return
		}
		if err := req.Validate(); err != nil {
			assert.NotContains(t, err.Error(), "\n")
		}
		written, err := json.Marshal(req)
		require.NoError(t, err)
		var again flowlogs.Request
		require.NoError(t, json.Unmarshal(written, &again), string(written))
		rewritten, err := json.Marshal(again)
		require.NoError(t, err)
		assert.Equal(t, string(written), string(rewritten))
	})
}

// FuzzParseLogFormat: a format that is parsed is written as it was.
func FuzzParseLogFormat(f *testing.F) {
	for _, seed := range []string{vpcFormat, tgwFormat, "", " ", "${version}", "${version} ", "${", "}", "${a} ${b}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		format, err := flowlogs.ParseLogFormat(s)
		if err != nil {
			assert.NotContains(t, err.Error(), "\n")
			return
		}
		assert.Equal(t, s, format.String())
	})
}
