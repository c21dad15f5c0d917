package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// mostLines is how many resources of a kind String lists by name.
const mostLines = 20

// String returns the plan as text for people: the counts first, then what is to
// be done and what is in the way. Resources that are alike are listed together,
// and many of them by their number.
func (p Plan) String() string {
	count := make(map[Action]int)
	for _, c := range p.Changes {
		count[c.Action]++
	}
	var t text
	t.linef("%d to create, %d to replace, %s, %d to keep",
		count[ActionCreate], count[ActionReplace], plural(count[ActionConflict], "conflict"), count[ActionKeep])
	t.list("create", p.Changes, func(c *Change) (string, bool) { return "", c.Action == ActionCreate })
	t.list("replace", p.Changes, func(c *Change) (string, bool) { return c.text(), c.Action == ActionReplace })
	t.list("conflict", p.Changes, func(c *Change) (string, bool) { return c.text(), c.Action == ActionConflict })
	t.list("keep, with notes", p.Changes, func(c *Change) (string, bool) {
		remarks := c.text()
		return remarks, c.Action == ActionKeep && remarks != ""
	})
	others := 0
	for _, c := range p.Changes {
		others += len(c.Others)
	}
	if others > 0 {
		t.linef("\nother flow logs of these resources, left as they are: %d", others)
	}
	return t.String()
}

// text says what is worth knowing of the flow logs of a change, without their
// IDs. Changes of which it says the same are listed together.
func (c *Change) text() string {
	var t text
	if c.Keep != nil {
		t.differences(c.Differences)
		if isFailing(c.Keep) {
			t.linef("    failing: %s", quote(aws.ToString(c.Keep.DeliverLogsErrorMessage)))
		}
		if c.Action == ActionReplace {
			t.linef("    only the deletion is left")
		}
	}
	for i, conflict := range c.Conflicts {
		switch {
		case len(c.Conflicts) > 1:
			t.linef("    %s", ordinal(i))
		case c.Action == ActionKeep:
			t.linef("    the other one")
		}
		t.differences(conflict.Differences)
		switch {
		case conflict.perhapsEqual():
			t.linef("    EC2 may take the two destinations for the same; it is never deleted")
		case isManaged(&conflict.FlowLog):
			t.linef("    managed by a telemetry rule of AWS; it is never deleted")
		}
	}
	return t.String()
}

// ordinal counts the flow logs of a resource as they are listed.
func ordinal(i int) string {
	return [...]string{"the first", "the second", "the third", "another"}[min(i, 3)]
}

// text is lines of text.
type text struct{ strings.Builder }

func (t *text) linef(format string, args ...any) {
	fmt.Fprintf(t, format+"\n", args...)
}

// list writes the changes that belong to a section, those with the same remarks
// together, the most frequent first.
func (t *text) list(title string, changes []Change, section func(*Change) (remarks string, ok bool)) {
	groups := make(map[string][]*Change)
	var order []string
	for i := range changes {
		remarks, ok := section(&changes[i])
		if !ok {
			continue
		}
		if groups[remarks] == nil {
			order = append(order, remarks)
		}
		groups[remarks] = append(groups[remarks], &changes[i])
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(len(groups[b]), len(groups[a])) })
	for i, remarks := range order {
		if i == mostLines {
			left := 0
			for _, remarks := range order[i:] {
				left += len(groups[remarks])
			}
			t.linef("\n%s (%d), each differing in another way", title, left)
			return
		}
		t.linef("\n%s (%d)", title, len(groups[remarks]))
		t.resources(groups[remarks])
		t.WriteString(remarks)
	}
}

// resources writes the resources of a group with their flow logs, aligned.
func (t *text) resources(group []*Change) {
	shown := group
	if len(group) > mostLines {
		shown = group[:mostLines/2]
	}
	width := 0
	for _, c := range shown {
		width = max(width, len(printable(c.ResourceID)))
	}
	for _, c := range shown {
		t.linef("%s", strings.TrimRight(fmt.Sprintf("  %-*s  %s", width, printable(c.ResourceID), c.flowLogIDs()), " "))
	}
	if more := len(group) - len(shown); more > 0 {
		t.linef("  and %d more", more)
	}
}

// flowLogIDs names the flow logs that a change concerns.
func (c *Change) flowLogIDs() string {
	var ids []string
	if c.Keep != nil {
		ids = append(ids, "keep "+printable(aws.ToString(c.Keep.FlowLogId)))
	}
	verb := ""
	switch {
	case c.Action == ActionReplace:
		verb = "delete "
	case c.Keep != nil:
		verb = "beside "
	}
	for _, conflict := range c.Conflicts {
		ids = append(ids, verb+printable(aws.ToString(conflict.FlowLog.FlowLogId)))
	}
	return strings.Join(ids, ", ")
}

// differences writes what is wanted and what there is, one below the other.
func (t *text) differences(differences []Difference) {
	width := 0
	for _, d := range differences {
		width = max(width, len(printable(d.Field)))
	}
	for _, d := range differences {
		t.linef("    %-*s  want %s", width, printable(d.Field), cmp.Or(printable(d.Want), "none"))
		t.linef("    %-*s  have %s", width, "", cmp.Or(printable(d.Have), "none"))
	}
}
