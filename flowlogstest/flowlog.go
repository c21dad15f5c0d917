package flowlogstest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// flowLog is one flow log that exists.
type flowLog struct {
	number     int // in the order of creation, from 1
	id         string
	resourceID string
	created    time.Time      // zero if put
	given      *types.FlowLog // to Put, else nil
	*configuration
}

// configuration is what all flow logs of one call have in common.
type configuration struct {
	in       *ec2.CreateFlowLogsInput // with EC2's defaults filled in
	logGroup string                   // of CloudWatch Logs, from the name or the ARN
	identity string                   // equal if EC2 takes two for the same configuration and destination
}

// configure does not change the request: later calls are compared with it.
func configure(request *ec2.CreateFlowLogsInput) *configuration {
	filled := *request
	in := &filled
	if in.LogDestinationType == "" {
		in.LogDestinationType = types.LogDestinationTypeCloudWatchLogs
	}
	if in.MaxAggregationInterval == nil {
		in.MaxAggregationInterval = aws.Int32(600)
		if isTransitGateway(in.ResourceType) {
			in.MaxAggregationInterval = aws.Int32(60)
		}
	}
	if aws.ToString(in.LogFormat) == "" {
		in.LogFormat = aws.String(defaultFormat(in.ResourceType))
	}
	if in.LogDestinationType == types.LogDestinationTypeS3 {
		in.DestinationOptions = withDefaults(in.DestinationOptions)
	}

	c := &configuration{in: in, logGroup: aws.ToString(in.LogGroupName)}
	destination := aws.ToString(in.LogDestination)
	if in.LogDestinationType == types.LogDestinationTypeCloudWatchLogs {
		if _, name, ok := parseLogGroup(destination); ok {
			c.logGroup = name
		}
		destination = c.logGroup
	}
	c.identity = fmt.Sprintf("%q", []any{
		in.TrafficType, in.LogDestinationType, destination, *in.LogFormat, *in.MaxAggregationInterval,
		aws.ToString(in.DeliverLogsPermissionArn), aws.ToString(in.DeliverCrossAccountRole),
		optionsIdentity(in.DestinationOptions), tagFieldsIdentity(in.TagFieldSpecifications),
	})
	return c
}

func withDefaults(o *types.DestinationOptionsRequest) *types.DestinationOptionsRequest {
	filled := types.DestinationOptionsRequest{
		FileFormat:               types.DestinationFileFormatPlainText,
		HiveCompatiblePartitions: aws.Bool(false),
		PerHourPartition:         aws.Bool(false),
	}
	if o != nil {
		if o.FileFormat != "" {
			filled.FileFormat = o.FileFormat
		}
		filled.HiveCompatiblePartitions = aws.Bool(aws.ToBool(o.HiveCompatiblePartitions))
		filled.PerHourPartition = aws.Bool(aws.ToBool(o.PerHourPartition))
	}
	return &filled
}

func optionsIdentity(o *types.DestinationOptionsRequest) string {
	if o == nil {
		return ""
	}
	return fmt.Sprint(o.FileFormat, aws.ToBool(o.HiveCompatiblePartitions), aws.ToBool(o.PerHourPartition))
}

func tagFieldsIdentity(specs []types.TagFieldSpecificationRequest) string {
	var b strings.Builder
	for _, spec := range specs {
		fmt.Fprintf(&b, "%s%q", spec.ResourceType, spec.TagKeys)
	}
	return b.String()
}

// visible reports whether DescribeFlowLogs shows the flow log yet.
func (f *flowLog) visible(now time.Time, o Options) bool {
	return now.Sub(f.created) >= o.DescribeLag
}

// describe returns what DescribeFlowLogs shows. It shares no memory with f.
func (f *flowLog) describe(now time.Time, o Options) types.FlowLog {
	if f.given != nil {
		return copyFlowLog(*f.given)
	}
	described := types.FlowLog{
		CreationTime:             aws.Time(wireTime(f.created)),
		DeliverCrossAccountRole:  duplicate(f.in.DeliverCrossAccountRole),
		DeliverLogsPermissionArn: duplicate(f.in.DeliverLogsPermissionArn),
		DeliverLogsStatus:        aws.String("SUCCESS"),
		FlowLogId:                aws.String(f.id),
		FlowLogStatus:            aws.String("ACTIVE"),
		LogDestination:           duplicate(f.in.LogDestination),
		LogDestinationType:       f.in.LogDestinationType,
		LogFormat:                duplicate(f.in.LogFormat),
		MaxAggregationInterval:   duplicate(f.in.MaxAggregationInterval),
		ResourceId:               aws.String(f.resourceID),
		Tags:                     []types.Tag{},
		TrafficType:              f.in.TrafficType,
	}
	if f.logGroup != "" {
		described.LogGroupName = aws.String(f.logGroup)
	}
	if options := f.in.DestinationOptions; options != nil {
		described.DestinationOptions = &types.DestinationOptionsResponse{
			FileFormat:               options.FileFormat,
			HiveCompatiblePartitions: duplicate(options.HiveCompatiblePartitions),
			PerHourPartition:         duplicate(options.PerHourPartition),
		}
	}
	for _, spec := range f.in.TagFieldSpecifications {
		described.TagFieldSpecifications = append(described.TagFieldSpecifications, types.TagFieldSpecificationResponse{
			ResourceType: spec.ResourceType,
			TagKeys:      slices.Clone(spec.TagKeys),
		})
	}
	for _, spec := range f.in.TagSpecifications {
		for _, tag := range spec.Tags {
			described.Tags = append(described.Tags, types.Tag{Key: duplicate(tag.Key), Value: duplicate(tag.Value)})
		}
	}
	if f.undeliverable(o) && now.Sub(f.created) >= o.FailedAfter {
		described.DeliverLogsStatus = aws.String("FAILED")
		described.DeliverLogsErrorMessage = aws.String("Access error")
	}
	return described
}

// undeliverable reports whether CloudWatch Logs will reject the records. EC2 was
// seen to accept a log group ARN that ends in ":*" and to fail with "Access
// error" later: https://github.com/hashicorp/terraform-provider-aws/issues/6373
func (f *flowLog) undeliverable(o Options) bool {
	if f.in.LogDestinationType != types.LogDestinationTypeCloudWatchLogs {
		return false
	}
	return strings.HasSuffix(aws.ToString(f.in.LogDestination), ":*") || !exists(f.logGroup, o.LogGroups)
}

func duplicate[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
