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
	Throttled int // attempts that EC2 throttled

	Elapsed   time.Duration // since the start
	Rate      float64       // resources done per second, over the last half minute or so
	Remaining time.Duration // estimated from Rate; 0: unknown
}

func (p *Progress) done() int { return p.Created + p.Unsuccessful + p.Failed }

// progress counts what Options.OnProgress reports. It belongs to the goroutine of
// the caller.
type progress struct {
	counts     Progress
	onProgress func(Progress) // Options.OnProgress
	unreported bool           // a batch has been added since the last report
	start      time.Time

	// Rate is measured since the older of two samples, that is over 30 to 60 seconds.
	older, newer sample
}

type sample struct {
	at   time.Time
	done int
}

// samplePeriod is the time between two samples.
const samplePeriod = 30 * time.Second

func newProgress(onProgress func(Progress), resources, batches int) progress {
	p := progress{counts: Progress{Resources: resources, Batches: batches}, onProgress: onProgress}
	if onProgress != nil {
		p.start = time.Now()
		p.older.at, p.newer.at = p.start, p.start
	}
	return p
}

// add counts the resources of a batch that is done.
func (p *progress) add(b *Batch) {
	p.unreported = true
	if b.dryRun {
		return
	}
	created, unsuccessful, failed := b.count()
	p.counts.Created += created
	p.counts.Unsuccessful += unsuccessful
	p.counts.Failed += failed
}

// reportRest reports the batches that were abandoned after the last report.
func (p *progress) reportRest() {
	if p.unreported {
		p.report(0)
	}
}

// report calls Options.OnProgress; waiting is the number of batches that wait for
// a retry.
func (p *progress) report(waiting int) {
	p.unreported = false
	if p.onProgress == nil {
		return
	}
	now := time.Now()
	done := p.counts.done()
	if now.Sub(p.newer.at) >= samplePeriod {
		p.older, p.newer = p.newer, sample{now, done}
	}
	p.counts.Waiting, p.counts.Elapsed, p.counts.Rate, p.counts.Remaining = waiting, now.Sub(p.start), 0, 0
	if elapsed := now.Sub(p.older.at).Seconds(); elapsed > 0 {
		p.counts.Rate = float64(done-p.older.done) / elapsed
	}
	if p.counts.Rate > 0 && p.counts.Resources > 0 {
		p.counts.Remaining = time.Duration(float64(p.counts.Resources-done) / p.counts.Rate * float64(time.Second))
	}
	p.onProgress(p.counts)
}
