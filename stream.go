package flowlogs

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
)

// Stream creates a flow log for every resource of ids, in constant memory: it
// takes IDs as calls can be made for them, and yields each [Batch] as soon as its
// result is known. The ResourceIDs of the request must be empty. Its
// ResourceType, if empty, is inferred from the first ID.
//
// The error of a batch is nil or a *[CreateError]. A transient failure is
// retried before new IDs are taken, until [Options].RetryTimeout. The stream goes
// on after an error, unless it is fatal: it would apply to every other call. Then
// Stream takes no more IDs, and yields those that it has taken with
// ErrNotAttempted. So it does when ctx ends, and when ids yields an error, which
// is then the cause. IDs that are invalid are not sent; their batch has a
// *[ValidationError]. For a request that is invalid, Stream yields one error with
// an empty Batch.
//
// Every batch has a token derived from that of the request and from its IDs. To
// resume a Stream, run it with the same IDs in the same order, the same BatchSize
// and the ClientToken of the request. Options.Token is called without the IDs.
//
// A break ends the calls in flight; what becomes of them is not known. Ids is
// iterated in a goroutine that exits before the loop returns. Stream takes at
// most one more ID after it has stopped, so an iterator that can block must watch
// ctx. If a batch would take long to fill, set Options.BatchSize.
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
		case s.job.interruption != nil && !s.job.told && !s.job.broken && !exhausted:
			s.job.giveBatch(Batch{ClientToken: s.token, Err: notAttempted(s.job.cause)})
		}
	}
}

// stream turns the IDs of a source into batches, in the goroutine of the caller.
type stream struct {
	client *Client
	req    Request
	job    *job
	token  string // of the request
	err    error  // the request is invalid or has no token
	taken  int    // batches
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

// accept returns the task for what the source has taken, nil if there is nothing
// to send.
func (s *stream) accept(t taken) *task {
	if t.first != "" && s.job.template == nil {
		if s.req.ResourceType = s.typeOf(t.first); s.req.ResourceType == "" {
			s.err = validateIDs("", []string{t.first}, s.client.options.Allow)
		}
		if s.err == nil {
			s.err = s.prepare()
		}
		if s.err != nil {
			s.job.broken = true // what has been taken is not yielded
			s.job.stop(s.err)
		}
	}
	if t.err != nil {
		s.job.interrupt(t.err, t.err)
	}
	ids := s.valid(t.ids)
	if len(ids) == 0 {
		return nil
	}
	s.taken++
	// Guarded by TestStream_DerivesTheTokenOfItsOnlyBatchToo.
	return newTask(Batch{Index: s.taken - 1, ClientToken: batchToken(s.token, ids), ResourceIDs: ids})
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
	s.taken++
	s.job.giveBatch(Batch{Index: s.taken - 1, ClientToken: batchToken(s.token, bad), ResourceIDs: bad, Err: err})
	s.job.progress.BatchesDone++
	return good
}

// taken is what a source hands over: its first ID, as soon as it comes, or a
// batch of IDs, or its error with the IDs before it.
type taken struct {
	first string
	ids   []string
	err   error
}

// source iterates the IDs of a Stream, in one goroutine from first to last.
type source struct {
	taken    chan taken
	stopping chan struct{}
	once     sync.Once

	// Valid when taken is closed.
	exhausted bool      // the iterator had no more IDs
	panicked  *panicked // nil: the iterator returned
}

func newSource(ctx context.Context, ids iter.Seq2[string, error], batchSize func(first string) int) *source {
	s := &source{taken: make(chan taken), stopping: make(chan struct{})}
	go func() {
		defer close(s.taken)
		watch(&s.panicked, func() { s.iterate(ctx, ids, batchSize) })
	}()
	return s
}

// stop makes the source take no more IDs, but for one that is on its way.
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

// iterate hands over all that it takes: somebody receives until the channel is
// closed.
func (s *source) iterate(ctx context.Context, ids iter.Seq2[string, error], batchSize func(string) int) {
	var batch []string
	size := 0
	for id, err := range ids {
		if err != nil {
			s.taken <- taken{ids: batch, err: err} // Guarded by TestStream_EndsWithTheErrorOfItsSource.
			return
		}
		if size == 0 {
			size = batchSize(id)
			s.taken <- taken{first: id}
		}
		if batch = append(batch, id); len(batch) == size {
			s.taken <- taken{ids: batch}
			batch = nil
		}
		if s.stopped() {
			break
		}
	}
	// An iterator may watch ctx, and return. Guarded by TestStream_SaysThatItWasInterruptedWhileTheLoopWasBusy.
	s.exhausted = !s.stopped() && ctx.Err() == nil
	if len(batch) > 0 {
		s.taken <- taken{ids: batch} // Guarded by TestStream_TakesAtMostOneMoreIDWhenItEnds.
	}
}
