package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// client are options of the creating Client, as Options.Create takes them.
func client(fn func(*flowlogs.Options)) func(*reconcile.Options) {
	return func(o *reconcile.Options) { o.Create = append(o.Create, fn) }
}

func TestReconciler_ListsInTheCheaperWay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		resources int
		flowLogs  int // of the Region
		most      int // calls
	}{
		{"one of many resources", 1, 5000, 1},
		{"as many as a filter takes", 200, 5000, 1},
		{"a few more, in a small Region", 201, 300, 2},
		{"a few more, in a large Region", 201, 5000, 2},
		{"many in a small Region", 4000, 2000, 2},
		{"most of the Region", 4000, 5000, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := flowlogstest.New()
			for i := range tt.flowLogs {
				put(e, flowLogOn(vpcID(i)))
			}
			plan, err := reconcile.New(e).Plan(t.Context(), newRequest(tt.resources))
			require.NoError(t, err)
			assert.LessOrEqual(t, len(e.Calls()), tt.most)
			for i, c := range plan.Changes {
				want := reconcile.ActionKeep
				if i >= tt.flowLogs {
					want = reconcile.ActionCreate
				}
				assert.Equal(t, want, c.Action)
				assert.Empty(t, c.Others)
			}
		})
	}
}

func TestReconciler_RetriesListings(t *testing.T) {
	t.Parallel()
	fault := func() flowlogstest.Fault { return flowlogstest.Throttle().On(on("DescribeFlowLogs")) }
	nop := client(func(o *flowlogs.Options) { o.Retryer = aws.NopRetryer{} })
	for _, tt := range []struct {
		name      string
		resources int
		fault     flowlogstest.Fault
		options   []func(*reconcile.Options)
		want      error
		calls     int
	}{
		{"throttled twice", 1, fault().Times(2), nil, nil, 3},
		{"a response is lost", 1, flowlogstest.LoseResponse().On(on("DescribeFlowLogs")), nil, nil, 2},
		{"a response is cut off", 1, flowlogstest.TruncateResponse().On(on("DescribeFlowLogs")), nil, nil, 2},
		{"a proxy responds", 1, flowlogstest.Respond(502, "<html>"), nil, nil, 2},
		{"empty responses for good", 1, flowlogstest.Respond(200, "<DescribeFlowLogsResponse/>").Keep(), []func(*reconcile.Options){client(func(o *flowlogs.Options) {
			o.RetryTimeout = -1
		})}, flowlogs.ErrNoResponse, 3},
		{"an empty response", 1, flowlogstest.Respond(200, "<DescribeFlowLogsResponse/>"), nil, nil, 2},
		{"throttled for good", 1, fault().Keep(), []func(*reconcile.Options){client(func(o *flowlogs.Options) { o.RetryTimeout = -1 })}, flowlogs.ErrThrottled, 3},
		{"throttled ten times, where several calls are to be made", 2001, fault().Times(10), nil, nil, 11},
		{"RetryTimeout", 1, fault().Times(10), []func(*reconcile.Options){client(func(o *flowlogs.Options) { o.RetryTimeout = time.Hour })}, nil, 11},
		{"a Retryer that does not retry", 2001, fault(), []func(*reconcile.Options){nop}, flowlogs.ErrThrottled, 1},
		{"a number of attempts", 1, fault().Times(4), []func(*reconcile.Options){client(func(o *flowlogs.Options) {
			o.ClientOptions = append(o.ClientOptions, func(o *ec2.Options) { o.RetryMaxAttempts = 5 })
		})}, nil, 5},
		{"no Retryer", 1, fault(), []func(*reconcile.Options){client(func(o *flowlogs.Options) {
			o.ClientOptions = append(o.ClientOptions, func(o *ec2.Options) { o.Retryer = nil })
		})}, flowlogs.ErrThrottled, 1},
		{"a Retryer without a delay", 1, fault(), []func(*reconcile.Options){client(func(o *flowlogs.Options) {
			o.Retryer, o.RetryTimeout = noDelay{retry.NewStandard()}, -1
		})}, errNoDelay, 1},
		{"not transient", 2001, flowlogstest.Reject("UnauthorizedOperation", "no", 403), nil, flowlogs.ErrNotAuthorized, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := flowlogstest.New()
				e.Inject(tt.fault)
				_, err := reconcile.New(e, tt.options...).Plan(t.Context(), newRequest(tt.resources))
				require.ErrorIs(t, err, tt.want)
				assert.Len(t, e.Calls(), tt.calls)
			})
		})
	}
}

