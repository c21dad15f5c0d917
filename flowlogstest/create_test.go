package flowlogstest_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestCreateFlowLogs_ReplaysTheResponseToAToken(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		in := toBucket(withIDs(vpcs(3)...), withToken("token"))
		first, err := call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		second, err := call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assertEqual(t, first, second)
		assert.Len(t, e.FlowLogs(), 3)
	})
}

func TestCreateFlowLogs_ReplaysAPartialFailure(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		e.Inject(flowlogstest.FailResources("400", "no", vpc(2)))
		in := toBucket(withIDs(vpcs(3)...), withToken("token"))
		first, err := call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(1), flowLogID(2)}, first.FlowLogIds)
		assert.Len(t, first.Unsuccessful, 1)

		second, err := call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assertEqual(t, first, second)
		assert.Len(t, e.FlowLogs(), 2)
	})
}

func TestCreateFlowLogs_RejectsATokenWithOtherParameters(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		other edit
	}{
		{"resources", withIDs(vpc(1))},
		{"the order of resources", withIDs(vpc(2), vpc(1))},
		{"another bucket", withDestination("arn:aws:s3:::another-bucket")},
		{"another interval", withInterval(60)},
		{"a default in full", withInterval(600)},
		{"tags", withTags("vpc-flow-log", tag("Name", "x"))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
				in := toBucket(withIDs(vpcs(2)...), withToken("token"))
				_, err := call.CreateFlowLogs(t.Context(), in)
				require.NoError(t, err)
				_, err = call.CreateFlowLogs(t.Context(), edited(in, test.other))
				assertAPIError(t, err, "CreateFlowLogs", 400, "IdempotentParameterMismatch",
					"Arguments on this idempotent request are inconsistent with arguments used in previous request(s).")
				assert.Len(t, e.FlowLogs(), 2)
			})
		})
	}
}

func TestCreateFlowLogs_TellsTokensApartByCase(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(1)), withToken("token")))
		require.NoError(t, err)
		_, err = call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(2)), withToken("Token")))
		require.NoError(t, err)
		assert.Len(t, e.FlowLogs(), 2)
	})
}

func TestCreateFlowLogs_LeavesTheTokenOfARejectedCallAndADryRunUnused(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withInterval(1), withToken("token")))
		assert.Equal(t, "InvalidParameter", code(err))
		_, err = call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(2)), withToken("token"), withDryRun))
		assertAPIError(t, err, "CreateFlowLogs", 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
		assert.Empty(t, e.FlowLogs())

		_, err = call.CreateFlowLogs(t.Context(), toBucket(withToken("token")))
		require.NoError(t, err)
		_, err = call.CreateFlowLogs(t.Context(), toBucket(withToken("token"), withDryRun))
		assert.Equal(t, "FlowLogAlreadyExists", code(err), "a dry run ignores the token")
	})
}

func withDryRun(in *ec2.CreateFlowLogsInput) { in.DryRun = aws.Bool(true) }

func TestCreateFlowLogs_GivesACallWithoutATokenOneOfItsOwn(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		first, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(1))))
		require.NoError(t, err)
		second, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(2))))
		require.NoError(t, err)
		assert.Len(t, *first.ClientToken, 44)
		assert.NotEqual(t, *first.ClientToken, *second.ClientToken)

		replayed, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(1)), withToken(*first.ClientToken)))
		require.NoError(t, err)
		assertEqual(t, first, replayed)
	})
}

func TestCreateFlowLogs_CreatesOnceForSimultaneousCallsWithOneToken(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		outs := make([]*ec2.CreateFlowLogsOutput, 20)
		var wg sync.WaitGroup
		for i := range outs {
			wg.Go(func() {
				out, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(5)...), withToken("token")))
				assert.NoError(t, err)
				outs[i] = out
			})
		}
		wg.Wait()
		for _, out := range outs {
			assertEqual(t, outs[0], out)
		}
		assert.Len(t, e.FlowLogs(), 5)
		assert.Len(t, e.Calls(), 20)
	})
}

