package policy

import (
	"encoding/json"
	"slices"
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
	return encode(struct {
		Version   string `json:",omitempty"`
		Statement []Statement
	}{d.Version, append([]Statement{}, d.Statement...)}) // IAM has no null
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
	for _, m := range t.members {
		if !slices.Contains([]string{"Version", "Id", "Statement"}, m.name) {
			return wrong(m.name, "", "want one of Version, Id, Statement")
		}
	}
	read := Document{Version: t.version, Statement: make([]Statement, len(t.statements))}
	for i, s := range t.statements {
		if s.err != nil {
			return s.err
		}
		read.Statement[i] = s.statement
	}
	*d = read
	return nil
}

// UnmarshalJSON reads a statement in IAM's form. The error names what a Statement
// cannot hold. With an error, the statement is unchanged.
func (s *Statement) UnmarshalJSON(data []byte) error {
	o, err := parseObject(data)
	if err != nil {
		return err
	}
	read, err := readStatement(o)
	if err != nil {
		return err
	}
	*s = read
	return nil
}

// readStatement returns what a Statement can hold of a statement, and the first error.
func readStatement(o object) (s Statement, first error) {
	for _, m := range o {
		var err error
		switch m.name {
		case "Sid":
			err = json.Unmarshal(m.value, &s.Sid)
		case "Effect":
			err = json.Unmarshal(m.value, &s.Effect)
		case "Principal":
			s.Principal, err = readPrincipals(m.value)
		case "NotPrincipal":
			s.NotPrincipal, err = readPrincipals(m.value)
		case "Action":
			s.Action, err = readList(m.value)
		case "NotAction":
			s.NotAction, err = readList(m.value)
		case "Resource":
			s.Resource, err = readList(m.value)
		case "NotResource":
			s.NotResource, err = readList(m.value)
		case "Condition":
			s.Condition, err = readAll(m.value, readLists)
		default:
			err = wrong("", "", "want a member that a statement of IAM has")
		}
		if err != nil && first == nil {
			first = within(m.name, err)
		}
	}
	return s, first
}

// readList reads a value, or a list of them. IAM takes numbers and booleans in conditions,
// too.
func readList(data json.RawMessage) ([]string, error) {
	elements := elementsOf(data)
	list := make([]string, len(elements))
	for i, element := range elements {
		switch element[0] {
		case '{', '[', 'n': // an object, a list, null
			return nil, wrong("", string(element), "want a string, or a list of strings")
		case '"':
			_ = json.Unmarshal(element, &list[i]) // it is a string
		default:
			list[i] = string(element)
		}
	}
	return list, nil
}

func readLists(data json.RawMessage) (map[string][]string, error) { return readAll(data, readList) }

func readPrincipals(data json.RawMessage) (map[string][]string, error) {
	if string(data) == `"*"` {
		return map[string][]string{"*": {"*"}}, nil
	}
	return readLists(data)
}

// readAll reads an object, each value with read.
func readAll[V any](data json.RawMessage, read func(json.RawMessage) (V, error)) (map[string]V, error) {
	o, err := parseObject(data)
	if err != nil {
		return nil, err
	}
	all := make(map[string]V, len(o))
	for _, m := range o {
		if all[m.name], err = read(m.value); err != nil {
			return nil, within(m.name, err)
		}
	}
	return all, nil
}

// values is a list that IAM writes as its value alone if there is only one.
type values []string

func (v values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return encode(v[0])
	}
	return encode(append([]string{}, v...)) // IAM has no null
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

// kinds has principals by their kind.
type kinds lists

func (k kinds) MarshalJSON() ([]byte, error) {
	if _, anyone := k["*"]; anyone && len(k) == 1 {
		return []byte(`"*"`), nil
	}
	return lists(k).MarshalJSON()
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
