package flowlogs

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ResourceType is what is monitored.
type ResourceType = types.FlowLogsResourceType

// The types of resources.
const (
	ResourceTypeVPC                      = types.FlowLogsResourceTypeVpc
	ResourceTypeSubnet                   = types.FlowLogsResourceTypeSubnet
	ResourceTypeNetworkInterface         = types.FlowLogsResourceTypeNetworkInterface
	ResourceTypeTransitGateway           = types.FlowLogsResourceTypeTransitGateway
	ResourceTypeTransitGatewayAttachment = types.FlowLogsResourceTypeTransitGatewayAttachment
	ResourceTypeRegionalNATGateway       = types.FlowLogsResourceTypeRegionalNatGateway
)

// TrafficType selects the traffic that is logged.
type TrafficType = types.TrafficType

// The types of traffic.
const (
	TrafficTypeAccept = types.TrafficTypeAccept
	TrafficTypeReject = types.TrafficTypeReject
	TrafficTypeAll    = types.TrafficTypeAll
)

// TagFieldResource says whose tags a [TagFields] shows.
type TagFieldResource = types.TaggableResourceType

// The resources whose tags can be shown.
const (
	TagFieldNetworkInterface = types.TaggableResourceTypeNetworkInterface
	TagFieldInstance         = types.TaggableResourceTypeInstance
	TagFieldAutoScalingGroup = types.TaggableResourceTypeAutoScalingGroup
)

// Request describes the flow logs to create: one for each resource, all with the
// same settings. The zero value of a field means what its comment says; nothing
// in a Request is ever changed by this package. Where no other source is named,
// the rules are those of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
//
// Its JSON form is the document that the AWS CLI takes with
// --cli-input-json; see [Request.UnmarshalJSON].
type Request struct {
	// ResourceIDs are the resources to monitor, all of one type. Any number: what
	// is more than one call takes is split. At least one is required.
	ResourceIDs []string

	// ResourceType is the type of the resources. Empty: inferred from the prefix
	// of the first ID.
	ResourceType ResourceType

	// TrafficType is required, except for transit gateways and their attachments,
	// where it must be empty: a transit gateway does not accept or reject.
	// https://docs.aws.amazon.com/vpc/latest/tgw/flow-logs-api-cli.html
	TrafficType TrafficType

	// Destination is where the flow log records go: a [CloudWatchLogs], [S3] or
	// [Firehose]. Required.
	Destination Destination

	// MaxAggregationInterval is the longest time during which packets are
	// aggregated into a record: [time.Minute] or 10*time.Minute. Zero: the
	// service's default, which is ten minutes, and one minute (the only value
	// allowed) for transit gateways and their attachments.
	MaxAggregationInterval time.Duration

	// LogFormat lists the fields of a record. Nil: the service's default, see
	// [DefaultLogFormat].
	LogFormat LogFormat

	// TagFields gives the tag keys that the fields ${instance-tag},
	// ${interface-tag}, ${asg-tag} and their second forms show. Required when
	// LogFormat has one of them.
	TagFields []TagFields

	// Tags are put on every flow log, at most 50: keys of 1 to 128 characters that
	// do not begin with "aws:", values of up to 256. Empty: none.
	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
	Tags map[string]string

	// ClientToken makes the request safe to repeat: sent again with the same
	// token, it creates nothing twice. At most 64 ASCII characters. Empty:
	// Options.Token makes one.
	// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
	ClientToken string

	// DryRun checks permissions and parameters without creating anything.
	DryRun bool
}

// TagFields names the tags of one kind of resource that a record shows: the
// first key in the field ${instance-tag} (or its sibling for the kind), the
// second in ${instance-tag-2}.
type TagFields struct {
	ResourceType TagFieldResource
	Keys         []string // one or two
}

// Input returns the SDK's input for the request, with the resource type filled
// in, or the error of [Request.Validate]. The input shares no memory with the
// request. It has all the IDs, also when they are more than one call takes.
func (r Request) Input() (*ec2.CreateFlowLogsInput, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	in := r.settings()
	in.ResourceIds = slices.Clone(r.ResourceIDs)
	in.ClientToken = text(&r.ClientToken)
	return in, nil
}

