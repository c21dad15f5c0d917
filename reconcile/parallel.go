package reconcile

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// maxParallel is how many calls of DescribeFlowLogs may be on the wire at the same
// time: enough for the quota of 20 calls per second.
const maxParallel = 8

// listed is the flow logs of one input, or why they could not be read.
type listed struct {
	flowLogs []types.FlowLog
	err      error
	panicked error // what the API panicked with
	exited   bool  // by a panic or by runtime.Goexit
}

// readAll reads several inputs in parallel and passes on their flow logs in any order,
// in the caller's goroutine. A panic of the API surfaces there too, after the other
// calls have ended.
func (l *listing) readAll(ctx context.Context, inputs []*ec2.DescribeFlowLogsInput, page func([]types.FlowLog)) error {
	if len(inputs) == 1 {
		return l.read(ctx, inputs[0], page)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	slots := make(chan struct{}, maxParallel)
	results := make(chan listed, len(inputs)) // no call waits for the caller, who may panic in page
	for _, in := range inputs {
		go func() {
			slots <- struct{}{}
			result := listed{exited: true}
			defer func() { // for runtime.Goexit too
				if v := recover(); v != nil {
					result.panicked = withStack(v)
				}
				<-slots
				results <- result
			}()
			result.err = l.read(ctx, in, func(some []types.FlowLog) { result.flowLogs = append(result.flowLogs, some...) })
			result.exited = false
		}()
	}
	var failed listed // the first; others fail because of it
	for range inputs {
		switch result := <-results; {
		case failed.exited || failed.err != nil:
		case result.exited || result.err != nil:
			failed = result
			cancel()
		default:
			page(result.flowLogs)
		}
	}
	switch {
	case failed.panicked != nil:
		panic(failed.panicked)
	case failed.exited:
		runtime.Goexit()
	}
	return failed.err
}

// withStack returns what a goroutine panicked with, as an error with its stack.
func withStack(v any) error {
	if err, ok := v.(error); ok {
		return fmt.Errorf("%w\n\n%s", err, debug.Stack())
	}
	return fmt.Errorf("%v\n\n%s", v, debug.Stack())
}
