// Package policy writes the permissions that a request for flow logs needs, as
// documents ready to paste: the caller's policy, the roles that deliver, the
// policy of the bucket and that of its key.
//
// # From a request to its documents
//
// [For] takes the [flowlogs.Request] that is to be sent and the [Account] that
// sends it:
//
//	policies, err := policy.For(req, policy.Account{ID: "123456789012", Region: "us-east-1"})
//	document, err := json.MarshalIndent(policies.Bucket, "", "    ")
//
// It calls nothing and reads nothing but its arguments. The documents are those
// that AWS documents, restricted to the account, the Region and the resources of
// the request wherever AWS documents how. Each field of [Policies] names its
// sources and says what a request does not tell.
//
// # Into a policy that is there already
//
// A bucket, a key or a role often has a policy already. [Document.Merge] puts the
// statements into it and keeps everything else:
//
//	merged, err := policies.Bucket.Merge(existing)
//
// # What it does not know
//
// A document that allows a call does not make it succeed: service control
// policies, permissions boundaries, session policies and statements that deny can
// all forbid it. Nor does the package know the names of future fields: a request
// that the root package does not accept as valid has no documents here.
//
// All functions and methods are safe for concurrent use as long as nothing
// changes their arguments meanwhile.
package policy
