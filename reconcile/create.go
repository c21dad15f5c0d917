package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

// maxRounds is how often the missing flow logs are sent, if other processes create
// some of them each time.
const maxRounds = 10

// create creates flow logs on the resources and reads their IDs. Where EC2 says that
// some exist already, or may have created some, it lists the resources again. It adopts
// what is there and sends again what EC2 rejected only along with that. If no listing
// explains a rejection, the call is split.
func (a *apply) create(ctx context.Context, missing []string) {
	var created []string // flow logs whose resource is not known yet
	var pending []string // resources that may have a flow log that is not shown yet
	isolate := false
	for round := 1; len(missing) > 0 && round <= maxRounds; round++ {
		isolate = isolate || round == maxRounds
		ids, more := a.send(ctx, missing, isolate)
		created = append(created, ids...)
		var err error
		missing, pending, err = a.recheck(ctx, append(pending, more...))
		if len(missing) == 0 && err == nil && !isolate {
			isolate = true
			missing = slices.DeleteFunc(pending, func(id string) bool { return !isNeighbor(a.outcomes[id].Err) })
			pending = nil
		}
	}
	a.identify(ctx, created)
}

// send makes the calls for the resources and notes the response. It returns the new
// flow logs that are to be identified, and the resources that may have a flow log
// although they have an error. With isolate, calls that are rejected because some flow
// logs exist are split too.
func (a *apply) send(ctx context.Context, ids []string, isolate bool) (created, pending []string) {
	a.l.stage(StageCreate)
	req := a.req
	req.ResourceIDs = ids
	var mu sync.Mutex
	lost := make(map[string]bool) // calls of which an attempt may have been applied, by their token
	resp, err := a.l.r.client.Create(ctx, req, func(o *flowlogs.Options) {
		o.OnProgress = a.l.creating(o.OnProgress)
		if isolates := o.Isolate; isolate {
			o.Isolate = func(r flowlogs.Reason) bool { return r == flowlogs.ErrAlreadyExists || isolates(r) }
		}
		onAttempt := o.OnAttempt
		o.OnAttempt = func(attempt flowlogs.Attempt) {
			if isUncertain(attempt.Reason) {
				mu.Lock()
				lost[attempt.ClientToken] = true
				mu.Unlock()
			}
			if onAttempt != nil {
				onAttempt(attempt)
			}
		}
	})
	if resp == nil { // not expected, because the request has been validated
		for _, id := range ids {
			a.outcomes[id].Err = err
		}
		return nil, nil
	}
	for id, err := range resp.Results() {
		o := a.outcomes[id]
		o.Err = err
		switch {
		case err == nil:
			o.Created = !a.req.DryRun
		case isExisting(err), isUncertain(flowlogs.ReasonOf(err)) && !a.req.DryRun:
			pending = append(pending, id)
		}
	}
	for _, b := range resp.Batches {
		for _, id := range b.ResourceIDs {
			a.lost[id] = a.lost[id] || lost[b.ClientToken]
		}
		if len(b.ResourceIDs) == 1 && len(b.FlowLogIDs) == 1 && b.Err == nil {
			o := a.outcomes[b.ResourceIDs[0]]
			if o.FlowLogID = b.FlowLogIDs[0]; o.Action != ActionReplace { // a replacement must be shown
				continue
			}
		}
		created = append(created, b.FlowLogIDs...)
	}
	return created, pending
}

func isExisting(err error) bool { return flowlogs.ReasonOf(err) == flowlogs.ErrAlreadyExists }

// isUncertain reports whether a call that failed for the reason may have been applied.
func isUncertain(r flowlogs.Reason) bool {
	return r == flowlogs.ErrNoResponse || r == flowlogs.ErrUnavailable || r == flowlogs.ErrIncompleteResponse
}

// isNeighbor reports whether EC2 rejected a call of several resources because some flow
// logs exist, which may be those of others.
func isNeighbor(err error) bool {
	var call *flowlogs.CallError
	return isExisting(err) && errors.As(err, &call) && len(call.Batch.ResourceIDs) > 1
}

