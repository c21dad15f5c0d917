package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var quoted = regexp.MustCompile("`([^`]+)`")

// TestContributing_HasEveryFileInItsTable holds the first column of the table against
// the files at the top and the folders in internal.
func TestContributing_HasEveryFileInItsTable(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "CONTRIBUTING.md"))
	require.NoError(t, err)
	var listed []string
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, match := range quoted.FindAllStringSubmatch(cells[1], -1) {
				listed = append(listed, match[1])
			}
		}
	}
	files, err := filepath.Glob(filepath.Join("..", "*.go"))
	require.NoError(t, err)
	rooms, err := filepath.Glob(filepath.Join("..", "internal", "*"))
	require.NoError(t, err)
	var existing []string
	for _, file := range slices.Concat(files, rooms) {
		name := strings.TrimPrefix(filepath.ToSlash(file), "../")
		if !strings.HasSuffix(name, "_test.go") && name != "doc.go" {
			existing = append(existing, name)
		}
	}
	assert.Subset(t, listed, existing, "files that the table lacks")
	for _, name := range listed {
		if strings.HasSuffix(name, ".go") || strings.HasPrefix(name, "internal/") {
			assert.Contains(t, existing, name, "files that do not exist")
		}
	}
}
