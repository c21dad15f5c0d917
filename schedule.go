package flowlogs

import (
	"context"
	"slices"
	"time"
)

// scheduler sends many batches, as many at a time as there are slots, and retries
// before new batches. It belongs to the goroutine of the caller.
type scheduler struct {
	*job
	slots   chan struct{} // holds a value for each call on the wire
	ended   chan *sending // has room for every call, so that none blocks when it ends
	sending int           // calls in flight: on the wire or in backoff
	waiting []*task       // for a retry, or for a slot
	maxHeld int           // limits held
}

// sending is a call in a goroutine of its own, which owns it until it is sent to ended.
type sending struct {
	task     *task
	call     call
	panicked *panicked // nil: it returned
}

// run sends the batches of a Create, or those that accept makes of the chunks of a
// Stream. All goroutines have exited when it returns, even by a panic in the caller's
// code.
func (j *job) run(ctx context.Context, batches []Batch, src *source, accept func(chunk) *task) {
	ctx, cancel := context.WithCancel(ctx)
	n := j.options.concurrency()
	s := &scheduler{job: j, slots: make(chan struct{}, n), maxHeld: 4 * n, ended: make(chan *sending, 4*n)}
	j.cancel = cancel
	defer s.drain(cancel, src)
	s.loop(ctx, batches, src, accept)
	s.progress.reportRest()
}

func (s *scheduler) loop(ctx context.Context, batches []Batch, src *source, accept func(chunk) *task) {
	done := ctx.Done()
	var chunks <-chan chunk // nil: there is no source, or it has ended
	if src != nil {
		chunks = src.chunks
	}
	var fresh *task // a new batch that has not been sent
	for {
		if ctx.Err() != nil {
			s.end(ctx)
		}
		if s.cause != nil {
			src.stop()
			s.abandonAll(fresh, batches)
			fresh, batches = nil, nil
		}
		next := s.dueTask()
		if fresh == nil && len(batches) > 0 && s.held() < s.maxHeld {
			fresh, batches = newTask(batches[0]), batches[1:]
		}
		if next == nil {
			next = fresh
		}
		if next == nil && s.held() == 0 && chunks == nil {
			return
		}

		// A nil channel takes its case out of the select.
		var slot chan<- struct{}
		if next != nil {
			slot = s.slots
		}
		more := chunks // after a stop, chunks are received only to abandon them
		if s.cause == nil && (fresh != nil || s.held() >= s.maxHeld) {
			more = nil
		}
		select {
		case slot <- struct{}{}:
			if next == fresh {
				fresh = nil
			}
			s.send(ctx, next)
		case c, open := <-more:
			if open {
				fresh = accept(c)
			} else {
				chunks = nil
				src.panicked.repanic()
			}
		case sent := <-s.ended:
			s.finish(ctx, sent)
		case <-s.due(next):
		case <-done:
			done = nil // closed from now on: once is enough
		}
	}
}

func (s *scheduler) held() int { return s.sending + len(s.waiting) }

// dueTask returns a waiting task that is due, nil if there is none.
func (s *scheduler) dueTask() *task {
	for {
		t := s.earliest()
		switch {
		case t == nil || t.due.After(time.Now()):
			return nil
		case s.ready(t):
			return t
		}
		s.remove(t)
	}
}

// earliest returns the waiting task that is due first, nil if none waits.
func (s *scheduler) earliest() *task {
	if len(s.waiting) == 0 {
		return nil
	}
	return slices.MinFunc(s.waiting, func(a, b *task) int { return a.due.Compare(b.due) })
}

func (s *scheduler) remove(t *task) {
	s.waiting = slices.DeleteFunc(s.waiting, func(w *task) bool { return w == t })
}

// due returns a channel that fires when the earliest task is due, nil if that is next,
// which waits for a slot only.
func (s *scheduler) due(next *task) <-chan time.Time {
	t := s.earliest()
	if t == nil || t == next {
		return nil
	}
	return time.After(time.Until(t.due))
}

// send starts the next call of a task. The caller has acquired the slot.
func (s *scheduler) send(ctx context.Context, t *task) {
	s.remove(t)
	s.sending++
	sent := &sending{task: t, call: s.newCall(t)}
	sent.call.slots, sent.call.holding = s.slots, true
	go func() {
		defer func() { s.ended <- sent }()
		watch(&sent.panicked, func() { sent.call.invoke(ctx) })
	}()
}

// finish settles a call that has ended. It releases the slot of the call only now, so
// that no other call starts before a result that stops the job is known.
func (s *scheduler) finish(ctx context.Context, sent *sending) {
	s.sending--
	sent.call.release()
	sent.panicked.repanic()
	s.settle(ctx, sent.task, &sent.call)
	if len(sent.task.parts) > 0 {
		s.waiting = append(s.waiting, sent.task)
	}
	s.progress.report(countRetries(s.waiting...))
}

// abandonAll abandons everything that is not in flight.
func (s *scheduler) abandonAll(fresh *task, batches []Batch) {
	if fresh == nil && len(s.waiting) == 0 && len(batches) == 0 {
		return
	}
	// Guarded by TestCreate_EndsWithItsContext and TestSimulation_NothingIsLostOrDoneTwice.
	for _, t := range s.waiting {
		s.abandon(t)
	}
	s.waiting = nil
	if fresh != nil {
		s.abandon(fresh)
	}
	for _, b := range batches {
		s.abandon(newTask(b))
	}
	s.progress.report(0)
}

// drain ends the calls in flight and the source, and waits for their goroutines.
// After a break or a panic there may be any number of them.
func (s *scheduler) drain(cancel func(), src *source) {
	cancel()
	src.stop()
	for range s.sending {
		<-s.ended
	}
	if src != nil {
		for range src.chunks { // until its goroutine exits
		}
	}
}
