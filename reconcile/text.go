package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs/internal/text"
)

// maxLines is how many groups of an action, and resources of a group, String lists.
const maxLines = 20

// String returns the plan as text for people: the counts, then what is to be done and
// what conflicts. Resources with the same remarks are listed together, the largest group
// first.
func (p Plan) String() string {
	var b strings.Builder
	n, others := p.Counts(), 0
	fmt.Fprintf(&b, "%d to create, %d to replace, %s, %d to keep\n", n.Create, n.Replace, text.Plural(n.Conflict, "conflict"), n.Keep)
	for _, action := range []Action{ActionCreate, ActionReplace, ActionConflict, ActionKeep} {
		groups := make(map[string][]*Change) // by their remarks
		for i := range p.Changes {
			if c := &p.Changes[i]; c.Action == action {
				others += len(c.Others)
				groups[c.remarks()] = append(groups[c.remarks()], c)
			}
		}
		title := string(action)
		if action == ActionKeep {
			delete(groups, "")
			title = "keep, with remarks"
		}
		writeGroups(&b, title, groups)
	}
	if others > 0 {
		fmt.Fprintf(&b, "\nother flow logs of these resources, left as they are: %d\n", others)
	}
	return b.String()
}

func writeGroups(b *strings.Builder, title string, groups map[string][]*Change) {
	order := slices.SortedFunc(maps.Keys(groups), func(x, y string) int {
		return cmp.Or(len(groups[y])-len(groups[x]), strings.Compare(x, y))
	})
	for n, remarks := range order {
		group := groups[remarks]
		if n == maxLines {
			fmt.Fprintf(b, "\n%s: %d more groups\n", title, len(order)-n)
			return
		}
		fmt.Fprintf(b, "\n%s (%d)\n", title, len(group))
		for i, c := range group {
			if i == maxLines/2 && len(group) > maxLines {
				fmt.Fprintf(b, "  and %d more\n", len(group)-i)
				break
			}
			fmt.Fprintf(b, "  %s%s\n", printable(c.ResourceID), c.flowLogs())
		}
		b.WriteString(remarks)
	}
}

// flowLogs names the flow logs that a change concerns.
func (c *Change) flowLogs() string {
	names, verb := "", ""
	if c.Keep != nil {
		names, verb = "  keep "+idOf(c.Keep), "beside "
	}
	if c.Action == ActionReplace {
		verb = "delete "
	}
	for _, conflict := range c.Conflicts {
		names += "  " + verb + idOf(&conflict.FlowLog)
	}
	return names
}

// remarks says why, without the IDs of the resource and its flow logs.
func (c *Change) remarks() string {
	var b strings.Builder
	writeDifferences(&b, c.Differences)
	failing := c.Keep != nil && isFailing(c.Keep)
	if failing {
		fmt.Fprintf(&b, "    failing: %s\n", quote(aws.ToString(c.Keep.DeliverLogsErrorMessage)))
	}
	for i, conflict := range c.Conflicts {
		if c.Keep != nil || len(c.Conflicts) > 1 {
			fmt.Fprintf(&b, "    conflict %d\n", i+1)
		}
		writeDifferences(&b, conflict.Differences)
	}
	switch {
	case c.Action == ActionReplace && c.Keep != nil:
		b.WriteString("    only the deletion is left\n")
	case c.Action == ActionConflict && failing:
		fmt.Fprintf(&b, "    %v\n", ErrFailing)
	case c.Action != ActionReplace && len(c.Conflicts) > 0:
		fmt.Fprintf(&b, "    %s\n", whyKept(c.Conflicts))
	}
	return b.String()
}

func writeDifferences(b *strings.Builder, differences []Difference) {
	for _, d := range differences {
		fmt.Fprintf(b, "    %s\n      want %s\n      have %s\n", printable(d.Field), d.want(printable), cmp.Or(printable(d.Have), "none"))
	}
}

// want returns the wanted value as text. A tag may be wanted with an empty value.
func (d *Difference) want(show func(string) string) string {
	switch {
	case d.Want != "":
		return show(d.Want)
	case strings.HasPrefix(d.Field, "Tags["):
		return `""`
	default:
		return "none"
	}
}

// idOf returns the ID of a flow log as text.
func idOf(f *types.FlowLog) string { return printable(aws.ToString(f.FlowLogId)) }

// printable returns s on one line and truncated: it may come from anywhere.
func printable(s string) string { return text.Printable(s) }

// quote returns s in quotation marks, or "none" if it is empty.
func quote(s string) string {
	if s == "" {
		return "none"
	}
	return `"` + printable(s) + `"`
}
