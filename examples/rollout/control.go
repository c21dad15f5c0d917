package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"go.temporal.io/sdk/client"
)

// control is a command that tells a rollout something, and then says what that means.
func control(tell func(ctx context.Context, c client.Client, name string) error, meaning string) definition {
	return func(flags *flag.FlagSet) action {
		name := nameFlag(flags)
		return func(ctx context.Context, s *server, out io.Writer) error {
			c, err := s.connect(ctx, io.Discard)
			if err != nil {
				return err
			}
			defer c.Close()
			if err := tell(ctx, c, *name); err != nil {
				return explainNotFound(*name, err)
			}
			fmt.Fprintf(out, meaning+"\n", *name)
			return nil
		}
	}
}

func pause(paused bool) func(context.Context, client.Client, string) error {
	return func(ctx context.Context, c client.Client, name string) error {
		return c.SignalWorkflow(ctx, rolloutID(name), "", pauseSignal, paused)
	}
}

func cancel(ctx context.Context, c client.Client, name string) error {
	return c.CancelWorkflow(ctx, rolloutID(name), "")
}
