package flowlogstest

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// The limits of filters, as documented on
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
const (
	maxFilters      = 50
	maxFilterValues = 200
)

// checkFilters rejects unknown filters, and too many filters or values. The code for the
// limits is documented; the texts are choices. The text for an unknown filter was seen
// with other operations:
// https://github.com/boto/boto3/issues/1299
func checkFilters[T any](filters []types.Filter, attribute attributes[T]) *apiError {
	if len(filters) > maxFilters {
		return apiErrorf("FilterLimitExceeded", "The maximum number of filters specified on a single call is %d", maxFilters)
	}
	for _, filter := range filters {
		if name := aws.ToString(filter.Name); attribute(name) == nil {
			return apiErrorf("InvalidParameterValue", "The filter '%s' is invalid", name)
		}
		if len(filter.Values) > maxFilterValues {
			return apiErrorf("FilterLimitExceeded", "The maximum number of filter values specified on a single call is %d", maxFilterValues)
		}
	}
	return nil
}

// filters select items of a list by their attributes.
type filters[T any] []filter[T]

type filter[T any] struct {
	name      string
	attribute func(T) []string
	exact     map[string]bool
	patterns  []*regexp.Regexp
}

// attributes returns what a filter compares, or nil if there is no such filter.
type attributes[T any] func(filter string) func(T) []string

func compile[T any](in []types.Filter, attribute attributes[T]) filters[T] {
	var compiled filters[T]
	for _, f := range in {
		name := aws.ToString(f.Name)
		c := filter[T]{name: name, attribute: attribute(name), exact: map[string]bool{}}
		for _, value := range f.Values {
			if strings.ContainsAny(value, `*?\`) {
				c.patterns = append(c.patterns, newPattern(value))
			} else {
				c.exact[value] = true
			}
		}
		compiled = append(compiled, c)
	}
	return compiled
}

// resourceIDs returns the values of a resource-id filter without wildcards.
func (fs filters[T]) resourceIDs() (ids map[string]bool, ok bool) {
	for _, f := range fs {
		if f.name == "resource-id" && len(f.patterns) == 0 {
			return f.exact, true
		}
	}
	return nil, false
}

// match reports whether an item passes every filter.
func (fs filters[T]) match(item T) bool {
	for _, f := range fs {
		if !slices.ContainsFunc(f.attribute(item), f.matchValue) {
			return false
		}
	}
	return true
}

func (f filter[T]) matchValue(value string) bool {
	return f.exact[value] || slices.ContainsFunc(f.patterns, func(p *regexp.Regexp) bool { return p.MatchString(value) })
}

// flowLogAttribute has the filters of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html
func flowLogAttribute(filter string) func(types.FlowLog) []string {
	switch filter {
	case "deliver-log-status":
		return func(f types.FlowLog) []string { return text(f.DeliverLogsStatus) }
	case "log-destination-type":
		return func(f types.FlowLog) []string { return []string{string(f.LogDestinationType)} }
	case "flow-log-id":
		return func(f types.FlowLog) []string { return text(f.FlowLogId) }
	case "log-group-name":
		return func(f types.FlowLog) []string { return text(f.LogGroupName) }
	case "resource-id":
		return func(f types.FlowLog) []string { return text(f.ResourceId) }
	case "traffic-type":
		return func(f types.FlowLog) []string { return []string{string(f.TrafficType)} }
	case "tag-key":
		return func(f types.FlowLog) []string {
			var keys []string
			for _, tag := range f.Tags {
				keys = append(keys, aws.ToString(tag.Key))
			}
			return keys
		}
	}
	if key, ok := strings.CutPrefix(filter, "tag:"); ok {
		return func(f types.FlowLog) []string {
			var values []string
			for _, tag := range f.Tags {
				if aws.ToString(tag.Key) == key {
					values = append(values, aws.ToString(tag.Value))
				}
			}
			return values
		}
	}
	return nil
}

func text(p *string) []string {
	if p == nil {
		return nil
	}
	return []string{*p}
}

// newPattern compiles a filter value with wildcards. An asterisk matches zero or more
// characters, a question mark zero or one, and a backslash makes the wildcard behind it
// literal:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
func newPattern(value string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	escaped := false
	for _, char := range value {
		switch {
		case !escaped && char == '\\':
			escaped = true
			continue
		case !escaped && (char == '*' || char == '?'):
			b.WriteString("." + string(char))
		default:
			b.WriteString(regexp.QuoteMeta(string(char)))
		}
		escaped = false
	}
	if escaped { // a backslash at the end escapes nothing
		b.WriteString(`\\`)
	}
	b.WriteString(`$`)
	return regexp.MustCompile(b.String())
}
