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

const serverHelp = `A Temporal server is needed. One for this machine, which keeps its state in a file:
  temporal server start-dev --headless --db-filename rollout.db
Where there is no package of it:
  go install github.com/temporalio/cli/cmd/temporal@v1.5.1`

// server is where the Temporal server is, and under which names.
type server struct{ address, namespace, queue string }

func serverFlags(flags *flag.FlagSet) *server {
	s := &server{}
	flags.StringVar(&s.address, "address", "", "`host:port` of the Temporal server (default TEMPORAL_ADDRESS, then 127.0.0.1:7233)")
	flags.StringVar(&s.namespace, "namespace", "", "`name` of its namespace (default TEMPORAL_NAMESPACE, then default)")
	return s
}

func queueFlag(flags *flag.FlagSet, s *server) {
	flags.StringVar(&s.queue, "task-queue", "flowlogs-rollout", "`name` of the task queue, by which rollouts find their workers")
}

// connect returns a client of the server. What the flags do not say comes from
// Temporal's environment variables and configuration file, TLS and API keys too.
func (s *server) connect(ctx context.Context, logs io.Writer) (client.Client, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, err
	}
	options.HostPort = cmp.Or(s.address, options.HostPort, client.DefaultHostPort)
	options.Namespace = cmp.Or(s.namespace, options.Namespace, client.DefaultNamespace)
	options.Logger = log.NewStructuredLogger(slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelWarn})))
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("no Temporal server at %s: %w\n\n%s\nName another one with -address or TEMPORAL_ADDRESS", options.HostPort, err, serverHelp)
	}
	return c, nil
}

func nameFlag(flags *flag.FlagSet) *string {
	return flags.String("name", "flow-logs", "`name` of the rollout")
}

// explainNotFound says what to do about a rollout that the server does not know.
func explainNotFound(name string, err error) error {
	var notFound *serviceerror.NotFound
	if errors.As(err, &notFound) {
		return fmt.Errorf("no rollout %q runs on this server: %w", name, err)
	}
	return err
}
