package awscli

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// writeJSON writes a value as the AWS CLI does. newline ends a line and indents the next.
func (p *Printer) writeJSON(b *bytes.Buffer, v any, newline string) {
	const indent = "    "
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			b.WriteString("{}")
			return
		}
		for i, name := range p.query.members(v) {
			b.WriteString(separator(i, "{") + newline + indent + quoteJSON(name) + ": ")
			p.writeJSON(b, v[name], newline+indent)
		}
		b.WriteString(newline + "}")
	case []any:
		if len(v) == 0 {
			b.WriteString("[]")
			return
		}
		for i, element := range v {
			b.WriteString(separator(i, "[") + newline + indent)
			p.writeJSON(b, element, newline+indent)
		}
		b.WriteString(newline + "]")
	default:
		b.WriteString(scalarJSON(v))
	}
}

func separator(i int, begin string) string {
	if i == 0 {
		return begin
	}
	return ","
}

func scalarJSON(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return quoteJSON(v)
	case float64:
		return formatNumber(v)
	default:
		encoded, _ := json.Marshal(v) // true or false
		return string(encoded)
	}
}

// quoteJSON escapes only what JSON demands, as Python does.
func quoteJSON(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // strings always encode
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029", "\n", "").Replace(b.String())
}

// formatNumber writes a number as Python does, but 2.0 as 2: package jmespath does not
// distinguish integers.
func formatNumber(f float64) string {
	if f == float64(int64(f)) {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