type noDelay struct{ aws.Retryer }

var errNoDelay = errors.New("no delay")

func (noDelay) RetryDelay(int, error) (time.Duration, error) { return 0, errNoDelay }

func TestReconciler_UsesTheSettingsOfAClientOnce(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	s := flowlogstest.NewServer(e)
	defer s.Close()
	api := s.Client()
	e.Inject(flowlogstest.Throttle().On(on("DescribeFlowLogs")).Times(2))
	plan, err := reconcile.New(api, client(func(o *flowlogs.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.Backoff = 4, retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})).Plan(t.Context(), newRequest(1))
	require.NoError(t, err)
	assert.Len(t, plan.Changes, 1)
	assert.Len(t, e.Calls(), 3)

	req := newRequest(1)
	req.Destination = flowlogs.CloudWatchLogs{LogGroupARN: strings.Replace(groupARN, "us-east-1", "eu-west-1", 1), RoleARN: roleARN}
	_, err = reconcile.New(api).Plan(t.Context(), req)
	var invalid *flowlogs.ValidationError
	require.ErrorAs(t, err, &invalid, "a log group of another Region")
	_, err = reconcile.New(api, client(func(o *flowlogs.Options) {
		o.ClientOptions = append(o.ClientOptions, func(o *ec2.Options) { o.Region = "eu-west-1" })
	})).Plan(t.Context(), req)
	require.NoError(t, err)
}

func TestReconciler_AllowsWhatTheClientAllows(t *testing.T) {
	t.Parallel()
	req := newRequest(1)
	req.LogFormat = flowlogs.LogFormat{"new-field"}
	e := flowlogstest.New()
	put(e, flowLogOn(vpcID(0), func(f *types.FlowLog) { f.LogFormat = aws.String("${new-field}") }))
	result, err := reconcile.New(e, client(func(o *flowlogs.Options) {
		o.Allow = func(*flowlogs.FieldError) bool { return true }
	})).Apply(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, reconcile.ActionKeep, result.Outcomes[0].Action)
}

// counting is a Limiter that sees the results of attempts.
type counting struct {
	waits   atomic.Int64
	mu      sync.Mutex
	reasons []flowlogs.Reason
	rejects error
}

func (c *counting) Wait(context.Context) error {
	c.waits.Add(1)
	return c.rejects
}

func (c *counting) Observe(a flowlogs.Attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reasons = append(c.reasons, a.Reason)
}

func TestReconciler_AsksTheLimiterForEachListing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		e.Inject(flowlogstest.Throttle())
		limiter := &counting{}
		_, err := reconcile.New(e, func(o *reconcile.Options) { o.DescribeLimiter = limiter }).Apply(t.Context(), newRequest(2))
		require.NoError(t, err)
		assert.EqualValues(t, 3, limiter.waits.Load())
		assert.Equal(t, []flowlogs.Reason{flowlogs.ErrThrottled, "", ""}, limiter.reasons)

		limiter.rejects = errors.New("enough")
		_, err = reconcile.New(e, func(o *reconcile.Options) { o.DescribeLimiter = limiter }).Plan(t.Context(), newRequest(2))
		require.ErrorIs(t, err, limiter.rejects)
	})
}

