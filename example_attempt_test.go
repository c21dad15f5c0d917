package flowlogs_test

import (
	"context"
	"log/slog"
	"os"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// A log line for each attempt. Reason is logged as its code, which is fit for the label
// of a metric, too.
func ExampleOptions_onAttempt() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{} // for the output of this example
		}
		return a
	}}))
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.Throttle())
	client := flowlogs.New(cloud, func(o *flowlogs.Options) {
		o.Retryer = quickRetryer(3)              // without a backoff, in an example
		o.OnAttempt = func(a flowlogs.Attempt) { // and a.Duration, for a histogram
			logger.Info("CreateFlowLogs", "reason", a.Reason, "resources", a.Resources, "token", a.ClientToken)
		}
	})
	_, err := client.Create(context.Background(), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d", "vpc-1a2b3c4d"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"},
		ClientToken: "deployment-17",
	})
	if err != nil {
		logger.Error(err.Error())
	}
	// Output:
	// level=INFO msg=CreateFlowLogs reason=Throttled resources=2 token=deployment-17
	// level=INFO msg=CreateFlowLogs reason="" resources=2 token=deployment-17
}
