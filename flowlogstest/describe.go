package flowlogstest

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// maxFlowLogIDs is what DescribeFlowLogs and DeleteFlowLogs take in a call:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html
const maxFlowLogIDs = 1000

func (e *EC2) describeFlowLogs(q *query, _ way, now time.Time) (response, *refusal) {
	in, err := decodeDescribeFlowLogs(q)
	if err != nil {
		return nil, err
	}
	if err := e.checkDescribe(in); err != nil {
		return nil, err
	}
	if aws.ToBool(in.DryRun) {
		return nil, dryRunSucceeded
	}

	named := e.flowLogs.among(in.FlowLogIds)
	matching := slices.DeleteFunc(slices.Clone(e.flowLogs.all), func(f *flowLog) bool {
		if len(named) > 0 && named[f.id] == nil {
			return true
		}
		return !matches(f.describe(now, e.options), in.Filter)
	})
	flowLogs, next, ok := page(matching, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)))
	if !ok {
		return nil, refuse("InvalidPaginationToken", "The specified pagination token is not valid or is expired.")
	}

	r := &describeFlowLogsResponse{}
	if next != "" {
		r.NextToken = aws.String(next)
	}
	for _, f := range flowLogs {
		r.FlowLogs.Items = append(r.FlowLogs.Items, newFlowLogElement(f.describe(now, e.options)))
	}
	return r, nil
}

func (e *EC2) checkDescribe(in *ec2.DescribeFlowLogsInput) *refusal {
	if in.MaxResults != nil {
		// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-pagination.html
		if len(in.FlowLogIds) > 0 {
			return refuse("InvalidParameterCombination", "The parameter FlowLogId cannot be used with the parameter MaxResults")
		}
		// Other operations want at least 5; the range of this one is not known.
		if n := *in.MaxResults; n < 1 || n > 1000 {
			return refuse("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid.", n)
		}
	}
	for _, filter := range in.Filter {
		if name := aws.ToString(filter.Name); attribute(name) == nil {
			// Seen with other operations: https://github.com/boto/boto3/issues/1299
			return refuse("InvalidParameterValue", "The filter '%s' is invalid", name)
		}
	}
	return e.checkFlowLogIDs(in.FlowLogIds)
}

var flowLogIDPattern = regexp.MustCompile(`^fl-([0-9a-f]{8}|[0-9a-f]{17})$`)

// checkFlowLogIDs refuses a call that names a flow log that is not there. The
// text on malformed IDs was seen on EC2
// (https://github.com/cloud-custodian/cloud-custodian/issues/2944), that on
// unknown ones is of an emulator, and the limit's is a choice.
func (e *EC2) checkFlowLogIDs(ids []string) *refusal {
	if len(ids) > maxFlowLogIDs {
		return refuse("InvalidParameterValue", "The number of flow log IDs (%d) exceeds the limit of %d", len(ids), maxFlowLogIDs)
	}
	found := e.flowLogs.among(ids)
	var unknown []string
	for _, id := range ids {
		if !flowLogIDPattern.MatchString(id) {
			return invalidFormat("flowLogId", id)
		}
		if found[id] == nil {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > 0 {
		return refuse("InvalidFlowLogId.NotFound", "These flow log ids in the input list are not found: [TotalCount: %d] %s", len(unknown), strings.Join(unknown, " "))
	}
	return nil
}

// matches reports whether a flow log passes every filter: one of a filter's
// values has to be one of the attribute's, letter for letter.
func matches(f types.FlowLog, filters []types.Filter) bool {
	for _, filter := range filters {
		values := attribute(aws.ToString(filter.Name))(f)
		if !slices.ContainsFunc(filter.Values, func(wanted string) bool { return slices.Contains(values, wanted) }) {
			return false
		}
	}
	return true
}

// attribute returns what a filter looks at, or nil if there is no such filter.
func attribute(filter string) func(types.FlowLog) []string {
	switch filter {
	case "deliver-log-status":
		return func(f types.FlowLog) []string { return text(f.DeliverLogsStatus) }
	case "log-destination-type":
		return func(f types.FlowLog) []string { return []string{string(f.LogDestinationType)} }
	case "flow-log-id":
		return func(f types.FlowLog) []string { return text(f.FlowLogId) }
	case "log-group-name":
		return func(f types.FlowLog) []string { return text(f.LogGroupName) }
	case "resource-id":
		return func(f types.FlowLog) []string { return text(f.ResourceId) }
	case "traffic-type":
		return func(f types.FlowLog) []string { return []string{string(f.TrafficType)} }
	case "tag-key":
		return func(f types.FlowLog) []string {
			return tags(f, func(types.Tag) bool { return true }, func(t types.Tag) *string { return t.Key })
		}
	}
	if key, ok := strings.CutPrefix(filter, "tag:"); ok {
		return func(f types.FlowLog) []string {
			return tags(f, func(t types.Tag) bool { return *t.Key == key }, func(t types.Tag) *string { return t.Value })
		}
	}
	return nil
}

func text(p *string) []string {
	if p == nil {
		return nil
	}
	return []string{*p}
}

func tags(f types.FlowLog, which func(types.Tag) bool, what func(types.Tag) *string) []string {
	var found []string
	for _, tag := range f.Tags {
		if which(tag) {
			found = append(found, *what(tag))
		}
	}
	return found
}
