package main

import "github.com/go-flowlogs/flowlogs/reconcile"

// Tally counts VPCs. Every VPC that was looked at is in exactly one of the other
// counts.
type Tally struct {
	VPCs      int
	Created   int // got their flow log from this rollout
	Kept      int // had it before
	Missing   int // of a plan: would get it
	Conflicts int // have a flow log that conflicts with it
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

type count struct {
	n    int
	name string
}

// counts returns the counts with their names, in the order in which they are shown.
func (t *Tally) counts() []count {
	return []count{
		{t.Created, "flow logs created by this rollout"},
		{t.Missing, "to create"},
		{t.Kept, "kept"},
		{t.Conflicts, "conflicts"},
		{t.Failed, "failed"},
		{t.Unreached, "not reached: their target ended before"},
		{t.Gone, "deleted meanwhile"},
	}
}

// Result is how far the work on a target is, and its outcome in the end. It goes
// through heartbeats and the histories of the child and of its parent, so its size is
// bounded.
type Result struct {
	Tally        // of the VPCs up to After, in the order of their IDs
	After string `json:",omitempty"`
	More  bool   `json:",omitempty"` // the work was interrupted, and resumes after After

	// Reason is the code of the first failure, or a conflict if nothing failed, with
	// what was said and what to do about it. It is empty if every VPC is as the request
	// asks for.
	Reason  string `json:",omitempty"`
	Message string `json:",omitempty"`
	Hint    string `json:",omitempty"`
	Retry   bool   `json:",omitempty"` // the reason is transient

	Problems []Problem `json:",omitempty"` // the first maxProblems
	Omitted  int       `json:",omitempty"` // problems after them
}

// Problem is why a VPC is not as the request asks for.
type Problem struct {
	VPC     string
	More    int `json:",omitempty"` // VPCs after it that failed with the same message
	Reason  string
	Message string `json:",omitempty"`

	FlowLog     string                 `json:",omitempty"` // that conflicts
	Differences []reconcile.Difference `json:",omitempty"`
}

// end gives a result its reason.
func (r *Result) end(reason, message string) {
	r.Reason, r.Message, r.Hint = reason, truncated(message, maxMessage), hintOf(reason)
}

// position returns where to resume, without the VPCs that were not reached. Parent
// and server carry no problems along: a target that has some starts over, and lists
// what is done already.
func (r *Result) position() Result {
	if len(r.Problems) > 0 {
		return Result{}
	}
	p := Result{Tally: r.Tally, After: r.After}
	p.VPCs, p.Unreached = p.VPCs-p.Unreached, 0
	return p
}

// maxProblems of a target take some 30 KB, and 100 KB if everything in them is long.
// The parent continues as new before the problems of its children fill its history: the
// server suggests it at 4 MB, and the limit is 50 MB.
const maxProblems = 100

// add takes a problem, if there is room for it.
func (r *Result) add(p Problem) {
	p.Message = truncated(p.Message, maxMessage)
	switch n := len(r.Problems); {
	case n > 0 && p.Message != "" && p.Message == r.Problems[n-1].Message:
		r.Problems[n-1].More++
	case n < maxProblems:
		r.Problems = append(r.Problems, p)
	default:
		r.Omitted++
	}
}

// addFailure counts a VPC for which the call failed. The first failure is the reason of
// the result.
func (r *Result) addFailure(p Problem) {
	r.Failed++
	if r.Reason == "" {
		r.end(p.Reason, p.Message)
	}
	r.add(p)
}

// Text from AWS and from other flow logs is truncated to so many characters.
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
