package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/internal/rules"
	"github.com/go-flowlogs/flowlogs/internal/text"
)

// wanted is the flow log that a request asks for.
type wanted struct {
	resourceType flowlogs.ResourceType
	settings     settings
	tags         map[string]string
}

// settings are those of a flow log, wanted or described, with every default filled in.
type settings struct {
	trafficType     types.TrafficType // "": not compared
	destinationType types.LogDestinationType
	destination     string    // ARN; "": a log group that is known by its name
	logGroup        string    // its name
	account         string    // of the log group; "": unknown
	others          []setting // always the same fields
}

// setting is one setting as text.
type setting struct {
	field, value string // as in flowlogs.Request
	ifBoth       bool   // compared only where both flow logs have it
}

func newWanted(in *ec2.CreateFlowLogsInput) *wanted {
	w := &wanted{resourceType: in.ResourceType, tags: make(map[string]string)}
	for _, specification := range in.TagSpecifications {
		for _, tag := range specification.Tags {
			w.tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	described := types.FlowLog{
		DeliverCrossAccountRole:  in.DeliverCrossAccountRole,
		DeliverLogsPermissionArn: in.DeliverLogsPermissionArn,
		LogDestination:           in.LogDestination,
		LogDestinationType:       in.LogDestinationType,
		LogFormat:                in.LogFormat,
		LogGroupName:             in.LogGroupName,
		MaxAggregationInterval:   in.MaxAggregationInterval,
		TrafficType:              in.TrafficType,
	}
	if o := in.DestinationOptions; o != nil {
		described.DestinationOptions = &types.DestinationOptionsResponse{
			FileFormat: o.FileFormat, HiveCompatiblePartitions: o.HiveCompatiblePartitions, PerHourPartition: o.PerHourPartition,
		}
	}
	for _, f := range in.TagFieldSpecifications {
		described.TagFieldSpecifications = append(described.TagFieldSpecifications, types.TagFieldSpecificationResponse{
			ResourceType: f.ResourceType, TagKeys: f.TagKeys,
		})
	}
	w.settings = w.normalize(&described)
	return w
}

// normalize returns the settings of a flow log on a resource of the wanted type.
// A field that an old flow log lacks has its default and is no difference:
// https://github.com/cloud-custodian/cloud-custodian/issues/6152
func (w *wanted) normalize(f *types.FlowLog) settings {
	s := settings{
		trafficType:     f.TrafficType,
		destinationType: cmp.Or(f.LogDestinationType, types.LogDestinationTypeCloudWatchLogs), // https://github.com/hashicorp/terraform-provider-aws/issues/6631
		// https://github.com/hashicorp/terraform-provider-aws/issues/6373
		destination: strings.TrimSuffix(aws.ToString(f.LogDestination), ":*"),
	}
	interval, role, options := 10*time.Minute, aws.ToString(f.DeliverLogsPermissionArn), f.DestinationOptions
	if rules.IsGateway(w.resourceType) {
		// https://docs.aws.amazon.com/vpc/latest/tgw/flow-logs-api-cli.html
		// Terraform's provider ignores the traffic type that is shown:
		// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ec2/vpc_flow_log.go
		interval, s.trafficType = time.Minute, ""
	}
	if f.MaxAggregationInterval != nil {
		interval = time.Duration(*f.MaxAggregationInterval) * time.Second
	}
	switch s.destinationType {
	case types.LogDestinationTypeCloudWatchLogs:
		s.logGroup, s.account = logGroupOf(s.destination, aws.ToString(f.LogGroupName), role)
	case types.LogDestinationTypeS3:
		role = "" // one was shown in 2018, though nobody can ask for it
	}
	// Since 2024 the options are shown though nobody asked for them:
	// https://github.com/hashicorp/terraform-provider-aws/issues/23521
	if options == nil || s.destinationType != types.LogDestinationTypeS3 {
		options = &types.DestinationOptionsResponse{}
	}
	format := strings.Join(strings.Fields(aws.ToString(f.LogFormat)), " ")
	if format == "" { // flow logs of 2017 have none
		format = flowlogs.DefaultLogFormat(w.resourceType).String()
	}
	s.others = []setting{
		{"Destination.RoleARN", role, true},
		{"Destination.CrossAccountRoleARN", aws.ToString(f.DeliverCrossAccountRole), true},
		{"Destination.FileFormat", string(cmp.Or(options.FileFormat, types.DestinationFileFormatPlainText)), false},
		{"Destination.HiveCompatiblePartitions", strconv.FormatBool(aws.ToBool(options.HiveCompatiblePartitions)), false},
		{"Destination.PerHourPartition", strconv.FormatBool(aws.ToBool(options.PerHourPartition)), false},
		{"MaxAggregationInterval", text.Seconds(interval), false},
		{"LogFormat", format, false},
		{"TagFields", tagFieldsText(f.TagFieldSpecifications), false},
	}
	return s
}

// tagFieldsText has the tag fields sorted: they are a set.
func tagFieldsText(specifications []types.TagFieldSpecificationResponse) string {
	keys := make(map[types.TaggableResourceType][]string)
	for _, s := range specifications {
		for _, key := range s.TagKeys {
			keys[s.ResourceType] = append(keys[s.ResourceType], strconv.Quote(key))
		}
	}
	var texts []string
	for _, t := range slices.Sorted(maps.Keys(keys)) {
		slices.Sort(keys[t])
		texts = append(texts, string(t)+" "+strings.Join(slices.Compact(keys[t]), " "))
	}
	return strings.Join(texts, ", ")
}

// logGroupOf returns the name and account of a log group, as far as a flow log shows
// them. A flow log that was created with the name shows only that, and one that was
// created with the ARN shows both. The account of a name is the caller's, in which the
// role is too. It is "" if that is not known.
// https://github.com/hashicorp/terraform-provider-aws/issues/45770
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
func logGroupOf(arn, name, role string) (group, account string) {
	if parts := strings.SplitN(arn, ":", 7); len(parts) == 7 && parts[2] == "logs" && parts[5] == "log-group" {
		return parts[6], parts[4]
	}
	if parts := strings.SplitN(role, ":", 6); len(parts) == 6 {
		account = parts[4]
	}
	return name, account
}

// compare reports whether the flow log f has the wanted traffic type and destination, and
// how its other settings differ: without a difference, f is the wanted flow log. Tags do
// not count: they can be changed in place, see tagDifferences. A role counts where both
// have one.
func (w *wanted) compare(f *types.FlowLog) (related bool, differences []Difference) {
	want, have := w.settings, w.normalize(f)
	if have.destinationType != want.destinationType || have.trafficType != "" && have.trafficType != want.trafficType {
		return false, nil
	}
	switch {
	case want.sameDestination(&have):
	case want.perhapsSameDestination(&have):
		differences = append(differences, Difference{fieldBucketARN, want.destination, have.destination})
	default:
		return false, nil
	}
	for i, setting := range want.others {
		value := have.others[i].value
		compared := !setting.ifBoth || setting.value != "" && value != ""
		if compared && setting.value != value {
			differences = append(differences, Difference{setting.field, setting.value, value})
		}
	}
	return true, differences
}

const fieldBucketARN = "Destination.BucketARN"

func (s *settings) sameDestination(have *settings) bool {
	if s.destinationType != types.LogDestinationTypeCloudWatchLogs || s.destination != "" && have.destination != "" {
		return s.destination == have.destination
	}
	return s.logGroup == have.logGroup && (s.account == "" || have.account == "" || s.account == have.account)
}

// perhapsSameDestination reports whether the destinations differ only in the slash
// after the bucket or its folder. It is not known whether EC2 treats them as one.
func (s *settings) perhapsSameDestination(have *settings) bool {
	return s.destinationType == types.LogDestinationTypeS3 &&
		strings.TrimSuffix(s.destination, "/") == strings.TrimSuffix(have.destination, "/")
}

// tagDifferences compares the wanted tags. Other tags do not matter.
func (w *wanted) tagDifferences(f *types.FlowLog) []Difference {
	if len(w.tags) == 0 {
		return nil
	}
	tags := make(map[string]string, len(f.Tags))
	for _, tag := range f.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	var differences []Difference
	for _, key := range slices.Sorted(maps.Keys(w.tags)) {
		if have, ok := tags[key]; !ok || have != w.tags[key] {
			differences = append(differences, Difference{fmt.Sprintf("Tags[%q]", key), w.tags[key], have})
		}
	}
	return differences
}
