package reconcile_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// operations returns the calls in their order, repetitions once.
func operations(e *flowlogstest.EC2) []string {
	var names []string
	for _, c := range e.Calls() {
		names = append(names, c.Operation)
	}
	return slices.Compact(names)
}

func probation(d time.Duration) func(*reconcile.Options) {
	return func(o *reconcile.Options) { o.Probation = d }
}

func TestApply_ReplacesWithoutAGap(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	old := put(e, flowLogOn(vpcID(0), everyMinute), flowLogOn(vpcID(0), firstFieldOnly), flowLogOn(vpcID(1), everyMinute))
	result, err := reconcile.New(e, everything).Apply(t.Context(), newRequest(2))
	require.NoError(t, err)
	assert.True(t, result.Changed)
	assert.Equal(t, old[:2], result.Outcomes[0].Deleted)
	assert.Equal(t, old[2:], result.Outcomes[1].Deleted)
	for i, f := range e.FlowLogs() {
		o := result.Outcomes[i]
		assert.Equal(t, reconcile.Outcome{
			ResourceID: vpcID(i), FlowLogID: *f.FlowLogId, Action: reconcile.ActionReplace, Created: true, Deleted: o.Deleted,
		}, o)
	}
	assert.Equal(t, []string{"DescribeFlowLogs", "CreateFlowLogs", "DescribeFlowLogs", "DeleteFlowLogs"}, operations(e))
	assert.Equal(t, 1, calls(e, "DeleteFlowLogs"))
}

func TestApply_DeletesNothingByDefault(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	put(e, flowLogOn(vpcID(0), everyMinute), flowLogOn(vpcID(1)), flowLogOn(vpcID(1), everyMinute))
	_, err := reconcile.New(e).Apply(t.Context(), newRequest(2))
	require.Error(t, err)
	assert.Len(t, e.FlowLogs(), 3)
	assert.Zero(t, calls(e, "DeleteFlowLogs"))
}

func TestApply_OnlyDeletesWhereTheNewFlowLogExistsAlready(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	ids := put(e, flowLogOn(vpcID(0)), flowLogOn(vpcID(0), everyMinute))
	result, err := reconcile.New(e, everything).Apply(t.Context(), newRequest(1))
	require.NoError(t, err)
	o := result.Outcomes[0]
	assert.Equal(t, reconcile.ActionReplace, o.Action)
	assert.Equal(t, ids[0], o.FlowLogID)
	assert.Equal(t, ids[0], *o.Keep.FlowLogId)
	assert.Equal(t, ids[1:], o.Deleted)
	assert.False(t, o.Created)
	require.NoError(t, o.Err)
	assert.Zero(t, calls(e, "CreateFlowLogs"))
}

func TestApply_KeepsTheOldFlowLogIfEC2DoesNotTakeASecondOne(t *testing.T) {
	t.Parallel()
	for _, perItem := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			e := flowlogstest.New()
			old := put(e, flowLogOn(vpcID(1), everyMinute))
			fault := flowlogstest.FailResources("FlowLogAlreadyExists", existsMessage, vpcID(1))
			if !perItem {
				fault = flowlogstest.Reject("FlowLogAlreadyExists", existsMessage, 400).On(func(c flowlogstest.Call) bool {
					return slices.Contains(c.ResourceIDs, vpcID(1))
				})
			}
			e.Inject(fault.Keep())
			result, err := reconcile.New(e, everything).Apply(t.Context(), newRequest(3))
			require.ErrorIs(t, err, flowlogs.ErrAlreadyExists)
			o := result.Outcomes[1]
			var conflict *reconcile.ConflictError
			require.ErrorAs(t, o.Err, &conflict)
			assert.Equal(t, old[0], *conflict.Conflicts[0].FlowLog.FlowLogId)
			assert.Equal(t, reconcile.ActionReplace, o.Action)
			assert.Empty(t, o.Deleted)
			assert.True(t, result.Outcomes[0].Created)
			assert.True(t, result.Outcomes[2].Created)
			assert.Len(t, e.FlowLogs(), 3)
		})
	}
}

