package flowlogs

import (
	"context"
	"iter"
)

// Stream creates a flow log for every resource of ids, in constant memory: it
// takes IDs as calls can be made for them, and yields each batch as it ends, with
// its error. The ResourceIDs of the request must be empty; its ResourceType, if
// empty, is inferred from the first ID. The same IDs in the same order under the
// same token are the same calls as those of [Client.Create], so a job is resumed
// by another Stream or Create under the ClientToken that it was given.
//
// The error of a batch is nil, an *[UnsuccessfulError], a *[CallError], or both
// joined. A batch with an ID that is not valid is not sent, and its CallError
// wraps a *[ValidationError]. The stream goes on after an error, unless it is one
// that all others would meet too, or ctx ends: then it takes no more IDs, and
// yields those that it has taken as not attempted. A request that is not valid is
// one error with an empty Batch.
//
// Breaking out of the loop ends the calls in flight, whatever becomes of them.
// Ids is read in a goroutine of its own, which has ended when the loop has; an
// iterator that can block should end with ctx.
func (c *Client) Stream(ctx context.Context, req Request, ids iter.Seq[string], optFns ...func(*Options)) iter.Seq2[Batch, error] {
	c = c.with(optFns)
	return func(yield func(Batch, error) bool) {
		next, stop := iter.Pull(ids)
		defer stop()
		first, ok := next()
		if !ok {
			return
		}
		req := req
		token, err := c.prepareStream(&req, first)
		if err != nil {
			yield(Batch{}, err)
			return
		}
		j := c.job(&req, Progress{Resources: -1, Batches: -1})
		j.checked = false
		s := source{first: first, next: next, size: c.batchSize(req.ResourceType), token: token}
		give := func(b Batch, err *CallError) bool {
			var failed []*CallError
			if err != nil {
				failed = append(failed, err)
			}
			return yield(b, joinErrors(&Response{ClientToken: token, FlowLogIDs: b.FlowLogIDs, Unsuccessful: b.Unsuccessful}, failed))
		}
		for b, err := range j.run(ctx, s.batches) {
			if !give(b, err) {
				return
			}
		}
		for _, b := range s.unsent {
			if !give(b, j.leave(b)) {
				return
			}
		}
	}
}

// prepareStream validates all but the IDs that are still to come, and makes the
// token.
func (c *Client) prepareStream(req *Request, first string) (token string, err error) {
	if req.ResourceType == "" {
		req.ResourceType = typeOfID(first)
	}
	if req.ResourceType == "" {
		if err := validateIDs("", []string{first}, nil); err != nil {
			return "", err
		}
	}
	if err := req.validateSettings(c.caller.region, nil); err != nil {
		return "", err
	}
	return c.token(*req)
}

// source makes batches of IDs as they come.
type source struct {
	first  string
	next   func() (string, bool)
	size   int
	token  string
	unsent []Batch // made, when there was no more use for them
}

func (s *source) batches(yield func(Batch) bool) {
	ids, more := []string{s.first}, true
	for index := 0; more || len(ids) > 0; index++ {
		var id string
		for more && len(ids) < s.size {
			if id, more = s.next(); more {
				ids = append(ids, id)
			}
		}
		if len(ids) == 0 {
			return
		}
		b := Batch{Index: index, ClientToken: batchToken(s.token, ids), ResourceIDs: ids}
		ids = nil
		if index == 0 {
			// Only a look at what follows tells whether it is the only one, with the
			// token of the request itself.
			if more {
				id, more = s.next()
			}
			if more {
				ids = []string{id}
			} else {
				b.ClientToken = s.token
			}
		}
		if !yield(b) {
			s.unsent = append(s.unsent, b)
			if len(ids) > 0 {
				s.unsent = append(s.unsent, Batch{Index: index + 1, ClientToken: batchToken(s.token, ids), ResourceIDs: ids})
			}
			return
		}
	}
}
