package flowlogs

import "sync"

const (
	// fatalCalls is how many calls EC2 must reject for one reason before the job stops,
	// since the rest would be rejected too.
	fatalCalls = 10

	// fatalBeside is how many rejected calls must be for parts beside a resource that
	// stood alone. Isolating one bad resource among 300 takes ten rejected calls, and two or
	// three bad ones may stand side by side: these prove nothing.
	fatalBeside = 3
)

// proof tells from the rejected calls of a job whether a fatal reason applies to all, or
// to single resources.
type proof struct {
	mu      sync.Mutex
	reasons map[Reason]rejections
}

// rejections counts the calls that EC2 rejected for one reason.
type rejections struct {
	calls  int
	whole  int // of whole batches that cannot be split
	single int // of parts with one resource
	beside int // of parts that were tried after a resource of their batch stood alone
}

// count counts a rejected part. It reports whether every other call would be rejected
// too, if none has been accepted.
func (p *proof) count(reason Reason, rejected *part, divisible bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reasons == nil {
		p.reasons = make(map[Reason]rejections)
	}
	r := p.reasons[reason]
	r.calls++
	switch {
	case rejected.rejection == nil && !divisible:
		r.whole++
	case len(rejected.batch.ResourceIDs) == 1:
		r.single++
	}
	if rejected.beside {
		r.beside++
	}
	p.reasons[reason] = r
	return r.whole >= fatalCalls || r.calls >= fatalCalls && r.single > 0 && r.beside >= fatalBeside
}
