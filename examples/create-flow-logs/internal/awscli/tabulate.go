package awscli

import (
	"bytes"
	"errors"
	"slices"
)

// tabulation collects the sections of a table.
type tabulation struct {
	sections []section
	err      error
}

// writeTable draws a value in the sections of the AWS CLI. A value that is empty, zero or
// false has none.
func (p *Printer) writeTable(b *bytes.Buffer, v any) error {
	var t tabulation
	t.add("CreateFlowLogs", v, 0)
	if t.err != nil || len(t.sections) == 0 {
		return t.err
	}
	canvas{b, p.color}.draw(t.sections, p.width)
	return nil
}

// add adds a value, in a section of its own if there is a title.
func (t *tabulation) add(title string, v any, indent int) {
	if isEmpty(v) {
		return
	}
	if title != "" {
		t.section(title, indent)
	}
	switch v := v.(type) {
	case map[string]any:
		t.object(v, indent)
	case []any:
		if isObject(v[0]) {
			t.objects(title, v, indent)
		} else {
			t.list(v)
		}
	}
}

func (t *tabulation) section(title string, indent int) {
	t.sections = append(t.sections, section{title: title, indent: indent})
}

func (t *tabulation) list(list []any) {
	for _, element := range list {
		row, isRow := element.([]any)
		switch {
		case isScalar(element):
			t.row(scalarText(element))
		case isRow && !slices.ContainsFunc(row, func(v any) bool { return !isScalar(v) }):
			texts := make([]string, len(row))
			for i, cell := range row {
				texts[i] = scalarText(cell)
			}
			t.row(texts...)
		default:
			t.add("", element, 0)
		}
	}
}

func (t *tabulation) object(object map[string]any, indent int) {
	headers := scalarMembers([]any{object})
	texts := make([]string, len(headers))
	for i, header := range headers {
		texts[i] = scalarText(object[header])
	}
	switch len(headers) {
	case 0:
	case 1:
		t.row(headers[0], texts[0])
	default:
		t.headers(headers)
		t.row(texts...)
	}
	for _, name := range membersOf([]any{object}, isNested) {
		t.add(name, object[name], indent+1)
	}
}

func (t *tabulation) objects(title string, list []any, indent int) {
	headers, nested := scalarMembers(list), membersOf(list, isNested)
	t.headers(headers)
	for i, element := range list {
		object, _ := element.(map[string]any)
		if i > 0 && len(nested) > 0 {
			t.section(title, indent)
			t.headers(headers)
		}
		texts := make([]string, len(headers))
		for i, header := range headers {
			texts[i] = memberText(object, header)
		}
		t.row(texts...)
		for _, name := range nested {
			t.add(name, object[name], indent+1)
		}
	}
}

func (t *tabulation) headers(headers []string) {
	t.sections[len(t.sections)-1].headers = headers
}

// row adds a row to the last section. The AWS CLI fails too if the rows of a section
// differ in length.
func (t *tabulation) row(texts ...string) {
	s := &t.sections[len(t.sections)-1]
	columns := len(texts)
	switch {
	case len(s.headers) > 0:
		columns = len(s.headers)
	case len(s.rows) > 0:
		columns = len(s.rows[0])
	}
	if len(texts) != columns {
		t.err = errors.New("want rows of the same length; change --query")
		return
	}
	s.rows = append(s.rows, texts)
}

func isNested(v any) bool { return !isScalar(v) }

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
