package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDraw_ShowsEachSeriesWithItsEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	table := filepath.Join(dir, "series.csv")
	require.NoError(t, os.WriteFile(table, []byte("one,flowlogs,0,0\none,flowlogs,57.6,100000\ntwo,flowlogs,0,0\ntwo,flowlogs,116,99700\n"), 0o600))
	all, err := read(table)
	require.NoError(t, err)
	picture := filepath.Join(dir, "fleet.svg")
	require.NoError(t, draw(picture, all))
	svg, err := os.ReadFile(picture)
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(svg, new(struct{})))
	for _, text := range []string{"one", "two", "flowlogs: 100.0k in 58 s", "flowlogs: 99.7k in 116 s", "time (seconds)", "prefers-color-scheme:dark"} {
		assert.Contains(t, string(svg), text)
	}
	assert.NotContains(t, string(svg), "#000000", "black is invisible in the dark")
}

func TestRead_NamesTheLineThatIsWrong(t *testing.T) {
	t.Parallel()
	table := filepath.Join(t.TempDir(), "series.csv")
	require.NoError(t, os.WriteFile(table, []byte("one,flowlogs,0,0\none,flowlogs,x,1\n"), 0o600))
	_, err := read(table)
	require.ErrorContains(t, err, "line 2")
	assert.NotContains(t, err.Error(), "\n")
}
