package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/internal/rules"
)

// text is a policy as it is written.
type text struct {
	members    object
	version    string
	statements []written // in the member Statement
}

// written is a statement as it is written, and what a Statement holds of it.
type written struct {
	raw       json.RawMessage
	statement Statement
	err       error // names what a Statement cannot hold
}

func (w written) MarshalJSON() ([]byte, error) { return w.raw, nil }

// parse reads a policy and checks what every policy has. Members that it does not know are
// kept.
func parse(data []byte) (*text, error) {
	data, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	t := &text{}
	if t.members, err = parseObject(data); err != nil {
		return nil, within("policy", err)
	}
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
	if v := t.members.get("Version"); v != nil {
		_ = json.Unmarshal(v, &t.version) // another kind of value is no version
		if t.version != version && t.version != "2008-10-17" {
			return nil, wrong("Version", t.version, `want "2012-10-17" or "2008-10-17"`)
		}
	}
	list := t.members.get("Statement")
	if list == nil {
		return nil, wrong("Statement", "", "required: the statements of a policy")
	}
	for i, raw := range elementsOf(list) {
		s, err := parseStatement(raw)
		if err != nil {
			return nil, within(rules.Element("Statement", i), err)
		}
		if s.err != nil {
			s.err = within(rules.Element("Statement", i), s.err)
		}
		t.statements = append(t.statements, s)
	}
	return t, nil
}

// parseStatement reads a statement and checks what every statement has.
func parseStatement(raw json.RawMessage) (s written, err error) {
	o, err := parseObject(raw)
	if err != nil {
		return s, err
	}
	s.raw = raw
	s.statement, s.err = readStatement(o)
	switch sid, effect := o.get("Sid"), s.statement.Effect; {
	case sid != nil && json.Unmarshal(sid, &s.statement.Sid) != nil:
		return s, wrong("Sid", string(sid), "want a string")
	case effect != "Allow" && effect != "Deny":
		return s, wrong("Effect", effect, `want "Allow" or "Deny"`)
	case o.get("Action") == nil && o.get("NotAction") == nil:
		return s, wrong("Action", "", "required, or NotAction")
	}
	return s, nil
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
		return nil, wrong("policy", string(data), "want a JSON document")
	}
	var inner string
	if json.Unmarshal(data, &inner) == nil && inner != "" {
		return unwrap([]byte(inner))
	}
	o, _ := parseObject(data) // parse says what is wrong
	for _, name := range envelopes {
		if v := o.get(name); v != nil && o.get("Statement") == nil {
			return unwrap(v)
		}
	}
	return data, nil
}

// object is a JSON object with its members in their order.
type object []member

// member is a member of an object, the value without white space around it.
type member struct {
	name  string
	value json.RawMessage
}

func parseObject(data json.RawMessage) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return nil, wrong("", string(data), "want an object")
	}
	var o object
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: name.(string)} // by the grammar of JSON
		if err := decoder.Decode(&m.value); err != nil {
			return nil, err
		}
		if o.get(m.name) != nil {
			return nil, wrong(m.name, "", "want each member once")
		}
		o = append(o, m)
	}
	return o, nil
}

// get returns the value of a member, nil if there is none.
func (o object) get(name string) json.RawMessage {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// encode writes the object, without white space.
func (o object) encode() json.RawMessage {
	list := make([][]byte, len(o))
	for i, m := range o {
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
	field := &flowlogs.FieldError{Message: "want another kind of value: " + err.Error()}
	if errors.As(err, &field) && field.Field != "" {
		path += "." + field.Field
	}
	return wrong(path, field.Value, field.Message)
}
