package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// summary says how many VPCs have their flow log, and why the others have none.
type summary struct {
	created, kept, failed int
	unknown               int     // failed, but their call may have been applied
	causes                []cause // one for each reason
}

// cause is a reason for which VPCs have no flow log.
type cause struct {
	reason flowlogs.Reason // "": conflicts
	vpcs   int
	first  error
}

func summarize(result *reconcile.Result) *summary {
	var s summary
	for _, o := range result.Outcomes {
		switch {
		case o.Created: // also if Ctrl-C came before its ID was read
			s.created++
		case o.Err == nil:
			s.kept++
		default:
			s.failed++
			s.blame(o.Err)
		}
	}
	return &s
}

func (s *summary) blame(err error) {
	reason := flowlogs.ReasonOf(err)
	if errors.Is(err, context.Canceled) { // the user knows
		if reason == flowlogs.ErrNoResponse {
			s.unknown++
		}
		return
	}
	for i := range s.causes {
		if c := &s.causes[i]; c.reason == reason {
			c.vpcs++
			return
		}
	}
	s.causes = append(s.causes, cause{reason, 1, err})
}

// print writes the numbers, and for each cause the first failure and a hint.
func (s *summary) print(w io.Writer) {
	fmt.Fprintf(w, "%d created, %d kept, %d without such a flow log\n", s.created, s.kept, s.failed)
	if s.unknown > 0 {
		fmt.Fprintf(w, "%d of these may have one nevertheless: their calls were interrupted\n", s.unknown)
	}
	for _, c := range s.causes {
		fmt.Fprintf(w, "%d VPCs: %v\n", c.vpcs, c.first)
		hint := c.reason.Hint()
		if c.reason == "" {
			hint = "Run it with -plan to see what differs."
		}
		if hint != "" {
			fmt.Fprintf(w, "\t%s\n", hint)
		}
	}
}
