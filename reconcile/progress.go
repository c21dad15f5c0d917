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
	StageList      Stage = "list"      // reading the flow logs of the resources
	StageCreate    Stage = "create"    // creating what is missing
	StageIdentify  Stage = "identify"  // reading which new flow log belongs to which resource
	StageProbation Stage = "probation" // waiting for the end of Options.Probation
	StageDelete    Stage = "delete"    // deleting what has been replaced
)

// Progress is how far a [Reconciler] has come.
type Progress struct {
	Stage     Stage
	Resources int // of the request
	Described int // flow logs that DescribeFlowLogs has shown, those of other resources and repetitions included
	Missing   int // flow logs to create
	Created   int
	Deleted   int

	// Create is the progress of the creation, in StageCreate.
	Create flowlogs.Progress

	Elapsed time.Duration // since the start
}

// progress counts what Options.OnProgress reports.
type progress struct {
	now        Progress
	onProgress func(Progress) // Options.OnProgress
	start      time.Time
}

func (p *progress) report() {
	if p.onProgress != nil {
		p.now.Elapsed = time.Since(p.start)
		p.onProgress(p.now)
	}
}

// stage starts a stage.
func (p *progress) stage(s Stage) {
	p.now.Stage = s
	p.report()
}

// creating returns the OnProgress of the Client: it calls the caller's function, and
// reports the creation here.
func (p *progress) creating(also func(flowlogs.Progress)) func(flowlogs.Progress) {
	if p.onProgress == nil {
		return also
	}
	before := p.now.Created
	return func(create flowlogs.Progress) {
		if also != nil {
			also(create)
		}
		p.now.Create, p.now.Created = create, before+create.Created
		p.report()
	}
}
