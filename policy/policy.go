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

	// Partition is "aws", "aws-cn", "aws-us-gov" or another of AWS's. Empty: that of the
	// Region. Set it for a partition that this release does not know.
	Partition string
}

// Options say what is not known from a request. The zero value is a bucket for one
// account and Region, with ACLs and without a key of its own, and a caller that only
// creates.
type Options struct {
	// KeyARN is the KMS key of the bucket's default encryption, as
	// "arn:aws:kms:<region>:<account>:key/<id>". It must be a customer managed key. Empty:
	// no statements for a key. It matters for S3 only.
	KeyARN string

	// WithoutACL leaves the condition on s3:x-amz-acl out of the bucket's policy. Some
	// users report that with it every delivery is denied where the bucket's ACLs are off.
	WithoutACL bool

	// SourceAccounts are the accounts that deliver to the same bucket beside the caller's
	// own: 12 digits each. Empty: none. A bucket's policy is at most 20 KB, which is enough
	// for about a hundred accounts; for more, see OrganizationID.
	SourceAccounts []string

	// OrganizationID is an organization of AWS Organizations, such as "o-a1b2c3d4e5", all
	// of whose accounts may deliver to the bucket, with the condition aws:SourceOrgID.
	// SourceAccounts must then be empty. Empty: only the caller's account and
	// SourceAccounts. Part of an organization cannot be named.
	OrganizationID string

	// Regions are the other Regions in which flow logs are created, beside the account's:
	// one set of documents serves all. They are in one partition. Empty: none.
	Regions []string

	// Reconcile adds to the caller's policy the permission with which package reconcile
	// lists, and Replace also the one with which it deletes. Replace includes Reconcile.
	Reconcile, Replace bool

	// Allow is called with each problem that For finds. If it returns true, the problem
	// is ignored, as by Allow of [flowlogs.Options]. Nil: no problem is ignored.
	Allow func(*flowlogs.FieldError) bool
}

// Policies are the documents for one request. A nil Document is not needed for
// its destination, and left out of the JSON.
//
// The documents of roles are split as IAM wants them: the trust policy, which says
// who may assume the role, and the policy that is attached to it.
type Policies struct {
	// Caller is the identity policy of the user or role that calls EC2. It is never nil. It
	// is on the resources of the request, or on all of their type if it names none. It has
	// neither s3:GetBucketPolicy nor s3:PutBucketPolicy, with which AWS adds the statements
	// of Bucket by itself: Bucket must be in place before the call.
	//
	// A managed policy is at most 6,144 characters long, without white space: for more than
	// about a hundred resources leave ResourceIDs empty.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	Caller *Document `json:",omitempty"`

	// RoleTrust and RolePermissions belong to the role that the request names. For
	// CloudWatch Logs it publishes; for a stream in another account it is the role in
	// the caller's. Nil for S3 and for a stream in the same account.
	RoleTrust, RolePermissions *Document `json:",omitempty"`

	// DestinationRoleTrust and DestinationRolePermissions belong to the role in the
	// account of the stream. Nil unless the stream is in another account.
	DestinationRoleTrust, DestinationRolePermissions *Document `json:",omitempty"`

	// Bucket is the policy of the bucket. Nil unless the destination is S3. The bucket
	// may have a policy already: see [Document.Merge] and [Document.Blocking].
	Bucket *Document `json:",omitempty"`

	// Key holds the statement to merge into the policy of the key: alone it would
	// lock the key's administrators out. Nil unless the destination is S3 and there
	// is Options.KeyARN.
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
