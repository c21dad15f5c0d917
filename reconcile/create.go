package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

// maxRounds is how often the missing flow logs are sent, if other processes create
// some of them each time.
const maxRounds = 10

// create creates flow logs on the resources and reads their IDs. When EC2 says
// that some exist already, it lists the resources again, adopts what is there, and
// creates what is still missing.
func (a *apply) create(ctx context.Context, missing []string) {
	var created []string   // flow logs whose resource is not known yet
	var contested []string // resources on which EC2 may see a flow log that is not shown
	isolate := false
	for round := 1; len(missing) > 0; round++ {
		isolate = isolate || round == maxRounds
		resp, err := a.send(ctx, missing, isolate)
		if resp == nil { // not expected, because the request has been validated
			a.fail(missing, err)
			return
		}
		ids, doubtful := a.record(resp)
		created = append(created, ids...)
		next := a.settle(ctx, doubtful)
		contested = append(contested, next.contested...)
		if round == maxRounds || isolate && next.unexplained {
			contested = append(contested, next.missing...)
			break
		}
		missing, isolate = next.missing, next.unexplained
	}
	if len(created) > 0 {
		a.identify(ctx, created)
	}
	if len(contested) > 0 {
		a.await(ctx, contested)
	}
}

// send makes the calls for the resources. With isolate, those that are rejected
// because some flow logs exist are split too.
func (a *apply) send(ctx context.Context, ids []string, isolate bool) (*flowlogs.Response, error) {
	a.enter(StageCreate)
	req := a.req
	req.ResourceIDs = ids
	return a.client.Create(ctx, req, func(o *flowlogs.Options) {
		o.OnProgress = a.creating(o.OnProgress)
		if isolates := o.Isolate; isolate {
			o.Isolate = func(r flowlogs.Reason) bool { return r == flowlogs.ErrAlreadyExists || isolates(r) }
		}
	})
}

func (a *apply) fail(ids []string, err error) {
	for _, id := range ids {
		a.outcome(id).Err = err
	}
}

// record records the response in the outcomes. It returns the new flow logs whose
// resource is not known from the response, and the resources that may have a flow log
// although the response has an error for them.
func (a *apply) record(resp *flowlogs.Response) (created, doubtful []string) {
	for id, err := range resp.Results() {
		o := a.outcome(id)
		o.Err = err
		switch {
		case err == nil:
			o.Created = !a.req.DryRun
		case isExisting(err) || isUncertain(err):
			doubtful = append(doubtful, id)
		}
	}
	for _, b := range resp.Batches {
		if len(b.ResourceIDs) == 1 && len(b.FlowLogIDs) == 1 && b.Err == nil {
			o := a.outcome(b.ResourceIDs[0])
			if o.FlowLogID = b.FlowLogIDs[0]; o.Action != ActionReplace { // a replacement must be shown
				continue
			}
		}
		created = append(created, b.FlowLogIDs...)
	}
	return created, doubtful
}

func isExisting(err error) bool { return flowlogs.ReasonOf(err) == flowlogs.ErrAlreadyExists }

// isUncertain reports whether a call that ended in err may have created flow logs.
func isUncertain(err error) bool {
	switch flowlogs.ReasonOf(err) {
	case flowlogs.ErrNoResponse, flowlogs.ErrUnavailable, flowlogs.ErrIncompleteResponse:
		return true
	}
	return false
}

// isAlone reports whether a rejection is for a single resource, and not for a call of
// several, any of which may be the cause.
func isAlone(err error) bool {
	var call *flowlogs.CallError
	return !errors.As(err, &call) || len(call.Batch.ResourceIDs) == 1
}

// callOf returns the error of the call, which several resources share, in that of one of
// them; without a call, it returns err.
func callOf(err error) error {
	var call *flowlogs.CallError
	if errors.As(err, &call) {
		return call
	}
	return err
}

// settled is what is left to do after doubtful resources have been listed.
type settled struct {
	missing     []string // to be sent again: EC2 rejected them along with others
	contested   []string // EC2 sees, or may have created, a flow log that is not shown
	unexplained bool     // some call was rejected for flow logs none of which is shown
}

