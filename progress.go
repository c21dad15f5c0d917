package flowlogs

import "time"

// Progress is how far a [Client.Create] or [Client.Stream] has come. Each
// resource that is done is counted in one of Created, Unsuccessful and Failed,
// except in a dry run, which creates nothing.
type Progress struct {
	Resources    int // of the request; -1: unknown, in a Stream
	Created      int
	Unsuccessful int // rejected individually
	Failed       int // in calls that failed or were not attempted

	Batches     int // of the request; -1: unknown, in a Stream
	BatchesDone int
	Waiting     int // batches that wait for a retry

	Attempts  int // sent to EC2
	Throttled int // of them

	Elapsed   time.Duration // since the start
	Rate      float64       // resources done per second, over the last half minute or so
	Remaining time.Duration // estimated from Rate; 0: unknown
}

func (p *Progress) done() int { return p.Created + p.Unsuccessful + p.Failed }

// progress counts for the caller.
type progress struct {
	Progress
	report func(Progress)
	rest   bool // something has been added since the last report
	start  time.Time

	// The rate is that since the older of two samples, so of 30 to 60 seconds.
	older, newer sample
}

type sample struct {
	at   time.Time
	done int
}

const sampled = 30 * time.Second

func newProgress(report func(Progress), resources, batches int) progress {
	p := progress{Progress: Progress{Resources: resources, Batches: batches}, report: report}
	if report != nil {
		p.start = time.Now()
		p.older.at, p.newer.at = p.start, p.start
	}
	return p
}

// count counts the attempts of a call.
func (p *progress) count(c *call) {
	p.Attempts += c.sent
	p.Throttled += c.throttled
}

// add counts the resources of a batch that is done. A response may have more
// flow logs and items than it should.
func (p *progress) add(b *Batch) {
	p.rest = true
	if b.dryRun {
		return
	}
	created := min(len(b.FlowLogIDs), len(b.ResourceIDs))
	unsuccessful := min(len(b.rejected()), len(b.ResourceIDs)-created)
	p.Created += created
	p.Unsuccessful += unsuccessful
	p.Failed += len(b.ResourceIDs) - created - unsuccessful
}

// tellRest reports the batches that were given up after the last call.
func (p *progress) tellRest() {
	if p.rest {
		p.tell(0)
	}
}

// tell reports the progress to the caller.
func (p *progress) tell(waiting int) {
	p.rest = false
	if p.report == nil {
		return
	}
	now := time.Now()
	done := p.done()
	if now.Sub(p.newer.at) >= sampled {
		p.older, p.newer = p.newer, sample{now, done}
	}
	p.Waiting, p.Elapsed, p.Rate, p.Remaining = waiting, now.Sub(p.start), 0, 0
	if elapsed := now.Sub(p.older.at).Seconds(); elapsed > 0 {
		p.Rate = float64(done-p.older.done) / elapsed
	}
	if p.Rate > 0 && p.Resources > 0 {
		p.Remaining = time.Duration(float64(p.Resources-done) / p.Rate * float64(time.Second))
	}
	p.report(p.Progress)
}
