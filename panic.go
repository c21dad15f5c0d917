package flowlogs

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// panicked is a goroutine that did not return, because something of the caller's
// panicked or called runtime.Goexit. It is resumed in the caller's goroutine.
type panicked struct {
	value any // nil: runtime.Goexit
	stack []byte
}

// watch calls f, and leaves in p what keeps it from returning, nil if nothing
// does.
func watch(p **panicked, f func()) {
	*p = &panicked{} // until f has returned
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
