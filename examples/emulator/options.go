package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// options are the command line.
type options struct {
	listen    string
	public    bool
	region    string
	account   string
	throttle  bool
	burst     int
	perSecond float64
	latency   time.Duration
	fail      []string
	faults    []flowlogstest.Fault
}

// parse writes help to usage; the caller prints the error.
func parse(args []string, usage io.Writer) (options, error) {
	o := options{region: "us-east-1", burst: 50, perSecond: 5}
	flags := flag.NewFlagSet("emulator", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:4566", "`address` to listen on; port 0 is any free port")
	flags.BoolVar(&o.public, "public", false, "allow an address that other machines can reach, and call without credentials")
	option(flags, "region", "`Region` of every call (default us-east-1)", &o.region, parseRegion)
	option(flags, "account", "the caller's `account`, to which roles must belong (default the account of each role)", &o.account, parseAccount)
	flags.BoolVar(&o.throttle, "throttle", false, "limit calls as EC2 does: 50 at once, then 5 a second")
	option(flags, "burst", "-throttle with this `number` of calls at once", &o.burst, parseBurst)
	option(flags, "per-second", "-throttle with this `number` of calls a second", &o.perSecond, parsePerSecond)
	option(flags, "latency", "`duration` that every response is delayed", &o.latency, parseLatency)
	option(flags, "fail", "resource `IDs` that are always rejected, separated by commas", &o.fail, parseIDs)
	option(flags, "fault", "`faults`, separated by commas, one for each of the next CreateFlowLogs calls:"+faultHelp(), &o.faults, parseFaults)

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

// option defines a flag. Its parser says what would be right; the flag package adds
// name and value.
func option[T any](flags *flag.FlagSet, name, usage string, value *T, parse func(string) (T, error)) {
	flags.Func(name, usage, func(s string) (err error) {
		*value, err = parse(s)
		return err
	})
}

var (
	regionPattern   = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	accountPattern  = regexp.MustCompile(`^[0-9]{12}$`)
	resourcePattern = regexp.MustCompile(`^(vpc|subnet|eni|tgw|tgw-attach|nat)-([0-9a-f]{8}|[0-9a-f]{17})$`)
)

func parseRegion(s string) (string, error) {
	return matching(s, regionPattern, "want a Region, such as us-east-1")
}

func parseAccount(s string) (string, error) {
	return matching(s, accountPattern, "want 12 digits")
}

func matching(s string, pattern *regexp.Regexp, want string) (string, error) {
	if !pattern.MatchString(s) {
		return "", errors.New(want)
	}
	return s, nil
}

func parseBurst(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, errors.New("want a whole number, 1 or more")
	}
	return n, nil
}

func parsePerSecond(s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n >= 0) || math.IsInf(n, 0) {
		return 0, errors.New("want a number, 0 or more")
	}
	return n, nil
}

func parseLatency(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errors.New("want a duration, such as 300ms or 2s")
	}
	return d, nil
}

// parseIDs rejects malformed IDs: EC2 would reject them for another reason.
func parseIDs(s string) ([]string, error) {
	ids := strings.Split(s, ",")
	for _, id := range ids {
		if !resourcePattern.MatchString(id) {
			return nil, fmt.Errorf("%q: want the ID of a resource, such as vpc-0a1b2c3d", id)
		}
	}
	return ids, nil
}
