package flowlogstest

import (
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

// checkFilters has a documented code for the limits, and texts that are
// choices. The text on an unknown filter was seen with other operations:
// https://github.com/boto/boto3/issues/1299
func checkFilters(filters []types.Filter) *apiError {
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

// filter selects flow logs by one of their attributes.
type filter struct {
	name      string
	attribute func(types.FlowLog) []string
	exact     map[string]bool
	patterns  []pattern
}

type filters []filter

func compileFilters(in []types.Filter) filters {
	var compiled filters
	for _, f := range in {
		name := aws.ToString(f.Name)
		c := filter{name: name, attribute: attribute(name), exact: map[string]bool{}}
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
func (fs filters) resourceIDs() (ids map[string]bool, ok bool) {
	for _, f := range fs {
		if f.name == "resource-id" && len(f.patterns) == 0 {
			return f.exact, true
		}
	}
	return nil, false
}

// match reports whether a flow log passes every filter.
func (fs filters) match(flowLog types.FlowLog) bool {
	for _, f := range fs {
		if !slices.ContainsFunc(f.attribute(flowLog), f.matchValue) {
			return false
		}
	}
	return true
}

func (f filter) matchValue(value string) bool {
	return f.exact[value] || slices.ContainsFunc(f.patterns, func(p pattern) bool { return p.match(value) })
}

// attribute returns what a filter compares, or nil if there is no such filter.
func attribute(filter string) func(types.FlowLog) []string {
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

// pattern is a filter value with wildcards. An asterisk matches zero or more
// characters, a question mark zero or one, and a backslash takes the wildcard
// behind it literally:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
type pattern []element

type element struct {
	wildcard  bool
	unlimited bool // an asterisk
	char      rune // of an element that is no wildcard
}

func newPattern(value string) pattern {
	var p pattern
	escaped := false
	for _, char := range value {
		switch {
		case escaped:
			p = append(p, element{char: char})
			escaped = false
		case char == '\\':
			escaped = true
		case char == '*' || char == '?':
			p = append(p, element{wildcard: true, unlimited: char == '*'})
		default:
			p = append(p, element{char: char})
		}
	}
	if escaped { // a backslash at the end escapes nothing
		p = append(p, element{char: '\\'})
	}
	return p
}

// match follows all ways through the pattern at once, so it takes linear time.
func (p pattern) match(value string) bool {
	at := make([]bool, len(p)+1) // the elements that may match next
	at[0] = true
	p.skipWildcards(at)
	for _, char := range value {
		next := make([]bool, len(at))
		for i, e := range p {
			if !at[i] {
				continue
			}
			next[i] = next[i] || e.unlimited
			next[i+1] = next[i+1] || e.wildcard && !e.unlimited || !e.wildcard && e.char == char
		}
		p.skipWildcards(next)
		at = next
	}
	return at[len(p)]
}

// skipWildcards lets every wildcard match nothing.
func (p pattern) skipWildcards(at []bool) {
	for i, e := range p {
		at[i+1] = at[i+1] || at[i] && e.wildcard
	}
}
