package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-flowlogs/flowlogs"
)

// text is a policy as it was written.
type text struct {
	members    []member // the value of Statement is in statements
	statements []json.RawMessage
	single     bool // the one statement is not in a list
}

func parse(data []byte) (*text, error) {
	if !json.Valid(data) {
		return nil, wrong("policy", shown(data), "want a JSON document")
	}
	members, err := parseObject(data)
	if err != nil {
		return nil, within("policy", err)
	}
	t := &text{members: members}
	statement := t.member("Statement")
	switch {
	case statement == nil:
		return nil, wrong("Statement", "", "required: the statements of a policy")
	case statement[0] == '[':
		if err := json.Unmarshal(statement, &t.statements); err != nil {
			return nil, err
		}
	default:
		t.single = true
		t.statements = []json.RawMessage{statement}
	}
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
	if v := t.member("Version"); v != nil && string(v) != `"2012-10-17"` && string(v) != `"2008-10-17"` {
		return nil, wrong("Version", unquoted(v), `want "2012-10-17" or "2008-10-17"`)
	}
	for i, s := range t.statements {
		if err := checkStatement(s); err != nil {
			return nil, within("Statement["+strconv.Itoa(i)+"]", err)
		}
	}
	return t, nil
}

// checkStatement checks what every statement has.
func checkStatement(data json.RawMessage) error {
	members, err := parseObject(data)
	if err != nil {
		return err
	}
	var sid string
	if v := valueOf(members, "Sid"); v != nil && json.Unmarshal(v, &sid) != nil {
		return wrong("Sid", shown(v), "want a string")
	}
	if v := valueOf(members, "Effect"); string(v) != `"Allow"` && string(v) != `"Deny"` {
		return wrong("Effect", unquoted(v), `want "Allow" or "Deny"`)
	}
	if valueOf(members, "Action") == nil && valueOf(members, "NotAction") == nil {
		return wrong("Action", "", "required, or NotAction")
	}
	return nil
}

// unquoted is a value as an error shows it.
func unquoted(v json.RawMessage) string { return strings.Trim(shown(v), `"`) }

func (t *text) member(name string) json.RawMessage { return valueOf(t.members, name) }

// valueOf is the value of a member, nil where there is none.
func valueOf(members []member, name string) json.RawMessage {
	for _, m := range members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// object writes an object.
func object(members []member) json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := encode(m.name)
		b.Write(name)
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// compact writes the policy without white space.
func (t *text) compact() []byte {
	members := slices.Clone(t.members)
	for i, m := range members {
		if m.name != "Statement" {
			continue
		}
		members[i].value = bytes.Join(rawBytes(t.statements), []byte(","))
		if !t.single {
			members[i].value = slices.Concat([]byte("["), members[i].value, []byte("]"))
		}
	}
	var b bytes.Buffer
	_ = json.Compact(&b, object(members)) // it is made of valid pieces
	return b.Bytes()
}

func rawBytes(messages []json.RawMessage) [][]byte {
	list := make([][]byte, len(messages))
	for i, m := range messages {
		list[i] = m
	}
	return list
}

// member is a member of a JSON object, the value without white space around it.
type member struct {
	name  string
	value json.RawMessage
}

// parseObject reads an object with its members in their order.
func parseObject(data json.RawMessage) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return nil, wrong("", shown(data), "want an object")
	}
	var members []member
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: name.(string)} // by the grammar of JSON
		if err := decoder.Decode(&m.value); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(members, func(other member) bool { return other.name == m.name }) {
			return nil, wrong(m.name, "", "want each member once")
		}
		members = append(members, m)
	}
	return members, nil
}

// encode is json.Marshal without the escapes that are for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func wrong(field, value, message string) error {
	return &flowlogs.FieldError{Field: field, Value: value, Message: message}
}

// within puts what contains the field of err in front of it.
func within(path string, err error) error {
	var field *flowlogs.FieldError
	if !errors.As(err, &field) {
		return wrong(path, "", "want another kind of value: "+err.Error())
	}
	if field.Field != "" {
		path += "." + field.Field
	}
	return wrong(path, field.Value, field.Message)
}

// shown is the beginning of a text, to recognize it by.
func shown(data []byte) string {
	const most = 40
	if len(data) > most {
		return string(bytes.ToValidUTF8(data[:most], nil)) + "…"
	}
	return string(data)
}
