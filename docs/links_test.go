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

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile(`[^\w\- ]`) // from a heading, in its anchor
)

func TestDocuments_LinkToWhatExists(t *testing.T) {
	t.Parallel()
	pages := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md", "examples/rollout/README.md"}
	documents, err := filepath.Glob("*.md")
	require.NoError(t, err)
	for _, name := range documents {
		pages = append(pages, "docs/"+name)
	}
	for _, page := range pages {
		content, err := os.ReadFile(filepath.Join("..", page))
		require.NoError(t, err)
		for _, match := range link.FindAllStringSubmatch(string(content), -1) {
			name, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(name, ":") {
				continue // of another site
			}
			target := filepath.Join("..", filepath.Dir(page), name)
			if name == "" {
				target = filepath.Join("..", page)
			}
			if _, err := os.Stat(target); !assert.NoError(t, err, "%s links to %s", page, match[1]) || anchor == "" {
				continue
			}
			linked, err := os.ReadFile(target)
			require.NoError(t, err)
			assert.Contains(t, anchors(string(linked)), anchor, "%s links to %s", page, match[1])
		}
	}
}

// anchors returns what GitHub makes of the headings.
func anchors(page string) []string {
	var all []string
	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		all = append(all, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-"))
	}
	return all
}
