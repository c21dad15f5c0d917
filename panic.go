package flowlogs

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// panicked records that a goroutine did not return, because the caller's code panicked
// or called runtime.Goexit in it. It is repeated in the caller's goroutine.
type panicked struct {
	value any // nil: runtime.Goexit
	stack []byte
}

// watch calls f and sets *p to what kept f from returning, nil if it returned.
func watch(p **panicked, f func()) {
	*p = &panicked{} // stays if f calls runtime.Goexit, which recover does not see
	defer func() {
		if v := recover(); v != nil {
			*p = &panicked{v, debug.Stack()}
		}
	}()
	f()
	*p = nil
}

// repanic panics as the goroutine did, with its value and stack.
func (p *panicked) repanic() {
	switch {
	case p == nil:
	case p.value == nil:
		runtime.Goexit()
	default:
		if err, ok := p.value.(error); ok {
			panic(panicError{err, p.stack})
		}
		panic(panicValue{p.value, p.stack})
	}
}

// panicError is a panic with an error.
type panicError struct {
	recovered error
	stack     []byte
}

func (p panicError) Error() string { return fmt.Sprintf("%v\n\n%s", p.recovered, p.stack) }
func (p panicError) Unwrap() error { return p.recovered }

// panicValue is a panic with any other value.
type panicValue struct {
	recovered any
	stack     []byte
}

func (p panicValue) String() string { return fmt.Sprintf("%v\n\n%s", p.recovered, p.stack) }
