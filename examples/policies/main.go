// Command policies prints the permissions that a request for flow logs needs:
// every document, or a single one to hand to the AWS CLI.
//
//	go -C examples run ./policies -account 123456789012 -region us-east-1 -type VPC -bucket arn:aws:s3:::my-flow-logs
//
// A request is a file as the AWS CLI takes it with --cli-input-json, or flags. One
// document can be merged into the policy that is there:
//
//	aws s3api get-bucket-policy --bucket my-flow-logs > policy.json
//	aws s3api put-bucket-policy --bucket my-flow-logs --policy "$(go -C examples run ./policies -account 123456789012 \
//		-region us-east-1 -type VPC -bucket arn:aws:s3:::my-flow-logs -only bucket -merge "$PWD/policy.json")"
//
// It calls nothing; someone with the permissions puts the documents in place. -help
// shows all flags.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/policy"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "policies:", err)
		os.Exit(1)
	}
}

// run prints to stdout what it was asked for, and nothing if it fails.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	var account policy.Account
	var options policy.Options
	flags := flag.NewFlagSet("policies", flag.ContinueOnError)
	flags.StringVar(&account.ID, "account", "", "the account that sends the request: `ID` of 12 digits")
	flags.StringVar(&account.Region, "region", cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")), "the `REGION` of the call")
	flags.StringVar(&account.Partition, "partition", "", "the `PARTITION` of a Region that this release does not know")
	flags.StringVar(&options.KeyARN, "key", "", "the `ARN` of the KMS key of the bucket's default encryption")
	flags.BoolVar(&options.WithoutACL, "without-acl", false, "the bucket's ACLs are off: no condition on s3:x-amz-acl")
	flags.Func("source-accounts", "the other accounts that deliver to the bucket: `ID,ID`", list(&options.SourceAccounts))
	flags.StringVar(&options.OrganizationID, "organization", "", "or all accounts of the organization `ID`")
	flags.Func("regions", "the other Regions in which flow logs are created: `REGION,REGION`", list(&options.Regions))
	flags.BoolVar(&options.Reconcile, "reconcile", false, "the caller may list flow logs")
	flags.BoolVar(&options.Replace, "replace", false, "the caller may list flow logs and delete them")
	only := flags.String("only", "", "print the document `NAME` alone: caller, role-trust, role-permissions, destination-role-trust, destination-role-permissions, bucket or key")
	merge := flags.String("merge", "", "print the policy in `FILE` with the document in it, - for standard input; needs -only")
	request := requestFlags(flags)

	flags.SetOutput(io.Discard)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		flags.Usage()
		return nil
	case err != nil:
		return fmt.Errorf("%w (-help shows all flags)", err)
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: want flags only (-help shows all)", flags.Arg(0))
	case *merge != "" && *only == "":
		return errors.New("-merge is for one document: want -only as well")
	}
	req, err := request(stdin)
	if err != nil {
		return err
	}
	policies, err := policy.For(req, account, func(o *policy.Options) { *o = options })
	if err != nil {
		return err
	}
	text, err := write(policies, *only, *merge, stdin, stderr)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s\n", text)
	return err
}

// write returns all policies, or a single one, merged into an existing one if there is one.
func write(policies *policy.Policies, only, merge string, stdin io.Reader, stderr io.Writer) ([]byte, error) {
	text, err := json.MarshalIndent(policies, "", "    ")
	if err != nil || only == "" {
		return text, err
	}
	var documents map[string]*policy.Document
	if err := json.Unmarshal(text, &documents); err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(documents)) // of the fields: RoleTrust is role-trust
	i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, strings.ReplaceAll(only, "-", "")) })
	if i < 0 {
		return nil, fmt.Errorf("-only %s: this destination needs no such document, only %s", only, strings.Join(names, ", "))
	}
	d := documents[names[i]]
	if merge == "" {
		return d.Merge(nil)
	}
	existing, err := readFile(merge, stdin)
	if err != nil {
		return nil, fmt.Errorf("-merge: %w", err)
	}
	blocking, err := d.Blocking(existing)
	if err != nil {
		return nil, err
	}
	for _, s := range blocking {
		fmt.Fprintf(stderr, "policies: warning: statement %q of -merge denies what the document allows\n", s.Sid)
	}
	return d.Merge(existing)
}

// requestFlags adds the flags that describe a request, and returns a function for the
// request. It has a traffic type only because a request needs one: no permission depends on
// it.
func requestFlags(flags *flag.FlagSet) func(stdin io.Reader) (flowlogs.Request, error) {
	file := flags.String("cli-input-json", "", "the request as aws ec2 create-flow-logs takes it, in place of the flags for it: `FILE`, or - for standard input")
	document := make(map[string]any) // what is in such a file
	member := func(name string) func(string) error {
		return func(s string) error { document[name] = s; return nil }
	}
	destination := func(typ, name string) func(string) error {
		return func(s string) error {
			if document["LogDestinationType"] != nil {
				return errors.New("want one destination: -bucket, -log-group or -stream")
			}
			if strings.HasPrefix(s, "arn:") {
				name = "LogDestination"
			}
			document["LogDestinationType"], document[name] = typ, s
			return nil
		}
	}
	flags.Func("type", "VPC, Subnet or another `TYPE` of resource", member("ResourceType"))
	flags.Func("ids", "the resources: `ID,ID`; all of the type if not set", func(s string) error { document["ResourceIds"] = strings.Split(s, ","); return nil })
	flags.Func("bucket", "publish to S3, arn:aws:s3:::BUCKET/FOLDER/: `ARN`", destination("s3", "LogDestination"))
	flags.BoolFunc("hive", "publish to S3 in Hive-compatible partitions", func(string) error {
		document["DestinationOptions"] = map[string]any{"HiveCompatiblePartitions": true}
		return nil
	})
	flags.Func("log-group", "publish to CloudWatch Logs: `NAME` or ARN; needs -role", destination("cloud-watch-logs", "LogGroupName"))
	flags.Func("stream", "publish to Firehose: `ARN`; needs both roles if the stream is in another account", destination("kinesis-data-firehose", "LogDestination"))
	flags.Func("role", "the role that publishes, in the caller's account: `ARN`", member("DeliverLogsPermissionArn"))
	flags.Func("cross-account-role", "the role in the account of the stream: `ARN`", member("DeliverCrossAccountRole"))
	flags.Func("log-format", "the fields of a record: '${version} ${ecs-task-id} …': `FORMAT`", member("LogFormat"))
	flags.BoolFunc("tags", "the flow logs get tags", func(string) error {
		document["TagSpecifications"] = json.RawMessage(`[{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "any", "Value": "any"}]}]`)
		return nil
	})
	return func(stdin io.Reader) (req flowlogs.Request, err error) {
		text, err := json.Marshal(document)
		if *file != "" {
			if len(document) > 0 {
				return req, errors.New("want a request from -cli-input-json or from flags, not from both")
			}
			text, err = readFile(*file, stdin)
		}
		if err == nil {
			err = json.Unmarshal(text, &req)
		}
		isTransit := strings.HasPrefix(string(req.ResourceType), "TransitGateway") || strings.HasPrefix(strings.Join(req.ResourceIDs, ""), "tgw-")
		if *file == "" && !isTransit {
			req.TrafficType = flowlogs.TrafficTypeAll
		}
		return req, err
	}
}

func list(to *[]string) func(string) error {
	return func(s string) error { *to = strings.Split(s, ","); return nil }
}

// readFile reads a file, or standard input if its name is "-". The result is never nil:
// an empty file is no policy.
func readFile(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(strings.TrimPrefix(name, "file://"))
}
