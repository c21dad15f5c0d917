package flowlogs

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
)

// Stream creates a flow log for every resource of ids, in constant memory: it
// reads IDs as calls can be made for them, and yields each [Batch] as soon as its
// result is known. The ResourceIDs of the request must be empty. Its
// ResourceType, if empty, is inferred from the first ID.
//
// The error of a batch is nil or a *[CreateError]. A transient failure is retried
// before new IDs are read, until [Options].RetryTimeout. Stream continues after an
// error, unless the error is fatal, which means that it would apply to every other
// call. It then reads no more IDs, and yields those that it has read with
// [ErrNotAttempted]. It does the same when ctx ends, and when ids yields an error, which
// is then the cause. Invalid IDs are not sent: Stream yields them as a batch with a
// *[ValidationError] in its error. For an invalid request, Stream yields one error
// with an empty Batch.
//
// Every batch has a token derived from that of the request and from its IDs. To
// resume a Stream, run it with the same IDs in the same order, the same BatchSize
// and the ClientToken of the request. Options.Token is called without the IDs.
//
// A break cancels the calls in flight; whether EC2 applied them is not known. The
// iterator ids runs in a goroutine that exits before the loop returns. Stream reads
// at most one more ID after it has stopped, so an iterator that can block must watch
// ctx. If IDs arrive slowly, set Options.BatchSize so that batches fill in time.
func (c *Client) Stream(ctx context.Context, req Request, ids iter.Seq2[string, error], optFns ...func(*Options)) iter.Seq2[Batch, error] {
	c = c.with(optFns)
	return func(yield func(Batch, error) bool) {
		s := &stream{client: c, req: req, job: c.newJob(&c.invoker, nil, true)}
		s.job.progress = newProgress(c.options.OnProgress, -1, -1)
		s.job.yield = func(b Batch) bool { return yield(b, createError(s.token, []Batch{b})) }
		if req.ResourceType != "" || len(req.ResourceIDs) > 0 {
			s.err = s.prepare()
		}
		exhausted := false
		if s.err == nil {
			src := newSource(ctx, ids, s.batchSize)
			s.job.run(ctx, nil, src, s.accept)
			exhausted = src.exhausted
		}
		switch {
		case s.err != nil:
			yield(Batch{}, s.err)
		case s.job.interruption != nil && !s.job.reported && !s.job.broken && !exhausted:
			s.job.yieldBatch(Batch{ClientToken: s.token, Err: notAttempted(s.job.cause)})
		}
	}
}

// stream turns the IDs of a source into batches, in the goroutine of the caller.
type stream struct {
	client  *Client
	req     Request
	job     *job
	token   string // of the request
	err     error  // the request is invalid or has no token
	batches int    // so far
}

// prepare validates the request without its IDs, and makes the token.
func (s *stream) prepare() error {
	if err := s.req.validateSettings(s.client.invoker.region, s.client.options.Allow); err != nil {
		return err
	}
	var err error
	s.token, err = s.client.token(s.req)
	s.job.template = s.req.template()
	return err
}

// typeOf returns the resource type of the request, inferred from an ID if it has
// none.
func (s *stream) typeOf(id string) ResourceType { return cmp.Or(s.req.ResourceType, typeOfID(id)) }

func (s *stream) batchSize(first string) int { return s.client.options.batchSize(s.typeOf(first)) }

// accept returns the task for a chunk, nil if there is nothing to send.
func (s *stream) accept(c chunk) *task {
	if c.first != "" && s.job.template == nil {
		if s.req.ResourceType = s.typeOf(c.first); s.req.ResourceType == "" {
			s.err = validateIDs("", []string{c.first}, s.client.options.Allow)
		}
		if s.err == nil {
			s.err = s.prepare()
		}
		if s.err != nil {
			s.job.broken = true // yield nothing but the error
			s.job.stop(s.err)
		}
	}
	if c.err != nil {
		s.job.interrupt(c.err, c.err)
	}
	ids := s.valid(c.ids)
	if len(ids) == 0 {
		return nil
	}
	s.batches++
	// Guarded by TestStream_DerivesTheTokenOfItsOnlyBatchToo.
	return newTask(Batch{Index: s.batches - 1, ClientToken: batchToken(s.token, ids), ResourceIDs: ids})
}

// valid returns the IDs that can be sent, and yields the others as a batch of
// their own.
func (s *stream) valid(ids []string) []string {
	allow := s.client.options.Allow
	if s.job.broken || len(ids) == 0 {
		return nil
	}
	err := validateIDs(s.req.ResourceType, ids, allow)
	if err == nil {
		return ids
	}
	var good, bad []string
	for _, id := range ids {
		if slices.Contains(good, id) || validateIDs(s.req.ResourceType, []string{id}, allow) != nil {
			bad = append(bad, id)
		} else {
			good = append(good, id)
		}
	}
	s.batches++
	s.job.yieldBatch(Batch{Index: s.batches - 1, ClientToken: batchToken(s.token, bad), ResourceIDs: bad, Err: err})
	s.job.progress.BatchesDone++
	return good
}

// chunk is what a source sends: the first ID as soon as it is read, a full batch of
// IDs, or the last IDs with the error of the iterator, if any.
type chunk struct {
	first string
	ids   []string
	err   error
}

// source reads the IDs of a Stream in a goroutine of its own.
type source struct {
	chunks   chan chunk
	stopping chan struct{}
	once     sync.Once

	// Written by the goroutine before it closes chunks, and read after.
	exhausted bool      // the iterator had no more IDs
	panicked  *panicked // nil: the iterator returned
}

func newSource(ctx context.Context, ids iter.Seq2[string, error], batchSize func(first string) int) *source {
	s := &source{chunks: make(chan chunk), stopping: make(chan struct{})}
	go func() {
		defer close(s.chunks) // after watch has set panicked
		watch(&s.panicked, func() { s.iterate(ctx, ids, batchSize) })
	}()
	return s
}

// stop makes the source read at most one more ID.
func (s *source) stop() {
	if s != nil {
		s.once.Do(func() { close(s.stopping) })
	}
}

func (s *source) stopped() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// iterate sends every ID that it reads. It may block in sending: the scheduler
// receives until the channel is closed.
func (s *source) iterate(ctx context.Context, ids iter.Seq2[string, error], batchSize func(string) int) {
	var batch []string
	size := 0
	for id, err := range ids {
		if err != nil {
			s.chunks <- chunk{ids: batch, err: err} // Guarded by TestStream_EndsWithTheErrorOfItsSource.
			return
		}
		if size == 0 {
			size = batchSize(id)
			s.chunks <- chunk{first: id}
		}
		if batch = append(batch, id); len(batch) == size {
			s.chunks <- chunk{ids: batch}
			batch = nil
		}
		if s.stopped() {
			break
		}
	}
	// An iterator that watches ctx may have ended because ctx did. Guarded by TestStream_SaysThatItWasInterruptedWhileTheLoopWasBusy.
	s.exhausted = !s.stopped() && ctx.Err() == nil
	if len(batch) > 0 {
		s.chunks <- chunk{ids: batch} // Guarded by TestStream_TakesAtMostOneMoreIDWhenItEnds.
	}
}
