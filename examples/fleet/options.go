package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-flowlogs/flowlogs"
)

// demoBucket is where flow logs go on an EC2 that is not AWS.
const demoBucket = "arn:aws:s3:::my-flow-logs"

// options are the command line.
type options struct {
	aws       bool
	endpoint  string
	serve     string
	vpcs      int
	burst     int
	perSecond float64
	jobs      string
	request   flowlogs.Request // without IDs
	explicit  bool             // whether flags set parts of the request
}

// parse writes help to usage; the caller prints the error.
func parse(args []string, usage io.Writer) (options, error) {
	var o options
	var bucket, logGroup, role, traffic string
	flags := flag.NewFlagSet("fleet", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.aws, "aws", false, "call AWS, or the server of -endpoint-url, with the configuration of this machine")
	flags.StringVar(&o.endpoint, "endpoint-url", "", "call the server at this `URL`")
	flags.StringVar(&o.serve, "serve", "", "serve at this loopback `address`, such as 127.0.0.1:4567, and create nothing")
	flags.IntVar(&o.vpcs, "vpcs", 5000, "`number` of VPCs of the built-in server")
	flags.IntVar(&o.burst, "burst", 5, "`number` of calls that its token bucket holds")
	flags.Float64Var(&o.perSecond, "per-second", 2, "`number` of calls per second that refill the bucket")
	flags.StringVar(&bucket, "bucket", "", "`ARN` of the bucket to publish to (default without -aws "+demoBucket+")")
	flags.StringVar(&logGroup, "log-group", "", "`name` of the log group to publish to, with -role")
	flags.StringVar(&role, "role", "", "`ARN` of the role that publishes to the log group")
	flags.StringVar(&traffic, "traffic", string(flowlogs.TrafficTypeAll), "ACCEPT, REJECT or ALL")
	flags.StringVar(&o.request.ClientToken, "token", "", "resume the job of this client `token` (default a new job)")
	flags.StringVar(&o.jobs, "jobs", "", "`folder` for the files of unfinished jobs (default in the user's cache)")

	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(usage)
		flags.Usage()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w (-help shows all options)", err)
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q: want options only (-help shows all)", flags.Arg(0))
	case o.serve != "" && (o.aws || o.endpoint != ""):
		return o, errors.New("-serve cannot be combined with -aws or -endpoint-url")
	case o.vpcs < 0 || o.burst < 1 || !(o.perSecond > 0):
		return o, errors.New("want -vpcs of 0 or more, -burst of 1 or more, and -per-second of more than 0")
	case bucket != "" && logGroup != "":
		return o, errors.New("want one destination: -bucket or -log-group")
	case role != "" && logGroup == "":
		return o, errors.New("-role is for a destination that is a -log-group")
	}

	flags.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "bucket", "log-group", "role", "traffic":
			o.explicit = true
		}
	})
	o.request.TrafficType = flowlogs.TrafficType(traffic)
	switch {
	case logGroup != "":
		o.request.Destination = flowlogs.CloudWatchLogs{LogGroupName: logGroup, RoleARN: role}
	case bucket != "" || !o.aws:
		o.request.Destination = flowlogs.S3{BucketARN: cmp.Or(bucket, demoBucket)}
	}
	if o.jobs == "" && o.serve == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return o, fmt.Errorf("%w: set -jobs", err)
		}
		o.jobs = filepath.Join(cache, "flowlogs-fleet")
	}
	return o, nil
}
