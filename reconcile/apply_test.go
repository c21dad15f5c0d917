package reconcile_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
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

const existsMessage = "Error. There is an existing Flow Log with the same configuration and log destination."

func on(operation string) func(flowlogstest.Call) bool {
	return func(c flowlogstest.Call) bool { return c.Operation == operation }
}

// calls counts the calls of an operation.
func calls(e *flowlogstest.EC2, operation string) int {
	return len(slices.DeleteFunc(e.Calls(), func(c flowlogstest.Call) bool { return c.Operation != operation }))
}

func batchesOf(n int) func(*reconcile.Options) {
	return func(o *reconcile.Options) {
		o.Create = append(o.Create, func(o *flowlogs.Options) { o.BatchSize = n })
	}
}

// before is an EC2 in which somebody else acts right before an operation, once.
type before struct {
	*flowlogstest.EC2
	operation string
	act       func()
	once      sync.Once
}

func (b *before) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	b.do("CreateFlowLogs")
	return b.EC2.CreateFlowLogs(ctx, in, optFns...)
}

func (b *before) DeleteFlowLogs(ctx context.Context, in *ec2.DeleteFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.DeleteFlowLogsOutput, error) {
	b.do("DeleteFlowLogs")
	return b.EC2.DeleteFlowLogs(ctx, in, optFns...)
}

func (b *before) do(operation string) {
	if operation == b.operation {
		b.once.Do(b.act)
	}
}

func TestApply_CreatesWhatIsMissingAndThenHasNothingToDo(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	existing := put(e, flowLogOn(vpcID(1)))
	r := reconcile.New(e)
	req := newRequest(3)

	result, err := r.Apply(t.Context(), req)
	require.NoError(t, err)
	assert.True(t, result.Changed)
	for i, o := range result.Outcomes {
		assert.Equal(t, req.ResourceIDs[i], o.ResourceID)
		assert.Equal(t, i != 1, o.Created)
		require.NoError(t, o.Err)
	}
	assert.Equal(t, existing[0], result.Outcomes[1].FlowLogID)
	for _, f := range e.FlowLogs() {
		i := slices.Index(req.ResourceIDs, *f.ResourceId)
		assert.Equal(t, *f.FlowLogId, result.Outcomes[i].FlowLogID, "the ID of another resource's flow log")
	}

	creates := calls(e, "CreateFlowLogs")
	again, err := r.Apply(t.Context(), req)
	require.NoError(t, err)
	assert.False(t, again.Changed)
	assert.Equal(t, creates, calls(e, "CreateFlowLogs"))
	for i, o := range again.Outcomes {
		assert.Equal(t, result.Outcomes[i].FlowLogID, *o.Keep.FlowLogId)
		assert.Equal(t, reconcile.Outcome{
			ResourceID: req.ResourceIDs[i], FlowLogID: *o.Keep.FlowLogId, Action: reconcile.ActionKeep, Keep: o.Keep, Delivery: reconcile.DeliveryNotFailing,
		}, o)
	}
}

func TestApply_AConflictDoesNotKeepTheRestFromBeingDone(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	ids := put(e, flowLogOn(vpcID(0), everyMinute))
	result, err := reconcile.New(e).Apply(t.Context(), newRequest(2))

	var conflict *reconcile.ConflictError
	require.ErrorAs(t, err, &conflict)
	assert.Equal(t, vpcID(0), conflict.ResourceID)
	assert.Equal(t, ids[0], *conflict.Conflicts[0].FlowLog.FlowLogId)
	require.NoError(t, conflict.Err)
	var failed *reconcile.ApplyError
	require.ErrorAs(t, err, &failed)
	assert.Len(t, failed.Outcomes, 1)
	assert.Equal(t, "flowlogs: 1 conflict: 1 Conflict ("+vpcID(0)+": flow log "+ids[0]+
		` conflicts: MaxAggregationInterval is "1m0s (60 seconds)", want "10m0s (600 seconds)"; Options.Replace does not allow the deletion)`, err.Error())

	assert.True(t, result.Changed)
	assert.Equal(t, reconcile.ActionConflict, result.Outcomes[0].Action)
	assert.Equal(t, error(conflict), result.Outcomes[0].Err)
	assert.Empty(t, result.Outcomes[0].FlowLogID)
	assert.True(t, result.Outcomes[1].Created)
	assert.Len(t, e.FlowLogs(), 2)
}

