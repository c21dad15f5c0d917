package flowlogstest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// answer is what EC2 sends back to one request, and how it travels.
type answer struct {
	status      int
	code        string // of the error in body, empty for none
	contentType string
	requestID   string // empty: not EC2 itself answered, so no such header
	body        string

	delay time.Duration // sent only after this
	lost  bool          // the connection is cut before the first byte
	cut   bool          // the connection is cut in the middle of the body
	hung  bool          // never sent
}

// sent is as much of the body as reaches the caller.
func (a answer) sent() string {
	if a.cut {
		return a.body[:len(a.body)/2]
	}
	return a.body
}

func (a answer) header() http.Header {
	h := http.Header{}
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.requestID != "" {
		h.Set("X-Amzn-Requestid", a.requestID)
	}
	return h
}

// exchange takes one request and returns its answer, or an error when none
// reaches the caller. Everything that EC2 does happens before it waits, so a
// caller that gives up has been served all the same.
func (e *EC2) exchange(ctx context.Context, request string) (answer, error) {
	rec, a := e.serve(request)
	err := a.travel(ctx)
	if err == nil {
		e.mu.Lock()
		rec.status, rec.code, rec.answer = a.status, a.code, a.sent()
		e.mu.Unlock()
	}
	return a, err
}

// serve is atomic: two calls with one token cannot both create.
func (e *EC2) serve(request string) (*record, answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	rec := &record{time: now, body: request}
	e.records = append(e.records, rec)

	way := e.meet(rec, now)
	a := answer{requestID: requestID(len(e.records))}
	if way.applies() {
		a = e.apply(request, a.requestID, way, now)
	}
	way.tamper(&a)
	return rec, a
}

// apply does what the request asks for and answers with EC2's own XML.
func (e *EC2) apply(request, requestID string, way way, now time.Time) answer {
	q, err := parseQuery(request)
	if err != nil {
		return err.answer(requestID)
	}
	operation, ok := operations[q.action]
	if !ok {
		return unknownAction(q.action).answer(requestID)
	}
	if bucket := e.buckets[q.action]; bucket != nil && !bucket.take(now) {
		return throttled.answer(requestID)
	}
	response, err := operation(e, q, way, now)
	if err != nil {
		return err.answer(requestID)
	}
	response.setRequestID(requestID)
	return answer{status: http.StatusOK, contentType: xmlContentType, requestID: requestID, body: encode(response)}
}

// operations are the actions of the EC2 Query API that are known here.
var operations = map[string]func(*EC2, *query, way, time.Time) (response, *refusal){
	"CreateFlowLogs":   (*EC2).createFlowLogs,
	"DescribeFlowLogs": (*EC2).describeFlowLogs,
	"DeleteFlowLogs":   (*EC2).deleteFlowLogs,
}

// travel waits as long as the answer takes, and fails as the network does.
func (a answer) travel(ctx context.Context) error {
	if a.delay > 0 {
		timer := time.NewTimer(a.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if a.hung {
		<-ctx.Done()
		return ctx.Err()
	}
	if a.lost {
		return io.EOF // what net/http reports when the server hangs up
	}
	return nil
}

// memory is the network between the SDK's client and an EC2 in one process.
type memory struct{ ec2 *EC2 }

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	defer req.Body.Close()
	request, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	a, err := m.ec2.exchange(req.Context(), string(request))
	if err != nil {
		return nil, err
	}
	var body io.Reader = bytes.NewReader([]byte(a.sent()))
	if a.cut {
		body = io.MultiReader(body, hangUp{})
	}
	header := a.header()
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	return &http.Response{
		Status:        strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          io.NopCloser(body),
		ContentLength: int64(len(a.body)),
		Request:       req,
	}, nil
}

// hangUp reads like a connection that was closed before the promised length.
type hangUp struct{}

func (hangUp) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