func TestReconciler_ReportsProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New()
		put(e, flowLogOn(vpcID(0), everyMinute), flowLogOn(vpcID(1)))
		var stages []reconcile.Stage
		var last reconcile.Progress
		creates := 0
		_, err := reconcile.New(e, everything, probation(time.Minute),
			func(o *reconcile.Options) {
				o.OnProgress = func(p reconcile.Progress) {
					if len(stages) == 0 || stages[len(stages)-1] != p.Stage {
						stages = append(stages, p.Stage)
					}
					assert.GreaterOrEqual(t, p.Elapsed, last.Elapsed)
					last = p
				}
			},
			client(func(o *flowlogs.Options) { o.OnProgress = func(flowlogs.Progress) { creates++ } }),
		).Apply(t.Context(), newRequest(5))
		require.NoError(t, err)
		assert.Equal(t, []reconcile.Stage{
			reconcile.StageList, reconcile.StageCreate, reconcile.StageIdentify, // what is missing
			reconcile.StageCreate, reconcile.StageIdentify, // what replaces another
			reconcile.StageProbation, reconcile.StageDelete,
		}, stages)
		assert.Equal(t, 5, last.Resources)
		assert.Equal(t, 4, last.Missing)
		assert.Equal(t, 4, last.Created)
		assert.Equal(t, 1, last.Deleted)
		assert.Equal(t, time.Minute, last.Elapsed)
		assert.Positive(t, last.Described)
		assert.Equal(t, 2, creates)
	})
}

func TestReconciler_ReportsWhatTheClientRejectsLater(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	req := newRequest(2)
	req.LogFormat = flowlogs.LogFormat{"new-field"}
	asked := 0
	result, err := reconcile.New(e, client(func(o *flowlogs.Options) {
		o.Allow = func(*flowlogs.FieldError) bool { asked++; return asked == 1 }
	})).Apply(t.Context(), req)
	var invalid *flowlogs.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.ErrorAs(t, result.Outcomes[0].Err, &invalid)
}

// describing is an EC2 whose listings are those of a function.
type describing struct {
	*flowlogstest.EC2
	describe func(*ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error)
}

func (d *describing) DescribeFlowLogs(_ context.Context, in *ec2.DescribeFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.DescribeFlowLogsOutput, error) {
	return d.describe(in)
}

func TestReconciler_SurvivesWhatEC2WouldNotDo(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	shown := flowLogOn(vpcID(0), func(f *types.FlowLog) { f.FlowLogId = aws.String("fl-0123456789abcdef0") })
	for _, tt := range []struct {
		name     string
		describe func(*ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error)
		action   reconcile.Action
		want     error
	}{
		{"no output", func(*ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error) { return nil, nil }, "", flowlogs.ErrIncompleteResponse},
		{"a page that leads to itself", func(*ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error) {
			return &ec2.DescribeFlowLogsOutput{FlowLogs: []types.FlowLog{shown}, NextToken: aws.String("same")}, nil
		}, "", flowlogs.ErrIncompleteResponse},
		{"pages that lead to each other", func(in *ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error) {
			next := map[string]string{"": "a", "a": "b", "b": "a"}[aws.ToString(in.NextToken)]
			return &ec2.DescribeFlowLogsOutput{FlowLogs: []types.FlowLog{shown}, NextToken: &next}, nil
		}, "", flowlogs.ErrIncompleteResponse},
		{"flow logs of other resources, and without fields", func(*ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error) {
			return &ec2.DescribeFlowLogsOutput{FlowLogs: []types.FlowLog{{}, flowLogOn(vpcID(9)), shown}}, nil
		}, reconcile.ActionKeep, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				plan, err := reconcile.New(&describing{e, tt.describe}).Plan(t.Context(), newRequest(1))
				require.ErrorIs(t, err, tt.want)
				if tt.want == nil {
					assert.Equal(t, tt.action, plan.Changes[0].Action)
					assert.Empty(t, plan.Changes[0].Others)
				}
			})
		})
	}
}

func TestReconciler_CountsAFlowLogOnTwoPagesOnce(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	shown := flowLogOn(vpcID(0), everyMinute, func(f *types.FlowLog) { f.FlowLogId = aws.String("fl-0123456789abcdef0") })
	plan, err := reconcile.New(&describing{e, func(in *ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error) {
		out := &ec2.DescribeFlowLogsOutput{FlowLogs: []types.FlowLog{shown}}
		if in.NextToken == nil {
			out.NextToken = aws.String("more")
		}
		return out, nil
	}}).Plan(t.Context(), newRequest(1))
	require.NoError(t, err)
	assert.Len(t, plan.Changes[0].Conflicts, 1)
}

