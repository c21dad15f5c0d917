package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// faults are the values of -fault. After the first three the flow logs exist, but the
// caller does not know.
var faults = []struct {
	name, help string
	fault      flowlogstest.Fault
}{
	{"lose", "create, then cut the connection", flowlogstest.LoseResponse()},
	{"truncate", "create, then cut the connection in the middle of the response", flowlogstest.TruncateResponse()},
	{"hang", "create, then never respond", flowlogstest.Hang()},
	{"throttle", "RequestLimitExceeded, status 503", flowlogstest.Throttle()},
	{"error", "InternalError, status 500", flowlogstest.Reject("InternalError", "An internal error has occurred", http.StatusInternalServerError)},
	{"denied", "UnauthorizedOperation, status 403", flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", http.StatusForbidden)},
	{"html", "a proxy's page, status 502", flowlogstest.Respond(http.StatusBadGateway, "<html><body>Bad Gateway</body></html>")},
}

func faultHelp() string {
	var help strings.Builder
	for _, f := range faults {
		fmt.Fprintf(&help, "\n%-8s  %s", f.name, f.help)
	}
	return help.String()
}

func parseFaults(s string) ([]flowlogstest.Fault, error) {
	var list []flowlogstest.Fault
	for name := range strings.SplitSeq(s, ",") {
		i := slices.Index(faultNames(), name)
		if i < 0 {
			return nil, fmt.Errorf("%q: want one or more of %s", name, strings.Join(faultNames(), ", "))
		}
		list = append(list, faults[i].fault.On(creates))
	}
	return list, nil
}

func faultNames() []string {
	var names []string
	for _, f := range faults {
		names = append(names, f.name)
	}
	return names
}

func creates(c flowlogstest.Call) bool { return c.Operation == "CreateFlowLogs" }

// ec2 returns the EC2 that the options describe.
func (o options) ec2() *flowlogstest.EC2 {
	e := flowlogstest.New(func(to *flowlogstest.Options) {
		to.Region, to.AccountID = o.region, o.account
		to.Throttle, to.Burst, to.PerSecond = o.throttle, o.burst, o.perSecond
		to.Resources, to.LogGroups, to.Roles = o.resources, o.logGroups, o.roles
		to.Buckets, to.DeniedBuckets = o.buckets, o.deniedBuckets
		if to.Buckets != nil { // a bucket that denies access exists
			to.Buckets = append(to.Buckets, o.deniedBuckets...)
		}
		to.FailedAfter = o.failedAfter
	})
	e.Inject(o.faults...)
	if len(o.fail) > 0 {
		e.Inject(flowlogstest.DenyDestination(o.fail...).Keep())
	}
	if o.latency > 0 {
		e.Inject(flowlogstest.Delay(o.latency).Keep())
	}
	return e
}
