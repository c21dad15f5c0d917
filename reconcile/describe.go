package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

const (
	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
	valuesPerFilter = 200

	// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html
	idsPerCall = 1000

	// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-pagination.html
	perPage = 1000

	// maxFilters is how many calls with a filter are made rather than reading all flow
	// logs of the Region, whose number is not known beforehand.
	maxFilters = 10
)

// listing reads flow logs for one Plan, Apply or Delivery.
type listing struct {
	r        *Reconciler
	want     *wanted
	timeout  time.Duration
	progress *progress
}

func (r *Reconciler) newListing(w *wanted, resources int) *listing {
	return &listing{r: r, want: w, timeout: r.caller.retryTimeout(resources), progress: newProgress(r.options.OnProgress, resources)}
}

// list returns the flow logs of each resource, every flow log once.
func (l *listing) list(ctx context.Context, ids []string) (map[string][]types.FlowLog, error) {
	found := make(map[string][]types.FlowLog, len(ids))
	for _, id := range ids {
		found[id] = nil
	}
	inputs := filtered("resource-id", ids)
	if len(inputs) > maxFilters {
		inputs = []*ec2.DescribeFlowLogsInput{{}}
	}
	err := l.readAll(ctx, inputs, func(flowLogs []types.FlowLog) {
		l.progress.described(len(flowLogs))
		for _, f := range flowLogs {
			id := aws.ToString(f.ResourceId)
			shown := func(other types.FlowLog) bool { return aws.ToString(other.FlowLogId) == aws.ToString(f.FlowLogId) }
			if have, asked := found[id]; asked && !slices.ContainsFunc(have, shown) {
				found[id] = append(have, f)
			}
		}
	})
	return found, err
}

// byID returns the flow logs with the IDs, as far as they are shown. EC2 shows nothing
// for an ID that it does not know (yet). An emulator rejects the call; then byID uses
// filters.
func (l *listing) byID(ctx context.Context, ids []string) (map[string]types.FlowLog, error) {
	shown := make(map[string]types.FlowLog, len(ids))
	add := func(flowLogs []types.FlowLog) {
		l.progress.described(len(flowLogs))
		for _, f := range flowLogs {
			shown[aws.ToString(f.FlowLogId)] = f
		}
	}
	var inputs []*ec2.DescribeFlowLogsInput
	for some := range slices.Chunk(ids, idsPerCall) {
		inputs = append(inputs, &ec2.DescribeFlowLogsInput{FlowLogIds: some})
	}
	err := l.readAll(ctx, inputs, add)
	if errors.Is(err, flowlogs.ErrResourceNotFound) {
		err = l.readAll(ctx, filtered("flow-log-id", ids), add)
	}
	return shown, err
}

// filtered returns the inputs for the flow logs with one of the values.
func filtered(name string, values []string) []*ec2.DescribeFlowLogsInput {
	var inputs []*ec2.DescribeFlowLogsInput
	for some := range slices.Chunk(values, valuesPerFilter) {
		inputs = append(inputs, &ec2.DescribeFlowLogsInput{Filter: []types.Filter{{Name: aws.String(name), Values: some}}})
	}
	return inputs
}

// read passes on the flow logs of an input, page after page.
func (l *listing) read(ctx context.Context, in *ec2.DescribeFlowLogsInput, page func([]types.FlowLog)) error {
	params := *in
	if len(in.FlowLogIds) == 0 { // EC2 does not take both
		params.MaxResults = aws.Int32(perPage)
	}
	read := make(map[string]bool) // pages, by their token
	for {
		out, err := l.describe(ctx, &params)
		if err != nil {
			return err
		}
		page(out.FlowLogs)
		token := aws.ToString(out.NextToken)
		switch {
		case token == "":
			return nil
		case read[token]: // the pages go in circles, and some are never shown
			return &CallError{Operation: "DescribeFlowLogs", Err: fmt.Errorf("%w: the same NextToken twice", flowlogs.ErrIncompleteResponse)}
		}
		read[token], params.NextToken = true, &token
	}
}

// describe makes one call, paced and retried.
func (l *listing) describe(ctx context.Context, in *ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error) {
	out, _, err := do(ctx, &l.r.caller, &l.r.caller.describe, l.r.options.DescribeLimiter, l.timeout, func() *ec2.DescribeFlowLogsInput {
		params := *in
		params.FlowLogIds, params.Filter = slices.Clone(in.FlowLogIds), slices.Clone(in.Filter)
		return &params
	})
	return out, err
}
