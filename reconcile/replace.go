package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/internal/call"
)

// replacement is a flow log that is to be deleted because another one of its resource,
// that of the outcome, takes its place. A resource may have several.
type replacement struct {
	outcome *Outcome
	old     Conflict
}

func (p *replacement) id() string { return aws.ToString(p.old.FlowLog.FlowLogId) }

// keepOld records why the old flow logs are not deleted.
func keepOld(err error, some ...replacement) {
	for _, p := range some {
		var conflict *ConflictError
		if !errors.As(p.outcome.Err, &conflict) {
			conflict = &ConflictError{ResourceID: p.outcome.ResourceID}
			p.outcome.Err = conflict
		}
		conflict.Conflicts = append(conflict.Conflicts, p.old)
		conflict.Err = also(conflict.Err, err)
	}
}

// replace checks the new flow logs until their probation has ended, and then deletes
// the old ones.
func (a *apply) replace(ctx context.Context) {
	ready := slices.DeleteFunc(a.replacements, func(p replacement) bool { return p.outcome.Err != nil || p.outcome.FlowLogID == "" })
	ready = a.probation(ctx, ready)
	if len(ready) == 0 {
		return
	}
	a.l.stage(StageDelete)
	for some := range slices.Chunk(ready, idsPerCall) {
		a.deleteOld(ctx, some)
		a.l.report()
	}
}

// maxChecks is how often new flow logs are checked during their probation.
const maxChecks = 10

// probation waits for the end of the probation, which starts with the creation of each
// flow log, and returns the replacements that did not fail meanwhile.
func (a *apply) probation(ctx context.Context, ready []replacement) []replacement {
	now, whole := time.Now(), a.l.r.options.Probation
	var left time.Duration
	for _, p := range ready {
		remaining := whole
		if kept := p.outcome.Keep; kept != nil && kept.CreationTime != nil {
			remaining = min(whole, kept.CreationTime.Add(whole).Sub(now))
		}
		left = max(left, remaining)
	}
	if left <= 0 {
		return ready
	}
	a.l.stage(StageProbation)
	end, pause := now.Add(left), max(left/maxChecks, time.Second)
	for len(ready) > 0 {
		if !sleep(ctx, min(pause, time.Until(end))) {
			keepOld(call.ContextError(ctx), ready...)
			return nil
		}
		if !time.Now().Before(end) {
			break // the last check comes right before the deletion
		}
		ready, _ = a.check(ctx, ready)
	}
	return ready
}

// check returns the replacements whose new flow log exists and is not failing and
// whose old one may still be deleted, and those whose old one is gone. The others keep
// their old flow log.
func (a *apply) check(ctx context.Context, some []replacement) (ready, gone []replacement) {
	var ids []string
	for i := range some {
		ids = append(ids, some[i].outcome.FlowLogID, some[i].id())
	}
	shown, err := a.l.byID(ctx, slices.Compact(slices.Sorted(slices.Values(ids))))
	if err != nil {
		keepOld(err, some...)
		return nil, nil
	}
	for _, p := range some {
		f, ok := shown[p.outcome.FlowLogID]
		old, exists := shown[p.id()]
		hidden := fmt.Errorf("the new flow log %s is not shown", printable(p.outcome.FlowLogID))
		if exists {
			p.old.FlowLog = old
		}
		switch {
		case !exists && !ok:
			p.outcome.Err = fmt.Errorf("flowlogs: %s: %w", printable(p.outcome.ResourceID), hidden)
		case !exists:
			gone = append(gone, p)
		case !ok:
			keepOld(hidden, p)
		case isFailing(&f):
			keepOld(failingError(&f), p)
		case !a.l.r.replaceable(&p.old):
			keepOld(errors.New("Options.Replace no longer allows the deletion"), p)
		default:
			ready = append(ready, p)
		}
	}
	return ready, gone
}

func failingError(f *types.FlowLog) error { return fmt.Errorf("%w: %s", ErrFailing, failure(f)) }

// deleteOld deletes the old flow logs, if a last check still finds the new ones in
// order and the old ones replaceable. It returns those that others have deleted.
func (a *apply) deleteOld(ctx context.Context, some []replacement) (gone []replacement) {
	some, others := a.check(ctx, some)
	if len(some) == 0 {
		return others
	}
	var ids []string
	for i := range some {
		ids = append(ids, some[i].id())
	}
	errs, lost, reason := a.delete(ctx, ids)
	if reason == flowlogs.ErrResourceNotFound && len(some) > 1 { // some are gone
		if lost { // probably all are deleted, and still shown
			_ = await(ctx, func() (bool, error) {
				shown, err := a.l.byID(ctx, ids)
				return len(shown) < len(ids), err
			})
		}
		half := len(some) / 2
		gone = append(a.deleteOld(ctx, some[:half]), a.deleteOld(ctx, some[half:])...)
	} else {
		for _, p := range some {
			switch err := errs[p.id()]; {
			case err == nil:
				a.deleted(&p)
			case flowlogs.ReasonOf(err) == flowlogs.ErrResourceNotFound:
				gone = append(gone, p)
			default:
				keepOld(err, p)
			}
		}
	}
	if lost && len(gone) == len(some) { // by the attempt without a response
		for i := range gone {
			a.deleted(&gone[i])
		}
		gone = nil
	}
	return append(others, gone...)
}

func (a *apply) deleted(p *replacement) {
	p.outcome.Deleted = append(p.outcome.Deleted, p.id())
	a.l.now.Deleted++
}

// delete makes one call, paced and retried. It returns an error for each flow log that
// the call did not delete. With lost, an earlier attempt without a response may have
// deleted them. The reason is that of the call.
func (a *apply) delete(ctx context.Context, ids []string) (errs map[string]error, lost bool, reason flowlogs.Reason) {
	out, lost, err := a.l.r.delete.do(ctx, a.l.timeout, func() *ec2.DeleteFlowLogsInput {
		return &ec2.DeleteFlowLogsInput{FlowLogIds: slices.Clone(ids)}
	})
	reason = flowlogs.ReasonOf(err)
	if err == nil {
		return itemErrors(ids, out.Unsuccessful), lost, reason
	}
	errs = make(map[string]error)
	for _, id := range ids {
		errs[id] = err
	}
	if isUncertain(reason) {
		if shown, listErr := a.l.byID(ctx, ids); listErr == nil {
			maps.DeleteFunc(errs, func(id string, _ error) bool { _, exists := shown[id]; return !exists })
		}
	}
	return errs, lost, reason
}

// itemErrors returns the errors of the items by the flow log that each names, by its ID
// or ARN. An item that names none may be for any flow log that no other item names.
func itemErrors(ids []string, items []types.UnsuccessfulItem) map[string]error {
	errs := make(map[string]error)
	var unnamed error
	for _, item := range items {
		failed := &flowlogs.UnsuccessfulError{ResourceID: aws.ToString(item.ResourceId)}
		if item.Error != nil {
			failed.Code, failed.Message = aws.ToString(item.Error.Code), aws.ToString(item.Error.Message)
		}
		id := failed.ResourceID[strings.LastIndexByte(failed.ResourceID, '/')+1:]
		if slices.Contains(ids, id) {
			errs[id] = failed
		} else {
			unnamed = &CallError{Operation: "DeleteFlowLogs", Err: fmt.Errorf("%w: %w", flowlogs.ErrIncompleteResponse, failed)}
		}
	}
	for _, id := range ids {
		if errs[id] == nil && unnamed != nil {
			errs[id] = unnamed
		}
	}
	return errs
}
