package flowlogs

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ResourceType is the type of the resources to monitor.
type ResourceType = types.FlowLogsResourceType

// The types of resources.
const (
	ResourceTypeVPC                      = types.FlowLogsResourceTypeVpc
	ResourceTypeSubnet                   = types.FlowLogsResourceTypeSubnet
	ResourceTypeNetworkInterface         = types.FlowLogsResourceTypeNetworkInterface
	ResourceTypeTransitGateway           = types.FlowLogsResourceTypeTransitGateway
	ResourceTypeTransitGatewayAttachment = types.FlowLogsResourceTypeTransitGatewayAttachment
	ResourceTypeRegionalNATGateway       = types.FlowLogsResourceTypeRegionalNatGateway
	ResourceTypeCoreNetwork              = types.FlowLogsResourceTypeCoreNetwork
	ResourceTypeCoreNetworkEdge          = types.FlowLogsResourceTypeCoreNetworkEdge
	ResourceTypeCoreNetworkAttachment    = types.FlowLogsResourceTypeCoreNetworkAttachment
)

// TrafficType selects the traffic to log.
type TrafficType = types.TrafficType

// The types of traffic.
const (
	TrafficTypeAccept = types.TrafficTypeAccept
	TrafficTypeReject = types.TrafficTypeReject
	TrafficTypeAll    = types.TrafficTypeAll
)

// TagFieldResource is the type of resource whose tags a [TagField] shows.
type TagFieldResource = types.TaggableResourceType

// The types of resources whose tags a record can show.
const (
	TagFieldNetworkInterface = types.TaggableResourceTypeNetworkInterface
	TagFieldInstance         = types.TaggableResourceTypeInstance
	TagFieldAutoScalingGroup = types.TaggableResourceTypeAutoScalingGroup
)

// Request describes the flow logs to create: one for each resource, all with the
// same settings. This package never changes a Request or what it points to.
// Unless a field names another source, its rules are those of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
//
// Its JSON form is the document that the AWS CLI reads with --cli-input-json; see
// [Request.UnmarshalJSON].
type Request struct {
	// ResourceIDs are the resources to monitor: at least one, all of one type, none
	// listed twice. There may be more than one call takes.
	ResourceIDs []string

	// ResourceType is the type of the resources. Empty: inferred from the prefix
	// of the first ID. The types of Cloud WAN, and those that this release does not
	// know, which Options.Allow can accept, are never inferred. Their IDs may have any
	// form, EC2 decides which fields they have, and a call takes 300.
	ResourceType ResourceType

	// TrafficType is required, except for transit gateways, their attachments and
	// Cloud WAN, where it must be empty.
	// https://docs.aws.amazon.com/vpc/latest/tgw/flow-logs-api-cli.html
	TrafficType TrafficType

	// Destination is where the records are published: a [CloudWatchLogs], [S3] or
	// [Firehose]. Required.
	Destination Destination

	// MaxAggregationInterval is the longest time during which packets are
	// aggregated into a record: [time.Minute] or 10*time.Minute. Zero: EC2's
	// default of ten minutes, or of one minute (the only value allowed) for transit
	// gateways, their attachments and Cloud WAN.
	MaxAggregationInterval time.Duration

	// LogFormat lists the fields of a record. Nil: EC2's default, see
	// [DefaultLogFormat].
	LogFormat LogFormat

	// TagFields are the tag keys that the fields ${instance-tag},
	// ${interface-tag}, ${asg-tag} and their second forms show. Required when
	// LogFormat has one of these fields.
	TagFields []TagField

	// Tags are put on every flow log. At most 50, in valid UTF-8: keys of 1 to 128
	// characters that do not start with "aws:", values of at most 256. Empty: none.
	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
	Tags map[string]string

	// ClientToken makes the request safe to repeat: with the same token, EC2 creates
	// nothing twice. At most 64 ASCII characters. Empty: Options.Token makes one.
	// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
	ClientToken string

	// DryRun asks EC2 whether the caller may make the call, and creates nothing.
	// It does not check whether the destination accepts flow logs.
	DryRun bool
}

// TagField names the tags of one type of resource that a record shows.
type TagField struct {
	ResourceType TagFieldResource

	// Keys are one or two tag keys, of 1 to 128 characters each. The first is shown
	// by the field ${instance-tag} (for an instance), the second by
	// ${instance-tag-2}.
	Keys []string
}
