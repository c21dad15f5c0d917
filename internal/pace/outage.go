package pace

import "time"

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
