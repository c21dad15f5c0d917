package flowlogs

import "time"

// task is a batch and what is left to send of it. While a call of it is in flight,
// the task belongs to the goroutine of the call.
type task struct {
	parts       []part    // a stack: the next to send is the last
	first       [1]part   // the memory of parts until the batch is split: no allocation of its own
	due         time.Time // when to send it; zero: now
	propagation backoff   // shared by all parts of the batch
	alone       int       // rejected calls for a single resource
}

// part is a whole batch, a half of one after a split, or its denied resources.
type part struct {
	Batch
	unpaid    bool   // its next call is to be paid for with credit
	uncertain bool   // an earlier call may have been applied
	rejection error  // of the batch that this is a half of, or of a denied resource; nil: neither
	origin    *Batch // the batch whose denied resources this part resends; nil: none
	resends   int    // of the denied resources, so far
	retry     backoff
	failures  int       // transient failures so far
	failed    time.Time // when the last of them was
}

func newTask(b Batch) *task {
	t := &task{first: [1]part{{Batch: b}}}
	t.parts = t.first[:]
	return t
}

func (t *task) next() *part { return &t.parts[len(t.parts)-1] }

func (t *task) pop() part {
	p := *t.next()
	t.parts = t.parts[:len(t.parts)-1]
	return p
}

// countRetries counts the tasks that wait until they are due.
func countRetries(tasks ...*task) int {
	n := 0
	for _, t := range tasks {
		if len(t.parts) > 0 && !t.due.IsZero() {
			n++
		}
	}
	return n
}
