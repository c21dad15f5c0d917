package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/go-flowlogs/flowlogs/reconcile"
)

// progress shows how many flow logs are created. It shows nothing of the listing, which
// takes seconds.
type progress interface {
	show(reconcile.Progress)
	end()
}

// newProgress returns a bar if w is a terminal, and lines otherwise.
func newProgress(w io.Writer) progress {
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return &bar{w: w}
	}
	return &lines{w: w}
}

type bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar // nil: nothing is created yet
}

func (b *bar) show(p reconcile.Progress) {
	if p.Missing == 0 {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions(p.Missing,
			progressbar.OptionSetWriter(b.w),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(false), // Progress knows the rate better
			progressbar.OptionSetRenderBlankState(true))
	}
	b.bar.Describe("VPCs" + details(p))
	_ = b.bar.Set(done(p))
}

// end leaves the bar as it is, and begins a new line.
func (b *bar) end() {
	if b.bar != nil {
		fmt.Fprintln(b.w)
	}
}

// lines writes a line for every tenth of the VPCs, so that a log stays short.
type lines struct {
	w      io.Writer
	tenths int
}

func (l *lines) show(p reconcile.Progress) {
	if p.Missing == 0 {
		return
	}
	if tenths := 10 * done(p) / p.Missing; tenths > l.tenths {
		l.tenths = tenths
		fmt.Fprintf(l.w, "%d of %d VPCs%s\n", done(p), p.Missing, details(p))
	}
}

func (*lines) end() {}

// done counts the VPCs for which a call has been made.
func done(p reconcile.Progress) int {
	return min(p.Created+p.Create.Unsuccessful+p.Create.Failed, p.Missing)
}

// details returns the failures, the throttled calls and the remaining time, if any.
func details(p reconcile.Progress) string {
	var s string
	if n := p.Create.Unsuccessful + p.Create.Failed; n > 0 {
		s += fmt.Sprintf(", %d without a flow log", n)
	}
	if p.Create.Throttled > 0 {
		s += fmt.Sprintf(", %d of %d calls throttled", p.Create.Throttled, p.Create.Attempts)
	}
	if left := p.Create.Remaining.Round(time.Second); left > 0 {
		s += fmt.Sprintf(", about %v left", left)
	}
	return s
}
