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

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

func defineSimulate(flags *flag.FlagSet) action {
	o := simulation.Options{Losing: true}
	flags.IntVar(&o.Accounts, "accounts", 10, "`number` of accounts")
	flags.IntVar(&o.Regions, "regions", 4, "`number` of Regions")
	flags.IntVar(&o.VPCs, "vpcs", 1500, "`number` of VPCs in each account and Region")
	flags.IntVar(&o.Burst, "burst", 2, "`number` of calls that the bucket of each of them has room for")
	flags.Float64Var(&o.PerSecond, "per-second", 0.5, "`number` of calls with which it is refilled each second")
	flags.DurationVar(&o.Latency, "latency", 50*time.Millisecond, "`duration` after which a call gets its response")
	flags.IntVar(&o.Broken, "broken", 0, "`number` of Regions, the first of them, that create nothing because EC2 is out")
	address := flags.String("serve", "", "only be the organization, at this loopback `address`, for workers with -endpoint-url")
	return func(ctx context.Context, s *server, out io.Writer) error {
		if o.Accounts < 1 || o.Regions < 1 || o.Regions > simulation.MaxRegions || o.VPCs < 1 || o.Burst < 1 || !(o.PerSecond > 0) {
			return fmt.Errorf("want 1 or more of everything, and at most %d Regions", simulation.MaxRegions)
		}
		listener, err := simulation.Listen(cmp.Or(*address, "127.0.0.1:0"))
		if err != nil {
			return fmt.Errorf("-serve: %w", err)
		}
		sim, url := simulation.New(o), "http://"+listener.Addr().String()
		if *address == "" {
			// It outlives Ctrl-C: what was created is counted then.
			go sim.Serve(context.WithoutCancel(ctx), listener)
			return playThrough(ctx, s, sim, url, out)
		}
		fmt.Fprintf(out, "The organization is at %s until Ctrl-C. Elsewhere:\n"+
			"  rollout worker -endpoint-url %[1]s\n"+
			"  rollout start -bucket %s -regions %s\n"+
			"  curl %[1]s/truth\n", url, simulation.Bucket, strings.Join(sim.Regions(), ","))
		err = sim.Serve(ctx, listener)
		fmt.Fprintln(out, sim.Truth())
		return err
	}
}

// playThrough runs a worker and a rollout on the simulation, and compares the
// report with the truth. Ctrl-C cancels the rollout.
func playThrough(ctx context.Context, s *server, sim *simulation.Organization, url string, out io.Writer) error {
	c, err := s.connect(ctx, io.Discard)
	if err != nil {
		return err
	}
	defer c.Close()
	access := access{role: "simulated", assuming: 10, activities: 50, endpoint: url}
	aws, err := access.organization(ctx)
	if err != nil {
		return err
	}
	spec := specOf(sim, fmt.Sprintf("simulation-%d", time.Now().UnixNano()))
	// A task queue of its own: no other worker is in this organization.
	w := newWorker(c, aws, spec.Name, access.activities, make(chan error, 1))
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	if err := startRollout(ctx, c, spec.Name, spec); err != nil {
		return err
	}
	err = follow(ctx, c, spec.Name, os.Stderr)
	if ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "\nThe rollout is canceled, because its organization is about to vanish.")
		ctx = context.WithoutCancel(ctx)
		if err := cancel(ctx, c, spec.Name); err != nil {
			return err
		}
		err = follow(ctx, c, spec.Name, os.Stderr)
	}
	if err != nil && !errors.Is(err, errNotAllDone) {
		return err
	}
	if err := printReport(ctx, c, spec.Name, out, false); err != nil && !errors.Is(err, errNotAllDone) {
		return err
	}
	fmt.Fprintf(out, "\nIn the simulated organization: %s\n", sim.Truth())
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
