package flowlogs

import (
	"context"
	"errors"
	"iter"
)

// outcome is what became of a batch.
type outcome struct {
	batch Batch
	err   *CallError
}

// errGoroutineEnded is the error of a call whose API ended its goroutine, as a
// mock does that fails its test.
var errGoroutineEnded = errors.New("the API did not return")

// run sends the batches and yields each as it ends. Those that failed for a
// reason that passes are sent again after the others, as long as calls get
// through. When a call is refused for a reason that all others would meet too, or
// when ctx ends, j.stopped says so and no more batches are taken. When run
// returns, no goroutine of it is left.
func (j *job) run(ctx context.Context, batches iter.Seq[Batch]) iter.Seq2[Batch, *CallError] {
	return func(yield func(Batch, *CallError) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		p := pass{job: j, yield: yield, breakOff: cancel}
		p.send(ctx, batches)
		for p.through && len(p.again) > 0 && j.stopped == nil {
			failed, sent := p.again, 0
			p.again, p.through = nil, false
			p.send(ctx, func(yield func(Batch) bool) {
				for sent < len(failed) && yield(failed[sent].batch) {
					sent++
				}
			})
			p.again = append(p.again, failed[sent:]...)
		}
		for _, o := range p.again {
			p.give(o)
		}
	}
}

// stopWith keeps the first reason for which no more batches are sent.
func (j *job) stopWith(cause error) {
	if j.stopped == nil {
		j.stopped = notAttempted(cause)
	}
}

// pass is one time through the batches.
type pass struct {
	*job
	yield    func(Batch, *CallError) bool
	breakOff func()    // ends the calls in flight
	broken   bool      // whether the caller wants no more
	again    []outcome // failed for a reason that passes
	through  bool      // whether a call got through
}

// send sends the batches, as many at a time as the job's concurrency says.
func (p *pass) send(ctx context.Context, batches iter.Seq[Batch]) {
	taken, stopTaking := take(batches)
	outcomes, abandoned := make(chan outcome), make(chan struct{})
	defer close(abandoned) // where the caller panics
	defer stopTaking()

	inFlight := 0
	ended := ctx.Done()
	for taken != nil || inFlight > 0 {
		next := taken
		if inFlight == p.concurrency {
			next = nil
		}
		select {
		case b, more := <-next:
			if !more {
				taken = nil
				continue
			}
			inFlight++
			go func() {
				o := outcome{b, &CallError{Batch: b, Err: errGoroutineEnded}}
				defer func() {
					select {
					case outcomes <- o:
					case <-abandoned:
					}
				}()
				o.err = p.job.send(ctx, &o.batch)
			}()
		case o := <-outcomes:
			inFlight--
			p.sort(o)
		case <-ended:
			p.stopWith(ctx.Err())
			ended = nil
		}
		if p.stopped != nil {
			taken = nil
		}
	}
}

// sort decides what to do about an outcome.
func (p *pass) sort(o outcome) {
	if o.err != nil {
		switch reason := ReasonOf(o.err.Err); {
		case reason.has(passes) && p.patient:
			p.again = append(p.again, o)
			return
		case reason.has(stops) && o.batch.Attempts > 0: // what was not sent has not been refused
			p.stopWith(o.err.Err)
		}
	}
	p.through = true
	p.give(o)
}

// give hands an outcome to the caller, unless that has broken off.
func (p *pass) give(o outcome) {
	if p.broken {
		return
	}
	p.tell(o.batch, o.err)
	if !p.yield(o.batch, o.err) {
		p.broken = true
		p.stopWith(context.Canceled)
		p.breakOff()
	}
}

// take reads batches in a goroutine of its own, because there may be none for a
// while. Stop ends it; its yield is false for a batch that nobody has taken.
func take(batches iter.Seq[Batch]) (taken <-chan Batch, stop func()) {
	out, stopping, stopped := make(chan Batch), make(chan struct{}), make(chan struct{})
	var panicked any
	go func() {
		defer close(stopped)
		defer close(out)
		defer func() { panicked = recover() }()
		batches(func(b Batch) bool {
			select {
			case out <- b:
				return true
			case <-stopping:
				return false
			}
		})
	}()
	return out, func() {
		close(stopping)
		<-stopped
		if panicked != nil {
			panic(panicked) // in the goroutine of the caller, whose iterator it is
		}
	}
}
