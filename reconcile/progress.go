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

func (l *listing) report() {
	if onProgress := l.r.options.OnProgress; onProgress != nil {
		l.now.Elapsed = time.Since(l.start)
		onProgress(l.now)
	}
}

// stage starts a stage.
func (l *listing) stage(s Stage) {
	l.now.Stage = s
	l.report()
}

// creating returns the OnProgress of the Client: it calls the caller's function, and
// reports the creation here.
func (l *listing) creating(also func(flowlogs.Progress)) func(flowlogs.Progress) {
	before := l.now.Created
	return func(create flowlogs.Progress) {
		if also != nil {
			also(create)
		}
		l.now.Create, l.now.Created = create, before+create.Created
		l.report()
	}
}
