package reconcile_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

func TestConflictError_SaysOnOneLineWhatConflicts(t *testing.T) {
	t.Parallel()
	flowLog := func(id string) types.FlowLog { return types.FlowLog{FlowLogId: aws.String(id)} }
	differs := func(field, want, have string) []reconcile.Difference {
		return []reconcile.Difference{{Field: field, Want: want, Have: have}}
	}
	for _, tt := range []struct {
		name string
		err  reconcile.ConflictError
		want string
	}{
		{"one", reconcile.ConflictError{ResourceID: "vpc-1", Conflicts: []reconcile.Conflict{
			{FlowLog: flowLog("fl-1"), Differences: append(differs("LogFormat", "${a}", "${b}"), differs(`Tags["team"]`, "net", "")...)},
		}}, `flowlogs: vpc-1: flow log fl-1 conflicts: LogFormat is "${b}", want "${a}", Tags["team"] is none, want "net"; Options.Replace does not allow the deletion`},
		{"a tag that is wanted with an empty value", reconcile.ConflictError{ResourceID: "vpc-1", Conflicts: []reconcile.Conflict{
			{FlowLog: flowLog("fl-1"), Differences: differs(`Tags["team"]`, "", "")},
		}}, `flowlogs: vpc-1: flow log fl-1 conflicts: Tags["team"] is none, want ""; Options.Replace does not allow the deletion`},
		{"a bucket that may be the same", reconcile.ConflictError{ResourceID: "vpc-1", Conflicts: []reconcile.Conflict{
			{FlowLog: flowLog("fl-1"), Differences: differs("Destination.BucketARN", "b", "b/")},
		}}, `flowlogs: vpc-1: flow log fl-1 conflicts: Destination.BucketARN is "b/", want "b"; never deleted: EC2 may treat the two destinations as one`},
		{"several", reconcile.ConflictError{ResourceID: "vpc-1", Conflicts: []reconcile.Conflict{
			{FlowLog: flowLog("fl-1")}, {FlowLog: flowLog("fl-2")},
		}}, "flowlogs: vpc-1: flow logs fl-1, fl-2 conflict; Options.Replace does not allow the deletion"},
		{"several, of which one is never deleted", reconcile.ConflictError{ResourceID: "vpc-1", Conflicts: []reconcile.Conflict{
			{FlowLog: flowLog("fl-1")}, {FlowLog: flowLog("fl-2"), Differences: differs("Destination.BucketARN", "b", "b/")},
		}}, "flowlogs: vpc-1: flow logs fl-1, fl-2 conflict; never deleted: EC2 may treat the two destinations as one"},
		{"an error that names the resource", reconcile.ConflictError{ResourceID: "vpc-1", Conflicts: []reconcile.Conflict{
			{FlowLog: flowLog("fl-1")},
		}, Err: &flowlogs.UnsuccessfulError{ResourceID: "vpc-1", Code: "400", Message: "no"}}, "flowlogs: vpc-1: flow log fl-1 conflicts; no (400)"},
		{"none that is shown", reconcile.ConflictError{ResourceID: "vpc-1", Err: flowlogs.ErrAlreadyExists},
			"flowlogs: vpc-1: EC2 says that the flow log exists, but shows none that conflicts; a flow log with the same settings already exists"},
		{"text from anywhere", reconcile.ConflictError{ResourceID: "vpc-1\n", Err: errors.New("no\x1b[2J" + strings.Repeat("ü", 600))},
			`flowlogs: vpc-1\n: EC2 says that the flow log exists, but shows none that conflicts; no\x1b[2J` + strings.Repeat("ü", 497) + "…"},
		{"a long value", reconcile.ConflictError{ResourceID: "vpc-1", Conflicts: []reconcile.Conflict{
			{FlowLog: flowLog("fl-1"), Differences: differs("LogFormat", "", strings.Repeat("x", 2000))},
		}}, `flowlogs: vpc-1: flow log fl-1 conflicts: LogFormat is "` + strings.Repeat("x", 1000) + `…", want none; Options.Replace does not allow the deletion`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, tt.err.Error())
		})
	}
}

