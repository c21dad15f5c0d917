package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPrinter_FailsIfATableHasRowsOfDifferentLengths(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	got := c.run(t.Context(), toBucket("--resource-ids", vpc(1), "--generate-cli-skeleton", "output", "--output", "table", "--query", "[['a'], ['b', 'c']]")...)
	assert.Equal(t, outcome{255, "", "create-flow-logs: --output table: want rows of the same length; change --query\n"}, got)
}

func TestCreateFlowLogs_SaysWhatItCreatedIfTheQueryFails(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	got := c.run(t.Context(), toBucket("--resource-ids", vpc(1), "--client-token", "mine", "--query", "length(Nothing)")...)
	assert.Equal(t, 255, got.status)
	assert.Empty(t, got.stdout)
	assert.Contains(t, got.stderr, "--query: ")
	assert.Contains(t, got.stderr, "1 created, client token mine")
	assert.Len(t, c.FlowLogs(), 1)
}
