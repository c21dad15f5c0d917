package flowlogstest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// ledger holds the flow logs that exist.
type ledger struct {
	all        []*flowLog // in the order of creation
	byResource map[string][]*flowLog
	last       int
}

// create numbers flow logs, so that a test can write down the IDs it expects.
func (l *ledger) create(resourceID string, c *configuration, now time.Time) string {
	l.last++
	f := &flowLog{number: l.last, id: fmt.Sprintf("fl-%017x", l.last), resourceID: resourceID, created: now, configuration: c}
	l.all = append(l.all, f)
	l.byResource[resourceID] = append(l.byResource[resourceID], f)
	return f.id
}

// has reports whether a resource has a flow log of the same configuration.
func (l *ledger) has(resourceID string, c *configuration) bool {
	return slices.ContainsFunc(l.byResource[resourceID], func(f *flowLog) bool { return f.identity == c.identity })
}

// among returns the flow logs that exist of those named.
func (l *ledger) among(ids []string) map[string]*flowLog {
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	found := make(map[string]*flowLog, len(ids))
	for _, f := range l.all {
		if wanted[f.id] {
			found[f.id] = f
		}
	}
	return found
}

func (l *ledger) delete(ids []string) {
	gone := l.among(ids)
	isGone := func(f *flowLog) bool { return gone[f.id] != nil }
	for _, f := range gone {
		l.byResource[f.resourceID] = slices.DeleteFunc(l.byResource[f.resourceID], isGone)
	}
	l.all = slices.DeleteFunc(l.all, isGone)
}

// page returns up to limit of the flow logs that come after a token, and the
// token of the next page, empty on the last. A token names the last flow log of
// its page, so flow logs created or deleted meanwhile do not shift the pages.
func page(flowLogs []*flowLog, token string, limit int) ([]*flowLog, string, bool) {
	if token != "" {
		text, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return nil, "", false
		}
		last, err := strconv.Atoi(string(text))
		if err != nil {
			return nil, "", false
		}
		flowLogs = slices.DeleteFunc(slices.Clone(flowLogs), func(f *flowLog) bool { return f.number <= last })
	}
	if limit == 0 || len(flowLogs) <= limit {
		return flowLogs, "", true
	}
	next := base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(flowLogs[limit-1].number)))
	return flowLogs[:limit], next, true
}
