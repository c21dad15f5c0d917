package flowlogs

import (
	"runtime"

	"github.com/go-flowlogs/flowlogs/internal/text"
)

// catch calls f in a goroutine of the job. If the caller's code panics or calls
// runtime.Goexit in it, the job ends, and repanic repeats that in the caller's goroutine,
// where the recover of an HTTP server or a test expects it. The errgroup package decided
// against this, since a program that panics may be left with goroutines that wait for
// each other. Here all have exited by then.
func (m *many) catch(f func()) {
	exited := true // stays if f calls runtime.Goexit, which recover does not see
	var panicked error
	defer func() {
		if v := recover(); v != nil {
			panicked = text.WithStack(v)
		}
		if exited {
			m.once.Do(func() { m.exited, m.panicked = true, panicked })
			m.end()
		}
	}()
	f()
	exited = false
}

// repanic ends the caller's goroutine as the first goroutine ended that did not return.
func (m *many) repanic() {
	switch {
	case m.panicked != nil:
		panic(m.panicked)
	case m.exited:
		runtime.Goexit()
	}
}
