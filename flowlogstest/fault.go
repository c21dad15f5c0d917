package flowlogstest

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// Fault is something that goes wrong with a call. The functions below return faults, and
// [EC2.Inject] makes them active. A Fault matches one call, unless Times or Keep says
// otherwise.
//
// A Fault is a value: On, Times, Keep, AfterApplying and RetryAfter return changed
// copies. The zero Fault matches no call.
type Fault struct {
	name    string
	times   int  // how many calls are left to match, or always
	rejects bool // before EC2 applies the call
	matches func(Call) bool

	modify  func(*response)
	edit    func(output any)
	fails   func(id string) bool // whether a resource or flow log is unsuccessful
	failure func(destination string) failure
	hidden  string        // an ARN that EC2 does not see
	delay   time.Duration // from Inject until EC2 sees it
	until   time.Time
}

const always = -1

// Reject rejects a call with an error of EC2, and does not apply it. The code is one such
// as "UnauthorizedOperation", and the HTTP status is 4xx or 5xx.
func Reject(code, message string, status int) Fault {
	err := &apiError{status: status, code: code, message: message}
	return Fault{name: "Reject", times: 1, rejects: true, modify: func(r *response) {
		r.replace(err.response(r.requestID))
	}}
}

// Throttle rejects a call with RequestLimitExceeded and status 503, and does not apply
// it.
func Throttle() Fault {
	f := Reject(requestLimitExceeded.code, requestLimitExceeded.message, requestLimitExceeded.status)
	f.name = "Throttle"
	return f
}

// Respond responds with a status and a body that are not EC2's, such as 502 and a proxy's
// HTML page, or an empty 500. The call is not applied.
func Respond(status int, body string) Fault {
	return Fault{name: "Respond", times: 1, rejects: true, modify: func(r *response) {
		header := http.Header{}
		header.Set("Content-Type", http.DetectContentType([]byte(body)))
		r.replace(response{status: status, header: header, body: body})
	}}
}

// LoseResponse applies the call and closes the connection before the first byte of the
// response.
func LoseResponse() Fault {
	return Fault{name: "LoseResponse", times: 1, modify: func(r *response) { r.lost = true }}
}

// TruncateResponse applies the call and closes the connection in the middle of the
// response.
func TruncateResponse() Fault {
	return Fault{name: "TruncateResponse", times: 1, modify: func(r *response) { r.truncated = true }}
}

// Hang applies the call and never responds. The call ends when its context ends or the
// [Server] is closed.
func Hang() Fault {
	return Fault{name: "Hang", times: 1, modify: func(r *response) { r.hung = true }}
}

// Delay applies the call at once and responds after d, unless the context of the call
// ends earlier.
func Delay(d time.Duration) Fault {
	return Fault{name: "Delay", times: 1, modify: func(r *response) { r.delay += d }}
}

// FailResources reports resources of a CreateFlowLogs call as unsuccessful, with the code
// and message given, and creates no flow logs on them. It matches a call that names one
// of resourceIDs. Without resourceIDs, every resource of a call fails.
func FailResources(code, message string, resourceIDs ...string) Fault {
	return failing("FailResources", "CreateFlowLogs", resourceIDs, failure{code: code, message: message})
}

// DenyDestination reports resources of a CreateFlowLogs call as unsuccessful, as EC2 does
// where the destination denies access, and creates no flow logs on them. The message
// names the bucket, log group or stream of the call. It matches as FailResources does.
func DenyDestination(resourceIDs ...string) Fault {
	f := failing("DenyDestination", "CreateFlowLogs", resourceIDs, failure{})
	f.failure = accessDenied
	return f
}

// FailFlowLogs reports flow logs of a DeleteFlowLogs call as unsuccessful, with the code
// and message given, and does not delete them. They need not exist. It matches a call
// that names one of flowLogIDs. Without flowLogIDs, every flow log of a call fails.
func FailFlowLogs(code, message string, flowLogIDs ...string) Fault {
	return failing("FailFlowLogs", "DeleteFlowLogs", flowLogIDs, failure{code: code, message: message})
}

