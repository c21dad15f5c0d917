package pace

import (
	"cmp"
	"time"
)

// EC2 gives each account a bucket of CreateFlowLogs calls in each Region, which
// refills at a constant rate. Everything that runs in the account takes from the
// same bucket.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
const (
	bucketSize   = 50
	bucketRefill = 5 // calls a second
	fillTime     = bucketSize / bucketRefill * time.Second
)

// The other constants were found by simulation: one process alone, with other load
// in the account, and up to 16 processes that know nothing of each other.
// BenchmarkFleet measures what they achieve.
const (
	// decrease is the part of the measured rate that is left after a throttled call.
	// EC2's bucket is empty then. At the measured rate it would stay so, and the next
	// calls of all processes would be throttled too.
	decrease = 0.8

	// weakEvidence is how few granted calls before the first throttled one say nothing
	// of the rate: others have emptied the bucket, or EC2 throttled one by chance. The
	// rate is then half the documented one, without a rest. For as many calls more, each
	// that is granted adds a fifth, up to the documented rate, and each that is
	// throttled halves it. With more evidence, half the documented rate is the least to
	// start with, so that a Client of few calls is not held back for long.
	weakEvidence = 3
	weakGrowth   = 1.2

	// retreat is the part of the rate that is left where no rate could be measured,
	// because no call was granted since the last throttled one.
	retreat = 0.5

	// callGrowth is the growth of the rate relative to itself, for the third power of
	// the calls since the last throttled one: 3 % after ten calls, twofold after 33.
	// The third power stays near a rate that is right and soon leaves one that is
	// wrong, as in CUBIC (RFC 9438).
	callGrowth = 2.8e-5

	// timeGrowth is the growth of the rate in calls a second, for the third power of
	// the seconds since the last throttled call: 0.4 after 10 s, 3 after 20 s. It is
	// the same for all processes of an account, so that those with a small share
	// gain on those with a large one.
	timeGrowth = 0.4e-3

	// After a throttled call no call is sent for as long as restCalls take at the new
	// rate. EC2's bucket gathers calls meanwhile, which are then spent little by
	// little as the rate grows beyond what flows in. The rest is at least minRest,
	// for accounts with higher quotas, and at most maxRest, because calls are lost
	// when EC2's bucket is full.
	restCalls = 5
	minRest   = 1.0 // second
	maxRest   = 9.0 // seconds

	// minRate, in calls a second, is how often a service is called that throttles every
	// call.
	minRate = 0.25

	// maxRate, in calls a second, is where the rate stops growing. No quota of EC2 is as
	// high.
	maxRate = 1000

	// quotaMemory is how long a rate is kept after a call last had to wait for it.
	quotaMemory = time.Hour
)

// quota is a token bucket that follows what EC2 grants to this process. It does not
// limit calls until EC2 throttles one.
//
// A throttled call means that EC2's bucket is empty. So the calls that were granted
// between two throttled ones are what flowed into EC2's bucket for this process,
// regardless of how much others took. The rate starts somewhat below that and grows until
// EC2 throttles the next call. Being too slow for a while costs nothing, since EC2's
// bucket fills meanwhile.
type quota struct {
	limited bool      // whether EC2 has throttled a call
	rate    float64   // calls a second
	weak    int       // calls to be granted until the rate is measured
	learned float64   // the rate after the last throttled call; 0: none yet
	tokens  float64   // calls that may be sent at once
	at      time.Time // when tokens was last updated
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

func newQuota() quota { return quota{rate: bucketRefill} }

// delay returns how long the next call must wait for a token.
func (q *quota) delay(now time.Time) time.Duration {
	q.refill(now)
	if !q.limited || q.tokens >= 1 {
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
	case !q.limited || q.tokens >= 1:
		return
	case q.weak > 0:
		q.weak--
		q.rate = max(q.rate, min(q.rate*weakGrowth, bucketRefill))
		p.rate = q.rate
		return
	}
	calls, seconds := float64(p.calls), now.Sub(p.start).Seconds()
	growth := max(callGrowth*p.rate*calls*calls*calls, timeGrowth*seconds*seconds*seconds)
	q.rate = min(p.rate+growth, maxRate)
}

// throttled lowers the rate, unless the call was already in flight when the rate was
// last lowered.
func (q *quota) throttled(sent, now time.Time) {
	q.refill(now)
	p := &q.period
	if p.empty && !sent.After(p.start) { // in the same instant: sent before, since no token was left after
		return
	}
	elapsed := now.Sub(p.start)
	if !q.limited && p.calls < weakEvidence {
		q.weak = weakEvidence
	}
	switch {
	case q.weak > 0 && q.limited:
		q.rate *= retreat
	case !p.empty: // its share of a full bucket is assumed to be its share of what flows in
		q.rate = max(float64(p.calls)/(elapsed+fillTime).Seconds(), cmp.Or(q.learned, bucketRefill*retreat))
	case p.calls == 0:
		q.rate *= retreat
	default:
		q.rate = decrease * min(float64(p.calls)/elapsed.Seconds(), q.rate)
	}
	q.rate = max(q.rate, minRate)
	q.learned = q.rate
	q.tokens = 1 - q.rate*min(max(restCalls/q.rate, minRest), maxRest)
	if q.weak > 0 {
		q.tokens = 0
	}
	q.limited, q.waited = true, now
	q.period = period{start: now, rate: q.rate, empty: true}
}

// refill adds the tokens for the time since the last call, and resets a quota that is
// out of date.
func (q *quota) refill(now time.Time) {
	if q.limited && now.Sub(q.waited) > quotaMemory {
		*q = newQuota()
	}
	q.tokens = min(q.tokens+now.Sub(q.at).Seconds()*q.rate, bucketSize)
	q.at = now
	if q.tokens >= min(q.rate*fillTime.Seconds(), bucketSize) {
		q.period = period{start: now, rate: q.rate}
	}
}
