package reconcile

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/internal/text"
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

	// maxParallel is how many calls may be on the wire at the same time: enough for the
	// quota of 20 calls per second.
	maxParallel = 8
)

// listing reads flow logs for one Plan, Apply, Delivery or All.
type listing struct {
	r       *Reconciler
	timeout time.Duration // how long a call is retried beyond the Retryer's attempts
	start   time.Time
	now     Progress

	// Of the request, if there is one.
	ids  []string
	want *wanted
}

func (r *Reconciler) newListing(several bool) *listing {
	timeout := r.settings.RetryTimeout(r.creates.RetryTimeout, several)
	return &listing{r: r, timeout: timeout, start: time.Now(), now: Progress{Stage: StageList}}
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
	err := l.readAll(ctx, inputs, func(f types.FlowLog) {
		id := aws.ToString(f.ResourceId)
		shown := func(other types.FlowLog) bool { return aws.ToString(other.FlowLogId) == aws.ToString(f.FlowLogId) }
		if have, asked := found[id]; asked && !slices.ContainsFunc(have, shown) {
			found[id] = append(have, f)
		}
	})
	return found, err
}

// byID returns the flow logs with the IDs, as far as they are shown. EC2 shows nothing
// for an ID that it does not know (yet). An emulator rejects the call; then byID uses
// filters.
func (l *listing) byID(ctx context.Context, ids []string) (map[string]types.FlowLog, error) {
	shown := make(map[string]types.FlowLog, len(ids))
	add := func(f types.FlowLog) { shown[aws.ToString(f.FlowLogId)] = f }
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

// listed is the flow logs of one input, or why they could not be read.
type listed struct {
	flowLogs []types.FlowLog
	err      error
	exit     func() // ends the caller's goroutine as that of the call ended; nil: the call returned
}

// readAll reads the inputs in parallel and passes on their flow logs in any order, in
// the caller's goroutine. A panic of the API, or its runtime.Goexit, surfaces there too,
// after the other calls have ended.
func (l *listing) readAll(ctx context.Context, inputs []*ec2.DescribeFlowLogsInput, show func(types.FlowLog)) error {
	page := func(flowLogs []types.FlowLog) {
		l.now.Described += len(flowLogs)
		l.report()
		for _, f := range flowLogs {
			show(f)
		}
	}
	if len(inputs) == 1 {
		return l.read(ctx, inputs[0], page)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	slots := make(chan struct{}, maxParallel)
	results := make(chan listed, len(inputs)) // no call waits for the caller, who may panic in page
	for _, in := range inputs {
		go func() {
			slots <- struct{}{}
			result := listed{exit: runtime.Goexit}
			defer func() {
				if v := recover(); v != nil {
					err := text.WithStack(v)
					result.exit = func() { panic(err) }
				}
				<-slots
				results <- result
			}()
			result.err = l.read(ctx, in, func(some []types.FlowLog) { result.flowLogs = append(result.flowLogs, some...) })
			result.exit = nil
		}()
	}
	var failed listed // the first; others fail because of it
	for range inputs {
		switch result := <-results; {
		case failed.exit != nil || failed.err != nil:
		case result.exit != nil || result.err != nil:
			failed = result
			cancel()
		default:
			page(result.flowLogs)
		}
	}
	if failed.exit != nil {
		failed.exit()
	}
	return failed.err
}

// read passes on the flow logs of an input, page after page.
func (l *listing) read(ctx context.Context, in *ec2.DescribeFlowLogsInput, page func([]types.FlowLog)) error {
	params := *in
	if len(in.FlowLogIds) == 0 { // EC2 does not take both
		params.MaxResults = aws.Int32(perPage)
	}
	read := make(map[string]bool) // pages, by their token
	for {
		out, _, err := l.r.describe.do(ctx, l.timeout, func() *ec2.DescribeFlowLogsInput {
			own := params
			own.FlowLogIds, own.Filter = slices.Clone(params.FlowLogIds), slices.Clone(params.Filter)
			return &own
		})
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
