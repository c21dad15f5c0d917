package main

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far a run is.
type progress interface {
	show(*tally)
	end()
}

// newProgress is a bar on a terminal, and lines for whatever else w is.
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
		progressbar.OptionSetRenderBlankState(true))}
}

func (b bar) show(t *tally) { _ = b.bar.Set(t.answered()) }

// end leaves the bar as it is, so that what follows has a line of its own.
func (b bar) end() { fmt.Fprintln(b.w) }

// lines are written for every tenth of the VPCs: a log is not to grow with them.
type lines struct {
	w      io.Writer
	tenths int
}

func (l *lines) show(t *tally) {
	if tenths := 10 * t.answered() / t.vpcs; tenths > l.tenths {
		l.tenths = tenths
		fmt.Fprintf(l.w, "%d of %d VPCs, %d unsuccessful\n", t.answered(), t.vpcs, t.unsuccessful)
	}
}

func (*lines) end() {}
