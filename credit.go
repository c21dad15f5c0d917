package flowlogs

import "sync"

const (
	// maxCredit bounds the calls that isolate resources while no flow log is created: a
	// hundred. To isolate ten culprits in a batch of 300 takes about as many.
	maxCredit = 100 * callCost

	// callCost is the credit that a call costs. A flow log that a half creates earns one.
	callCost = 3
)

// credit pays for the calls that isolate resources. All batches of a job share it, and
// each pays in advance for one culprit: otherwise many batches would spend the credit
// together before any of their halves succeeds.
type credit struct {
	mu         sync.Mutex
	left       int
	isolating  int           // batches that are being split and do not wait
	waiting    int           // batches that are being split and wait
	accepted   bool          // EC2 has accepted a call
	suspicious bool          // EC2 has rejected a call for a fatal reason, and accepted none
	changed    chan struct{} // closed on a change that a waiting batch may wait for; nil: none waits
}

// begin records that a batch is being split, because of a fatal reason or another one.
func (c *credit) begin(fatal bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isolating++
	c.suspicious = c.suspicious || fatal && !c.accepted
}

// end records that a batch is no longer being split, and refunds the calls that it did
// not make.
func (c *credit) end(calls int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isolating--
	c.left = min(c.left+calls*callCost, maxCredit)
	c.signal()
}

// earn records an accepted call. FlowLogs is how many a half created, 0 for a whole batch.
func (c *credit) earn(flowLogs int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.accepted && flowLogs == 0 {
		return
	}
	c.accepted, c.suspicious = true, false
	c.left = min(c.left+flowLogs, maxCredit)
	c.signal()
}

// pay pays for calls of a batch that is being split. While the credit does not suffice,
// or the job may be about to stop, it waits as long as another batch is being split.
// It returns false if none is, or when done is closed.
func (c *credit) pay(done <-chan struct{}, calls int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		others := c.isolating > 1
		switch {
		case c.left >= calls*callCost && (!c.suspicious || !others):
			c.left -= calls * callCost
			return true
		case !others:
			return false
		}
		c.isolating--
		c.waiting++
		woken := c.wait(done)
		c.waiting--
		c.isolating++
		if !woken {
			return false
		}
	}
}

// admit waits while a new batch would be sent only to be rejected like those that are
// being split. It returns false when done is closed.
func (c *credit) admit(done <-chan struct{}) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.suspects() {
		if !c.wait(done) {
			return false
		}
	}
	return true
}

func (c *credit) admits() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.suspects()
}

func (c *credit) suspects() bool { return c.suspicious && c.isolating+c.waiting > 0 }

// hasAccepted reports whether EC2 has accepted a call of the job.
func (c *credit) hasAccepted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accepted
}

// wait waits for a change, without the lock. It returns false when done is closed.
func (c *credit) wait(done <-chan struct{}) bool {
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	changed := c.changed
	c.mu.Unlock()
	defer c.mu.Lock()
	select {
	case <-changed:
		return true
	case <-done:
		return false
	}
}

func (c *credit) signal() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}
