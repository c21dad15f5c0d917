package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/go-flowlogs/flowlogs"
)

// handler puts flow logs on new VPCs. It is safe for concurrent use.
type handler struct {
	flowLogs *flowlogs.Client
	request  flowlogs.Request // all of it but the VPC
	log      *slog.Logger
}

var _ lambda.Handler = (*handler)(nil)

// Invoke fails where another delivery of the event may succeed: Lambda retries,
// and in the end gives the event to the queue of failed ones. What no retry can
// mend is logged as an ERROR, and the event is dropped.
//
// The event comes as bytes, because Lambda would retry one that cannot be read as
// the type that a handler takes.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	vpcID, err := newVPC(payload)
	switch {
	case err != nil:
		h.log.ErrorContext(ctx, "event dropped", "error", err)
	case vpcID == "":
		h.log.InfoContext(ctx, "no VPC was created")
	default:
		return nil, h.monitor(ctx, vpcID)
	}
	return nil, nil
}

// monitor creates the flow log. The token depends on the VPC and the settings
// alone, not on the event, whose ID may differ for a duplicate. So EC2 takes all
// deliveries, to whichever worker, for one request.
func (h *handler) monitor(ctx context.Context, vpcID string) error {
	log := h.log.With("vpc", vpcID)
	req := h.request
	req.ResourceIDs = []string{vpcID}
	resp, err := h.flowLogs.Create(ctx, req, func(o *flowlogs.Options) {
		o.Token = flowlogs.ContentToken("CreateVpc " + vpcID)
	})
	switch reason := flowlogs.ReasonOf(err); {
	case err == nil:
		log.InfoContext(ctx, "flow log created", "flowLogs", resp.FlowLogIDs)
	case reason == flowlogs.ErrAlreadyExists: // made by hand, or longer ago than EC2 remembers tokens
		log.InfoContext(ctx, "flow log exists")
	case retryable(reason):
		return err
	default:
		log.ErrorContext(ctx, "flow log not created", "error", err, "hint", reason.Hint())
	}
	return nil
}

// retryable reports whether a later delivery may succeed. The VPC is young: not
// all of EC2 may know it yet. Errors without a reason, such as the end of the
// time limit, may pass as well, and Lambda's retries have an end.
func retryable(reason flowlogs.Reason) bool {
	return reason.Retryable() || reason == flowlogs.ErrResourceNotFound || reason == ""
}
