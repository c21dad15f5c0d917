package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest/conformance"
	"github.com/go-flowlogs/flowlogs/policy"
)

// plan prints what -run would do.
func plan(o options, stdout io.Writer) error {
	account, region := cmp.Or(o.account, "123456789012"), cmp.Or(o.region, "us-east-1")
	calls, creating := map[int]int{}, map[int]int{}
	for _, p := range o.probes {
		calls[p.Group()] += len(p.Calls)
		if p.Creates() {
			creating[p.Group()]++
		}
	}
	fmt.Fprintf(stdout, "Nothing is sent without -run, -account and -region. With them:\n\n")
	for group, title := range conformance.Groups {
		if calls[group] > 0 {
			fmt.Fprintf(stdout, "  group %d, %s: %d calls, %d probes that can create a flow log\n", group, title, calls[group], creating[group])
		}
	}
	fmt.Fprintf(stdout, `
Made and deleted again: a VPC and three subnets with the tag %s, a bucket of
that name, and at most three flow logs at a time. The calls are at most 2.5 a second,
half of what EC2 grants, so a run takes some minutes. It prints the results at its end.
Cost: none for a VPC, subnets and flow logs without traffic; some ten requests of S3,
less than 0.01 USD.

The caller needs this policy:

`, tagKey)
	p, err := callerPolicy(account, region)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(p, "", "    ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s\n", text)
	return err
}

// callerPolicy returns the permissions of all groups. A probe that lacks one is rejected
// for it.
func callerPolicy(account, region string) (*policy.Document, error) {
	var document *policy.Document
	for _, kind := range []flowlogs.ResourceType{flowlogs.ResourceTypeVPC, flowlogs.ResourceTypeSubnet} {
		policies, err := policy.For(flowlogs.Request{
			ResourceType: kind,
			TrafficType:  flowlogs.TrafficTypeAll,
			Destination:  flowlogs.S3{BucketARN: "arn:aws:s3:::" + bucketOf("run")},
			Tags:         map[string]string{"probe": "run"},
		}, policy.Account{ID: account, Region: region}, func(o *policy.Options) { o.Replace = true })
		if err != nil {
			return nil, err
		}
		if document == nil {
			document = policies.Caller
			continue
		}
		document.Statement = append(document.Statement, policies.Caller.Statement[0]) // ec2:CreateFlowLogs on the other type
	}
	document.Statement[len(document.Statement)-1].Sid += "OnSubnets"
	document.Statement = append(document.Statement,
		policy.Statement{Sid: "MakeAndDelete", Effect: "Allow", Resource: []string{"*"}, Action: []string{
			"ec2:CreateVpc", "ec2:DescribeVpcs", "ec2:DeleteVpc", "ec2:CreateSubnet", "ec2:DescribeSubnets", "ec2:DeleteSubnet", "ec2:CreateTags",
		}},
		policy.Statement{Sid: "MakeAndDeleteTheBucket", Effect: "Allow", Resource: []string{"arn:aws:s3:::" + bucketOf("run-*")}, Action: []string{
			"s3:CreateBucket", "s3:ListBucket", "s3:DeleteBucket", "s3:GetBucketPolicy", "s3:PutBucketPolicy",
		}},
	)
	return document, nil
}
