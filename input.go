package flowlogs

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs/internal/rules"
)

// Input returns the SDK's input for the request, with the resource type filled in,
// or the error of [Request.Validate]. The input shares no memory with the request.
// It has all IDs, even if they are more than one call takes.
func (r Request) Input() (*ec2.CreateFlowLogsInput, error) {
	in := r.input()
	if err := r.validate(in, rules.Check(in, ""), nil); err != nil {
		return nil, err
	}
	return copyInput(in), nil
}

// FromInput converts the SDK's input to a Request. It rejects what a Request cannot
// hold: a parameter that the destination does not have, an unknown type of
// destination, a tag without key or value, an interval of zero, a format that cannot
// be parsed. The error is a *[ValidationError] with the input's names in the paths.
// FromInput checks nothing else, not even that there are resource IDs; see
// [Request.Validate]. A nil input is the zero Request. The Request shares no memory
// with the input.
func FromInput(in *ec2.CreateFlowLogsInput) (Request, error) {
	r, unfit := fromInput(in)
	if err := validationError(notAllowed(unfit, nil)); err != nil {
		return Request{}, err
	}
	return r, nil
}

// fromInput returns as much of the input as a Request can hold, and the problems of the
// rest.
func fromInput(in *ec2.CreateFlowLogsInput) (Request, []rules.Problem) {
	if in == nil {
		return Request{}, nil
	}
	problems := slices.DeleteFunc(rules.CheckSettings(in, ""), func(p rules.Problem) bool { return !p.Unfit })
	r := Request{
		ResourceIDs:            slices.Clone(in.ResourceIds),
		ResourceType:           in.ResourceType,
		TrafficType:            in.TrafficType,
		Destination:            destinationOf(in),
		MaxAggregationInterval: time.Duration(aws.ToInt32(in.MaxAggregationInterval)) * time.Second,
		ClientToken:            aws.ToString(in.ClientToken),
		DryRun:                 aws.ToBool(in.DryRun),
	}
	if format := aws.ToString(in.LogFormat); format != "" {
		r.LogFormat, _ = rules.ParseFormat[Field](format)
	}
	for _, s := range in.TagFieldSpecifications {
		r.TagFields = append(r.TagFields, TagField{ResourceType: s.ResourceType, Keys: slices.Clone(s.TagKeys)})
	}
	for _, s := range in.TagSpecifications {
		for _, tag := range s.Tags {
			if r.Tags == nil {
				r.Tags = make(map[string]string)
			}
			r.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return r, problems
}

// input returns the SDK's input for the request, which need not be valid. The two share
// the resource IDs.
func (r *Request) input() *ec2.CreateFlowLogsInput {
	in := &ec2.CreateFlowLogsInput{
		ClientToken:            nonEmpty(r.ClientToken),
		DryRun:                 nonEmpty(r.DryRun),
		LogFormat:              nonEmpty(r.LogFormat.String()),
		MaxAggregationInterval: nonEmpty(int32(r.MaxAggregationInterval / time.Second)),
		ResourceIds:            r.ResourceIDs,
		ResourceType:           r.resourceType(),
		TrafficType:            r.TrafficType,
	}
	if !isMissing(r.Destination) {
		r.Destination.set(in)
	}
	for _, f := range r.TagFields {
		in.TagFieldSpecifications = append(in.TagFieldSpecifications, types.TagFieldSpecificationRequest{ResourceType: f.ResourceType, TagKeys: f.Keys})
	}
	if len(r.Tags) > 0 {
		// Sorted, because the same request must always be the same bytes.
		tags := make([]types.Tag, 0, len(r.Tags))
		for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
			tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(r.Tags[key])})
		}
		in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeVpcFlowLog, Tags: tags}}
	}
	return in
}

// resourceType returns the type of the resources, inferred from the first ID if it is
// not given, and "" if that ID has an unknown prefix.
func (r *Request) resourceType() ResourceType {
	if r.ResourceType == "" && len(r.ResourceIDs) > 0 {
		return rules.TypeOf(r.ResourceIDs[0])
	}
	return r.ResourceType
}

// nonEmpty returns a pointer to the value, or nil for a zero value: the parameter is not
// sent.
func nonEmpty[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	sent := value // a copy, so that a zero value is not allocated
	return &sent
}

// copyInput returns a deep copy. Nothing that is written to it, through pointers and
// slices too, changes the original.
func copyInput(in *ec2.CreateFlowLogsInput) *ec2.CreateFlowLogsInput {
	c := clone(in)
	texts := new([6]string) // one allocation, since every attempt has a copy
	for i, p := range []**string{
		&c.ClientToken, &c.DeliverCrossAccountRole, &c.DeliverLogsPermissionArn, &c.LogDestination, &c.LogFormat, &c.LogGroupName,
	} {
		if *p != nil {
			texts[i] = **p
			*p = &texts[i]
		}
	}
	c.MaxAggregationInterval = clone(in.MaxAggregationInterval)
	c.DryRun = clone(in.DryRun)
	if o := clone(in.DestinationOptions); o != nil {
		o.HiveCompatiblePartitions = clone(o.HiveCompatiblePartitions)
		o.PerHourPartition = clone(o.PerHourPartition)
		c.DestinationOptions = o
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
		s.Tags = slices.Clone(s.Tags)
		for j, tag := range s.Tags {
			s.Tags[j].Key, s.Tags[j].Value = clone(tag.Key), clone(tag.Value)
		}
	}
	return c
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