func TestApplyError_CountsConflictsAndFailures(t *testing.T) {
	t.Parallel()
	e := &reconcile.ApplyError{Outcomes: []reconcile.Outcome{
		{Action: reconcile.ActionConflict, Err: &reconcile.ConflictError{ResourceID: "vpc-1", Err: flowlogs.ErrAlreadyExists}},
		{Action: reconcile.ActionCreate, Err: flowlogs.ErrThrottled},
		{Action: reconcile.ActionCreate, Err: flowlogs.ErrThrottled},
	}}
	assert.Equal(t, "flowlogs: 1 conflict, 2 resources failed: 1 AlreadyExists (vpc-1: EC2 says that the flow log exists, but shows none that conflicts; "+
		"a flow log with the same settings already exists); 2 Throttled (the call was throttled)", e.Error())
	require.ErrorIs(t, e, flowlogs.ErrThrottled)
	require.ErrorIs(t, e, flowlogs.ErrAlreadyExists)
	assert.Len(t, e.Unwrap(), 2)
}

func TestCallError_HasTheReasonOfItsCause(t *testing.T) {
	t.Parallel()
	err := error(&reconcile.CallError{Operation: "DescribeFlowLogs", Err: &notFoundError{}})
	require.ErrorIs(t, err, flowlogs.ErrResourceNotFound)
	require.NotErrorIs(t, err, flowlogs.Reason(""))
	require.NotErrorIs(t, &reconcile.CallError{Err: errors.New("boom")}, flowlogs.Reason(""))
	assert.Equal(t, flowlogs.ErrResourceNotFound, flowlogs.ReasonOf(err))
	assert.Equal(t, flowlogs.ErrResourceNotFound.Hint(), (&reconcile.CallError{Err: err}).Hint())
	assert.Equal(t, "Allow the caller ec2:DeleteFlowLogs.", (&reconcile.CallError{Operation: "DeleteFlowLogs", Err: flowlogs.ErrNotAuthorized}).Hint())
	assert.Equal(t, "flowlogs: DescribeFlowLogs: unknown error", (&reconcile.CallError{Operation: "DescribeFlowLogs"}).Error())
}

func TestApply_WhenItCannotLookNothingIsDeleted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		probation time.Duration
	}{{"during the probation", time.Minute}, {"right before the deletion", 0}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New()
				put(e, flowLogOn(vpcID(0)), flowLogOn(vpcID(0), everyMinute))
				n := 0
				api := &describing{e, func(in *ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error) {
					if n++; n > 1 {
						return nil, errNoDelay
					}
					return e.DescribeFlowLogs(t.Context(), in)
				}}
				result, err := reconcile.New(api, everything, probation(tt.probation)).Apply(t.Context(), newRequest(1))
				require.ErrorIs(t, err, errNoDelay)
				assert.Empty(t, result.Outcomes[0].Deleted)
				assert.Len(t, e.FlowLogs(), 2)
			})
		})
	}
}

func TestApply_ReportsADeletionOfWhichNothingIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		put(e, flowLogOn(vpcID(0)), flowLogOn(vpcID(0), everyMinute), flowLogOn(vpcID(0), firstFieldOnly))
		deleting := false
		api := &stubbornAndBlind{
			stubborn{e, func([]string) (*ec2.DeleteFlowLogsOutput, error) { deleting = true; return nil, &notFoundError{} }},
			func(in *ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error) {
				if deleting {
					return nil, errNoDelay
				}
				return e.DescribeFlowLogs(t.Context(), in)
			},
		}
		result, err := reconcile.New(api, everything).Apply(t.Context(), newRequest(1))
		require.ErrorIs(t, err, errNoDelay)
		assert.Empty(t, result.Outcomes[0].Deleted)
	})
}

// stubbornAndBlind is an EC2 that neither deletes nor shows as it should.
type stubbornAndBlind struct {
	stubborn
	describe func(*ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error)
}

func (s *stubbornAndBlind) DescribeFlowLogs(_ context.Context, in *ec2.DescribeFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.DescribeFlowLogsOutput, error) {
	return s.describe(in)
}
