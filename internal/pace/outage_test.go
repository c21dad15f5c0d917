package pace

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOutage_LetsProbesPass(t *testing.T) {
	t.Parallel()
	start := time.Now()
	var o outage
	fail := func(at time.Duration, n int) {
		for range n {
			o.failed(start.Add(at), start.Add(at))
		}
	}
	fail(0, outageFailures-1)
	assert.Zero(t, o.delay(start), "as many may fail by chance")
	fail(0, 1)
	for _, probe := range []struct{ at, next time.Duration }{
		{0, 250 * time.Millisecond},
		{time.Second, 250 * time.Millisecond},
		{12 * time.Second, time.Second},
		{time.Minute, 5 * time.Second},
		{10 * time.Minute, 8 * time.Second},
	} {
		now := start.Add(probe.at)
		assert.LessOrEqual(t, o.delay(now.Add(250*time.Millisecond)), time.Duration(0))
		o.sent(now)
		fail(probe.at, 1)
		assert.Equal(t, probe.next, o.delay(now), "the next probe after one at %v", probe.at)
	}

	end := start.Add(11 * time.Minute)
	o.responded(end)
	fail(10*time.Minute, 100)
	assert.False(t, o.ongoing(), "these were sent before the response")
	fail(11*time.Minute, outageFailures)
	assert.True(t, o.ongoing(), "these were not")
}
