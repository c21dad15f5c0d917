package flowlogs_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"

	"github.com/go-flowlogs/flowlogs"
)

// BenchmarkFleet creates flow logs on 100,000 VPCs in virtual time, with this
// package and with the plain loops that one would write on the SDK. Its metrics
// are what counts: the time against the least that the bucket allows, the share
// of calls that were throttled, and the resources that were left without a flow
// log when the loop was through.
func BenchmarkFleet(b *testing.B) {
	ways := []struct {
		name  string
		way   func(context.Context, *account)
		hours bool // of virtual time, and a quarter of a minute of the real one
	}{
		{"flowlogs", func(ctx context.Context, a *account) {
			req := vpcRequest(0)
			req.ResourceIDs = fleetIDs()
			_, _ = flowlogs.New(a).Create(ctx, req)
		}, false},
		{"sdk, 300 a call, standard", plainLoop(300, standard), false},
		{"sdk, 300 a call, adaptive", plainLoop(300, adaptive), false},
		{"sdk, 1 a call, standard", plainLoop(1, standard), true},
		{"sdk, 1 a call, adaptive", plainLoop(1, adaptive), true},
	}
	for _, fleet := range fleets {
		for _, way := range ways {
			if way.hours && fleet.name != "alone" {
				continue
			}
			b.Run(fleet.name+"/"+way.name, func(b *testing.B) {
				var took, floor, throttled, missing float64
				for b.Loop() {
					inBubble(b, func(ctx context.Context) {
						a := newAccount(fleet.account)
						way.way(ctx, a)
						took, floor = time.Since(a.start).Seconds(), a.floor(334).Seconds()
						throttled = 100 * float64(a.throttled) / float64(a.calls)
						missing = float64(100_000 - len(a.tokenOf))
					})
				}
				b.ReportMetric(0, "ns/op") // of this machine, and nobody's business
				b.ReportMetric(took, "virtual-s")
				b.ReportMetric(took/floor, "×floor")
				b.ReportMetric(throttled, "%throttled")
				b.ReportMetric(missing, "missing")
			})
		}
	}
}

// plainLoop sends one call after the other in the SDK's retry loop, four at a
// time, and goes on after an error.
func plainLoop(size int, retryer func() aws.Retryer) func(context.Context, *account) {
	return func(ctx context.Context, a *account) {
		template, _ := vpcRequest(1).Input()
		loop := retry.NewAttemptMiddleware(retryer(), func(in any) any { return in })
		slots := make(chan struct{}, 4)
		for ids := range slices.Chunk(fleetIDs(), size) {
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				in := *template
				in.ResourceIds, in.ClientToken = ids, aws.String(ids[0])
				_, _, _ = loop.HandleFinalize(ctx, middleware.FinalizeInput{Request: &in}, middleware.FinalizeHandlerFunc(
					func(ctx context.Context, request middleware.FinalizeInput) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
						out.Result, err = a.CreateFlowLogs(ctx, request.Request.(*ec2.CreateFlowLogsInput))
						return out, metadata, err
					}))
			}()
		}
		for range cap(slots) {
			slots <- struct{}{}
		}
	}
}

func standard() aws.Retryer { return retry.NewStandard() }

// adaptive is the SDK's adaptive mode, asked for a token again and again. Its own
// wait rounds down to nothing, at which virtual time would stand still.
func adaptive() aws.Retryer {
	return polling{retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.FailOnNoAttemptTokens = true })}
}

type polling struct{ *retry.AdaptiveMode }

func (p polling) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	for {
		release, err := p.AdaptiveMode.GetAttemptToken(ctx)
		if err == nil {
			return release, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// inBubble runs f in virtual time, which testing.B has no way of its own into.
func inBubble(b *testing.B, f func(context.Context)) {
	b.Helper()
	ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: b.Name(),
		F: func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t.Context()) })
		},
	}})
	if !ok {
		b.Fatal("the bubble failed")
	}
}
