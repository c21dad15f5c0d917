package flowlogs

import "time"

const (
	// outageFailures is how many calls in a row have to fail before that is taken for
	// an outage. Of calls that fail at random, half of all, one row in 32 is as long,
	// and costs the wait for a probe or two.
	outageFailures = 5

	// Before the next probe, an eighth of the time that the outage has lasted is
	// waited, within these bounds. So the end of any outage is soon noticed, and ten
	// minutes take some ninety probes. Their retries fit into the retry quota of the
	// SDK, which is 500 tokens, at 5 for a retry.
	probeShare   = 8
	minProbeWait = 250 * time.Millisecond
	maxProbeWait = 10 * time.Second
)

// outage is a time in which no call gets a response that says anything but that EC2
// is in trouble. Only probes are sent then: single calls, each some time after the
// one before, whether or not that one has ended.
type outage struct {
	failures  int       // in a row
	start     time.Time // when the first of them was sent
	nextProbe time.Time
	response  time.Time // the last other response: a call sent before it says nothing new
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
