package flowlogs_test

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// listVPCs yields the ID of every VPC. An error that it yields stops the stream.
func listVPCs(ctx context.Context, api ec2.DescribeVpcsAPIClient) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		pages := ec2.NewDescribeVpcsPaginator(api, &ec2.DescribeVpcsInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield("", fmt.Errorf("list the VPCs: %w", err))
				return
			}
			for _, vpc := range page.Vpcs {
				if !yield(aws.ToString(vpc.VpcId), nil) {
					return
				}
			}
		}
	}
}

// Flow logs are created on the first VPCs while the others are still being listed.
func ExampleClient_Stream() {
	ctx := context.Background()
	client := flowlogs.New(flowlogstest.New())
	req := flowlogs.Request{
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"},
	}

	for batch, err := range client.Stream(ctx, req, listVPCs(ctx, twoVPCs{})) {
		if len(batch.ResourceIDs) == 0 { // the request is invalid, or the VPCs cannot be listed
			fmt.Println(err)
			return
		}
		for id, err := range batch.Results() {
			fmt.Println(id, err)
		}
	}
	// Output:
	// vpc-0a1b2c3d <nil>
	// vpc-4e5f6a7b <nil>
}

// twoVPCs stands for an *ec2.Client.
type twoVPCs struct{}

func (twoVPCs) DescribeVpcs(context.Context, *ec2.DescribeVpcsInput, ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error) {
	return &ec2.DescribeVpcsOutput{Vpcs: []types.Vpc{
		{VpcId: aws.String("vpc-0a1b2c3d")},
		{VpcId: aws.String("vpc-4e5f6a7b")},
	}}, nil
}
