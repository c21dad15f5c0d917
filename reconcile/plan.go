package reconcile

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

// Action is what is to be done, or was done, for a resource. Its value is a stable
// code, suitable for a metric label or a log.
type Action string

// The actions.
const (
	ActionCreate   Action = "create"   // the resource has no such flow log
	ActionKeep     Action = "keep"     // it has one
	ActionReplace  Action = "replace"  // others conflict and may be replaced; if Keep is not nil, they only have to be deleted
	ActionConflict Action = "conflict" // others conflict and may not be replaced
)

// Plan is what is to be done for the resources of a request. Its String is for
// people, its JSON form for programs.
type Plan struct {
	Changes []Change // one for each resource, in the order of the request
}

// Change is what is to be done for one resource, and why.
type Change struct {
	ResourceID string `json:"ResourceId"`
	Action     Action

	// Keep is the flow log that the request asks for, nil if there is none. If there
	// are several, Keep is the oldest that is not failing, else the oldest; the rest
	// are in Others.
	Keep *types.FlowLog `json:",omitempty"`

	// Conflicts are the flow logs with the same destination and traffic type, but
	// other settings, the oldest first. With ActionReplace they are those to be
	// deleted. With ActionKeep they stay, beside Keep. With ActionConflict at least
	// one may not be replaced, or Keep is failing, and then nothing is deleted.
	Conflicts []Conflict `json:",omitempty"`

	// Others are the other flow logs of the resource.
	Others []types.FlowLog `json:",omitempty"`

	// Differences are the tags that the request asks for and Keep lacks. They can
	// be changed without replacing the flow log, which this package does not do.
	Differences []Difference `json:",omitempty"`
}

// Conflict is a flow log that conflicts with the wanted one.
type Conflict struct {
	FlowLog     types.FlowLog
	Differences []Difference // at least one
}

// Difference is a setting of a flow log that is not as wanted. Field is a name as in
// [flowlogs.Request], such as "Destination.PerHourPartition". An empty value means
// that the setting is missing, or that the tag is wanted with an empty value.
//
// If Field is "Destination.BucketARN", the values differ only in a slash at the end.
// Whether EC2 treats them as the same destination is not known. The flow log may be
// the wanted one, so it is a conflict and is never deleted. To keep it, write the
// bucket in the request as the flow log has it.
type Difference struct{ Field, Want, Have string }

// Counts are the numbers of resources in a [Plan] or [Result]. Each resource is in
// one of the first five.
type Counts struct {
	Create, Keep, Replace, Conflict int // by Action
	Failed                          int // those with an error that is no ActionConflict; none in a Plan

	// Failing are the resources whose flow log is kept and fails to deliver, whatever
	// their Action.
	Failing int
}

func (n *Counts) add(a Action) {
	switch a {
	case ActionCreate:
		n.Create++
	case ActionKeep:
		n.Keep++
	case ActionReplace:
		n.Replace++
	case ActionConflict:
		n.Conflict++
	}
}

// Counts counts the resources by what is to be done.
func (p Plan) Counts() Counts {
	var n Counts
	for _, c := range p.Changes {
		n.add(c.Action)
		if c.Keep != nil && isFailing(c.Keep) {
			n.Failing++
		}
	}
	return n
}

// Plan compares the flow logs of the request's resources with the request, and
// changes nothing. Without resources, it is an empty Plan.
//
// The error is nil, a *[flowlogs.ValidationError] or a *[CallError]. The Plan is
// nil with an error. The caller needs the permission ec2:DescribeFlowLogs, which
// cannot be limited to single resources.
func (r *Reconciler) Plan(ctx context.Context, req flowlogs.Request) (*Plan, error) {
	l, err := r.listingOf(req)
	if err != nil {
		return nil, err
	}
	return l.plan(ctx)
}

