package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

func defineWorker(flags *flag.FlagSet) action {
	queue := queueFlag(flags)
	role := flags.String("role", "OrganizationAccountAccessRole", "`name` of the role to assume in each account, with its path")
	externalID := flags.String("external-id", "", "external `ID` that the role asks for")
	targets := flags.Int("targets", 50, "`number` of targets at a time in this worker")
	endpoint := flags.String("endpoint-url", "", "call the server at this `URL` in place of AWS, with made-up credentials")
	return func(ctx context.Context, out io.Writer) error {
		if *targets < 1 {
			return errors.New("-targets: want 1 or more")
		}
		cfg := simulation.Config(*endpoint)
		if *endpoint == "" {
			var err error
			if cfg, err = config.LoadDefaultConfig(ctx, config.WithDefaultRegion("us-east-1")); err != nil {
				return err
			}
		}
		aws, err := newOrganization(ctx, cfg, *role, *externalID)
		if err != nil {
			return err
		}
		c, err := connect(ctx, os.Stderr)
		if err != nil {
			return err
		}
		defer c.Close()
		interrupt := make(chan any)
		context.AfterFunc(ctx, func() { close(interrupt) })
		fmt.Fprintln(out, "The worker runs. Ctrl-C stops it; another one resumes where it was.")
		return newWorker(c, aws, *queue, *targets).Run(interrupt)
	}
}

// newWorker returns a worker with the workflows and the activities. They have the
// same names on every worker, so that one can resume where another stopped.
func newWorker(c client.Client, aws *organization, queue string, targets int) worker.Worker {
	w := worker.New(c, queue, worker.Options{
		MaxConcurrentActivityExecutionSize: targets,
		MaxHeartbeatThrottleInterval:       5 * time.Second,  // another worker finds a position no older
		WorkerStopTimeout:                  10 * time.Second, // for activities to hand over
	})
	w.RegisterWorkflow(Rollout)
	w.RegisterWorkflow(RolloutTarget)
	w.RegisterActivity(&Activities{aws: aws})
	return w
}
