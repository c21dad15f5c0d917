package main

import (
	"fmt"
	"io"
	"strings"
)

// kind is what an option takes, and what its words mean.
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
	dest    string // where its value goes: the member of EC2's input, or the name
	kind    kind
	choices []string // nil: anything
	help    string
}

// parameters are the options that are sent to EC2, in the order of the AWS CLI.
var parameters = []option{
	{"dry-run", "DryRun", flag, nil, "check permissions and parameters, create nothing"},
	{"no-dry-run", "DryRun", flag, nil, "the opposite, for where --cli-input-json says otherwise"},
	{"client-token", "ClientToken", text, nil, "with the same token, the same command creates nothing twice (made, if not given)"},
	{"deliver-logs-permission-arn", "DeliverLogsPermissionArn", text, nil, "the IAM role that publishes to the log group, or to another account's stream"},
	{"deliver-cross-account-role", "DeliverCrossAccountRole", text, nil, "the IAM role in the account of the stream"},
	{"log-group-name", "LogGroupName", text, nil, "the log group to publish to, or else its ARN in --log-destination"},
	{"resource-ids", "ResourceIds", list, nil, "the resources to monitor, as many as you like"},
	{"resource-type", "ResourceType", text, nil, "VPC, Subnet, NetworkInterface, TransitGateway, TransitGatewayAttachment or RegionalNatGateway"},
	{"traffic-type", "TrafficType", text, nil, "ACCEPT, REJECT or ALL; not for transit gateways"},
	{"log-destination-type", "LogDestinationType", text, nil, "cloud-watch-logs (if not given), s3 or kinesis-data-firehose"},
	{"log-destination", "LogDestination", text, nil, "the ARN of the log group, bucket or stream"},
	{"log-format", "LogFormat", text, nil, "the fields of a record: '${version} ${srcaddr} …'"},
	{"tag-specifications", "TagSpecifications", structures, nil, "ResourceType=vpc-flow-log,Tags=[{Key=…,Value=…},…]"},
	{"max-aggregation-interval", "MaxAggregationInterval", number, nil, "60 or 600 seconds"},
	{"destination-options", "DestinationOptions", structure, nil, "FileFormat=plain-text|parquet,HiveCompatiblePartitions=true|false,PerHourPartition=true|false"},
	{"tag-field-specifications", "TagFieldSpecifications", structures, nil, "ResourceType=instance|network-interface|auto-scaling-group,TagKeys=…,…"},
}

// settings are the options that say how it is sent and printed.
var settings = []option{
	{"cli-input-json", "cli-input-json", text, nil, "a JSON object with the parameters, which those on the command line override"},
	{"generate-cli-skeleton", "generate-cli-skeleton", optional, []string{"input", "output"}, "print a sample and send nothing: of what --cli-input-json takes, or of what is printed"},
	{"region", "region", text, nil, "the Region, if not the configured one"},
	{"profile", "profile", text, nil, "the profile of the configuration and credentials"},
	{"endpoint-url", "endpoint-url", text, nil, "where EC2 is, if not at AWS"},
	{"output", "output", text, []string{"json", "text", "table"}, "the format of what is printed: json (if not configured), text or table"},
	{"help", "help", flag, nil, "print this"},
}

// options are all of them.
var options = append(parameters[:len(parameters):len(parameters)], settings...)

// optionTo is the option whose value goes to dest, nil if there is none.
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
	}{{"What is created", parameters}, {"How", settings}} {
		fmt.Fprintf(&b, "\n%s:\n", group.title)
		for _, o := range group.options {
			fmt.Fprintf(&b, "  --%-28s %s\n", o.name, o.help)
		}
	}
	b.WriteString("\nStructures are written in the shorthand of the AWS CLI or in JSON. A value that is file://FILE is read from there.\n")
	_, err := io.WriteString(w, b.String())
	return err
}
