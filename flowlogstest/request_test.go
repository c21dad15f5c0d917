package flowlogstest_test

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const (
	ourRole = "arn:aws:iam::123456789012:role/flow-logs"
	bucket  = "arn:aws:s3:::flow-logs-bucket"
)

// toBucket is a well-formed request to log to S3, changed by edits.
func toBucket(edits ...func(*ec2.CreateFlowLogsInput)) *ec2.CreateFlowLogsInput {
	in := &ec2.CreateFlowLogsInput{
		ResourceIds:        []string{vpc(1)},
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String(bucket),
	}
	for _, edit := range edits {
		edit(in)
	}
	return in
}

// toLogGroup is a well-formed request to log to CloudWatch Logs.
func toLogGroup(edits ...func(*ec2.CreateFlowLogsInput)) *ec2.CreateFlowLogsInput {
	in := &ec2.CreateFlowLogsInput{
		ResourceIds:              []string{vpc(1)},
		ResourceType:             types.FlowLogsResourceTypeVpc,
		TrafficType:              types.TrafficTypeAll,
		LogGroupName:             aws.String("flow-logs"),
		DeliverLogsPermissionArn: aws.String(ourRole),
	}
	for _, edit := range edits {
		edit(in)
	}
	return in
}

func withIDs(ids ...string) func(*ec2.CreateFlowLogsInput) {
	return func(in *ec2.CreateFlowLogsInput) { in.ResourceIds = ids }
}

func withToken(token string) func(*ec2.CreateFlowLogsInput) {
	return func(in *ec2.CreateFlowLogsInput) { in.ClientToken = aws.String(token) }
}

func vpc(n int) string { return fmt.Sprintf("vpc-%017x", n) }

func vpcs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = vpc(i + 1)
	}
	return ids
}

func flowLogID(n int) string { return fmt.Sprintf("fl-%017x", n) }

type edit = func(*ec2.CreateFlowLogsInput)

func edited(in *ec2.CreateFlowLogsInput, edits ...edit) *ec2.CreateFlowLogsInput {
	for _, fn := range edits {
		fn(in)
	}
	return in
}

func withGateway(in *ec2.CreateFlowLogsInput) {
	in.ResourceIds = []string{"tgw-0123456789abcdef0"}
	in.ResourceType = types.FlowLogsResourceTypeTransitGateway
	in.TrafficType = ""
}

func withStream(in *ec2.CreateFlowLogsInput) {
	in.LogDestinationType = types.LogDestinationTypeKinesisDataFirehose
	in.LogDestination = aws.String("arn:aws:firehose:us-east-1:123456789012:deliverystream/flow-logs")
}

func withTraffic(t types.TrafficType) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.TrafficType = t }
}

func withResource(t types.FlowLogsResourceType, id string) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.ResourceType, in.ResourceIds = t, []string{id} }
}

func withFormat(f string) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.LogFormat = aws.String(f) }
}

func withInterval(seconds int32) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.MaxAggregationInterval = aws.Int32(seconds) }
}

func withDestination(arn string) edit {
	return func(in *ec2.CreateFlowLogsInput) {
		in.LogDestination = aws.String(arn)
		in.LogGroupName = nil
	}
}

func withLogGroup(name string) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.LogGroupName = aws.String(name) }
}

func withRole(arn string) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.DeliverLogsPermissionArn = aws.String(arn) }
}

func withCrossAccountRole(in *ec2.CreateFlowLogsInput) {
	in.DeliverCrossAccountRole = aws.String("arn:aws:iam::210987654321:role/AWSLogDeliveryFirehoseCrossAccountRole")
}

func withOptions(o types.DestinationOptionsRequest) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.DestinationOptions = &o }
}

func withTagFields(specs ...types.TagFieldSpecificationRequest) edit {
	return func(in *ec2.CreateFlowLogsInput) { in.TagFieldSpecifications = specs }
}

func withTags(resourceType types.ResourceType, tags ...types.Tag) edit {
	return func(in *ec2.CreateFlowLogsInput) {
		in.TagSpecifications = append(in.TagSpecifications, types.TagSpecification{ResourceType: resourceType, Tags: tags})
	}
}

func tag(key, value string) types.Tag {
	return types.Tag{Key: aws.String(key), Value: aws.String(value)}
}

func manyTags(n int) []types.Tag {
	tags := make([]types.Tag, n)
	for i := range tags {
		tags[i] = tag(strings.Repeat("k", i+1), "")
	}
	return tags
}
