package pace

import (
	"cmp"
	"time"
)

// quota is a token bucket that follows what EC2 grants to this process.
//
// A throttled call means that EC2's bucket is empty. So the calls that were granted
// between two throttled ones are what flowed into EC2's bucket for this process,
// regardless of how much others took. The rate starts somewhat below that and grows until
// EC2 throttles the next call. Being too slow for a while costs nothing, since EC2's
// bucket fills meanwhile.
type quota struct {
	bucket  Bucket
	engaged bool      // whether EC2 has throttled a call
	rate    float64   // calls a second
	weak    int       // calls to be granted until the rate is measured
	learned float64   // the rate after the last throttled call; 0: none yet
	tokens  float64   // calls that may be sent at once
	updated time.Time // when tokens was
	waited  time.Time // when a call last had to wait
	period  period
}

// period is a time in which the rate is measured and grows. It starts when EC2
// throttles a call. It starts again while many tokens are left over: calls do not
// wait for them, so the number of calls says nothing about EC2.
type period struct {
	start time.Time
	empty bool    // whether EC2's bucket was empty at the start
	rate  float64 // at the start
	calls int     // granted since the start
}

func newQuota(b Bucket) quota { return quota{bucket: b, rate: b.Refill} }

// delay returns how long the next call must wait for a token.
func (q *quota) delay(now time.Time) time.Duration {
	q.refill(now)
	if !q.engaged && !q.bucket.Enforced || q.tokens >= 1 {
		return 0
	}
	q.waited = now
	return time.Duration((1-q.tokens)/q.rate*float64(time.Second)) + 1 // rounded up
}

func (q *quota) spend() { q.tokens-- }

// granted counts a call that was not throttled. The rate grows only while calls
// use all of it.
func (q *quota) granted(now time.Time) {
	q.refill(now)
	p := &q.period
	p.calls++
	switch {
	case !q.engaged || q.tokens >= 1:
		return
	case q.weak > 0:
		q.weak--
		q.rate = max(q.rate, min(q.rate*weakGrowth, q.bucket.Refill))
		p.rate = q.rate
		return
	}
	calls, fills := float64(p.calls)/q.bucket.Size, now.Sub(p.start).Seconds()/q.bucket.fillTime()
	growth := max(callGrowth*p.rate*calls*calls*calls, timeGrowth*q.bucket.Refill*fills*fills*fills)
	q.rate = min(p.rate+growth, maxRate)
}

// throttled lowers the rate, unless the call was already in flight when the rate was
// last lowered. A call that was sent in that instant was: no token was left after it.
func (q *quota) throttled(sent, now time.Time) {
	q.refill(now)
	p := &q.period
	if p.empty && !sent.After(p.start) {
		return
	}
	elapsed, fill := now.Sub(p.start).Seconds(), q.bucket.fillTime()
	if !q.engaged && p.calls < weakEvidence {
		q.weak = weakEvidence
	}
	switch {
	case q.weak > 0 && q.engaged:
		q.rate *= retreat
	case !p.empty: // its share of a full bucket is assumed to be its share of what flows in
		q.rate = max(float64(p.calls)/(elapsed+fill), cmp.Or(q.learned, q.bucket.Refill*retreat))
	case p.calls == 0:
		q.rate *= retreat
	default:
		q.rate = decrease * min(float64(p.calls)/elapsed, q.rate)
	}
	q.rate = max(q.rate, minRate*q.bucket.Refill)
	q.learned = q.rate
	q.tokens = 1 - q.rate*fill*min(max(rest*q.bucket.Refill/q.rate, rest), maxRest)
	if q.weak > 0 {
		q.tokens = 0
	}
	q.engaged, q.waited = true, now
	q.period = period{start: now, rate: q.rate, empty: true}
}

// refill adds the tokens for the time since the last call, and resets a quota that is
// out of date.
func (q *quota) refill(now time.Time) {
	if q.engaged && now.Sub(q.waited) > memory {
		*q = newQuota(q.bucket)
	}
	q.tokens = min(q.tokens+now.Sub(q.updated).Seconds()*q.rate, q.bucket.Size)
	q.updated = now
	if q.tokens >= min(q.rate*q.bucket.fillTime(), q.bucket.Size) {
		q.period = period{start: now, rate: q.rate}
	}
}
