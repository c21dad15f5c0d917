package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxBucketPolicy is 20 KB.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html
const maxBucketPolicy = 20 * 1024

// Merge returns the existing policy with the statements of d in it. If existing is
// nil, there is no policy yet. If it is empty and not nil, that is an error, because a
// command that failed has no output.
//
// For each statement of d, Merge looks for the Sid in the existing policy. It finds:
//
//   - No such Sid: the statement is appended.
//   - A statement that covers d's: it is kept, even if it allows more. To tighten a
//     policy, remove the statement first.
//   - A statement that d's covers: it is replaced with d's.
//   - A statement of the same effect, principals, actions and condition keys, such
//     as the one for another account, Region or folder: the resources and values
//     that it lacks are added to it.
//   - A statement of the same effect, principals and actions with other condition
//     keys, such as one from older documentation for another folder: d's is appended
//     with a number after its Sid, as AWS numbers its own.
//   - Any other statement: the Sid is in use, which is an error.
//
// Actions are the same if one statement has all of the other's.
//
// Every statement applies to at least the calls that it applied to before. Merging
// twice has the same result as merging once. Everything else is kept: the order of
// statements and members, members that this package does not know, numbers, escapes in
// strings. White space is not: the result is indented by four spaces, or has none if a
// bucket's policy would otherwise be too long.
//
// A statement of d without a Sid is appended unless an existing one without a Sid
// covers it.
//
// The error wraps a *[flowlogs.FieldError] that names the place. It is an error if
// existing is not a policy. If d is the policy of a bucket and the merge would change
// existing, it is also an error:
//
//   - if a statement has NotAction or NotPrincipal: AWS then fails to add to the
//     policy, and such a statement can deny what d allows.
//     https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html
//   - if it would be longer than the 20 KB that S3 takes. Whether S3 counts white
//     space is not documented; it is not counted here.
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
		var err error
		if existing, err = encode(Document{Version: d.Version}); err != nil {
			return nil, err
		}
	}
	t, err := parse(existing)
	if err != nil {
		return nil, err
	}
	changed := false
	for _, s := range d.Statement {
		did, err := t.put(s)
		if err != nil {
			return nil, err
		}
		changed = changed || did
	}

	compact := t.compact()
	var indented bytes.Buffer
	if err := json.Indent(&indented, compact, "", "    "); err != nil {
		return nil, err
	}
	if !d.forBucket() {
		return indented.Bytes(), nil
	}
	if changed {
		if err := t.checkBucket(len(compact)); err != nil {
			return nil, err
		}
	}
	if indented.Len() > maxBucketPolicy {
		return compact, nil
	}
	return indented.Bytes(), nil
}

// forBucket reports whether d is the policy of a bucket.
func (d *Document) forBucket() bool {
	return slices.ContainsFunc(d.Statement, func(s Statement) bool {
		return len(s.Principal) > 0 && slices.ContainsFunc(s.Action, func(action string) bool {
			return len(action) >= 3 && strings.EqualFold(action[:3], "s3:")
		})
	})
}

// put puts s into the policy, and reports whether that changed it.
func (t *text) put(s Statement) (changed bool, err error) {
	written, err := encode(s)
	if err != nil {
		return false, err
	}
	// As it will be read: strings that are not UTF-8 are mended by now.
	if err := s.UnmarshalJSON(written); err != nil {
		return false, err
	}
	sid := s.Sid
	for n := 1; ; n++ {
		place, result, err := t.place(s)
		if err != nil {
			return false, err
		}
		switch result {
		case there:
			return false, nil
		case other: // AWS numbers its own in the same way
			s.Sid = sid + strconv.Itoa(n)
			continue
		case absent:
			t.statements = append(t.statements, nil)
			t.single = false
		}
		if written, err = encode(s); err != nil {
			return false, err
		}
		if result == joint {
			written = extend(t.statements[place], written)
		}
		t.statements[place] = written
		return true, nil
	}
}

// match is what is found where a statement is to be put.
type match int

const (
	absent match = iota // nothing: place is the end
	there               // a statement that covers it
	narrow              // a statement that it covers
	joint               // a statement that both can be one with
	other               // a statement for the same calls under other conditions
)

// place finds the statement with the Sid of s. The error is that something else
// has it.
func (t *text) place(s Statement) (place int, result match, err error) {
	place = len(t.statements)
	for i, raw := range t.statements {
		if sidOf(raw) != s.Sid {
			continue
		}
		var have Statement
		switch err := have.UnmarshalJSON(raw); {
		case err == nil && have.covers(s):
			return i, there, nil
		case s.Sid == "":
		case err != nil || !have.related(s):
			return i, other, wrong("Statement["+strconv.Itoa(i)+"].Sid", s.Sid,
				"is in use for something else: want a statement of the same effect, principals and actions; give this one another Sid")
		case s.covers(have):
			place, result = i, narrow
		case have.joins(s):
			place, result = i, joint
		default:
			place, result = i, other
		}
	}
	return place, result, nil
}

func sidOf(statement json.RawMessage) string {
	members, _ := parseObject(statement) // checkStatement has read it
	var sid string
	if v := valueOf(members, "Sid"); v != nil {
		_ = json.Unmarshal(v, &sid)
	}
	return sid
}

// extend adds what existing lacks of wanted, and keeps the rest as it is written:
// members of objects, whose names IAM compares without case, and strings of lists.
func extend(existing, wanted json.RawMessage) json.RawMessage {
	if wanted[0] == '{' {
		members, _ := parseObject(existing) // both have been read as statements
		additions, _ := parseObject(wanted)
		for _, a := range additions {
			i := slices.IndexFunc(members, func(m member) bool { return strings.EqualFold(m.name, a.name) })
			members[i].value = extend(members[i].value, a.value)
		}
		return object(members)
	}
	var have, want values
	_ = have.UnmarshalJSON(existing)
	_ = want.UnmarshalJSON(wanted)
	before := len(have)
	for _, s := range want {
		if !slices.Contains(have, s) {
			have = append(have, s)
		}
	}
	if len(have) == before {
		return existing
	}
	joined, _ := have.MarshalJSON() // strings can always be written
	return joined
}

// checkBucket checks what holds for the policy of a bucket alone.
func (t *text) checkBucket(size int) error {
	for i, s := range t.statements {
		members, _ := parseObject(s)
		for _, name := range []string{"NotAction", "NotPrincipal"} {
			if v := valueOf(members, name); v != nil {
				return wrong("Statement["+strconv.Itoa(i)+"]."+name, unquoted(v),
					"want a bucket policy without it: AWS fails to add log delivery beside it, and it can deny log delivery; say the same with "+
						strings.TrimPrefix(name, "Not")+" and Condition")
			}
		}
	}
	if size > maxBucketPolicy {
		return wrong("policy", strconv.Itoa(size)+" bytes",
			"want at most "+strconv.Itoa(maxBucketPolicy)+" bytes, the limit of a bucket's policy")
	}
	return nil
}
