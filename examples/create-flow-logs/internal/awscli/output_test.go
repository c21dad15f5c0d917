package awscli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestPrinter_KeepsTheOrderOfNames(t *testing.T) {
	t.Parallel()
	tests := []struct{ query, want string }{
		{"{b: ClientToken, a: ClientToken}", `{"b": "ClientToken","a": "ClientToken"}`},
		{`{"z z": ClientToken, "a:": 'y: x'}`, `{"z z": "ClientToken","a:": "y: x"}`},
		{"{Message: ClientToken, Code: ClientToken}", `{"Message": "ClientToken","Code": "ClientToken"}`},
		{"Unsuccessful[0]", `{"Error": {"Code": "Code","Message": "Message"},"ResourceId": "ResourceId"}`},
		{"{x: Unsuccessful[0].Error}", `{"x": {"Code": "Code","Message": "Message"}}`},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			t.Parallel()
			q, err := parseQuery(test.query)
			require.NoError(t, err)
			var b bytes.Buffer
			require.NoError(t, (&Printer{to: &b, format: "json", query: q}).Print(SampleResponse()))
			var joined strings.Builder
			for line := range strings.Lines(b.String()) {
				joined.WriteString(strings.TrimSpace(line))
			}
			assert.Equal(t, test.want, joined.String())
		})
	}
}

// The expectations were printed by the AWS CLI 2.9.19.
func TestPrinter_PrintsWhatTheAWSCLIDoes(t *testing.T) {
	t.Parallel()
	const denied = "`{\"Message\": \"Access Denied for LogDestination: denied-bucket. Please check LogDestination permission\"}`"
	tests := []struct{ format, query, want string }{
		{"json", "length(FlowLogIds)", "1\n"},
		{"json", "Nothing", "null\n"},
		{"json", "`{}`", ""},
		{"text", "Nothing", "None\n"},
		{"text", "[ClientToken, length(FlowLogIds), `true`, `null`, `1.5`]", "ClientToken\t1\tTrue\tNone\t1.5\n"},
		{"text", "{n: length(FlowLogIds), a: FlowLogIds, b: ClientToken}", "ClientToken\t1\nA\tString\n"},
		{"text", "[[FlowLogIds, [ClientToken]], ClientToken]", "ClientToken\nString\nClientToken\n"},
		{"yaml", "Nothing", "null\n"},
		{"yaml", "FlowLogIds[1:]", "[]\n"},
		{"yaml", "{n: length(FlowLogIds), b: FlowLogIds, a: ['1', 'yes', 'a: b']}", "a:\n- '1'\n- yes\n- 'a: b'\nb:\n- String\nn: 1\n"},
		{"yaml", "{Error: " + denied + "}", "Error:\n  Message: 'Access Denied for LogDestination: denied-bucket. Please check LogDestination\n    permission'\n"},
		{"yaml-stream", "@", "- ClientToken: ClientToken\n  FlowLogIds:\n  - String\n  Unsuccessful:\n  - Error:\n      Code: Code\n      Message: Message\n    ResourceId: ResourceId\n"},
		{"table", "Nothing", ""},
		{"table", "[['日本', 'x'], ['abcdef', 'é×']]", "--------------------\n|  CreateFlowLogs  |\n+---------+--------+\n|  日本   |  x     |\n|  abcdef |  é×  |\n+---------+--------+\n"},
		{"table", "FlowLogIds[0]", "----------------\n|CreateFlowLogs|\n+--------------+\n"},
		{"table", "[FlowLogIds, [ClientToken]]", "-----------------\n|CreateFlowLogs |\n+---------------+\n|  String       |\n|  ClientToken  |\n+---------------+\n"},
	}
	for _, test := range tests {
		t.Run(test.format+" "+test.query, func(t *testing.T) {
			t.Parallel()
			q, err := parseQuery(test.query)
			require.NoError(t, err)
			var b bytes.Buffer
			require.NoError(t, (&Printer{to: &b, format: test.format, query: q, width: 80}).Print(SampleResponse()))
			assert.Equal(t, test.want, b.String())
		})
	}
}

func TestPrinter_SaysWhatAFunctionWants(t *testing.T) {
	t.Parallel()
	tests := []struct{ query, want string }{
		{"length(`1`)", `--query: invalid argument of a function: want "string", "array", "object"`},
		{"abs(@)", `--query: invalid argument of a function: want "number"`},
		{"join(',', ClientToken)", `--query: invalid argument of a function: want "array[string]"`},
	}
	for _, test := range tests {
		q, err := parseQuery(test.query)
		require.NoError(t, err)
		assert.EqualError(t, (&Printer{to: &bytes.Buffer{}, format: "json", query: q}).Print(SampleResponse()), test.want)
	}
}

func TestPrinter_WritesYAMLThatIsReadBack(t *testing.T) {
	t.Parallel()
	values := []any{
		"a: b", "", " x ", "null", "1e3", "=", "a #b", "tab\there", "line\nbreak", "it's", "é", "\u2028", strings.Repeat("word ", 50) + "end",
		strings.Repeat("word: ", 50) + "end", strings.Repeat("long", 50), strings.Repeat("two  spaces ", 20) + "end",
		map[string]any{"a b": []any{}, "": map[string]any{}, "x": []any{[]any{"y"}, map[string]any{"z": nil}}}, true, 1.5,
	}
	for _, value := range values {
		var b bytes.Buffer
		require.NoError(t, writeYAML(&b, []any{value}))
		var read []any
		require.NoError(t, yaml.Unmarshal(b.Bytes(), &read), b.String())
		assert.Equal(t, []any{value}, read, b.String())
	}
}

func TestSkeleton_InYAMLIsThatInJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, printYAMLSkeleton(&b))
	got, err := parseYAML(b.String())
	require.NoError(t, err)
	want, err := parseJSON(inputSkeleton)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Contains(t, b.String(), "ResourceIds: # [REQUIRED] the resources to monitor, any number\n- ''\n")
}
