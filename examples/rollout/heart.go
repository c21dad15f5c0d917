package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
)

// heart records heartbeats: with each result, and the last one again and again
// while a page takes long, as it does when EC2 throttles.
type heart struct {
	ctx  context.Context //nolint:containedctx // that of the activity, which the heart does not outlive
	done chan struct{}
	wait sync.WaitGroup

	mu     sync.Mutex
	result Result
}

func startHeart(ctx context.Context, r Result) *heart {
	h := &heart{ctx: ctx, done: make(chan struct{}), result: r}
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

// beat records a result from which another worker can resume.
func (h *heart) beat(r Result) {
	h.mu.Lock()
	h.result = r
	h.mu.Unlock()
	h.record()
}

func (h *heart) record() {
	h.mu.Lock()
	defer h.mu.Unlock()
	activity.RecordHeartbeat(h.ctx, h.result)
}

func (h *heart) stop() {
	close(h.done)
	h.wait.Wait()
}

var (
	errStopping = errors.New("the worker is stopping")
	errTimeUp   = &reasonError{reasonTimeout, errors.New("EC2 has not completed a page of VPCs in the time of one attempt")}
)

// untilStopped returns a context that ends when the worker stops, so that another one
// takes over at once, and some time before the server gives the attempt up.
func untilStopped(ctx context.Context) (context.Context, func()) {
	deadline, _ := ctx.Deadline() // an activity has one
	ctx, stop := context.WithDeadlineCause(ctx, deadline.Add(-handOver), errTimeUp)
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			cancel(errStopping)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil); stop() }
}
