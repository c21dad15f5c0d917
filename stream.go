package flowlogs

import (
	"context"
	"iter"

	"github.com/go-flowlogs/flowlogs/internal/rules"
	"github.com/go-flowlogs/flowlogs/internal/text"
)

// Stream creates a flow log for every resource of ids, in constant memory: it
// reads IDs as calls can be made for them, and yields each [Batch] as soon as its
// result is known. The ResourceIDs of the request must be empty. Its
// ResourceType, if empty, is inferred from the first ID that has a known prefix; without
// an ID, the request is then not validated.
//
// The error of a batch is nil or a *[CreateError]. A transient failure is retried
// in turn with new batches, until [Options].RetryTimeout. Stream continues after an
// error, unless the error is fatal, which means that it would apply to every other
// call. It then reads no more IDs, and yields the IDs already read with
// [ErrNotAttempted]. It does the same when ctx ends, and when ids yields an error, which
// is then the cause. Invalid IDs are not sent: Stream yields them as a batch with a
// *[ValidationError] in its error. For an invalid request, Stream yields one error
// with an empty Batch, as it does if ids fails before its first ID.
//
// Every batch has a token derived from that of the request and from its IDs. To
// resume a Stream, run it with the same IDs in the same order, the same BatchSize
// and the ClientToken of the request. Options.Token is called without the IDs.
//
// A repeated ID is found within one batch only, since memory is constant. Two batches
// with the same IDs have the same token: EC2 repeats its response to the first, and the
// flow logs are counted twice.
//
// A break cancels the calls in flight; whether EC2 applied them is not known. The
// iterator ids runs in a goroutine that exits before the loop returns. Stream reads
// at most one more ID after it has stopped, so an iterator that can block must watch
// ctx. If IDs arrive slowly, set Options.BatchSize so that batches fill in time.
func (c *Client) Stream(ctx context.Context, req Request, ids iter.Seq2[string, error], optFns ...func(*Options)) iter.Seq2[Batch, error] {
	c = c.with(optFns)
	return func(yield func(Batch, error) bool) {
		j := c.newJob(ctx, &c.invoker, nil, true)
		defer j.halt(nil)
		s := &stream{client: c, req: req, job: j}
		j.endless = true
		j.progress = newProgress(c.options.OnProgress, -1, -1)
		j.yield = func(b Batch) bool { return yield(b, createError(s.token, []Batch{b})) }
		if req.ResourceType != "" || len(req.ResourceIDs) > 0 {
			s.err = s.prepare()
		}
		if s.err == nil {
			j.run(ctx, c.options.concurrency(), s.divide(ids))
		}
		switch {
		case j.broken:
		case s.err != nil:
			yield(Batch{}, s.err)
		case !s.exhausted && !j.reported:
			if interruption, cause := j.cause(); interruption != nil {
				j.yieldBatch(Batch{ClientToken: s.token, Err: notAttempted(cause)})
			}
		}
	}
}

// stream turns IDs into batches. While the job runs, it belongs to the goroutine that
// reads the IDs.
type stream struct {
	client    *Client
	req       Request
	job       *job
	token     string // of the request
	batches   int    // so far
	exhausted bool   // the iterator had no more IDs
	err       error  // the request is invalid or has no token
}

// prepare validates the request without its IDs, and makes the token.
func (s *stream) prepare() error {
	in := s.req.input()
	problems := rules.CheckSettings(in, s.client.invoker.settings.Region)
	if n := len(s.req.ResourceIDs); n > 0 {
		problems = append(problems, rules.Problem{
			Path: "ResourceIds", Value: text.Plural(n, "ID"), Message: "leave it empty: the IDs of a Stream come from its iterator", Unsendable: true,
		})
	}
	if err := s.req.validate(in, problems, s.client.options.Allow); err != nil {
		return err
	}
	var err error
	s.token, err = s.client.token(s.req)
	s.job.template = in
	return err
}

// divide yields a batch whenever enough IDs have been read. What was read when the job
// stops is yielded nevertheless, so that the caller learns of it.
func (s *stream) divide(ids iter.Seq2[string, error]) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		var batch []string
		for id, err := range ids {
			if err != nil {
				s.job.stop(err, err)
				break
			}
			batch = append(batch, id)
			if s.job.template == nil {
				if s.req.ResourceType = rules.TypeOf(id); s.req.ResourceType != "" && !s.valid(s.prepare()) {
					return
				}
			}
			if size := s.client.options.batchSize(s.req.ResourceType); len(batch) >= size {
				if !s.yield(batch, yield) {
					return
				}
				batch = nil
			}
			if s.job.running.Err() != nil {
				break
			}
		}
		// An iterator that watches ctx may have ended because ctx did.
		s.exhausted = s.job.running.Err() == nil
		s.yield(batch, yield)
	}
}

// valid reports whether the request is valid and has a token; err is nil then. If not,
// it stops the job.
func (s *stream) valid(err error) bool {
	if err != nil {
		s.err = err
		s.job.stop(err)
	}
	return err == nil
}

// yield yields a batch of the IDs that are valid, and the others as a batch of their own.
// It returns false if the request is invalid.
func (s *stream) yield(ids []string, yield func(Batch) bool) bool {
	if len(ids) == 0 {
		return true
	}
	good, bad, err := validateEach(s.req.ResourceType, ids, s.client.options.Allow)
	if s.job.template == nil { // no ID says the type
		if err == nil {
			err = s.prepare()
		}
		if !s.valid(err) {
			return false
		}
	}
	for _, b := range []Batch{{ResourceIDs: bad, Err: err}, {ResourceIDs: good}} {
		if len(b.ResourceIDs) > 0 {
			b.Index, b.ClientToken = s.batches, batchToken(s.token, b.ResourceIDs)
			s.batches++
			if !yield(b) {
				return false
			}
		}
	}
	return true
}
