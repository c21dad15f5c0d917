package awscli

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs"
)

// decoder decodes the members of EC2's input and collects every problem.
type decoder struct {
	problems []flowlogs.FieldError
}

// decodeInput returns the input without malformed members: those with a name that EC2
// does not have, or a value of the wrong kind.
func decodeInput(members map[string]any) (in ec2.CreateFlowLogsInput, problems []flowlogs.FieldError, err error) {
	var d decoder
	kept, _ := d.fit(members, reflect.TypeFor[ec2.CreateFlowLogsInput](), "")
	document, err := json.Marshal(kept)
	if err != nil {
		return in, nil, err
	}
	return in, d.problems, json.Unmarshal(document, &in)
}

// fit returns the part of a value that fits a type, and whether there is any.
func (d *decoder) fit(v any, t reflect.Type, path string) (any, bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case map[string]any:
		if t.Kind() == reflect.Struct {
			return d.object(v, t, path), true
		}
	case []any:
		if t.Kind() == reflect.Slice {
			return d.list(v, t, path), true
		}
	case json.Number:
		if t.Kind() == reflect.Int32 && !strings.ContainsAny(v.String(), ".eENI") {
			return nearest(v), true
		}
	case string:
		if t.Kind() == reflect.String {
			return v, true
		}
	case bool:
		if t.Kind() == reflect.Bool {
			return v, true
		}
	}
	d.problems = append(d.problems, flowlogs.FieldError{Field: path, Value: literal(v), Message: "want " + nameOfKind(t.Kind())})
	return nil, false
}

func (d *decoder) object(members map[string]any, t reflect.Type, path string) map[string]any {
	kept := make(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member := name
		if path != "" {
			member = path + "." + name
		}
		field, ok := t.FieldByName(name)
		if !ok || !field.IsExported() {
			d.problems = append(d.problems, flowlogs.FieldError{
				Field: member, Message: "unknown member; want one of " + strings.Join(memberNames(t), ", "),
			})
			continue
		}
		if v, ok := d.fit(members[name], field.Type, member); ok {
			kept[name] = v
		}
	}
	return kept
}

func (d *decoder) list(elements []any, t reflect.Type, path string) []any {
	kept := make([]any, len(elements)) // nil for an element that does not fit
	for i, element := range elements {
		kept[i], _ = d.fit(element, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
	}
	return kept
}

// nearest returns the nearest number that fits into EC2's input. If it differs from n,
// both are invalid.
func nearest(n json.Number) int32 {
	i, err := n.Int64()
	switch {
	case err != nil && strings.HasPrefix(n.String(), "-"):
		return math.MinInt32
	case err != nil:
		return math.MaxInt32
	}
	return int32(max(math.MinInt32, min(i, math.MaxInt32)))
}

func memberNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if field := t.Field(i); field.IsExported() {
			names = append(names, field.Name)
		}
	}
	return names
}

func nameOfKind(k reflect.Kind) string {
	switch k {
	case reflect.Struct:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Int32:
		return "a whole number"
	default:
		return "a string"
	}
}

// literal returns a value as it was written, except for spaces.
func literal(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(v) // cannot fail: v was decoded from a document
		return strings.TrimSpace(b.String())
	}
}
