package flowlogs

import "time"

// EC2 gives each account a bucket of CreateFlowLogs calls in each Region, which
// refills at a constant rate. Everything that runs in the account takes from the
// same bucket.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
const (
	bucketSize   = 50
	bucketRefill = 5 // calls a second
	fillTime     = bucketSize / bucketRefill * time.Second
)

// The other constants were found by simulation, of one process alone, with other
// load in the account, and with up to 16 processes that share it unknowingly.
// BenchmarkFleet measures what they achieve.
const (
	// decrease is the part of the measured rate that is used after a throttled call.
	// Less than the rate, because EC2's bucket is empty and others see that too.
	decrease = 0.8

	// retreat is the part of the rate that is left where nothing could be measured,
	// because EC2 throttled the first call after it had throttled one.
	retreat = 0.65

	// callGrowth is how fast the rate grows relative to itself, with the third power
	// of the calls since the last throttled one: by 3 % after ten calls, twofold
	// after 33. The third power stays near a rate that is right and soon leaves one
	// that is wrong, as in CUBIC (RFC 9438).
	callGrowth = 2.8e-5

	// timeGrowth is how fast the rate grows by calls a second, with the third power
	// of the seconds since the last throttled call: by 0.5 after 10 s, by 4 after
	// 20 s. It is the same for all processes of an account, so that those with a
	// small share gain on those with a large one.
	timeGrowth = 0.5e-3

	// After a throttled call nothing is sent for as long as restCalls take at the new
	// rate, so that EC2's bucket has some spare calls when the rate exceeds what EC2
	// grants. At least leastRest, for accounts with higher quotas, and at most
	// mostRest: EC2's bucket must not be full by then.
	restCalls = 5
	leastRest = 1   // second
	mostRest  = 8.5 // seconds

	// slowest is the rate, in calls a second, at which EC2 is called however often it
	// throttles.
	slowest = 0.25

	// fastest bounds the growth of the rate. Nothing in EC2 is so fast.
	fastest = 1000

	// quotaMemory is how long a rate is used after it last made a call wait.
	quotaMemory = time.Hour
)

// quota is what EC2 grants to this process, as far as is known: a token bucket.
// Until EC2 throttles a call, the bucket does not limit anything.
//
// A throttled call says that EC2's bucket is empty. So the calls that EC2 granted
// between two throttled ones are what flowed into its bucket for this process in
// that time, however much others took. The rate starts somewhat below that and
// grows until EC2 throttles the next call. Being too slow for a while costs
// nothing, since EC2's bucket fills meanwhile.
type quota struct {
	limited bool      // whether EC2 has throttled a call
	rate    float64   // calls a second
	learned float64   // the rate after the last throttled call; 0: none yet
	tokens  float64   // calls that may be sent at once
	at      time.Time // when tokens was right
	waited  time.Time // when a call last had to wait
	period  period
}

// period is a time in which the rate is measured and grows. It starts when EC2
// throttles a call, and again whenever many tokens are left over: then calls no
// longer wait for them, and how many calls there are says nothing about EC2.
type period struct {
	start time.Time
	empty bool    // whether EC2's bucket was empty at the start
	rate  float64 // at the start
	calls int     // that EC2 has granted since the start
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

func (q *quota) take() { q.tokens-- }

// granted counts a call that EC2 did not throttle. The rate grows only while calls
// need all of it.
func (q *quota) granted(now time.Time) {
	q.refill(now)
	p := &q.period
	p.calls++
	if !q.limited || q.tokens >= 1 {
		return
	}
	calls, seconds := float64(p.calls), now.Sub(p.start).Seconds()
	growth := max(callGrowth*p.rate*calls*calls*calls, timeGrowth*seconds*seconds*seconds)
	q.rate = min(p.rate+growth, fastest)
}

// throttled lowers the rate, unless the call was already on its way when the rate
// was last lowered.
func (q *quota) throttled(sent, now time.Time) {
	q.refill(now)
	p := &q.period
	if p.empty && sent.Before(p.start) {
		return
	}
	elapsed := now.Sub(p.start)
	switch {
	case !p.empty: // who gets a share of the full bucket will get the same share of its refill
		q.rate = max(float64(p.calls)/(elapsed+fillTime).Seconds(), q.learned)
	case p.calls == 0:
		q.rate *= retreat
	default:
		q.rate = decrease * min(float64(p.calls)/elapsed.Seconds(), q.rate)
	}
	q.rate = min(max(q.rate, slowest), fastest)
	q.learned = q.rate
	q.tokens = 1 - q.rate*min(max(restCalls/q.rate, leastRest), mostRest)
	q.limited, q.waited = true, now
	q.period = period{start: now, rate: q.rate, empty: true}
}

// refill adds the tokens since the last time, and forgets what is out of date.
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
