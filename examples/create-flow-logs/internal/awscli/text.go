package awscli

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// writeText writes a value as lines of tab-separated words. name is the name of the
// member that has the value, or empty. columns are the scalar members on the line of an
// object; nil means the object's own.
func writeText(b *bytes.Buffer, v any, name string, columns []string) {
	switch v := v.(type) {
	case map[string]any:
		writeObjectText(b, v, name, columns)
	case []any:
		writeListText(b, v, name)
	default:
		b.WriteString(scalarText(v) + "\n")
	}
}

func writeObjectText(b *bytes.Buffer, object map[string]any, name string, columns []string) {
	if columns == nil {
		columns = scalarMembers([]any{object})
	}
	if len(columns) > 0 {
		var words []string
		if name != "" {
			words = append(words, strings.ToUpper(name))
		}
		for _, column := range columns {
			words = append(words, memberText(object, column))
		}
		b.WriteString(strings.Join(words, "\t") + "\n")
	}
	for _, member := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(columns, member) {
			writeText(b, object[member], member, nil)
		}
	}
}

func writeListText(b *bytes.Buffer, list []any, name string) {
	if slices.ContainsFunc(list, isObject) {
		columns := scalarMembers(list)
		for _, element := range list {
			writeText(b, element, name, columns)
		}
		return
	}
	var words []string
	for _, element := range list {
		if isScalar(element) {
			words = append(words, scalarText(element))
		}
	}
	switch {
	case len(words) == 0:
	case name == "":
		b.WriteString(strings.Join(words, "\t") + "\n")
	default:
		for _, word := range words {
			b.WriteString(strings.ToUpper(name) + "\t" + word + "\n")
		}
	}
	for _, element := range list {
		if !isScalar(element) {
			writeText(b, element, name, nil)
		}
	}
}

// scalarMembers returns the names of all scalar members of the objects in a list, sorted.
// It is never nil.
func scalarMembers(list []any) []string {
	return membersOf(list, isScalar)
}

func membersOf(list []any, is func(any) bool) []string {
	found := make(map[string]bool)
	for _, element := range list {
		object, _ := element.(map[string]any)
		for name, value := range object {
			if is(value) {
				found[name] = true
			}
		}
	}
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(found))))
}

// memberText returns the text of a member, or the empty string if the object lacks it.
func memberText(object map[string]any, name string) string {
	value, ok := object[name]
	if !ok {
		return ""
	}
	return scalarText(value)
}

func isScalar(v any) bool { return !isObject(v) && !isList(v) }

func isObject(v any) bool { _, ok := v.(map[string]any); return ok }

func isList(v any) bool { _, ok := v.([]any); return ok }

// scalarText writes a scalar in the words of Python.
func scalarText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	default:
		return scalarJSON(v)
	}
}
