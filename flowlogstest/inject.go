package flowlogstest

import (
	"slices"
	"time"
)

// Inject adds faults behind those that are active already. Every kept fault that matches
// a call applies to it. Of the other faults that match, only the first applies, and has
// one call fewer to match. If several faults change the response, the last injected takes
// precedence.
func (e *EC2) Inject(faults ...Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	for _, f := range faults {
		if f.times == 0 {
			continue
		}
		if f.hidden != "" {
			f.until = now.Add(f.delay)
		}
		e.faults = append(e.faults, f)
	}
}

// ClearFaults removes every active fault, kept ones included. Calls that a fault has
// matched are not affected: a call that hangs keeps hanging.
func (e *EC2) ClearFaults() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = nil
}

// activeFaults are the faults that match one call, in the order of injection.
type activeFaults []Fault

// match returns the faults that match a call, and removes a fault after its last call.
func (e *EC2) match(r *entry, now time.Time) activeFaults {
	if len(e.faults) == 0 {
		return nil // common case: the request is not decoded twice
	}
	call := r.call()
	var matched activeFaults
	counted := false
	left := make([]Fault, 0, len(e.faults)) // not in place: matches may panic
	for _, f := range e.faults {
		if !f.until.IsZero() && !now.Before(f.until) {
			continue
		}
		kept := f.times == always
		if (kept || !counted) && (f.matches == nil || f.matches(call)) {
			matched = append(matched, f)
			if !kept {
				counted = true
				f.times--
			}
		}
		if f.times != 0 {
			left = append(left, f)
		}
	}
	e.faults = left
	return matched
}

// reject reports whether the call is not applied.
func (a activeFaults) reject() bool {
	return slices.ContainsFunc(a, func(f Fault) bool { return f.rejects })
}

func (a activeFaults) modify(r *response) {
	for _, f := range a {
		if f.modify != nil {
			f.modify(r)
		}
	}
}

func (a activeFaults) edit(output any) {
	for _, f := range a {
		if f.edit != nil {
			f.edit(output)
		}
	}
}

// failure returns why a resource or flow log of the call fails, if it does.
func (a activeFaults) failure(id, destination string) failure {
	for _, f := range a {
		if f.fails != nil && f.fails(id) {
			why := f.failure(destination)
			why.id = id // makes it a failure even if code and message are empty
			return why
		}
	}
	return failure{}
}

func (a activeFaults) hide(arn string) bool {
	return slices.ContainsFunc(a, func(f Fault) bool { return f.hidden != "" && f.hidden == arn })
}
