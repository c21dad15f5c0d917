package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
)

// heart records heartbeats: with each position, and the last one again and again
// while a page takes long, as it does when EC2 throttles. A page that hangs is
// bounded by StartToCloseTimeout.
type heart struct {
	ctx  context.Context //nolint:containedctx // that of the activity, which the heart does not outlive
	done chan struct{}
	wait sync.WaitGroup

	mu       sync.Mutex
	position Position
}

func startHeart(ctx context.Context, position Position) *heart {
	h := &heart{ctx: ctx, done: make(chan struct{}), position: position}
	h.wait.Go(func() {
		ticker := time.NewTicker(heartbeatTimeout / 4)
		defer ticker.Stop()
		for {
			h.record()
			select {
			case <-ticker.C:
			case <-h.done:
				return
			}
		}
	})
	return h
}

// beat records a position from which another worker can resume.
func (h *heart) beat(p Position) {
	h.mu.Lock()
	h.position = p
	h.mu.Unlock()
	h.record()
}

func (h *heart) record() {
	h.mu.Lock()
	defer h.mu.Unlock()
	activity.RecordHeartbeat(h.ctx, h.position)
}

func (h *heart) stop() {
	close(h.done)
	h.wait.Wait()
}

var errStopping = errors.New("the worker is stopping")

// untilStopped returns a context that ends with errStopping when the worker stops,
// so that another one takes over at once.
func untilStopped(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			cancel(errStopping)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