func TestApply_DryRunAsksForThePermissionAndChangesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		faults []flowlogstest.Fault
		want   error
	}{
		{"allowed", nil, nil},
		{"not allowed", []flowlogstest.Fault{flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403).On(on("CreateFlowLogs")).Keep()}, flowlogs.ErrNotAuthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := flowlogstest.New()
			put(e, flowLogOn(vpcID(1)), flowLogOn(vpcID(2), everyMinute))
			before := e.FlowLogs()
			e.Inject(tt.faults...)
			req := newRequest(3)
			req.DryRun = true
			result, err := reconcile.New(e, everything).Apply(t.Context(), req)
			assert.Equal(t, before, e.FlowLogs())
			assert.False(t, result.Changed)
			for i, action := range []reconcile.Action{reconcile.ActionCreate, reconcile.ActionKeep, reconcile.ActionReplace} {
				o := result.Outcomes[i]
				assert.Equal(t, action, o.Action)
				assert.False(t, o.Created)
				if action == reconcile.ActionKeep {
					require.NoError(t, o.Err)
				} else {
					require.ErrorIs(t, o.Err, tt.want)
				}
			}
			require.ErrorIs(t, err, tt.want)
			assert.Zero(t, calls(e, "DeleteFlowLogs"))
		})
	}
}

func TestApply_AdoptsWhatSomebodyElseWasFasterWith(t *testing.T) {
	t.Parallel()
	for _, perItem := range []bool{false, true} {
		name := map[bool]string{false: "the call is rejected", true: "the resource is rejected"}[perItem]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) { o.AlreadyExistsPerItem = perItem })
				api := &before{EC2: e, operation: "CreateFlowLogs", act: func() {
					put(e, flowLogOn(vpcID(3)), flowLogOn(vpcID(7)))
				}}
				start := time.Now()
				result, err := reconcile.New(api).Apply(t.Context(), newRequest(20))
				require.NoError(t, err)
				for i, o := range result.Outcomes {
					adopted := i == 3 || i == 7
					assert.Equal(t, !adopted, o.Created)
					assert.Equal(t, adopted, o.Action == reconcile.ActionKeep)
					assert.NotEmpty(t, o.FlowLogID)
				}
				assert.Len(t, e.FlowLogs(), 20)
				assert.LessOrEqual(t, calls(e, "CreateFlowLogs"), 2, "a search for what a list shows")
				assert.Zero(t, time.Since(start))
			})
		})
	}
}

func TestApply_ReportsTheConflictThatSomebodyElseCreated(t *testing.T) {
	t.Parallel()
	for _, perItem := range []bool{false, true} {
		e := flowlogstest.New()
		api := &before{EC2: e, operation: "CreateFlowLogs", act: func() { put(e, flowLogOn(vpcID(1), everyMinute)) }}
		fault := flowlogstest.Reject("FlowLogAlreadyExists", existsMessage, 400)
		if perItem {
			fault = flowlogstest.FailResources("FlowLogAlreadyExists", existsMessage, vpcID(1))
		}
		e.Inject(fault.On(on("CreateFlowLogs")))
		result, err := reconcile.New(api).Apply(t.Context(), newRequest(3))
		require.ErrorIs(t, err, flowlogs.ErrAlreadyExists)
		var conflict *reconcile.ConflictError
		require.ErrorAs(t, result.Outcomes[1].Err, &conflict)
		require.ErrorIs(t, conflict, flowlogs.ErrAlreadyExists)
		assert.Len(t, conflict.Conflicts, 1)
		assert.Equal(t, reconcile.ActionConflict, result.Outcomes[1].Action)
		assert.True(t, result.Outcomes[0].Created)
		assert.True(t, result.Outcomes[2].Created)
	}
}

