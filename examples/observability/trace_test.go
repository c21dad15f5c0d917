package observability_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-sdk-go-v2/otelaws"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// The middleware of an *ec2.Client sees one operation, since the retries run in the
// client's own loop. OnAttempt sees each attempt.
func TestCreate_IsOneSpan(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	tracing := otelaws.WithTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans)))

	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.Throttle())
	server := flowlogstest.NewServer(cloud)
	t.Cleanup(server.Close)
	client := server.Client(func(o *ec2.Options) { otelaws.AppendMiddlewares(&o.APIOptions, tracing) })

	var counter []string // of a metric, with the reason as its label
	logs := flowlogs.New(client, func(o *flowlogs.Options) {
		o.OnAttempt = func(a flowlogs.Attempt) {
			counter = append(counter, fmt.Sprintf("%s %d", string(a.Reason), a.Resources))
		}
	})
	_, err := logs.Create(t.Context(), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"},
	})
	require.NoError(t, err)

	var names []string
	for _, span := range spans.Ended() {
		names = append(names, span.Name())
	}
	assert.Equal(t, []string{"EC2.CreateFlowLogs"}, names)
	assert.Equal(t, []string{"Throttled 1", " 1"}, counter)
}
