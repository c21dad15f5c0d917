package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// vpcs returns the IDs of the account's own VPCs, sorted. Those that other accounts
// share with it are theirs to log.
func (r *region) vpcs(ctx context.Context, account string) ([]string, error) {
	const perPage = 1000 // the most: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html
	var ids []string
	pages := ec2.NewDescribeVpcsPaginator(r.ec2, &ec2.DescribeVpcsInput{
		MaxResults: aws.Int32(perPage),
		Filters:    []types.Filter{{Name: aws.String("owner-id"), Values: []string{account}}},
	})
	for pages.HasMorePages() {
		if err := r.describes.Wait(ctx); err != nil {
			return nil, err
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the VPCs: %w", err)
		}
		for _, vpc := range page.Vpcs {
			ids = append(ids, aws.ToString(vpc.VpcId))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
