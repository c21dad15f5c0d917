package policy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-flowlogs/flowlogs/internal/rules"
)

// maxBucketPolicy is 20 KB, which "appears to apply to the JSON policy passed to
// put_bucket_policy, after removing unnecessary whitespace". S3 normalizes a policy in
// other ways, too, so it may count a little more or less.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html
// https://github.com/MIT-LCP/physionet-build/issues/2094
// https://github.com/FogSecurity/aws-size/issues/8
const maxBucketPolicy = 20480

// Merge returns the existing policy with the statements of d in it. The existing policy
// is a document, or what the AWS CLI prints around one, such as the output of
// get-bucket-policy. If existing is nil, there is no policy yet. If it is empty and not nil,
// that is an error, because a command that failed has no output.
//
// For each statement of d, Merge looks at those with its Sid, or with its Sid and a
// number, as AWS numbers its own:
//
//   - If one allows all that d's allows, nothing changes. It may allow more: have other
//     principals too, names that end in * for actions and resources, and fewer conditions.
//     To tighten a policy, remove the statement first.
//   - If one differs only in its resources and the values of its conditions, such as the
//     statement for another account, Region or folder, it gets those of d's as well.
//   - Otherwise d's is appended, with a number after its Sid if the Sid is taken.
//
// A statement of d without a Sid is appended unless one without a Sid allows the same.
//
// Merging twice has the same result as merging once. Everything else is kept: the order
// of statements and members, members that this package does not know, numbers, escapes in
// strings, and statements that deny what d allows: see [Document.Blocking]. White space is
// not: the result is indented by four spaces, or has none if a bucket's policy would
// otherwise be longer than 20,480 bytes.
//
// The error wraps a *[flowlogs.FieldError] that names the place: existing is not a policy,
// or the policy of a bucket would get longer than the 20,480 bytes that S3 takes, white
// space not counted.
func (d *Document) Merge(existing []byte) ([]byte, error) {
	merged, err := d.merge(existing)
	if err != nil {
		return nil, fmt.Errorf("policy: merge: %w", err)
	}
	return merged, nil
}

func (d *Document) merge(existing []byte) ([]byte, error) {
	if d == nil {
		d = &Document{Version: version}
	}
	if existing == nil {
		existing, _ = encode(Document{Version: d.Version}) // it can always be written
	}
	t, err := parse(existing)
	if err != nil {
		return nil, err
	}
	changed := false
	for i, s := range d.Statement {
		raw, _ := encode(s)
		wanted, err := parseStatement(raw) // strings that are not UTF-8 are mended by now
		if err := cmp.Or(err, wanted.err); err != nil {
			return nil, within(rules.Element("Document.Statement", i), err)
		}
		if t.put(wanted) {
			changed = true
		}
	}
	if changed {
		i := slices.IndexFunc(t.members, func(m member) bool { return m.name == "Statement" })
		t.members[i].value, _ = encode(t.statements)
	}

	compact, _ := encode(t.members.encode())
	var indented bytes.Buffer
	_ = json.Indent(&indented, compact, "", "    ")
	switch {
	case !d.forBucket() || indented.Len() <= maxBucketPolicy:
		return indented.Bytes(), nil
	case changed && len(compact) > maxBucketPolicy:
		return nil, wrong("policy", strconv.Itoa(len(compact))+" bytes",
			"want at most "+strconv.Itoa(maxBucketPolicy)+" bytes, the limit of a bucket's policy")
	}
	return compact, nil
}

// forBucket reports whether d is the policy of a bucket.
func (d *Document) forBucket() bool {
	return slices.ContainsFunc(d.Statement, func(s Statement) bool {
		return len(s.Principal) > 0 && strings.HasPrefix(strings.ToLower(strings.Join(s.Action, " ")), "s3:")
	})
}

// put puts wanted into the policy, and reports whether that changed it.
func (t *text) put(wanted written) (changed bool) {
	s, taken, joint := wanted.statement, make(map[string]bool), -1
	for i, have := range t.statements {
		taken[have.statement.Sid] = true
		if !isNumbered(have.statement.Sid, s.Sid) || have.err != nil {
			continue // another statement, or with a member that Statement does not have
		}
		includes, joins := have.statement.compare(s)
		if includes {
			return false
		}
		if joint < 0 && s.Sid != "" && joins {
			joint = i
		}
	}
	if joint >= 0 {
		additions, _ := encode(Statement{Resource: s.Resource, Condition: s.Condition})
		t.statements[joint], _ = parseStatement(extend(t.statements[joint].raw, additions))
		return true
	}
	for n := 1; s.Sid != "" && taken[s.Sid]; n++ {
		s.Sid = wanted.statement.Sid + strconv.Itoa(n)
	}
	raw, _ := encode(s)
	t.statements = append(t.statements, written{raw: raw, statement: s})
	return true
}

