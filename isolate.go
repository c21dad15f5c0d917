package flowlogs

import "github.com/aws/aws-sdk-go-v2/aws"

const (
	// maxCredit bounds the calls that isolate resources while no flow log is created:
	// a hundred. To isolate ten culprits in a batch of 300 takes about as many.
	maxCredit = 100 * callCost

	// callCost is the credit that a call costs. A flow log earns one.
	callCost = 3

	// fatalCalls is how many calls EC2 must reject for one reason before the job stops,
	// since the rest would be rejected too.
	fatalCalls = 10
)

// rejections counts the calls that EC2 rejected for one reason.
type rejections struct {
	calls int
	alone bool // one of them is proof: it had nothing but the culprit, or splitting does not help
}

// ready reports whether a part is left to send. It yields, unsent, the parts that the
// credit does not suffice for.
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
		j.yieldPart(t) // Guarded by TestCreate_IsolatesForABoundedNumberOfCalls.
	}
	return false
}

func (j *job) isolates(r Reason) bool { return !j.asIs && j.options.isolates(r) }

// divisible reports whether a batch is to be split. A dry run is not: it creates
// nothing for the other resources. Nor is a call that may have been applied, if EC2
// now rejects the caller: it does so before it looks at the token, and the halves,
// under other tokens, would repeat what was applied.
func (j *job) divisible(p *part, reason Reason) bool {
	if len(p.ResourceIDs) == 1 || aws.ToBool(j.template.DryRun) {
		return false
	}
	// Guarded by TestCreate_DoesNotSplitWhatMayHaveBeenAppliedIfTheCallerIsDenied.
	rejected := isResponse(p.Err) && !reason.is(transient)
	return rejected && j.isolates(reason) && (!p.uncertain || reason != ErrNotAuthorized)
}

// split replaces a rejected batch with its halves. A resumed request splits it the
// same way, so its calls carry the same tokens.
func (j *job) split(t *task) {
	p := t.pop()
	j.yieldRest(&p) // Guarded by TestCreate_KeepsABatchWhoseResendIsSplit.
	first, second := p.halve()
	// Guarded by TestCreate_IsolatesTheResourcesThatAreRejected.
	t.parts = append(t.parts,
		part{Batch: second, unpaid: true, rejection: p.Err},
		part{Batch: first, unpaid: true, rejection: p.Err})
}

// reject counts a rejection, and stops the job if every other call would be rejected
// too. A single culprit in a batch of 300 has ten calls rejected before it stands
// alone, so one that was isolated proves nothing; a second one in the batch does.
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
