package flowlogstest

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// deleteFlowLogs deletes all or nothing: that an unknown ID refuses the call is
// a choice, as one tool reads it from the unsuccessful items instead.
func (e *EC2) deleteFlowLogs(q *query, _ way, _ time.Time) (response, *refusal) {
	in, err := decodeDeleteFlowLogs(q)
	if err != nil {
		return nil, err
	}
	if len(in.FlowLogIds) == 0 {
		return nil, missing("FlowLogId")
	}
	if err := e.checkFlowLogIDs(in.FlowLogIds); err != nil {
		return nil, err
	}
	if aws.ToBool(in.DryRun) {
		return nil, dryRunSucceeded
	}
	e.flowLogs.delete(in.FlowLogIds)
	return &deleteFlowLogsResponse{}, nil
}
