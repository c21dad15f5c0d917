package pace

import "time"

// Bucket is the quota that EC2 documents for an operation in an account and Region: so
// many calls, and then so many a second. Everything that runs in the account takes from
// it. https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
type Bucket struct {
	Size   float64 // calls
	Refill float64 // calls a second

	// Enforced holds calls to the bucket from the first one. Otherwise they are not
	// limited until EC2 throttles one, because the quota of an account may be higher.
	Enforced bool
}

// fillTime is how many seconds EC2's bucket takes to fill.
func (b Bucket) fillTime() float64 { return b.Size / b.Refill }

// The constants are parts of a Bucket, so that one set serves every operation. They were
// found by simulation. What each buys is what the tests and BenchmarkFleet of package
// flowlogs measured without it.
const (
	// After a throttled call the rate is this part of the measured one. EC2's bucket is
	// empty then, and at the measured rate it would stay so. Without it, the last of
	// four processes is done 2.0 times as late as the first, in place of 1.6 times.
	decrease = 0.8

	// The rate after a throttled call is this part of the one before if none was
	// measured, because no call was granted since the last throttled one. Half the
	// documented rate is also the least to start with, so that a Client of few calls is
	// not held back for long. Without it, 16 processes have 27 % of their calls throttled
	// in place of 23 %.
	retreat = 0.5

	// So few granted calls before the first throttled one say nothing of the rate: others
	// have emptied the bucket, or EC2 throttled one by chance. The rate is then half the
	// documented one, without a rest. For as many calls more, each that is granted raises
	// it by weakGrowth, up to the documented rate, and each that is throttled halves it.
	// Without that, 30 calls that find the bucket drained take 12 s in place of 7.
	weakEvidence = 3
	weakGrowth   = 1.2

	// After n granted calls the rate has grown by callGrowth·(n/Size)³ of itself: 3 %
	// after a fifth of the bucket, twofold after two thirds. The third power stays near a
	// rate that is right and soon leaves one that is wrong, as in CUBIC (RFC 9438).
	// Without it, a fleet takes 1.07 times the least time if others give back half of the
	// quota midway, in place of 1.01 times.
	callGrowth = 3.5

	// After t fill times the rate has grown by timeGrowth·t³ of the documented one, if
	// that is more: 8 % after one, 64 % after two. It is the same for all processes of an
	// account, so that those with a small share gain on those with a large one. Without
	// it, four processes take 1.7 times the least time in place of 1.06 times, and the
	// last is done 3.2 times as late as the first in place of 1.4 times.
	timeGrowth = 0.08

	// After a throttled call no call is sent for this part of the time that EC2's bucket
	// takes to fill, longer at a lower rate, and at most for maxRest. EC2's bucket
	// gathers calls meanwhile, which are then spent little by little as the rate grows
	// beyond what flows in. Without a rest, twice as many calls are throttled: 21 % in
	// place of 11 % with eight processes. A full bucket loses calls: without maxRest, 16
	// processes 3 s apart take 1.10 times the least time in place of 1.04 times.
	rest    = 0.1
	maxRest = 0.9

	// A service that throttles every call is called at this part of the documented rate.
	// At a fifth of that, eight processes take 9 times the least time.
	minRate = 0.05

	// maxRate, in calls a second, is where the rate stops growing. No quota of EC2 is as
	// high.
	maxRate = 1000

	// A rate is kept for so long after a call last had to wait for it: the account is
	// another one by then.
	memory = time.Hour

	// So many calls in a row must fail for an outage. If half of all calls fail at
	// random, one call in 32 starts such a row. That costs no more than the wait for a
	// probe or two. Without outages, a fleet takes 1.05 times the least time around ten
	// minutes of one, in place of 1.02 times.
	outageFailures = 5

	// So many calls in a row may fail and still be retried by the SDK. A retry takes 14
	// of the 500 tokens in the client's retry quota, which the program's other calls
	// share, and gives them back only if it succeeds. So an outage takes 28 tokens, as
	// many as a single call may take. If the SDK retried the probes too, an outage of ten
	// minutes would take 1,120: 14 for two of three.
	suspectFailures = 2

	// The wait between two probes is a twelfth of the duration of the outage, within
	// these bounds. So the end of an outage is noticed soon, and an outage of ten
	// minutes takes some 120 probes. With a third and no upper bound, a fleet takes 1.2
	// times the least time around such an outage.
	probeShare   = 12
	minProbeWait = 250 * time.Millisecond
	maxProbeWait = 8 * time.Second
)
