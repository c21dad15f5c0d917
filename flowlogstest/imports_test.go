package flowlogstest_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The package must not share a mistake with the module that it tests. Go would let it
// import the root's internal packages.
func TestPackage_ImportsNothingElseOfItsModule(t *testing.T) {
	t.Parallel()
	const module = "github.com/go-flowlogs/flowlogs"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-test", ".").Output()
	require.NoError(t, err)
	imported := strings.Split(string(out), "\n")
	assert.Contains(t, imported, module+"/flowlogstest")
	for _, path := range imported {
		if strings.HasPrefix(path, module) && !strings.HasPrefix(path, module+"/flowlogstest") {
			t.Errorf("imports %s", path)
		}
	}
}
