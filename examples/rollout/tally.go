package main

// Tally counts VPCs. Every VPC that was looked at is in exactly one of the other
// counts.
type Tally struct {
	VPCs      int
	Created   int // have their flow log by this rollout
	Kept      int // had it before
	Missing   int // of a plan: would get it
	Conflicts int // have one that conflicts with it
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

type count struct {
	n    int
	name string
}
