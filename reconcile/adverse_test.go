package reconcile_test

import (
	"context"
	"errors"
	"slices"
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

// failingListings rejects n listings after the first.
func failingListings(n int) flowlogstest.Fault {
	listed := 0
	return flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403).Keep().On(func(c flowlogstest.Call) bool {
		if c.Operation != "DescribeFlowLogs" {
			return false
		}
		listed++
		return listed > 1 && listed <= 1+n
	})
}

func TestApply_RepeatsAListingThatExplainsARejection(t *testing.T) {
	t.Parallel()
	for _, perItem := range []bool{false, true} {
		for _, failures := range []int{1, 5, 1000} {
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) { o.AlreadyExistsPerItem = perItem })
				e.Inject(failingListings(failures))
				api := &before{EC2: e, operation: "CreateFlowLogs", act: func() { put(e, flowLogOn(vpcID(3))) }}
				result, err := reconcile.New(api).Apply(t.Context(), newRequest(10))
				if failures <= 5 {
					require.NoError(t, err)
					for i, o := range result.Outcomes {
						assert.Equal(t, i != 3, o.Created)
						assert.NotEmpty(t, o.FlowLogID)
					}
					return
				}
				var conflict *reconcile.ConflictError
				require.NotErrorAs(t, err, &conflict, "no listing has shown one")
				for i, o := range result.Outcomes {
					require.ErrorIs(t, o.Err, flowlogs.ErrNotAuthorized, "the listing's error")
					if i == 3 || !perItem {
						require.ErrorIs(t, o.Err, flowlogs.ErrAlreadyExists)
						assert.Equal(t, reconcile.ActionCreate, o.Action)
					} else {
						require.ErrorIs(t, o.Err, reconcile.ErrNotShown)
					}
				}
			})
		}
	}
}

func TestApply_FailsWithTheContextWhileItWaitsForAConflict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		fault    flowlogstest.Fault
		after    time.Duration
		conflict bool
	}{
		{"between two listings", flowlogstest.FailResources("FlowLogAlreadyExists", existsMessage), 5 * time.Second, true},
		{"right before a listing", flowlogstest.FailResources("FlowLogAlreadyExists", existsMessage), 3 * time.Second, true},
		{"it may be that of a neighbor", flowlogstest.Reject("FlowLogAlreadyExists", existsMessage, 400).On(on("CreateFlowLogs")), 5 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New()
				e.Inject(tt.fault.Keep())
				ctx, cancel := context.WithTimeoutCause(t.Context(), tt.after, errNoDelay)
				defer cancel()
				result, err := reconcile.New(e).Apply(ctx, newRequest(2))
				for _, o := range result.Outcomes {
					for _, target := range []error{flowlogs.ErrAlreadyExists, context.DeadlineExceeded, errNoDelay} {
						require.ErrorIs(t, err, target)
						require.ErrorIs(t, o.Err, target)
					}
					assert.Equal(t, 1, strings.Count(o.Err.Error(), errNoDelay.Error()), o.Err)
					var conflict *reconcile.ConflictError
					assert.Equal(t, tt.conflict, errors.As(o.Err, &conflict))
				}
			})
		})
	}
}

func TestApply_FailsWithTheListingAndTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(failingListings(1000), flowlogstest.FailResources("FlowLogAlreadyExists", existsMessage, vpcID(0)).Keep())
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := reconcile.New(e).Apply(ctx, newRequest(1))
		for _, target := range []error{flowlogs.ErrAlreadyExists, context.DeadlineExceeded, flowlogs.ErrNotAuthorized} {
			require.ErrorIs(t, err, target)
		}
	})
}

func TestApply_ConflictHasEC2sErrorOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// The second call is rechecked again with the parts of the first.
		e := flowlogstest.New()
		e.Inject(flowlogstest.Reject("FlowLogAlreadyExists", existsMessage, 400).Keep().On(func(c flowlogstest.Call) bool {
			return slices.Contains(c.ResourceIDs, vpcID(1)) || slices.Contains(c.ResourceIDs, vpcID(2))
		}))
		result, err := reconcile.New(e, batchesOf(2)).Apply(t.Context(), newRequest(3))
		require.Error(t, err)
		assert.True(t, result.Outcomes[0].Created)
		for _, o := range result.Outcomes[1:] {
			var conflict, inner *reconcile.ConflictError
			require.ErrorAs(t, o.Err, &conflict)
			require.ErrorIs(t, conflict.Err, flowlogs.ErrAlreadyExists)
			require.NotErrorAs(t, conflict.Err, &inner)
		}
	})
}

