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

// access is how a worker gets into the accounts.
type access struct {
	role       string
	externalID string
	assuming   int
	activities int
	endpoint   string
}

func accessFlags(flags *flag.FlagSet) *access {
	a := &access{}
	flags.StringVar(&a.role, "role", "OrganizationAccountAccessRole", "`name` of the role to assume in each account, with its path")
	flags.StringVar(&a.externalID, "external-id", "", "external `ID` that the role asks for")
	flags.IntVar(&a.assuming, "assume-concurrency", 10, "`number` of calls of AssumeRole at a time")
	flags.IntVar(&a.activities, "targets", 50, "`number` of targets at a time in this worker")
	flags.StringVar(&a.endpoint, "endpoint-url", "", "call the server at this `URL` in place of AWS, with made-up credentials")
	return a
}

// organization returns the organization of this machine's identity, or one of a
// server in place of AWS.
func (a *access) organization(ctx context.Context) (*organization, error) {
	if a.assuming < 1 || a.activities < 1 {
		return nil, errors.New("want -assume-concurrency and -targets of 1 or more")
	}
	cfg := simulation.Config(a.endpoint)
	if a.endpoint == "" {
		var err error
		if cfg, err = config.LoadDefaultConfig(ctx, config.WithDefaultRegion("us-east-1")); err != nil {
			return nil, err
		}
	}
	return newOrganization(cfg, a.role, a.externalID, a.assuming), nil
}

func defineWorker(flags *flag.FlagSet) action {
	access, queue := accessFlags(flags), queueFlag(flags)
	return func(ctx context.Context, s *server, out io.Writer) error {
		aws, err := access.organization(ctx)
		if err != nil {
			return err
		}
		c, err := s.connect(ctx, os.Stderr)
		if err != nil {
			return err
		}
		defer c.Close()
		fatal := make(chan error, 1)
		w := newWorker(c, aws, *queue, access.activities, fatal)
		if err := w.Start(); err != nil {
			return err
		}
		defer w.Stop()
		fmt.Fprintln(out, "The worker runs. Ctrl-C stops it; another one resumes where it was.")
		select {
		case <-ctx.Done():
			return nil
		case err := <-fatal:
			return err
		}
	}
}

// newWorker returns a worker with the workflows and the activities. They have the
// same names on every worker, so that one can resume where another stopped. An error
// that ends the worker, such as a namespace that does not exist, is sent to fatal, which
// needs room for one.
func newWorker(c client.Client, aws *organization, queue string, activities int, fatal chan<- error) worker.Worker {
	w := worker.New(c, queue, worker.Options{
		OnFatalError:                       func(err error) { fatal <- err },
		MaxConcurrentActivityExecutionSize: activities,
		MaxHeartbeatThrottleInterval:       5 * time.Second,  // the position that another worker finds
		WorkerStopTimeout:                  10 * time.Second, // for activities to hand over
	})
	w.RegisterWorkflow(Rollout)
	w.RegisterWorkflow(RolloutTarget)
	w.RegisterActivity(&Activities{aws: aws})
	return w
}
