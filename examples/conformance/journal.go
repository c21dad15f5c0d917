package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// The events of a journal.
const (
	creating = "creating" // a call that can create is about to be sent
	trying   = "trying"   // the same, but a correct EC2 rejects it
	created  = "created"  // EC2 has answered such a call, or shows what it created
	deleted  = "deleted"
	clean    = "clean" // nothing is left of the run
)

// entry is a line of the journal.
type entry struct {
	Time    time.Time `json:"time"`
	Run     string    `json:"run"`
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Event   string    `json:"event"`
	Kind    string    `json:"kind,omitempty"` // one of kinds
	IDs     []string  `json:"ids,omitempty"`  // when creating flow logs, those of their resources
}

// journal is the file. Its methods are safe for concurrent use.
type journal struct {
	options options

	mu      sync.Mutex
	entries []entry
	file    *os.File
}

func openJournal(o options) (*journal, error) {
	text, err := os.ReadFile(o.journal)
	if err != nil && (o.sweep || !errors.Is(err, os.ErrNotExist)) {
		return nil, err
	}
	j := &journal{options: o}
	for line := range bytes.Lines(text) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			continue // cut off: a call that it announces was not sent
		}
		j.entries = append(j.entries, e)
	}
	j.file, err = os.OpenFile(o.journal, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil && len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		_, err = j.file.WriteString("\n")
	}
	return j, err
}

func (j *journal) close() { j.file.Close() }

// write returns when the entry is on the disk.
func (j *journal) write(run, event, kind string, ids ...string) error {
	e := entry{time.Now().UTC(), run, j.options.account, j.options.region, event, kind, ids}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err = j.file.Write(append(line, '\n'))
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j.entries = append(j.entries, e)
	return nil
}

// made is what a run has made of one kind.
type made struct {
	on         []string        // the resources of flow logs
	exists     map[string]bool // by ID; false: it is deleted
	unanswered int             // creating calls of which EC2 has shown no result
	last       time.Time       // when the last creating call was sent
}

// owns reports whether the run has made one of the resources.
func (j *journal) owns(run string, ids []string) bool {
	kinds := j.unclean()[run]
	return slices.ContainsFunc(ids, func(id string) bool {
		return kinds["vpc"] != nil && kinds["vpc"].exists[id] || kinds["subnet"] != nil && kinds["subnet"].exists[id]
	})
}

// accounted reports whether each creating call has an answer, and what it created is
// deleted.
func (m *made) accounted() bool {
	for _, exists := range m.exists {
		if exists {
			return false
		}
	}
	return m.unanswered == 0
}

// unclean returns what the runs have made of which something may be left, by run and kind.
func (j *journal) unclean() map[string]map[string]*made {
	j.mu.Lock()
	defer j.mu.Unlock()
	runs := map[string]map[string]*made{}
	for _, e := range j.entries {
		if e.Account != j.options.account || e.Region != j.options.region {
			continue
		}
		switch e.Event {
		case clean:
			delete(runs, e.Run)
		case creating, trying:
			if runs[e.Run] == nil {
				runs[e.Run] = map[string]*made{}
			}
			if runs[e.Run][e.Kind] == nil {
				runs[e.Run][e.Kind] = &made{exists: map[string]bool{}}
			}
			m := runs[e.Run][e.Kind]
			m.on = append(m.on, e.IDs...)
			if e.Event == creating {
				m.unanswered++
			}
			m.last = e.Time
		case created:
			if m := runs[e.Run][e.Kind]; m != nil {
				m.unanswered = max(0, m.unanswered-1)
				for _, id := range e.IDs {
					if _, known := m.exists[id]; !known { // a replay may name what is deleted
						m.exists[id] = true
					}
				}
			}
		case deleted: // by a sweep, which is another run
			for _, kinds := range runs {
				if m := kinds[e.Kind]; m != nil {
					for _, id := range e.IDs {
						if m.exists[id] {
							m.exists[id] = false
						}
					}
				}
			}
		}
	}
	return runs
}
