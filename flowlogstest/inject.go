package flowlogstest

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Inject adds faults behind those that are active. A call is matched by every
// kept fault that is for it, and by the first other fault that is for it, which
// then has one call fewer to match. If several of them change the response, the
// last injected takes precedence.
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

// ClearFaults removes every active fault, kept ones included. It does not change
// calls that a fault has already matched: one that hangs keeps hanging.
func (e *EC2) ClearFaults() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = nil
}

// activeFaults are those that match one call, in the order of their injection.
type activeFaults []Fault

// match returns the faults for a call, and removes those that it uses up.
func (e *EC2) match(r *record, now time.Time) activeFaults {
	if len(e.faults) == 0 {
		return nil // common case: the request is not decoded twice
	}
	call := r.call()
	var matched activeFaults
	counted := false
	left := make([]Fault, 0, len(e.faults)) // a new one: matches may panic midway
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

// edit returns the output to send. It leaves the remembered one as it is.
func (a activeFaults) edit(out *ec2.CreateFlowLogsOutput) *ec2.CreateFlowLogsOutput {
	for _, f := range a {
		if f.edit != nil {
			out = copyOutput(out)
			f.edit(out)
		}
	}
	return out
}

func (a activeFaults) itemError(resourceID string, in *ec2.CreateFlowLogsInput) *types.UnsuccessfulItemError {
	for _, f := range a {
		if f.item != nil {
			if err := f.item(resourceID, in); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a activeFaults) hide(arn string) bool {
	return slices.ContainsFunc(a, func(f Fault) bool { return f.hidden != "" && f.hidden == arn })
}

// copyOutput is for outputs that an edit has changed, too: anything in them can
// be nil.
func copyOutput(out *ec2.CreateFlowLogsOutput) *ec2.CreateFlowLogsOutput {
	c := &ec2.CreateFlowLogsOutput{
		ClientToken: duplicate(out.ClientToken),
		FlowLogIds:  slices.Clone(out.FlowLogIds),
	}
	for _, item := range out.Unsuccessful {
		copied := types.UnsuccessfulItem{ResourceId: duplicate(item.ResourceId)}
		if item.Error != nil {
			copied.Error = &types.UnsuccessfulItemError{Code: duplicate(item.Error.Code), Message: duplicate(item.Error.Message)}
		}
		c.Unsuccessful = append(c.Unsuccessful, copied)
	}
	return c
}
