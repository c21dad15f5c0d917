package flowlogs_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// optionCounter is an API that reports how many option functions each call is handed.
type optionCounter struct {
	flowlogs.API
	report func(int)
}

func (c optionCounter) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	c.report(len(optFns))
	return c.API.CreateFlowLogs(ctx, in, optFns...)
}

// embeddingCounter is an optionCounter that embeds an *ec2.Client.
type embeddingCounter struct {
	*ec2.Client
	counter optionCounter
}

func (c embeddingCounter) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	return c.counter.CreateFlowLogs(ctx, in, optFns...)
}

// A mock that mockery generates with "unroll-variadic: true" takes each option function
// as an argument, so its expectations depend on their number.
func TestNew_HandsAnyAPIExactlyOneOptionFunction(t *testing.T) {
	t.Parallel()
	for _, api := range []struct {
		name string
		make func(counted optionCounter, cloud *flowlogstest.EC2, optFn func(*flowlogs.Options)) flowlogs.API
	}{
		{"any API", func(counted optionCounter, _ *flowlogstest.EC2, _ func(*flowlogs.Options)) flowlogs.API {
			return counted
		}},
		{"a type that embeds an *ec2.Client", func(counted optionCounter, cloud *flowlogstest.EC2, _ func(*flowlogs.Options)) flowlogs.API {
			client := inMemory(cloud)
			return embeddingCounter{client, optionCounter{client, counted.report}}
		}},
		{"a Client behind a Client", func(counted optionCounter, _ *flowlogstest.EC2, optFn func(*flowlogs.Options)) flowlogs.API {
			return optionCounter{flowlogs.New(counted, optFn), counted.report}
		}},
	} {
		for _, call := range []struct {
			name string
			make func(*testing.T, *flowlogs.Client)
		}{
			{"Create of one batch", func(t *testing.T, c *flowlogs.Client) {
				_, err := c.Create(t.Context(), vpcRequest(2))
				require.NoError(t, err)
			}},
			{"Create of several", func(t *testing.T, c *flowlogs.Client) {
				_, err := c.Create(t.Context(), vpcRequest(2), batchesOf(1))
				require.NoError(t, err)
			}},
			{"Stream", func(t *testing.T, c *flowlogs.Client) {
				collect(t, c.Stream(t.Context(), streamRequest(), idSeq(vpcIDs(2)), batchesOf(1)))
			}},
			{"CreateFlowLogs", func(t *testing.T, c *flowlogs.Client) {
				_, err := c.CreateFlowLogs(t.Context(), vpcInput(t, 2))
				require.NoError(t, err)
			}},
			{"CreateFlowLogs with two functions", func(t *testing.T, c *flowlogs.Client) {
				_, err := c.CreateFlowLogs(t.Context(), vpcInput(t, 2), withAttempts(3), withAttempts(4))
				require.NoError(t, err)
			}},
		} {
			for _, options := range [][]func(*ec2.Options){nil, {withAttempts(4), withAttempts(5)}} {
				t.Run(fmt.Sprintf("%s/%s/%d ClientOptions", api.name, call.name, len(options)), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						cloud := flowlogstest.New()
						cloud.Inject(flowlogstest.Throttle()) // a retry is a call of the API too
						var mu sync.Mutex
						var counts []int
						counted := optionCounter{cloud, func(n int) {
							mu.Lock()
							defer mu.Unlock()
							counts = append(counts, n)
						}}
						optFn := withClientOptions(options...)
						call.make(t, flowlogs.New(api.make(counted, cloud, optFn), optFn))
						assert.GreaterOrEqual(t, len(counts), 2)
						assert.Equal(t, []int{1}, slices.Compact(counts))
					})
				})
			}
		}
	}
}
