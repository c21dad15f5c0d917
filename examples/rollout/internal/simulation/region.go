package simulation

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

// Region is an account in a Region: an EC2 with VPCs.
type Region struct {
	Account, Name string

	VPCs   []string
	EC2    *flowlogstest.EC2
	Seeded []types.FlowLog // that were there before

	Denied    bool // the role of the account cannot be assumed
	Disabled  bool // the Region is not enabled for the account
	Rejecting bool // EC2 rejects what is created after the first call
	Conflicts bool // some VPCs have a flow log that conflicts
}

func newRegion(options Options, account, name string, number int) *Region {
	r := &Region{Account: account, Name: name, Conflicts: number%ConflictTargets == 0}
	for i := range options.VPCs {
		r.VPCs = append(r.VPCs, fmt.Sprintf("vpc-%05x%012x", number+1, i+1))
	}
	r.EC2 = flowlogstest.New(func(o *flowlogstest.Options) {
		o.Region, o.AccountID, o.Resources = name, account, r.VPCs
		o.Throttle, o.Burst, o.PerSecond = true, options.Burst, options.PerSecond
		o.Fallback = http.HandlerFunc(r.describeVPCs)
	})
	for i, id := range r.VPCs {
		switch {
		case r.Conflicts && i%conflictEvery == conflictEvery-1:
			r.seed(id, interval/10)
		case i%keptEvery == keptEvery-1:
			r.seed(id, interval)
		}
	}
	if options.Losing {
		r.EC2.Inject(flowlogstest.LoseResponse().Keep().On(every(10, 3)))
	}
	return r
}

// Seed adds a flow log as a rollout to Bucket asks for, an hour old.
func (r *Region) Seed(vpc string) { r.seed(vpc, interval) }

func (r *Region) seed(vpc string, interval int32) {
	f := types.FlowLog{
		CreationTime:           aws.Time(time.Now().Add(-time.Hour)),
		DeliverLogsStatus:      aws.String("SUCCESS"),
		FlowLogStatus:          aws.String("ACTIVE"),
		LogDestination:         aws.String(Bucket),
		LogDestinationType:     types.LogDestinationTypeS3,
		LogFormat:              aws.String(flowlogs.DefaultLogFormat(flowlogs.ResourceTypeVPC).String()),
		MaxAggregationInterval: aws.Int32(interval),
		ResourceId:             aws.String(vpc),
		TrafficType:            types.TrafficTypeAll,
	}
	f.FlowLogId = aws.String(r.EC2.Put(f))
	r.Seeded = append(r.Seeded, f)
}

// rejectAfterFirst takes the permission away in the middle.
func (r *Region) rejectAfterFirst() {
	r.Rejecting = true
	var creations atomic.Int64
	r.EC2.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", http.StatusForbidden).
		Keep().On(func(c flowlogstest.Call) bool {
		return creating(c) && creations.Add(1) > 1
	}))
}

func creating(c flowlogstest.Call) bool { return c.Operation == "CreateFlowLogs" }

// every matches call number first to CreateFlowLogs, and each nth after it.
func every(n, first int64) func(flowlogstest.Call) bool {
	var creations atomic.Int64
	return func(c flowlogstest.Call) bool {
		return creating(c) && creations.Add(1)%n == first
	}
}

// describeVPCs responds with a page. The token of the next one is where it starts.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html
func (r *Region) describeVPCs(w http.ResponseWriter, req *http.Request) {
	start, size := number(req, "NextToken", 0), number(req, "MaxResults", 1000)
	if req.FormValue("Action") != "DescribeVpcs" || start < 0 || start > len(r.VPCs) || size < 1 {
		http.Error(w, "not simulated", http.StatusBadRequest)
		return
	}
	end := min(start+size, len(r.VPCs))
	var body strings.Builder
	body.WriteString(`<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet>`)
	for _, id := range r.VPCs[start:end] {
		fmt.Fprintf(&body, "<item><vpcId>%s</vpcId><ownerId>%s</ownerId></item>", id, r.Account)
	}
	body.WriteString("</vpcSet>")
	if end < len(r.VPCs) {
		fmt.Fprintf(&body, "<nextToken>%d</nextToken>", end)
	}
	body.WriteString("</DescribeVpcsResponse>")
	respondXML(w, http.StatusOK, body.String())
}