// settings is the input without what differs from call to call, resource IDs and
// token, and without validation.
func (r *Request) settings() *ec2.CreateFlowLogsInput {
	var parameters struct { // in one piece, for the input points into the target
		in     ec2.CreateFlowLogsInput
		target target
	}
	in := &parameters.in
	in.ResourceType, in.TrafficType, in.DryRun = r.resourceType(), r.TrafficType, flag(r.DryRun)
	if len(r.LogFormat) > 0 {
		in.LogFormat = aws.String(r.LogFormat.String())
	}
	if d, ok := r.target(); ok {
		parameters.target = d
		t := &parameters.target
		in.LogDestinationType = t.typ
		in.LogGroupName = text(&t.logGroupName)
		in.LogDestination = text(&t.arn)
		in.DeliverLogsPermissionArn = text(&t.roleARN)
		in.DeliverCrossAccountRole = text(&t.crossAccountRoleARN)
		if t.hasOptions {
			in.DestinationOptions = &types.DestinationOptionsRequest{
				FileFormat:               t.fileFormat,
				HiveCompatiblePartitions: flag(t.hiveCompatiblePartitions),
				PerHourPartition:         flag(t.perHourPartition),
			}
		}
	}
	if r.MaxAggregationInterval != 0 {
		in.MaxAggregationInterval = aws.Int32(int32(r.MaxAggregationInterval / time.Second))
	}
	for _, f := range r.TagFields {
		in.TagFieldSpecifications = append(in.TagFieldSpecifications, types.TagFieldSpecificationRequest{
			ResourceType: f.ResourceType,
			TagKeys:      slices.Clone(f.Keys),
		})
	}
	if len(r.Tags) > 0 {
		// In order of their keys: the same request is always the same bytes.
		tags := make([]types.Tag, 0, len(r.Tags))
		for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
			tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(r.Tags[key])})
		}
		in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeVpcFlowLog, Tags: tags}}
	}
	return in
}

// FromInput turns the SDK's input into a Request. It refuses, with a
// *[ValidationError] whose paths are those of the input, what a Request has no
// place for: a parameter that does not belong to the destination, a tag without
// key or value, an interval of zero. It does not validate otherwise, so that an
// input still without resource IDs can be turned; a nil input is the zero Request.
func FromInput(in *ec2.CreateFlowLogsInput) (Request, error) {
	if in == nil {
		return Request{}, nil
	}
	v := validator{paths: &inputPaths}
	r := Request{
		ResourceIDs:  slices.Clone(in.ResourceIds),
		ResourceType: in.ResourceType,
		TrafficType:  in.TrafficType,
		ClientToken:  aws.ToString(in.ClientToken),
		DryRun:       aws.ToBool(in.DryRun),
	}
	t := inputTarget(in)
	switch {
	case t == target{typ: types.LogDestinationTypeCloudWatchLogs} && in.LogDestinationType == "":
		// No destination at all: the Request has none either.
	default:
		v.destinationShape(t)
		r.Destination = t.destination()
	}
	if in.MaxAggregationInterval != nil {
		r.MaxAggregationInterval = time.Duration(*in.MaxAggregationInterval) * time.Second
		if r.MaxAggregationInterval == 0 {
			v.interval(r.resourceType(), 0)
		}
	}
	if s := aws.ToString(in.LogFormat); s != "" {
		var problem string
		r.LogFormat, problem = parseLogFormat(s)
		v.check(inputPaths.logFormat, s, problem)
	}
	for _, s := range in.TagFieldSpecifications {
		r.TagFields = append(r.TagFields, TagFields{ResourceType: s.ResourceType, Keys: slices.Clone(s.TagKeys)})
	}
	v.tagSpecifications(in.TagSpecifications)
	for _, s := range in.TagSpecifications {
		for _, tag := range s.Tags {
			if r.Tags == nil {
				r.Tags = make(map[string]string)
			}
			r.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	if err := v.err(); err != nil {
		return Request{}, err
	}
	return r, nil
}

// text is a string parameter, left out when it is empty.
func text(s *string) *string {
	if *s == "" {
		return nil
	}
	return s
}

// flag is a boolean parameter, left out when it is false.
func flag(b bool) *bool {
	if !b {
		return nil
	}
	return aws.Bool(true)
}
