package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

const pageSize = 1000 // the largest that EC2 accepts

// missing returns the VPCs that have no flow log such as the request asks for. One
// that has would make EC2 reject its whole call.
func missing(ctx context.Context, api *ec2.Client, req flowlogs.Request) ([]string, error) {
	has, err := vpcsWith(ctx, api, req)
	if err != nil {
		return nil, fmt.Errorf("list the flow logs: %w", err)
	}
	var ids []string
	pages := ec2.NewDescribeVpcsPaginator(api, &ec2.DescribeVpcsInput{MaxResults: aws.Int32(pageSize)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the VPCs: %w", err)
		}
		for _, vpc := range page.Vpcs {
			if id := aws.ToString(vpc.VpcId); !has[id] {
				ids = append(ids, id)
			}
		}
	}
	// EC2 guarantees no order, and the tokens of the calls depend on it.
	slices.Sort(ids)
	return ids, nil
}

func vpcsWith(ctx context.Context, api *ec2.Client, req flowlogs.Request) (map[string]bool, error) {
	has := make(map[string]bool)
	pages := ec2.NewDescribeFlowLogsPaginator(api, &ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(pageSize)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, flowLog := range page.FlowLogs {
			if suits(req, flowLog) {
				has[aws.ToString(flowLog.ResourceId)] = true
			}
		}
	}
	return has, nil
}

// suits reports whether a flow log has the traffic type and the destination of the
// request.
func suits(req flowlogs.Request, flowLog types.FlowLog) bool {
	if flowLog.TrafficType != req.TrafficType {
		return false
	}
	switch d := req.Destination.(type) {
	case flowlogs.S3:
		return aws.ToString(flowLog.LogDestination) == d.BucketARN
	case flowlogs.CloudWatchLogs:
		return aws.ToString(flowLog.LogGroupName) == d.LogGroupName
	}
	return false
}
