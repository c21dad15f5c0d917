package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/policy"
)

// options are what the command line says.
type options struct {
	request flowlogs.Request
	account policy.Account
	options policy.Options
	only    string
	merge   string
	flags   bool // whether flags say what the request is
}

// line has the values of the flags that make a request.
type line struct {
	input                                                string
	resourceType, ids                                    string
	bucket, logGroup, stream, role, crossAccount, format string
	hive, tagged                                         bool
}

// parse writes help to usage, and leaves printing its errors to the caller.
func parse(args []string, stdin io.Reader, usage io.Writer) (options, error) {
	var o options
	var l line
	var sources string
	flags := flag.NewFlagSet("policies", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&l.input, "cli-input-json", "", "")
	flags.StringVar(&l.resourceType, "type", "", "")
	flags.StringVar(&l.ids, "ids", "", "")
	flags.StringVar(&l.bucket, "bucket", "", "")
	flags.BoolVar(&l.hive, "hive", false, "")
	flags.StringVar(&l.logGroup, "log-group", "", "")
	flags.StringVar(&l.stream, "stream", "", "")
	flags.StringVar(&l.role, "role", "", "")
	flags.StringVar(&l.crossAccount, "cross-account-role", "", "")
	flags.StringVar(&l.format, "log-format", "", "")
	flags.BoolVar(&l.tagged, "tags", false, "")
	requestFlags := flagNames(flags)

	flags.StringVar(&o.account.ID, "account", "", "")
	flags.StringVar(&o.account.Region, "region", cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")), "")
	flags.StringVar(&o.account.Partition, "partition", "", "")
	flags.StringVar(&o.options.KeyARN, "key", "", "")
	flags.BoolVar(&o.options.WithoutACL, "without-acl", false, "")
	flags.StringVar(&sources, "source-accounts", "", "")
	flags.StringVar(&o.options.OrganizationID, "organization", "", "")
	flags.BoolVar(&o.options.Reconcile, "reconcile", false, "")
	flags.BoolVar(&o.options.Replace, "replace", false, "")
	flags.StringVar(&o.only, "only", "", "")
	flags.StringVar(&o.merge, "merge", "", "")

	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(usage, help)
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w (-help shows all flags)", err)
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q: want flags only (-help shows all)", flags.Arg(0))
	case o.only != "" && !slices.Contains(documents, o.only):
		return o, fmt.Errorf("-only %q: want one of %s", o.only, strings.Join(documents, ", "))
	case o.merge != "" && o.only == "":
		return o, errors.New("-merge is for one document: want -only as well")
	case o.merge == "-" && l.input == "-":
		return o, errors.New("want only one of -merge and -cli-input-json from standard input")
	}
	flags.Visit(func(f *flag.Flag) {
		o.flags = o.flags || f.Name != "cli-input-json" && slices.Contains(requestFlags, f.Name)
	})
	o.options.SourceAccounts = list(sources)
	switch {
	case l.input != "" && o.flags:
		return o, errors.New("want a request from -cli-input-json or from flags, not from both")
	case l.input != "":
		o.request, err = readRequest(l.input, stdin)
	default:
		o.request, err = l.request()
	}
	return o, err
}

func flagNames(flags *flag.FlagSet) []string {
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// readRequest reads the request that the AWS CLI would send.
func readRequest(input string, stdin io.Reader) (flowlogs.Request, error) {
	var req flowlogs.Request
	text := []byte(input)
	if !strings.HasPrefix(strings.TrimSpace(input), "{") {
		var err error
		if text, err = readFile(input, stdin); err != nil {
			return req, fmt.Errorf("-cli-input-json: %w", err)
		}
	}
	if err := json.Unmarshal(text, &req); err != nil {
		return req, fmt.Errorf("-cli-input-json: %w", err)
	}
	return req, nil
}

// request is the request that the flags describe. It has a traffic type only
// because a request needs one: no permission depends on it.
func (l line) request() (flowlogs.Request, error) {
	req := flowlogs.Request{ResourceIDs: list(l.ids), ResourceType: flowlogs.ResourceType(l.resourceType)}
	first := strings.Join(req.ResourceIDs[:min(1, len(req.ResourceIDs))], "")
	if !strings.HasPrefix(l.resourceType, "TransitGateway") && !strings.HasPrefix(first, "tgw-") {
		req.TrafficType = flowlogs.TrafficTypeAll
	}
	if l.tagged {
		req.Tags = map[string]string{"any": ""}
	}
	if l.format != "" {
		format, err := flowlogs.ParseLogFormat(l.format)
		if err != nil {
			return req, fmt.Errorf("-log-format: %w", err)
		}
		req.LogFormat = format
	}

	var given []string
	if l.bucket != "" {
		given = append(given, "-bucket")
		req.Destination = flowlogs.S3{BucketARN: l.bucket, HiveCompatiblePartitions: l.hive}
	}
	if l.logGroup != "" {
		given = append(given, "-log-group")
		d := flowlogs.CloudWatchLogs{LogGroupName: l.logGroup, RoleARN: l.role}
		if strings.HasPrefix(l.logGroup, "arn:") {
			d.LogGroupName, d.LogGroupARN = "", l.logGroup
		}
		req.Destination = d
	}
	if l.stream != "" {
		given = append(given, "-stream")
		req.Destination = flowlogs.Firehose{StreamARN: l.stream, RoleARN: l.role, CrossAccountRoleARN: l.crossAccount}
	}
	switch {
	case len(given) != 1:
		return req, errors.New("want one destination: -bucket, -log-group or -stream (-help shows all flags)")
	case l.hive && l.bucket == "":
		return req, errors.New("-hive is for a destination that is a -bucket")
	case l.role != "" && l.bucket != "":
		return req, errors.New("-role is for a destination that is a -log-group, or a -stream in another account")
	case l.crossAccount != "" && l.stream == "":
		return req, errors.New("-cross-account-role is for a destination that is a -stream in another account")
	}
	return req, nil
}

// list is what is between commas.
func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// explain names the problems by the flags that they come from, each on a line.
func (o options) explain(err error) error {
	var invalid *flowlogs.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	var problems []error
	for _, f := range invalid.Fields {
		name, index := f.Field, ""
		if i := strings.IndexByte(name, '['); i >= 0 {
			name, index = name[:i], name[i:]
		}
		if to, ok := fromOptions[name]; ok {
			f.Field = to + index
		} else if to, ok := fromFlags[name]; ok && o.flags {
			f.Field = to + index
		}
		problems = append(problems, &f)
	}
	return errors.Join(problems...)
}

// fromOptions and fromFlags are the flags by the names of the library.
var (
	fromOptions = map[string]string{
		"Account.ID":             "-account",
		"Account.Region":         "-region",
		"Account.Partition":      "-partition",
		"Options.KeyARN":         "-key",
		"Options.SourceAccounts": "-source-accounts",
		"Options.OrganizationID": "-organization",
	}
	fromFlags = map[string]string{
		"ResourceIDs":                     "-ids",
		"ResourceType":                    "-type",
		"LogFormat":                       "-log-format",
		"Destination.BucketARN":           "-bucket",
		"Destination.LogGroupName":        "-log-group",
		"Destination.LogGroupARN":         "-log-group",
		"Destination.StreamARN":           "-stream",
		"Destination.RoleARN":             "-role",
		"Destination.CrossAccountRoleARN": "-cross-account-role",
	}
)
