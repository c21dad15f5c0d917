package flowlogstest

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Put adds a flow log that CreateFlowLogs did not make, or replaces the flow log with its
// FlowLogId, and returns the ID. If FlowLogId is nil, it gets the next ID. Nothing is
// checked: Put is for the old and odd flow logs of an account, and for a delivery that
// fails.
//
// DescribeFlowLogs and [EC2.FlowLogs] show every other field as given: a nil field stays
// nil, and the status does not change by itself. CreateFlowLogs sees the flow log with
// EC2's defaults for the fields that are nil, and rejects the same configuration with
// FlowLogAlreadyExists. Put copies the flow log.
func (e *EC2) Put(f types.FlowLog) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	given := convert[types.FlowLog](f)
	if given.CreationTime != nil {
		given.CreationTime = aws.Time(wireTime(*given.CreationTime))
	}
	if given.FlowLogId == nil {
		given.FlowLogId = aws.String(e.flowLogs.nextID())
	}
	e.flowLogs.put(&flowLog{
		id:         *given.FlowLogId,
		resourceID: aws.ToString(given.ResourceId),
		identity:   configure(requestFor(given)).identity,
		shown:      given,
	})
	return *given.FlowLogId
}

// requestFor returns a request that creates a flow log like f, without its tags.
func requestFor(f types.FlowLog) *ec2.CreateFlowLogsInput {
	in := convert[ec2.CreateFlowLogsInput](f)
	for t, kind := range resourceKinds {
		if kind.owns(aws.ToString(f.ResourceId)) {
			in.ResourceType = t
		}
	}
	if isTransitGateway(in.ResourceType) {
		in.TrafficType = "" // such a request has none, whatever f shows
	}
	if f.LogDestinationType == types.LogDestinationTypeS3 {
		in.DeliverLogsPermissionArn = nil // such a request has none, although old flow logs show one
	}
	return &in
}
