package main

import "github.com/go-flowlogs/flowlogs/reconcile"

// Result is how far the work on a target is, and its outcome in the end. It goes
// through heartbeats and the histories of the child and of its parent, so its size is
// bounded.
type Result struct {
	Tally        // of the VPCs up to After, in the order of their IDs
	After string `json:",omitempty"`
	More  bool   `json:",omitempty"` // the work was interrupted, and goes on after After

	// Reason is empty if every VPC is as the request asks for: a code, with what
	// was said and what to do about it.
	Reason  string `json:",omitempty"`
	Message string `json:",omitempty"`
	Hint    string `json:",omitempty"`
	Retry   bool   `json:",omitempty"` // the reason is transient

	Problems []Problem `json:",omitempty"` // the first of them
	Omitted  int       `json:",omitempty"` // and how many more there are
}

// Problem is why a VPC is not as the request asks for.
type Problem struct {
	VPC     string
	More    int `json:",omitempty"` // VPCs after it that failed in the same call
	Reason  string
	Message string `json:",omitempty"`

	FlowLog     string                 `json:",omitempty"` // the one that conflicts
	Differences []reconcile.Difference `json:",omitempty"`
}

// end gives a result its reason.
func (r *Result) end(reason, message string) {
	r.Reason, r.Message, r.Hint = reason, truncated(message, maxMessage), hintOf(reason)
}

// explain gives a complete result the reason for which not every VPC is as the
// request asks for, if there is one: that of the first failure, which weighs more than
// a conflict.
func (r *Result) explain() {
	if r.Conflicts+r.Failed == 0 {
		return
	}
	r.end(reasonConflict, "")
	for _, p := range r.Problems {
		if p.Reason != reasonConflict {
			r.end(p.Reason, p.Message)
			return
		}
	}
}

// position returns where to resume, without the VPCs that were not reached. Parent
// and server carry no problems along: a target that has some starts over, and lists
// what is done already.
func (r *Result) position() Result {
	if r.After == "" || len(r.Problems) > 0 {
		return Result{}
	}
	p := Result{Tally: r.Tally, After: r.After}
	p.VPCs, p.Unreached = p.VPCs-p.Unreached, 0
	return p
}

// maxProblems of a target take some 30 KB, and 100 KB if everything in them is long.
// The parent continues as new before those of its children are too much for its
// history: the server suggests it at 4 MB, and the limit is 50 MB.
const maxProblems = 100

// add takes a problem, if there is room for it. The first failure always finds
// room, because it is the reason of the whole.
func (r *Result) add(p Problem) {
	p.Message = truncated(p.Message, maxMessage)
	if n := len(r.Problems); n > 0 && p.Message != "" && p.Message == r.Problems[n-1].Message {
		r.Problems[n-1].More++
		return
	}
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, p)
		return
	}
	r.Omitted++
	if r.Failed == 1 && p.Reason != reasonConflict {
		r.Problems[maxProblems-1] = p
	}
}

// What AWS and others wrote is bounded, in characters.
const (
	maxMessage    = 300
	maxDifference = 100
)

func truncated(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
