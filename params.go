package flowlogs

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// params are the parameters of one request as EC2 knows them. A Request and the
// SDK's input are both validated in this form, and sent in it.
type params struct {
	resourceIDs  []string
	resourceType ResourceType
	trafficType  TrafficType
	target       target
	interval     time.Duration
	hasInterval  bool
	format       LogFormat // of a Request
	formatText   string    // of an input
	tagFields    []TagField

	tags              map[string]string        // of a Request
	tagSpecifications []types.TagSpecification // of an input
	clientToken       string
}

func (r *Request) params() params {
	return params{
		resourceIDs:  r.ResourceIDs,
		resourceType: r.resourceType(),
		trafficType:  r.TrafficType,
		target:       targetOf(r.Destination),
		interval:     r.MaxAggregationInterval,
		hasInterval:  r.MaxAggregationInterval != 0,
		format:       r.LogFormat,
		tagFields:    r.TagFields,
		tags:         r.Tags,
		clientToken:  r.ClientToken,
	}
}

// resourceType is the type of the resources, inferred from the first ID where it is
// not given. It is empty where that ID has an unknown prefix.
func (r *Request) resourceType() ResourceType {
	if r.ResourceType == "" && len(r.ResourceIDs) > 0 {
		return typeOfID(r.ResourceIDs[0])
	}
	return r.ResourceType
}

// inputParams reads the SDK's input. An empty string is a parameter left out, and a
// destination type left out is CloudWatch Logs.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func inputParams(in *ec2.CreateFlowLogsInput) params {
	if in == nil {
		in = &ec2.CreateFlowLogsInput{}
	}
	p := params{
		resourceIDs:  in.ResourceIds,
		resourceType: in.ResourceType,
		trafficType:  in.TrafficType,
		target: target{
			typ:                 in.LogDestinationType,
			logGroupName:        aws.ToString(in.LogGroupName),
			arn:                 aws.ToString(in.LogDestination),
			roleARN:             aws.ToString(in.DeliverLogsPermissionArn),
			crossAccountRoleARN: aws.ToString(in.DeliverCrossAccountRole),
		},
		interval:          time.Duration(aws.ToInt32(in.MaxAggregationInterval)) * time.Second,
		hasInterval:       in.MaxAggregationInterval != nil,
		formatText:        aws.ToString(in.LogFormat),
		tagSpecifications: in.TagSpecifications,
		clientToken:       aws.ToString(in.ClientToken),
	}
	if p.target.typ == "" {
		p.target.typ = types.LogDestinationTypeCloudWatchLogs
	}
	if o := in.DestinationOptions; o != nil {
		p.target.hasOptions = o.FileFormat != "" || o.HiveCompatiblePartitions != nil || o.PerHourPartition != nil
		p.target.fileFormat = o.FileFormat
		p.target.hiveCompatiblePartitions = aws.ToBool(o.HiveCompatiblePartitions)
		p.target.perHourPartition = aws.ToBool(o.PerHourPartition)
	}
	for _, s := range in.TagFieldSpecifications {
		p.tagFields = append(p.tagFields, TagField{ResourceType: s.ResourceType, Keys: s.TagKeys})
	}
	return p
}

// paths are the names of the parameters as the caller wrote them: in a Request, or
// in the SDK's input.
type paths struct {
	resourceIDs         string
	resourceType        string
	trafficType         string
	destination         string
	arn                 string // empty: that of the destinationRule
	logGroupName        string
	roleARN             string
	crossAccountRoleARN string
	fileFormat          string
	interval            string
	logFormat           string
	tagFields           string
	tagFieldKeys        string
	clientToken         string
}

var requestPaths = paths{
	resourceIDs:         "ResourceIDs",
	resourceType:        "ResourceType",
	trafficType:         "TrafficType",
	destination:         "Destination",
	logGroupName:        "Destination.LogGroupName",
	roleARN:             "Destination.RoleARN",
	crossAccountRoleARN: "Destination.CrossAccountRoleARN",
	fileFormat:          "Destination.FileFormat",
	interval:            "MaxAggregationInterval",
	logFormat:           "LogFormat",
	tagFields:           "TagFields",
	tagFieldKeys:        "Keys",
	clientToken:         "ClientToken",
}

var inputPaths = paths{
	resourceIDs:         "ResourceIds",
	resourceType:        "ResourceType",
	trafficType:         "TrafficType",
	destination:         "LogDestinationType",
	arn:                 "LogDestination",
	logGroupName:        "LogGroupName",
	roleARN:             "DeliverLogsPermissionArn",
	crossAccountRoleARN: "DeliverCrossAccountRole",
	fileFormat:          "DestinationOptions.FileFormat",
	interval:            "MaxAggregationInterval",
	logFormat:           "LogFormat",
	tagFields:           "TagFieldSpecifications",
	tagFieldKeys:        "TagKeys",
	clientToken:         "ClientToken",
}