// callOf returns the error of a call that is in that of one of its resources, or err
// itself.
func callOf(err error) error {
	var call *flowlogs.CallError
	if errors.As(err, &call) {
		return call
	}
	return err
}

// recheck lists pending resources until their flow logs are shown, for half a minute, and
// adopts these. It returns early if some are to be sent again because the flow logs of
// others explain their rejection. The error is that of the listing.
func (a *apply) recheck(ctx context.Context, pending []string) (missing, stillPending []string, err error) {
	if len(pending) == 0 {
		return nil, nil, nil
	}
	a.l.stage(StageList)
	conflicts := make(map[string][]Conflict) // of the resources that a listing has shown
	err = await(ctx, func() (bool, error) {
		found, err := a.l.list(ctx, pending)
		if err != nil {
			return false, err
		}
		explained := make(map[error]bool) // calls, by their error
		pending = slices.DeleteFunc(pending, func(id string) bool {
			o, c := a.outcomes[id], a.l.decide(id, found[id])
			call := callOf(o.Err)
			switch {
			case c.Keep != nil:
				a.adopt(o, c.Keep)
			case len(c.Conflicts) > 0 && isExisting(o.Err) && o.Action == ActionCreate:
				o.conflict(c.Conflicts, nil)
			default:
				conflicts[id] = c.Conflicts
				return false
			}
			explained[call] = true
			return true
		})
		pending = slices.DeleteFunc(pending, func(id string) bool {
			err := a.outcomes[id].Err
			again := isNeighbor(err) && explained[callOf(err)]
			if again {
				missing = append(missing, id)
			}
			return again
		})
		return len(pending) == 0 || len(missing) > 0, nil
	})
	if len(missing) > 0 {
		return missing, pending, nil
	}
	for _, id := range pending {
		o := a.outcomes[id]
		shown, listed := conflicts[id]
		switch {
		case listed && isExisting(o.Err) && !isNeighbor(o.Err):
			o.conflict(shown, err)
		case err != nil && (ctx.Err() == nil || !errors.Is(o.Err, ctx.Err())):
			o.Err = also(o.Err, err)
		}
	}
	return nil, pending, err
}

// adopt makes a flow log that was found the outcome's. If an attempt of this Apply may
// have created it, its creation time decides.
func (a *apply) adopt(o *Outcome, f *types.FlowLog) {
	start := a.l.start.Truncate(time.Millisecond) // as EC2 shows times
	o.Created = (a.lost[o.ResourceID] || isUncertain(flowlogs.ReasonOf(o.Err))) && !a.req.DryRun &&
		(f.CreationTime == nil || !f.CreationTime.Before(start))
	action := ActionKeep
	if o.Created {
		o.FlowLogID, action = aws.ToString(f.FlowLogId), ActionCreate
	} else {
		o.keep(f)
	}
	if o.Action != ActionReplace {
		o.Action = action
	}
	o.Err = nil
}

// conflict records that EC2 does not accept a flow log beside those that are shown. The
// error err, if any, is why no more is known.
func (o *Outcome) conflict(shown []Conflict, err error) {
	if o.Action == ActionCreate {
		o.Action = ActionConflict
	}
	o.Err = &ConflictError{ResourceID: o.ResourceID, Conflicts: shown, Err: also(o.Err, err)}
}

// identify reads which resources new flow logs belong to. It waits for those that are
// not shown yet, for half a minute.
func (a *apply) identify(ctx context.Context, created []string) {
	if len(created) == 0 {
		return
	}
	a.l.stage(StageIdentify)
	err := await(ctx, func() (bool, error) {
		shown, err := a.l.byID(ctx, created)
		for id, f := range shown {
			if o := a.outcomes[aws.ToString(f.ResourceId)]; o != nil {
				o.FlowLogID = id
			}
		}
		created = slices.DeleteFunc(created, func(id string) bool { _, ok := shown[id]; return ok })
		return len(created) == 0, err
	})
	for _, o := range a.outcomes {
		if o.Created && o.FlowLogID == "" && o.Err == nil {
			o.Err = fmt.Errorf("flowlogs: %s: %w", printable(o.ResourceID), also(ErrNotShown, err))
		}
	}
}
