package flowlogs

import (
	"context"
	"slices"
	"time"
)

// scheduler sends many batches: as many calls at a time as there are slots, and
// retries before new batches.
type scheduler struct {
	*job
	slots   chan struct{} // a value for each call on the wire
	ended   chan *sending // room for every call, so that none waits to end
	sending int           // calls, in backoff or on the wire
	waiting []*task       // to be sent when they are due
	most    int           // batches that are held at a time
}

// sending is a call in a goroutine of its own.
type sending struct {
	task     *task
	call     call
	panicked *panicked // nil: it returned
}

// run sends the batches of a Create, or those that accept makes of the source of
// a Stream. When it returns, none of its goroutines is left, even if the caller's
// code panics.
func (j *job) run(ctx context.Context, batches []Batch, src *source, accept func(taken) *task) {
	ctx, cancel := context.WithCancel(ctx)
	n := j.options.concurrency()
	s := &scheduler{job: j, slots: make(chan struct{}, n), most: 4 * n, ended: make(chan *sending, 4*n)}
	j.breakOff = cancel
	defer s.drain(cancel, src)
	s.loop(ctx, batches, src, accept)
	s.progress.tellRest()
}

func (s *scheduler) loop(ctx context.Context, batches []Batch, src *source, accept func(taken) *task) {
	done := ctx.Done()
	var source <-chan taken
	if src != nil {
		source = src.taken
	}
	var fresh *task // has not been sent yet
	for {
		if ctx.Err() != nil {
			s.end(ctx)
		}
		if s.cause != nil {
			src.stop()
			s.leaveAll(fresh, batches)
			fresh, batches = nil, nil
		}
		next := s.dueTask()
		if fresh == nil && len(batches) > 0 && s.held() < s.most {
			fresh, batches = newTask(batches[0]), batches[1:]
		}
		if next == nil {
			next = fresh
		}
		if next == nil && s.held() == 0 && source == nil {
			return
		}

		var slot chan<- struct{}
		if next != nil {
			slot = s.slots
		}
		more := source
		if s.cause == nil && (fresh != nil || s.held() >= s.most) {
			more = nil
		}
		select {
		case slot <- struct{}{}:
			if next == fresh {
				fresh = nil
			}
			s.send(ctx, next)
		case t, open := <-more:
			if open {
				fresh = accept(t)
			} else {
				source = nil
				src.panicked.resume()
			}
		case sent := <-s.ended:
			s.finish(ctx, sent)
		case <-s.due(next):
		case <-done:
			done = nil
		}
	}
}

func (s *scheduler) held() int { return s.sending + len(s.waiting) }

// dueTask returns a task that is to be sent once more and is due, nil if there is
// none.
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

// earliest returns the task that is due first, nil if none waits.
func (s *scheduler) earliest() *task {
	if len(s.waiting) == 0 {
		return nil
	}
	return slices.MinFunc(s.waiting, func(a, b *task) int { return a.due.Compare(b.due) })
}

func (s *scheduler) remove(t *task) {
	s.waiting = slices.DeleteFunc(s.waiting, func(w *task) bool { return w == t })
}

// due fires when a task is due, unless that is the one to be sent.
func (s *scheduler) due(next *task) <-chan time.Time {
	t := s.earliest()
	if t == nil || t == next {
		return nil
	}
	return time.After(time.Until(t.due))
}

// send makes the next call of a task, which has a slot.
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

// finish takes the result of a call. The call had its slot until now, so that no
// other is sent before its result is known to be none that stops the job.
func (s *scheduler) finish(ctx context.Context, sent *sending) {
	s.sending--
	sent.call.release()
	sent.panicked.resume()
	s.settle(ctx, sent.task, &sent.call)
	if len(sent.task.parts) > 0 {
		s.waiting = append(s.waiting, sent.task)
	}
	s.progress.tell(retries(s.waiting...))
}

// leaveAll gives up everything that has not been sent.
func (s *scheduler) leaveAll(fresh *task, batches []Batch) {
	if fresh == nil && len(s.waiting) == 0 && len(batches) == 0 {
		return
	}
	// Guarded by TestCreate_EndsWithItsContext and TestSimulation_NothingIsLostOrDoneTwice.
	for _, t := range s.waiting {
		s.leave(t)
	}
	s.waiting = nil
	if fresh != nil {
		s.leave(fresh)
	}
	for _, b := range batches {
		s.leave(newTask(b))
	}
	s.progress.tell(0)
}

// drain ends what is still going on, which after a break or a panic may be
// anything.
func (s *scheduler) drain(cancel func(), src *source) {
	cancel()
	src.stop()
	for range s.sending {
		<-s.ended
	}
	if src != nil {
		for range src.taken { // nobody wants them any more
		}
	}
}
