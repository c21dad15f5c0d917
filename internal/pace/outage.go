package pace

import "time"

const (
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

// outage is a time in which every call fails or gets no response. Only probes are sent
// then: single calls at intervals, whether or not the one before has ended.
type outage struct {
	failures  int       // in a row
	start     time.Time // when the first of them was sent
	nextProbe time.Time
	response  time.Time // when EC2 last responded; a failure of a call sent before does not count
}

func (o *outage) ongoing() bool { return o.failures >= outageFailures }

// delay returns how long the next call must wait, zero or less if it may be sent.
func (o *outage) delay(now time.Time) time.Duration {
	if !o.ongoing() {
		return 0
	}
	return o.nextProbe.Sub(now)
}

// sent records that a call is sent. During an outage the call is a probe.
func (o *outage) sent(now time.Time) {
	if o.ongoing() {
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
