// Package text writes values of callers and of EC2 into messages.
package text

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// Printable returns s on one line, without control characters and terminal escapes,
// truncated to 1,000 bytes: s may come from anywhere.
func Printable(s string) string {
	const limit = 1000
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		quoted := strconv.Quote(s)
		return quoted[1 : len(quoted)-1]
	}
	return s
}

// Quote returns a value of a request in quotation marks, on one line, truncated to 100
// bytes.
func Quote(s string) string {
	const limit = 100
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return strconv.Quote(s)
}

// Plural returns n and the noun, with an s unless n is 1.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// AndMore returns " and n more", or "" if n is not positive.
func AndMore(n int) string {
	if n <= 0 {
		return ""
	}
	return " and " + strconv.Itoa(n) + " more"
}

// WithStack returns what the calling goroutine panicked with, as an error with its stack.
// http.ErrAbortHandler stays as it is: net/http compares with it.
func WithStack(v any) error {
	if v == http.ErrAbortHandler { //nolint:errorlint // as net/http does
		return http.ErrAbortHandler
	}
	if err, ok := v.(error); ok {
		return fmt.Errorf("%w\n\n%s", err, debug.Stack())
	}
	return fmt.Errorf("%v\n\n%s", v, debug.Stack())
}

// Seconds returns a duration as Go writes it, and in EC2's seconds.
func Seconds(d time.Duration) string {
	return d.String() + " (" + strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " seconds)"
}
