package reconcile

import (
	"time"

	"github.com/go-flowlogs/flowlogs"
)

// Stage is what a [Reconciler] is doing.
type Stage string

// The stages, in their order. An Apply goes back to StageList when others create
// flow logs meanwhile.
const (
	StageList     Stage = "list"     // reading the flow logs of the resources
	StageCreate   Stage = "create"   // creating what is missing
	StageIdentify Stage = "identify" // reading which new flow log belongs to which resource
	StageProve    Stage = "prove"    // waiting for the end of Options.Probation
	StageDelete   Stage = "delete"   // deleting what has been replaced
)

// Progress is how far a [Reconciler.Plan] or [Reconciler.Apply] has come.
type Progress struct {
	Stage     Stage
	Resources int // of the request
	Described int // flow logs that DescribeFlowLogs has shown, those of other resources and repetitions included
	Missing   int // flow logs to create
	Created   int // of them
	Deleted   int

	// Create is the progress of the creation, in StageCreate.
	Create flowlogs.Progress

	Elapsed time.Duration // since the start
}

// progress counts for the caller.
type progress struct {
	Progress
	report func(Progress)
	start  time.Time
}

func newProgress(report func(Progress), resources int) progress {
	return progress{Progress: Progress{Stage: StageList, Resources: resources}, report: report, start: time.Now()}
}

func (p *progress) tell() {
	if p.report != nil {
		p.Elapsed = time.Since(p.start)
		p.report(p.Progress)
	}
}

// enter begins a stage.
func (p *progress) enter(s Stage) {
	p.Stage = s
	p.tell()
}

func (p *progress) described(n int) {
	p.Described += n
	p.tell()
}

// creating returns what the Client is to report to: its own caller's function and
// this.
func (p *progress) creating(also func(flowlogs.Progress)) func(flowlogs.Progress) {
	if p.report == nil {
		return also
	}
	before := p.Created
	return func(create flowlogs.Progress) {
		if also != nil {
			also(create)
		}
		p.Create, p.Created = create, before+create.Created
		p.tell()
	}
}
