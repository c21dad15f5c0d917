package flowlogs

import "github.com/aws/aws-sdk-go-v2/aws"

const (
	// mostCredit is what the job spends to isolate resources while no flow log is
	// created: a hundred calls. Ten culprits in a batch of 300 take as many.
	mostCredit = 100 * callCost

	// callCost is what a call costs of the credit. A flow log adds one.
	callCost = 3

	// fatalCalls is how many calls are rejected before a rejection is held to
	// apply to all.
	fatalCalls = 10
)

// rejections counts the calls that EC2 rejected for one reason.
type rejections struct {
	calls int
	alone bool // for a single resource, or for a reason that concerns no single one
}

// ready reports whether there is something left to send. It gives up the parts
// that the credit does not suffice for.
func (j *job) ready(t *task) bool {
	for len(t.parts) > 0 {
		p := t.next()
		if !p.unpaid {
			return true
		}
		if j.credit >= callCost {
			j.credit -= callCost
			p.unpaid = false
			return true
		}
		p.Err = p.rejectedBefore()
		j.give(t) // Guarded by TestCreate_IsolatesForABoundedNumberOfCalls.
	}
	return false
}

func (j *job) isolates(r Reason) bool { return !j.asIs && j.options.isolates(r) }

// divisible reports whether the parts of a rejected batch are worth a try. A dry
// run creates nothing for the others. A call that may have been applied is not
// repeated under other tokens when EC2 rejects the caller, which it does without a
// look at the token.
func (j *job) divisible(p *part, reason Reason) bool {
	if len(p.ResourceIDs) == 1 || aws.ToBool(j.template.DryRun) {
		return false
	}
	// Guarded by TestCreate_DoesNotSplitWhatMayHaveBeenAppliedIfTheCallerIsDenied.
	rejected := isResponse(p.Err) && !reason.is(transient)
	return rejected && j.isolates(reason) && (!p.uncertain || reason != ErrNotAuthorized)
}

// split replaces the rejected batch by its halves: whoever sends it again splits
// it the same way, and gets the responses of the first time.
func (j *job) split(t *task) {
	p := t.pop()
	j.giveRest(&p) // Guarded by TestCreate_KeepsABatchWhoseResendIsSplit.
	first, second := p.halve()
	// Guarded by TestCreate_IsolatesTheResourcesThatAreRejected.
	t.parts = append(t.parts,
		part{Batch: second, unpaid: true, rejection: p.Err},
		part{Batch: first, unpaid: true, rejection: p.Err})
}

// reject takes note of a rejection, and stops the job if every other call would
// be rejected too. For one culprit in a batch of 300, EC2 rejects ten calls before
// it stands alone: it takes two to tell.
func (j *job) reject(reason Reason, t *task) {
	p := t.next()
	if reason.is(immediate) {
		j.stop(p.Err)
	}
	if !reason.is(fatal) {
		return
	}
	if j.rejections == nil {
		j.rejections = make(map[Reason]rejections)
	}
	if len(p.ResourceIDs) == 1 {
		t.alone++
	}
	r := j.rejections[reason]
	r.calls++
	r.alone = r.alone || t.alone > 0 && (p.rejection == nil || t.alone > 1) || !j.isolates(reason)
	j.rejections[reason] = r
	if r.calls >= fatalCalls && r.alone && !j.succeeded {
		j.stop(p.Err)
	}
}
