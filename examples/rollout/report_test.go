package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/reconcile"
)

func testReport() Report {
	return Report{
		Name: "nightly",
		Progress: Progress{Status: "Completed", Targets: 3, Done: 1, NotDone: 2,
			Tally: Tally{VPCs: 30, Created: 18, Kept: 9, Conflicts: 3}},
		NotDone: []TargetReport{
			{Target{"111122223333", "us-east-1"}, Result{Reason: reasonAssumeRole, Message: "assume role:\x1b[31m denied", Hint: "Let it."}},
			{Target{"444455556666", "eu-west-1"}, Result{
				Tally: Tally{VPCs: 10, Kept: 7, Conflicts: 3}, Reason: reasonConflict, Hint: "Delete it.", Omitted: 2,
				Problems: []Problem{{VPC: "vpc-1", Reason: reasonConflict, FlowLog: "fl-1",
					Differences: []reconcile.Difference{{Field: "LogFormat", Want: "a", Have: "b"}}}},
			}},
		},
	}
}

func TestReport_Text(t *testing.T) {
	t.Parallel()
	r := testReport()
	want := `Rollout nightly (Completed): 1 of 3 targets done

  18  flow logs created by this rollout
   9  kept
   3  conflicts
  30  VPCs

ACCOUNT       REGION     REASON            VPCS NOT DONE     MESSAGE
111122223333  us-east-1  AssumeRoleDenied  none was reached  assume role: [31m denied
444455556666  eu-west-1  Conflict          3 of 10

WHAT TO DO
AssumeRoleDenied: Let it.
Conflict: Delete it.

VPC         ACCOUNT       REGION     REASON    FLOW LOG  DIFFERENCES OR MESSAGE
vpc-1       444455556666  eu-west-1  Conflict  fl-1      LogFormat is "b", want "a"
and 2 more  444455556666  eu-west-1
`
	assert.Equal(t, want, r.String())
}

func TestReport_TextOfAPlan(t *testing.T) {
	t.Parallel()
	r := Report{
		Name: "nightly.plan",
		Progress: Progress{Status: "Completed", PlanOnly: true, Targets: 2, Compared: 2,
			Tally: Tally{VPCs: 30, Missing: 21, Kept: 9}},
		ToCreate: []Creation{{Target{"111122223333", "us-east-1"}, 20}, {Target{"444455556666", "eu-west-1"}, 1}},
	}
	assert.Equal(t, `Rollout nightly.plan (Completed): 2 of 2 targets compared

  21  to create
   9  kept
  30  VPCs

ACCOUNT       REGION     TO CREATE
111122223333  us-east-1  20
444455556666  eu-west-1  1
`, r.String())
}

func TestReport_JSONIsForPrograms(t *testing.T) {
	t.Parallel()
	document, err := json.Marshal(testReport())
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(document, &back))
	assert.Equal(t, testReport(), back)
}

func TestHintOf_EveryReason(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{
		reasonConflict, reasonAssumeRole, reasonListAccounts, reasonWorker, reasonUnknown, reasonTooMany, reasonUnfinished, reasonRunning, reasonCanceled, reasonTerminated, reasonFailed,
		"NotAuthorized", "AuthFailure", "LimitExceeded",
	} {
		assert.NotEmpty(t, hintOf(reason), reason)
	}
}