func TestCreateFlowLogs_RejectsAFlowLogThatExists(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toLogGroup(withIDs(vpc(1))))
		require.NoError(t, err)

		tests := []struct {
			name string
			in   *ec2.CreateFlowLogsInput
		}{
			{"again", toLogGroup(withIDs(vpc(1)))},
			{"on one of several", toLogGroup(withIDs(vpc(2), vpc(1)))},
			{"with other tags", toLogGroup(withTags("vpc-flow-log", tag("Name", "x")))},
			{"with a default in full", toLogGroup(withInterval(600))},
			{"by ARN", toLogGroup(withDestination("arn:aws:logs:us-east-1:123456789012:log-group:flow-logs"))},
		}
		for _, test := range tests {
			_, err := call.CreateFlowLogs(t.Context(), test.in)
			assertAPIError(t, err, "CreateFlowLogs", 400, "FlowLogAlreadyExists", alreadyExists)
			assert.Len(t, e.FlowLogs(), 1, test.name)
		}
	})
}

const alreadyExists = "Error. There is an existing Flow Log with the same configuration and log destination."

func TestCreateFlowLogs_AcceptsAFlowLogThatDiffers(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toLogGroup(withIDs(vpc(1))))
		require.NoError(t, err)
		for _, in := range []*ec2.CreateFlowLogsInput{
			toLogGroup(withInterval(60)), toLogGroup(withFormat("${version}")), toLogGroup(withLogGroup("others")), toLogGroup(withIDs(vpc(2))),
			toBucket(), toBucket(withDestination(bucket + "/prefix")),
		} {
			_, err := call.CreateFlowLogs(t.Context(), in)
			require.NoError(t, err)
		}
	})
}

func TestCreateFlowLogs_CreatesADeletedFlowLogAgain(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		out, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(2)...)))
		require.NoError(t, err)
		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: out.FlowLogIds[:1]})
		require.NoError(t, err)
		again, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(1))))
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(3)}, again.FlowLogIds)
	})
}

func TestCreateFlowLogs_RejectsThe251stFlowLogOfAResource(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	to := func(n int) *ec2.CreateFlowLogsInput {
		return toBucket(withDestination(fmt.Sprintf("%s/%d", bucket, n)))
	}
	for n := range 250 {
		_, err := e.CreateFlowLogs(t.Context(), to(n))
		require.NoError(t, err)
	}
	_, err := e.CreateFlowLogs(t.Context(), edited(to(250), withIDs(vpc(2), vpc(1))))
	assertAPIError(t, err, "CreateFlowLogs", 400, "FlowLogsLimitExceeded", "You've reached the limit on the number of flow logs you can create.")
	assert.Len(t, e.FlowLogs(), 250)
}

func TestOptions_AlreadyExistsPerItemFailsOneResource(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(1)), withToken("a")))
		require.NoError(t, err)

		out, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpc(2), vpc(1), vpc(2)), withToken("b")))
		require.NoError(t, err)
		assertEqual(t, &ec2.CreateFlowLogsOutput{
			ClientToken: aws.String("b"),
			FlowLogIds:  []string{flowLogID(2)},
			Unsuccessful: []types.UnsuccessfulItem{
				unsuccessful(vpc(1), "FlowLogAlreadyExists", alreadyExists),
				unsuccessful(vpc(2), "FlowLogAlreadyExists", alreadyExists),
			},
		}, out)
	}, func(o *flowlogstest.Options) { o.AlreadyExistsPerItem = true })
}

func unsuccessful(resourceID, code, message string) types.UnsuccessfulItem {
	return types.UnsuccessfulItem{
		Error:      &types.UnsuccessfulItemError{Code: aws.String(code), Message: aws.String(message)},
		ResourceId: aws.String(resourceID),
	}
}

// The tag marks the flow logs of CloudWatch's telemetry rules.
func TestCreateFlowLogs_AcceptsTheTagOfTelemetryRules(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		managed := tag("CloudWatchTelemetryRuleManaged", "true")
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withTags(types.ResourceTypeVpcFlowLog, managed)))
		require.NoError(t, err)
		assertEqual(t, []types.Tag{managed}, e.FlowLogs()[0].Tags)
	})
}
