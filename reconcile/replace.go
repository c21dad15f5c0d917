package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

// replacement is a resource whose new flow log exists, and whose old ones are
// still there.
type replacement struct {
	outcome *Outcome
	old     []Conflict
	created time.Time // when the new flow log was; zero: just now, or unknown
}

// maxLooks is how often new flow logs are checked during their probation.
const maxLooks = 10

// replace looks at the new flow logs until their probation has ended, and then
// deletes the old ones.
func (a *apply) replace(ctx context.Context) {
	var ready []replacement
	for _, p := range a.replacements {
		if p.outcome.Err == nil && p.outcome.FlowLogID != "" {
			ready = append(ready, p)
		}
	}
	if ready = a.prove(ctx, ready); len(ready) == 0 {
		return
	}
	a.enter(StageDelete)
	for len(ready) > 0 {
		n, ids := 0, 0
		for ; n < len(ready) && (n == 0 || ids+1+len(ready[n].old) <= idsPerCall); n++ {
			ids += 1 + len(ready[n].old)
		}
		a.deleteOld(ctx, ready[:n])
		ready = ready[n:]
	}
}

// prove waits for the end of the probation, which starts with the creation of each
// flow log, and returns the replacements that did not fail meanwhile.
func (a *apply) prove(ctx context.Context, ready []replacement) []replacement {
	now := time.Now()
	var left time.Duration
	for _, p := range ready {
		left = max(left, min(a.options.Probation, p.created.Add(a.options.Probation).Sub(now)))
		if p.created.IsZero() {
			left = a.options.Probation
		}
	}
	if len(ready) == 0 || left <= 0 {
		return ready
	}
	a.enter(StageProbation)
	end, pause := now.Add(left), max(left/maxLooks, time.Second)
	for len(ready) > 0 {
		if !sleep(ctx, min(pause, time.Until(end))) {
			a.stay(ready, contextError(ctx))
			return nil
		}
		if !time.Now().Before(end) {
			return ready // the last look comes right before the deletion
		}
		shown, err := a.look(ctx, ready)
		if err != nil {
			a.stay(ready, err)
			return nil
		}
		ready = a.proven(ready, shown)
	}
	return nil
}

// look describes the new and old flow logs.
func (a *apply) look(ctx context.Context, some []replacement) (map[string]types.FlowLog, error) {
	var ids []string
	for _, p := range some {
		ids = append(ids, p.outcome.FlowLogID)
		for _, c := range p.old {
			ids = append(ids, aws.ToString(c.FlowLog.FlowLogId))
		}
	}
	return a.byID(ctx, ids)
}

// proven returns the replacements whose new flow log exists and is not failing. It
// ends the others: their old flow logs stay.
func (a *apply) proven(some []replacement, shown map[string]types.FlowLog) []replacement {
	var proven []replacement
	for _, p := range some {
		f, ok := shown[p.outcome.FlowLogID]
		switch {
		case !ok:
			p.stay(fmt.Errorf("the new flow log %s is not shown", printable(p.outcome.FlowLogID)))
		case isFailing(&f):
			p.stay(failingError(&f))
		default:
			proven = append(proven, p)
		}
	}
	return proven
}

func failingError(f *types.FlowLog) error {
	return fmt.Errorf("%w: %s, %s", ErrFailing, printable(aws.ToString(f.FlowLogId)), quote(aws.ToString(f.DeliverLogsErrorMessage)))
}

// stay ends a replacement without deleting its old flow logs.
func (p *replacement) stay(err error) {
	p.outcome.Err = &ConflictError{ResourceID: p.outcome.ResourceID, Conflicts: p.old, Err: err}
}

func (a *apply) stay(some []replacement, err error) {
	for _, p := range some {
		p.stay(err)
	}
}

// deleteOld deletes the old flow logs of some replacements, if a last look still
// finds the new ones in order and the old ones replaceable.
func (a *apply) deleteOld(ctx context.Context, some []replacement) {
	shown, err := a.look(ctx, some)
	if err != nil {
		a.stay(some, err)
		return
	}
	some = a.proven(some, shown)
	var ids []string
	for i, p := range some {
		some[i].old = nil
		for _, c := range p.old {
			f, ok := shown[aws.ToString(c.FlowLog.FlowLogId)]
			if !ok {
				continue // another process deleted it
			}
			if c.FlowLog = f; !a.replaceable(&c) {
				p.stay(errors.New("it may no longer be replaced"))
				continue
			}
			some[i].old = append(some[i].old, c)
			ids = append(ids, aws.ToString(f.FlowLogId))
		}
	}
	deleted := a.delete(ctx, ids)
	for _, p := range some {
		for _, c := range p.old {
			id := aws.ToString(c.FlowLog.FlowLogId)
			switch err := deleted[id]; {
			case err == nil:
				p.outcome.Deleted = append(p.outcome.Deleted, id)
				a.Deleted++
			case errors.Is(err, flowlogs.ErrResourceNotFound): // another process was faster
			default:
				p.outcome.Err = &ConflictError{ResourceID: p.outcome.ResourceID, Conflicts: []Conflict{c}, Err: err}
			}
		}
	}
	a.report()
}

// delete deletes flow logs and returns an error for each that was not deleted by
// it.
func (a *apply) delete(ctx context.Context, ids []string) map[string]error {
	errs := make(map[string]error)
	if len(ids) == 0 {
		return errs
	}
	var out *ec2.DeleteFlowLogsOutput
	uncertain, err := a.caller.call(ctx, a.deletes, a.timeout, "DeleteFlowLogs", func(ctx context.Context) (err error) {
		out, err = a.api.DeleteFlowLogs(ctx, &ec2.DeleteFlowLogsInput{FlowLogIds: slices.Clone(ids)}, a.caller.optFns...)
		if err == nil && out == nil {
			err = fmt.Errorf("%w: no output", flowlogs.ErrIncompleteResponse)
		}
		return err
	})
	switch {
	case errors.Is(err, flowlogs.ErrResourceNotFound):
		return a.deleteRest(ctx, ids, uncertain, err)
	case err != nil:
		for _, id := range ids {
			errs[id] = err
		}
		return errs
	}
	for _, item := range out.Unsuccessful {
		failed := &flowlogs.UnsuccessfulError{ResourceID: aws.ToString(item.ResourceId)}
		if item.Error != nil {
			failed.Code, failed.Message = aws.ToString(item.Error.Code), aws.ToString(item.Error.Message)
		}
		if !uncertain || failed.Reason() != flowlogs.ErrResourceNotFound {
			errs[failed.ResourceID] = failed
		}
	}
	return errs
}

// deleteRest deletes what is left after a call that EC2 rejected because some of its
// flow logs are gone. An earlier attempt, whose response was lost, may have deleted
// all of them, or another process some. Whether EC2 has deleted the rest is not known.
func (a *apply) deleteRest(ctx context.Context, ids []string, uncertain bool, rejection error) map[string]error {
	errs := make(map[string]error)
	shown, err := a.byID(ctx, ids)
	if err != nil {
		for _, id := range ids {
			errs[id] = err
		}
		return errs
	}
	var left []string
	for _, id := range ids {
		if _, ok := shown[id]; ok && len(ids) > 1 {
			left = append(left, id)
		} else {
			errs[id] = rejection
		}
	}
	if uncertain && len(left) == 0 {
		return nil // that attempt has deleted them
	}
	parts := [][]string{left}
	if len(left) == len(ids) { // all are still shown
		parts = [][]string{left[:len(left)/2], left[len(left)/2:]}
	}
	for _, part := range parts {
		maps.Copy(errs, a.delete(ctx, part))
	}
	return errs
}
