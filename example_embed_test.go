package flowlogs_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// EC2 is an *ec2.Client whose CreateFlowLogs is that of a [flowlogs.Client].
type EC2 struct {
	*ec2.Client
	flowLogs *flowlogs.Client
}

func (e EC2) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	return e.flowLogs.CreateFlowLogs(ctx, in, optFns...)
}

// A service whose EC2 interface has more methods than one is given a struct that
// embeds the *ec2.Client and overrides CreateFlowLogs.
func ExampleClient_CreateFlowLogs_embedding() {
	cloud := flowlogstest.New()
	server := flowlogstest.NewServer(cloud)
	defer server.Close()
	client := server.Client() // in a program: ec2.NewFromConfig(cfg)

	var service interface {
		flowlogs.API
		ec2.DescribeFlowLogsAPIClient
	} = EC2{client, flowlogs.New(client)}

	cloud.Inject(flowlogstest.FailResources("400", "LogDestination: my-flow-logs does not exist", "vpc-4e5f6a7b"))
	_, err := service.CreateFlowLogs(context.Background(), &ec2.CreateFlowLogsInput{
		ResourceIds:        []string{"vpc-0a1b2c3d", "vpc-4e5f6a7b"},
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("arn:aws:s3:::my-flow-logs"),
	})
	fmt.Println(errors.Is(err, flowlogs.ErrDestinationNotFound)) // the SDK's client returns nil

	out, err := service.DescribeFlowLogs(context.Background(), &ec2.DescribeFlowLogsInput{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*out.FlowLogs[0].ResourceId)
	// Output:
	// true
	// vpc-0a1b2c3d
}
