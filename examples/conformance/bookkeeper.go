package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// kinds are the kinds of resources that a run makes, in the order in which they are
// deleted: the last made first.
var kinds = []string{"flow-log", "bucket", "subnet", "vpc"}

// idsOf has the form of the IDs of each kind.
var idsOf = map[string]*regexp.Regexp{
	"flow-log": regexp.MustCompile(`\bfl-[0-9a-f]{8,17}\b`),
	"bucket":   regexp.MustCompile(`\b` + bucketOf("run-[a-z0-9]+") + `\b`),
	"subnet":   regexp.MustCompile(`\bsubnet-[0-9a-f]{8,17}\b`),
	"vpc":      regexp.MustCompile(`\bvpc-[0-9a-f]{8,17}\b`),
}

// calls are the calls that the journal has, by the Action of EC2 or the method of S3.
var calls = map[string]struct{ event, kind string }{
	"CreateVpc":       {creating, "vpc"},
	"CreateSubnet":    {creating, "subnet"},
	http.MethodPut:    {creating, "bucket"},
	"CreateFlowLogs":  {creating, "flow-log"},
	"DeleteFlowLogs":  {deleted, "flow-log"},
	http.MethodDelete: {deleted, "bucket"},
	"DeleteSubnet":    {deleted, "subnet"},
	"DeleteVpc":       {deleted, "vpc"},
}

// bookkeeper is an HTTP client that keeps the journal and keeps calls apart. At this
// level it sees each attempt of a call: an attempt without a response can have created
// something, too.
type bookkeeper struct {
	client  aws.HTTPClient
	journal *journal
	run     string
	local   bool // the server is on this machine

	mu   sync.Mutex
	next time.Time
}

// pause is that for half of the rate which EC2 grants CreateFlowLogs.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
const pause = 400 * time.Millisecond

func (b *bookkeeper) Do(req *http.Request) (*http.Response, error) {
	if err := b.wait(req.Context()); err != nil {
		return nil, err
	}
	name, text := req.Method, req.URL.String()
	var form url.Values
	if req.Method == http.MethodPost {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
		text = string(body)
		form, _ = url.ParseQuery(text) // what can be parsed counts
		name = form.Get("Action")
	}
	switch call := calls[name]; call.event {
	case creating:
		return b.create(req, call.kind, form)
	case deleted:
		return b.delete(req, call.kind, idsOf[call.kind].FindAllString(text, -1))
	}
	return b.client.Do(req)
}

// create writes into the journal before the call and after its response. A signal does
// not cut it off: the response names what is to be deleted.
func (b *bookkeeper) create(req *http.Request, kind string, form url.Values) (*http.Response, error) {
	req = req.WithContext(context.WithoutCancel(req.Context()))
	var resources []string
	for name := range form {
		if strings.HasPrefix(name, "ResourceId.") {
			resources = append(resources, form.Get(name))
		}
	}
	event := creating
	if kind == "flow-log" && (form.Get("DryRun") == "true" || !b.journal.owns(b.run, resources)) {
		event = trying
	}
	if err := b.journal.write(b.run, event, kind, resources...); err != nil {
		return nil, err
	}
	resp, body, err := b.send(req)
	if err != nil {
		return nil, err
	}
	var ids []string
	if resp.StatusCode < 300 {
		ids = idsOf[kind].FindAllString(body, -1)
	}
	// After any other error of the server, EC2 may have created something.
	answered := resp.StatusCode < 500 || b.local || strings.Contains(body, "<Code>RequestLimitExceeded</Code>")
	if event == creating && answered || len(ids) > 0 {
		err = b.journal.write(b.run, created, kind, ids...)
	}
	return resp, err
}

// delete writes into the journal what has been deleted. DeleteFlowLogs names in its
// response what it has not.
func (b *bookkeeper) delete(req *http.Request, kind string, ids []string) (*http.Response, error) {
	resp, body, err := b.send(req)
	if err != nil || resp.StatusCode >= 300 {
		return resp, err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return strings.Contains(body, id) })
	return resp, b.journal.write(b.run, deleted, kind, ids...)
}

// send returns the response with its body, which can be read again.
func (b *bookkeeper) send(req *http.Request) (*http.Response, string, error) {
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, "", err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, string(body), nil
}

// wait returns when it is the call's turn. After a signal it is no call's.
func (b *bookkeeper) wait(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-time.After(time.Until(b.next)):
	case <-ctx.Done():
	}
	if !b.local {
		b.next = time.Now().Add(pause)
	}
	return ctx.Err()
}
