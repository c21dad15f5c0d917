package main

import "go.temporal.io/sdk/workflow"

// pauseSignal pauses a workflow with the payload true and resumes it with false. It
// is one signal, because the order of two is lost while there is no worker.
const pauseSignal = "pause"

// pauses receives the pauseSignals of a workflow.
type pauses struct {
	channel workflow.ReceiveChannel
	set     func(ctx workflow.Context, paused bool)
}

// listenForPause calls set for each signal, in a coroutine of its own.
func listenForPause(ctx workflow.Context, set func(ctx workflow.Context, paused bool)) *pauses {
	p := &pauses{workflow.GetSignalChannel(ctx, pauseSignal), set}
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			var paused bool
			if !p.channel.Receive(ctx, &paused) {
				return
			}
			p.set(ctx, paused)
		}
	})
	return p
}

// drain takes the signals that have arrived and that the coroutine has not come to.
func (p *pauses) drain(ctx workflow.Context) {
	var paused bool
	for p.channel.ReceiveAsync(&paused) {
		p.set(ctx, paused)
	}
}
