package flowlogs_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

type observing func()

func (o observing) Wait(context.Context) error { return nil }
func (o observing) Observe(_ flowlogs.Attempt) { o() }

type breakingRetryer struct {
	unlimited
	snap func()
}

func (r breakingRetryer) GetAttemptToken(context.Context) (func(error) error, error) {
	r.snap()
	return nil, nil
}

// fragileAPI rejects VPC 0, and breaks where the options say so.
type fragileAPI struct {
	snap  func()
	delay time.Duration
}

func (a fragileAPI) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	var o ec2.Options
	for _, fn := range optFns {
		fn(&o)
	}
	if o.AppID == "break" {
		a.snap()
	}
	select {
	case <-time.After(a.delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if in.ResourceIds[0] == vpcID(0) {
		return nil, apiError("InvalidVpcID.NotFound", "no")
	}
	return created(in), nil
}

// Whatever breaks surfaces in the goroutine of the caller, with no other one left
// behind, for which synctest cares.
func TestCreate_PanicsInTheGoroutineOfTheCaller(t *testing.T) {
	t.Parallel()
	for _, test := range breaking {
		if test.ids || test.name == "loop body" {
			continue
		}
		for _, n := range []int{1, 300, 301, 3000} {
			if test.name == "Isolate" && n == 1 {
				continue // is not asked
			}
			testBreaking(t, fmt.Sprintf("%s, %d VPCs", test.name, n), func(ctx context.Context, snap func()) {
				option := func(o *flowlogs.Options) { test.option(o, snap) }
				_, _ = flowlogs.New(fragileAPI{snap, time.Minute}, option).Create(ctx, vpcRequest(n))
			})
		}
	}
}

func TestStream_PanicsInTheGoroutineOfTheCaller(t *testing.T) {
	t.Parallel()
	for _, test := range breaking {
		testBreaking(t, test.name, func(ctx context.Context, snap func()) {
			option := func(o *flowlogs.Options) { o.BatchSize = 2; test.option(o, snap) }
			req := streamRequest()
			req.ClientToken = ""
			ids := func(yield func(string, error) bool) {
				for i := range 100 {
					time.Sleep(time.Second)
					if test.ids && i == 5 {
						snap()
					}
					if !yield(vpcID(i), nil) {
						return
					}
				}
			}
			for range flowlogs.New(fragileAPI{snap, time.Minute}, option).Stream(ctx, req, ids) {
				if test.name == "loop body" {
					snap()
				}
			}
		})
	}
}

// testBreaking holds the four ways in which f's snap may not return against what
// the caller sees.
func testBreaking(t *testing.T, name string, f func(ctx context.Context, snap func())) {
	t.Helper()
	for _, way := range []struct {
		name string
		snap func()
	}{
		{"error", func() { panic(errBroken) }},
		{"value", func() { panic(errBroken.Error()) }},
		{"runtime error", func() { var none []int; _ = none[len(errBroken.Error())] }},
		{"Goexit", runtime.Goexit},
	} {
		t.Run(name+": "+way.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var recovered any
				returned := false
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer func() { recovered = recover() }()
					f(t.Context(), way.snap)
					returned = true
				}()
				<-done
				require.False(t, returned)
				text := fmt.Sprint(recovered)
				switch way.name {
				case "Goexit":
					assert.Nil(t, recovered)
				case "error":
					err, ok := recovered.(error)
					require.True(t, ok)
					require.ErrorIs(t, err, errBroken)
				case "value":
					assert.Contains(t, text, errBroken.Error())
				case "runtime error":
					var err runtime.Error
					require.ErrorAs(t, recovered.(error), &err)
				}
			})
		})
	}
}

// net/http compares with it to abort a response silently.
func TestCreate_PanicsWithErrAbortHandlerItself(t *testing.T) {
	t.Parallel()
	for _, n := range []int{300, 301} {
		api := apiFunc(func(context.Context, *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
			panic(http.ErrAbortHandler)
		})
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() { _, _ = flowlogs.New(api).Create(t.Context(), rooted(n)) })
	}
}

func TestCreate_PanicsWithTheStackOfTheOtherGoroutine(t *testing.T) {
	t.Parallel()
	var where any
	func() {
		defer func() { where = recover() }()
		api := apiFunc(func(context.Context, *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
			return whereItBreaks()
		})
		_, _ = flowlogs.New(api).Create(t.Context(), vpcRequest(301))
	}()
	assert.Contains(t, fmt.Sprint(where), "whereItBreaks")
}

//go:noinline
func whereItBreaks() (*ec2.CreateFlowLogsOutput, error) { panic(errBroken) }

var _ aws.RetryerV2 = breakingRetryer{}