func TestApply_DryRunDoesNotWaitForAFlowLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.Respond(502, "<html>").On(on("CreateFlowLogs")).Keep())
		req := newRequest(1)
		req.DryRun = true
		_, err := reconcile.New(e).Apply(t.Context(), req)
		require.ErrorIs(t, err, flowlogs.ErrUnavailable)
		assert.Equal(t, 1, calls(e, "DescribeFlowLogs"))
	})
}

func TestApply_ClaimsWhatALostAttemptCreated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		perItem bool
		before  bool // the flow logs were there before
		created bool
	}{
		{"the call is rejected", false, false, true},
		{"the resources are rejected", true, false, true},
		{"the flow logs are older", true, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) {
					o.AlreadyExistsPerItem, o.DescribeLag, o.TokenLifetime = tt.perItem, 10*time.Second, 0
				})
				if tt.before {
					_, err := flowlogs.New(e).Create(t.Context(), newRequest(3))
					require.NoError(t, err)
					time.Sleep(5 * time.Second)
				}
				e.Inject(flowlogstest.LoseResponse().On(on("CreateFlowLogs")))
				attempts := 0
				result, err := reconcile.New(e, client(func(o *flowlogs.Options) {
					o.OnAttempt = func(flowlogs.Attempt) { attempts++ }
				})).Apply(t.Context(), newRequest(3))
				require.NoError(t, err)
				assert.Equal(t, tt.created, result.Changed)
				for _, o := range result.Outcomes {
					assert.Equal(t, tt.created, o.Created)
					assert.Equal(t, tt.created, o.Action == reconcile.ActionCreate)
					assert.NotEmpty(t, o.FlowLogID)
				}
				assert.Equal(t, 2, attempts, "the caller's OnAttempt")
			})
		})
	}
}

func TestApply_CountsWhatALostDeletionDeletedWhileItIsStillShown(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 10 * time.Second, time.Hour} {
		for _, vpcs := range []int{1, 2, 5} {
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) { o.DeleteLag = lag })
				var old []string
				for i := range vpcs {
					old = append(old, put(e, flowLogOn(vpcID(i), everyMinute))...)
				}
				e.Inject(flowlogstest.LoseResponse().On(on("DeleteFlowLogs")))
				result, err := reconcile.New(e, everything).Apply(t.Context(), newRequest(vpcs))
				require.NoError(t, err)
				assert.True(t, result.Changed)
				for i, o := range result.Outcomes {
					assert.Equal(t, old[i:i+1], o.Deleted)
				}
				assert.Len(t, e.FlowLogs(), vpcs)
				if lag < time.Minute {
					assert.Equal(t, 2, calls(e, "DeleteFlowLogs"), "a search for what a later listing shows")
				}
			})
		}
	}
}

func TestApply_LooksWhatADeletionWithoutAResponseDeleted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		fault   flowlogstest.Fault
		deleted bool
	}{
		{"all of them", flowlogstest.LoseResponse(), true},
		{"all of them, with the code of a rejection", flowlogstest.Reject("InvalidParameterValue", "m", 500).AfterApplying(), true},
		{"none of them", flowlogstest.Respond(502, "<html>"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New()
				put(e, flowLogOn(vpcID(0), everyMinute), flowLogOn(vpcID(1), everyMinute))
				e.Inject(tt.fault.On(on("DeleteFlowLogs")).Keep())
				result, err := reconcile.New(e, everything).Apply(t.Context(), newRequest(2))
				assert.Equal(t, tt.deleted, err == nil)
				for _, o := range result.Outcomes {
					assert.Equal(t, tt.deleted, len(o.Deleted) == 1)
					if !tt.deleted {
						require.ErrorIs(t, o.Err, flowlogs.ErrUnavailable)
					}
				}
			})
		})
	}
}

