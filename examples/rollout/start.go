package main

import (
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
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/go-flowlogs/flowlogs"
)

// specFlags declares the options of start and plan. Parsing them fills in the Spec.
func specFlags(flags *flag.FlagSet) *Spec {
	s := &Spec{}
	flags.StringVar(&s.Name, "name", "flow-logs", "`name` of the rollout")
	flags.IntVar(&s.Concurrency, "concurrency", 50, fmt.Sprintf("`number` of targets at a time, at most %d", maxConcurrency))
	flags.Func("regions", "`names` of Regions, separated by commas", func(names string) error {
		s.Regions = strings.Split(names, ",")
		return nil
	})
	flags.Func("accounts", "`IDs` of accounts, separated by commas (default the active accounts of the organization)", func(ids string) error {
		if s.Accounts != nil {
			return errTwoLists
		}
		for id := range strings.SplitSeq(ids, ",") {
			s.Accounts = append(s.Accounts, Account{ID: id})
		}
		return nil
	})
	flags.Func("targets", "`file` with an account on each line, followed by its Regions (default -regions)", func(file string) error {
		if s.Accounts != nil {
			return errTwoLists
		}
		lines, err := os.ReadFile(file)
		if err == nil {
			s.Accounts, err = readTargets(string(lines))
		}
		return err
	})
	flags.Func("bucket", "`ARN` of the bucket that gets the flow logs of all traffic", func(arn string) error {
		if s.Request.Destination != nil {
			return errTwoDestinations
		}
		s.Request = flowlogs.Request{TrafficType: flowlogs.TrafficTypeAll, Destination: flowlogs.S3{BucketARN: arn}}
		return nil
	})
	flags.Func("request", "`file` with the request in place of -bucket: the document of the AWS CLI's --cli-input-json, without ResourceIds; "+
		"in its destination, {account} and {region} stand for the target's", func(file string) error {
		if s.Request.Destination != nil {
			return errTwoDestinations
		}
		document, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(document, &s.Request)
		}
		return err
	})
	return s
}

var (
	errTwoLists        = errors.New("want -accounts or -targets, not both")
	errTwoDestinations = errors.New("want -bucket or -request, not both")
)

// readTargets reads accounts with their Regions. A # starts a comment. The Regions of
// several lines of an account are joined; an account without Regions that has another
// line is listed twice.
func readTargets(text string) ([]Account, error) {
	var accounts []Account
	index := make(map[string]int)
	for line := range strings.SplitSeq(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		account := Account{ID: fields[0], Regions: fields[1:]}
		i, known := index[account.ID]
		if known && len(account.Regions) > 0 && len(accounts[i].Regions) > 0 {
			accounts[i].Regions = append(accounts[i].Regions, account.Regions...)
			continue
		}
		index[account.ID] = len(accounts)
		accounts = append(accounts, account)
	}
	if len(accounts) == 0 {
		return nil, errors.New("no targets")
	}
	return accounts, nil
}

func defineStart(flags *flag.FlagSet) action {
	spec, queue := specFlags(flags), queueFlag(flags)
	return checked(spec, func(ctx context.Context, c client.Client, out io.Writer) error {
		if err := startRollout(ctx, c, *queue, *spec); err != nil {
			return err
		}
		fmt.Fprintf(out, "Rollout %s is on the server. Follow it with: rollout status -name %[1]s\n", spec.Name)
		return nil
	})
}

// definePlan starts a rollout that only compares, and waits for its report.
func definePlan(flags *flag.FlagSet) action {
	spec, queue := specFlags(flags), queueFlag(flags)
	asJSON := flags.Bool("json", false, "print JSON")
	return checked(spec, func(ctx context.Context, c client.Client, out io.Writer) error {
		spec.Name, spec.PlanOnly = spec.Name+".plan", true
		if err := startRollout(ctx, c, *queue, *spec); err != nil {
			return err
		}
		_, err := follow(ctx, c, spec.Name, false, os.Stderr)
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return fmt.Errorf("%w; the plan keeps running: rollout report -name %s", err, spec.Name)
		}
		return printReport(ctx, c, spec.Name, out, *asJSON)
	})
}

// checked returns an action that needs the server only if the Spec is valid.
func checked(s *Spec, act func(context.Context, client.Client, io.Writer) error) action {
	return func(ctx context.Context, out io.Writer) error {
		if err := s.validate(); err != nil {
			return err
		}
		return onServer(act)(ctx, out)
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
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return fmt.Errorf("rollout %s is running: rollout status -name %[1]s", spec.Name)
	}
	return err
}
