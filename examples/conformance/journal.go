package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// entry is a line of the journal. It is written before a call that creates, and again
// with the ID that the call returned.
type entry struct {
	Run     string   `json:"run"`
	Account string   `json:"account"`
	Region  string   `json:"region"`
	Kind    string   `json:"kind"`          // "vpc", "subnet", "bucket", "flow-log", or "clean": nothing is left of the run
	IDs     []string `json:"ids,omitempty"` // those of a flow log are its resources
}

// journal is the file. Its methods are safe for concurrent use.
type journal struct {
	options options
	entries []entry // of earlier runs that are not clean, and of this one

	mu   sync.Mutex
	file *os.File
}

func openJournal(o options) (*journal, error) {
	text, err := os.ReadFile(o.journal)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	j := &journal{options: o}
	for line := range bytes.Lines(text) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			continue // cut off: what it announces was not sent
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
func (j *journal) write(run, kind string, ids ...string) error {
	e := entry{run, j.options.account, j.options.region, kind, ids}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return j.file.Sync()
}

// unclean returns the IDs of each kind, by run. A kind without IDs is one whose creation
// was announced.
func (j *journal) unclean() map[string]map[string][]string {
	j.mu.Lock()
	defer j.mu.Unlock()
	runs := map[string]map[string][]string{}
	for _, e := range j.entries {
		switch {
		case e.Account != j.options.account || e.Region != j.options.region:
		case e.Kind == "clean":
			delete(runs, e.Run)
		default:
			if runs[e.Run] == nil {
				runs[e.Run] = map[string][]string{}
			}
			runs[e.Run][e.Kind] = append(runs[e.Run][e.Kind], e.IDs...)
		}
	}
	return runs
}

// announcer is an HTTP client that announces each call that creates flow logs, and keeps
// calls apart.
type announcer struct {
	client  aws.HTTPClient
	journal *journal
	run     string
	pause   time.Duration // half of the rate that EC2 grants CreateFlowLogs

	mu   sync.Mutex
	next time.Time
}

// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
const pause = 400 * time.Millisecond

func (a *announcer) Do(req *http.Request) (*http.Response, error) {
	if err := a.wait(req); err != nil {
		return nil, err
	}
	if req.Body != nil && strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
		if err := a.announce(string(body)); err != nil {
			return nil, err
		}
	}
	return a.client.Do(req)
}

// wait gives each call its time.
func (a *announcer) wait(req *http.Request) error {
	a.mu.Lock()
	now := time.Now()
	if a.next.Before(now) {
		a.next = now
	}
	delay := a.next.Sub(now)
	a.next = a.next.Add(a.pause)
	a.mu.Unlock()
	select {
	case <-time.After(delay):
		return nil
	case <-req.Context().Done():
		return req.Context().Err()
	}
}

var resourceParameter = regexp.MustCompile(`^ResourceId\.\d+$`)

func (a *announcer) announce(body string) error {
	form, _ := url.ParseQuery(body) // what can be parsed counts
	if form.Get("Action") != "CreateFlowLogs" || form.Get("DryRun") == "true" {
		return nil
	}
	var ids []string
	for name := range form {
		if resourceParameter.MatchString(name) {
			ids = append(ids, form.Get(name))
		}
	}
	return a.journal.write(a.run, "flow-log", ids...)
}
