package cookbook_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// newReconciler returns a Reconciler that replaces what an earlier run of this job has
// created, and deletes nothing else. The probation should be longer than the
// aggregation interval: 20 minutes.
func newReconciler(api reconcile.API, probation time.Duration) *reconcile.Reconciler {
	return reconcile.New(api, func(o *reconcile.Options) {
		o.Replace = isOurs
		o.Probation = probation
	})
}

// isOurs reports whether a flow log has the tag that this job gives to its own.
func isOurs(f types.FlowLog) bool {
	return slices.ContainsFunc(f.Tags, func(t types.Tag) bool {
		return aws.ToString(t.Key) == "managed-by" && aws.ToString(t.Value) == "flow-log-job"
	})
}

// The exit statuses of the job.
const (
	exitDone      = 0  // every VPC has its flow log
	exitFailed    = 1  // somebody must do something
	exitUsage     = 2  // the request is invalid: nothing was done
	exitTemporary = 75 // nothing but transient failures: the next run may succeed
)

// nightly brings the VPCs of the request to its flow log, and returns the exit status. It
// logs each change and each failure.
func nightly(ctx context.Context, r *reconcile.Reconciler, req flowlogs.Request, logger *slog.Logger) int {
	result, err := r.Apply(ctx, req)
	if result == nil {
		logger.Error("invalid request", "error", err)
		return exitUsage
	}
	status := exitDone
	var kept []string
	for _, o := range result.Outcomes {
		line := logger.With("resource", o.ResourceID, "action", o.Action, "flowLog", o.FlowLogID)
		if o.Created || len(o.Deleted) > 0 {
			line.Info("changed", "deleted", o.Deleted)
		} else if o.FlowLogID != "" {
			kept = append(kept, o.FlowLogID)
		}
		if o.Err == nil {
			continue
		}
		reason := flowlogs.ReasonOf(o.Err) // empty for a conflict
		hint := reason.Hint()
		var call *reconcile.CallError // of another operation than CreateFlowLogs
		if errors.As(o.Err, &call) {
			hint = call.Hint()
		}
		line.Error("not as requested", "reason", reason, "error", o.Err, "hint", hint)
		if reason.Retryable() || errors.Is(o.Err, reconcile.ErrNotShown) {
			status = cmp.Or(status, exitTemporary)
		} else {
			status = exitFailed
		}
	}

	// A flow log that exists may deliver nothing.
	deliveries, err := r.Delivery(ctx, kept...)
	if err != nil {
		logger.Error("deliveries are not known", "error", err)
		status = cmp.Or(status, exitTemporary)
	}
	for _, d := range deliveries {
		if d.State == reconcile.DeliveryFailing {
			logger.Warn("not delivering", "flowLog", d.FlowLogID, "message", d.Message)
			status = exitFailed
		}
	}
	return status
}

func Example_nightly() {
	cloud := flowlogstest.New()
	put := func(vpc string, seconds int32, changes ...func(*types.FlowLog)) {
		f := types.FlowLog{
			ResourceId:             &vpc,
			TrafficType:            types.TrafficTypeAll,
			LogDestinationType:     types.LogDestinationTypeS3,
			LogDestination:         aws.String("arn:aws:s3:::my-flow-logs"),
			MaxAggregationInterval: &seconds,
		}
		for _, change := range changes {
			change(&f)
		}
		cloud.Put(f)
	}
	ours := func(f *types.FlowLog) {
		f.Tags = []types.Tag{{Key: aws.String("managed-by"), Value: aws.String("flow-log-job")}}
	}
	failing := func(f *types.FlowLog) {
		f.DeliverLogsStatus, f.DeliverLogsErrorMessage = aws.String("FAILED"), aws.String("Access error")
	}
	put("vpc-0a1b2c3d", 600)
	put("vpc-1a2b3c4d", 60)       // of somebody else
	put("vpc-2a3b4c5d", 60, ours) // from before the interval was changed
	put("vpc-3a4b5c6d", 600, failing)

	status := nightly(context.Background(), newReconciler(cloud, 0), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d", "vpc-1a2b3c4d", "vpc-2a3b4c5d", "vpc-3a4b5c6d", "vpc-4a5b6c7d"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"},
		Tags:        map[string]string{"managed-by": "flow-log-job"},
	}, stdoutLogger())
	fmt.Println("exit status", status)
	// Output:
	// level=ERROR msg="not as requested" resource=vpc-1a2b3c4d action=conflict flowLog="" reason="" hint=""
	// level=INFO msg=changed resource=vpc-2a3b4c5d action=replace flowLog=fl-00000000000000006 deleted=[fl-00000000000000003]
	// level=INFO msg=changed resource=vpc-4a5b6c7d action=create flowLog=fl-00000000000000005 deleted=[]
	// level=WARN msg="not delivering" flowLog=fl-00000000000000004 message="Access error"
	// exit status 1
}

// stdoutLogger returns a logger whose lines an Example can compare: without times, and
// without the words of errors.
func stdoutLogger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey, "duration", "error":
			return slog.Attr{}
		}
		return a
	}}))
}
