package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const table = `bad day,outage,20,0
bad day,outage,140,0
quiet,flowlogs,0,0
quiet,flowlogs,57.6,100000
bad day,"SDK, standard",0,20
bad day,"SDK, standard",25,41720
`

func TestDraw_ShowsEachSeriesWithItsEnd(t *testing.T) {
	t.Parallel()
	all, err := read(write(t, table))
	require.NoError(t, err)
	svg := draw(all)
	require.NoError(t, xml.Unmarshal(svg, new(struct{})))
	for _, text := range []string{">A quiet account<", ">all in 58 s<", ">A bad day<", ">outage<", ">58,280 without<"} {
		assert.Contains(t, string(svg), text)
	}
}

func TestRead_NamesTheLineThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := read(write(t, "quiet,flowlogs,0,0\nquiet,flowlogs,x,1\n"))
	require.ErrorContains(t, err, "line 2")
	assert.NotContains(t, err.Error(), "\n")
}

func write(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "series.csv")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}
