package main

import (
	"fmt"
	"io"
	"strings"
)

// kind says how many words an option takes, and what they mean.
type kind int

const (
	text       kind = iota
	number          // a whole number
	flag            // nothing
	optional        // one of its choices, or nothing for the first of them
	list            // any number of words, or a JSON list
	structure       // shorthand or a JSON object
	structures      // any number of them, or a JSON list
)

// option is one option of the command line.
type option struct {
	name    string
	dest    string // the member of EC2's input that it sets, or its own name
	kind    kind
	choices []string // nil: anything
	help    string
}

// parameters are the options that are sent to EC2, in the order of the AWS CLI.
var parameters = []option{
	{"dry-run", "DryRun", flag, nil, "check permissions and parameters, create nothing"},
	{"no-dry-run", "DryRun", flag, nil, "no dry run, whatever --cli-input-json says"},
	{"client-token", "ClientToken", text, nil, "run again with the same token, the command creates nothing twice (default: a random one)"},
	{"deliver-logs-permission-arn", "DeliverLogsPermissionArn", text, nil, "the IAM role that publishes to the log group, or to another account's stream"},
	{"deliver-cross-account-role", "DeliverCrossAccountRole", text, nil, "the IAM role in the account of the stream"},
	{"log-group-name", "LogGroupName", text, nil, "the log group to publish to; alternatively its ARN in --log-destination"},
	{"resource-ids", "ResourceIds", list, nil, "the resources to monitor, any number"},
	{"resource-type", "ResourceType", text, nil, "VPC, Subnet, NetworkInterface, TransitGateway, TransitGatewayAttachment or RegionalNatGateway"},
	{"traffic-type", "TrafficType", text, nil, "ACCEPT, REJECT or ALL; not for transit gateways"},
	{"log-destination-type", "LogDestinationType", text, nil, "cloud-watch-logs (default), s3 or kinesis-data-firehose"},
	{"log-destination", "LogDestination", text, nil, "the ARN of the log group, bucket or stream"},
	{"log-format", "LogFormat", text, nil, "the fields of a record: '${version} ${srcaddr} …'"},
	{"tag-specifications", "TagSpecifications", structures, nil, "ResourceType=vpc-flow-log,Tags=[{Key=…,Value=…},…]"},
	{"max-aggregation-interval", "MaxAggregationInterval", number, nil, "60 or 600 seconds"},
	{"destination-options", "DestinationOptions", structure, nil, "FileFormat=plain-text|parquet,HiveCompatiblePartitions=true|false,PerHourPartition=true|false"},
	{"tag-field-specifications", "TagFieldSpecifications", structures, nil, "ResourceType=instance|network-interface|auto-scaling-group,TagKeys=…,…"},
}

// settings are the options for sending and printing.
var settings = []option{
	{"cli-input-json", "cli-input-json", text, nil, "a JSON object with the parameters; options on the command line take precedence"},
	{"generate-cli-skeleton", "generate-cli-skeleton", optional, []string{"input", "output"}, "send nothing; print a sample of the input for --cli-input-json, or of the output"},
	{"region", "region", text, nil, "the Region (default: the configured one)"},
	{"profile", "profile", text, nil, "the profile for configuration and credentials"},
	{"endpoint-url", "endpoint-url", text, nil, "the URL of EC2 (default: AWS)"},
	{"output", "output", text, []string{"json", "text", "table"}, "the format of the output: json (default), text or table"},
	{"help", "help", flag, nil, "print this help"},
}

// options are all of them.
var options = append(parameters[:len(parameters):len(parameters)], settings...)

// optionTo returns the first option that sets dest, or nil.
func optionTo(dest string) *option {
	for i := range options {
		if options[i].dest == dest {
			return &options[i]
		}
	}
	return nil
}

func printHelp(w io.Writer) error {
	var b strings.Builder
	b.WriteString("usage: create-flow-logs [options]\n")
	for _, group := range []struct {
		title   string
		options []option
	}{{"Parameters", parameters}, {"Settings", settings}} {
		fmt.Fprintf(&b, "\n%s:\n", group.title)
		for _, o := range group.options {
			fmt.Fprintf(&b, "  --%-28s %s\n", o.name, o.help)
		}
	}
	b.WriteString("\nStructures are in the shorthand of the AWS CLI or in JSON. A value file://FILE is read from the file.\n")
	_, err := io.WriteString(w, b.String())
	return err
}