// isNumbered reports whether sid is base, or base and a number.
func isNumbered(sid, base string) bool {
	number, ok := strings.CutPrefix(sid, base)
	return ok && (base != "" || sid == "") && strings.Trim(number, "0123456789") == ""
}

// lists returns the lists of a statement, by member or by operator and condition key.
// Names of actions and condition keys are not case-sensitive.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
func (s Statement) lists() map[[2]string][]string {
	all := map[[2]string][]string{
		{"Effect"}:       {s.Effect},
		{"Principal"}:    principals(s.Principal),
		{"NotPrincipal"}: principals(s.NotPrincipal),
		{"Action"}:       lower(s.Action),
		{"NotAction"}:    lower(s.NotAction),
		{"Resource"}:     s.Resource,
		{"NotResource"}:  s.NotResource,
	}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			all[[2]string{operator, strings.ToLower(key)}] = values
		}
	}
	return all
}

// matchers has the lists in which more elements match more calls, and how an element
// matches. ArnEquals and ArnLike behave identically.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
var matchers = map[string]func(pattern, s string) bool{
	"Principal":    equal,
	"Action":       under,
	"Resource":     func(pattern, s string) bool { return pattern == "*" || underARN(pattern, s) },
	"StringEquals": equal,
	"StringLike":   under,
	"ArnEquals":    underARN,
	"ArnLike":      underARN,
}

// compare reports whether s includes other, which means that it applies to every call that
// other applies to, and whether one statement can have the resources and values of both.
// Lists are compared as text, so it may miss that s includes other.
func (s Statement) compare(other Statement) (includes, joins bool) {
	have, want := s.lists(), other.lists()
	includes, joins = true, len(have) == len(want)
	for name, list := range have {
		wanted, ok := want[name]
		if !ok || (len(list) == 0) != (len(wanted) == 0) {
			return false, false
		}
		same, match := covers(list, wanted, equal) && covers(wanted, list, equal), matchers[name[0]]
		includes = includes && (same || match != nil && covers(list, wanted, match))
		joins = joins && (same || match != nil && name[0] != "Principal" && name[0] != "Action")
	}
	return includes, joins
}

// covers reports whether each of list is matched by one of patterns.
func covers(patterns, list []string, match func(pattern, s string) bool) bool {
	return !slices.ContainsFunc(list, func(s string) bool {
		return !slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, s) })
	})
}

func equal(a, b string) bool { return a == b }

// under reports whether s is the pattern, or begins like a pattern that ends in *.
func under(pattern, s string) bool {
	prefix, ok := strings.CutSuffix(pattern, "*")
	return pattern == s || ok && strings.HasPrefix(s, prefix)
}

// underARN is under for ARNs. Only in the last of the six parts may a * stand for all that
// follows, because IAM compares the parts separately.
func underARN(pattern, s string) bool {
	return pattern == s || strings.Count(pattern, ":") >= 5 && under(pattern, s)
}

func lower(list []string) []string {
	list = slices.Clone(list)
	for i, s := range list {
		list[i] = strings.ToLower(s)
	}
	return list
}

// principals returns principals with their kind, and "*" for everyone.
func principals(byKind map[string][]string) []string {
	var list []string
	for kind, names := range byKind {
		for _, name := range names {
			if name != "*" {
				name = kind + " " + name
			}
			list = append(list, name)
		}
	}
	return list
}

// extend adds the strings of wanted to the lists of the same names in existing, and keeps
// the rest as it is written. Both have been read as statements.
func extend(existing, wanted json.RawMessage) json.RawMessage {
	if wanted[0] == '{' {
		have, _ := parseObject(existing)
		additions, _ := parseObject(wanted)
		for _, a := range additions {
			for i, m := range have {
				if strings.EqualFold(m.name, a.name) {
					have[i].value = extend(m.value, a.value)
				}
			}
		}
		return have.encode()
	}
	elements := elementsOf(existing)
	have, list := stringsOf(existing), stringsOf(wanted)
	if covers(have, list, equal) {
		return existing
	}
	for _, s := range list {
		if !slices.Contains(have, s) {
			raw, _ := encode(s)
			have, elements = append(have, s), append(elements, raw)
		}
	}
	joined, _ := encode(elements)
	return joined
}

// stringsOf returns a value, or the elements of a list.
func stringsOf(data json.RawMessage) (list []string) {
	long, _ := longForm(data, 0)
	_ = json.Unmarshal(long, &list)
	return list
}
