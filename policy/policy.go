package policy

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

// Account is the account that creates the flow logs, and where.
type Account struct {
	// ID is the account of the caller: 12 digits. Required.
	ID string

	// Region is that of the call, such as "us-east-1". Required.
	Region string

	// Partition is "aws", "aws-cn", "aws-us-gov" or another of AWS's. Empty: that
	// of the ARNs in the request, and "aws" where it has none.
	Partition string
}

// Options say what a request does not tell. The zero value is a bucket for one
// account, with ACLs and without a key of its own, and a caller that only creates.
type Options struct {
	// KeyARN is the KMS key of the bucket's default encryption, as
	// "arn:aws:kms:<region>:<account>:key/<id>". It must be a customer managed key.
	// Empty: no statements for a key. It matters for S3 only.
	// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-cmk-policy.html
	KeyARN string

	// WithoutACL leaves the condition on s3:x-amz-acl out of the bucket's policy.
	// AWS's documentation has the condition in every case. Where the bucket's ACLs
	// are off, some users report that with it every delivery is denied.
	// https://github.com/cloudposse/terraform-aws-vpc-flow-logs-s3-bucket/pull/101
	WithoutACL bool

	// SourceAccounts are the accounts that deliver to the same bucket beside the
	// caller's own: 12 digits each. Empty: none. A bucket's policy is at most 20 KB,
	// which is enough for about a hundred accounts; for more, see OrganizationID.
	SourceAccounts []string

	// OrganizationID is an organization of AWS Organizations, such as
	// "o-a1b2c3d4e5", all of whose accounts may deliver to the bucket. Empty: only
	// the caller's account and SourceAccounts. With it, the statements have the
	// condition aws:SourceOrgID in place of aws:SourceAccount; SourceAccounts must
	// then be empty. Part of an organization cannot be named: aws:PrincipalOrgPaths
	// does not match a service.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceorgid
	OrganizationID string

	// Reconcile adds to the caller's policy what package reconcile reads with, and
	// Replace also what it deletes with. Replace includes Reconcile.
	Reconcile, Replace bool
}

// Policies are the documents for one request. A nil Document is not needed for
// its destination, and left out of the JSON.
//
// The documents of roles are split as IAM wants them: the trust policy, which says
// who may assume the role, and the policy that is attached to it.
type Policies struct {
	// Caller is the identity policy of the user or role that calls EC2. It is never
	// nil.
	//
	//   - ec2:CreateFlowLogs is allowed on the resources of the request, or on all of
	//     their type where it names none, and on flow logs. Subnets and transit
	//     gateways can be shared, and then belong to another account: their ARNs have
	//     a wildcard for it. That both resources are needed is known from AWS's own
	//     policy for VPCs, and inferred for the other types.
	//     https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSObservabilityAdminTelemetryEnablementServiceRolePolicy.html
	//     https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
	//   - ec2:CreateTags, where the request has tags, is allowed while flow logs are
	//     created and not otherwise (same source).
	//   - iam:PassRole is for the role of the request; its condition on the service is
	//     inferred.
	//     https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
	//   - logs:CreateLogDelivery and logs:DeleteLogDelivery are for S3 and Firehose.
	//     https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html
	//   - firehose:TagDeliveryStream and iam:CreateServiceLinkedRole are for a stream
	//     in the same account.
	//     https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-Firehose.html
	//   - ecs:List* are those that the ECS fields of the format need.
	//     https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
	//   - ec2:DescribeTags, autoscaling:DescribeTags and iam:CreateServiceLinkedRole
	//     are for tag fields.
	//     https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-slr.html
	//
	// It does not have s3:GetBucketPolicy and s3:PutBucketPolicy. With them AWS adds
	// the statements of Bucket by itself, and AWS's pages disagree on whether it
	// appends them or overwrites the policy. Without them, Bucket must be in place
	// before the call.
	//
	// A managed policy is at most 6,144 characters long, without white space: for
	// more than about a hundred resources leave ResourceIDs empty.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	Caller *Document `json:",omitempty"`

	// RoleTrust and RolePermissions are of the role that the request names: for
	// CloudWatch Logs the role that publishes, for a stream in another account the
	// role in the caller's own. Nil for S3 and for a stream in the same account.
	//
	// For CloudWatch Logs, RoleTrust has the conditions against the confused deputy.
	// A flow log has no ID before it exists, so they name all flow logs of the
	// account in the Region; the ID can be put in afterwards. RolePermissions are on
	// all log groups, as AWS documents them.
	// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
	//
	// For Firehose, RoleTrust has no conditions, for AWS documents none.
	// https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html
	RoleTrust, RolePermissions *Document `json:",omitempty"`

	// DestinationRoleTrust and DestinationRolePermissions are of the role in the
	// account of the stream. Nil unless the stream is in another account.
	// https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html
	DestinationRoleTrust, DestinationRolePermissions *Document `json:",omitempty"`

	// Bucket is the policy of the bucket. Nil unless the destination is S3.
	//
	// A request tells neither who owns the bucket, nor which other accounts deliver
	// to it, nor whether its ACLs are off, nor which policy it has: see Options, and
	// merge into the policy that is there. Merge what is written for each Region
	// where a bucket serves several.
	// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
	//
	// It does not have s3:ListBucket, which AWS asks for only to keep failed calls
	// out of CloudTrail.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html
	Bucket *Document `json:",omitempty"`

	// Key holds the statement to merge into the policy of the key: alone it would
	// lock the key's administrators out. Nil unless the destination is S3 and there
	// is Options.KeyARN. In a key's policy the resource "*" is the key itself.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html#AWS-logs-SSE-KMS-S3
	// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
	Key *Document `json:",omitempty"`
}

// For returns the documents that the request needs when the account sends it. A
// request without ResourceIDs speaks of all resources of its type; ResourceType is
// then required.
//
// The error is a *[flowlogs.ValidationError] with every problem of the request,
// the account and the options. The same arguments always give the same documents.
func For(req flowlogs.Request, a Account, optFns ...func(*Options)) (*Policies, error) {
	var o Options
	for _, fn := range optFns {
		fn(&o)
	}
	p, err := newPlan(req, a, o)
	if err != nil {
		return nil, err
	}

	policies := &Policies{Caller: p.caller()}
	switch {
	case p.in.LogDestinationType == types.LogDestinationTypeCloudWatchLogs:
		policies.RoleTrust, policies.RolePermissions = p.publishingRole()
	case p.in.LogDestinationType == types.LogDestinationTypeS3:
		policies.Bucket = p.bucket()
		if o.KeyARN != "" {
			policies.Key = p.key()
		}
	case p.crossAccount():
		policies.RoleTrust, policies.RolePermissions = p.sourceRole()
		policies.DestinationRoleTrust, policies.DestinationRolePermissions = p.destinationRole()
	}
	return policies, nil
}
