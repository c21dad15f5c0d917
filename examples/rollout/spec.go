package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-flowlogs/flowlogs"
)

// Spec asks for the flow log of Request on every VPC of every target.
type Spec struct {
	Name    string
	Request flowlogs.Request // without resource IDs; see Target.request

	Accounts []Account // empty: the active accounts of the organization
	Regions  []string  // of accounts that name none

	PlanOnly    bool // compare, and change nothing
	Concurrency int  // targets at a time
}

// Account is an account with its Regions. Without Regions, it has those of the Spec.
type Account struct {
	ID      string
	Regions []string `json:",omitempty"`
}

// Target is an account in a Region. It has its own quota at EC2, and its own child
// workflow.
type Target struct{ Account, Region string }

func (t Target) String() string { return t.Account + "/" + t.Region }

// The IDs of the workflows. An operator who knows the account and the Region knows
// the ID, and the server lets no two children work on one target.
func rolloutID(name string) string          { return "flowlogs/" + name }
func targetID(name string, t Target) string { return rolloutID(name) + "/" + t.String() }

// targets returns the targets in an order that depends on the Spec alone, so that
// a number stands for a target in every run of the workflow. The Regions of an
// account follow each other: they share its credentials.
func (s *Spec) targets() []Target {
	var targets []Target
	for _, account := range s.Accounts {
		regions := account.Regions
		if len(regions) == 0 {
			regions = s.Regions
		}
		for _, region := range regions {
			targets = append(targets, Target{account.ID, region})
		}
	}
	return targets
}

// rolloutTag is the tag of the flow logs that a rollout created; its value is the ID
// of the rollout's first run. It tells them from older flow logs even if the worker
// that created them died before it could report them.
const rolloutTag = "flowlogs-rollout"

// request returns the request for a target, without resource IDs. In the destination,
// {account} and {region} stand for the target's account and Region: the role that writes
// to a log group must belong to the account of the VPC.
func (t Target) request(template flowlogs.Request, rollout string) flowlogs.Request {
	template.ResourceType = flowlogs.ResourceTypeVPC
	tags := map[string]string{}
	maps.Copy(tags, template.Tags)
	tags[rolloutTag] = rollout
	template.Tags = tags
	fill := strings.NewReplacer("{account}", t.Account, "{region}", t.Region).Replace
	switch d := template.Destination.(type) {
	case flowlogs.CloudWatchLogs:
		d.LogGroupName, d.LogGroupARN, d.RoleARN = fill(d.LogGroupName), fill(d.LogGroupARN), fill(d.RoleARN)
		template.Destination = d
	case flowlogs.S3:
		d.BucketARN = fill(d.BucketARN)
		template.Destination = d
	case flowlogs.Firehose:
		d.StreamARN, d.RoleARN, d.CrossAccountRoleARN = fill(d.StreamARN), fill(d.RoleARN), fill(d.CrossAccountRoleARN)
		template.Destination = d
	}
	return template
}

const (
	maxTargets     = 20_000 // State and its children fit into the 2 MB of a payload
	maxConcurrency = 500    // the server accepts 2,000 pending children, and is slow before
	maxProblemRows = 20
)

var (
	namePattern    = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern  = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
)

// validate reports everything that would fail on every target, before anything is
// started: each problem on a line, and the first maxProblemRows if there are more.
func (s *Spec) validate() error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !namePattern.MatchString(s.Name) {
		add("-name %q: want up to 100 letters, digits, periods, hyphens and underscores", s.Name)
	}
	if s.Concurrency < 1 || s.Concurrency > maxConcurrency {
		add("-concurrency %d: want 1 to %d", s.Concurrency, maxConcurrency)
	}
	if s.Request.Destination == nil {
		add("want a destination: -bucket or -request")
	}
	checkRegions := func(where string, regions []string) {
		for i, region := range regions {
			if !regionPattern.MatchString(region) {
				add("%s: Region %q: want a name such as us-east-1", where, region)
			}
			if slices.Contains(regions[:i], region) {
				add("%s: Region %s is listed twice", where, region)
			}
		}
	}
	checkRegions("-regions", s.Regions)
	ids := make(map[string]bool)
	for _, account := range s.Accounts {
		if !accountPattern.MatchString(account.ID) {
			add("account %q: want 12 digits", account.ID)
		}
		if ids[account.ID] {
			add("account %s is listed twice", account.ID)
		}
		if len(account.Regions) == 0 && len(s.Regions) == 0 {
			add("account %s: no Regions; name some after it, or -regions for all", account.ID)
		}
		ids[account.ID] = true
		checkRegions("account "+account.ID, account.Regions)
	}
	if len(s.Accounts) == 0 && len(s.Regions) == 0 {
		add("-regions: required for the accounts of the organization")
	}
	if n := len(s.targets()); n > maxTargets {
		add("%d targets: want at most %d in one rollout. %s", n, maxTargets, hintOf(reasonTooMany))
	}
	if s.Request.ResourceIDs != nil {
		add("-request: leave out the resource IDs; a rollout lists the VPCs itself")
	}
	example := Target{"111122223333", "us-east-1"}.request(s.Request, "00000000-0000-0000-0000-000000000000")
	example.ResourceIDs = []string{"vpc-00000000000000001"}
	if err := example.Validate(); err != nil && s.Request.Destination != nil {
		problems = append(problems, err)
	}
	if more := len(problems) - maxProblemRows; more > 0 {
		problems = append(problems[:maxProblemRows], fmt.Errorf("and %d more problems", more))
	}
	return errors.Join(problems...)
}
