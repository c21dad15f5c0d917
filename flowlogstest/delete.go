package flowlogstest

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// deleteFlowLogs deletes all flow logs of the call or none. That an unknown ID
// rejects the call is a choice; one tool looks for it in the unsuccessful items.
func (e *EC2) deleteFlowLogs(q *query, _ activeFaults, _ time.Time) (document, *apiError) {
	in, err := decodeDeleteFlowLogs(q)
	if err != nil {
		return nil, err
	}
	if len(in.FlowLogIds) == 0 {
		return nil, noFlowLogIDs
	}
	if err := checkFlowLogIDs(in.FlowLogIds); err != nil {
		return nil, err
	}
	var unknown []string
	for _, id := range in.FlowLogIds {
		if e.flowLogs.byID[id] == nil {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > 0 {
		// The text of an emulator:
		// https://github.com/getmoto/moto/blob/master/moto/ec2/exceptions.py
		return nil, apiErrorf("InvalidFlowLogId.NotFound", "These flow log ids in the input list are not found: [TotalCount: %d] %s", len(unknown), strings.Join(unknown, " "))
	}
	if aws.ToBool(in.DryRun) {
		return nil, dryRunOperation
	}
	e.flowLogs.delete(in.FlowLogIds)
	return &deleteFlowLogsDocument{}, nil
}
