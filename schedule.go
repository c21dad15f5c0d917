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
}

func (s *scheduler) loop(ctx context.Context, batches []Batch, src *source, accept func(taken) *task) {
	done := ctx.Done()
	var source <-chan taken
	if src != nil {
		source = src.taken
	}
	var next *task // to be sent when there is a slot
	for {
		if ctx.Err() != nil {
			s.end(ctx)
		}
		if s.cause == nil {
			next, batches = s.choose(next, batches)
		}
		if s.cause != nil {
			src.stop()
			s.leaveAll(next, batches)
			next, batches = nil, nil
		}
		if next == nil && s.sending == 0 && len(s.waiting) == 0 && source == nil {
			return
		}

		var slot chan<- struct{}
		if next != nil {
			slot = s.slots
		}
		more := source
		if s.cause == nil && (next != nil || s.held() >= s.most) {
			more = nil
		}
		select {
		case slot <- struct{}{}:
			if len(s.ended) > 0 { // the slot may be that of a call whose result stops the job
				<-s.slots
				continue
			}
			s.send(ctx, next)
			next = nil
		case t, open := <-more:
			if open {
				next = accept(t)
			} else {
				source = nil
				src.panicked.resume()
			}
		case sent := <-s.ended:
			s.settle(ctx, sent)
		case <-s.due(next):
		case <-done:
			done = nil
		}
	}
}

func (s *scheduler) held() int { return s.sending + len(s.waiting) }

// choose returns what to send next: a task whose time has come, or else a new
// batch.
func (s *scheduler) choose(next *task, batches []Batch) (*task, []Batch) {
	for next == nil {
		if i := s.earliest(); i >= 0 && !s.waiting[i].due.After(time.Now()) {
			next = s.waiting[i]
			s.waiting = slices.Delete(s.waiting, i, i+1)
		} else if len(batches) > 0 && s.held() < s.most {
			next = newTask(batches[0])
			batches = batches[1:]
		} else {
			break
		}
		if !s.ready(next) {
			next = nil
		}
	}
	return next, batches
}

// earliest returns the index of the task that is due first, -1 if none waits.
func (s *scheduler) earliest() int {
	first := -1
	for i, t := range s.waiting {
		if first < 0 || t.due.Before(s.waiting[first].due) {
			first = i
		}
	}
	return first
}

// due fires when a task is due, unless another one has yet to be sent.
func (s *scheduler) due(next *task) <-chan time.Time {
	i := s.earliest()
	if next != nil || i < 0 {
		return nil
	}
	return time.After(time.Until(s.waiting[i].due))
}

// send makes the next call of a task, which has a slot.
func (s *scheduler) send(ctx context.Context, t *task) {
	s.sending++
	sent := &sending{task: t, call: s.newCall(t)}
	sent.call.slots, sent.call.holding = s.slots, true
	go func() {
		defer sent.call.release()
		defer func() { s.ended <- sent }() // before the slot is free for another call
		watch(&sent.panicked, func() { sent.call.invoke(ctx) })
	}()
}

// settle takes the result of a call.
func (s *scheduler) settle(ctx context.Context, sent *sending) {
	s.sending--
	sent.panicked.resume()
	s.job.settle(ctx, sent.task, &sent.call)
	if len(sent.task.parts) > 0 {
		s.waiting = append(s.waiting, sent.task)
	}
	s.progress.tell(len(s.waiting))
}

// leaveAll gives up everything that has not been sent.
func (s *scheduler) leaveAll(next *task, batches []Batch) {
	if next == nil && len(s.waiting) == 0 && len(batches) == 0 {
		return
	}
	for _, t := range s.waiting {
		s.leave(t)
	}
	s.waiting = nil
	if next != nil {
		s.leave(next)
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
		for range src.taken { //nolint:revive // nobody wants them any more
		}
	}
}
