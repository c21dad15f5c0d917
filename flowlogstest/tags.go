package flowlogstest

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// maxTags is how many tags a resource may have. Keys with the prefix aws: do not count:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
const maxTags = 50

// createTags tags all resources of the call or none.
func (e *EC2) createTags(in *ec2.CreateTagsInput, _ activeFaults, _ time.Time) (*done, *apiError) {
	flowLogs, err := e.tagged(in.Resources)
	if err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, missingParameter("Tag") // choice
	}
	for i, tag := range in.Tags {
		if tag.Value == nil {
			in.Tags[i].Value = aws.String("")
		}
	}
	if err := checkTagList(in.Tags); err != nil {
		return nil, err
	}
	changed := make([][]types.Tag, len(flowLogs))
	for i, f := range flowLogs {
		changed[i] = slices.Clone(f.shown.Tags)
		for _, tag := range in.Tags {
			at := slices.IndexFunc(changed[i], func(had types.Tag) bool { return aws.ToString(had.Key) == *tag.Key })
			if at < 0 {
				changed[i] = append(changed[i], tag)
			} else {
				changed[i][at] = tag
			}
		}
		if tooManyTags(changed[i]) {
			return nil, tagLimitExceeded
		}
	}
	if aws.ToBool(in.DryRun) {
		return nil, dryRunOperation
	}
	for i, f := range flowLogs {
		f.shown.Tags = changed[i]
	}
	return &done{Return: true}, nil
}

// deleteTags deletes a tag by its key, or by key and value if a value is given. Without
// tags it deletes all tags except those of AWS:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
// Accepting a tag that is missing is a choice.
func (e *EC2) deleteTags(in *ec2.DeleteTagsInput, _ activeFaults, _ time.Time) (*done, *apiError) {
	flowLogs, err := e.tagged(in.Resources)
	if err != nil {
		return nil, err
	}
	for _, tag := range in.Tags {
		if err := checkTag(aws.ToString(tag.Key), aws.String(aws.ToString(tag.Value))); err != nil {
			return nil, err
		}
	}
	if aws.ToBool(in.DryRun) {
		return nil, dryRunOperation
	}
	matches := func(tag types.Tag) bool {
		key := aws.ToString(tag.Key)
		return len(in.Tags) == 0 && !strings.HasPrefix(key, "aws:") || slices.ContainsFunc(in.Tags, func(given types.Tag) bool {
			return *given.Key == key && (given.Value == nil || *given.Value == aws.ToString(tag.Value))
		})
	}
	for _, f := range flowLogs {
		f.shown.Tags = slices.DeleteFunc(slices.Clone(f.shown.Tags), matches)
	}
	return &done{Return: true}, nil
}

// describeTags lists the tags of all flow logs that DescribeFlowLogs shows.
func (e *EC2) describeTags(in *ec2.DescribeTagsInput, _ activeFaults, now time.Time) (*ec2.DescribeTagsOutput, *apiError) {
	if err := checkFilters(in.Filters, tagAttribute); err != nil {
		return nil, err
	}
	limit := int(aws.ToInt32(in.MaxResults))
	if in.MaxResults != nil && (limit < 5 || limit > 1000) {
		return nil, apiErrorf("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid.", limit)
	}
	first, ok := parsePageToken(aws.ToString(in.NextToken))
	if !ok {
		return nil, invalidPaginationToken
	}
	if aws.ToBool(in.DryRun) {
		return nil, dryRunOperation
	}
	filters := compile(in.Filters, tagAttribute)
	tags := []types.TagDescription{}
	for _, f := range e.flowLogs.withDeleted(e.flowLogs.all, 0, now) {
		if now.Before(f.visible) {
			continue
		}
		for _, tag := range f.describe(now).Tags {
			described := types.TagDescription{Key: tag.Key, ResourceId: aws.String(f.id), ResourceType: types.ResourceTypeVpcFlowLog, Value: tag.Value}
			if filters.match(described) {
				tags = append(tags, described)
			}
		}
	}
	out := &ec2.DescribeTagsOutput{Tags: tags[min(first, len(tags)):]}
	if limit > 0 && len(out.Tags) > limit {
		out.Tags = out.Tags[:limit]
		out.NextToken = aws.String(pageToken(first + limit))
	}
	return out, nil
}