func TestApply_WatchesTheNewFlowLogDuringItsProbation(t *testing.T) {
	t.Parallel()
	toGroup := func(r *flowlogs.Request) {
		r.Destination = flowlogs.CloudWatchLogs{LogGroupName: "flows", RoleARN: roleARN}
	}
	for _, tt := range []struct {
		name      string
		failAfter time.Duration
		probation time.Duration
		want      error
		took      time.Duration
	}{
		{"no failure", time.Hour, 20 * time.Minute, nil, 20 * time.Minute},
		{"a failure", 5 * time.Minute, 20 * time.Minute, reconcile.ErrFailing, 6 * time.Minute},
		{"a failure at the end", 20 * time.Minute, 20 * time.Minute, reconcile.ErrFailing, 20 * time.Minute},
		{"a failure at once, without probation", 0, 0, reconcile.ErrFailing, 0},
		{"no probation", time.Minute, 0, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) {
					o.LogGroups, o.FailedAfter = []string{}, tt.failAfter // the role cannot write to any
				})
				req := newRequest(1)
				toGroup(&req)
				old := put(e, in2017(vpcID(0), everyMinute))
				r := reconcile.New(e, everything, probation(tt.probation))
				start := time.Now()
				result, err := r.Apply(t.Context(), req)
				require.ErrorIs(t, err, tt.want)
				assert.Equal(t, tt.took, time.Since(start))
				o := result.Outcomes[0]
				assert.True(t, o.Created)
				assert.NotEmpty(t, o.FlowLogID)
				if tt.want == nil {
					assert.Equal(t, old, o.Deleted)
					return
				}
				assert.Empty(t, o.Deleted)
				assert.Len(t, e.FlowLogs(), 2)
				assert.Contains(t, err.Error(), `; nothing is deleted while the wanted flow log is failing: `+o.FlowLogID+`, "Access error"`)

				// The next one must not take the failing flow log for a reason to delete.
				result, err = r.Apply(t.Context(), req)
				require.ErrorIs(t, err, reconcile.ErrFailing)
				assert.False(t, result.Changed)
				assert.Equal(t, reconcile.ActionConflict, result.Outcomes[0].Action)
				assert.Len(t, e.FlowLogs(), 2)
			})
		})
	}
}

func TestApply_ContinuesTheProbationAfterACrash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		old := put(e, flowLogOn(vpcID(0), everyMinute))
		r := reconcile.New(e, everything, probation(20*time.Minute))
		ctx, crash := context.WithTimeout(t.Context(), 5*time.Minute)
		defer crash()
		result, err := r.Apply(ctx, newRequest(1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.True(t, result.Outcomes[0].Created)
		assert.Len(t, e.FlowLogs(), 2)

		start := time.Now()
		result, err = r.Apply(t.Context(), newRequest(1))
		require.NoError(t, err)
		assert.Equal(t, 15*time.Minute, time.Since(start))
		assert.Equal(t, old, result.Outcomes[0].Deleted)
		assert.False(t, result.Outcomes[0].Created)
	})
}

func TestApply_ProbationOfAFlowLogWithoutATimeIsAWholeOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		put(e, flowLogOn(vpcID(0)), flowLogOn(vpcID(0), everyMinute))
		start := time.Now()
		_, err := reconcile.New(e, everything, probation(time.Hour)).Apply(t.Context(), newRequest(1))
		require.NoError(t, err)
		assert.Equal(t, time.Hour, time.Since(start))
	})
}

