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
  go install github.com/temporalio/cli/cmd/temporal@v1.5.1
Another one is named by -address and -namespace, or as for the temporal command: by
TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_CLIENT_CERT_PATH,
TEMPORAL_TLS_CLIENT_KEY_PATH and TEMPORAL_TLS_SERVER_CA_CERT_PATH, or by a profile
(TEMPORAL_PROFILE) in the file of TEMPORAL_CONFIG_FILE.`

// server is where the Temporal server is.
type server struct{ address, namespace string }

func serverFlags(flags *flag.FlagSet) *server {
	s := &server{}
	flags.StringVar(&s.address, "address", "", "`host:port` of the Temporal server (default TEMPORAL_ADDRESS, then 127.0.0.1:7233)")
	flags.StringVar(&s.namespace, "namespace", "", "`name` of its namespace (default TEMPORAL_NAMESPACE, then default)")
	return s
}

func queueFlag(flags *flag.FlagSet) *string {
	return flags.String("task-queue", "flowlogs-rollout", "`name` of the task queue, by which rollouts find their workers")
}

func nameFlag(flags *flag.FlagSet) *string {
	return flags.String("name", "flow-logs", "`name` of the rollout")
}

// connect returns a client of the server. What the flags do not say comes from
// Temporal's environment variables and configuration file.
func (s *server) connect(ctx context.Context, logs io.Writer) (client.Client, error) {
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{ConfigFileStrict: true})
	if err != nil {
		return nil, fmt.Errorf("the configuration of the Temporal client: %w", err)
	}
	options.HostPort = cmp.Or(s.address, options.HostPort, client.DefaultHostPort)
	options.Namespace = cmp.Or(s.namespace, options.Namespace, client.DefaultNamespace)
	options.Logger = log.NewStructuredLogger(slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelWarn})))
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("no Temporal server at %s: %w\n\n%s", options.HostPort, err, serverHelp)
	}
	return c, nil
}

// explainNotFound says what to do about a rollout that the server does not know.
func explainNotFound(name string, err error) error {
	var notFound *serviceerror.NotFound
	if errors.As(err, &notFound) {
		return fmt.Errorf("no rollout %q runs on this server: %w", name, err)
	}
	return err
}
