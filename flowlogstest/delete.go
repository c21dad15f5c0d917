package flowlogstest

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// deleteFlowLogs deletes nothing if an ID is unknown. Rejecting the whole call is a
// choice: one tool looks for the ID among the unsuccessful items.
func (e *EC2) deleteFlowLogs(in *ec2.DeleteFlowLogsInput, faults activeFaults, now time.Time) (*ec2.DeleteFlowLogsOutput, *apiError) {
	if len(in.FlowLogIds) == 0 {
		return nil, noFlowLogIDs
	}
	if err := checkFlowLogIDs(in.FlowLogIds); err != nil {
		return nil, err
	}
	var failures []failure
	var known, unknown []string
	for _, id := range in.FlowLogIds {
		f := faults.failure(id, "")
		switch {
		case f != failure{}:
			failures = append(failures, f)
		case e.flowLogs.byID[id] == nil:
			unknown = append(unknown, id)
		default:
			known = append(known, id)
		}
	}
	if len(unknown) > 0 {
		return nil, unknownFlowLogs(unknown)
	}
	if aws.ToBool(in.DryRun) {
		return nil, dryRunOperation
	}
	e.flowLogs.delete(known, now.Add(e.options.DeleteLag))
	return &ec2.DeleteFlowLogsOutput{Unsuccessful: unsuccessful(failures)}, nil
}

// unknownFlowLogs has the text of an emulator:
// https://github.com/getmoto/moto/blob/master/moto/ec2/exceptions.py
func unknownFlowLogs(ids []string) *apiError {
	return apiErrorf("InvalidFlowLogId.NotFound", "These flow log ids in the input list are not found: [TotalCount: %d] %s", len(ids), strings.Join(ids, " "))
}
