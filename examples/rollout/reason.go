package main

import "github.com/go-flowlogs/flowlogs"

// The reasons of targets and VPCs beside those of package flowlogs.
const (
	reasonConflict     = "Conflict"
	reasonAssumeRole   = "AssumeRoleDenied"
	reasonListAccounts = "ListAccountsDenied"
	reasonWorker       = "WorkerCredentials"
	reasonUnknown      = "Unknown" // a code of AWS that package flowlogs does not know
	reasonStopping     = "WorkerStopping"
	reasonRunning      = "AlreadyRunning"
	reasonCanceled     = "Canceled"
	reasonTerminated   = "Terminated"
	reasonTimeout      = "Timeout"
	reasonFailed       = "Failed"
)

var hints = map[string]string{
	reasonConflict: "Delete the flow log in the way, or ask for one with the same settings. " +
		"A rollout deletes nothing.",
	reasonAssumeRole: "Create the role of -role in the account, and let its trust policy allow sts:AssumeRole " +
		"to the identity of the workers, with the external ID of -external-id if there is one.",
	reasonListAccounts: "Give the accounts with -accounts or -targets, or allow the workers organizations:ListAccounts; " +
		"only the management account and delegated administrators may call it.",
	reasonWorker: "Renew the credentials of the workers, and start the rollout again.",
	// The role has just been assumed, so the credentials are good:
	// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
	string(flowlogs.ErrAuthFailure): "Enable the Region for the account, or leave it out.",
	reasonUnknown:                   "See the message of AWS.",
	reasonRunning:                   "Another workflow with this ID works on the target. Start the rollout again when it has ended.",
	reasonCanceled:                  "Start the rollout again.",
	reasonTerminated:                "Start the rollout again.",
	reasonTimeout:                   "Start the rollout again.",
	reasonFailed:                    "See the workflow of the target on the server.",
}

// hintOf returns what to do about a reason.
func hintOf(reason string) string {
	if hint, ok := hints[reason]; ok {
		return hint
	}
	return flowlogs.Reason(reason).Hint()
}

// explain gives a result the reason for which not every VPC is as the request asks
// for, if there is one: that of the first failure, which weighs more than a
// conflict.
func (r *Result) explain() {
	if r.Conflicts+r.Failed == 0 {
		return
	}
	r.Reason = reasonConflict
	for _, p := range r.Problems {
		if p.Reason != reasonConflict {
			r.Reason, r.Message = p.Reason, p.Message
			break
		}
	}
	r.Hint = hintOf(r.Reason)
}
