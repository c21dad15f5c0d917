package flowlogstest

import (
	"math"
	"net/http"
	"slices"
	"time"
)

// Options describe the account behind an [EC2]. [New] fills in the defaults named below
// before it runs its functions. Whatever a function sets is taken literally, zero and nil
// included.
type Options struct {
	// Region is the Region of every call. It appears in ARNs, and a log group that is
	// given by its ARN must be in it. Default "us-east-1".
	Region string

	// AccountID is the account of the caller. The roles must belong to it. Default empty:
	// a role may belong to any account. A log group that is given by its ARN must be in
	// the account of the role either way.
	AccountID string

	// Resources are the IDs of the VPCs, subnets, network interfaces, gateways and
	// attachments that exist. Nil: every well-formed ID exists.
	Resources []string

	// Buckets are the names of the S3 buckets that exist. Nil: every bucket exists.
	Buckets []string

	// DeniedBuckets are the names of buckets that exist and whose policy denies EC2
	// access. Default none.
	DeniedBuckets []string

	// LogGroups are the names of the CloudWatch Logs groups that the roles can write to.
	// A flow log to another log group is created, and its delivery fails after
	// FailedAfter. Nil: the roles can write to every log group.
	LogGroups []string

	// Roles are the ARNs of the IAM roles that EC2 can assume. Nil: EC2 can assume every
	// well-formed role of the account.
	Roles []string

	// FailedAfter is how long a flow log that cannot deliver shows DeliverLogsStatus
	// SUCCESS before it shows FAILED. Default 10 minutes. Zero: it never shows SUCCESS.
	FailedAfter time.Duration

	// DescribeLag is how long DescribeFlowLogs and DescribeTags do not show a new flow
	// log. Those of [EC2.Put] are shown at once. Default zero: no lag.
	DescribeLag time.Duration

	// DeleteLag is how long DescribeFlowLogs and DescribeTags still show a flow log that
	// is deleted. All other operations see at once that it is gone. Default zero: no lag.
	DeleteLag time.Duration

	// TokenLifetime is how long a client token is remembered. After that, a call with the
	// token is a new call. AWS documents no lifetime. Default: as long as the EC2 exists.
	// Zero: no token is remembered.
	TokenLifetime time.Duration

	// AlreadyExistsPerItem reports FlowLogAlreadyExists as an unsuccessful item of the
	// resource that has the flow log, and creates the flow logs on the other resources.
	// Default false: the whole call is rejected. EC2 rejects a call for a single
	// resource; what it does for one of several is not known. Test with both.
	AlreadyExistsPerItem bool

	// Fallback serves the actions that an EC2 does not know, such as DescribeVpcs. The
	// body of the request can still be read, and the response is buffered. Default nil:
	// such an action is rejected with InvalidAction.
	//
	// Its calls are part of [EC2.Calls], without an ErrorCode. Faults match them like any
	// other call, unless [Fault.On] excludes them. Throttle does not count them. Fallback
	// may be called by several goroutines at once, and may call the EC2. Only
	// [EC2.ServeHTTP] and a [Server] reach it.
	Fallback http.Handler

	// Throttle turns on the token buckets of CreateFlowLogs, DescribeFlowLogs and
	// DeleteFlowLogs, one for each. The bucket of DescribeFlowLogs holds 100 calls and
	// regains 20 a second, as documented. Default off.
	Throttle bool

	// Burst is the size of the buckets of CreateFlowLogs and DeleteFlowLogs, in calls.
	// They start full. Default 50, as documented. Zero: every call is throttled.
	Burst int

	// PerSecond is how many calls those two buckets regain in a second. Default 5, as
	// documented. Zero: none.
	PerSecond float64
}

func resolve(optFns []func(*Options)) Options {
	o := Options{
		Region:        "us-east-1",
		FailedAfter:   10 * time.Minute,
		TokenLifetime: math.MaxInt64,
		Burst:         50,
		PerSecond:     5,
	}
	for _, fn := range optFns {
		fn(&o)
	}
	// The caller may change its slices later; the account must not change.
	for _, list := range []*[]string{&o.Resources, &o.Buckets, &o.DeniedBuckets, &o.LogGroups, &o.Roles} {
		*list = slices.Clone(*list)
	}
	return o
}

// exists reports whether names contains name. Nil contains every name.
func exists(name string, names []string) bool {
	return names == nil || slices.Contains(names, name)
}

// tokenBucket throttles the calls of one operation. A call takes one token; a call that
// finds none is throttled and takes nothing. See
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
type tokenBucket struct {
	size      float64
	perSecond float64
	level     float64
	filled    time.Time // when level was computed
}

func newBuckets(o Options) map[string]*tokenBucket {
	if !o.Throttle {
		return nil
	}
	return map[string]*tokenBucket{
		"CreateFlowLogs":   newTokenBucket(o.Burst, o.PerSecond),
		"DeleteFlowLogs":   newTokenBucket(o.Burst, o.PerSecond),
		"DescribeFlowLogs": newTokenBucket(100, 20),
	}
}

func newTokenBucket(size int, perSecond float64) *tokenBucket {
	return &tokenBucket{size: float64(size), perSecond: perSecond, level: float64(size), filled: time.Now()}
}

func (b *tokenBucket) take(now time.Time) bool {
	b.level = min(b.size, b.level+now.Sub(b.filled).Seconds()*b.perSecond)
	b.filled = now
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}
