package reconcile

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
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

// Delivery returns what is known of the deliveries of flow logs, in the order of
// their IDs.
//
// The error is nil or a *[CallError]. The caller needs the permission
// ec2:DescribeFlowLogs.
func (r *Reconciler) Delivery(ctx context.Context, flowLogIDs ...string) ([]Delivery, error) {
	deliveries := make([]Delivery, 0, len(flowLogIDs))
	l := r.newListing(nil, len(flowLogIDs))
	for ids := range slices.Chunk(flowLogIDs, idsPerCall) {
		at := time.Now()
		shown, err := l.byID(ctx, unique(ids))
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			d := Delivery{FlowLogID: id, State: DeliveryUnknown, At: at}
			if f, ok := shown[id]; ok {
				d.State, d.Message, d.FlowLog = deliveryState(&f), aws.ToString(f.DeliverLogsErrorMessage), &f
			}
			deliveries = append(deliveries, d)
		}
	}
	return deliveries, nil
}

func unique(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// deliveryState reads the status, which is SUCCESS or FAILED, and missing from
// old flow logs.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html
func deliveryState(f *types.FlowLog) DeliveryState {
	switch aws.ToString(f.DeliverLogsStatus) {
	case "FAILED":
		return DeliveryFailing
	case "SUCCESS":
		return DeliveryNotFailing
	}
	return DeliveryUnknown
}

func isFailing(f *types.FlowLog) bool { return deliveryState(f) == DeliveryFailing }
