package main

import (
	"bytes"
	"math"
	"strings"
	"unicode/utf8"
)

// section is a part of a table of the AWS CLI: a title above columns, inside one
// frame for each level of indentation.
type section struct {
	title   string
	indent  int
	headers []string // nil: none
	rows    [][]string
}

const (
	tableWidth  = 80 // what the AWS CLI assumes without a terminal
	cellPadding = 4
)

// printTable draws the sections below each other, all as wide as the widest. If that
// exceeds the terminal, sections of one row are drawn upright.
func printTable(b *bytes.Buffer, sections []section) {
	width := widest(sections)
	if width > tableWidth {
		for i, s := range sections {
			sections[i] = s.upright()
		}
		width = widest(sections)
	}
	b.WriteString(strings.Repeat("-", width) + "\n")
	for _, s := range sections {
		s.draw(b, width-2*s.indent)
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
	if len(s.rows) != 1 || s.headers == nil {
		return s
	}
	turned := section{title: s.title, indent: s.indent}
	for i, header := range s.headers {
		turned.rows = append(turned.rows, []string{header, s.rows[0][i]})
	}
	return turned
}

// width returns the width of the section, frames included.
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

func (s section) draw(b *bytes.Buffer, width int) {
	frame := strings.Repeat("|", s.indent)
	line := func(text string) { b.WriteString(frame + text + frame + "\n") }
	columns := s.columns(width)
	rule := "+"
	for i, w := range columns {
		if i == 0 {
			w--
		}
		rule += strings.Repeat("-", max(w-1, 0)) + "+"
	}

	line("|" + centered(s.title, width-1, 1) + "|")
	if s.headers != nil {
		line(rule)
		line(cells(s.headers, columns, centered))
	}
	line(rule)
	for _, row := range s.rows {
		line(cells(row, columns, left))
	}
	line(rule)
}

// cells returns a row. The width of the first cell includes its left edge.
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

// centered returns text in the middle of a cell. Width includes the right edge; edge
// is the number of characters of the left one.
func centered(text string, width, edge int) string {
	before := (width+edge)/2 - length(text)/2 - 1
	return spaces(before) + text + spaces(width-1-before-length(text))
}

// left returns text at the left of such a cell.
func left(text string, width, edge int) string {
	before := 2
	if length(text)+2+edge+1 > width+edge {
		before = 0
	}
	return spaces(before) + text + spaces(width-1-before-length(text))
}

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

func length(text string) int { return utf8.RuneCountInString(text) }
