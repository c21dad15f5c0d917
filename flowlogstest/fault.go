package flowlogstest

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Fault is something that goes wrong with a call. The functions below make
// them, and [EC2.Inject] puts them in the way of calls to come.
//
// A Fault is a value: On, Keep and AfterApplying return changed copies.
type Fault struct {
	name    string
	refuses bool // before EC2 does anything
	keep    bool
	match   func(Call) bool

	tamper func(*answer)
	edit   func(*ec2.CreateFlowLogsOutput)
	item   func(resourceID string) *types.UnsuccessfulItemError
	hidden string        // an ARN that EC2 does not see
	delay  time.Duration // until it does, from Inject on
	until  time.Time
}

// Refuse answers with an error of EC2, which has done nothing: an HTTP status
// of 4xx or 5xx, a code such as "UnauthorizedOperation" and a message.
func Refuse(code, message string, status int) Fault {
	r := &refusal{status: status, code: code, message: message}
	return Fault{name: "Refuse", refuses: true, tamper: func(a *answer) {
		refused := r.answer(a.requestID)
		a.status, a.code, a.contentType, a.body = refused.status, refused.code, refused.contentType, refused.body
	}}
}

// Throttle refuses with RequestLimitExceeded and status 503, EC2 having done
// nothing.
func Throttle() Fault {
	f := Refuse(throttled.code, throttled.message, throttled.status)
	f.name = "Throttle"
	return f
}

// Respond answers with a status and a body that are not of EC2's making, such
// as a proxy's HTML page with 502 or an empty 500, EC2 having done nothing.
func Respond(status int, body string) Fault {
	return Fault{name: "Respond", refuses: true, tamper: func(a *answer) {
		a.status, a.code, a.requestID, a.body = status, "", "", body
		a.contentType = http.DetectContentType([]byte(body))
	}}
}

// LoseAnswer cuts the connection when EC2 has done what was asked and before a
// byte of its answer is sent.
func LoseAnswer() Fault {
	return Fault{name: "LoseAnswer", tamper: func(a *answer) { a.lost = true }}
}

// TruncateAnswer cuts the connection in the middle of EC2's answer.
func TruncateAnswer() Fault {
	return Fault{name: "TruncateAnswer", tamper: func(a *answer) { a.cut = true }}
}

// Hang does what was asked and never answers. The call ends with its context,
// or with the [Server].
func Hang() Fault {
	return Fault{name: "Hang", tamper: func(a *answer) { a.hung = true }}
}

// Delay does what was asked at once and answers after d. A call that does not
// wait that long ends with its context.
func Delay(d time.Duration) Fault {
	return Fault{name: "Delay", tamper: func(a *answer) { a.delay += d }}
}

// FailResources makes EC2 report resources of a CreateFlowLogs call as
// unsuccessful, with the code and message given, and create no flow log on
// them. It waits for a call that names one of resourceIDs. With none given it
// is for every resource of a call.
func FailResources(code, message string, resourceIDs ...string) Fault {
	fails := func(id string) bool { return len(resourceIDs) == 0 || slices.Contains(resourceIDs, id) }
	return onCreate(Fault{
		name: "FailResources",
		item: func(id string) *types.UnsuccessfulItemError {
			if !fails(id) {
				return nil
			}
			return itemError(code, message)
		},
	}).On(func(c Call) bool { return slices.ContainsFunc(c.ResourceIDs, fails) })
}

// PropagateAfter makes EC2 see an IAM role, or the policy of an S3 bucket, only
// when d has passed since Inject. Until then a CreateFlowLogs call with that
// role is refused with "Unable to assume given IAM role", and one to that
// bucket fails for each resource with "Access Denied for LogDestination". The
// ARN is that of the role or of the bucket itself, without a prefix.
//
// It is kept until d has passed.
func PropagateAfter(arn string, d time.Duration) Fault {
	return onCreate(Fault{name: "PropagateAfter", hidden: arn, delay: d}).Keep()
}

// EditAnswer changes EC2's answer to a successful CreateFlowLogs call, and
// nothing but the answer: IDs in another order, fewer or more of them, a
// failure that goes unmentioned. The output is edit's own.
func EditAnswer(edit func(*ec2.CreateFlowLogsOutput)) Fault {
	return onCreate(Fault{name: "EditAnswer", edit: edit})
}

func onCreate(f Fault) Fault {
	return f.On(func(c Call) bool { return c.Operation == "CreateFlowLogs" })
}

// On narrows a Fault to calls for which match reports true. What the call was
// answered is not known then. Match is called with the EC2 locked: it must not
// call a method of it.
func (f Fault) On(match func(Call) bool) Fault {
	if before := f.match; before != nil {
		f.match = func(c Call) bool { return before(c) && match(c) }
	} else {
		f.match = match
	}
	return f
}

// Keep makes a Fault meet every call that it is for, not just the next one.
func (f Fault) Keep() Fault {
	f.keep = true
	return f
}

// AfterApplying makes Refuse, Throttle and Respond answer when EC2 has done
// what was asked. The other faults do so anyway.
func (f Fault) AfterApplying() Fault {
	f.refuses = false
	return f
}

// String names the fault as its function does.
func (f Fault) String() string {
	if f.keep {
		return fmt.Sprintf("%s (kept)", f.name)
	}
	return f.name
}
