package main

import (
	"context"
	"flag"
	"fmt"
	"io"
)

func runPause(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	return signalPause(ctx, flags, args, out, true)
}

func runResume(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	return signalPause(ctx, flags, args, out, false)
}

func signalPause(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer, paused bool) error {
	server, name := serverFlags(flags), nameFlag(flags)
	if err := parse(flags, args, out); err != nil {
		return err
	}
	c, err := server.connect(ctx, io.Discard)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SignalWorkflow(ctx, rolloutID(*name), "", pauseSignal, paused); err != nil {
		return explainNotFound(*name, err)
	}
	if paused {
		fmt.Fprintf(out, "Rollout %s pauses. Resume it with: rollout resume -name %[1]s\n", *name)
	} else {
		fmt.Fprintf(out, "Rollout %s resumes.\n", *name)
	}
	return nil
}
