package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// mostParallel is how many calls of DescribeFlowLogs are on the wire at the same
// time: enough for the 20 calls per second of the quota.
const mostParallel = 8

// readAll reads all pages of several inputs in parallel, and hands them over in
// any order, in the goroutine of the caller. There a panic of the API surfaces
// too, as in a request of one call.
func (l *listing) readAll(ctx context.Context, inputs []*ec2.DescribeFlowLogsInput, page func([]types.FlowLog)) error {
	if len(inputs) == 1 {
		_, err := l.read(ctx, inputs[0], -1, page)
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	readers := min(mostParallel, len(inputs))
	pages, ends := make(chan []types.FlowLog), make(chan end, readers)
	var next atomic.Int64
	for range readers {
		go func() {
			e := end{exited: true}
			defer func() { // runs for a panic and for runtime.Goexit too
				if v := recover(); v != nil {
					e.panicked = &panicError{v, debug.Stack()}
				}
				ends <- e
			}()
			for i := next.Add(1); i <= int64(len(inputs)) && e.err == nil; i = next.Add(1) {
				e.err = l.readInto(ctx, inputs[i-1], pages)
			}
			e.exited = false
		}()
	}
	var first *end // to fail; the others fail because of it
	for readers > 0 {
		select {
		case flowLogs := <-pages:
			page(flowLogs)
		case e := <-ends:
			readers--
			if first == nil && (e.err != nil || e.exited) {
				first = &e
				cancel()
			}
		}
	}
	if first == nil {
		return nil
	}
	if first.exited {
		if first.panicked == nil {
			runtime.Goexit()
		}
		panic(first.panicked)
	}
	return first.err
}

// readInto reads all pages of an input. When the context ends, nobody may be
// there to take a page.
func (l *listing) readInto(ctx context.Context, in *ec2.DescribeFlowLogsInput, pages chan<- []types.FlowLog) error {
	var lost error
	_, err := l.read(ctx, in, -1, func(flowLogs []types.FlowLog) {
		select {
		case pages <- flowLogs:
		case <-ctx.Done():
			lost = &CallError{Operation: "DescribeFlowLogs", Err: contextError(ctx)}
		}
	})
	return cmp.Or(err, lost)
}

// end is how a reader ended.
type end struct {
	err      error
	exited   bool        // not by returning
	panicked *panicError // nil: runtime.Goexit
}

// panicError is what a reader panicked with.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("%v\n\n%s", p.value, p.stack) }

// Unwrap returns the value if it is an error.
func (p *panicError) Unwrap() error {
	err, _ := p.value.(error)
	return err
}
