package cookbook_test

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

// EC2 is the service's own interface, for which it has mocks.
type EC2 interface {
	CreateFlowLogs(context.Context, *ec2.CreateFlowLogsInput, ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error)
	DescribeFlowLogs(context.Context, *ec2.DescribeFlowLogsInput, ...func(*ec2.Options)) (*ec2.DescribeFlowLogsOutput, error)
	DeleteFlowLogs(context.Context, *ec2.DeleteFlowLogsInput, ...func(*ec2.Options)) (*ec2.DeleteFlowLogsOutput, error)
}

var _ EC2 = (*ec2.Client)(nil)

// withFlowLogs returns api with the CreateFlowLogs of a flowlogs.Client. Both embedded
// fields have that method; Go promotes the one at the shallower depth.
func withFlowLogs(api EC2) EC2 {
	type others struct{ EC2 }
	return struct {
		flowlogs.API // depth one: CreateFlowLogs
		others       // depth two: every other method
	}{flowlogs.New(api), others{api}}
}

func Example_wideInterface() {
	cloud := flowlogstest.New()
	service := withFlowLogs(cloud) // in a program: withFlowLogs(ec2.NewFromConfig(cfg))

	cloud.Inject(flowlogstest.FailResources("400", "LogDestination: my-flow-logs does not exist", "vpc-1a2b3c4d"))
	_, err := service.CreateFlowLogs(context.Background(), &ec2.CreateFlowLogsInput{
		ResourceIds:        []string{"vpc-0a1b2c3d", "vpc-1a2b3c4d"},
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
	for _, f := range out.FlowLogs {
		fmt.Println(*f.ResourceId)
	}
	// Output:
	// true
	// vpc-0a1b2c3d
}
