package awscli

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// writeYAML writes a value as the AWS CLI does: members sorted, lists not indented, long
// text folded. The library knows how to quote, but not how to fold.
func writeYAML(b *bytes.Buffer, v any) error {
	if isScalar(v) {
		b.WriteString(scalarJSON(v) + "\n") // also YAML, without an end mark
		return nil
	}
	lines, err := yamlLines(v, 0, 0)
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	return err
}

// yamlLines returns the lines of a value. The first line begins at column, the other
// lines of a folded string at next.
func yamlLines(v any, column, next int) ([]string, error) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return []string{"{}"}, nil
		}
		var lines []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			member, err := yamlMember(name, v[name], column)
			if err != nil {
				return nil, err
			}
			lines = append(lines, member...)
		}
		return lines, nil
	case []any:
		if len(v) == 0 {
			return []string{"[]"}, nil
		}
		var lines []string
		for _, element := range v {
			sub, err := yamlLines(element, column+len("- "), column+len("- "))
			if err != nil {
				return nil, err
			}
			lines = append(lines, indented(sub, "- ", "  ")...)
		}
		return lines, nil
	case string:
		return yamlString(v, column, next)
	default:
		return []string{scalarJSON(v)}, nil
	}
}

func yamlMember(name string, v any, column int) ([]string, error) {
	key, err := yamlString(name, column, column)
	if err != nil {
		return nil, err
	}
	prefix := strings.Join(key, " ") + ":"
	object, _ := v.(map[string]any)
	list, _ := v.([]any)
	switch {
	case len(list) > 0:
		lines, err := yamlLines(v, column, column)
		return append([]string{prefix}, lines...), err
	case len(object) > 0:
		lines, err := yamlLines(v, column+len("  "), column+len("  "))
		return append([]string{prefix}, indented(lines, "  ", "  ")...), err
	default:
		lines, err := yamlLines(v, column+utf8.RuneCountInString(prefix)+1, column+len("  "))
		return indented(lines, prefix+" ", "  "), err
	}
}

func indented(lines []string, first, others string) []string {
	for i := range lines {
		if i == 0 {
			lines[i] = first + lines[i]
		} else if lines[i] != "" {
			lines[i] = others + lines[i]
		}
	}
	return lines
}

// yamlString quotes a string if necessary: with single quotes, unless it has characters
// that only double quotes can escape.
func yamlString(s string, column, next int) ([]string, error) {
	node := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		node.Style = yaml.DoubleQuotedStyle
	}
	encoded, err := yaml.Marshal(&node)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSuffix(string(encoded), "\n")
	switch {
	case node.Style == yaml.DoubleQuotedStyle:
		return []string{text}, nil
	case slices.Contains(booleansOfYAML11, strings.ToLower(s)):
		text = s // in YAML 1.2, which the AWS CLI writes, only true and false are booleans
	case text[0] == '"' || s == "=":
		text = "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return folded(text, column, next), nil
}

var booleansOfYAML11 = []string{"y", "n", "yes", "no", "on", "off"}

// folded breaks each line at the first single space behind the 80th column.
func folded(text string, column, next int) []string {
	const width = 80
	var lines []string
	begin := 0
	for i, r := range text {
		if r == ' ' && column > width && i > 1 && i < len(text)-2 && text[i-1] != ' ' && text[i+1] != ' ' {
			lines = append(lines, text[begin:i])
			begin, column = i+1, next
			continue
		}
		column++
	}
	return append(lines, text[begin:])
}
