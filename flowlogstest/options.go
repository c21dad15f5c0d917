package flowlogstest

import (
	"slices"
	"time"
)

// Options say what the account behind an [EC2] looks like. [New] fills in the
// defaults named below and then runs its functions, so whatever a function
// sets, zero and nil included, is meant.
type Options struct {
	// Region is where every call is made: it appears in ARNs and must be the
	// Region of a log group given by its ARN. Default "us-east-1".
	Region string

	// AccountID is the caller's account, to which the roles must belong. Empty,
	// which is the default: that of whichever role is given.
	AccountID string

	// Resources are the IDs of the VPCs, subnets, network interfaces, gateways
	// and attachments that exist. Nil: every well-formed ID does.
	Resources []string

	// Buckets are the names of the S3 buckets that exist. Nil: every one does.
	Buckets []string

	// DeniedBuckets are the names of buckets that exist and whose policy keeps
	// EC2 from delivering to them. Default none.
	DeniedBuckets []string

	// LogGroups are the names of the CloudWatch Logs groups that the roles can
	// write to. A flow log to another one is created all the same, and its
	// delivery fails after FailedAfter. Nil: every log group can be written to.
	LogGroups []string

	// Roles are the ARNs of the IAM roles that EC2 can assume. Nil: every
	// well-formed one of the account.
	Roles []string

	// FailedAfter is how long a flow log that cannot deliver still shows
	// DeliverLogsStatus SUCCESS before it turns to FAILED. Default 10 minutes.
	FailedAfter time.Duration

	// Throttle turns on the token buckets of the EC2 API. Each operation has
	// its own. DescribeFlowLogs has the documented one for reading: 100 calls,
	// refilled by 20 a second. Default off.
	Throttle bool

	// Burst is the size of the bucket of CreateFlowLogs and that of
	// DeleteFlowLogs, in calls; both start full. Default 50, as documented.
	Burst int

	// PerSecond is how many calls those buckets regain in a second. Default 5,
	// as documented. Zero: none.
	PerSecond float64
}

func resolve(optFns []func(*Options)) Options {
	o := Options{
		Region:      "us-east-1",
		FailedAfter: 10 * time.Minute,
		Burst:       50,
		PerSecond:   5,
	}
	for _, fn := range optFns {
		fn(&o)
	}
	// What the caller does to its slices afterwards must not change the account.
	for _, list := range []*[]string{&o.Resources, &o.Buckets, &o.DeniedBuckets, &o.LogGroups, &o.Roles} {
		*list = slices.Clone(*list)
	}
	return o
}

// exists reports whether name is among those that exist, nil meaning all.
func exists(name string, among []string) bool {
	return among == nil || slices.Contains(among, name)
}
