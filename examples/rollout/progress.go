package main

import (
	"maps"
	"slices"
)

// progressQuery is the name of the query for a Progress. It works on a rollout that
// has ended, too.
const progressQuery = "progress"

// Progress is how far a rollout has come, and its result in the end.
type Progress struct {
	Name     string
	PlanOnly bool `json:",omitempty"`
	Paused   bool `json:",omitempty"`

	Targets int
	Done    int
	NotDone []Ended  `json:",omitempty"`
	Later   int      `json:",omitempty"` // to be tried again
	Running []Target `json:",omitempty"`

	Tally Tally // of the targets that have ended
}

// Ended is a target that ended without being done.
type Ended struct {
	Target
	Reason string
}

func (r *rollout) query() (Progress, error) { return r.progress(), nil }

func (r *rollout) progress() Progress {
	p := Progress{
		Name:     r.Name,
		PlanOnly: r.PlanOnly,
		Paused:   r.Paused,
		Targets:  len(r.targets),
		Done:     r.Done,
		Later:    len(r.Later),
		Tally:    r.Tally,
	}
	if r.Round > 0 {
		p.Later += len(r.Queue)
	}
	for _, reason := range slices.Sorted(maps.Keys(r.NotDone)) {
		for _, number := range r.NotDone[reason] {
			p.NotDone = append(p.NotDone, Ended{r.targets[number], reason})
		}
	}
	for _, c := range r.running {
		p.Running = append(p.Running, r.targets[c.number])
	}
	return p
}
