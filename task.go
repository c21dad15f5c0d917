package flowlogs

import "time"

// task is a batch on its way. While a call of it is in flight, it belongs to the
// goroutine of the call.
type task struct {
	parts       []part    // what is left to send, the next one last
	first       [1]part   // the memory of parts, until the batch is split
	due         time.Time // when to send it; zero: now
	propagation wait      // one for the batch and all its parts
	alone       int       // calls for a single resource that were rejected
}

// part is a batch, or what splitting or resending has made of it.
type part struct {
	Batch
	unpaid    bool   // the call comes out of the credit
	uncertain bool   // a call that got no response may have been applied
	rejection error  // of the batch that this is a half of, or of the denied resource; nil: it is neither
	of        *Batch // the batch whose denied resources this is; nil: none
	resends   int    // of the denied resources
	retry     wait
	failures  int       // transient ones
	failed    time.Time // the last of them
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

// retries counts the tasks that wait for a retry; others are sent at once.
func retries(tasks ...*task) int {
	n := 0
	for _, t := range tasks {
		if len(t.parts) > 0 && !t.due.IsZero() {
			n++
		}
	}
	return n
}
