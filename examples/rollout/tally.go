package main

import (
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// Tally counts VPCs. Every VPC that was looked at is in exactly one of the other
// counts.
type Tally struct {
	VPCs      int
	Created   int // have their flow log by this rollout
	Kept      int // had it before
	Missing   int // of a plan: would get it
	Conflicts int // others are in its way
	Failed    int
	Gone      int // deleted since they were listed
	Unreached int // the target ended before it came to them
}

func (t *Tally) add(u Tally) {
	t.VPCs += u.VPCs
	t.Created += u.Created
	t.Kept += u.Kept
	t.Missing += u.Missing
	t.Conflicts += u.Conflicts
	t.Failed += u.Failed
	t.Gone += u.Gone
	t.Unreached += u.Unreached
}

// Problem is why a VPC is not as the request asks for.
type Problem struct {
	VPC     string
	More    int `json:",omitempty"` // VPCs after it that failed in the same call
	Reason  string
	Message string `json:",omitempty"`

	FlowLog     string                 `json:",omitempty"` // the one in the way
	Differences []reconcile.Difference `json:",omitempty"`
}

// Result is the outcome of a target. It goes through the histories of the child
// and of its parent, so its size is bounded.
type Result struct {
	Tally

	// Reason is empty if every VPC is as the request asks for: a code, with what
	// was said and what to do about it.
	Reason  string `json:",omitempty"`
	Message string `json:",omitempty"`
	Hint    string `json:",omitempty"`
	Retry   bool   `json:",omitempty"` // the reason is transient

	Problems []Problem `json:",omitempty"` // the first of them
	Omitted  int       `json:",omitempty"` // and how many more there are
}

// mostProblems of a target take some 30 KB, and 100 KB if everything in them is long.
// The parent continues as new before those of its children are too much for its
// history: the server suggests it at 4 MB, and the limit is 50 MB.
const mostProblems = 100

// add takes a problem, if there is room for it. The first failure always finds
// room, because it is the reason of the whole.
func (r *Result) add(p Problem) {
	p.Message = truncated(p.Message, mostOfMessage)
	if n := len(r.Problems); n > 0 && p.Message != "" && p.Message == r.Problems[n-1].Message {
		r.Problems[n-1].More++
		return
	}
	if len(r.Problems) < mostProblems {
		r.Problems = append(r.Problems, p)
		return
	}
	r.Omitted++
	if r.Failed == 1 && p.Reason != reasonConflict {
		r.Problems[mostProblems-1] = p
	}
}

// What AWS and others wrote is bounded, in characters.
const (
	mostOfMessage    = 300
	mostOfDifference = 100
)

func truncated(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
