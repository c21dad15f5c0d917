package awscli

import (
	"cmp"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jmespath/go-jmespath"
)

// Query is the expression of --query.
type Query struct {
	expression *jmespath.JMESPath
	names      []string // of the members of objects that it makes, in order
}

var (
	// quotedText matches raw strings and literals, which name no members.
	// https://jmespath.org/specification.html
	quotedText = regexp.MustCompile("'(?:[^'\\\\]|\\\\.)*'|`(?:[^`\\\\]|\\\\.)*`")
	givenName  = regexp.MustCompile(`(?:"((?:[^"\\]|\\.)*)"|([A-Za-z_][A-Za-z0-9_]*))\s*:`)
)

// goTypes matches the library's message about a value of a wrong type, which shows Go
// types.
var goTypes = regexp.MustCompile(`(?s)^Invalid type for: .*, expected: \[\]jmespath\.jpType\{(.*)\}$`)

// parseQuery evaluates the expression on a sample, because only that finds functions that
// do not exist. Other errors are ignored: on a response they may not occur.
func parseQuery(s string) (*Query, error) {
	expression, err := jmespath.Compile(s)
	if err != nil {
		return nil, err
	}
	if _, err := expression.Search(outputOf(SampleResponse())); err != nil && strings.Contains(err.Error(), "unknown function") {
		return nil, err
	}
	q := &Query{expression: expression}
	for _, match := range givenName.FindAllStringSubmatch(quotedText.ReplaceAllString(s, ""), -1) {
		q.names = append(q.names, cmp.Or(match[1], match[2]))
	}
	return q, nil
}

// search returns the part of output that the query selects, or all of it if q is nil.
func (q *Query) search(output any) (any, error) {
	if q == nil {
		return output, nil
	}
	selected, err := q.expression.Search(output)
	if err != nil {
		return nil, errors.New(goTypes.ReplaceAllString(err.Error(), "invalid argument of a function: want $1"))
	}
	return selected, nil
}

// members returns the names of an object's members in the order of the AWS CLI: as in the
// query if it made the object, otherwise as in the response. The library's objects have
// no order.
func (q *Query) members(object map[string]any) []string {
	names := slices.Sorted(maps.Keys(object))
	order := outputMembers
	if q != nil && !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(q.names, name) }) {
		order = q.names
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(uint(slices.Index(order, a)), uint(slices.Index(order, b))) // unknown ones last
	})
	return names
}
