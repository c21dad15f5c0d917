package policy

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Document is a policy of IAM.
//
// Its JSON is IAM's: members in the order of AWS's documentation, a list of one as
// its value alone, the same bytes for the same Document. The reverse takes what
// IAM takes, with one exception: NotAction, NotResource, NotPrincipal and members
// that IAM does not have are errors, for a Document has no place for them. An Id is
// dropped; it has no effect.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Document struct {
	// Version is that of the policy language. Empty: left out, which IAM reads as
	// "2008-10-17". [For] writes "2012-10-17".
	Version string

	Statement []Statement
}

// Statement is one statement of a policy. A member that is empty is left out.
type Statement struct {
	// Sid identifies the statement within its policy. [For] gives each statement
	// one, AWS's own where it has one; see [Document.Merge].
	Sid string

	// Effect is "Allow" or "Deny".
	Effect string

	// Principal has the principals by their kind, such as "Service" or "AWS". Empty
	// in policies of users and roles. A key "*" stands for the principal "*".
	Principal map[string][]string

	// Action and Resource are names, in which * and ? are wildcards. Trust policies
	// have no Resource.
	Action, Resource []string

	// Condition has values by operator and by condition key:
	// {"StringEquals": {"aws:SourceAccount": {"123456789012"}}}.
	Condition map[string]map[string][]string
}

// MarshalJSON returns the document as IAM takes it.
func (d Document) MarshalJSON() ([]byte, error) {
	statements := d.Statement
	if statements == nil {
		statements = []Statement{} // IAM has no null
	}
	return encode(struct {
		Version   string `json:",omitempty"`
		Statement []Statement
	}{d.Version, statements})
}

// MarshalJSON returns the statement as IAM takes it.
func (s Statement) MarshalJSON() ([]byte, error) {
	conditions := make(map[string]map[string]values, len(s.Condition))
	for operator, keys := range s.Condition {
		conditions[operator] = byKind(keys)
	}
	var principal any
	if _, anyone := s.Principal["*"]; anyone && len(s.Principal) == 1 {
		principal = "*"
	} else if len(s.Principal) > 0 {
		principal = byKind(s.Principal)
	}
	return encode(struct {
		Sid       string                       `json:",omitempty"`
		Effect    string                       `json:",omitempty"`
		Principal any                          `json:",omitempty"`
		Action    values                       `json:",omitempty"`
		Resource  values                       `json:",omitempty"`
		Condition map[string]map[string]values `json:",omitempty"`
	}{s.Sid, s.Effect, principal, s.Action, s.Resource, conditions})
}

// values is a list that IAM writes as its value alone where there is only one.
type values []string

func byKind(lists map[string][]string) map[string]values {
	m := make(map[string]values, len(lists))
	for kind, list := range lists {
		m[kind] = list
	}
	return m
}

func (v values) MarshalJSON() ([]byte, error) {
	switch len(v) {
	case 0:
		return []byte("[]"), nil
	case 1:
		return encode(v[0])
	default:
		return encode([]string(v))
	}
}

// UnmarshalJSON reads a value, or a list of them. IAM takes numbers and booleans
// in conditions, too.
func (v *values) UnmarshalJSON(data []byte) error {
	var elements []json.RawMessage
	if !bytes.HasPrefix(data, []byte("[")) {
		elements = []json.RawMessage{data}
	} else if err := json.Unmarshal(data, &elements); err != nil {
		return err
	}
	list := make(values, 0, len(elements))
	for _, element := range elements {
		var s string
		switch element[0] {
		case '"':
			if err := json.Unmarshal(element, &s); err != nil {
				return err
			}
		case '{', '[', 'n': // an object, a list, null
			return wrong("", string(element), "want a string, or a list of strings")
		default:
			s = string(element)
		}
		list = append(list, s)
	}
	*v = list
	return nil
}

// UnmarshalJSON reads a policy as IAM takes it. The error names what a Document
// has no place for; the document is then left as it was.
func (d *Document) UnmarshalJSON(data []byte) error {
	t, err := parse(data)
	if err != nil {
		return err
	}
	var read Document
	for _, m := range t.members {
		switch m.name {
		case "Version":
			err = json.Unmarshal(m.value, &read.Version)
		case "Id", "Statement": // see the type; t has the statements
		default:
			err = wrong(m.name, "", "want one of Version, Id, Statement")
		}
		if err != nil {
			return err
		}
	}
	read.Statement = make([]Statement, len(t.statements))
	for i, statement := range t.statements {
		if err := read.Statement[i].UnmarshalJSON(statement); err != nil {
			return within("Statement["+strconv.Itoa(i)+"]", err)
		}
	}
	*d = read
	return nil
}

// UnmarshalJSON reads a statement as IAM takes it. The error names what a
// Statement has no place for; the statement is then left as it was.
func (s *Statement) UnmarshalJSON(data []byte) error {
	members, err := parseObject(data)
	if err != nil {
		return err
	}
	var read Statement
	for _, m := range members {
		if err := read.set(m); err != nil {
			return within(m.name, err)
		}
	}
	*s = read
	return nil
}

func (s *Statement) set(m member) error {
	switch m.name {
	case "Sid":
		return json.Unmarshal(m.value, &s.Sid)
	case "Effect":
		return json.Unmarshal(m.value, &s.Effect)
	case "Action":
		return (*values)(&s.Action).UnmarshalJSON(m.value)
	case "Resource":
		return (*values)(&s.Resource).UnmarshalJSON(m.value)
	case "Principal":
		if string(m.value) == `"*"` {
			s.Principal = map[string][]string{"*": {"*"}}
			return nil
		}
		var err error
		s.Principal, err = lists(m.value)
		return err
	case "Condition":
		operators, err := parseObject(m.value)
		if err != nil {
			return err
		}
		s.Condition = make(map[string]map[string][]string, len(operators))
		for _, operator := range operators {
			if s.Condition[operator.name], err = lists(operator.value); err != nil {
				return within(operator.name, err)
			}
		}
		return nil
	default:
		return wrong("", "", "want one of Sid, Effect, Principal, Action, Resource, Condition")
	}
}

// lists reads an object whose members are values.
func lists(data json.RawMessage) (map[string][]string, error) {
	members, err := parseObject(data)
	if err != nil {
		return nil, err
	}
	read := make(map[string][]string, len(members))
	for _, m := range members {
		var list values
		if err := list.UnmarshalJSON(m.value); err != nil {
			return nil, within(m.name, err)
		}
		read[m.name] = list
	}
	return read, nil
}
