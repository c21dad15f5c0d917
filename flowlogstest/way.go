package flowlogstest

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Inject puts faults in the way of the calls to come, behind those that are
// there. A call meets the first of the one-shot faults that is for it, which is
// gone then, and every kept one that is for it. Where several of them answer
// the call, the last injected has the last word.
func (e *EC2) Inject(faults ...Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	for _, f := range faults {
		if f.hidden != "" {
			f.until = now.Add(f.delay)
		}
		e.faults = append(e.faults, f)
	}
}

// way is what a call meets, in the order of injection.
type way []Fault

// meet takes the faults out that the call uses up.
func (e *EC2) meet(r *record, now time.Time) way {
	if len(e.faults) == 0 {
		return nil // most calls: the request need not be read twice
	}
	call := r.call()
	var met way
	used := false
	e.faults = slices.DeleteFunc(e.faults, func(f Fault) bool {
		if !f.until.IsZero() && !now.Before(f.until) {
			return true
		}
		if !f.keep && used || f.match != nil && !f.match(call) {
			return false
		}
		met = append(met, f)
		used = used || !f.keep
		return !f.keep
	})
	return met
}

// applies reports whether EC2 gets to do what was asked.
func (w way) applies() bool {
	return !slices.ContainsFunc(w, func(f Fault) bool { return f.refuses })
}

func (w way) tamper(a *answer) {
	for _, f := range w {
		if f.tamper != nil {
			f.tamper(a)
		}
	}
}

// edit returns the answer as it is sent, leaving the one remembered alone.
func (w way) edit(out *ec2.CreateFlowLogsOutput) *ec2.CreateFlowLogsOutput {
	for _, f := range w {
		if f.edit != nil {
			out = copyOutput(out)
			f.edit(out)
		}
	}
	return out
}

func (w way) fails(resourceID string) *types.UnsuccessfulItemError {
	for _, f := range w {
		if f.item != nil {
			if err := f.item(resourceID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w way) hides(arn string) bool {
	return slices.ContainsFunc(w, func(f Fault) bool { return f.hidden != "" && f.hidden == arn })
}

func copyOutput(out *ec2.CreateFlowLogsOutput) *ec2.CreateFlowLogsOutput {
	c := &ec2.CreateFlowLogsOutput{
		ClientToken: duplicate(out.ClientToken),
		FlowLogIds:  slices.Clone(out.FlowLogIds),
	}
	for _, item := range out.Unsuccessful {
		c.Unsuccessful = append(c.Unsuccessful, types.UnsuccessfulItem{
			Error:      itemError(*item.Error.Code, *item.Error.Message),
			ResourceId: duplicate(item.ResourceId),
		})
	}
	return c
}