func failing(name, operation string, ids []string, why failure) Fault {
	fails := func(id string) bool { return len(ids) == 0 || slices.Contains(ids, id) }
	f := Fault{name: name, times: 1, fails: fails, failure: func(string) failure { return why }}
	return f.onOperation(operation).On(func(c Call) bool {
		return slices.ContainsFunc(c.ResourceIDs, fails) || slices.ContainsFunc(c.FlowLogIDs, fails)
	})
}

// PropagateAfter hides an IAM role, or the policy of an S3 bucket, from EC2 until d has
// passed since Inject. Until then a CreateFlowLogs call with that role is rejected with
// "Unable to assume given IAM role", and each resource of a call to that bucket fails
// with "Access Denied for LogDestination". The ARN names the role, or the bucket without
// a prefix.
//
// The fault is kept until d has passed.
func PropagateAfter(arn string, d time.Duration) Fault {
	return Fault{name: "PropagateAfter", hidden: arn, delay: d}.onOperation("CreateFlowLogs").Keep()
}

// Output is the output of an operation. [EditResponse] takes the operation from it.
type Output interface {
	ec2.CreateFlowLogsOutput | ec2.DescribeFlowLogsOutput | ec2.DeleteFlowLogsOutput | ec2.DescribeTagsOutput
}

// EditResponse edits the response to a successful call of the operation whose output is
// Out, but not the flow logs. It can reorder flow log IDs, omit a failure or the
// ResourceId of an item, or repeat a NextToken. The output is a copy, which edit may
// keep. A replay under the same token starts from the unedited response.
func EditResponse[Out Output](edit func(*Out)) Fault {
	operation := strings.TrimSuffix(reflect.TypeFor[Out]().Name(), "Output")
	return Fault{name: "EditResponse", times: 1, edit: func(output any) { edit(output.(*Out)) }}.onOperation(operation)
}

func (f Fault) onOperation(name string) Fault {
	return f.On(func(c Call) bool { return c.Operation == name })
}

// On narrows a Fault to the calls for which match returns true. match runs before the
// call is applied, so the Call has no response yet. The EC2 is locked meanwhile, so match
// must not call its methods.
func (f Fault) On(match func(Call) bool) Fault {
	if before := f.matches; before != nil {
		f.matches = func(c Call) bool { return before(c) && match(c) }
	} else {
		f.matches = match
	}
	return f
}

// Times makes a Fault match the next n calls instead of one. If n is zero or negative, it
// matches none, and Inject ignores it. Times undoes Keep, and Keep undoes Times.
func (f Fault) Times(n int) Fault {
	f.times = max(n, 0)
	return f
}

// Keep makes a Fault match every call, until [EC2.ClearFaults].
func (f Fault) Keep() Fault {
	f.times = always
	return f
}

// AfterApplying makes Reject, Throttle and Respond apply the call before they respond.
// The other faults apply it anyway.
func (f Fault) AfterApplying() Fault {
	f.rejects = false
	return f
}

// RetryAfter adds the header x-amz-retry-after to the response: it asks the client to
// wait for d before it retries. The header has milliseconds. The SDK adds at most 5
// seconds to its own delay.
func (f Fault) RetryAfter(d time.Duration) Fault {
	modify := f.modify
	f.modify = func(r *response) {
		if modify != nil {
			modify(r)
		}
		r.header.Set("X-Amz-Retry-After", strconv.FormatInt(d.Milliseconds(), 10))
	}
	return f
}

// String returns the name of the function that made the fault, and how many calls it
// matches.
func (f Fault) String() string {
	switch f.times {
	case 1:
		return f.name
	case always:
		return fmt.Sprintf("%s (kept)", f.name)
	default:
		return fmt.Sprintf("%s (%d times)", f.name, f.times)
	}
}
