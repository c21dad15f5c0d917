package flowlogs

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Input returns the SDK's input for the request, with the resource type filled in,
// or the error of [Request.Validate]. The input shares no memory with the request.
// It has all the IDs, even where they are more than one call takes.
func (r Request) Input() (*ec2.CreateFlowLogsInput, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	in := r.template()
	in.ResourceIds = slices.Clone(r.ResourceIDs)
	if r.ClientToken != "" {
		in.ClientToken = aws.String(r.ClientToken)
	}
	return in, nil
}

// FromInput turns the SDK's input into a Request. It rejects what a Request has no
// place for: a parameter that does not go with the destination, an unknown type of
// destination, a tag without key or value, an interval of zero, a format that cannot
// be parsed. The error is a *[ValidationError] with the input's own names in the
// paths. Everything else is left to [Request.Validate], so an input may still lack
// its resource IDs. A nil input is the zero Request. The Request shares no memory
// with the input.
func FromInput(in *ec2.CreateFlowLogsInput) (Request, error) {
	v := validator{paths: &inputPaths}
	r := v.requestOf(in)
	if err := v.err(); err != nil {
		return Request{}, err
	}
	return r, nil
}

// requestOf is as much of the input as a Request has a place for. What it has none
// for is a problem.
func (v *validator) requestOf(in *ec2.CreateFlowLogsInput) Request {
	if in == nil {
		return Request{}
	}
	p := inputParams(in)
	r := Request{
		ResourceIDs:  slices.Clone(p.resourceIDs),
		ResourceType: p.resourceType,
		TrafficType:  p.trafficType,
		ClientToken:  p.clientToken,
		DryRun:       aws.ToBool(in.DryRun),
	}
	if noDestination := (target{typ: types.LogDestinationTypeCloudWatchLogs}); in.LogDestinationType != "" || p.target != noDestination {
		if r.Destination = p.target.destination(); r.Destination == nil {
			v.check(v.paths.destination, string(p.target.typ), unknown("want "+oneOf(logDestinationTypes)))
		}
		v.destinationShape(&p.target)
	}
	if p.hasInterval {
		r.MaxAggregationInterval = p.interval
		if p.interval == 0 {
			v.interval(&p)
		}
	}
	if p.formatText != "" {
		var syntax problem
		r.LogFormat, syntax = parseFormat(p.formatText)
		v.check(v.paths.logFormat, p.formatText, syntax)
	}
	for _, f := range p.tagFields {
		r.TagFields = append(r.TagFields, TagField{ResourceType: f.ResourceType, Keys: slices.Clone(f.Keys)})
	}
	v.tagShape(p.tagSpecifications)
	for _, s := range p.tagSpecifications {
		for _, tag := range s.Tags {
			if r.Tags == nil {
				r.Tags = make(map[string]string)
			}
			r.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return r
}

// template is the request's input without what differs from call to call: resource
// IDs and token. The request need not be valid.
func (r *Request) template() *ec2.CreateFlowLogsInput {
	p := r.params()
	var o ownedInput
	in, t := &o.in, &p.target
	in.ResourceType, in.TrafficType, in.LogDestinationType = p.resourceType, p.trafficType, t.typ
	in.LogGroupName = nonEmpty(&o.logGroupName, t.logGroupName)
	in.LogDestination = nonEmpty(&o.logDestination, t.arn)
	in.DeliverLogsPermissionArn = nonEmpty(&o.deliverLogsPermissionARN, t.roleARN)
	in.DeliverCrossAccountRole = nonEmpty(&o.deliverCrossAccountRole, t.crossAccountRoleARN)
	in.LogFormat = nonEmpty(&o.logFormat, p.format.String())
	in.DryRun = nonEmpty(&o.dryRun, r.DryRun)
	in.MaxAggregationInterval = nonEmpty(&o.interval, int32(p.interval/time.Second))
	if t.hasOptions {
		in.DestinationOptions = &o.options
		o.options.FileFormat = t.fileFormat
		o.options.HiveCompatiblePartitions = nonEmpty(&o.hiveCompatiblePartitions, t.hiveCompatiblePartitions)
		o.options.PerHourPartition = nonEmpty(&o.perHourPartition, t.perHourPartition)
	}
	for _, f := range p.tagFields {
		in.TagFieldSpecifications = append(in.TagFieldSpecifications, types.TagFieldSpecificationRequest{
			ResourceType: f.ResourceType,
			TagKeys:      slices.Clone(f.Keys),
		})
	}
	if len(p.tags) > 0 {
		// In the order of their keys: the same request is always the same bytes.
		tags := make([]types.Tag, 0, len(p.tags))
		for _, key := range slices.Sorted(maps.Keys(p.tags)) {
			tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(p.tags[key])})
		}
		in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeVpcFlowLog, Tags: tags}}
	}
	return in
}

