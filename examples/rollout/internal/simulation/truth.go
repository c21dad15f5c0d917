package simulation

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Truth is what an organization, or one of its Regions, has.
type Truth struct {
	VPCs       int
	One        int // with exactly one flow log as a rollout to Bucket asks for
	Before     int // had it before the rollout
	Conflicts  int // with a flow log that conflicts, and none as asked for
	None       int // with neither
	Duplicates int // with more than one as asked for
	Deleted    int // flow logs that were there before, and calls of DeleteFlowLogs

	Creations int // flow logs that were created
	Calls     int // of CreateFlowLogs
}

// Truth counts what the whole organization has.
func (o *Organization) Truth() Truth {
	var all Truth
	for _, r := range o.Targets {
		t := r.Truth()
		all.VPCs += t.VPCs
		all.One += t.One
		all.Before += t.Before
		all.Conflicts += t.Conflicts
		all.None += t.None
		all.Duplicates += t.Duplicates
		all.Deleted += t.Deleted
		all.Creations += t.Creations
		all.Calls += t.Calls
	}
	return all
}

// Created returns how many flow logs were created so far.
func (o *Organization) Created() int {
	created := 0
	for _, r := range o.Targets {
		created += len(r.EC2.FlowLogs()) - len(r.Seeded)
	}
	return created
}

// Truth counts what the Region has.
func (r *Region) Truth() Truth {
	asked, conflicts, exists := make(map[string]int), make(map[string]bool), make(map[string]bool)
	flowLogs := r.EC2.FlowLogs()
	for _, f := range flowLogs {
		exists[aws.ToString(f.FlowLogId)] = true
		switch {
		case aws.ToString(f.LogDestination) != Bucket:
		case aws.ToInt32(f.MaxAggregationInterval) == interval:
			asked[aws.ToString(f.ResourceId)]++
		default:
			conflicts[aws.ToString(f.ResourceId)] = true
		}
	}
	t := Truth{VPCs: len(r.VPCs), Creations: len(flowLogs) - len(r.Seeded)}
	for _, id := range r.VPCs {
		switch {
		case asked[id] > 1:
			t.Duplicates++
		case asked[id] == 1:
			t.One++
		case conflicts[id]:
			t.Conflicts++
		default:
			t.None++
		}
	}
	for _, f := range r.Seeded {
		switch {
		case !exists[aws.ToString(f.FlowLogId)]:
			t.Deleted++
		case aws.ToInt32(f.MaxAggregationInterval) == interval:
			t.Before++
		}
	}
	for _, c := range r.EC2.Calls() {
		switch c.Operation {
		case "CreateFlowLogs":
			t.Calls++
		case "DeleteFlowLogs":
			t.Deleted++
		}
	}
	return t
}

func (t Truth) String() string {
	return fmt.Sprintf("%d of %d VPCs have exactly one flow log as asked for (%d had it before), %d have one that conflicts, "+
		"%d have neither; %d duplicates, %d deletions, %d flow logs created in %d calls",
		t.One, t.VPCs, t.Before, t.Conflicts, t.None, t.Duplicates, t.Deleted, t.Creations, t.Calls)
}
