package main

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// truth is what a simulation has, counted without the code that is under test.
type truth struct {
	VPCs       int
	One        int // with exactly one flow log as a rollout to simulatedBucket asks for
	Before     int // of them: had it before
	InTheWay   int // with a flow log that is in the way, and none as asked for
	None       int // with neither
	Duplicates int // with more than one as asked for
	Deleted    int // flow logs that were there before, or calls of DeleteFlowLogs

	Creations int // flow logs that were created
	Calls     int // of CreateFlowLogs
}

func (s *simulation) truth() truth {
	var all truth
	for _, t := range s.targets {
		all.add(s.regions[t].truth())
	}
	return all
}

// created returns how many flow logs were created so far.
func (s *simulation) created() int {
	created := 0
	for _, t := range s.targets {
		created += len(s.regions[t].ec2.FlowLogs()) - len(s.regions[t].seeded)
	}
	return created
}

func (t *truth) add(u truth) {
	t.VPCs += u.VPCs
	t.One += u.One
	t.Before += u.Before
	t.InTheWay += u.InTheWay
	t.None += u.None
	t.Duplicates += u.Duplicates
	t.Deleted += u.Deleted
	t.Creations += u.Creations
	t.Calls += u.Calls
}

func (r *simulatedRegion) truth() truth {
	asked, inTheWay, exists := make(map[string]int), make(map[string]bool), make(map[string]bool)
	flowLogs := r.ec2.FlowLogs()
	for _, f := range flowLogs {
		exists[aws.ToString(f.FlowLogId)] = true
		switch {
		case aws.ToString(f.LogDestination) != simulatedBucket:
		case aws.ToInt32(f.MaxAggregationInterval) == simulatedInterval:
			asked[aws.ToString(f.ResourceId)]++
		default:
			inTheWay[aws.ToString(f.ResourceId)] = true
		}
	}
	t := truth{VPCs: len(r.vpcs), Creations: len(flowLogs) - len(r.seeded)}
	for _, id := range r.vpcs {
		switch {
		case asked[id] > 1:
			t.Duplicates++
		case asked[id] == 1:
			t.One++
		case inTheWay[id]:
			t.InTheWay++
		default:
			t.None++
		}
	}
	for _, f := range r.seeded {
		switch {
		case !exists[aws.ToString(f.FlowLogId)]:
			t.Deleted++
		case aws.ToInt32(f.MaxAggregationInterval) == simulatedInterval:
			t.Before++
		}
	}
	for _, c := range r.ec2.Calls() {
		t.countCall(c)
	}
	return t
}

func (t *truth) countCall(c flowlogstest.Call) {
	switch c.Operation {
	case "CreateFlowLogs":
		t.Calls++
	case "DeleteFlowLogs":
		t.Deleted++
	}
}

func (t truth) String() string {
	return fmt.Sprintf("%d of %d VPCs have exactly one flow log as asked for (%d had it before), %d have one in the way, %d have neither; "+
		"%d duplicates, %d deletions, %d flow logs created in %d calls",
		t.One, t.VPCs, t.Before, t.InTheWay, t.None, t.Duplicates, t.Deleted, t.Creations, t.Calls)
}
