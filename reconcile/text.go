package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// maxLines is how many resources of a group, and groups of an action, String lists.
const maxLines = 20

// String returns the plan as text for people: the counts first, then what is to be
// done and what conflicts. Resources of which the same is to be said are listed
// together, the largest group first.
func (p Plan) String() string {
	var b strings.Builder
	n, others := p.Counts(), 0
	fmt.Fprintf(&b, "%d to create, %d to replace, %s, %d to keep\n", n.Create, n.Replace, plural(n.Conflict, "conflict"), n.Keep)
	groups := make(map[Action]map[string][]*Change) // by what is said of them
	for i := range p.Changes {
		c := &p.Changes[i]
		others += len(c.Others)
		remarks := c.remarks()
		if c.Action == ActionKeep && remarks == "" {
			continue
		}
		if groups[c.Action] == nil {
			groups[c.Action] = make(map[string][]*Change)
		}
		groups[c.Action][remarks] = append(groups[c.Action][remarks], c)
	}
	writeGroups(&b, "create", groups[ActionCreate])
	writeGroups(&b, "replace", groups[ActionReplace])
	writeGroups(&b, "conflict", groups[ActionConflict])
	writeGroups(&b, "keep, with notes", groups[ActionKeep])
	if others > 0 {
		fmt.Fprintf(&b, "\nother flow logs of these resources, left as they are: %d\n", others)
	}
	return b.String()
}

func writeGroups(b *strings.Builder, title string, groups map[string][]*Change) {
	order := slices.SortedFunc(maps.Keys(groups), func(x, y string) int {
		return cmp.Or(len(groups[y])-len(groups[x]), strings.Compare(groups[x][0].ResourceID, groups[y][0].ResourceID))
	})
	for i, remarks := range order {
		if i == maxLines {
			left := 0
			for _, remarks := range order[i:] {
				left += len(groups[remarks])
			}
			fmt.Fprintf(b, "\n%s (%d), each differing in another way\n", title, left)
			return
		}
		group := groups[remarks]
		fmt.Fprintf(b, "\n%s (%d)\n", title, len(group))
		shown := group
		if len(group) > maxLines {
			shown = group[:maxLines/2]
		}
		for _, c := range shown {
			fmt.Fprintf(b, "  %s\n", strings.Join(append([]string{printable(c.ResourceID)}, c.flowLogs()...), "  "))
		}
		if more := len(group) - len(shown); more > 0 {
			fmt.Fprintf(b, "  and %d more\n", more)
		}
		b.WriteString(remarks)
	}
}

// flowLogs names the flow logs that a change concerns.
func (c *Change) flowLogs() []string {
	var names []string
	verb := ""
	if c.Keep != nil {
		names, verb = append(names, "keep "+printable(aws.ToString(c.Keep.FlowLogId))), "beside "
	}
	if c.Action == ActionReplace {
		verb = "delete "
	}
	for _, conflict := range c.Conflicts {
		names = append(names, verb+printable(aws.ToString(conflict.FlowLog.FlowLogId)))
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
	never := false
	for i, conflict := range c.Conflicts {
		switch {
		case len(c.Conflicts) > 1:
			fmt.Fprintf(&b, "    %s\n", ordinal(i))
		case c.Keep != nil:
			b.WriteString("    the other one\n")
		}
		writeDifferences(&b, conflict.Differences)
		if why := conflict.untouchable(); why != "" {
			fmt.Fprintf(&b, "    %s\n", why)
			never = true
		}
	}
	switch {
	case c.Action == ActionReplace && c.Keep != nil:
		b.WriteString("    only the deletion is left\n")
	case c.Action == ActionConflict && failing:
		fmt.Fprintf(&b, "    %v\n", ErrFailing)
	case c.Action == ActionConflict && !never:
		b.WriteString("    " + notAllowed + "\n")
	}
	return b.String()
}

// ordinal counts the flow logs of a resource as they are listed.
func ordinal(i int) string {
	return [...]string{"the first", "the second", "the third", "another"}[min(i, 3)]
}

func writeDifferences(b *strings.Builder, differences []Difference) {
	for _, d := range differences {
		want := cmp.Or(d.emptyTag(), printable(d.Want), "none")
		fmt.Fprintf(b, "    %s\n      want %s\n      have %s\n", printable(d.Field), want, cmp.Or(printable(d.Have), "none"))
	}
}

// emptyTag returns quotation marks if a tag is wanted with an empty value.
func (d *Difference) emptyTag() string {
	if d.Want == "" && strings.HasPrefix(d.Field, "Tags[") {
		return `""`
	}
	return ""
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// printable returns s on one line, without control characters and terminal
// escapes, truncated to 1,000 bytes: s may come from anywhere.
func printable(s string) string {
	const most = 1000
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		quoted := strconv.Quote(s)
		return quoted[1 : len(quoted)-1]
	}
	return s
}

// quote returns s in quotation marks, truncated to 100 bytes, and an empty one
// in words.
func quote(s string) string {
	const most = 100
	if s == "" {
		return "none"
	}
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
