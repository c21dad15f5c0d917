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

// These constants were found by simulation.
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

	// After n granted calls the rate has grown by callGrowth·(n/Size)³ of itself: 3 %
	// after a fifth of the bucket, twofold after two thirds. The third power stays near a
	// rate that is right and soon leaves one that is wrong, as in CUBIC (RFC 9438).
	callGrowth = 3.5

	// After t fill times the rate has grown by timeGrowth·t³ of the documented one, if
	// that is more: 8 % after one, 64 % after two. It is the same for all processes of an
	// account, so that those with a small share gain on those with a large one.
	timeGrowth = 0.08

	// After a throttled call no call is sent for this part of the time that EC2's bucket
	// takes to fill, longer at a lower rate, and at most for maxRest. EC2's bucket
	// gathers calls meanwhile, which are then spent little by little as the rate grows
	// beyond what flows in. When the bucket is full, calls are lost.
	rest    = 0.1
	maxRest = 0.9

	// minRate is the part of the documented rate at which a service is called that
	// throttles every call.
	minRate = 0.05

	// maxRate, in calls a second, is where the rate stops growing. No quota of EC2 is as
	// high.
	maxRate = 1000

	// memory is how long a rate is kept after a call last had to wait for it.
	memory = time.Hour

	// outageFailures is how many calls in a row must fail for an outage. If half of
	// all calls fail at random, one call in 32 starts such a row. That costs no more
	// than the wait for a probe or two.
	outageFailures = 5

	// suspectFailures is how many calls in a row may fail and still be retried by the
	// SDK. A retry takes 14 of the 500 tokens in the client's retry quota, which the
	// program's other calls share, and gives them back only if it succeeds. So an
	// outage takes 28 tokens, what a single call may take. If the SDK retried the
	// probes too, the outage of ten minutes would take 1,120: 14 for two of three.
	suspectFailures = 2

	// The wait between two probes is a twelfth of the duration of the outage, within
	// these bounds. So the end of an outage is noticed soon, and an outage of ten
	// minutes takes some 120 probes.
	probeShare   = 12
	minProbeWait = 250 * time.Millisecond
	maxProbeWait = 8 * time.Second
)