func TestApply_SurvivesAnExistingFlowLogThatIsNotShown(t *testing.T) {
	t.Parallel()
	for _, perItem := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			// EC2 may compare less than this package does.
			e := flowlogstest.New()
			fault := flowlogstest.FailResources("FlowLogAlreadyExists", existsMessage, vpcID(4))
			if !perItem {
				fault = flowlogstest.Reject("FlowLogAlreadyExists", existsMessage, 400).On(func(c flowlogstest.Call) bool {
					return slices.Contains(c.ResourceIDs, vpcID(4))
				})
			}
			e.Inject(fault.Keep())
			result, err := reconcile.New(e).Apply(t.Context(), newRequest(20))
			require.ErrorIs(t, err, flowlogs.ErrAlreadyExists)
			for i, o := range result.Outcomes {
				assert.Equal(t, i != 4, o.Created, "a neighbor of the resource")
			}
			o := result.Outcomes[4]
			var conflict *reconcile.ConflictError
			require.ErrorAs(t, o.Err, &conflict)
			assert.Empty(t, conflict.Conflicts)
			assert.Contains(t, o.Err.Error(), "shows none that conflicts")
			if perItem {
				assert.Equal(t, 1, calls(e, "CreateFlowLogs"))
			}
			assert.Empty(t, o.FlowLogID)
		})
	}
}

func TestApply_SeveralAtOnceEndInOneFlowLogEach(t *testing.T) {
	t.Parallel()
	for _, perItem := range []bool{false, true} {
		for _, lag := range []time.Duration{0, 5 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) { o.AlreadyExistsPerItem, o.DescribeLag = perItem, lag })
				req := newRequest(50)
				put(e, flowLogOn(vpcID(9), everyMinute))
				results := make([]*reconcile.Result, 4)
				var wg sync.WaitGroup
				for i := range results {
					wg.Go(func() {
						r := reconcile.New(e, everything, batchesOf(7), func(o *reconcile.Options) {
							o.Create = append(o.Create, func(o *flowlogs.Options) { o.Token = flowlogs.ContentToken("the same") })
						})
						var err error
						results[i], err = r.Apply(t.Context(), req)
						assert.NoError(t, err)
					})
				}
				wg.Wait()
				assert.Len(t, e.FlowLogs(), 50)
				created := 0
				for i := range req.ResourceIDs {
					for _, result := range results {
						assert.Equal(t, results[0].Outcomes[i].FlowLogID, result.Outcomes[i].FlowLogID)
						assert.NotEmpty(t, result.Outcomes[i].FlowLogID)
						if result.Outcomes[i].Created {
							created++
						}
					}
				}
				assert.Equal(t, 50, created)
			})
		}
	}
}

func TestApply_WaitsForNewFlowLogsToBeShown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		lag  time.Duration
		want error
	}{
		{"soon", 10 * time.Second, nil},
		{"not within the bound", time.Hour, reconcile.ErrNotShown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) { o.DescribeLag = tt.lag })
				result, err := reconcile.New(e).Apply(t.Context(), newRequest(5))
				require.ErrorIs(t, err, tt.want)
				assert.True(t, result.Changed)
				for _, o := range result.Outcomes {
					require.ErrorIs(t, o.Err, tt.want)
					assert.True(t, o.Created)
					assert.Equal(t, tt.want == nil, o.FlowLogID != "")
				}
			})
		})
	}
}

func TestApply_KnowsTheOnlyFlowLogOfACallWithoutAsking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.DescribeLag = time.Hour })
		result, err := reconcile.New(e).Apply(t.Context(), newRequest(1))
		require.NoError(t, err)
		assert.Equal(t, *e.FlowLogs()[0].FlowLogId, result.Outcomes[0].FlowLogID)
		assert.Equal(t, 1, calls(e, "DescribeFlowLogs"))
	})
}