func TestApply_LooksAtANewFlowLogOnceItIsShown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lag     time.Duration
		deleted int
	}{{5 * time.Second, 1}, {time.Hour, 0}} {
		synctest.Test(t, func(t *testing.T) {
			e := flowlogstest.New(func(o *flowlogstest.Options) { o.DescribeLag = tt.lag })
			put(e, flowLogOn(vpcID(0), everyMinute))
			result, err := reconcile.New(e, everything).Apply(t.Context(), newRequest(1))
			assert.Equal(t, tt.deleted == 1, err == nil)
			assert.Len(t, result.Outcomes[0].Deleted, tt.deleted)
			assert.NotEmpty(t, result.Outcomes[0].FlowLogID)
		})
	}
}

// meddling is an EC2 in which something happens after each creation.
type meddling struct {
	*flowlogstest.EC2
	act func(created []string)
}

func (m *meddling) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	out, err := m.EC2.CreateFlowLogs(ctx, in, optFns...)
	if err == nil {
		m.act(out.FlowLogIds)
	}
	return out, err
}

func TestApply_LooksAgainRightBeforeItDeletes(t *testing.T) {
	t.Parallel()
	byHand := func(f *types.FlowLog) { f.Tags = []types.Tag{{Key: aws.String("keep"), Value: aws.String("true")}} }
	for _, tt := range []struct {
		name    string
		meddle  func(e *flowlogstest.EC2, old, created string)
		want    string // of the error
		left    int
		deleted int
	}{
		{"somebody deletes the new one", func(e *flowlogstest.EC2, _, created string) {
			_, _ = e.DeleteFlowLogs(context.Background(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{created}})
		}, "is not shown", 1, 0},
		{"somebody deletes the old one", func(e *flowlogstest.EC2, old, _ string) {
			_, _ = e.DeleteFlowLogs(context.Background(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{old}})
		}, "", 1, 0},
		{"the old one is to be kept now", func(e *flowlogstest.EC2, old, _ string) {
			put(e, flowLogOn(vpcID(0), everyMinute, byHand, func(f *types.FlowLog) { f.FlowLogId = &old }))
		}, "Options.Replace no longer allows the deletion", 2, 0},
		{"the new one fails", func(e *flowlogstest.EC2, _, created string) {
			put(e, flowLogOn(vpcID(0), failing, func(f *types.FlowLog) { f.FlowLogId = &created }))
		}, "is failing", 2, 0},
		{"nothing", func(*flowlogstest.EC2, string, string) {}, "", 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New()
				old := put(e, flowLogOn(vpcID(0), everyMinute))
				api := &meddling{EC2: e, act: func(created []string) { tt.meddle(e, old[0], created[0]) }}
				result, err := reconcile.New(api, func(o *reconcile.Options) {
					o.Replace = func(f types.FlowLog) bool { return len(f.Tags) == 0 }
				}).Apply(t.Context(), newRequest(1))
				if tt.want == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tt.want)
				}
				assert.Len(t, e.FlowLogs(), tt.left)
				assert.Len(t, result.Outcomes[0].Deleted, tt.deleted)
			})
		})
	}
}

func TestApply_DeletesTheOthersWhenOneIsGone(t *testing.T) {
	t.Parallel()
	const vpcs = 20
	for _, tt := range []struct {
		name    string
		fault   []flowlogstest.Fault
		deleted int
		want    error
	}{
		{"somebody was faster", nil, vpcs - 1, nil},
		{"the response was lost", []flowlogstest.Fault{flowlogstest.LoseResponse().On(on("DeleteFlowLogs"))}, vpcs - 1, nil},
		{"the caller may not delete", []flowlogstest.Fault{
			flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403).On(on("DeleteFlowLogs")).Keep(),
		}, 0, flowlogs.ErrNotAuthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New()
				var old []string
				for i := range vpcs {
					old = append(old, put(e, flowLogOn(vpcID(i), everyMinute))...)
				}
				api := &before{EC2: e, operation: "DeleteFlowLogs", act: func() {
					_, err := e.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: old[3:4]})
					require.NoError(t, err)
					e.Inject(tt.fault...)
				}}
				result, err := reconcile.New(api, everything).Apply(t.Context(), newRequest(vpcs))
				require.ErrorIs(t, err, tt.want)
				deleted := 0
				for _, o := range result.Outcomes {
					deleted += len(o.Deleted)
				}
				assert.Equal(t, tt.deleted, deleted)
				assert.Len(t, e.FlowLogs(), vpcs+vpcs-1-tt.deleted)
				assert.LessOrEqual(t, calls(e, "DeleteFlowLogs"), 5, "one is that of somebody else")
			})
		})
	}
}

func TestApply_CountsWhatALostDeletionDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		old := put(e, flowLogOn(vpcID(0), everyMinute), flowLogOn(vpcID(1), everyMinute))
		e.Inject(flowlogstest.LoseResponse().On(on("DeleteFlowLogs")))
		result, err := reconcile.New(e, everything).Apply(t.Context(), newRequest(2))
		require.NoError(t, err)
		assert.Equal(t, old[:1], result.Outcomes[0].Deleted)
		assert.Equal(t, old[1:], result.Outcomes[1].Deleted)
	})
}

// stubborn is an EC2 that responds to deletions as told.
type stubborn struct {
	*flowlogstest.EC2
	respond func([]string) (*ec2.DeleteFlowLogsOutput, error)
}

func (s *stubborn) DeleteFlowLogs(_ context.Context, in *ec2.DeleteFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.DeleteFlowLogsOutput, error) {
	return s.respond(in.FlowLogIds)
}

func TestApply_ReportsWhatCouldNotBeDeleted(t *testing.T) {
	t.Parallel()
	item := func(id, code string) types.UnsuccessfulItem {
		return types.UnsuccessfulItem{ResourceId: &id, Error: &types.UnsuccessfulItemError{Code: &code, Message: aws.String("no")}}
	}
	notFound := &notFoundError{}
	for _, tt := range []struct {
		name    string
		respond func(ids []string) (*ec2.DeleteFlowLogsOutput, error)
		want    []error // by resource
	}{
		{"an item", func(ids []string) (*ec2.DeleteFlowLogsOutput, error) {
			return &ec2.DeleteFlowLogsOutput{Unsuccessful: []types.UnsuccessfulItem{item(ids[1], "UnauthorizedOperation")}}, nil
		}, []error{nil, flowlogs.ErrNotAuthorized, nil}},
		{"an item of a flow log that is gone", func(ids []string) (*ec2.DeleteFlowLogsOutput, error) {
			return &ec2.DeleteFlowLogsOutput{Unsuccessful: []types.UnsuccessfulItem{item(ids[1], "InvalidFlowLogId.NotFound")}}, nil
		}, []error{nil, nil, nil}},
		{"no output", func([]string) (*ec2.DeleteFlowLogsOutput, error) { return nil, nil },
			[]error{flowlogs.ErrIncompleteResponse, flowlogs.ErrIncompleteResponse, flowlogs.ErrIncompleteResponse}},
		{"all gone, but still shown", func([]string) (*ec2.DeleteFlowLogsOutput, error) { return nil, notFound }, []error{nil, nil, nil}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New()
				for i := range tt.want {
					put(e, flowLogOn(vpcID(i), everyMinute))
				}
				result, err := reconcile.New(&stubborn{e, tt.respond}, everything).Apply(t.Context(), newRequest(len(tt.want)))
				for i, want := range tt.want {
					require.ErrorIs(t, result.Outcomes[i].Err, want)
					if want != nil {
						require.ErrorIs(t, err, want)
					}
				}
			})
		})
	}
}

// notFoundError is EC2's for a flow log that does not exist.
type notFoundError struct{}

func (*notFoundError) Error() string                 { return "api error InvalidFlowLogId.NotFound: no" }
func (*notFoundError) ErrorCode() string             { return "InvalidFlowLogId.NotFound" }
func (*notFoundError) ErrorMessage() string          { return "no" }
func (*notFoundError) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }
