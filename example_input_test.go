package flowlogs_test

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

// A program that builds the SDK's input creates flow logs with a Request made of it.
func ExampleFromInput() {
	req, err := flowlogs.FromInput(&ec2.CreateFlowLogsInput{
		ResourceIds:            []string{"vpc-0a1b2c3d"},
		ResourceType:           types.FlowLogsResourceTypeVpc,
		TrafficType:            types.TrafficTypeAll,
		LogDestinationType:     types.LogDestinationTypeS3,
		LogDestination:         aws.String("arn:aws:s3:::flow-logs"),
		MaxAggregationInterval: aws.Int32(60),
	})
	fmt.Println(req.Destination.(flowlogs.S3).BucketARN, req.MaxAggregationInterval, err)
	// Output: arn:aws:s3:::flow-logs 1m0s <nil>
}

// An input that came from a configuration file is checked under the names that it
// has there.
func ExampleValidateInput() {
	err := flowlogs.ValidateInput(&ec2.CreateFlowLogsInput{
		ResourceIds:        []string{"vpc-0a1b2c3d", "vpc-0a1b2c3d"},
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        "ANY",
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("arn:aws:s3:::flow-logs"),
	})
	var invalid *flowlogs.ValidationError
	if errors.As(err, &invalid) {
		for i := range invalid.Fields {
			fmt.Println(&invalid.Fields[i])
		}
	}
	// Output:
	// ResourceIds[1] "vpc-0a1b2c3d": duplicate of ResourceIds[0]
	// TrafficType "ANY": want one of ACCEPT, REJECT, ALL
}

// A record shows the tags of instances where the request names their keys.
func ExampleMustParseLogFormat() {
	req := flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::flow-logs"},
		LogFormat:   flowlogs.MustParseLogFormat("${srcaddr} ${dstaddr} ${instance-tag}"),
	}
	fmt.Println(req.Validate())

	req.TagFields = []flowlogs.TagField{{ResourceType: flowlogs.TagFieldInstance, Keys: []string{"team"}}}
	fmt.Println(req.Validate())
	// Output:
	// flowlogs: invalid request: TagFields: required: the tag keys for ${instance-tag} in LogFormat
	// <nil>
}
