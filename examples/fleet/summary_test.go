package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

func TestSummary_CountsEveryVPCOnce(t *testing.T) {
	t.Parallel()
	denied := &flowlogs.UnsuccessfulError{ResourceID: "vpc-3", Code: "UnauthorizedOperation", Message: "no"}
	s := summarize(&reconcile.Result{Outcomes: []reconcile.Outcome{
		{ResourceID: "vpc-1", Action: reconcile.ActionCreate, Created: true},
		{ResourceID: "vpc-2", Action: reconcile.ActionKeep},
		{ResourceID: "vpc-3", Action: reconcile.ActionCreate, Err: denied},
		{ResourceID: "vpc-4", Action: reconcile.ActionCreate, Err: denied},
		{ResourceID: "vpc-5", Action: reconcile.ActionConflict, Err: &reconcile.ConflictError{ResourceID: "vpc-5"}},
		// By Ctrl-C: before its call, during its call, and before its ID was read.
		{ResourceID: "vpc-6", Action: reconcile.ActionCreate, Err: context.Canceled},
		{ResourceID: "vpc-7", Action: reconcile.ActionCreate, Err: fmt.Errorf("%w: %w", flowlogs.ErrNoResponse, context.Canceled)},
		{ResourceID: "vpc-8", Action: reconcile.ActionCreate, Created: true, Err: fmt.Errorf("%w: %w", reconcile.ErrNotShown, context.Canceled)},
	}})
	assert.Equal(t, &summary{created: 2, kept: 1, failed: 5, unknown: 1, causes: []cause{
		{flowlogs.ErrNotAuthorized, 2, denied}, {"", 1, &reconcile.ConflictError{ResourceID: "vpc-5"}},
	}}, s)
}

func TestProgress_IsABarOnATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &bar{w: &out}
	b.end()
	b.show(reconcile.Progress{Resources: 5000})
	assert.Empty(t, out.String(), "nothing is created yet")
	b.show(reconcile.Progress{Resources: 5000, Missing: 3000})
	assert.Contains(t, out.String(), "(0/3000)")
	b.show(reconcile.Progress{Missing: 3000, Created: 298, Create: flowlogs.Progress{Unsuccessful: 1, Failed: 1, Remaining: 9 * time.Second}})
	assert.Contains(t, out.String(), "VPCs, 2 without a flow log, about 9s left")
	assert.Contains(t, out.String(), "(300/3000)")
	b.end()
	assert.True(t, strings.HasSuffix(out.String(), "\n"))
}

func TestProgress_IsALineForEveryTenthInALog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := newProgress(&out)
	for n := range 1000 {
		p.show(reconcile.Progress{Missing: 1000, Created: n + 1, Create: flowlogs.Progress{Attempts: 9, Throttled: 2}})
	}
	p.end()
	lines := strings.Split(out.String(), "\n")
	assert.Len(t, lines, 10+1)
	assert.Equal(t, "100 of 1000 VPCs, 2 of 9 calls throttled", lines[0])
	assert.Equal(t, "1000 of 1000 VPCs, 2 of 9 calls throttled", lines[9])
}