// nonEmpty stores value in to and returns to, or nil for a zero value, which is a
// parameter that is left out.
func nonEmpty[T comparable](to *T, value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	*to = value
	return to
}

// ownedInput is an input together with most of what it points to: one allocation.
type ownedInput struct {
	in                       ec2.CreateFlowLogsInput
	options                  types.DestinationOptionsRequest
	clientToken              string
	deliverCrossAccountRole  string
	deliverLogsPermissionARN string
	logDestination           string
	logFormat                string
	logGroupName             string
	interval                 int32
	dryRun                   bool
	hiveCompatiblePartitions bool
	perHourPartition         bool
}

// copyInput returns a deep copy: whoever writes to it, through pointers and slices
// too, leaves the original as it was.
func copyInput(in *ec2.CreateFlowLogsInput) *ec2.CreateFlowLogsInput {
	o := ownedInput{in: *in}
	c := &o.in
	c.ClientToken = copyTo(&o.clientToken, in.ClientToken)
	c.DeliverCrossAccountRole = copyTo(&o.deliverCrossAccountRole, in.DeliverCrossAccountRole)
	c.DeliverLogsPermissionArn = copyTo(&o.deliverLogsPermissionARN, in.DeliverLogsPermissionArn)
	c.LogDestination = copyTo(&o.logDestination, in.LogDestination)
	c.LogFormat = copyTo(&o.logFormat, in.LogFormat)
	c.LogGroupName = copyTo(&o.logGroupName, in.LogGroupName)
	c.MaxAggregationInterval = copyTo(&o.interval, in.MaxAggregationInterval)
	c.DryRun = copyTo(&o.dryRun, in.DryRun)
	if options := in.DestinationOptions; options != nil {
		c.DestinationOptions = copyTo(&o.options, options)
		o.options.HiveCompatiblePartitions = copyTo(&o.hiveCompatiblePartitions, options.HiveCompatiblePartitions)
		o.options.PerHourPartition = copyTo(&o.perHourPartition, options.PerHourPartition)
	}
	c.ResourceIds = slices.Clone(in.ResourceIds)
	c.TagFieldSpecifications = slices.Clone(in.TagFieldSpecifications)
	for i := range c.TagFieldSpecifications {
		f := &c.TagFieldSpecifications[i]
		f.TagKeys = slices.Clone(f.TagKeys)
	}
	c.TagSpecifications = slices.Clone(in.TagSpecifications)
	for i := range c.TagSpecifications {
		s := &c.TagSpecifications[i]
		s.Tags = copyTags(s.Tags)
	}
	return c
}

func copyTags(tags []types.Tag) []types.Tag {
	copied := slices.Clone(tags)
	texts := make([]struct{ key, value string }, len(tags))
	for i, tag := range tags {
		copied[i].Key = copyTo(&texts[i].key, tag.Key)
		copied[i].Value = copyTo(&texts[i].value, tag.Value)
	}
	return copied
}

func copyTo[T any](to, from *T) *T {
	if from == nil {
		return nil
	}
	*to = *from
	return to
}
