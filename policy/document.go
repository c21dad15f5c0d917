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
	Version string `json:",omitempty"`

	Statement []Statement
}

// Statement is one statement of a policy. Empty members are not written.
type Statement struct {
	// Sid identifies the statement within its policy. [For] gives each statement
	// one, AWS's own where it has one; see [Document.Merge].
	Sid string `json:",omitempty"`

	// Effect is "Allow" or "Deny".
	Effect string `json:",omitempty"`

	// Principal has the principals by their kind, such as "Service" or "AWS". Empty
	// in policies of users and roles. A key "*" stands for the principal "*".
	//
	// NotPrincipal, and NotAction and NotResource below, stand for all but what they name,
	// in place of the member without Not. [For] writes none.
	Principal, NotPrincipal map[string][]string `json:",omitempty"`

	// Action and Resource are names, in which * and ? are wildcards. Trust policies
	// have no Resource.
	Action, NotAction, Resource, NotResource []string `json:",omitempty"`

	// Condition has values by operator and by condition key:
	// {"StringEquals": {"aws:SourceAccount": {"123456789012"}}}.
	Condition map[string]map[string][]string `json:",omitempty"`
}

// MarshalJSON returns the document in IAM's form.
func (d Document) MarshalJSON() ([]byte, error) {
	type plain Document
	d.Statement = append([]Statement{}, d.Statement...) // IAM has no null
	return encode(plain(d))
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

// MarshalJSON returns the statement in IAM's form.
func (s Statement) MarshalJSON() ([]byte, error) {
	type plain Statement
	long, err := encode(plain(s))
	o, _ := parseObject(long)
	for i, m := range o {
		o[i].value = shortForm(m.value, depths[m.name])
		kinds, _ := parseObject(o[i].value)
		if depths[m.name] == 1 && len(kinds) == 1 && kinds.get("*") != nil {
			o[i].value = anyone
		}
	}
	return o.encode(), err
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

// depths has the members of a statement: how many objects their lists are in, or -1 for a
// string.
var depths = map[string]int{
	"Sid": -1, "Effect": -1,
	"Principal": 1, "NotPrincipal": 1,
	"Action": 0, "NotAction": 0,
	"Resource": 0, "NotResource": 0,
	"Condition": 2,
}

// anyone is how the principals {"*": "*"} are written.
var anyone = json.RawMessage(`"*"`)

// readStatement returns what a Statement can hold of a statement, and the first error.
func readStatement(o object) (s Statement, first error) {
	var long object
	for _, m := range o {
		var err error
		switch depth, known := depths[m.name]; {
		case !known:
			err = wrong("", "", "want a member that a statement of IAM has")
		case depth == 1 && string(m.value) == string(anyone):
			m.value = json.RawMessage(`{"*":["*"]}`)
		default:
			m.value, err = longForm(m.value, depth)
		}
		if err == nil {
			long = append(long, m)
		} else if first == nil {
			first = within(m.name, err)
		}
	}
	type plain Statement
	_ = json.Unmarshal(long.encode(), (*plain)(&s)) // each member has been checked
	return s, first
}

// shortForm writes a member of a statement as IAM does: a list of one as its element, and
// nothing as null.
func shortForm(data json.RawMessage, depth int) json.RawMessage {
	switch {
	case depth < 0:
		return data
	case depth > 0:
		o, _ := parseObject(data)
		for i, m := range o {
			o[i].value = shortForm(m.value, depth-1)
		}
		return o.encode()
	}
	elements := elementsOf(data)
	switch {
	case string(data) == "null":
		return json.RawMessage("[]")
	case len(elements) == 1:
		return elements[0]
	}
	return data
}

// longForm is the inverse of shortForm, for what IAM accepts: numbers and booleans in
// conditions, too.
func longForm(data json.RawMessage, depth int) (json.RawMessage, error) {
	switch {
	case depth < 0:
		return data, json.Unmarshal(data, new(string))
	case depth > 0:
		o, err := parseObject(data)
		for i, m := range o {
			if o[i].value, err = longForm(m.value, depth-1); err != nil {
				return nil, within(m.name, err)
			}
		}
		return o.encode(), err
	}
	elements := elementsOf(data)
	for i, element := range elements {
		switch element[0] {
		case '"':
		case '{', '[', 'n': // an object, a list, null
			return nil, wrong("", string(element), "want a string, or a list of strings")
		default:
			elements[i], _ = encode(string(element))
		}
	}
	return encode(elements)
}

// elementsOf returns the elements of a list, or a value that stands for a list of one.
func elementsOf(data json.RawMessage) (elements []json.RawMessage) {
	if data[0] != '[' {
		return []json.RawMessage{data}
	}
	_ = json.Unmarshal(data, &elements) // it has been read
	return elements
}
