package reconcile

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// DeliveryState is what EC2 knows of a flow log's deliveries.
type DeliveryState string

// The states. None of them means that records arrive: EC2 reports neither the time nor
// the number of deliveries, and a new flow log is shown as not failing at once. The
// state is meaningful after ten minutes and one or two aggregation intervals with
// traffic.
const (
	DeliveryFailing    DeliveryState = "failing"     // the last attempt failed; see Delivery.Message
	DeliveryNotFailing DeliveryState = "not failing" // no failure is known
	DeliveryUnknown    DeliveryState = "unknown"     // EC2 does not say, or does not show the flow log
)

// Delivery is what is known of the deliveries of a flow log.
type Delivery struct {
	FlowLogID string
	State     DeliveryState
	Message   string         // EC2's, if failing: "Access error", "Rate limited" or "Unknown error"
	At        time.Time      // when EC2 was asked
	FlowLog   *types.FlowLog // nil: EC2 does not show a flow log with this ID
}

func newDelivery(f *types.FlowLog, at time.Time) Delivery {
	return Delivery{aws.ToString(f.FlowLogId), deliveryState(f), aws.ToString(f.DeliverLogsErrorMessage), at, f}
}

// Delivery returns what is known of the deliveries of flow logs, in the order of
// their IDs.
//
// The error is nil or a *[CallError]. The caller needs the permission
// ec2:DescribeFlowLogs.
func (r *Reconciler) Delivery(ctx context.Context, flowLogIDs ...string) ([]Delivery, error) {
	at := time.Now()
	ids := slices.Compact(slices.Sorted(slices.Values(flowLogIDs)))
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" }) // of an Outcome without one
	shown, err := r.newListing(len(ids) > valuesPerFilter).byID(ctx, ids)
	if err != nil {
		return nil, err
	}
	deliveries := make([]Delivery, len(flowLogIDs))
	for i, id := range flowLogIDs {
		deliveries[i] = Delivery{FlowLogID: id, State: DeliveryUnknown, At: at}
		if f, ok := shown[id]; ok {
			deliveries[i] = newDelivery(&f, at)
		}
	}
	return deliveries, nil
}

// All returns all flow logs of the Region, on whatever resource and from whatever
// request, with what is known of their deliveries.
//
// The error is nil or a *[CallError]. The caller needs the permission
// ec2:DescribeFlowLogs.
func (r *Reconciler) All(ctx context.Context) ([]Delivery, error) {
	var all []Delivery
	at := time.Now()
	inputs := []*ec2.DescribeFlowLogsInput{{}}
	err := r.newListing(true).readAll(ctx, inputs, func(f types.FlowLog) { all = append(all, newDelivery(&f, at)) })
	if err != nil {
		return nil, err
	}
	return all, nil
}

// deliveryState reads the status, which is SUCCESS or FAILED, and missing from
// old flow logs. Those may have a message nevertheless: a message without SUCCESS is a
// failure.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html
func deliveryState(f *types.FlowLog) DeliveryState {
	switch status := aws.ToString(f.DeliverLogsStatus); {
	case status == "SUCCESS":
		return DeliveryNotFailing
	case status == "FAILED", aws.ToString(f.DeliverLogsErrorMessage) != "":
		return DeliveryFailing
	default:
		return DeliveryUnknown
	}
}

func isFailing(f *types.FlowLog) bool { return deliveryState(f) == DeliveryFailing }

// failure names a flow log that is failing, with EC2's message.
func failure(f *types.FlowLog) string {
	return idOf(f) + ", " + quote(aws.ToString(f.DeliverLogsErrorMessage))
}
