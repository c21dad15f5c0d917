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
// the request wherever AWS documents how. [Options] say what is not known from a
// request.
//
// # Merging into an existing policy
//
// A bucket, a key or a role often has a policy already. [Document.Merge] puts the
// statements into it and keeps everything else. [Document.Blocking] returns its statements
// that deny what the document allows:
//
//	blocking, err := policies.Bucket.Blocking(existing)
//	merged, err := policies.Bucket.Merge(existing)
//
// # What it does not know
//
// A document that allows a call does not make it succeed: service control policies,
// resource control policies, permissions boundaries and session policies can all forbid
// it. Nor does the package know the fields of future releases: see Options.Allow.
//
// All functions and methods are safe for concurrent use as long as nothing
// changes their arguments meanwhile.
package policy
