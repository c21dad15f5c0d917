package flowlogstest

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"time"
)

// ledger holds the flow logs that exist.
type ledger struct {
	all        []*flowLog // in the order of their numbers
	byID       map[string]*flowLog
	byResource map[string][]*flowLog
	deleted    []*flowLog // that DescribeFlowLogs may still show
	last       int        // highest number given to a flow log
}

func newLedger() ledger {
	return ledger{byID: map[string]*flowLog{}, byResource: map[string][]*flowLog{}}
}

// nextID numbers flow logs, so that a test can write down the IDs it expects. It skips
// the IDs that [EC2.Put] has used.
func (l *ledger) nextID() string {
	for {
		id := fmt.Sprintf("fl-%017x", l.last+1)
		if l.byID[id] == nil {
			return id
		}
		l.last++
	}
}

// create adds a flow log that is like the template.
func (l *ledger) create(resourceID string, template flowLog) string {
	f := &template
	f.id, f.resourceID = l.nextID(), resourceID
	f.shown.FlowLogId, f.shown.ResourceId = &f.id, &f.resourceID
	l.add(f)
	return f.id
}

func (l *ledger) add(f *flowLog) {
	l.last++
	f.number = l.last
	l.all = append(l.all, f)
	l.byID[f.id] = f
	l.byResource[f.resourceID] = append(l.byResource[f.resourceID], f)
}

// put adds a flow log. If its ID exists, it takes the place of the old flow log.
func (l *ledger) put(f *flowLog) {
	before := l.byID[f.id]
	if before == nil {
		l.add(f)
		return
	}
	f.number = before.number
	l.all[len(l.all)-len(l.after(f.number-1))] = f
	l.byID[f.id] = f
	l.byResource[before.resourceID] = slices.DeleteFunc(l.byResource[before.resourceID], func(other *flowLog) bool { return other == before })
	l.byResource[f.resourceID] = append(l.byResource[f.resourceID], f)
}

// has reports whether a resource has a flow log of the same configuration.
func (l *ledger) has(resourceID string, c *configuration) bool {
	return slices.ContainsFunc(l.byResource[resourceID], func(f *flowLog) bool { return f.identity == c.identity })
}

// after returns the flow logs with a higher number.
func (l *ledger) after(number int) []*flowLog {
	return l.all[sort.Search(len(l.all), func(i int) bool { return l.all[i].number > number }):]
}

// on returns the flow logs on some resources with a higher number.
func (l *ledger) on(resourceIDs map[string]bool, number int) []*flowLog {
	var found []*flowLog
	for id := range resourceIDs {
		for _, f := range l.byResource[id] {
			if f.number > number {
				found = append(found, f)
			}
		}
	}
	return inOrder(found)
}

// delete removes flow logs. DescribeFlowLogs shows them until hidden.
func (l *ledger) delete(ids []string, hidden time.Time) {
	deleted := newSet(ids)
	isDeleted := func(f *flowLog) bool { return deleted[f.id] }
	for _, id := range ids {
		if f := l.byID[id]; f != nil { // an ID may be named twice
			l.byResource[f.resourceID] = slices.DeleteFunc(l.byResource[f.resourceID], isDeleted)
			delete(l.byID, id)
			f.hidden = hidden
			l.deleted = append(l.deleted, f)
		}
	}
	l.all = slices.DeleteFunc(l.all, isDeleted)
}

// withDeleted adds the deleted flow logs that are still shown and have a higher number.
// The caller still has to filter them.
func (l *ledger) withDeleted(others []*flowLog, number int, now time.Time) []*flowLog {
	l.deleted = slices.DeleteFunc(l.deleted, func(f *flowLog) bool {
		return !now.Before(f.hidden) || l.byID[f.id] != nil // Put has used the ID again
	})
	if len(l.deleted) == 0 {
		return others
	}
	found := slices.Clone(others)
	for _, f := range l.deleted {
		if f.number > number {
			found = append(found, f)
		}
	}
	return inOrder(found)
}

func inOrder(flowLogs []*flowLog) []*flowLog {
	slices.SortFunc(flowLogs, func(a, b *flowLog) int { return cmp.Compare(a.number, b.number) })
	return flowLogs
}
