package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// options are the command line. A nil list means that everything exists, an empty list
// that nothing does.
type options struct {
	listen string
	public bool

	region        string
	account       string
	resources     []string
	buckets       []string
	deniedBuckets []string
	logGroups     []string
	roles         []string
	failedAfter   time.Duration

	throttle  bool
	burst     int
	perSecond float64
	latency   time.Duration
	fail      []string
	faults    []flowlogstest.Fault
}

// parse writes help to usage; the caller prints the error.
func parse(args []string, usage io.Writer) (options, error) {
	o := options{region: "us-east-1", failedAfter: 10 * time.Minute, burst: 50, perSecond: 5}
	flags := o.flags()
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(usage)
		flags.Usage()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w (-help shows all options)", err)
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q: want options only (-help shows all)", flags.Arg(0))
	}
	flags.Visit(func(f *flag.Flag) {
		o.throttle = o.throttle || f.Name == "burst" || f.Name == "per-second"
	})
	return o, nil
}

// flags returns the flags that set o. A list has its elements between commas.
func (o *options) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("emulator", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:4566", "`address` to listen on; port 0 picks a free port")
	flags.BoolVar(&o.public, "public", false, "allow an address that other machines can reach; they need no credentials")

	option(flags, "region", "`Region` of every call (default us-east-1)", &o.region, parseRegion)
	option(flags, "account", "the caller's `account`, to which roles must belong (default that of the role given)", &o.account, parseAccount)
	option(flags, "resources", "`IDs` of the resources that exist (default every one)", &o.resources, parseIDs)
	option(flags, "buckets", "`names` of the S3 buckets that exist (default every one)", &o.buckets, parseBuckets)
	option(flags, "denied-buckets", "`names` of S3 buckets that exist and deny access", &o.deniedBuckets, parseBuckets)
	option(flags, "log-groups", "`names` of the log groups that the roles can write to; delivery to another shows FAILED after -failed-after (default every one)", &o.logGroups, parseLogGroups)
	option(flags, "roles", "`ARNs` of the IAM roles that EC2 can assume (default every one of the account)", &o.roles, parseRoles)
	option(flags, "failed-after", "`duration` until a flow log that cannot deliver shows FAILED (default 10m)", &o.failedAfter, parseDuration)

	flags.BoolVar(&o.throttle, "throttle", false, "limit calls as EC2 does: 50 at once, then 5 a second")
	option(flags, "burst", "-throttle with this `number` of calls at once", &o.burst, parseBurst)
	option(flags, "per-second", "-throttle with this `number` of calls a second", &o.perSecond, parsePerSecond)
	option(flags, "latency", "`duration` after which every call gets its response", &o.latency, parseDuration)
	option(flags, "fail", "`IDs` of resources to which the destination of a call always denies access", &o.fail, parseFailing)
	option(flags, "fault", "comma-separated `faults`, one for each of the next CreateFlowLogs calls:"+faultHelp(), &o.faults, parseFaults)
	return flags
}

// option defines a flag. The errors of parse say what would be right; the flag package
// adds the name and the value.
func option[T any](flags *flag.FlagSet, name, usage string, value *T, parse func(string) (T, error)) {
	flags.Func(name, usage, func(s string) (err error) {
		*value, err = parse(s)
		return err
	})
}
