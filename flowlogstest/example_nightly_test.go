package flowlogstest_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// nightlyAPI has the methods that the nightly job calls. An ec2.Client has them, too.
type nightlyAPI interface {
	ec2.DescribeVpcsAPIClient
	ec2.DescribeFlowLogsAPIClient
	CreateFlowLogs(context.Context, *ec2.CreateFlowLogsInput, ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error)
}

// nightly is the program under test. It creates a flow log on every VPC that has none.
func nightly(ctx context.Context, client nightlyAPI) error {
	logged := map[string]bool{}
	flowLogs := ec2.NewDescribeFlowLogsPaginator(client, &ec2.DescribeFlowLogsInput{})
	for flowLogs.HasMorePages() {
		page, err := flowLogs.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, f := range page.FlowLogs {
			logged[*f.ResourceId] = true
		}
	}
	var missing []string
	vpcs := ec2.NewDescribeVpcsPaginator(client, &ec2.DescribeVpcsInput{})
	for vpcs.HasMorePages() {
		page, err := vpcs.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, vpc := range page.Vpcs {
			if !logged[*vpc.VpcId] {
				missing = append(missing, *vpc.VpcId)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	out, err := client.CreateFlowLogs(ctx, &ec2.CreateFlowLogsInput{
		ResourceIds:        missing,
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("arn:aws:s3:::my-flow-logs"),
	})
	if err == nil && len(out.Unsuccessful) > 0 {
		err = fmt.Errorf("%d VPCs have no flow log", len(out.Unsuccessful))
	}
	return err
}

// account is an in-memory EC2 that has VPCs. It embeds the EC2 for the operations on flow
// logs, and has a method for each other operation of the job.
type account struct {
	*flowlogstest.EC2
	vpcs []types.Vpc
}

func (a account) DescribeVpcs(context.Context, *ec2.DescribeVpcsInput, ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error) {
	return &ec2.DescribeVpcsOutput{Vpcs: a.vpcs}, nil
}

// A nightly job also lists VPCs, an operation that an EC2 does not have.
func Example_nightlyJob() {
	a := account{
		EC2:  flowlogstest.New(),
		vpcs: []types.Vpc{{VpcId: aws.String("vpc-0a1b2c3d")}, {VpcId: aws.String("vpc-4e5f6a7b")}},
	}
	a.Put(types.FlowLog{ResourceId: aws.String("vpc-0a1b2c3d")})

	for range 2 { // the second night has nothing to do
		if err := nightly(context.Background(), a); err != nil {
			fmt.Println(err)
		}
	}

	for _, f := range a.FlowLogs() {
		fmt.Println(*f.FlowLogId, *f.ResourceId)
	}
	for _, call := range a.Calls() {
		fmt.Println(call.Operation, call.ResourceIDs)
	}
	// Output:
	// fl-00000000000000001 vpc-0a1b2c3d
	// fl-00000000000000002 vpc-4e5f6a7b
	// DescribeFlowLogs []
	// CreateFlowLogs [vpc-4e5f6a7b]
	// DescribeFlowLogs []
}