// settle lists doubtful resources, and adopts the flow logs that exist.
func (a *apply) settle(ctx context.Context, doubtful []string) (next settled) {
	if len(doubtful) == 0 || ctx.Err() != nil {
		return settled{}
	}
	a.enter(StageList)
	found, err := a.list(ctx, doubtful)
	if err != nil {
		return settled{contested: doubtful}
	}
	explained := make(map[error]bool) // calls, by their error
	for _, id := range doubtful {
		o, call := a.outcome(id), callOf(a.outcome(id).Err)
		c := a.decide(id, found[id])
		switch {
		case c.Keep != nil:
			a.adopt(o, &c)
			explained[call] = true
		case isUncertain(call):
			next.contested = append(next.contested, id)
		case len(c.Conflicts) > 0 && o.Action == ActionCreate:
			a.reject(o, c.Conflicts)
			explained[call] = true
		case isAlone(call):
			next.contested = append(next.contested, id)
		default:
			next.missing = append(next.missing, id)
		}
	}
	for _, id := range next.missing {
		next.unexplained = next.unexplained || !explained[callOf(a.outcome(id).Err)]
	}
	return next
}

// adopt makes a flow log that was found the outcome's. If a call of this Apply may
// have created it, its creation time decides.
func (a *apply) adopt(o *Outcome, c *Change) {
	o.FlowLogID = aws.ToString(c.Keep.FlowLogId)
	before := c.Keep.CreationTime != nil && c.Keep.CreationTime.Before(a.start.Truncate(time.Millisecond)) // as EC2 shows it
	o.Created = isUncertain(o.Err) && !before && !a.req.DryRun
	if o.Action == ActionCreate && !o.Created {
		o.Action = ActionKeep
	}
	o.Err = nil
}

// reject records that EC2 does not accept a flow log beside those that are shown.
func (a *apply) reject(o *Outcome, shown []Conflict) {
	if o.Action == ActionCreate {
		o.Action = ActionConflict
	}
	o.Err = &ConflictError{ResourceID: o.ResourceID, Conflicts: shown, Err: o.Err}
}

// await lists contested resources until their flow logs are shown, for a limited time.
func (a *apply) await(ctx context.Context, contested []string) {
	conflicts := make(map[string][]Conflict)
	for _, wait := range lagWaits {
		if len(contested) == 0 || !sleep(ctx, wait) {
			break
		}
		found, err := a.list(ctx, contested)
		if err != nil {
			break
		}
		var left []string
		for _, id := range contested {
			if c := a.decide(id, found[id]); c.Keep != nil {
				a.adopt(a.outcome(id), &c)
			} else {
				left, conflicts[id] = append(left, id), c.Conflicts
			}
		}
		contested = left
	}
	for _, id := range contested {
		if o := a.outcome(id); isExisting(o.Err) {
			a.reject(o, conflicts[id])
		}
	}
}

// identify reads which resources new flow logs belong to. It waits for those that are
// not shown yet, for a limited time.
func (a *apply) identify(ctx context.Context, created []string) {
	a.enter(StageIdentify)
	var err error
	for try := 0; ; try++ {
		if created, err = a.assign(ctx, created); err != nil || len(created) == 0 {
			break
		}
		if try == len(lagWaits) || !sleep(ctx, lagWaits[try]) {
			err = contextError(ctx)
			break
		}
	}
	for i := range a.outcomes {
		if o := &a.outcomes[i]; o.Created && o.FlowLogID == "" && o.Err == nil {
			o.Err = notShownError(o.ResourceID, err)
		}
	}
}

// assign gives the outcomes the IDs of flow logs that are shown, and returns the
// others.
func (a *apply) assign(ctx context.Context, created []string) (hidden []string, err error) {
	shown := make(map[string]bool, len(created))
	err = a.eachByID(ctx, created, func(f types.FlowLog) {
		id := aws.ToString(f.FlowLogId)
		shown[id] = true
		if i, ok := a.index[aws.ToString(f.ResourceId)]; ok {
			a.outcomes[i].FlowLogID = id
		}
	})
	return slices.DeleteFunc(created, func(id string) bool { return shown[id] }), err
}

// notShownError wraps ErrNotShown, and what kept it from being waited for.
func notShownError(resourceID string, err error) error {
	if err != nil {
		return fmt.Errorf("flowlogs: %s: %w: %w", printable(resourceID), ErrNotShown, err)
	}
	return fmt.Errorf("flowlogs: %s: %w", printable(resourceID), ErrNotShown)
}
