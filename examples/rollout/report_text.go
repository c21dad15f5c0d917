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

// String returns the report for people: the totals, where a plan would create
// something, the targets that are not done, what to do about each reason, and the VPCs
// that are not done.
func (r *Report) String() string {
	var b strings.Builder
	verb := "done"
	if r.PlanOnly {
		verb = "compared"
	}
	fmt.Fprintf(&b, "Rollout %s (%s): %d of %d targets %s\n\n", r.Name, r.Status, r.Done+r.Compared, r.Targets, verb)
	if r.Message != "" {
		row(&b, r.Message)
		row(&b, r.Hint)
		b.WriteString("\n")
	}
	totals := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, c := range append(r.Tally.counts(), count{r.Tally.VPCs, "VPCs"}, count{r.Running, "targets running or not started"}) {
		if c.n > 0 {
			fmt.Fprintf(totals, "%d\t  %s\n", c.n, c.name)
		}
	}
	totals.Flush()

	var creations, targets, hints, problems [][]string
	for _, c := range r.ToCreate {
		creations = append(creations, []string{c.Account, c.Region, strconv.Itoa(c.ToCreate)})
	}
	for _, t := range r.NotDone {
		notDone := "none was reached"
		if t.VPCs > 0 {
			notDone = fmt.Sprintf("%d of %d", t.Conflicts+t.Failed+t.Unreached, t.VPCs)
		}
		targets = append(targets, []string{t.Account, t.Region, t.Reason, notDone, t.Message})
		if hint := t.Reason + ": " + t.Hint; t.Hint != "" && !slices.ContainsFunc(hints, func(h []string) bool { return h[0] == hint }) {
			hints = append(hints, []string{hint})
		}
		problems = append(problems, t.problems()...)
	}
	table(&b, "ACCOUNT\tREGION\tTO CREATE", creations)
	table(&b, "ACCOUNT\tREGION\tREASON\tVPCS NOT DONE\tMESSAGE", targets)
	table(&b, "", hints)
	table(&b, "VPC\tACCOUNT\tREGION\tREASON\tFLOW LOG\tDIFFERENCES OR MESSAGE", problems)
	return b.String()
}

// problems returns a row for each.
func (t *TargetReport) problems() [][]string {
	var rows [][]string
	for _, p := range t.Problems {
		if p.More > 0 {
			p.VPC += fmt.Sprintf(" and %d more", p.More)
		}
		rows = append(rows, []string{p.VPC, t.Account, t.Region, p.Reason, p.FlowLog, strings.TrimSpace(textOf(p.Differences) + " " + p.Message)})
	}
	if t.Omitted > 0 {
		rows = append(rows, []string{fmt.Sprintf("and %d more", t.Omitted), t.Account, t.Region})
	}
	return rows
}

func textOf(differences []reconcile.Difference) string {
	texts := make([]string, len(differences))
	for i, d := range differences {
		texts[i] = fmt.Sprintf("%s is %q, want %q", d.Field, d.Have, d.Want)
	}
	return strings.Join(texts, "; ")
}

// table writes rows, if there are any, after an empty line and the header.
func table(b *strings.Builder, header string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w)
	if header != "" {
		fmt.Fprintln(w, header)
	}
	for _, cells := range rows {
		row(w, cells...)
	}
	w.Flush()
}

// row writes cells without what would break the table or drive a terminal: some
// come from AWS.
func row(w io.Writer, cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.Map(func(r rune) rune {
			if strconv.IsPrint(r) {
				return r
			}
			return ' '
		}, cell)
	}
	fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}
