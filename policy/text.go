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
	members    []member
	statements []json.RawMessage // those of the member Statement
}

// parse reads a policy, and what every statement has. Members that it does not know are
// kept.
func parse(data []byte) (*text, error) {
	data, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	members, err := parseObject(data)
	if err != nil {
		return nil, within("policy", err)
	}
	t := &text{members: members}
	statement := valueOf(members, "Statement")
	if statement == nil {
		return nil, wrong("Statement", "", "required: the statements of a policy")
	}
	if t.statements, err = elementsOf(statement); err != nil {
		return nil, err
	}
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
	if v := valueOf(members, "Version"); v != nil && string(v) != `"2012-10-17"` && string(v) != `"2008-10-17"` {
		return nil, wrong("Version", unquoted(v), `want "2012-10-17" or "2008-10-17"`)
	}
	for i, s := range t.statements {
		if err := checkStatement(s); err != nil {
			return nil, within("Statement["+strconv.Itoa(i)+"]", err)
		}
	}
	return t, nil
}

// envelopes are the members in which the AWS CLI prints a policy: get-bucket-policy and
// get-key-policy, get-role-policy and get-user-policy, get-role, get-policy-version.
var envelopes = []string{"Policy", "PolicyDocument", "AssumeRolePolicyDocument", "Role", "PolicyVersion", "Document"}

// unwrap returns the policy in what the AWS CLI prints, which may be a string of JSON.
func unwrap(data []byte) ([]byte, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, wrong("policy", "", "is UTF-16, which Windows PowerShell 5 writes: want UTF-8")
	}
	if !json.Valid(data) {
		return nil, wrong("policy", shown(data), "want a JSON document")
	}
	var inner string
	if json.Unmarshal(data, &inner) == nil && inner != "" {
		return unwrap([]byte(inner))
	}
	members, _ := parseObject(data) // parse says what is wrong
	for _, name := range envelopes {
		if v := valueOf(members, name); v != nil && valueOf(members, "Statement") == nil {
			return unwrap(v)
		}
	}
	return data, nil
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
		if valueOf(members, m.name) != nil {
			return nil, wrong(m.name, "", "want each member once")
		}
		members = append(members, m)
	}
	return members, nil
}

// valueOf returns the value of a member, nil if there is none.
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
	list := make([][]byte, len(members))
	for i, m := range members {
		name, _ := encode(m.name) // a string can always be written
		list[i] = slices.Concat(name, []byte(":"), m.value)
	}
	return slices.Concat([]byte("{"), bytes.Join(list, []byte(",")), []byte("}"))
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

// within adds the path of the containing value to the field of err.
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

// shown returns the beginning of a text, to recognize it by.
func shown(data []byte) string {
	const most = 40
	if len(data) > most {
		return string(bytes.ToValidUTF8(data[:most], nil)) + "…"
	}
	return string(data)
}

// unquoted is shown for a value that may be a string.
func unquoted(v json.RawMessage) string { return strings.Trim(shown(v), `"`) }
