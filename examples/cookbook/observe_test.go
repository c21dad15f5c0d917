package cookbook_test

import (
	"cmp"
	"context"
	"expvar"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// attempts counts the attempts by reason, in the form of /debug/vars.
var attempts = expvar.NewMap("create_flow_logs_attempts")

// observed counts and logs every attempt, and logs how far a job is once a minute. Both
// functions run between the calls of the job, so they must be quick.
func observed(logger *slog.Logger) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) {
		o.OnAttempt = func(a flowlogs.Attempt) { // from several goroutines
			attempts.Add(cmp.Or(string(a.Reason), "OK"), 1)
			level := slog.LevelDebug
			if a.Err != nil {
				level = slog.LevelWarn
			}
			logger.Log(context.Background(), level, "CreateFlowLogs", "reason", a.Reason, "resources", a.Resources,
				"region", a.Region, "token", a.ClientToken, "requestID", a.RequestID, "duration", a.Duration)
		}
		var logged time.Duration
		o.OnProgress = func(p flowlogs.Progress) { // in the goroutine of Create
			last := p.BatchesDone == p.Batches
			if p.Elapsed-logged < time.Minute && !last {
				return
			}
			logged = p.Elapsed
			logger.Info("progress", "created", p.Created, "of", p.Resources, "failed", p.Unsuccessful+p.Failed,
				"throttled", p.Throttled, "remaining", p.Remaining.Round(time.Second))
		}
	}
}

func Example_observe() {
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.Throttle())
	client := flowlogs.New(cloud)
	// The options of a call: a progress belongs to one job.
	_, err := client.Create(context.Background(), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d", "vpc-1a2b3c4d"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"},
		ClientToken: "job-17",
	}, observed(stdoutLogger()))
	fmt.Println(err, attempts)
	// Output:
	// level=WARN msg=CreateFlowLogs reason=Throttled resources=2 region="" token=job-17 requestID=00000000-0000-4000-8000-000000000001
	// level=INFO msg=progress created=2 of=2 failed=0 throttled=1 remaining=0s
	// <nil> {"OK": 1, "Throttled": 1}
}
