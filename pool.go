package flowlogs

import (
	"context"
	"iter"
	"math"
	"runtime"
	"sync"

	"github.com/go-flowlogs/flowlogs/internal/text"
)

// runOne creates the flow logs of a single batch. Common case: no goroutines.
func (j *job) runOne(ctx context.Context, b Batch) {
	w := worker{job: j}
	w.create(ctx, b)
	j.progress.reportRest()
}

// run creates the flow logs of many batches, n at a time. It ranges over the batches in
// a goroutine of its own. All goroutines have exited when run returns, even by a panic in
// the caller's code. An endless job holds at most 4n batches. Another one lets healthy
// batches pass those that wait.
func (j *job) run(ctx context.Context, n int, batches iter.Seq[Batch]) {
	ctx, cancel := context.WithCancel(ctx)
	p := &pool{job: j, cancel: cancel, results: make(chan result), slots: make(chan struct{}, n)}
	p.places = make(chan struct{}, min(n, math.MaxInt/4)*4)
	go p.feed(ctx, batches)
	defer func() { // the caller's code may have panicked
		p.end()
		for range p.results {
		}
	}()
	for r := range p.results {
		j.deliver(r)
		if j.broken {
			p.end()
		}
	}
	p.repanic()
	j.progress.reportRest()
}

// pool runs the workers of a job of many batches.
type pool struct {
	job     *job
	cancel  context.CancelFunc // of the calls in flight
	results chan result        // unbuffered: the workers wait for the caller
	slots   chan struct{}
	places  chan struct{}
	workers sync.WaitGroup

	once     sync.Once
	exited   bool  // a goroutine did not return
	panicked error // why; nil: runtime.Goexit
}

// end stops the job and its calls in flight.
func (p *pool) end() {
	p.job.stop(context.Canceled)
	p.cancel()
}

func (p *pool) feed(ctx context.Context, batches iter.Seq[Batch]) {
	defer func() { // also after runtime.Goexit
		p.workers.Wait()
		close(p.results)
	}()
	p.catch(func() {
		for b := range batches {
			p.begin(ctx, b)
		}
	})
}

// begin starts the worker of a batch, once the batch may be sent. If the job has stopped,
// or the IDs of the batch are invalid, it only hands over its error.
func (p *pool) begin(ctx context.Context, b Batch) {
	w := &worker{job: p.job, results: p.results, slot: slot{all: p.slots}, place: slot{all: p.places}}
	if b.Err == nil && !p.admit(ctx, w) {
		b.Err = p.job.unsent(&part{batch: b}, nil)
	}
	if b.Err != nil {
		p.results <- result{batches: []Batch{b}, done: true}
		return
	}
	p.workers.Go(func() {
		defer func() { // in this order, whatever happens
			w.slot.release()
			w.place.release()
		}()
		p.catch(func() { w.create(ctx, b) })
	})
}

// admit waits for a place and the first slot of a batch: none is taken before it can be
// sent. It returns false if the job has stopped.
func (p *pool) admit(ctx context.Context, w *worker) bool {
	done := p.job.running.Done()
	admitted := p.job.runs(ctx) && w.place.acquire(done) && w.slot.acquire(done)
	for admitted && !p.job.credit.admits() {
		w.slot.release()
		admitted = p.job.credit.admit(done) && w.slot.acquire(done)
	}
	return admitted
}

// catch calls f in a goroutine of the job. If the caller's code panics or calls
// runtime.Goexit in it, the job ends, and repanic repeats that in the caller's goroutine,
// where an HTTP server recovers. Package errgroup does not do this, because it may delay
// the panic for ever and hides the stack. Here every call is canceled at once, and the
// stack is in the text.
func (p *pool) catch(f func()) {
	exited := true // stays if f calls runtime.Goexit, which recover does not see
	var panicked error
	defer func() {
		if v := recover(); v != nil {
			panicked = text.WithStack(v)
		}
		if exited {
			p.once.Do(func() { p.exited, p.panicked = true, panicked })
			p.end()
		}
	}()
	f()
	exited = false
}

// repanic ends the caller's goroutine as the first goroutine ended that did not return.
func (p *pool) repanic() {
	switch {
	case p.panicked != nil:
		panic(p.panicked)
	case p.exited:
		runtime.Goexit()
	}
}
