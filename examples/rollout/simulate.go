package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

func defineSimulate(flags *flag.FlagSet) action {
	o := simulation.Options{Burst: 2, PerSecond: 0.5, Latency: 50 * time.Millisecond, Losing: true}
	flags.IntVar(&o.Accounts, "accounts", 10, "`number` of accounts")
	flags.IntVar(&o.Regions, "regions", 4, fmt.Sprintf("`number` of Regions, at most %d", simulation.MaxRegions))
	flags.IntVar(&o.VPCs, "vpcs", 1500, "`number` of VPCs in each account and Region")
	flags.IntVar(&o.Broken, "broken", 0, "`number` of Regions, the first ones, in which EC2 creates nothing because it is out")
	address := flags.String("serve", "", "only serve the organization, at this loopback `address`, to workers with -endpoint-url")
	return func(ctx context.Context, out io.Writer) error {
		if o.Accounts < 1 || o.Regions < 1 || o.Regions > simulation.MaxRegions || o.VPCs < 1 {
			return fmt.Errorf("want 1 or more of everything, and at most %d Regions", simulation.MaxRegions)
		}
		listener, err := simulation.Listen(cmp.Or(*address, "127.0.0.1:0"))
		if err != nil {
			return fmt.Errorf("-serve: %w", err)
		}
		sim := simulation.New(o)
		if *address == "" {
			err = playThrough(ctx, sim, listener, out)
		} else {
			fmt.Fprintf(out, "The organization is at http://%s until Ctrl-C. Elsewhere:\n"+
				"  rollout worker -endpoint-url http://%[1]s\n"+
				"  rollout start -bucket %s -regions %s\n"+
				"  curl http://%[1]s/truth\n", listener.Addr(), simulation.Bucket, strings.Join(sim.Regions(), ","))
			err = sim.Serve(ctx, listener)
		}
		fmt.Fprintf(out, "\nIn the simulated organization: %s\n", sim.Truth())
		return err
	}
}

// playThrough does what an operator would, with the same commands. Ctrl-C cancels the
// rollout.
func playThrough(ctx context.Context, sim *simulation.Organization, listener net.Listener, out io.Writer) error {
	// The organization and the worker outlive Ctrl-C: they count what was created.
	lasting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go sim.Serve(lasting, listener)
	name := fmt.Sprintf("simulation-%d", time.Now().UnixNano())
	do := func(ctx context.Context, out io.Writer, args ...string) error {
		fmt.Fprintf(out, "\n$ rollout %s\n", strings.Join(args, " "))
		if err := run(ctx, args, out); !errors.Is(err, errNotAllDone) {
			return err
		}
		return nil
	}
	err := do(ctx, out, "start", "-name", name, "-task-queue", name,
		"-bucket", simulation.Bucket, "-regions", strings.Join(sim.Regions(), ","))
	if err != nil {
		return err
	}
	worker := make(chan error, 1)
	go func() {
		// Its task queue has no other worker, which would not be in this organization.
		worker <- do(lasting, io.Discard, "worker", "-task-queue", name, "-endpoint-url", "http://"+listener.Addr().String())
		stop()
	}()
	err = do(ctx, out, "status", "-name", name)
	if ctx.Err() != nil {
		err = errors.Join(do(lasting, out, "cancel", "-name", name), do(lasting, out, "status", "-name", name))
	}
	err = errors.Join(err, do(lasting, out, "report", "-name", name))
	stop()
	return errors.Join(err, <-worker)
}
