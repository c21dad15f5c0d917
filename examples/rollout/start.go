package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/go-flowlogs/flowlogs"
)

// wish is what the flags of start and plan say.
type wish struct {
	bucket, request            string
	accounts, targets, regions string

	spec Spec
}

func wishFlags(flags *flag.FlagSet) *wish {
	w := &wish{}
	flags.StringVar(&w.spec.Name, "name", "flow-logs", "`name` of the rollout")
	flags.StringVar(&w.bucket, "bucket", "", "`ARN` of the bucket that gets the flow logs of all traffic")
	flags.StringVar(&w.request, "request", "", "`file` with the request in place of -bucket: the document of the AWS CLI's --cli-input-json, without ResourceIds; {account} and {region} in its destination are those of the target")
	flags.StringVar(&w.accounts, "accounts", "", "`IDs` of accounts, separated by commas (default the active accounts of the organization)")
	flags.StringVar(&w.targets, "targets", "", "`file` with an account on each line, followed by its Regions if they are not those of -regions")
	flags.StringVar(&w.regions, "regions", "", "`names` of Regions, separated by commas")
	flags.IntVar(&w.spec.Concurrency, "concurrency", 50, fmt.Sprintf("`number` of targets at a time, at most %d", maxConcurrency))
	flags.IntVar(&w.spec.PageSize, "page", 250, "`number` of targets after which the workflow continues as new")
	return w
}

// read reads the files, and returns the Spec if the whole is valid.
func (w *wish) read() (s Spec, err error) {
	s = w.spec
	s.Regions = list(w.regions)
	for _, id := range list(w.accounts) {
		s.Accounts = append(s.Accounts, Account{ID: id})
	}
	switch {
	case w.accounts != "" && w.targets != "":
		return s, errors.New("want -accounts or -targets, not both")
	case (w.bucket == "") == (w.request == ""):
		return s, errors.New("want a destination: -bucket or -request")
	}
	if w.targets != "" {
		file, err := os.Open(w.targets)
		if err != nil {
			return s, err
		}
		defer file.Close()
		if s.Accounts, err = readTargets(file); err != nil {
			return s, fmt.Errorf("%s: %w", w.targets, err)
		}
	}
	s.Request = flowlogs.Request{TrafficType: flowlogs.TrafficTypeAll, Destination: flowlogs.S3{BucketARN: w.bucket}}
	if w.request != "" {
		document, err := os.ReadFile(w.request)
		if err != nil {
			return s, err
		}
		if err := json.Unmarshal(document, &s.Request); err != nil {
			return s, fmt.Errorf("%s: %w", w.request, err)
		}
	}
	return s, s.validate()
}

// readTargets reads accounts with their Regions. A # starts a comment. The Regions of
// several lines of an account are joined.
func readTargets(r io.Reader) ([]Account, error) {
	var accounts []Account
	index := make(map[string]int)
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		i, known := index[fields[0]]
		switch {
		case !known:
			index[fields[0]] = len(accounts)
			accounts = append(accounts, Account{ID: fields[0], Regions: fields[1:]})
		case len(fields) == 1 || len(accounts[i].Regions) == 0:
			return nil, fmt.Errorf("line %d: account %s is on a line before; want Regions on each of its lines", n, fields[0])
		default:
			accounts[i].Regions = append(accounts[i].Regions, fields[1:]...)
		}
	}
	if len(accounts) == 0 {
		return nil, cmp.Or(lines.Err(), errors.New("no targets"))
	}
	return accounts, lines.Err()
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

func defineStart(flags *flag.FlagSet) action {
	wish, queue := wishFlags(flags), queueFlag(flags)
	return func(ctx context.Context, s *server, out io.Writer) error {
		spec, err := wish.read()
		if err != nil {
			return err
		}
		c, err := s.connect(ctx, io.Discard)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := startRollout(ctx, c, *queue, spec); err != nil {
			return err
		}
		fmt.Fprintf(out, "Rollout %s is on the server. Follow it with: rollout status -name %[1]s\n", spec.Name)
		return nil
	}
}

// definePlan starts a rollout that only compares, and waits for its report.
func definePlan(flags *flag.FlagSet) action {
	wish, queue := wishFlags(flags), queueFlag(flags)
	asJSON := flags.Bool("json", false, "print JSON")
	return func(ctx context.Context, s *server, out io.Writer) error {
		spec, err := wish.read()
		if err != nil {
			return err
		}
		spec.Name, spec.PlanOnly = spec.Name+".plan", true
		c, err := s.connect(ctx, io.Discard)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := startRollout(ctx, c, *queue, spec); err != nil {
			return err
		}
		if err := follow(ctx, c, spec.Name, os.Stderr); err != nil && !errors.Is(err, errNotAllDone) {
			return fmt.Errorf("%w; the plan keeps running: rollout report -name %s", err, spec.Name)
		}
		return printReport(ctx, c, spec.Name, out, *asJSON)
	}
}

// startRollout starts the workflow. A rollout that has ended may be started again:
// it keeps what is there and does what is left.
func startRollout(ctx context.Context, c client.Client, queue string, spec Spec) error {
	_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       rolloutID(spec.Name),
		TaskQueue:                                queue,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, Rollout, State{Spec: spec})
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &started) {
		return fmt.Errorf("rollout %s is running: rollout status -name %[1]s", spec.Name)
	}
	return err
}
