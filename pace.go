package flowlogs

import (
	"cmp"
	"context"
	"sync"
	"time"
)

// Limiter paces calls. Wait returns when a call may be made, or with an error
// when ctx ends before. It must be safe for concurrent use. A *rate.Limiter of
// golang.org/x/time/rate is one.
type Limiter interface {
	Wait(ctx context.Context) error
}

// EC2 gives each account, in each Region, a bucket of calls of CreateFlowLogs
// that is refilled all the time. Whatever else runs in the account takes from
// the same one.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
const (
	bucketSize   = 50
	bucketRefill = 5 // a second
)

// The rest is measured: with these, about one call in thirty is refused while
// what there is to be had does not change.
const (
	// spare is how many calls EC2's bucket is left to gather after a refusal. They
	// are spent little by little, by asking for a little more than there is.
	spare = 3

	// probing is how soon more is asked for: it grows with the third power of the
	// calls since the last refusal. So the rate stays for a while where calls just
	// get through, and is soon far above where there is much more to be had.
	probing = 2.3e-5

	// enough is how many calls have to get through for their rate to be measured,
	// and how many failures in a row are an outage.
	enough = 8

	// pause is the time in seconds, beside that of a few calls, after which a call
	// is not one of many: from such calls no rate can be measured.
	pause = 2

	// slowing is what is left of the rate where it cannot be measured.
	slowing = 0.7

	// slowest is the rate, in calls a second, at which a service that refuses
	// everything is asked whether it still does.
	slowest = 0.25
)

// pacer is the Limiter that learns. It lets calls pass until EC2 refuses one: the
// bucket of this account may be larger than documented, and a mock has none.
// From then on it has a bucket of its own, which is filled at first at the
// documented rate.
//
// A refusal says that EC2's bucket is empty. So the calls that got through
// between two refusals are what EC2 gave in that time: their rate is what this
// account can have at present, however much others take. The bucket is filled at
// that rate, then a little faster, then much faster, until the next refusal.
// Nothing is lost in being too slow for a while, since EC2's bucket fills
// meanwhile.
type pacer struct {
	mu       sync.Mutex
	rate     float64   // calls a second; 0: EC2 has not refused any yet
	base     float64   // the rate before probing
	measured float64   // the last rate that was measured
	tokens   float64   // calls that may be made at once; negative: calls that wait
	at       time.Time // when tokens was right

	refusals int       // so far
	refused  time.Time // when the last one came
	steps    int       // calls that got through since then

	since   time.Time // the refusal from which the rate is measured
	through int       // calls that got through since then
	idle    bool      // whether there was a pause since then
	failed  int       // calls in a row that did not get through
}

func newPacer() *pacer { return &pacer{measured: bucketRefill} }

func (p *pacer) Wait(ctx context.Context) error {
	for {
		wait, refusals := p.reserve()
		if wait <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
			if p.stands(refusals) {
				return nil
			}
		case <-ctx.Done():
			timer.Stop()
			p.giveBack(refusals)
			return ctx.Err()
		}
	}
}

// reserve takes a token and returns how long it is until there is one, unless
// there are more refusals by then.
func (p *pacer) reserve() (wait time.Duration, refusals int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rate == 0 {
		return 0, 0
	}
	now := time.Now()
	if now.Sub(p.at).Seconds() > pause+3/p.rate {
		p.idle = true
	}
	p.fill(now)
	p.tokens--
	return time.Duration(-p.tokens / p.rate * float64(time.Second)), p.refusals
}

// stands reports whether a reservation does: a refusal ends those before it.
func (p *pacer) stands(refusals int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusals == refusals
}

// giveBack returns the token of a reservation, if that still stands.
func (p *pacer) giveBack(refusals int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusals == refusals {
		p.tokens++
	}
}

func (p *pacer) fill(now time.Time) {
	p.tokens = min(p.tokens+now.Sub(p.at).Seconds()*p.rate, bucketSize)
	p.at = now
}

// learn takes what became of a call that was sent at a time.
func (p *pacer) learn(sent time.Time, reason Reason) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch reason {
	case ErrThrottled:
		if !sent.Before(p.refused) { // else it was on its way at the refusal before
			p.slowDown(time.Now())
		}
	case ErrUnavailable, ErrNoResponse:
		if p.failed++; p.failed >= enough && p.through > 0 {
			p.fill(time.Now())
			p.rate, p.tokens = max(cmp.Or(p.rate, bucketRefill)*slowing, slowest), min(p.tokens, 0)
		}
	default:
		if p.failed >= enough { // the service was out, and is back
			p.base = p.measured
		}
		p.failed = 0
		p.through++
		p.steps++
		p.rate = p.base * (1 + probing*float64(p.steps)*float64(p.steps)*float64(p.steps))
	}
}

// slowDown goes back to the rate of the calls that got through.
func (p *pacer) slowDown(now time.Time) {
	if busy := p.rate > 0 && !p.idle; busy && p.through < enough {
		p.base = max(p.base*slowing, slowest)
	} else {
		if busy {
			p.measured = max(float64(p.through)/now.Sub(p.since).Seconds(), slowest)
		}
		p.base = p.measured
		p.since, p.through, p.idle = now, 0, false
	}
	p.rate, p.tokens, p.at = p.base, -spare, now
	p.refused, p.steps = now, 0
	p.refusals++
	p.failed++
}