func TestApply_DoesNotReportADeletionThatNoItemDenies(t *testing.T) {
	t.Parallel()
	item := func(id *string, code string) types.UnsuccessfulItem {
		return types.UnsuccessfulItem{ResourceId: id, Error: &types.UnsuccessfulItemError{Code: &code, Message: aws.String("no")}}
	}
	const denied = "UnauthorizedOperation"
	for _, tt := range []struct {
		name string
		item func(id string) types.UnsuccessfulItem
		want []error // by resource; nil: deleted
	}{
		{"the ID", func(id string) types.UnsuccessfulItem { return item(&id, denied) }, []error{flowlogs.ErrNotAuthorized, nil}},
		{"its ARN", func(id string) types.UnsuccessfulItem {
			return item(aws.String("arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/"+id), denied)
		}, []error{flowlogs.ErrNotAuthorized, nil}},
		{"nothing", func(string) types.UnsuccessfulItem { return item(nil, denied) },
			[]error{flowlogs.ErrIncompleteResponse, flowlogs.ErrIncompleteResponse}},
		{"nothing, and says that it is gone", func(string) types.UnsuccessfulItem { return item(nil, "InvalidFlowLogId.NotFound") },
			[]error{flowlogs.ErrIncompleteResponse, flowlogs.ErrIncompleteResponse}},
		{"neither ID nor error", func(string) types.UnsuccessfulItem { return types.UnsuccessfulItem{} },
			[]error{flowlogs.ErrIncompleteResponse, flowlogs.ErrIncompleteResponse}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := flowlogstest.New()
			for i := range tt.want {
				put(e, flowLogOn(vpcID(i), everyMinute))
			}
			api := &stubborn{e, func(ids []string) (*ec2.DeleteFlowLogsOutput, error) {
				return &ec2.DeleteFlowLogsOutput{Unsuccessful: []types.UnsuccessfulItem{tt.item(ids[0])}}, nil
			}}
			result, _ := reconcile.New(api, everything).Apply(t.Context(), newRequest(len(tt.want)))
			for i, want := range tt.want {
				o := result.Outcomes[i]
				require.ErrorIs(t, o.Err, want)
				assert.Equal(t, want == nil, len(o.Deleted) == 1)
			}
		})
	}
}

func TestApply_NamesOnlyTheConflictsThatStay(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	old := put(e, flowLogOn(vpcID(0), everyMinute), flowLogOn(vpcID(0), firstFieldOnly))
	api := &stubborn{e, func(ids []string) (*ec2.DeleteFlowLogsOutput, error) {
		return &ec2.DeleteFlowLogsOutput{Unsuccessful: []types.UnsuccessfulItem{{
			ResourceId: &old[1], Error: &types.UnsuccessfulItemError{Code: aws.String("UnauthorizedOperation"), Message: aws.String("no")},
		}}}, nil
	}}
	result, err := reconcile.New(api, everything).Apply(t.Context(), newRequest(1))
	var conflict *reconcile.ConflictError
	require.ErrorAs(t, err, &conflict)
	assert.Equal(t, old[:1], result.Outcomes[0].Deleted)
	require.Len(t, conflict.Conflicts, 1)
	assert.Equal(t, old[1], *conflict.Conflicts[0].FlowLog.FlowLogId)

	// Somebody deletes one, and the other may no longer be replaced.
	e = flowlogstest.New()
	old = put(e, flowLogOn(vpcID(0), everyMinute), flowLogOn(vpcID(0), firstFieldOnly))
	replace := true
	meddle := &meddling{EC2: e, act: func([]string) {
		_, _ = e.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: old[:1]})
		replace = false
	}}
	_, err = reconcile.New(meddle, func(o *reconcile.Options) {
		o.Replace = func(types.FlowLog) bool { return replace }
	}).Apply(t.Context(), newRequest(1))
	require.ErrorAs(t, err, &conflict)
	require.Len(t, conflict.Conflicts, 1)
	assert.Equal(t, old[1], *conflict.Conflicts[0].FlowLog.FlowLogId)
}

func TestApply_NamesAnErrorOfADeletionOnce(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	put(e, flowLogOn(vpcID(0), everyMinute), flowLogOn(vpcID(0), firstFieldOnly))
	e.Inject(flowlogstest.Reject("UnauthorizedOperation", "no", 403).On(on("DeleteFlowLogs")))
	_, err := reconcile.New(e, everything).Apply(t.Context(), newRequest(1))
	require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
	assert.Equal(t, 1, strings.Count(err.Error(), "UnauthorizedOperation"), err)
	var conflict *reconcile.ConflictError
	require.ErrorAs(t, err, &conflict)
	assert.Len(t, conflict.Conflicts, 2)
}

