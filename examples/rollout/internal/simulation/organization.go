// Package simulation is an organization in memory, behind the protocols of AWS: STS,
// Organizations, and an EC2 with VPCs in each account and Region. Its Truth is counted
// without the code that works on it.
package simulation

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// Options are the size of an organization and how fast it responds. None has a
// default.
type Options struct {
	Accounts int
	Regions  int // at most MaxRegions
	VPCs     int // of each account in each Region

	Burst     int     // changing calls in the bucket that each account has in each Region
	PerSecond float64 // calls that each second adds, up to Burst
	Latency   time.Duration
	Losing    bool // one response in ten to CreateFlowLogs
	Broken    int  // Regions in which EC2 responds to CreateFlowLogs with 503
}

// The role of the last account cannot be assumed. The last Region is not enabled in the
// first account. In the first Region, EC2 rejects all but the first call of the second
// account to CreateFlowLogs. Every fifth VPC has its flow log already. In one target of
// four, one VPC in a hundred has a flow log that conflicts.
const (
	Bucket          = "arn:aws:s3:::flow-logs"
	Management      = "999999999999" // the account of the workers
	ConflictTargets = 4

	keptEvery     = 5
	conflictEvery = 101
	interval      = 600 // seconds, EC2's default
)

var regionNames = []string{
	"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-1", "eu-west-2",
	"eu-west-3", "eu-central-1", "eu-north-1", "eu-south-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2",
	"ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-east-1", "me-south-1", "af-south-1",
}

// MaxRegions is the most Regions that an organization can have.
var MaxRegions = len(regionNames)

// Regions returns the names of the first n Regions.
func Regions(n int) []string { return regionNames[:n:n] }

// Organization is an http.Handler. Its state is that of its process.
type Organization struct {
	options  Options
	accounts []string
	byTarget map[[2]string]*Region
	denied   map[string]bool // accounts whose role cannot be assumed

	Targets []*Region // ordered by account, then as Regions orders them
}

// New returns an organization.
func New(options Options) *Organization {
	o := &Organization{options: options, byTarget: make(map[[2]string]*Region), denied: make(map[string]bool)}
	for i := range options.Accounts {
		o.accounts = append(o.accounts, fmt.Sprintf("1%011d", i+1))
	}
	if options.Accounts > 1 {
		o.denied[o.accounts[options.Accounts-1]] = true
	}
	for a, account := range o.accounts {
		for n, name := range Regions(options.Regions) {
			r := newRegion(options, account, name, len(o.Targets))
			r.Disabled = a == 0 && n == options.Regions-1
			r.Denied = o.denied[account]
			switch {
			case n < options.Broken:
				r.EC2.Inject(flowlogstest.Respond(http.StatusServiceUnavailable, "").Keep().On(creating))
			case a == 1 && n == 0:
				r.rejectAfterFirst()
			}
			o.Targets = append(o.Targets, r)
			o.byTarget[[2]string{account, name}] = r
		}
	}
	return o
}

// Regions returns the names of the Regions.
func (o *Organization) Regions() []string { return Regions(o.options.Regions) }