func TestApply_FindsWhatAFailedCallHasCreated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault flowlogstest.Fault
	}{
		{"no response", flowlogstest.LoseResponse().On(on("CreateFlowLogs")).Keep()},
		{"an error after the call was applied", flowlogstest.Reject("InternalError", "An internal error has occurred", 500).AfterApplying().On(on("CreateFlowLogs")).Keep()},
		{"fewer IDs than flow logs", flowlogstest.EditResponse(func(out *ec2.CreateFlowLogsOutput) { out.FlowLogIds = out.FlowLogIds[:1] }).Keep()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) { o.DescribeLag = time.Second })
				e.Inject(tt.fault)
				result, err := reconcile.New(e).Apply(t.Context(), newRequest(3))
				require.NoError(t, err)
				for _, o := range result.Outcomes {
					assert.True(t, o.Created)
					assert.NotEmpty(t, o.FlowLogID)
				}
				assert.Len(t, e.FlowLogs(), 3)
			})
		})
	}
}

func TestApply_ReportsWhyAResourceHasNoFlowLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.Resources = []string{vpcID(0), vpcID(2)} })
		e.Inject(flowlogstest.FailResources("400", "LogDestination: flow-log-archive is undeliverable", vpcID(2)).Keep())
		result, err := reconcile.New(e).Apply(t.Context(), newRequest(3))
		require.ErrorIs(t, err, flowlogs.ErrResourceNotFound)
		require.ErrorIs(t, err, flowlogs.ErrDestinationUndeliverable)
		require.NoError(t, result.Outcomes[0].Err)
		require.ErrorIs(t, result.Outcomes[1].Err, flowlogs.ErrResourceNotFound)
		require.ErrorIs(t, result.Outcomes[2].Err, flowlogs.ErrDestinationUndeliverable)
		assert.True(t, strings.HasPrefix(err.Error(), "flowlogs: 2 resources failed: 1 ResourceNotFound ("+vpcID(1)+": "), err.Error())
		assert.Contains(t, err.Error(), "; 1 DestinationUndeliverable ("+vpcID(2)+": ")
	})
}

func TestApply_ReportsTheErrorOfACallOnce(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403).On(on("CreateFlowLogs")).Keep())
	_, err := reconcile.New(e, func(o *reconcile.Options) {
		o.Create = append(o.Create, func(o *flowlogs.Options) { o.Isolate = func(flowlogs.Reason) bool { return false } })
	}).Apply(t.Context(), newRequest(10))
	var failed *reconcile.ApplyError
	require.ErrorAs(t, err, &failed)
	assert.Len(t, failed.Outcomes, 10)
	assert.Len(t, failed.Unwrap(), 1)
}

func TestApply_WhenTheListingFailsNothingIsDone(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403).On(on("DescribeFlowLogs")).Keep())
	r := reconcile.New(e)
	result, err := r.Apply(t.Context(), newRequest(2))
	var call *reconcile.CallError
	require.ErrorAs(t, err, &call)
	assert.Equal(t, "DescribeFlowLogs", call.Operation)
	require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
	assert.False(t, result.Changed)
	assert.Equal(t, reconcile.Outcome{ResourceID: vpcID(1), Err: call}, result.Outcomes[1])
	assert.Len(t, e.Calls(), 1)

	plan, err := r.Plan(t.Context(), newRequest(2))
	require.ErrorAs(t, err, &call)
	assert.Nil(t, plan)
}

func TestApply_WhenALaterListingFailsItSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		n := 0
		e.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403).On(func(c flowlogstest.Call) bool {
			if c.Operation == "DescribeFlowLogs" {
				n++
			}
			return c.Operation == "DescribeFlowLogs" && n > 1
		}).Keep(), flowlogstest.FailResources("FlowLogAlreadyExists", existsMessage, vpcID(0)))
		result, err := reconcile.New(e).Apply(t.Context(), newRequest(3))
		require.ErrorIs(t, err, reconcile.ErrNotShown)
		require.ErrorIs(t, err, flowlogs.ErrNotAuthorized)
		require.ErrorIs(t, result.Outcomes[0].Err, flowlogs.ErrAlreadyExists)
		require.ErrorIs(t, result.Outcomes[1].Err, reconcile.ErrNotShown)
		assert.True(t, result.Outcomes[1].Created)
	})
}

func TestApply_TheEndOfTheContextEndsIt(t *testing.T) {
	t.Parallel()
	cause := errors.New("out of patience")
	for _, tt := range []struct {
		name    string
		fault   flowlogstest.Fault
		changed bool
	}{
		{"while it lists", flowlogstest.Hang().On(on("DescribeFlowLogs")), false},
		{"while it creates", flowlogstest.Hang().On(on("CreateFlowLogs")), false},
		{"while it waits for what is not shown", flowlogstest.Delay(0), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New(func(o *flowlogstest.Options) { o.DescribeLag = time.Hour })
				e.Inject(tt.fault)
				ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, cause)
				defer cancel()
				start := time.Now()
				result, err := reconcile.New(e).Apply(ctx, newRequest(3))
				assert.Equal(t, 5*time.Second, time.Since(start))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorIs(t, err, cause)
				assert.Equal(t, tt.changed, result.Changed)
				for _, o := range result.Outcomes {
					require.ErrorIs(t, o.Err, context.DeadlineExceeded)
					assert.Equal(t, 1, strings.Count(o.Err.Error(), cause.Error()), o.Err)
				}
			})
		})
	}
}

func TestApply_LeavesTheRequestAsItWas(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	req, same := newRequest(3), newRequest(3)
	_, err := reconcile.New(e).Apply(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, same, req)
}

func TestApply_EndsARaceThatNeverEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Every call is rejected, and each time another resource has its flow log.
		e := flowlogstest.New()
		n := 0
		var sizes []int // of the calls
		api := &racing{EC2: e, act: func(size int) {
			put(e, flowLogOn(vpcID(n)))
			n++
			sizes = append(sizes, size)
		}}
		result, err := reconcile.New(api, batchesOf(300)).Apply(t.Context(), newRequest(200))
		require.Error(t, err)
		for i, o := range result.Outcomes {
			assert.Equal(t, i < n, o.Err == nil, "%d: %+v", i, o)
		}
		assert.Equal(t, []int{200, 199, 198, 197, 196, 195, 194, 193, 192, 191, 96, 48}, sizes[:12], "nine rounds without a search, and one with")
	})
}

// racing is an EC2 in which somebody else is always faster.
type racing struct {
	*flowlogstest.EC2
	act func(resources int)
}

func (r *racing) CreateFlowLogs(_ context.Context, in *ec2.CreateFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	r.act(len(in.ResourceIds))
	r.Inject(flowlogstest.Reject("FlowLogAlreadyExists", existsMessage, 400).On(on("CreateFlowLogs")))
	return r.EC2.CreateFlowLogs(context.Background(), &ec2.CreateFlowLogsInput{
		ResourceIds: []string{vpcID(0)}, ResourceType: types.FlowLogsResourceTypeVpc, LogDestination: aws.String(bucket),
	})
}

func TestApply_DoesNotClaimWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.DescribeLag = 10 * time.Second })
		_, err := flowlogs.New(e).Create(t.Context(), newRequest(2))
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		e.Inject(flowlogstest.Respond(500, "").On(on("CreateFlowLogs")).Keep())
		result, err := reconcile.New(e).Apply(t.Context(), newRequest(2))
		require.NoError(t, err)
		assert.False(t, result.Changed)
		for _, o := range result.Outcomes {
			assert.Equal(t, reconcile.ActionKeep, o.Action)
			assert.NotEmpty(t, o.FlowLogID)
		}
	})
}
