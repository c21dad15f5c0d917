package flowlogstest_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestATokensSecondCallHasTheSameAnswerAndCreatesNothing(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		in := toBucket(on(vpcs(3)...), withToken("token"))
		first, err := call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		second, err := call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		equal(t, first, second)
		assert.Len(t, e.FlowLogs(), 3)
	})
}

func TestATokensAnswerStaysTheSameAfterAPartialFailure(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		e.Inject(flowlogstest.FailResources("400", "no", vpc(2)))
		in := toBucket(on(vpcs(3)...), withToken("token"))
		first, err := call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(1), flowLogID(2)}, first.FlowLogIds)
		assert.Len(t, first.Unsuccessful, 1)

		second, err := call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		equal(t, first, second)
		assert.Len(t, e.FlowLogs(), 2)
	})
}

func TestATokenWithOtherParametersIsAMismatch(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]func(*ec2.CreateFlowLogsInput){
		"resources": on(vpc(1)),
		"order":     on(vpc(2), vpc(1)),
		"bucket":    destination("arn:aws:s3:::another-bucket"),
		"interval":  interval(60),
		"default":   interval(600),
		"tags":      tagged("vpc-flow-log", tag("Name", "x")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				in := toBucket(on(vpcs(2)...), withToken("token"))
				_, err := call.CreateFlowLogs(t.Context(), in)
				require.NoError(t, err)
				_, err = call.CreateFlowLogs(t.Context(), edited(in, other))
				refused(t, err, "CreateFlowLogs", 400, "IdempotentParameterMismatch",
					"Arguments on this idempotent request are inconsistent with arguments used in previous request(s).")
				assert.Len(t, e.FlowLogs(), 2)
			})
		})
	}
}

func TestTokensAreCaseSensitive(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(on(vpc(1)), withToken("token")))
		require.NoError(t, err)
		_, err = call.CreateFlowLogs(t.Context(), toBucket(on(vpc(2)), withToken("Token")))
		require.NoError(t, err)
		assert.Len(t, e.FlowLogs(), 2)
	})
}

func TestRefusedCallsAndDryRunsLeaveTheTokenUnused(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(interval(1), withToken("token")))
		assert.Equal(t, "InvalidParameter", code(err))
		_, err = call.CreateFlowLogs(t.Context(), toBucket(on(vpc(2)), withToken("token"), dryRun))
		refused(t, err, "CreateFlowLogs", 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
		assert.Empty(t, e.FlowLogs())

		_, err = call.CreateFlowLogs(t.Context(), toBucket(withToken("token")))
		require.NoError(t, err)
		_, err = call.CreateFlowLogs(t.Context(), toBucket(withToken("token"), dryRun))
		assert.Equal(t, "FlowLogAlreadyExists", code(err), "a dry run asks what the call would do without the token")
	})
}

func dryRun(in *ec2.CreateFlowLogsInput) { in.DryRun = aws.Bool(true) }

func TestACallWithoutTokenIsGivenOne(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		first, err := call.CreateFlowLogs(t.Context(), toBucket(on(vpc(1))))
		require.NoError(t, err)
		second, err := call.CreateFlowLogs(t.Context(), toBucket(on(vpc(2))))
		require.NoError(t, err)
		assert.Len(t, *first.ClientToken, 44)
		assert.NotEqual(t, *first.ClientToken, *second.ClientToken)

		replayed, err := call.CreateFlowLogs(t.Context(), toBucket(on(vpc(1)), withToken(*first.ClientToken)))
		require.NoError(t, err)
		equal(t, first, replayed)
	})
}

func TestSimultaneousCallsWithOneTokenCreateOnce(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		outs := make([]*ec2.CreateFlowLogsOutput, 20)
		var wg sync.WaitGroup
		for i := range outs {
			wg.Go(func() {
				out, err := call.CreateFlowLogs(t.Context(), toBucket(on(vpcs(5)...), withToken("token")))
				assert.NoError(t, err)
				outs[i] = out
			})
		}
		wg.Wait()
		for _, out := range outs {
			equal(t, outs[0], out)
		}
		assert.Len(t, e.FlowLogs(), 5)
		assert.Len(t, e.Calls(), 20)
	})
}

func TestTheSameFlowLogCannotBeCreatedTwice(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toLogGroup(on(vpc(1))))
		require.NoError(t, err)

		for name, in := range map[string]*ec2.CreateFlowLogsInput{
			"again":             toLogGroup(on(vpc(1))),
			"on one of several": toLogGroup(on(vpc(2), vpc(1))),
			"with other tags":   toLogGroup(tagged("vpc-flow-log", tag("Name", "x"))),
			"default in full":   toLogGroup(interval(600)),
			"by ARN":            toLogGroup(destination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs")),
		} {
			_, err := call.CreateFlowLogs(t.Context(), in)
			refused(t, err, "CreateFlowLogs", 400, "FlowLogAlreadyExists",
				"Error. There is an existing Flow Log with the same configuration and log destination.")
			assert.Len(t, e.FlowLogs(), 1, name)
		}
		for _, in := range []*ec2.CreateFlowLogsInput{
			toLogGroup(interval(60)), toLogGroup(format("${version}")), toLogGroup(logGroup("others")), toLogGroup(on(vpc(2))),
			toBucket(), toBucket(destination(bucket + "/prefix")),
		} {
			_, err := call.CreateFlowLogs(t.Context(), in)
			require.NoError(t, err)
		}
	})
}

func TestADeletedFlowLogCanBeCreatedAgain(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		out, err := call.CreateFlowLogs(t.Context(), toBucket(on(vpcs(2)...)))
		require.NoError(t, err)
		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: out.FlowLogIds[:1]})
		require.NoError(t, err)
		again, err := call.CreateFlowLogs(t.Context(), toBucket(on(vpc(1))))
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(3)}, again.FlowLogIds)
	})
}

func TestAResourceHasAtMost250FlowLogs(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	to := func(n int) *ec2.CreateFlowLogsInput { return toBucket(destination(fmt.Sprintf("%s/%d", bucket, n))) }
	for n := range 250 {
		_, err := e.CreateFlowLogs(t.Context(), to(n))
		require.NoError(t, err)
	}
	_, err := e.CreateFlowLogs(t.Context(), edited(to(250), on(vpc(2), vpc(1))))
	refused(t, err, "CreateFlowLogs", 400, "FlowLogsLimitExceeded", "You've reached the limit on the number of flow logs you can create.")
	assert.Len(t, e.FlowLogs(), 250)
}