func TestApply_WhenBothFlowLogsAreGoneItIsNoSuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		old := put(e, flowLogOn(vpcID(0), everyMinute))
		api := &meddling{EC2: e, act: func(created []string) {
			_, _ = e.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: append(old, created...)})
		}}
		_, err := reconcile.New(api, everything).Apply(t.Context(), newRequest(1))
		require.ErrorContains(t, err, "is not shown")
		var conflict *reconcile.ConflictError
		require.NotErrorAs(t, err, &conflict)
	})
}

func TestApply_FillsTheOutcomesOfARepeatedResource(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	put(e, flowLogOn(vpcID(1)))
	req := newRequest(2)
	req.ResourceIDs = append(req.ResourceIDs, req.ResourceIDs...)
	allow := client(func(o *flowlogs.Options) { o.Allow = func(*flowlogs.FieldError) bool { return true } })
	result, err := reconcile.New(e, allow).Apply(t.Context(), req)
	require.NoError(t, err)
	require.Len(t, result.Outcomes, 4)
	assert.Equal(t, result.Outcomes[:2], result.Outcomes[2:])
	assert.True(t, result.Outcomes[2].Created)
	assert.Len(t, e.FlowLogs(), 2)
	for _, c := range e.Calls() {
		if c.Operation == "CreateFlowLogs" {
			assert.Equal(t, []string{vpcID(0)}, c.ResourceIDs)
		}
	}

	plan, err := reconcile.New(e, allow).Plan(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, plan.Changes[:2], plan.Changes[2:])
}

func TestReconciler_HasNothingToDoWithoutResources(t *testing.T) {
	t.Parallel()
	for _, resourceType := range []flowlogs.ResourceType{"", flowlogs.ResourceTypeVPC} {
		e := flowlogstest.New()
		req := newRequest(0)
		req.ResourceType = resourceType
		result, err := reconcile.New(e).Apply(t.Context(), req)
		require.NoError(t, err)
		assert.Equal(t, &reconcile.Result{}, result)
		plan, err := reconcile.New(e).Plan(t.Context(), req)
		require.NoError(t, err)
		assert.Empty(t, plan.Changes)
		assert.Empty(t, e.Calls())

		if resourceType == "" { // it may be one without a traffic type
			req.TrafficType = ""
			_, err = reconcile.New(e).Apply(t.Context(), req)
			require.NoError(t, err)
		}

		req.Destination = flowlogs.S3{BucketARN: "archive"}
		_, err = reconcile.New(e).Apply(t.Context(), req)
		var invalid *flowlogs.ValidationError
		require.ErrorAs(t, err, &invalid)
		require.Len(t, invalid.Fields, 1)
		assert.Equal(t, "Destination.BucketARN", invalid.Fields[0].Field)
	}
}

func TestApply_DeletesNothingForAFlowLogOf2017ThatIsFailing(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	req := newRequest(1)
	byName(&req)
	message := func(f *types.FlowLog) { f.DeliverLogsErrorMessage = aws.String("Access error") }
	put(e, in2017(vpcID(0), message), in2017(vpcID(0), firstFieldOnly))
	result, err := reconcile.New(e, everything).Apply(t.Context(), req)
	require.ErrorIs(t, err, reconcile.ErrFailing)
	assert.Contains(t, err.Error(), "flowlogs: 1 conflict: 1 Failing ("+vpcID(0)+": ")
	assert.Equal(t, reconcile.ActionConflict, result.Outcomes[0].Action)
	assert.Len(t, e.FlowLogs(), 2)
}

func TestReconciler_PacesDeletionsByItsLimiter(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	put(e, flowLogOn(vpcID(0), everyMinute))
	limiter := &counting{}
	_, err := reconcile.New(e, everything, func(o *reconcile.Options) { o.DeleteLimiter = limiter }).Apply(t.Context(), newRequest(1))
	require.NoError(t, err)
	assert.EqualValues(t, 1, limiter.waits.Load())
	assert.Equal(t, []flowlogs.Reason{""}, limiter.reasons)

	put(e, flowLogOn(vpcID(0), everyMinute))
	limiter.rejects = errors.New("enough")
	_, err = reconcile.New(e, everything, func(o *reconcile.Options) { o.DeleteLimiter = limiter }).Apply(t.Context(), newRequest(1))
	require.ErrorIs(t, err, limiter.rejects)
}
