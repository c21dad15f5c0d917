package flowlogstest

import (
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// checkCreate applies the rules that do not depend on what exists in the account, in this
// order. Unless a comment says otherwise, they are from
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func checkCreate(in *ec2.CreateFlowLogsInput, o Options) *apiError {
	for _, check := range []func(*ec2.CreateFlowLogsInput, Options) *apiError{
		checkResources,
		checkTrafficType,
		checkInterval,
		checkDestination,
		checkFormat,
		checkTagFields,
		checkTags,
		checkToken,
	} {
		if err := check(in, o); err != nil {
			return err
		}
	}
	return nil
}

// resourceKind has EC2's names for one type of resource. The codes are from
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
type resourceKind struct {
	prefix        string
	noun          string
	notFoundCode  string
	malformedCode string
}

var resourceKinds = map[types.FlowLogsResourceType]resourceKind{
	types.FlowLogsResourceTypeVpc:                      {"vpc-", "vpc", "InvalidVpcID.NotFound", "InvalidVpcID.Malformed"},
	types.FlowLogsResourceTypeSubnet:                   {"subnet-", "subnet", "InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed"},
	types.FlowLogsResourceTypeNetworkInterface:         {"eni-", "networkInterface", "InvalidNetworkInterfaceID.NotFound", "InvalidNetworkInterfaceId.Malformed"},
	types.FlowLogsResourceTypeTransitGateway:           {"tgw-", "transitGateway", "InvalidTransitGatewayID.NotFound", "InvalidTransitGatewayID.Malformed"},
	types.FlowLogsResourceTypeTransitGatewayAttachment: {"tgw-attach-", "transitGatewayAttachment", "InvalidTransitGatewayAttachmentID.NotFound", "InvalidTransitGatewayAttachmentID.Malformed"},
	types.FlowLogsResourceTypeRegionalNatGateway:       {"nat-", "natGateway", "NatGatewayNotFound", "NatGatewayMalformed"},
}

// notFound has the text of other operations on the same resources. Rejecting the whole
// call is a choice.
func (k resourceKind) notFound(id string) *apiError {
	return apiErrorf(k.notFoundCode, "The %s ID '%s' does not exist", k.noun, id)
}

func isTransitGateway(t types.FlowLogsResourceType) bool {
	return t == types.FlowLogsResourceTypeTransitGateway || t == types.FlowLogsResourceTypeTransitGatewayAttachment
}

// hexID matches an ID behind its prefix: 17 digits, or 8 in IDs from before 2018.
var hexID = regexp.MustCompile(`^([0-9a-f]{8}|[0-9a-f]{17})$`)

func checkResources(in *ec2.CreateFlowLogsInput, _ Options) *apiError {
	if len(in.ResourceIds) == 0 {
		return missingParameter("ResourceId")
	}
	if in.ResourceType == "" {
		return missingParameter("ResourceType")
	}
	kind, ok := resourceKinds[in.ResourceType]
	if !ok {
		return invalidValue("ResourceType", string(in.ResourceType)) // choice: the text is not known
	}
	limit := 300
	if isTransitGateway(in.ResourceType) {
		limit = 25
	}
	if len(in.ResourceIds) > limit {
		// Choice: code and text are not known, the limits are documented.
		return invalidParameter("The number of resource IDs (%d) exceeds the limit of %d for resource-type %s", len(in.ResourceIds), limit, in.ResourceType)
	}
	for _, id := range in.ResourceIds {
		if !kind.owns(id) {
			// Seen on EC2:
			// https://github.com/ministryofjustice/modernisation-platform/pull/8016
			return invalidParameter("Invalid Resource id %s for resource-type %s", id, in.ResourceType)
		}
		if !hexID.MatchString(strings.TrimPrefix(id, kind.prefix)) {
			return apiErrorf(kind.malformedCode, "Invalid id: \"%s\"", id) // choice: the text is not known
		}
	}
	return nil
}

// owns reports whether an ID has the prefix of the kind. The prefix of a transit gateway
// also starts the ID of an attachment.
func (k resourceKind) owns(id string) bool {
	return strings.HasPrefix(id, k.prefix) && (k.prefix != "tgw-" || !strings.HasPrefix(id, "tgw-attach-"))
}

// checkTrafficType has texts that are choices. It is documented that a transit gateway
// takes no traffic type, but not how EC2 rejects one.
// https://docs.aws.amazon.com/vpc/latest/tgw/flow-logs-api-cli.html
func checkTrafficType(in *ec2.CreateFlowLogsInput, _ Options) *apiError {
	switch in.TrafficType {
	case types.TrafficTypeAccept, types.TrafficTypeReject, types.TrafficTypeAll:
		if isTransitGateway(in.ResourceType) {
			return invalidParameter("traffic-type is not supported when the resource-type is TransitGateway or TransitGatewayAttachment")
		}
	case "":
		if !isTransitGateway(in.ResourceType) {
			return missingParameter("TrafficType")
		}
	default:
		return invalidValue("TrafficType", string(in.TrafficType))
	}
	return nil
}

// checkInterval has EC2's messages, from
// https://github.com/badmintoncryer/cdk-preflight and
// https://github.com/hashicorp/terraform-provider-aws/pull/26169
func checkInterval(in *ec2.CreateFlowLogsInput, _ Options) *apiError {
	if in.MaxAggregationInterval == nil {
		return nil
	}
	seconds := *in.MaxAggregationInterval
	if seconds != 60 && seconds != 600 {
		return invalidParameter("Invalid Flow Log Max Aggregation Interval.")
	}
	if seconds != 60 && isTransitGateway(in.ResourceType) {
		return invalidParameter("max-aggregation-interval other than 60 sec / 1 min is not supported when the resource-type is TransitGateway or TransitGatewayAttachment")
	}
	return nil
}

// checkToken has the documented length and alphabet. Rejecting control characters is a
// choice: XML cannot hold most of these. The code and the text are in the table of error
// codes; using them here is our guess.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
func checkToken(in *ec2.CreateFlowLogsInput, _ Options) *apiError {
	token := aws.ToString(in.ClientToken)
	printable := strings.IndexFunc(token, func(r rune) bool { return r < ' ' || r > '~' }) < 0
	if len(token) > 64 || !printable {
		return apiErrorf("InvalidClientToken", "The specified client token is not valid")
	}
	return nil
}
