package flowlogstest

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Put adds a flow log that CreateFlowLogs did not make, or replaces the flow log
// with its FlowLogId, and returns the ID. If FlowLogId is nil, it gets the next
// ID. Nothing is checked: Put is for the old and odd flow logs of an account, and
// for a delivery that fails.
//
// DescribeFlowLogs and [EC2.FlowLogs] show every other field as given: a nil
// field stays nil, and the status does not change by itself. CreateFlowLogs sees
// the flow log with EC2's defaults for the fields that are nil, and rejects the
// same configuration with FlowLogAlreadyExists. Put copies the flow log.
func (e *EC2) Put(f types.FlowLog) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	given := copyFlowLog(f)
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
	in := &ec2.CreateFlowLogsInput{
		DeliverCrossAccountRole:  f.DeliverCrossAccountRole,
		DeliverLogsPermissionArn: f.DeliverLogsPermissionArn,
		LogDestination:           f.LogDestination,
		LogDestinationType:       f.LogDestinationType,
		LogFormat:                f.LogFormat,
		LogGroupName:             f.LogGroupName,
		MaxAggregationInterval:   f.MaxAggregationInterval,
		TrafficType:              f.TrafficType,
	}
	for t, kind := range resourceKinds {
		if kind.owns(aws.ToString(f.ResourceId)) {
			in.ResourceType = t
		}
	}
	if isTransitGateway(in.ResourceType) {
		in.TrafficType = "" // not part of a request, whatever is shown
	}
	if f.LogDestinationType == types.LogDestinationTypeS3 {
		in.DeliverLogsPermissionArn = nil // not part of a request; old flow logs show one
	}
	if o := f.DestinationOptions; o != nil {
		in.DestinationOptions = &types.DestinationOptionsRequest{
			FileFormat:               o.FileFormat,
			HiveCompatiblePartitions: o.HiveCompatiblePartitions,
			PerHourPartition:         o.PerHourPartition,
		}
	}
	for _, spec := range f.TagFieldSpecifications {
		in.TagFieldSpecifications = append(in.TagFieldSpecifications, types.TagFieldSpecificationRequest{
			ResourceType: spec.ResourceType, TagKeys: spec.TagKeys,
		})
	}
	return in
}

// copyFlowLog shares no memory with f.
func copyFlowLog(f types.FlowLog) types.FlowLog {
	for _, p := range []**string{
		&f.DeliverCrossAccountRole, &f.DeliverLogsErrorMessage, &f.DeliverLogsPermissionArn, &f.DeliverLogsStatus, &f.FlowLogId,
		&f.FlowLogStatus, &f.LogDestination, &f.LogFormat, &f.LogGroupName, &f.ResourceId,
	} {
		*p = duplicate(*p)
	}
	f.MaxAggregationInterval = duplicate(f.MaxAggregationInterval)
	if f.CreationTime != nil {
		f.CreationTime = aws.Time(wireTime(*f.CreationTime))
	}
	if o := duplicate(f.DestinationOptions); o != nil {
		o.HiveCompatiblePartitions, o.PerHourPartition = duplicate(o.HiveCompatiblePartitions), duplicate(o.PerHourPartition)
		f.DestinationOptions = o
	}
	f.TagFieldSpecifications = slices.Clone(f.TagFieldSpecifications)
	for i, spec := range f.TagFieldSpecifications {
		f.TagFieldSpecifications[i].TagKeys = slices.Clone(spec.TagKeys)
	}
	f.Tags = slices.Clone(f.Tags)
	for i, tag := range f.Tags {
		f.Tags[i] = types.Tag{Key: duplicate(tag.Key), Value: duplicate(tag.Value)}
	}
	return f
}
