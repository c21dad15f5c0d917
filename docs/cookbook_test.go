package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// TestCookbook_HasTheCodeThatRuns looks for each snippet of cookbook.md in one of the
// tests in examples/cookbook, line for line, at any depth of indentation; and for a
// snippet of each test.
func TestCookbook_HasTheCodeThatRuns(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("cookbook.md")
	require.NoError(t, err)
	tests, err := filepath.Glob(filepath.Join("..", "examples", "cookbook", "*_test.go"))
	require.NoError(t, err)
	shown := make(map[string]bool)
	for _, match := range goBlock.FindAllStringSubmatch(string(page), -1) {
		snippet, found := match[1], false
		for _, name := range tests {
			code, err := os.ReadFile(name)
			require.NoError(t, err)
			if contains(string(code), snippet) {
				shown[name], found = true, true
			}
		}
		assert.True(t, found, "no test has this snippet:\n%s", snippet)
	}
	for _, name := range tests {
		assert.True(t, shown[name], "there is no snippet of %s", name)
	}
}

// contains reports whether the lines of the snippet are in the code, all indented by
// the same number of tabs.
func contains(code, snippet string) bool {
	for depth := range 4 {
		lines := strings.SplitAfter(snippet, "\n")
		for i, line := range lines {
			if strings.TrimSpace(line) != "" {
				lines[i] = strings.Repeat("\t", depth) + line
			}
		}
		if strings.Contains("\n"+code, "\n"+strings.Join(lines, "")) {
			return true
		}
	}
	return false
}
