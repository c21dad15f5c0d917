package flowlogs

import (
	"context"
	"time"
)

type Observer interface{ Observe(Attempt) }

type Attempt struct {
	Sent     time.Time
	Reason   Reason
	Canceled bool
}

func NewLimiter() Limiter { return newPacer() }

func (p *pacer) Observe(a Attempt) {
	if !a.Canceled {
		p.learn(a.Sent, a.Reason)
	}
}

var NoLimit Limiter = noLimit{}

type noLimit struct{}

func (noLimit) Wait(ctx context.Context) error { return ctx.Err() }
