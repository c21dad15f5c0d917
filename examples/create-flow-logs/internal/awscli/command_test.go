package awscli

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

// answer returns the output of a command that asks only for help, the version or a
// sample.
func answer(t *testing.T, args ...string) string {
	t.Helper()
	var b strings.Builder
	printed, err := Parse(args).Print(&b)
	require.NoError(t, err)
	require.True(t, printed)
	return b.String()
}

func TestLoad_ExpandsTildeAndVariables(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // HOME on Windows
	t.Setenv("NAME", "token")
	require.NoError(t, os.WriteFile(filepath.Join(home, "token.txt"), []byte("mine"), 0o600))
	got, err := load("file://~/${NAME}.txt")
	require.NoError(t, err)
	assert.Equal(t, "mine", got)
}

func FuzzArguments(f *testing.F) {
	for _, line := range []string{
		"--resource-ids\x00vpc-00000001\x00--resource-type=VPC\x00--dry-run",
		"--tag-specifications\x00ResourceType=vpc-flow-log,Tags=[{Key=a,Value='b\\'c'},{Key=\"d\",Value=}]",
		"--destination-options\x00FileFormat=parquet,PerHourPartition=true\x00--output\x00table",
		"--tag-field-specifications\x00TagKeys=a,b,ResourceType=instance\x00--max\x00-1",
		"--cli-input-json\x00{\"TagSpecifications\":[{\"Tags\":[{}]}],\"DryRun\":null}",
		"--log\x00--\x00-\x00=\x00--=\x00help",
		"--destination-options\x00a=b,c,\\,d,[e={,}]@=\xff",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, joined string) {
		if strings.Contains(joined, "file:") {
			t.Skip("reads files")
		}
		cmd := Parse(strings.Split(joined, "\x00"))
		if cmd.help || cmd.version {
			return
		}
		in, req, err := cmd.Request(t.Context(), "us-east-1")
		if invalid := (*flowlogs.ValidationError)(nil); errors.As(err, &invalid) {
			return
		}
		require.NoError(t, err)
		assert.Equal(t, in.ResourceIds, req.ResourceIDs)
		assert.NoError(t, req.Validate())
	})
}

func TestParameters_AreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	var skeleton map[string]any
	for _, args := range [][]string{{"--generate-cli-skeleton"}, {"--generate-cli-skeleton", "input"}, {"--generate-cli-skeleton=input", "--dry-run"}} {
		require.NoError(t, json.Unmarshal([]byte(answer(t, args...)), &skeleton))
	}
	var want []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[ec2.CreateFlowLogsInput]()) {
		if field.IsExported() {
			want = append(want, field.Name)
		}
	}
	var dests []string
	for _, o := range parameters {
		dests = append(dests, o.dest)
	}
	slices.Sort(dests)
	assert.ElementsMatch(t, want, slices.Compact(dests))
	assert.ElementsMatch(t, want, slices.Collect(maps.Keys(skeleton)))
}

func TestHelp_NamesEveryOption(t *testing.T) {
	t.Parallel()
	help := answer(t, "--help")
	for _, o := range slices.Concat(parameters, documents, globals, own) {
		assert.Contains(t, help, "  --"+o.name+" ")
	}
	assert.Equal(t, help, answer(t, "help"))
}

func TestParseYAML_ReadsWholeNumbersAsInYAML12(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"060": "60", "0060": "60", "00": "0", "0_6_0": "60", "+060": "60", "-060": "-60", "089": "89",
		"0o74": "60", "0x3c": "60", "0b111100": "60", "60": "60", `!!int "060"`: "60",
	}
	for text, want := range tests {
		got, err := parseYAML("[a, {b: " + text + "}, '060']")
		require.NoError(t, err)
		assert.Equal(t, []any{"a", map[string]any{"b": json.Number(want)}, "060"}, got)
	}
}
