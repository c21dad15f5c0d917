package flowlogstest

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// The fields of the two kinds of flow logs, the default ones first, as listed on
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html and
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
const (
	vpcDefaultFields = `version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes
		start end action log-status`

	vpcFields = vpcDefaultFields + `
		vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr
		region az-id sublocation-type sublocation-id
		pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path
		ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id
		ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id
		reject-reason resource-id encryption-status ` + tagFields + `
		interface-type next-hop-interface-id next-hop-subnet-id next-hop-az-id next-hop-vpc-id next-hop-interface-type`

	tagFields = `instance-tag instance-tag-2 interface-tag interface-tag-2 asg-tag asg-tag-2`

	transitGatewayFields = `version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id
		tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni
		tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol
		packets bytes start end log-status type packets-lost-no-route packets-lost-blackhole
		packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region flow-direction pkt-src-aws-service
		pkt-dst-aws-service`
)

var (
	vpcFieldSet            = fieldSet(vpcFields)
	transitGatewayFieldSet = fieldSet(transitGatewayFields)
	tagFieldSet            = fieldSet(tagFields)

	// EC2 was seen to reject a trailing space:
	// https://github.com/aws-cloudformation/rain/issues/288
	formatPattern = regexp.MustCompile(`^\$\{[^{}\s]+\}( +\$\{[^{}\s]+\})*$`)
	fieldPattern  = regexp.MustCompile(`\$\{([^}]+)\}`)
)

func fieldSet(fields string) map[string]bool {
	set := map[string]bool{}
	for _, field := range strings.Fields(fields) {
		set[field] = true
	}
	return set
}

// defaultFormat is the format that DescribeFlowLogs shows if the request had none.
func defaultFormat(t types.FlowLogsResourceType) string {
	fields := vpcDefaultFields
	if isTransitGateway(t) {
		fields = transitGatewayFields
	}
	return "${" + strings.Join(strings.Fields(fields), "} ${") + "}"
}

// checkFormat accepts a field that is repeated: no source says that EC2 rejects it.
func checkFormat(in *ec2.CreateFlowLogsInput, _ Options) *apiError {
	format := aws.ToString(in.LogFormat)
	if format == "" {
		return nil
	}
	if !formatPattern.MatchString(format) {
		return invalidFormat("logFormat", format)
	}
	known := vpcFieldSet
	if isTransitGateway(in.ResourceType) {
		known = transitGatewayFieldSet
	}
	var unknown []string
	for _, field := range formatFields(format) {
		if !known[field] {
			unknown = append(unknown, field)
		}
	}
	if len(unknown) > 0 {
		// The first three words are EC2's. The code is a choice, and so is rejecting the
		// fields of the other kind of resource.
		// https://github.com/badmintoncryer/cdk-preflight
		return invalidParameter("Unknown fields provided: %s", strings.Join(unknown, ", "))
	}
	return nil
}

func formatFields(format string) []string {
	var fields []string
	for _, match := range fieldPattern.FindAllStringSubmatch(format, -1) {
		fields = append(fields, match[1])
	}
	return fields
}

// checkTagFields has EC2's message for tag fields without specifications:
// https://github.com/hashicorp/terraform-provider-aws/issues/48806
// The limits are documented on
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagFieldSpecificationRequest.html
// and their texts are choices. Specifications that the format does not use are accepted,
// for the reason given at checkFormat.
func checkTagFields(in *ec2.CreateFlowLogsInput, _ Options) *apiError {
	specs := in.TagFieldSpecifications
	usesTags := slices.ContainsFunc(formatFields(aws.ToString(in.LogFormat)), func(field string) bool { return tagFieldSet[field] })
	if usesTags && len(specs) == 0 {
		return invalidParameter("The TagFieldSpecifications parameter must be set when including tag fields in the log format")
	}
	if len(specs) > 3 {
		return invalidParameter("At most 3 TagFieldSpecifications can be set")
	}
	for _, spec := range specs {
		switch spec.ResourceType {
		case "":
			return missingParameter("TagFieldSpecification.ResourceType")
		case types.TaggableResourceTypeNetworkInterface, types.TaggableResourceTypeInstance, types.TaggableResourceTypeAutoScalingGroup:
		default:
			return invalidValue("TagFieldSpecification.ResourceType", string(spec.ResourceType))
		}
		if n := len(spec.TagKeys); n < 1 || n > 2 {
			return invalidParameter("A TagFieldSpecification must have 1 or 2 tag keys")
		}
		for _, key := range spec.TagKeys {
			if n := utf8.RuneCountInString(key); n < 1 || n > 128 {
				return invalidValue("TagFieldSpecification.TagKey", key)
			}
		}
	}
	return nil
}
