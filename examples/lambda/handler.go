package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/go-flowlogs/flowlogs"
)

// handler creates flow logs on new VPCs. It is safe for concurrent use.
type handler struct {
	flowLogs *flowlogs.Client
	request  flowlogs.Request // without the VPC
	log      *slog.Logger
}

var _ lambda.Handler = (*handler)(nil)

// Invoke returns an error if another delivery of the event may succeed: Lambda retries
// it, and finally sends it to the queue of failed events. A failure that no retry can
// change is logged as an ERROR, and the event is dropped.
//
// The payload is taken as bytes, because Lambda would retry an event that does not decode
// into the type of a handler.
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

// monitor creates the flow log. The token depends on the VPC and the settings, not on the
// ID of the event, which can differ between duplicates. So all deliveries, to any worker,
// are one request to EC2.
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
	case reason == flowlogs.ErrAlreadyExists: // created by hand, or before EC2 forgot the token
		log.InfoContext(ctx, "flow log exists")
	case retryable(reason):
		return err
	default:
		log.ErrorContext(ctx, "flow log not created", "reason", string(reason), "error", err, "hint", reason.Hint())
	}
	return nil
}

// retryable reports whether a later delivery may succeed. The end of the function's time
// is ErrNoResponse, which is Retryable. A new VPC may not be visible to all of EC2 yet.
func retryable(reason flowlogs.Reason) bool {
	return reason.Retryable() || reason == flowlogs.ErrResourceNotFound
}
