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
)

// listing reads flow logs for one Plan, Apply or Delivery.
type listing struct {
	*Reconciler
	want    *wanted
	lean    bool // keep no more of the flow logs than Apply needs
	timeout time.Duration
	progress
}

func (r *Reconciler) newListing(w *wanted, resources int) *listing {
	return &listing{
		Reconciler: r,
		want:       w,
		timeout:    r.caller.retryTimeout(resources),
		progress:   newProgress(r.options.OnProgress, resources),
	}
}

// DescribeFlowLogs makes one call, paced and retried.
func (l *listing) DescribeFlowLogs(ctx context.Context, in *ec2.DescribeFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.DescribeFlowLogsOutput, error) {
	var out *ec2.DescribeFlowLogsOutput
	_, err := l.caller.call(ctx, l.options.DescribeLimiter, l.timeout, "DescribeFlowLogs", func(ctx context.Context) (err error) {
		params := *in
		params.FlowLogIds, params.Filter = slices.Clone(in.FlowLogIds), slices.Clone(in.Filter)
		out, err = l.api.DescribeFlowLogs(ctx, &params, l.caller.optFns...)
		if err == nil && out == nil {
			err = fmt.Errorf("%w: no output", flowlogs.ErrIncompleteResponse)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// list returns the findings of the resources that have flow logs. How many calls the
// filters take is known beforehand; how many pages all flow logs of the Region fill
// is not. So list reads pages until they have taken as many calls as the filters
// would, and then uses the filters.
func (l *listing) list(ctx context.Context, ids []string) (map[string]*finding, error) {
	filters := (len(ids) + valuesPerFilter - 1) / valuesPerFilter
	if filters > 1 {
		findings := newFindings(ids)
		complete, err := l.read(ctx, &ec2.DescribeFlowLogsInput{}, filters, l.collect(findings))
		if complete || err != nil {
			return findings, err
		}
	}
	findings := newFindings(ids)
	return findings, l.readAll(ctx, filtered("resource-id", ids), l.collect(findings))
}

// filtered returns the inputs for the flow logs with one of the values.
func filtered(name string, values []string) []*ec2.DescribeFlowLogsInput {
	var inputs []*ec2.DescribeFlowLogsInput
	for some := range slices.Chunk(values, valuesPerFilter) {
		inputs = append(inputs, &ec2.DescribeFlowLogsInput{Filter: []types.Filter{{Name: aws.String(name), Values: some}}})
	}
	return inputs
}

// newFindings returns a map with the resources that are asked for.
func newFindings(ids []string) map[string]*finding {
	findings := make(map[string]*finding, len(ids))
	for _, id := range ids {
		findings[id] = nil
	}
	return findings
}

// collect adds flow logs to the findings of the resources that are asked for.
func (l *listing) collect(findings map[string]*finding) func([]types.FlowLog) {
	return func(flowLogs []types.FlowLog) {
		l.described(len(flowLogs))
		for _, flowLog := range flowLogs {
			id := aws.ToString(flowLog.ResourceId)
			f, asked := findings[id]
			if !asked {
				continue
			}
			if f == nil {
				f = &finding{}
				findings[id] = f
			}
			f.add(l.want, flowLog)
			if l.lean {
				f.others = nil
				for i, e := range f.equal {
					f.equal[i] = types.FlowLog{
						FlowLogId: e.FlowLogId, CreationTime: e.CreationTime,
						DeliverLogsStatus: e.DeliverLogsStatus, DeliverLogsErrorMessage: e.DeliverLogsErrorMessage,
					}
				}
				clear(f.differences)
			}
		}
	}
}

// read passes on page after page, at most as many as most unless that is negative,
// and reports whether these were all.
func (l *listing) read(ctx context.Context, in *ec2.DescribeFlowLogsInput, most int, page func([]types.FlowLog)) (complete bool, err error) {
	pages := ec2.NewDescribeFlowLogsPaginator(l, in, func(o *ec2.DescribeFlowLogsPaginatorOptions) {
		if len(in.FlowLogIds) == 0 { // EC2 does not take both
			o.Limit = perPage
		}
		o.StopOnDuplicateToken = true
	})
	for n := 0; pages.HasMorePages(); n++ {
		if n == most {
			return false, nil
		}
		out, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		page(out.FlowLogs)
	}
	return true, nil
}

// eachByID hands over the flow logs with the IDs, as far as they are shown, some
// perhaps twice. EC2 shows nothing for an ID that it does not know (yet); an
// emulator rejects the call, and is asked by filter.
func (l *listing) eachByID(ctx context.Context, ids []string, each func(types.FlowLog)) error {
	page := func(flowLogs []types.FlowLog) {
		l.described(len(flowLogs))
		for _, f := range flowLogs {
			each(f)
		}
	}
	var inputs []*ec2.DescribeFlowLogsInput
	for some := range slices.Chunk(ids, idsPerCall) {
		inputs = append(inputs, &ec2.DescribeFlowLogsInput{FlowLogIds: some})
	}
	err := l.readAll(ctx, inputs, page)
	if errors.Is(err, flowlogs.ErrResourceNotFound) {
		err = l.readAll(ctx, filtered("flow-log-id", ids), page)
	}
	return err
}

// byID returns the flow logs with the IDs, as far as they are shown.
func (l *listing) byID(ctx context.Context, ids []string) (map[string]types.FlowLog, error) {
	shown := make(map[string]types.FlowLog, len(ids))
	err := l.eachByID(ctx, ids, func(f types.FlowLog) { shown[aws.ToString(f.FlowLogId)] = f })
	return shown, err
}
