package flowlogstest

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// Call is one call that reached an [EC2], with its response. Its fields are plain values,
// so a failed assertion shows which fields of two calls differ.
type Call struct {
	// Operation is the operation called, such as "CreateFlowLogs". It is empty if the
	// request is malformed.
	Operation string

	// Time is when the call arrived.
	Time time.Time

	// ClientToken is the token of the call. It is empty if the call had none.
	ClientToken string

	// ResourceIDs are the IDs that CreateFlowLogs, CreateTags or DeleteTags names, in the
	// order of the request.
	ResourceIDs []string

	// FlowLogIDs are the IDs that DescribeFlowLogs or DeleteFlowLogs names, in the order
	// of the request.
	FlowLogIDs []string

	// Params are the parameters of the call by their names in the EC2 Query API, such as
	// "ResourceId.1", "TagSpecification.1.Tag.1.Key" or "DryRun". The parameters that
	// sign a request in its query string are left out.
	Params map[string]string

	// Body is the request byte for byte. Two attempts of one call have equal bodies. For
	// a GET request it is the query string. If a POST request has a query string, it
	// follows the body after an ampersand.
	Body string

	// Status is the HTTP status of the response. It is 0 until the response is sent, and
	// stays 0 if the response is lost.
	Status int

	// ErrorCode is the code with which EC2 rejected the call, such as
	// "IdempotentParameterMismatch". It is empty if EC2 did not reject it.
	ErrorCode string

	// Response is the body of the response, as far as it was sent.
	Response string
}

// Input returns the input of a CreateFlowLogs call as EC2 decoded it. Each call of Input
// returns a new one. It is nil for other operations and for malformed requests.
func (c Call) Input() *ec2.CreateFlowLogsInput {
	q, err := parseQuery(c.Body)
	if err != nil || q.action != "CreateFlowLogs" {
		return nil
	}
	in, err := decode[ec2.CreateFlowLogsInput](q)
	if err != nil {
		return nil
	}
	return in
}

// Calls returns copies of all calls so far in the order of their arrival. It includes
// calls that were rejected, throttled or replayed, and calls whose response is still to
// come or was lost.
func (e *EC2) Calls() []Call {
	e.mu.Lock()
	defer e.mu.Unlock()
	calls := make([]Call, 0, len(e.entries))
	for _, r := range e.entries {
		calls = append(calls, r.call())
	}
	return calls
}

// entry is an EC2's record of a call. The other fields of a [Call] are decoded from the
// query on demand.
type entry struct {
	time  time.Time
	query string

	// Set when the response is sent.
	status int
	code   string
	body   string
}

func (r *entry) call() Call {
	c := Call{Time: r.time, Body: r.query, Status: r.status, ErrorCode: r.code, Response: r.body}
	if q, err := parseQuery(r.query); err == nil {
		c.Operation = q.action
		c.Params = q.params
		c.ClientToken = q.params["ClientToken"]
		c.ResourceIDs = q.list("ResourceId")
		c.FlowLogIDs = q.list("FlowLogId")
	}
	return c
}
