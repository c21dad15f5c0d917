package awscli

import (
	"bytes"
	"math"
	"strings"

	"golang.org/x/text/width"
)

// section is a part of a table of the AWS CLI: a title over columns of its own, drawn
// inside as many frames as it is indented.
type section struct {
	title   string
	indent  int
	headers []string // empty: none
	rows    [][]string
}

const cellPadding = 4

// canvas holds the text of a table, with or without colors.
type canvas struct {
	*bytes.Buffer
	color bool
}

// The colors of the AWS CLI. Where it uses colors, it writes resetColor after plain text,
// too.
const (
	frameColor = "\x1b[2m\x1b[33m"
	cellColor  = "\x1b[1m\x1b[34m"
	resetColor = "\x1b[0m"
)

func (c canvas) painted(color, text string) string {
	if !c.color {
		return text
	}
	return color + text + resetColor
}

func (c canvas) write(text string) {
	c.WriteString(text)
	if c.color {
		c.WriteString(resetColor)
	}
}

// draw draws the sections below each other, all as wide as the widest. If that is wider
// than the terminal, sections with one row are drawn upright.
func (c canvas) draw(sections []section, terminal int) {
	width := widest(sections)
	if width > terminal {
		for i, s := range sections {
			sections[i] = s.upright()
		}
		width = widest(sections)
	}
	c.write(strings.Repeat("-", width) + "\n")
	for _, s := range sections {
		s.draw(c, width-2*s.indent)
	}
}

func widest(sections []section) int {
	most := 0
	for _, s := range sections {
		most = max(most, s.width())
	}
	return most
}

// upright returns the section with each header beside its value.
func (s section) upright() section {
	if len(s.rows) != 1 || len(s.headers) == 0 {
		return s
	}
	turned := section{title: s.title, indent: s.indent}
	for i, header := range s.headers {
		turned.rows = append(turned.rows, []string{header, s.rows[0][i]})
	}
	return turned
}

// width returns the width that the section needs with its frames.
func (s section) width() int {
	content := 0
	for _, w := range s.natural() {
		content += w
	}
	return max(length(s.title), content) + 2 + 2*s.indent
}

// natural returns the widths that the columns need.
func (s section) natural() []int {
	var widths []int
	for _, row := range append([][]string{s.headers}, s.rows...) {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], length(cell)+cellPadding)
		}
	}
	return widths
}

// columns returns the widths of the columns, stretched to fill width.
func (s section) columns(width int) []int {
	widths := s.natural()
	if len(widths) == 0 {
		return nil
	}
	sum := 0
	for _, w := range widths {
		sum += w
	}
	scale := float64(width) / float64(sum)
	missing := width
	for i, w := range widths {
		widths[i] = int(math.RoundToEven(scale * float64(w)))
		missing -= widths[i]
	}
	for i := 0; missing < 0; i = (i + 1) % len(widths) { // from the left
		widths[i]--
		missing++
	}
	for i := len(widths) - 1; missing > 0; i = (i + len(widths) - 1) % len(widths) { // from the right
		widths[i]++
		missing--
	}
	return widths
}

func (s section) draw(c canvas, width int) {
	frame := strings.Repeat(c.painted(frameColor, "|"), s.indent)
	line := func(text string) {
		for _, part := range []string{frame, text, frame, "\n"} {
			c.write(part)
		}
	}
	columns := s.columns(width)
	if s.title != "" {
		line("|" + centered(s.title, width-1, 1) + "|")
		if len(s.headers) == 0 && len(s.rows) == 0 {
			line(rule([]int{width}))
		}
	}
	if len(s.headers) > 0 {
		line(rule(columns))
		line(cells(s.headers, columns, centered))
	}
	if len(s.rows) == 0 || columns == nil {
		return
	}
	line(rule(columns))
	for _, row := range s.rows {
		line(cells(row, columns, func(text string, width, edge int) string {
			return strings.Replace(left(text, width, edge), text, c.painted(cellColor, text), 1)
		}))
	}
	line(rule(columns))
}

func rule(columns []int) string {
	text := "+"
	for i, w := range columns {
		if i == 0 {
			w--
		}
		text += strings.Repeat("-", max(w-1, 0)) + "+"
	}
	return text
}

// cells returns a row of the table. The width of the first column includes the left edge.
func cells(row []string, columns []int, align func(text string, width, edge int) string) string {
	line := "|"
	for i, text := range row {
		if i == 0 {
			line += align(text, columns[i]-1, 1) + "|"
		} else {
			line += align(text, columns[i], 0) + "|"
		}
	}
	return line
}

// centered returns a cell with text in the middle. width includes the right edge, which
// the caller draws, but not the left edge, which has edge characters.
func centered(text string, width, edge int) string {
	before := (width+edge)/2 - length(text)/2 - 1
	return spaces(before) + text + spaces(width-1-before-length(text))
}

// left returns a cell with text at the left; see centered for its arguments.
func left(text string, width, edge int) string {
	before := 2
	if length(text)+2+edge+1 > width+edge {
		before = 0
	}
	return spaces(before) + text + spaces(width-1-before-length(text))
}

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

// length returns the width of text as the AWS CLI computes it: wide characters count
// twice, even those that are wide only in an East Asian context.
func length(text string) int {
	n := 0
	for _, r := range text {
		n++
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
			n++
		}
	}
	return n
}
