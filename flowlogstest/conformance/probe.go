package conformance

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Probe asks EC2 one question. Probes returns those that there are.
type Probe struct {
	// ID begins with the group and a point: "1.interval-120".
	ID string

	// Fact is what the responses settle, as a noun phrase.
	Fact string

	// Calls are made in this order. A call is an action and its parameters, separated
	// by "&" and not encoded. A later parameter replaces an earlier one of the same
	// name, and "-Name" removes it. Names in angle brackets stand for values of Env,
	// "<no-vpc1>" for the ID of a VPC that does not exist, "<token1>" for a token,
	// "<folder>" for a name of the probe's own, and "<fl1>" for the first flow log that
	// an earlier call created.
	//
	// A DescribeFlowLogs call of what exists is repeated for a while until it shows a flow
	// log, unless "now:" comes before it. A call behind "twice:" is made twice at once.
	Calls []string

	// Want is part of the answer, if a source says what it is. Empty: the rule is open,
	// and the double's answer is a choice.
	Want string

	// Needs is what the probe needs beside Env, such as a transit gateway. Such a probe
	// has a name and no calls yet.
	Needs string
}

// Group returns the number of the probe's group; see [Groups].
func (p Probe) Group() int { return int(p.ID[0] - '0') }

// Creates reports whether a correct EC2 can create a flow log by the probe: in some
// call, resource and destination exist.
func (p Probe) Creates() bool {
	return slices.ContainsFunc(p.Calls, func(call string) bool {
		form := parameters(call)
		values := form.Encode() // with the brackets escaped
		return strings.HasSuffix(form.Get("Action"), "CreateFlowLogs") && form.Get("DryRun") != "true" &&
			!strings.HasPrefix(form.Get("ResourceId.1"), "<no-") && !strings.Contains(values, "no-bucket") && !strings.Contains(values, "no-role")
	})
}

// parameters returns the form of a call.
func parameters(call string) url.Values {
	form := url.Values{"Version": {"2016-11-15"}}
	action, rest, _ := strings.Cut(call, "&")
	form.Set("Action", action)
	for parameter := range strings.SplitSeq(rest, "&") {
		name, value, set := strings.Cut(parameter, "=")
		if set {
			form.Set(name, value)
		} else {
			form.Del(strings.TrimPrefix(name, "-"))
		}
	}
	return form
}

// needs returns the part of Env that the probe needs and env lacks, or "".
func (p Probe) needs(env Env) string {
	values := env.values()
	for _, name := range placeholder.FindAllString(strings.Join(p.Calls, "&"), -1) {
		if value, ok := values[name]; ok && value == "" {
			return strings.Trim(name, "<>")
		}
	}
	return p.Needs
}

// Env is what the probes may use of an account. Empty resources are allowed: the probes
// that need them are not run.
type Env struct {
	// AccountID, Partition and Region are those of the caller. An empty Partition
	// means "aws".
	AccountID, Partition, Region string

	// Run names this run: 8 to 20 lower-case letters, digits and hyphens. Tokens and
	// made-up IDs depend on it, so that no two runs share one.
	Run string

	// VPC and three Subnets of it have no flow logs. The probes create some.
	VPC     string
	Subnets []string

	// Bucket is the name of an S3 bucket of the account.
	Bucket string

	// RoleARN is a role that EC2 can assume to write to LogGroup.
	RoleARN, LogGroup string

	// Poll is how long a DescribeFlowLogs call waits before it is repeated. Zero: two
	// seconds. It is repeated up to 10 times.
	Poll time.Duration
}

// values returns what the placeholders stand for that are the same in all probes.
func (e Env) values() map[string]string {
	partition := cmp.Or(e.Partition, "aws")
	values := map[string]string{
		"<account>":   e.AccountID,
		"<partition>": partition,
		"<region>":    e.Region,
		"<run>":       e.Run,
		"<vpc>":       e.VPC,
		"<bucket>":    e.Bucket,
		"<role>":      e.RoleARN,
		"<log-group>": e.LogGroup,
		"<no-bucket>": "flowlogs-conformance-none-" + e.Run,
		"<no-role>":   "arn:" + partition + ":iam::" + e.AccountID + ":role/flowlogs-conformance-none",
		"<subnet1>":   "",
		"<subnet2>":   "",
		"<subnet3>":   "",
	}
	for i, subnet := range e.Subnets {
		values[fmt.Sprintf("<subnet%d>", i+1)] = subnet
	}
	return values
}

var placeholder = regexp.MustCompile(`<([a-z-]+)([0-9]*)>`)

// expand replaces the placeholders of a call. Created are the flow logs so far.
func (p Probe) expand(env Env, call string, created []string) string {
	values := env.values()
	return placeholder.ReplaceAllStringFunc(call, func(s string) string {
		if value, ok := values[s]; ok {
			return value
		}
		parts := placeholder.FindStringSubmatch(s)
		name, number := parts[1], parts[2]
		switch n, _ := strconv.Atoi(number); {
		case name == "token":
			return env.Run + "-" + p.ID + "-" + number
		case name == "folder":
			return p.ID[2:]
		case name == "fl" && n <= len(created):
			return created[n-1]
		}
		// An ID that nothing has: 17 digits of a hash. That of a flow log which an
		// earlier call should have created is one, too.
		sum := sha256.Sum256([]byte(env.Run + s))
		return strings.TrimPrefix(name, "no-") + "-" + hex.EncodeToString(sum[:])[:17]
	})
}
