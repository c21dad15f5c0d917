package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// simulation is an organization in this program. It is an http.Handler that speaks
// the protocols of AWS, so that the activities need no other code for it. Its state
// is that of its process: workers come and go.
type simulation struct {
	size     size
	accounts []string
	targets  []Target // in the order of Spec.targets
	regions  map[Target]*simulatedRegion
	denied   map[string]bool // accounts whose role cannot be assumed
}

// size is what a simulation has.
type size struct {
	accounts int
	regions  int
	vpcs     int // of each target

	burst     int // of the quota of each target, in calls that change something
	perSecond float64
	latency   time.Duration
	losing    bool // one response in ten to CreateFlowLogs
}

// What is special in a simulation: the role of the last account cannot be assumed, the
// last Region is not enabled in the first account, and EC2 rejects what the second
// account creates in the first Region after its first call. Every fifth VPC has its
// flow log already; in one target of four, one in a hundred has one in the way.
const (
	simulatedBucket   = "arn:aws:s3:::flow-logs"
	keptEvery         = 5
	conflictTargets   = 4
	conflictEvery     = 101
	simulatedInterval = 600            // seconds, EC2's default
	managementAccount = "999999999999" // of the workers
)

var simulatedRegions = []string{
	"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-1", "eu-west-2",
	"eu-west-3", "eu-central-1", "eu-north-1", "eu-south-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2",
	"ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-east-1", "me-south-1", "af-south-1",
}

func newSimulation(s size) *simulation {
	sim := &simulation{size: s, regions: make(map[Target]*simulatedRegion), denied: make(map[string]bool)}
	for i := range s.accounts {
		sim.accounts = append(sim.accounts, fmt.Sprintf("%012d", 100000000001+i))
	}
	for a, account := range sim.accounts {
		for r, name := range simulatedRegions[:s.regions] {
			t := Target{account, name}
			region := newSimulatedRegion(s, t, len(sim.targets))
			region.disabled = a == 0 && r == s.regions-1
			if a == 1 && r == 0 {
				region.rejectAfterFirst()
			}
			sim.targets = append(sim.targets, t)
			sim.regions[t] = region
		}
	}
	if s.accounts > 1 {
		sim.denied[sim.accounts[s.accounts-1]] = true
	}
	return sim
}

// simulatedRegion is an EC2 with VPCs.
type simulatedRegion struct {
	account  string
	vpcs     []string
	ec2      *flowlogstest.EC2
	seeded   []types.FlowLog
	disabled bool // the Region is not enabled for the account

	rejecting bool // EC2 rejects what is created after the first call
}

func newSimulatedRegion(s size, t Target, number int) *simulatedRegion {
	r := &simulatedRegion{account: t.Account}
	for i := range s.vpcs {
		r.vpcs = append(r.vpcs, fmt.Sprintf("vpc-%05x%012x", number+1, i+1))
	}
	r.ec2 = flowlogstest.New(func(o *flowlogstest.Options) {
		o.Region, o.AccountID, o.Resources = t.Region, t.Account, r.vpcs
		o.Throttle, o.Burst, o.PerSecond = true, s.burst, s.perSecond
		o.Fallback = http.HandlerFunc(r.describeVPCs)
	})
	for i, id := range r.vpcs {
		switch {
		case number%conflictTargets == 0 && i%conflictEvery == conflictEvery-1:
			r.seed(id, simulatedInterval/10)
		case i%keptEvery == keptEvery-1:
			r.seed(id, simulatedInterval)
		}
	}
	if s.losing {
		r.ec2.Inject(flowlogstest.LoseAnswer().Keep().On(every(10, 3)))
	}
	return r
}

// seed adds a flow log that was there before. Its interval is that of the default,
// or one that is in the way.
func (r *simulatedRegion) seed(vpc string, interval int32) {
	f := types.FlowLog{
		CreationTime:           aws.Time(time.Now().Add(-time.Hour)),
		DeliverLogsStatus:      aws.String("SUCCESS"),
		FlowLogStatus:          aws.String("ACTIVE"),
		LogDestination:         aws.String(simulatedBucket),
		LogDestinationType:     types.LogDestinationTypeS3,
		LogFormat:              aws.String(flowlogs.DefaultLogFormat(flowlogs.ResourceTypeVPC).String()),
		MaxAggregationInterval: aws.Int32(interval),
		ResourceId:             aws.String(vpc),
		TrafficType:            types.TrafficTypeAll,
	}
	f.FlowLogId = aws.String(r.ec2.Put(f))
	r.seeded = append(r.seeded, f)
}

// rejectAfterFirst takes the permission away in the middle.
func (r *simulatedRegion) rejectAfterFirst() {
	r.rejecting = true
	var creations atomic.Int64
	r.ec2.Inject(flowlogstest.Refuse("UnauthorizedOperation", "You are not authorized to perform this operation.", http.StatusForbidden).
		Keep().On(func(c flowlogstest.Call) bool {
		return c.Operation == "CreateFlowLogs" && creations.Add(1) > 1
	}))
}

// every matches one call in n that creates, the first of them after a few.
func every(n, few int64) func(flowlogstest.Call) bool {
	var creations atomic.Int64
	return func(c flowlogstest.Call) bool {
		return c.Operation == "CreateFlowLogs" && creations.Add(1)%n == few
	}
}

// describeVPCs responds with a page. The token of the next one is where it starts.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html
func (r *simulatedRegion) describeVPCs(w http.ResponseWriter, req *http.Request) {
	start, size := number(req, "NextToken", 0), number(req, "MaxResults", 1000)
	if req.FormValue("Action") != "DescribeVpcs" || start < 0 || start > len(r.vpcs) || size < 1 {
		http.Error(w, "not simulated", http.StatusBadRequest)
		return
	}
	end := min(start+size, len(r.vpcs))
	var body strings.Builder
	body.WriteString(`<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet>`)
	for _, id := range r.vpcs[start:end] {
		fmt.Fprintf(&body, "<item><vpcId>%s</vpcId><ownerId>%s</ownerId></item>", id, r.account)
	}
	body.WriteString("</vpcSet>")
	if end < len(r.vpcs) {
		fmt.Fprintf(&body, "<nextToken>%d</nextToken>", end)
	}
	body.WriteString("</DescribeVpcsResponse>")
	respondXML(w, http.StatusOK, body.String())
}
