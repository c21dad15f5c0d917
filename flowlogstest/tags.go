package flowlogstest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// checkTagFields has EC2's message for tag fields without specifications:
// https://github.com/hashicorp/terraform-provider-aws/issues/48806
// The limits are those of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagFieldSpecificationRequest.html
// with texts that are choices. Specifications that the format does not use are
// accepted: no source says that EC2 rejects them.
func checkTagFields(in *ec2.CreateFlowLogsInput, _ Options) *apiError {
	specs := in.TagFieldSpecifications
	usesTags := slices.ContainsFunc(formatFields(aws.ToString(in.LogFormat)), func(field string) bool { return tagFieldSet[field] })
	if usesTags && len(specs) == 0 {
		return invalidParameter("The TagFieldSpecifications parameter must be set when including tag fields in the log format")
	}
	if len(specs) > 3 {
		return invalidParameter("At most 3 TagFieldSpecifications can be set")
	}
	for _, spec := range specs {
		switch spec.ResourceType {
		case "":
			return missingParameter("TagFieldSpecification.ResourceType")
		case types.TaggableResourceTypeNetworkInterface, types.TaggableResourceTypeInstance, types.TaggableResourceTypeAutoScalingGroup:
		default:
			return invalidValue("TagFieldSpecification.ResourceType", string(spec.ResourceType))
		}
		if n := len(spec.TagKeys); n < 1 || n > 2 {
			return invalidParameter("A TagFieldSpecification must have 1 or 2 tag keys")
		}
		for _, key := range spec.TagKeys {
			if n := utf8.RuneCountInString(key); n < 1 || n > 128 {
				return invalidValue("TagFieldSpecification.TagKey", key)
			}
		}
	}
	return nil
}

// checkTags applies the restrictions of
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
// The texts on the resource type are those of other operations. The other texts
// are choices.
func checkTags(in *ec2.CreateFlowLogsInput, _ Options) *apiError {
	seen := map[string]bool{}
	for _, spec := range in.TagSpecifications {
		switch {
		case spec.ResourceType == "":
			return apiErrorf("InvalidParameterValue", "Tag specification resource type must have a value")
		case spec.ResourceType != types.ResourceTypeVpcFlowLog:
			return apiErrorf("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", spec.ResourceType)
		case len(spec.Tags) == 0:
			return apiErrorf("InvalidParameterValue", "Tag specification must have at least one tag")
		}
		for _, tag := range spec.Tags {
			key := aws.ToString(tag.Key)
			if err := checkTag(key, tag.Value); err != nil {
				return err
			}
			if seen[key] {
				return apiErrorf("InvalidParameterValue", "Duplicate tag key '%s' specified.", key)
			}
			seen[key] = true
		}
	}
	if len(seen) > 50 {
		return apiErrorf("TagLimitExceeded", "More than 50 tags specified")
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
