package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"

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
	plan      bool
	request   flowlogs.Request // without IDs
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
	flags.BoolVar(&o.plan, "plan", false, "print what would be done, and change nothing")

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
	case o.serve != "" && o.plan:
		return o, errors.New("-serve cannot be combined with -plan")
	case o.vpcs < 0 || o.burst < 1 || !(o.perSecond > 0):
		return o, errors.New("want -vpcs of 0 or more, -burst of 1 or more, and -per-second of more than 0")
	case bucket != "" && logGroup != "":
		return o, errors.New("want one destination: -bucket or -log-group")
	case role != "" && logGroup == "":
		return o, errors.New("-role is for a destination that is a -log-group")
	}

	o.request.TrafficType = flowlogs.TrafficType(traffic)
	switch {
	case logGroup != "":
		o.request.Destination = flowlogs.CloudWatchLogs{LogGroupName: logGroup, RoleARN: role}
	case bucket != "" || !o.aws:
		o.request.Destination = flowlogs.S3{BucketARN: cmp.Or(bucket, demoBucket)}
	}
	return o, nil
}
