package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
)

const serverHelp = `A Temporal server is needed. To start one on this machine, with its state in a file:
  temporal server start-dev --headless --db-filename rollout.db
To build the command temporal:
  go install github.com/temporalio/cli/cmd/temporal@v1.5.1
Another server is named as for that command: by TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
TEMPORAL_API_KEY, TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH and
TEMPORAL_TLS_SERVER_CA_CERT_PATH, or by a profile (TEMPORAL_PROFILE) in the file
TEMPORAL_CONFIG_FILE.`

// connect returns a client of the server that Temporal's environment variables and
// configuration file name.
func connect(ctx context.Context, logs io.Writer) (client.Client, error) {
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{ConfigFileStrict: true})
	if err != nil {
		return nil, fmt.Errorf("the configuration of the Temporal client: %w", err)
	}
	options.Logger = log.NewStructuredLogger(slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelWarn})))
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("no Temporal server at %s: %w\n\n%s", cmp.Or(options.HostPort, client.DefaultHostPort), err, serverHelp)
	}
	return c, nil
}

// onServer returns an action that needs the server from its start.
func onServer(act func(ctx context.Context, c client.Client, out io.Writer) error) action {
	return func(ctx context.Context, out io.Writer) error {
		c, err := connect(ctx, io.Discard)
		if err != nil {
			return err
		}
		defer c.Close()
		return act(ctx, c, out)
	}
}

// control is a command that tells a rollout something, and then says what that means.
func control(tell func(ctx context.Context, c client.Client, name string) error, meaning string) definition {
	return func(flags *flag.FlagSet) action {
		name := nameFlag(flags)
		return onServer(func(ctx context.Context, c client.Client, out io.Writer) error {
			if err := tell(ctx, c, *name); err != nil {
				return explainNotFound(*name, err)
			}
			fmt.Fprintf(out, meaning+"\n", *name)
			return nil
		})
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

func queueFlag(flags *flag.FlagSet) *string {
	return flags.String("task-queue", "flowlogs-rollout", "`name` of the task queue by which rollouts find their workers")
}

func nameFlag(flags *flag.FlagSet) *string {
	return flags.String("name", "flow-logs", "`name` of the rollout")
}

// explainNotFound says which rollout the server does not know.
func explainNotFound(name string, err error) error {
	var notFound *serviceerror.NotFound
	if errors.As(err, &notFound) {
		return fmt.Errorf("no rollout %q runs on this server: %w", name, err)
	}
	return err
}
