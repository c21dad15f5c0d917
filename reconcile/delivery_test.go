package reconcile_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

func TestDelivery_SaysWhatIsKnownAndWhen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		ids := put(e,
			flowLogOn(vpcID(0)),
			flowLogOn(vpcID(1), failing),
			flowLogOn(vpcID(2), func(f *types.FlowLog) { f.DeliverLogsStatus = nil }),
			flowLogOn(vpcID(3), func(f *types.FlowLog) { f.DeliverLogsStatus = aws.String("PENDING") }),
		)
		const unknown = "fl-0123456789abcdef0"
		time.Sleep(time.Minute)
		now := time.Now()
		deliveries, err := reconcile.New(e).Delivery(t.Context(), ids[1], ids[0], unknown, ids[2], ids[3], ids[1])
		require.NoError(t, err)
		require.Len(t, deliveries, 6)
		for i, want := range []reconcile.Delivery{
			{FlowLogID: ids[1], State: reconcile.DeliveryFailing, Message: "Access error"},
			{FlowLogID: ids[0], State: reconcile.DeliveryNotFailing},
			{FlowLogID: unknown, State: reconcile.DeliveryUnknown},
			{FlowLogID: ids[2], State: reconcile.DeliveryUnknown},
			{FlowLogID: ids[3], State: reconcile.DeliveryUnknown},
			{FlowLogID: ids[1], State: reconcile.DeliveryFailing, Message: "Access error"},
		} {
			got := deliveries[i]
			if got.FlowLogID == unknown {
				assert.Nil(t, got.FlowLog)
			} else {
				assert.Equal(t, got.FlowLogID, *got.FlowLog.FlowLogId)
			}
			want.At, want.FlowLog = now, got.FlowLog
			assert.Equal(t, want, got)
		}
	})
}

func TestDelivery_OfNoFlowLogAsksNothing(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	put(e, flowLogOn(vpcID(0)))
	deliveries, err := reconcile.New(e).Delivery(t.Context())
	require.NoError(t, err)
	assert.Empty(t, deliveries)
	assert.Empty(t, e.Calls())
}

func TestDelivery_OfManyFlowLogsTakesAsManyCallsAsItMust(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	var ids []string
	for i := range 2500 {
		ids = append(ids, put(e, flowLogOn(vpcID(i)))...)
	}
	deliveries, err := reconcile.New(e).Delivery(t.Context(), ids...)
	require.NoError(t, err)
	assert.Len(t, deliveries, 2500)
	assert.Len(t, e.Calls(), 3)
}

func TestDelivery_ReportsAFailedCall(t *testing.T) {
	t.Parallel()
	_, err := reconcile.New(flowlogstest.New()).Delivery(t.Context(), "vpc-1")
	var call *reconcile.CallError
	require.ErrorAs(t, err, &call)
	require.ErrorIs(t, err, flowlogs.ErrInvalidParameter)
	assert.Contains(t, err.Error(), "flowlogs: DescribeFlowLogs: ")
}
