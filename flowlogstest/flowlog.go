package flowlogstest

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// flowLog is a flow log that exists, or that is deleted and still shown.
type flowLog struct {
	number     int // in the order of creation, from 1
	id         string
	resourceID string
	identity   string        // of its configuration
	shown      types.FlowLog // by DescribeFlowLogs; flow logs of one call share memory

	// The zero time means always for visible, and never for the others.
	visible time.Time // when DescribeFlowLogs begins to show it
	fails   time.Time // when its delivery begins to fail
	hidden  time.Time // when DescribeFlowLogs ceases to show it, once it is deleted
}

// configuration is shared by all flow logs of one call.
type configuration struct {
	in       *ec2.CreateFlowLogsInput // with EC2's defaults filled in
	logGroup string                   // of CloudWatch Logs, from the name or the ARN
	identity string                   // equal for flow logs that conflict on one resource
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
		if group, ok := parseLogGroup(destination); ok {
			c.logGroup = group.name
		}
		destination = c.logGroup
	}
	c.identity = identify(in, destination)
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

// identify encodes the parameters that are compared for FlowLogAlreadyExists. Which ones
// EC2 compares is our guess.
func identify(in *ec2.CreateFlowLogsInput, destination string) string {
	identity, err := json.Marshal([]any{
		in.TrafficType, in.LogDestinationType, destination, in.LogFormat, in.MaxAggregationInterval,
		aws.ToString(in.DeliverLogsPermissionArn), aws.ToString(in.DeliverCrossAccountRole),
		in.DestinationOptions, in.TagFieldSpecifications,
	})
	if err != nil {
		panic(err) // cannot happen: the SDK's types marshal
	}
	return string(identity)
}

// describe returns a new flow log as DescribeFlowLogs shows it, without its IDs.
func (c *configuration) describe(now time.Time) types.FlowLog {
	described := convert[types.FlowLog](*c.in)
	described.CreationTime = aws.Time(wireTime(now))
	described.DeliverLogsStatus = aws.String("SUCCESS")
	described.FlowLogStatus = aws.String("ACTIVE")
	if c.logGroup != "" {
		described.LogGroupName = aws.String(c.logGroup)
	}
	described.Tags = []types.Tag{}
	for _, spec := range c.in.TagSpecifications {
		described.Tags = append(described.Tags, spec.Tags...)
	}
	return described
}

// describe returns f as DescribeFlowLogs shows it now. The result shares no memory with
// f.
func (f *flowLog) describe(now time.Time) types.FlowLog {
	described := convert[types.FlowLog](f.shown)
	if !f.fails.IsZero() && !now.Before(f.fails) {
		described.DeliverLogsStatus = aws.String("FAILED")
		described.DeliverLogsErrorMessage = aws.String("Access error")
	}
	return described
}

// flowLog returns a new flow log without its IDs.
func (c *configuration) flowLog(now time.Time, o Options) flowLog {
	f := flowLog{identity: c.identity, shown: c.describe(now), visible: now.Add(o.DescribeLag)}
	if c.undeliverable(o) {
		f.fails = now.Add(o.FailedAfter)
	}
	return f
}

// undeliverable reports whether CloudWatch Logs will reject the records. EC2 was seen to
// accept a log group ARN that ends in ":*" and to fail with "Access error" later:
// https://github.com/hashicorp/terraform-provider-aws/issues/6373
func (c *configuration) undeliverable(o Options) bool {
	if c.in.LogDestinationType != types.LogDestinationTypeCloudWatchLogs {
		return false
	}
	return strings.HasSuffix(aws.ToString(c.in.LogDestination), ":*") || !exists(c.logGroup, o.LogGroups)
}

// convert copies a value of the SDK's types to a type with fields of the same names.
// Other fields stay zero. The copy shares no memory with the value.
func convert[To, From any](from From) To {
	var to To
	copyValue(reflect.ValueOf(&to).Elem(), reflect.ValueOf(from))
	return to
}

func copyValue(to, from reflect.Value) {
	switch to.Kind() {
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(to.Type().Elem()))
			copyValue(to.Elem(), from.Elem())
		}
	case reflect.Slice:
		if !from.IsNil() {
			to.Set(reflect.MakeSlice(to.Type(), from.Len(), from.Len()))
		}
		for i := range to.Len() {
			copyValue(to.Index(i), from.Index(i))
		}
	case reflect.Struct:
		if to.Type() == reflect.TypeFor[time.Time]() {
			to.Set(from)
			return
		}
		for i := range to.NumField() {
			if same := from.FieldByName(to.Type().Field(i).Name); same.IsValid() {
				copyValue(to.Field(i), same)
			}
		}
	default:
		to.Set(from)
	}
}
