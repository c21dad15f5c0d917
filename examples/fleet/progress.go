package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/go-flowlogs/flowlogs"
)

// progress shows how far a run is.
type progress interface {
	show(flowlogs.Progress)
	end()
}

// newProgress returns a bar if w is a terminal, and lines otherwise.
func newProgress(w io.Writer, vpcs int) progress {
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return newBar(w, vpcs)
	}
	return &lines{w: w}
}

type bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

func newBar(w io.Writer, vpcs int) bar {
	return bar{w, progressbar.NewOptions(vpcs,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription("VPCs"),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false), // Progress knows the rate better
		progressbar.OptionSetRenderBlankState(true))}
}

func (b bar) show(p flowlogs.Progress) {
	b.bar.Describe("VPCs" + details(p))
	_ = b.bar.Set(done(p))
}

// end leaves the bar as it is: what follows gets a line of its own.
func (b bar) end() { fmt.Fprintln(b.w) }

// lines writes a line for every tenth of the VPCs, so that a log stays short.
type lines struct {
	w      io.Writer
	tenths int
}

func (l *lines) show(p flowlogs.Progress) {
	if tenths := 10 * done(p) / p.Resources; tenths > l.tenths {
		l.tenths = tenths
		fmt.Fprintf(l.w, "%d of %d VPCs%s\n", done(p), p.Resources, details(p))
	}
}

func (*lines) end() {}

func done(p flowlogs.Progress) int { return p.Created + p.Unsuccessful + p.Failed }

// details says what is remarkable about the progress.
func details(p flowlogs.Progress) string {
	var s string
	if n := p.Unsuccessful + p.Failed; n > 0 {
		s += fmt.Sprintf(", %d without a flow log", n)
	}
	if p.Throttled > 0 {
		s += fmt.Sprintf(", %d of %d calls throttled", p.Throttled, p.Attempts)
	}
	if left := p.Remaining.Round(time.Second); left > 0 {
		s += fmt.Sprintf(", about %v left", left)
	}
	return s
}
