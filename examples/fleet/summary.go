package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-flowlogs/flowlogs"
)

// summary is how a run ended: how many VPCs have their flow log, and why the
// others have none.
type summary struct {
	vpcs, created int
	causes        []cause // one for each reason
}

// cause is a reason for which VPCs have no flow log.
type cause struct {
	reason flowlogs.Reason
	vpcs   int
	first  error
}

func summarize(resp *flowlogs.Response) *summary {
	var s summary
	for _, err := range resp.Results() {
		s.vpcs++
		switch {
		case err == nil:
			s.created++
		case errors.Is(err, context.Canceled): // whoever pressed Ctrl-C knows
		default:
			s.blame(err)
		}
	}
	return &s
}

func (s *summary) blame(err error) {
	reason := flowlogs.ReasonOf(err)
	for i := range s.causes {
		if c := &s.causes[i]; c.reason == reason {
			c.vpcs++
			return
		}
	}
	s.causes = append(s.causes, cause{reason, 1, err})
}

// resumable reports whether the same request under the same token may create the
// rest, with nothing else changed.
func (s *summary) resumable() bool {
	for _, c := range s.causes {
		if !c.reason.Retryable() {
			return false
		}
	}
	return true
}

// print writes the numbers, and for each cause the first failure and a hint.
func (s *summary) print(w io.Writer) {
	fmt.Fprintf(w, "%d created, %d without a flow log\n", s.created, s.vpcs-s.created)
	for _, c := range s.causes {
		fmt.Fprintf(w, "%d VPCs: %v\n", c.vpcs, c.first)
		if hint := c.reason.Hint(); hint != "" {
			fmt.Fprintf(w, "\t%s\n", hint)
		}
	}
}
