package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

func runSimulate(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	server := serverFlags(flags)
	s := simulation.Options{Losing: true}
	flags.IntVar(&s.Accounts, "accounts", 10, "`number` of accounts")
	flags.IntVar(&s.Regions, "regions", 4, "`number` of Regions")
	flags.IntVar(&s.VPCs, "vpcs", 1500, "`number` of VPCs in each account and Region")
	flags.IntVar(&s.Burst, "burst", 2, "`number` of calls that the bucket of each of them has room for")
	flags.Float64Var(&s.PerSecond, "per-second", 0.5, "`number` of calls with which it is refilled each second")
	flags.DurationVar(&s.Latency, "latency", 50*time.Millisecond, "`duration` after which a call gets its response")
	address := flags.String("serve", "", "only be the organization, at this loopback `address`, for workers with -endpoint-url")
	if err := parse(flags, args, out); err != nil {
		return err
	}
	if s.Accounts < 1 || s.Regions < 1 || s.Regions > simulation.MaxRegions || s.VPCs < 1 || s.Burst < 1 || !(s.PerSecond > 0) {
		return fmt.Errorf("want 1 or more of everything, and at most %d Regions", simulation.MaxRegions)
	}
	listener, err := simulation.Listen(cmp.Or(*address, "127.0.0.1:0"))
	if err != nil {
		return fmt.Errorf("-serve: %w", err)
	}
	sim, url := simulation.New(s), "http://"+listener.Addr().String()
	if *address != "" {
		fmt.Fprintf(out, "The organization is at %s until Ctrl-C. Elsewhere:\n"+
			"  rollout worker -endpoint-url %[1]s\n"+
			"  rollout start -bucket %s -regions %s\n"+
			"  curl %[1]s/truth\n", url, simulation.Bucket, strings.Join(sim.Regions(), ","))
		err := sim.Serve(ctx, listener)
		fmt.Fprintln(out, sim.Truth())
		return err
	}
	go sim.Serve(context.WithoutCancel(ctx), listener) //nolint:errcheck // the rollout says that nobody responds
	return playThrough(ctx, server, sim, url, out)
}

// playThrough runs a worker and a rollout on the simulation, and compares the
// report with the truth.
func playThrough(ctx context.Context, server *server, sim *simulation.Organization, url string, out io.Writer) error {
	c, err := server.connect(ctx, io.Discard)
	if err != nil {
		return err
	}
	defer c.Close()
	access := access{role: "simulated", assuming: 10, activities: 50, endpoint: url}
	cfg, err := access.load(ctx)
	if err != nil {
		return err
	}
	spec := specOf(sim, fmt.Sprintf("simulation-%d", time.Now().UnixNano()))
	// A task queue of its own: no other worker is in this organization.
	w := newWorker(c, newOrganization(cfg, access.role, "", access.assuming), spec.Name, access.activities, make(chan error, 1))
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	if err := startRollout(ctx, c, spec.Name, spec); err != nil {
		return err
	}
	if err := follow(ctx, c, spec.Name, os.Stderr); err != nil {
		return cmp.Or(cancelRollout(c, spec.Name), errors.New("interrupted; the rollout is canceled, because its organization is gone"))
	}
	if err := printReport(ctx, c, spec.Name, out, false); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nIn the simulated organization: %s\n", sim.Truth())
	return nil
}

// cancelRollout cancels a rollout whose organization is about to vanish, and waits
// until it has ended.
func cancelRollout(c client.Client, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.CancelWorkflow(ctx, rolloutID(name), ""); err != nil {
		return err
	}
	if err := c.GetWorkflow(ctx, rolloutID(name), "").Get(ctx, nil); !temporal.IsCanceledError(err) {
		return err
	}
	return nil
}

// specOf returns the Spec of a rollout to a whole simulation.
func specOf(sim *simulation.Organization, name string) Spec {
	return Spec{
		Name:        name,
		Request:     flowlogs.Request{TrafficType: flowlogs.TrafficTypeAll, Destination: flowlogs.S3{BucketARN: simulation.Bucket}},
		Regions:     sim.Regions(),
		Concurrency: 50,
		PageSize:    250,
	}
}
