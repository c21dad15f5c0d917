package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-flowlogs/flowlogs"
)

// tally counts what became of the VPCs. Its size does not depend on how many they
// are.
type tally struct {
	vpcs         int
	created      int
	unsuccessful int     // refused one by one
	failed       int     // in calls that failed
	refused      int     // of both, those for which EC2 would repeat its answer
	causes       []cause // a reason each
}

// cause is a reason for which VPCs have no flow log.
type cause struct {
	reason flowlogs.Reason
	vpcs   int
	first  error
}

// answered is the number of VPCs of which EC2 has said what became of them.
func (t *tally) answered() int { return t.created + t.unsuccessful }

// add counts a batch of a stream and its error.
func (t *tally) add(b flowlogs.Batch, err error) {
	t.created += len(b.FlowLogIDs)
	t.unsuccessful += len(b.Unsuccessful)
	for _, item := range b.Unsuccessful {
		t.blame(item, 1)
	}
	var call *flowlogs.CallError
	if !errors.As(err, &call) {
		return
	}
	vpcs := len(b.ResourceIDs) - len(b.FlowLogIDs) - len(b.Unsuccessful)
	if b.Attempts > 0 {
		t.failed += vpcs
	}
	if !errors.Is(err, context.Canceled) { // whoever pressed Ctrl-C knows
		t.blame(call, vpcs)
	}
}

func (t *tally) blame(err error, vpcs int) {
	reason := flowlogs.ReasonOf(err)
	switch reason {
	case flowlogs.ErrNotAttempted, flowlogs.ErrThrottled, flowlogs.ErrUnavailable, flowlogs.ErrNoAnswer:
	default:
		t.refused += vpcs
	}
	for i := range t.causes {
		if c := &t.causes[i]; c.reason == reason {
			c.vpcs += vpcs
			return
		}
	}
	t.causes = append(t.causes, cause{reason, vpcs, err})
}

// print writes the numbers, and of each cause the first failure and a hint.
func (t *tally) print(w io.Writer) {
	fmt.Fprintf(w, "%d created, %d unsuccessful, %d failed, %d not attempted\n",
		t.created, t.unsuccessful, t.failed, t.vpcs-t.answered()-t.failed)
	for _, c := range t.causes {
		fmt.Fprintf(w, "%d of them: %v\n", c.vpcs, c.first)
		if hint := c.reason.Hint(); hint != "" {
			fmt.Fprintf(w, "\t%s\n", hint)
		}
	}
}
