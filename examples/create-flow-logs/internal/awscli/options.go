package awscli

// kind says how many words an option takes, and what they mean.
type kind int

const (
	text       kind = iota
	number          // a whole number
	flag            // nothing
	optional        // one of its choices, or nothing for the first choice
	list            // any number of words, or a JSON list
	structure       // shorthand or a JSON object
	structures      // any number of structures, or a JSON list
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
	{"no-dry-run", "DryRun", flag, nil, "the opposite, for where the input document says otherwise"},
	{"client-token", "ClientToken", text, nil, "with the same token, the same command creates nothing twice (default: a new one)"},
	{"deliver-logs-permission-arn", "DeliverLogsPermissionArn", text, nil, "the IAM role that publishes to the log group, or to another account's stream"},
	{"deliver-cross-account-role", "DeliverCrossAccountRole", text, nil, "the IAM role in the account of the stream"},
	{"log-group-name", "LogGroupName", text, nil, "the log group to publish to; or give its ARN in --log-destination"},
	{"resource-ids", "ResourceIds", list, nil, "the resources to monitor, any number"},
	{"resource-type", "ResourceType", text, nil, "VPC, Subnet, NetworkInterface, TransitGateway, TransitGatewayAttachment or RegionalNatGateway"},
	{"traffic-type", "TrafficType", text, nil, "ACCEPT, REJECT or ALL; not for transit gateways"},
	{"log-destination-type", "LogDestinationType", text, nil, "cloud-watch-logs (the default), s3 or kinesis-data-firehose"},
	{"log-destination", "LogDestination", text, nil, "the ARN of the log group, bucket or stream"},
	{"log-format", "LogFormat", text, nil, "the fields of a record: '${version} ${srcaddr} …'"},
	{"tag-specifications", "TagSpecifications", structures, nil, "ResourceType=vpc-flow-log,Tags=[{Key=…,Value=…},…]"},
	{"max-aggregation-interval", "MaxAggregationInterval", number, nil, "60 or 600 seconds"},
	{"destination-options", "DestinationOptions", structure, nil, "FileFormat=plain-text|parquet,HiveCompatiblePartitions=true|false,PerHourPartition=true|false"},
	{"tag-field-specifications", "TagFieldSpecifications", structures, nil, "ResourceType=instance|network-interface|auto-scaling-group,TagKeys=…,…"},
}

// documents are the other options of the command.
var documents = []option{
	{"cli-input-json", "cli-input-json", text, nil, "a JSON object with the parameters; those on the command line take precedence"},
	{"cli-input-yaml", "cli-input-yaml", text, nil, "the same in YAML"},
	{"generate-cli-skeleton", "generate-cli-skeleton", optional, []string{"input", "output", "yaml-input"}, "print a sample and send nothing: of an input document in JSON or YAML, or of the output"},
}

// globals are the options that every command of the AWS CLI has.
var globals = []option{
	{"debug", "debug", flag, nil, "write every request, response and retry to stderr"},
	{"endpoint-url", "endpoint-url", text, nil, "the URL of EC2, if it is not AWS's"},
	{"no-verify-ssl", "no-verify-ssl", flag, nil, "do not verify the server's certificate"},
	{"no-paginate", "no-paginate", flag, nil, "accepted without effect: the output has no pages"},
	{"output", "output", text, Formats, "the format of the output: json (the default), text, table, yaml, yaml-stream or off"},
	{"query", "query", text, nil, "a JMESPath expression: print only what it selects"},
	{"profile", "profile", text, nil, "the profile of the configuration and credentials"},
	{"region", "region", text, nil, "the Region, if it is not the configured one"},
	{"version", "version", flag, nil, "print the version of this program"},
	{"color", "color", text, []string{"on", "off", "auto"}, "color tables: on, off or auto (the default), which is on for a terminal"},
	{"no-sign-request", "no-sign-request", flag, nil, "do not sign requests, and load no credentials"},
	{"ca-bundle", "ca-bundle", text, nil, "a file of the CA certificates to trust"},
	{"cli-read-timeout", "cli-read-timeout", number, nil, "seconds to wait for the server to send (default 60; 0: no limit)"},
	{"cli-connect-timeout", "cli-connect-timeout", number, nil, "seconds to wait for a connection (default 60; 0: no limit)"},
	{"cli-binary-format", "cli-binary-format", text, []string{"base64", "raw-in-base64-out"}, "accepted without effect: no parameter is binary"},
	{"no-cli-pager", "no-cli-pager", flag, nil, "accepted without effect: there is no pager"},
	{"no-cli-auto-prompt", "no-cli-auto-prompt", flag, nil, "accepted without effect: there is no prompt"},
	{"help", "help", flag, nil, "print this"},
}

const allowOldBucket = "allow-old-bucket-name"

// own are the options that the AWS CLI does not have.
var own = []option{
	{allowOldBucket, allowOldBucket, flag, nil, "take the name of a bucket of before March 2018: upper case letters, underscores, up to 255 characters"},
}

// missing are the global options of the AWS CLI that this program does not have.
var missing = []string{"--cli-auto-prompt", "--cli-error-format"}

// optionTo returns the option whose value goes to a member of EC2's input, nil if there
// is none.
func optionTo(member string) *option {
	for i := range parameters {
		if parameters[i].dest == member {
			return &parameters[i]
		}
	}
	return nil
}