// oneFails is an EC2 that rejects one listing, and hangs in all others.
type oneFails struct {
	*flowlogstest.EC2
	calls atomic.Int64
}

func (o *oneFails) DescribeFlowLogs(ctx context.Context, _ *ec2.DescribeFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.DescribeFlowLogsOutput, error) {
	if o.calls.Add(1) == 3 {
		return nil, &notFoundError{}
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestReconciler_DoesNotAwaitListingsBesideOneThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, err := reconcile.New(&oneFails{EC2: flowlogstest.New()}).Plan(t.Context(), newRequest(2000))
		require.ErrorIs(t, err, flowlogs.ErrResourceNotFound)
	})
}

func TestReconciler_AsksByFilterWhereUnknownIDsAreRejected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Emulators do.
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.DescribeLag = 5 * time.Second })
		api := &describing{e, func(in *ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error) {
			out, err := e.DescribeFlowLogs(t.Context(), in)
			if err == nil && len(out.FlowLogs) < len(in.FlowLogIds) {
				return nil, &notFoundError{}
			}
			return out, err
		}}
		result, err := reconcile.New(api).Apply(t.Context(), newRequest(3))
		require.NoError(t, err)
		for _, o := range result.Outcomes {
			assert.NotEmpty(t, o.FlowLogID)
		}
	})
}

func TestReconciler_ManyListingsEndWithTheFirstThatFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		act  func(*testing.T)
		want func(*testing.T, any, error, bool)
	}{
		{"an error", func(*testing.T) {}, func(t *testing.T, recovered any, err error, returned bool) {
			assert.True(t, returned)
			require.ErrorIs(t, err, flowlogs.ErrResourceNotFound)
		}},
		{"a panic", func(*testing.T) { panic(errNoDelay) }, func(t *testing.T, recovered any, _ error, _ bool) {
			err, ok := recovered.(error)
			require.True(t, ok, "%v", recovered)
			require.ErrorIs(t, err, errNoDelay)
			assert.Contains(t, err.Error(), "reconciler_test.go", "the stack of the reader")
		}},
		{"another panic", func(*testing.T) { panic("boom") }, func(t *testing.T, recovered any, _ error, _ bool) {
			err, ok := recovered.(error)
			require.True(t, ok, "%v", recovered)
			assert.Contains(t, err.Error(), "boom")
			assert.NoError(t, errors.Unwrap(err))
		}},
		{"runtime.Goexit", func(*testing.T) { runtime.Goexit() }, func(t *testing.T, recovered any, _ error, returned bool) {
			assert.Nil(t, recovered)
			assert.False(t, returned)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int64
				api := &describing{flowlogstest.New(), func(in *ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error) {
					if n.Add(1) == 5 {
						tt.act(t)
						return nil, &notFoundError{}
					}
					return &ec2.DescribeFlowLogsOutput{FlowLogs: []types.FlowLog{flowLogOn(in.Filter[0].Values[0])}}, nil
				}}
				done := make(chan struct{})
				var recovered any
				var err error
				returned := false
				go func() {
					defer close(done)
					defer func() { recovered = recover() }()
					_, err = reconcile.New(api).Plan(t.Context(), newRequest(2000))
					returned = true
				}()
				<-done
				tt.want(t, recovered, err, returned)
			})
		})
	}
}

func TestReconciler_LeavesNoReaderBehindWhenItsCallerPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &describing{flowlogstest.New(), func(in *ec2.DescribeFlowLogsInput) (*ec2.DescribeFlowLogsOutput, error) {
			out := &ec2.DescribeFlowLogsOutput{}
			if len(in.Filter) == 0 {
				out.NextToken = aws.String(fmt.Sprint(aws.ToString(in.NextToken), "+"))
			}
			return out, nil
		}}
		n := 0
		r := reconcile.New(api, func(o *reconcile.Options) {
			o.OnProgress = func(reconcile.Progress) {
				if n++; n == 20 {
					panic("enough")
				}
			}
		})
		assert.PanicsWithValue(t, "enough", func() { _, _ = r.Plan(t.Context(), newRequest(3000)) })
	})
}
