package mocking_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestAdd_WithTheRealClient(t *testing.T) {
	t.Parallel()
	for _, o := range outcomes {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			cloud := flowlogstest.New()
			server := flowlogstest.NewServer(cloud)
			defer server.Close()
			o.check(t, server.Client(atOnce), cloud)
		})
	}
}

// atOnce makes the SDK retry without a pause, which over HTTP would take real time.
func atOnce(o *ec2.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}
