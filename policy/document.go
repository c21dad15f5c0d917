package policy

import (
	"encoding/json"
	"strconv"
)

// Document is a policy of IAM.
//
// Its JSON is IAM's: members in the order of AWS's documentation, a list of one
// element as that element, the same bytes for the same Document. Decoding accepts what
// IAM accepts. A member that IAM does not have is an error. An Id is dropped; it has no
// effect.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Document struct {
	// Version is that of the policy language. Empty: not written, which IAM reads as
	// "2008-10-17". [For] writes "2012-10-17".
	Version string

	Statement []Statement
}

// Statement is one statement of a policy. Empty members are not written.
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

	// NotPrincipal, NotAction and NotResource stand for all but what they name, in place
	// of the member without Not. [For] writes none.
	NotPrincipal           map[string][]string
	NotAction, NotResource []string

	// Condition has values by operator and by condition key:
	// {"StringEquals": {"aws:SourceAccount": {"123456789012"}}}.
	Condition map[string]map[string][]string
}

// MarshalJSON returns the document in IAM's form.
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

// MarshalJSON returns the statement in IAM's form.
func (s Statement) MarshalJSON() ([]byte, error) {
	return encode(struct {
		Sid          string     `json:",omitempty"`
		Effect       string     `json:",omitempty"`
		Principal    kinds      `json:",omitempty"`
		NotPrincipal kinds      `json:",omitempty"`
		Action       values     `json:",omitempty"`
		NotAction    values     `json:",omitempty"`
		Resource     values     `json:",omitempty"`
		NotResource  values     `json:",omitempty"`
		Condition    conditions `json:",omitempty"`
	}{s.Sid, s.Effect, s.Principal, s.NotPrincipal, s.Action, s.NotAction, s.Resource, s.NotResource, s.Condition})
}

// UnmarshalJSON reads a policy in IAM's form. The error names what a Document cannot
// hold. With an error, the document is unchanged.
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

// UnmarshalJSON reads a statement in IAM's form. The error names what a Statement
// cannot hold. With an error, the statement is unchanged.
func (s *Statement) UnmarshalJSON(data []byte) error {
	var read Statement
	fields := map[string]any{
		"Sid":          &read.Sid,
		"Effect":       &read.Effect,
		"Principal":    (*kinds)(&read.Principal),
		"NotPrincipal": (*kinds)(&read.NotPrincipal),
		"Action":       (*values)(&read.Action),
		"NotAction":    (*values)(&read.NotAction),
		"Resource":     (*values)(&read.Resource),
		"NotResource":  (*values)(&read.NotResource),
		"Condition":    (*conditions)(&read.Condition),
	}
	err := eachMember(data, func(name string, value json.RawMessage) error {
		if fields[name] == nil {
			return wrong("", "", "want a member that a statement of IAM has")
		}
		return json.Unmarshal(value, fields[name])
	})
	if err != nil {
		return err
	}
	*s = read
	return nil
}

// values is a list that IAM writes as its value alone if there is only one.
type values []string

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
	elements, err := elementsOf(data)
	if err != nil {
		return err
	}
	*v = make(values, len(elements))
	for i, element := range elements {
		switch element[0] {
		case '"':
			if err := json.Unmarshal(element, &(*v)[i]); err != nil {
				return err
			}
		case '{', '[', 'n': // an object, a list, null
			return wrong("", string(element), "want a string, or a list of strings")
		default:
			(*v)[i] = string(element)
		}
	}
	return nil
}

// elementsOf returns the elements of a list, or a value that stands for a list of one.
func elementsOf(data json.RawMessage) (elements []json.RawMessage, err error) {
	if data[0] != '[' {
		return []json.RawMessage{data}, nil
	}
	err = json.Unmarshal(data, &elements)
	return elements, err
}

// lists has values by their names.
type lists map[string][]string

func (l lists) MarshalJSON() ([]byte, error) {
	m := make(map[string]values, len(l))
	for name, list := range l {
		m[name] = list
	}
	return encode(m)
}

func (l *lists) UnmarshalJSON(data []byte) error {
	*l = make(lists)
	return eachMember(data, func(name string, value json.RawMessage) error {
		var list values
		err := list.UnmarshalJSON(value)
		(*l)[name] = list
		return err
	})
}

// kinds has principals by their kind.
type kinds lists

func (k kinds) MarshalJSON() ([]byte, error) {
	if _, anyone := k["*"]; anyone && len(k) == 1 {
		return []byte(`"*"`), nil
	}
	return lists(k).MarshalJSON()
}

func (k *kinds) UnmarshalJSON(data []byte) error {
	if string(data) == `"*"` {
		*k = kinds{"*": {"*"}}
		return nil
	}
	return (*lists)(k).UnmarshalJSON(data)
}

// conditions has values by operator and by condition key.
type conditions map[string]map[string][]string

func (c conditions) MarshalJSON() ([]byte, error) {
	m := make(map[string]lists, len(c))
	for operator, keys := range c {
		m[operator] = keys
	}
	return encode(m)
}

func (c *conditions) UnmarshalJSON(data []byte) error {
	*c = make(conditions)
	return eachMember(data, func(operator string, value json.RawMessage) error {
		var keys lists
		err := keys.UnmarshalJSON(value)
		(*c)[operator] = keys
		return err
	})
}

// eachMember calls read with each member of an object, and adds the name to its error.
func eachMember(data json.RawMessage, read func(name string, value json.RawMessage) error) error {
	members, err := parseObject(data)
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := read(m.name, m.value); err != nil {
			return within(m.name, err)
		}
	}
	return nil
}
