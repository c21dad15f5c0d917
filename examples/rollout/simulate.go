package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/go-flowlogs/flowlogs"
)

func runSimulate(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	server := serverFlags(flags)
	s := size{losing: true}
	flags.IntVar(&s.accounts, "accounts", 10, "`number` of accounts")
	flags.IntVar(&s.regions, "regions", 4, "`number` of Regions")
	flags.IntVar(&s.vpcs, "vpcs", 1500, "`number` of VPCs in each account and Region")
	flags.IntVar(&s.burst, "burst", 2, "`number` of calls that the bucket of each of them has room for")
	flags.Float64Var(&s.perSecond, "per-second", 0.5, "`number` of calls with which it is refilled each second")
	flags.DurationVar(&s.latency, "latency", 50*time.Millisecond, "`duration` after which a call gets its response")
	address := flags.String("serve", "", "only be the organization, at this loopback `address`, for workers with -endpoint-url")
	if err := parse(flags, args, out); err != nil {
		return err
	}
	if s.accounts < 1 || s.regions < 1 || s.regions > len(simulatedRegions) || s.vpcs < 1 || s.burst < 1 || !(s.perSecond > 0) {
		return fmt.Errorf("want 1 or more of everything, and at most %d Regions", len(simulatedRegions))
	}
	sim := newSimulation(s)
	if *address != "" {
		return serveSimulation(ctx, sim, *address, out)
	}
	listener, err := listenLoopback("127.0.0.1:0")
	if err != nil {
		return err
	}
	aws := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}
	go aws.Serve(listener)
	defer aws.Close()
	return playThrough(ctx, server, sim, "http://"+listener.Addr().String(), out)
}

// playThrough runs a worker and a rollout on the simulation, and compares the
// report with the truth.
func playThrough(ctx context.Context, server *server, sim *simulation, url string, out io.Writer) error {
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
	spec := sim.spec(fmt.Sprintf("simulation-%d", time.Now().UnixNano()))
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
	fmt.Fprintf(out, "\nIn the simulated organization: %s\n", sim.truth())
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

// spec returns the Spec of a rollout to the whole simulation.
func (s *simulation) spec(name string) Spec {
	return Spec{
		Name:        name,
		Request:     flowlogs.Request{TrafficType: flowlogs.TrafficTypeAll, Destination: flowlogs.S3{BucketARN: simulatedBucket}},
		Regions:     simulatedRegions[:s.size.regions],
		Concurrency: 50,
		PageSize:    250,
	}
}

// serveSimulation serves until ctx ends, and prints the truth then.
func serveSimulation(ctx context.Context, sim *simulation, address string, out io.Writer) error {
	listener, err := listenLoopback(address)
	if err != nil {
		return err
	}
	aws := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { aws.Close() })()
	url := "http://" + listener.Addr().String()
	fmt.Fprintf(out, "The organization is at %s until Ctrl-C. Elsewhere:\n"+
		"  rollout worker -endpoint-url %[1]s\n"+
		"  rollout start -bucket %s -regions %s\n"+
		"  curl %[1]s/truth\n", url, simulatedBucket, strings.Join(simulatedRegions[:sim.size.regions], ","))
	if err := aws.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	fmt.Fprintln(out, sim.truth())
	return nil
}

// listenLoopback listens where no other machine can call: signatures are not
// checked.
func listenLoopback(address string) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-serve: %w", err)
	}
	if !resolved.IP.IsLoopback() {
		return nil, fmt.Errorf("-serve %q: want a loopback address, such as 127.0.0.1:4567", address)
	}
	return net.ListenTCP("tcp", resolved)
}
