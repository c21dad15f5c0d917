package flowlogs_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// optionsCounter counts the option functions of the calls of an API.
type optionsCounter struct {
	flowlogs.API
	counts []int
}

func (c *optionsCounter) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	c.counts = append(c.counts, len(optFns))
	return c.API.CreateFlowLogs(ctx, in, optFns...)
}

func TestNew_HandsOneOptionFunctionToAnAPI(t *testing.T) {
	t.Parallel()
	nothing := func(*ec2.Options) {}
	for _, options := range [][]func(*ec2.Options){nil, {nothing}, {nothing, nothing}} {
		for _, behind := range []flowlogs.API{flowlogstest.New(), flowlogs.New(flowlogstest.New())} {
			api := &optionsCounter{API: behind}
			client := flowlogs.New(api, oneAtATime, batchesOf(2), withClientOptions(options...))
			_, err := client.Create(t.Context(), vpcRequestFrom(0, 1))
			require.NoError(t, err)
			_, err = client.Create(t.Context(), vpcRequestFrom(1, 4))
			require.NoError(t, err)
			for _, err := range client.Stream(t.Context(), streamRequest(), idSeq(vpcIDs(6)[5:])) {
				require.NoError(t, err)
			}
			req := vpcRequestFrom(6, 1)
			in, err := req.Input()
			require.NoError(t, err)
			_, err = client.CreateFlowLogs(t.Context(), in, options...)
			require.NoError(t, err)
			assert.Equal(t, []int{1, 1, 1, 1, 1}, api.counts)
		}
	}
}
