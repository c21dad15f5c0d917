package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/go-flowlogs/flowlogs/reconcile"
)

// print writes the report for people: the totals, the targets that are not done,
// what to do about each reason, and the VPCs that are not done.
func (r *Report) print(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Rollout %s (%s): %d of %d targets done\n\n", r.Name, r.Status, r.Done, r.Targets)
	if r.Message != "" {
		row(&b, r.Message)
		row(&b, r.Hint)
		b.WriteString("\n")
	}
	r.printTotals(&b)
	if len(r.NotDone) > 0 {
		r.printTargets(&b)
		r.printHints(&b)
		r.printProblems(&b)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (r *Report) printTotals(b *strings.Builder) {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		count int
		text  string
	}{
		{r.Tally.Created, "created by this rollout"},
		{r.Tally.Missing, "to be created"},
		{r.Tally.Kept, "kept: they have their flow log"},
		{r.Tally.Conflicts, "with a flow log in the way"},
		{r.Tally.Failed, "failed"},
		{r.Tally.Unreached, "not reached: their target ended before"},
		{r.Tally.Gone, "deleted meanwhile"},
		{r.Tally.VPCs, "VPCs"},
	} {
		if row.count > 0 || row.text == "VPCs" {
			fmt.Fprintf(table, "%d\t  %s\n", row.count, row.text)
		}
	}
	table.Flush()
}

func (r *Report) printTargets(b *strings.Builder) {
	table := newTable(b, "\nACCOUNT\tREGION\tREASON\tVPCS NOT DONE\tMESSAGE")
	for _, t := range r.NotDone {
		count := "none was reached"
		if t.VPCs > 0 {
			count = fmt.Sprintf("%d of %d", t.Conflicts+t.Failed+t.Unreached, t.VPCs)
		}
		row(table, t.Account, t.Region, t.Reason, count, t.Message)
	}
	table.Flush()
}

// printHints writes what to do about each reason, once.
func (r *Report) printHints(b *strings.Builder) {
	var seen []string
	b.WriteString("\n")
	for _, t := range r.NotDone {
		if t.Hint != "" && !slices.Contains(seen, t.Reason) {
			seen = append(seen, t.Reason)
			fmt.Fprintf(b, "%s: %s\n", t.Reason, t.Hint)
		}
	}
}

func (r *Report) printProblems(b *strings.Builder) {
	table := newTable(b, "\nVPC\tACCOUNT\tREGION\tREASON\tFLOW LOG IN THE WAY\tDIFFERENCES OR MESSAGE")
	rows := 0
	for _, t := range r.NotDone {
		for _, p := range t.Problems {
			rows++
			if p.More > 0 {
				p.VPC += fmt.Sprintf(" and %d more", p.More)
			}
			row(table, p.VPC, t.Account, t.Region, p.Reason, p.FlowLog, strings.TrimSpace(textOf(p.Differences)+" "+p.Message))
		}
		if t.Omitted > 0 {
			row(table, fmt.Sprintf("and %d more", t.Omitted), t.Account, t.Region, "", "", "")
		}
	}
	if rows > 0 {
		table.Flush()
	}
}

func textOf(differences []reconcile.Difference) string {
	texts := make([]string, len(differences))
	for i, d := range differences {
		texts[i] = fmt.Sprintf("%s is %q, want %q", d.Field, d.Have, d.Want)
	}
	return strings.Join(texts, "; ")
}

func newTable(b *strings.Builder, header string) *tabwriter.Writer {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, header)
	return table
}

// row writes cells without what would break the table or drive a terminal: some
// come from AWS.
func row(table io.Writer, cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.Map(func(r rune) rune {
			if strconv.IsPrint(r) {
				return r
			}
			return ' '
		}, cell)
	}
	fmt.Fprintln(table, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}
