package flowlogs

import "time"

const (
	// outageFailures is how many calls in a row must fail for an outage. If half of
	// all calls fail at random, one in 32 calls starts such a row. That costs only
	// the wait for a probe or two.
	outageFailures = 5

	// The wait between two probes is a twelfth of the duration of the outage, within
	// these bounds. So the end of any outage is soon noticed, and ten minutes take
	// some 120 probes. Their retries, two of three, stay within the retry quota of
	// the SDK: 500 tokens, at 5 a retry.
	probeShare   = 12
	minProbeWait = 250 * time.Millisecond
	maxProbeWait = 8 * time.Second
)

// outage is a time in which EC2 fails every call, or does not respond. Only probes
// are sent then: single calls, each some time after the last, whether or not that
// one has ended.
type outage struct {
	failures  int       // in a row
	start     time.Time // when the first of them was sent
	nextProbe time.Time
	response  time.Time // the last call that did not fail so; what was sent before it is not counted
}

func (o *outage) lasts() bool { return o.failures >= outageFailures }

// delay returns how long the next call must wait, negative if it may pass.
func (o *outage) delay(now time.Time) time.Duration {
	if !o.lasts() {
		return 0
	}
	return o.nextProbe.Sub(now)
}

// sent notes that a call is sent, which is a probe during an outage.
func (o *outage) sent(now time.Time) {
	if o.lasts() {
		o.nextProbe = now.Add(min(max(now.Sub(o.start)/probeShare, minProbeWait), maxProbeWait))
	}
}

func (o *outage) failed(sent, now time.Time) {
	if sent.Before(o.response) {
		return
	}
	if o.failures == 0 {
		o.start = sent
	}
	if o.failures++; o.failures == outageFailures {
		o.nextProbe = now.Add(minProbeWait)
	}
}

func (o *outage) responded(now time.Time) {
	o.failures = 0
	o.response = now
}
