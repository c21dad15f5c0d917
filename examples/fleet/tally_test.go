package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/go-flowlogs/flowlogs"
)

func TestATallyCountsEveryVPCOnce(t *testing.T) {
	t.Parallel()
	item := flowlogs.UnsuccessfulItem{ResourceID: "vpc-3", Code: "400", Message: "LogDestination: logs does not exist"}
	batch := func(attempts int) flowlogs.Batch {
		return flowlogs.Batch{ResourceIDs: []string{"vpc-1", "vpc-2", "vpc-3"}, Attempts: attempts}
	}
	answered := batch(1)
	answered.FlowLogIDs, answered.Unsuccessful = []string{"fl-1", "fl-2"}, []flowlogs.UnsuccessfulItem{item}
	fails := func(b flowlogs.Batch, err error) error { return &flowlogs.CallError{Batch: b, Err: err} }
	tests := []struct {
		name                             string
		batch                            flowlogs.Batch
		err                              error
		created, failed, refused, causes int
	}{
		{"answered in part", answered, &flowlogs.UnsuccessfulError{Items: answered.Unsuccessful}, 2, 0, 1, 1},
		{"no answer", batch(3), fails(batch(3), flowlogs.ErrNoAnswer), 0, 3, 0, 1},
		{"throttled", batch(3), fails(batch(3), flowlogs.ErrThrottled), 0, 3, 0, 1},
		{"unavailable", batch(3), fails(batch(3), flowlogs.ErrUnavailable), 0, 3, 0, 1},
		{"not attempted", batch(0), fails(batch(0), flowlogs.ErrNotAttempted), 0, 0, 0, 1},
		{"refused", batch(1), fails(batch(1), flowlogs.ErrAlreadyExists), 0, 3, 3, 1},
		{"incomplete, which EC2 would repeat", batch(1), fails(batch(1), flowlogs.ErrIncompleteResponse), 0, 3, 3, 1},
		{"unknown", batch(1), fails(batch(1), errors.New("no reason")), 0, 3, 3, 1},
		{"interrupted, which is no cause", batch(1), fails(batch(1), context.Canceled), 0, 3, 0, 0},
	}
	for _, tt := range tests {
		got := tally{vpcs: 3}
		got.add(tt.batch, tt.err)
		assert.Equal(t, tt.created, got.created, tt.name)
		assert.Equal(t, tt.failed, got.failed, tt.name)
		assert.Equal(t, tt.refused, got.refused, tt.name)
		assert.Len(t, got.causes, tt.causes, tt.name)
	}
}

func TestATallyDoesNotGrowWithTheFailures(t *testing.T) {
	t.Parallel()
	all := tally{vpcs: 1000}
	for range 1000 {
		all.add(flowlogs.Batch{Unsuccessful: []flowlogs.UnsuccessfulItem{{Code: "400", Message: "LogDestination: logs does not exist"}}}, nil)
	}
	var out bytes.Buffer
	all.print(&out)
	assert.Equal(t, 3, strings.Count(out.String(), "\n"))
	assert.Contains(t, out.String(), "\n1000 of them: ")
}

func TestATerminalGetsABar(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := newBar(&out, 3000)
	assert.Contains(t, out.String(), "(0/3000)")
	b.show(&tally{vpcs: 3000, created: 299, unsuccessful: 1})
	assert.Contains(t, out.String(), "(300/3000)")
	b.end()
	assert.True(t, strings.HasSuffix(out.String(), "\n"))
}

func TestALogGetsALineForEveryTenth(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := newProgress(&out, 1000)
	all := tally{vpcs: 1000}
	for range 999 {
		all.created++
		p.show(&all)
	}
	all.unsuccessful++
	p.show(&all)
	p.end()
	lines := strings.Split(out.String(), "\n")
	assert.Len(t, lines, 10+1)
	assert.Equal(t, "100 of 1000 VPCs, 0 unsuccessful", lines[0])
	assert.Equal(t, "1000 of 1000 VPCs, 1 unsuccessful", lines[9])
}
