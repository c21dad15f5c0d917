package flowlogstest

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// maxFlowLogIDs is how many IDs DescribeFlowLogs and DeleteFlowLogs take:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html
const maxFlowLogIDs = 1000

func (e *EC2) describeFlowLogs(in *ec2.DescribeFlowLogsInput, _ activeFaults, now time.Time) (*ec2.DescribeFlowLogsOutput, *apiError) {
	if err := checkDescribe(in); err != nil {
		return nil, err
	}
	last, ok := parsePageToken(aws.ToString(in.NextToken))
	if !ok {
		return nil, invalidPaginationToken
	}
	if aws.ToBool(in.DryRun) {
		return nil, dryRunOperation
	}

	// An unknown ID selects nothing and is not an error. Two programs that run on AWS
	// rely on this to see that a flow log is gone:
	// https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-ec2-flowlog
	// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ec2/vpc_flow_log.go
	selected := newSet(in.FlowLogIds)
	filters := compile(in.Filter, flowLogAttribute)
	candidates := e.flowLogs.after(last)
	if ids, ok := filters.resourceIDs(); ok { // fast path for tests with large fleets
		candidates = e.flowLogs.on(ids, last)
	}
	limit := int(aws.ToInt32(in.MaxResults))
	out := &ec2.DescribeFlowLogsOutput{FlowLogs: []types.FlowLog{}}
	for _, f := range e.flowLogs.withDeleted(candidates, last, now) {
		if len(selected) > 0 && !selected[f.id] || now.Before(f.visible) {
			continue
		}
		described := f.describe(now)
		if !filters.match(described) {
			continue
		}
		if limit > 0 && len(out.FlowLogs) == limit {
			out.NextToken = aws.String(pageToken(last))
			break
		}
		out.FlowLogs = append(out.FlowLogs, described)
		last = f.number
	}
	return out, nil
}

func newSet(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

func checkDescribe(in *ec2.DescribeFlowLogsInput) *apiError {
	if in.MaxResults != nil {
		// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-pagination.html
		if len(in.FlowLogIds) > 0 {
			return apiErrorf("InvalidParameterCombination", "The parameter FlowLogId cannot be used with the parameter MaxResults")
		}
		// Other operations require at least 5; the range of DescribeFlowLogs is not
		// known.
		if n := *in.MaxResults; n < 1 || n > 1000 {
			return apiErrorf("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid.", n)
		}
	}
	if err := checkFilters(in.Filter, flowLogAttribute); err != nil {
		return err
	}
	return checkFlowLogIDs(in.FlowLogIds)
}

var flowLogIDPattern = regexp.MustCompile(`^fl-([0-9a-f]{8}|[0-9a-f]{17})$`)

// checkFlowLogIDs checks the number and the form of IDs. The text for too many is a
// choice.
func checkFlowLogIDs(ids []string) *apiError {
	if len(ids) > maxFlowLogIDs {
		return apiErrorf("InvalidParameterValue", "The number of flow log IDs (%d) exceeds the limit of %d", len(ids), maxFlowLogIDs)
	}
	for _, id := range ids {
		if !flowLogIDPattern.MatchString(id) {
			return invalidFormat("flowLogId", id)
		}
	}
	return nil
}

// pageToken names the last flow log of a page, so that flow logs created or deleted
// between two pages do not shift them.
func pageToken(number int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(number)))
}

func parsePageToken(token string) (number int, ok bool) {
	if token == "" {
		return 0, true
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	number, err = strconv.Atoi(string(text))
	return number, err == nil && number >= 0
}