// listingOf validates the request as a Client of the same options does before it sends
// anything. The error is nil or a *[flowlogs.ValidationError]. A Region may have no
// resources, so their absence is no problem here.
func (r *Reconciler) listingOf(req flowlogs.Request) (*listing, error) {
	token := req.ClientToken
	req.ClientToken = ""
	in, err := r.client.Input(req)
	var invalid *flowlogs.ValidationError
	var problems []flowlogs.FieldError
	if errors.As(err, &invalid) {
		problems = invalid.Fields
	}
	l := r.newListing(len(req.ResourceIDs) > valuesPerFilter)
	l.ids, l.now.Resources = req.ResourceIDs, len(req.ResourceIDs)
	if len(l.ids) == 0 {
		problems = slices.DeleteFunc(problems, func(f flowlogs.FieldError) bool {
			// Without a type, it is not known whether a traffic type is required.
			return f.Field == "ResourceIDs" || f.Field == "TrafficType" && req.ResourceType == ""
		})
	}
	if token != "" {
		problems = append(problems, flowlogs.FieldError{
			Field: "ClientToken", Value: token, Message: "leave it empty: a token stands for one creation, not for a state",
		})
	}
	if len(problems) > 0 {
		return nil, &flowlogs.ValidationError{Fields: problems}
	}
	if in != nil {
		l.want = newWanted(in)
	}
	return l, nil
}

// plan decides for each of the resources.
func (l *listing) plan(ctx context.Context) (*Plan, error) {
	found, err := l.list(ctx, l.ids)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Changes: make([]Change, len(l.ids))}
	for i, id := range l.ids {
		plan.Changes[i] = l.decide(id, found[id])
	}
	return plan, nil
}

// decide returns what is to be done for a resource with the flow logs.
func (l *listing) decide(id string, flowLogs []types.FlowLog) Change {
	c := Change{ResourceID: id, Action: ActionCreate}
	slices.SortFunc(flowLogs, func(a, b types.FlowLog) int {
		// Those of the same time are in an order too, so that several Applies choose the
		// same one.
		return cmp.Or(
			aws.ToTime(a.CreationTime).Compare(aws.ToTime(b.CreationTime)),
			strings.Compare(aws.ToString(a.FlowLogId), aws.ToString(b.FlowLogId)),
		)
	})
	var replaceable []Conflict
	var staying []types.FlowLog
	for i := range flowLogs {
		f := &flowLogs[i]
		switch related, differences := l.want.compare(f); {
		case len(differences) > 0:
			conflict := Conflict{FlowLog: *f, Differences: append(differences, l.want.tagDifferences(f)...)}
			c.Conflicts = append(c.Conflicts, conflict)
			if l.r.replaceable(&conflict) {
				replaceable = append(replaceable, conflict)
			} else {
				staying = append(staying, *f)
			}
		case related && c.Keep == nil:
			c.Keep = f
		case related && isFailing(c.Keep) && !isFailing(f):
			c.Others, c.Keep = append(c.Others, *c.Keep), f
		default:
			c.Others = append(c.Others, *f)
		}
	}
	if c.Keep != nil {
		c.Differences = l.want.tagDifferences(c.Keep)
	}
	switch {
	case c.Keep != nil && len(replaceable) == 0:
		c.Action = ActionKeep
	case c.Keep != nil && isFailing(c.Keep), c.Keep == nil && len(staying) > 0:
		c.Action = ActionConflict
	case len(replaceable) > 0:
		c.Action, c.Conflicts, c.Others = ActionReplace, replaceable, append(c.Others, staying...)
	}
	return c
}

// replaceable reports whether a flow log that conflicts may be deleted.
func (r *Reconciler) replaceable(c *Conflict) bool {
	return r.options.Replace != nil && c.untouchable() == "" && r.options.Replace(c.FlowLog)
}

// untouchable says why a flow log is never deleted. Empty: Options.Replace decides.
func (c *Conflict) untouchable() string {
	if slices.ContainsFunc(c.Differences, func(d Difference) bool { return d.Field == fieldBucketARN }) {
		return "never deleted: EC2 may treat the two destinations as one"
	}
	for _, tag := range c.FlowLog.Tags {
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/telemetry-config-rules.html
		if aws.ToString(tag.Key) == "CloudWatchTelemetryRuleManaged" && aws.ToString(tag.Value) == "true" {
			return "never deleted: managed by a telemetry rule of AWS"
		}
	}
	return ""
}