// tagAttribute has the filters of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html
func tagAttribute(filter string) func(types.TagDescription) []string {
	switch filter {
	case "key":
		return func(t types.TagDescription) []string { return text(t.Key) }
	case "resource-id":
		return func(t types.TagDescription) []string { return text(t.ResourceId) }
	case "resource-type":
		return func(t types.TagDescription) []string { return []string{string(t.ResourceType)} }
	case "value":
		return func(t types.TagDescription) []string { return text(t.Value) }
	}
	if key, ok := strings.CutPrefix(filter, "tag:"); ok {
		return func(t types.TagDescription) []string {
			if aws.ToString(t.Key) != key {
				return nil
			}
			return text(t.Value)
		}
	}
	return nil
}

// done is the output of CreateTags and DeleteTags.
type done struct{ Return bool }

// tagged returns the flow logs that a call tags. The texts were seen with other
// resources:
// https://github.com/awsdocs/aws-doc-sdk-examples/pull/1302
// https://github.com/kubernetes/cloud-provider-aws/pull/1387
// Using the error of DeleteFlowLogs for an unknown flow log is a choice.
func (e *EC2) tagged(ids []string) ([]*flowLog, *apiError) {
	if len(ids) == 0 {
		return nil, missingParameter("resourceIdSet")
	}
	for _, id := range ids {
		if !flowLogIDPattern.MatchString(id) {
			return nil, apiErrorf("InvalidID", "The ID '%s' is not valid", id)
		}
	}
	if err := checkFlowLogIDs(ids); err != nil {
		return nil, err
	}
	var flowLogs []*flowLog
	var unknown []string
	for _, id := range ids {
		if f := e.flowLogs.byID[id]; f != nil {
			flowLogs = append(flowLogs, f)
		} else {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > 0 {
		return nil, unknownFlowLogs(unknown)
	}
	return flowLogs, nil
}

// checkTags has the texts of other operations on the resource type.
func checkTags(in *ec2.CreateFlowLogsInput, _ Options) *apiError {
	var tags []types.Tag
	for _, spec := range in.TagSpecifications {
		switch {
		case spec.ResourceType == "":
			return apiErrorf("InvalidParameterValue", "Tag specification resource type must have a value")
		case spec.ResourceType != types.ResourceTypeVpcFlowLog:
			return apiErrorf("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", spec.ResourceType)
		case len(spec.Tags) == 0:
			return apiErrorf("InvalidParameterValue", "Tag specification must have at least one tag")
		}
		tags = append(tags, spec.Tags...)
	}
	return checkTagList(tags)
}

// checkTagList applies the restrictions of
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
// with texts that are choices.
func checkTagList(tags []types.Tag) *apiError {
	seen := map[string]bool{}
	for _, tag := range tags {
		key := aws.ToString(tag.Key)
		if err := checkTag(key, tag.Value); err != nil {
			return err
		}
		if seen[key] {
			return apiErrorf("InvalidParameterValue", "Duplicate tag key '%s' specified.", key)
		}
		seen[key] = true
	}
	if tooManyTags(tags) {
		return tagLimitExceeded
	}
	return nil
}

func checkTag(key string, value *string) *apiError {
	switch n := utf8.RuneCountInString(key); {
	case n < 1 || n > 128:
		return apiErrorf("InvalidTagKey.Malformed", "Tag key must have 1 to 128 characters")
	case strings.HasPrefix(key, "aws:"):
		return apiErrorf("InvalidTagKey.Malformed", "Tag keys starting with 'aws:' are reserved for internal use")
	case value == nil:
		return apiErrorf("InvalidParameterValue", "Tag value cannot be null. Use empty string instead.")
	case utf8.RuneCountInString(*value) > 256:
		return apiErrorf("InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters")
	}
	return nil
}

func tooManyTags(tags []types.Tag) bool {
	counted := 0
	for _, tag := range tags {
		if !strings.HasPrefix(aws.ToString(tag.Key), "aws:") {
			counted++
		}
	}
	return counted > maxTags
}
