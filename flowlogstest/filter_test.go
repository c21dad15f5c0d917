package flowlogstest_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestDescribeFlowLogs_Filters(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		filters []types.Filter
		want    []int
	}{
		{"without filters all match", nil, []int{1, 2, 3}},
		{"deliver-log-status", []types.Filter{filter("deliver-log-status", "SUCCESS")}, []int{1, 2, 3}},
		{"deliver-log-status FAILED", []types.Filter{filter("deliver-log-status", "FAILED")}, nil},
		{"log-destination-type", []types.Filter{filter("log-destination-type", "s3")}, []int{1, 2}},
		{"flow-log-id", []types.Filter{filter("flow-log-id", flowLogID(2))}, []int{2}},
		{"log-group-name", []types.Filter{filter("log-group-name", "flow-logs")}, []int{3}},
		{"resource-id", []types.Filter{filter("resource-id", vpc(1))}, []int{1, 3}},
		{"traffic-type", []types.Filter{filter("traffic-type", "REJECT")}, []int{2}},
		{"tag-key", []types.Filter{filter("tag-key", "Owner")}, []int{2, 3}},
		{"tag", []types.Filter{filter("tag:Owner", "A")}, []int{2}},
		{"one value of a filter suffices", []types.Filter{filter("tag:Owner", "A", "B*")}, []int{2, 3}},
		{"every filter has to match", []types.Filter{filter("tag:Owner", "A", "B*"), filter("resource-id", vpc(1))}, []int{3}},
		{"values are case-sensitive", []types.Filter{filter("traffic-type", "reject", "R*t")}, nil},
		{"no values match nothing", []types.Filter{filter("traffic-type")}, nil},

		{"* matches many characters", []types.Filter{filter("log-group-name", "f*s")}, []int{3}},
		{"* matches no character", []types.Filter{filter("log-group-name", "*flow*-logs*")}, []int{3}},
		{"* alone needs a value", []types.Filter{filter("log-group-name", "*")}, []int{3}},
		{"? matches one character", []types.Filter{filter("log-group-name", "flow?logs")}, []int{3}},
		{"? matches no character", []types.Filter{filter("log-group-name", "flow-logs?")}, []int{3}},
		{"? does not match two characters", []types.Filter{filter("log-group-name", "flow?ogs")}, nil},
		{"several ? match as many characters", []types.Filter{filter("log-group-name", "flow???gs")}, []int{3}},
		{"wildcards go together", []types.Filter{filter("resource-id", "vpc-*?1")}, []int{1, 3}},
		{"a backslash makes * literal", []types.Filter{filter("tag:Owner", `B\*`)}, nil},
		{"escaped wildcards match themselves", []types.Filter{filter("tag:Owner", `B\*amazon\?\\`)}, []int{3}},
		{"a backslash at the end is literal", []types.Filter{filter("tag:Owner", `B*\`, `A\`)}, []int{3}},
		{"a pattern matches the whole value", []types.Filter{filter("log-group-name", "?low", "low*")}, nil},
	}
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		for _, in := range []*ec2.CreateFlowLogsInput{
			toBucket(withIDs(vpc(1))),
			toBucket(withIDs(vpc(2)), withTags("vpc-flow-log", tag("Owner", "A")), withTraffic(types.TrafficTypeReject)),
			toLogGroup(withIDs(vpc(1)), withTags("vpc-flow-log", tag("Name", "x"), tag("Owner", `B*amazon?\`))),
		} {
			_, err := call.CreateFlowLogs(t.Context(), in)
			require.NoError(t, err)
		}
		for _, test := range tests {
			out, err := call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{Filter: test.filters})
			require.NoError(t, err)
			var want []string
			for _, n := range test.want {
				want = append(want, flowLogID(n))
			}
			assert.Equal(t, want, idsOf(out.FlowLogs), test.name)
		}
	})
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: aws.String(name), Values: values}
}

func TestDescribeFlowLogs_FiltersTheFlowLogsNamed(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(3)...)))
		require.NoError(t, err)
		out, err := call.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{
			FlowLogIds: []string{flowLogID(3), flowLogID(1)}, Filter: []types.Filter{filter("resource-id", vpc(1), vpc(2))},
		})
		require.NoError(t, err)
		assert.Equal(t, []string{flowLogID(1)}, idsOf(out.FlowLogs))
	})
}

func TestDescribeFlowLogs_ReturnsPagesOfAFilter(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		for n := range 3 { // 3 flow logs on each of 4 resources
			_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(4)...), withDestination(fmt.Sprintf("%s/%d", bucket, n))))
			require.NoError(t, err)
		}
		for _, values := range [][]string{{vpc(4), vpc(2)}, {"*2", "*4"}} {
			in := &ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(4), Filter: []types.Filter{filter("resource-id", values...)}}
			first, err := call.DescribeFlowLogs(t.Context(), in)
			require.NoError(t, err)
			assert.Equal(t, []string{flowLogID(2), flowLogID(4), flowLogID(6), flowLogID(8)}, idsOf(first.FlowLogs))
			in.NextToken = first.NextToken
			second, err := call.DescribeFlowLogs(t.Context(), in)
			require.NoError(t, err)
			assert.Equal(t, []string{flowLogID(10), flowLogID(12)}, idsOf(second.FlowLogs))
			assert.Nil(t, second.NextToken)
		}
	})
}
