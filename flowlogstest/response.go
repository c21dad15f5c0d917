package flowlogstest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// response is the response to one request, and the way it is delivered.
type response struct {
	requestID string
	status    int
	code      string // of the error in body; empty: none
	header    http.Header
	body      string

	fallback http.Handler // if set, makes the response

	delay     time.Duration // before the first byte
	lost      bool          // the connection is cut before the first byte
	truncated bool          // the connection is cut in the middle of the body
	hung      bool          // nothing is ever sent
}

func newXMLResponse(status int, requestID string, body string) response {
	header := http.Header{}
	header.Set("Content-Type", xmlContentType)
	header.Set("X-Amzn-Requestid", requestID)
	return response{requestID: requestID, status: status, header: header, body: body}
}

// replace replaces the content of the response, and leaves its delivery as it is.
func (r *response) replace(with response) {
	r.status, r.code, r.header, r.body = with.status, with.code, with.header, with.body
}

// sent returns the part of the body that reaches the caller.
func (r response) sent() string {
	if r.truncated {
		return r.body[:len(r.body)/2]
	}
	return r.body
}

// deliver waits as long as the delivery takes. It returns an error if nothing reaches the
// caller.
func (r response) deliver(ctx context.Context) error {
	if r.delay > 0 {
		timer := time.NewTimer(r.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if r.hung {
		<-ctx.Done()
		return ctx.Err()
	}
	if r.lost {
		return io.EOF // as net/http reports a server that closes the connection
	}
	return nil
}

// respond serves one request. It returns an error if no response reaches the caller. The
// request is applied before the response is delayed, so a caller that gives up does not
// undo it.
func (e *EC2) respond(req *http.Request, query string) (response, error) {
	logged, res := e.serve(req, query)
	if err := res.deliver(req.Context()); err != nil {
		return response{}, err
	}
	res.header.Set("Content-Length", strconv.Itoa(len(res.body)))
	e.mu.Lock()
	defer e.mu.Unlock()
	logged.status, logged.code, logged.body = res.status, res.code, res.sent()
	return res, nil
}

func (e *EC2) serve(req *http.Request, query string) (*entry, response) {
	logged, faults, res := e.receive(query)
	if res.fallback != nil {
		res.replace(serveFallback(res.fallback, req, query))
	}
	faults.modify(&res)
	return logged, res
}

// receive records a request and applies it. It holds the lock throughout: two calls with
// one token must not both create.
func (e *EC2) receive(query string) (*entry, activeFaults, response) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	logged := &entry{time: now, query: query}
	e.entries = append(e.entries, logged)

	faults := e.match(logged, now)
	res := response{requestID: requestID(len(e.entries))}
	if !faults.reject() {
		res = e.apply(query, res.requestID, faults, now)
	}
	return logged, faults, res
}

func (e *EC2) apply(request, requestID string, faults activeFaults, now time.Time) response {
	q, err := parseQuery(request)
	if err != nil {
		return err.response(requestID)
	}
	operation, ok := operations[q.action]
	switch {
	case !ok && e.options.Fallback != nil:
		return response{requestID: requestID, fallback: e.options.Fallback}
	case !ok:
		return invalidAction(q.action).response(requestID)
	}
	if bucket := e.buckets[q.action]; bucket != nil && !bucket.take(now) {
		return requestLimitExceeded.response(requestID)
	}
	output, err := operation(e, q, faults, now)
	if err != nil {
		return err.response(requestID)
	}
	faults.edit(output)
	return newXMLResponse(http.StatusOK, requestID, encode(q.action, requestID, output))
}

// operation applies a request and returns a pointer to its output.
type operation func(*EC2, *query, activeFaults, time.Time) (any, *apiError)

// operations are the actions of the EC2 Query API that an EC2 knows.
var operations = map[string]operation{
	"CreateFlowLogs":   operationOf((*EC2).createFlowLogs),
	"DescribeFlowLogs": operationOf((*EC2).describeFlowLogs),
	"DeleteFlowLogs":   operationOf((*EC2).deleteFlowLogs),
	"CreateTags":       operationOf((*EC2).createTags),
	"DescribeTags":     operationOf((*EC2).describeTags),
	"DeleteTags":       operationOf((*EC2).deleteTags),
}

func operationOf[In, Out any](do func(*EC2, *In, activeFaults, time.Time) (*Out, *apiError)) operation {
	return func(e *EC2, q *query, faults activeFaults, now time.Time) (any, *apiError) {
		in, err := decode[In](q)
		if err != nil {
			return nil, err
		}
		return do(e, in, faults, now)
	}
}

// memory is the transport between the SDK's client and an EC2 in one process.
type memory struct{ ec2 *EC2 }

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	defer req.Body.Close()
	query, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	res, err := m.ec2.respond(req, string(query))
	if err != nil {
		return nil, err
	}
	var body io.Reader = bytes.NewReader([]byte(res.sent()))
	if res.truncated {
		body = io.MultiReader(body, cutConnection{})
	}
	res.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	return &http.Response{
		Status:        strconv.Itoa(res.status) + " " + http.StatusText(res.status),
		StatusCode:    res.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        res.header,
		Body:          io.NopCloser(body),
		ContentLength: int64(len(res.body)),
		Request:       req,
	}, nil
}

// cutConnection reads like a body whose connection is closed before its announced length.
type cutConnection struct{}

func (cutConnection) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
