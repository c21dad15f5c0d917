package flowlogstest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

// serveFallback runs the handler to its end before anything is sent: a fault
// may still delay, truncate or replace the response.
func serveFallback(handler http.Handler, req *http.Request, query string) response {
	req = req.WithContext(req.Context()) // a copy: the request is the caller's
	if req.Method != http.MethodGet {
		req.Body = io.NopCloser(strings.NewReader(query))
		req.ContentLength = int64(len(query))
	}
	w := &buffer{header: http.Header{}}
	handler.ServeHTTP(w, req)
	w.WriteHeader(http.StatusOK) // no effect if the handler has called it
	if w.sent.Get("Content-Type") == "" {
		w.sent.Set("Content-Type", http.DetectContentType(w.body.Bytes()))
	}
	return response{status: w.status, header: w.sent, body: w.body.String()}
}

// buffer is an [http.ResponseWriter] that holds the response in memory.
type buffer struct {
	header http.Header
	status int         // 0 until WriteHeader
	sent   http.Header // header as it was at WriteHeader
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header { return b.header }

func (b *buffer) WriteHeader(status int) {
	informational := status < 200 // such as 103 Early Hints, which EC2 never sends
	if b.status == 0 && !informational {
		b.status, b.sent = status, b.header.Clone()
	}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}
