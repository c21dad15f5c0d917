package policy_test

import (
	"encoding/json"
	"fmt"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/policy"
)

func ExampleFor() {
	req := flowlogs.Request{
		ResourceType: flowlogs.ResourceTypeVPC, // all of them: there are no ResourceIDs
		TrafficType:  flowlogs.TrafficTypeAll,
		Destination:  flowlogs.S3{BucketARN: "arn:aws:s3:::amzn-s3-demo-bucket/network"},
	}
	policies, err := policy.For(req, policy.Account{ID: "123456789012", Region: "us-east-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := json.MarshalIndent(policies.Caller, "", "  ")
	fmt.Println(string(text))
	fmt.Println(policies.Bucket.Statement[0].Resource)
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Sid": "CreateFlowLogs",
	//       "Effect": "Allow",
	//       "Action": "ec2:CreateFlowLogs",
	//       "Resource": [
	//         "arn:aws:ec2:us-east-1:123456789012:vpc/*",
	//         "arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/*"
	//       ]
	//     },
	//     {
	//       "Sid": "ManageLogDeliveries",
	//       "Effect": "Allow",
	//       "Action": [
	//         "logs:CreateLogDelivery",
	//         "logs:DeleteLogDelivery"
	//       ],
	//       "Resource": "*"
	//     }
	//   ]
	// }
	// [arn:aws:s3:::amzn-s3-demo-bucket/network/AWSLogs/123456789012/*]
}

// A central bucket takes the flow logs of several accounts.
func ExampleFor_centralBucket() {
	req := flowlogs.Request{
		ResourceType: flowlogs.ResourceTypeVPC,
		TrafficType:  flowlogs.TrafficTypeAll,
		Destination:  flowlogs.S3{BucketARN: "arn:aws:s3:::amzn-s3-demo-bucket", HiveCompatiblePartitions: true},
	}
	policies, err := policy.For(req, policy.Account{ID: "123456789012", Region: "us-east-1"}, func(o *policy.Options) {
		o.SourceAccounts = []string{"111122223333"}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, resource := range policies.Bucket.Statement[0].Resource {
		fmt.Println(resource)
	}
	// Output:
	// arn:aws:s3:::amzn-s3-demo-bucket/AWSLogs/aws-account-id=123456789012/*
	// arn:aws:s3:::amzn-s3-demo-bucket/AWSLogs/aws-account-id=111122223333/*
}

func ExampleDocument_Merge() {
	existing := `{
  "Version": "2012-10-17",
  "Statement": {
    "Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
    "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}
  }
}`
	req := flowlogs.Request{
		ResourceType: flowlogs.ResourceTypeVPC,
		TrafficType:  flowlogs.TrafficTypeAll,
		Destination:  flowlogs.S3{BucketARN: "arn:aws:s3:::amzn-s3-demo-bucket"},
	}
	policies, err := policy.For(req, policy.Account{ID: "123456789012", Region: "us-east-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	merged, err := policies.Bucket.Merge([]byte(existing))
	if err != nil {
		fmt.Println(err)
		return
	}
	var result policy.Document
	if err := json.Unmarshal(merged, &result); err != nil {
		fmt.Println(err)
		return
	}
	for _, statement := range result.Statement {
		fmt.Println(statement.Effect, statement.Sid)
	}
	// Output:
	// Deny OnlyTLS
	// Allow AWSLogDeliveryWrite
	// Allow AWSLogDeliveryAclCheck
}

func ExampleDocument_Blocking() {
	existing := `{
  "Statement": {
    "Sid": "OnlyOurOrganization", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
    "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
  }
}`
	req := flowlogs.Request{
		ResourceType: flowlogs.ResourceTypeVPC,
		TrafficType:  flowlogs.TrafficTypeAll,
		Destination:  flowlogs.S3{BucketARN: "arn:aws:s3:::amzn-s3-demo-bucket"},
	}
	policies, err := policy.For(req, policy.Account{ID: "123456789012", Region: "us-east-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	blocking, err := policies.Bucket.Blocking([]byte(existing))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, statement := range blocking {
		fmt.Println(statement.Sid, "denies the delivery")
	}
	// Output:
	// OnlyOurOrganization denies the delivery
}
