package flowlogstest

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// Call is one call that reached an [EC2], and what it was answered. It holds
// plain values only, so testify and go-cmp show a difference between two calls
// by the names of their fields.
type Call struct {
	// Operation is the operation called, such as "CreateFlowLogs". It is empty
	// for a request that could not be read.
	Operation string

	// Time is when the call arrived.
	Time time.Time

	// ClientToken is the token that came with the call, empty if none did.
	ClientToken string

	// ResourceIDs are those of CreateFlowLogs, in the order in which they came.
	ResourceIDs []string

	// Params are all parameters of the call by their names in the EC2 Query
	// API, such as "ResourceId.1", "TagSpecification.1.Tag.1.Key" or "DryRun".
	Params map[string]string

	// Body is the request byte for byte: equal bodies are equal attempts.
	Body string

	// Status is the HTTP status of the answer: 0 while there is none, and for
	// good where it was lost.
	Status int

	// ErrorCode is the code with which EC2 refused the call, such as
	// "IdempotentParameterMismatch". It is empty where it did not.
	ErrorCode string

	// Answer is the body of the answer, as much of it as was sent.
	Answer string
}

// Input returns the input of a CreateFlowLogs call as EC2 understood it, a new
// one each time. It is nil for other operations and malformed requests.
func (c Call) Input() *ec2.CreateFlowLogsInput {
	q, err := parseQuery(c.Body)
	if err != nil || q.action != "CreateFlowLogs" {
		return nil
	}
	in, err := decodeCreateFlowLogs(q)
	if err != nil {
		return nil
	}
	return in
}

// Calls returns every call so far in the order of arrival, those included that
// were refused, throttled, answered from an earlier call, or never answered.
// The calls are copies.
func (e *EC2) Calls() []Call {
	e.mu.Lock()
	defer e.mu.Unlock()
	calls := make([]Call, 0, len(e.records))
	for _, r := range e.records {
		calls = append(calls, r.call())
	}
	return calls
}

// record is what is kept of a call: the rest can be read from its body.
type record struct {
	time   time.Time
	body   string
	status int
	code   string
	answer string
}

func (r *record) call() Call {
	c := Call{Time: r.time, Body: r.body, Status: r.status, ErrorCode: r.code, Answer: r.answer}
	if q, err := parseQuery(r.body); err == nil {
		c.Operation = q.action
		c.Params = q.params
		c.ClientToken = q.params["ClientToken"]
		c.ResourceIDs = q.list("ResourceId")
	}
	return c
}
