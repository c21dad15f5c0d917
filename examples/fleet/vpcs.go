package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

const pageSize = 1000 // the largest that EC2 accepts

// vpcs returns the VPCs of the Region, sorted: EC2 guarantees no order.
func vpcs(ctx context.Context, api *ec2.Client) ([]string, error) {
	var ids []string
	pages := ec2.NewDescribeVpcsPaginator(api, &ec2.DescribeVpcsInput{MaxResults: aws.Int32(pageSize)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the VPCs: %w", err)
		}
		for _, vpc := range page.Vpcs {
			ids = append(ids, aws.ToString(vpc.VpcId))
		}
	}
	slices.Sort(ids)
	return ids, nil
}
