package awscli

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSplit_ReadsArgumentsInTheTwoPassesOfTheAWSCLI(t *testing.T) {
	t.Parallel()
	ids := func(words ...string) map[string][]string { return map[string][]string{"ResourceIds": words} }
	tests := []struct {
		name     string
		args     []string
		want     map[string][]string // the words of each option
		problems []string
	}{
		{"values up to the next option", []string{"--resource-ids", "a", "b", "--dry-run"}, map[string][]string{"ResourceIds": {"a", "b"}, "DryRun": {}}, nil},
		{"a value after =", []string{"--resource-ids=a=b"}, ids("a=b"), nil},
		{"one value only after =", []string{"--resource-ids=a", "b"}, ids("a"), []string{`argument "b": belongs to no option`}},
		{"the last of two", []string{"--resource-ids", "a", "--resource-i", "b"}, ids("b"), nil},
		{"a global option between two values", []string{"--resource-ids", "a", "--region", "r", "b"}, map[string][]string{"ResourceIds": {"a", "b"}, "region": {"r"}}, nil},
		{"a global option before others of the prefix", []string{"--re", "r"}, map[string][]string{"region": {"r"}}, nil},
		{"a number with a dash as a value", []string{"--resource-ids", "-1", "-.5"}, ids("-1", "-.5"), nil},
		{"a dash and a space as a value", []string{"--resource-ids", "-a b"}, ids("-a b"), nil},
		{"a lone dash as a value", []string{"--resource-ids", "-"}, ids("-"), nil},
		{"an empty value", []string{"--resource-ids", "a", ""}, ids("a", ""), nil},
		{"the default of a choice", []string{"--generate-cli-skeleton", "--dry-run"}, map[string][]string{"generate-cli-skeleton": {"input"}, "DryRun": {}}, nil},

		{"a trailing --", []string{"--resource-ids", "a", "--"}, ids("a"), nil},
		{"one empty argument", []string{"--dry-run", ""}, map[string][]string{"DryRun": {}}, nil},
		{"not two", []string{"--dry-run", "", ""}, map[string][]string{"DryRun": {}}, []string{"argument: belongs to no option"}},
		{"no options after --", []string{"--dry-run", "--", "", "--region"}, map[string][]string{"DryRun": {}}, []string{`argument "--region": belongs to no option`}},
		{"no values of an unknown option", []string{"--nothing", "a", "b"}, nil, []string{"--nothing: unknown option; see --help"}},
		{"no value of an ambiguous option", []string{"--resource", "a"}, nil, []string{"--resource: could be --resource-ids, --resource-type"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := split(test.args)
			got := map[string][]string{}
			for dest, g := range l.given {
				got[dest] = append([]string{}, g.words...)
			}
			if test.want == nil {
				test.want = map[string][]string{}
			}
			assert.Equal(t, test.want, got)
			var problems []string
			for i := range l.problems {
				problems = append(problems, l.problems[i].Error())
			}
			assert.Equal(t, test.problems, problems)
		})
	}
}

func TestSplit_FindsHelpAndVersionWhereTheAWSCLIDoes(t *testing.T) {
	t.Parallel()
	required := []string{"--resource-ids", "a", "--resource-type", "VPC"}
	tests := []struct {
		name          string
		args          []string
		help, version bool
	}{
		{"help alone", []string{"help"}, true, false},
		{"help beside global options", []string{"--region", "r", "help"}, true, false},
		{"help after what is required", slices.Concat(required, []string{"--dry-run", "help"}), true, false},
		{"help after what is required and --", slices.Concat(required, []string{"--", "help"}), true, false},
		{"help beside a document", []string{"--cli-input-yaml", "{}", "help"}, true, false},
		{"help beside an input skeleton", []string{"--generate-cli-skeleton", "input", "help"}, true, false},
		{"no help beside an output skeleton", []string{"--generate-cli-skeleton", "output", "help"}, false, false},
		{"no help before what is required", []string{"--dry-run", "help"}, false, false},
		{"no help as a value", []string{"--resource-ids", "help"}, false, false},
		{"--help anywhere", []string{"--nothing", "--help"}, true, false},
		{"-h", []string{"-h"}, true, false},
		{"a version", []string{"--version"}, false, true},
		{"a version before a problem", []string{"--version", "--output", "x"}, false, true},
		{"no version after a problem", []string{"--output", "x", "--version"}, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := split(test.args)
			assert.Equal(t, test.help, l.help)
			assert.Equal(t, test.version, l.version)
		})
	}
}
