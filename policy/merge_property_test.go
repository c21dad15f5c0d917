package policy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/go-flowlogs/flowlogs/policy"
)

// raw is a policy as it is written, the statements apart.
func raw(t require.TestingT, text []byte) (rest map[string]string, statements []string) {
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &members))
	var list []json.RawMessage
	if json.Unmarshal(members["Statement"], &list) != nil {
		list = []json.RawMessage{members["Statement"]}
	}
	for _, s := range list {
		statements = append(statements, compact(t, s))
	}
	delete(members, "Statement")
	rest = make(map[string]string)
	for name, value := range members {
		rest[name] = compact(t, value)
	}
	return rest, statements
}

func compact(t require.TestingT, text []byte) string {
	var b bytes.Buffer
	require.NoError(t, json.Compact(&b, text))
	return b.String()
}

func sid(statement string) string {
	var s struct{ Sid string }
	_ = json.Unmarshal([]byte(statement), &s) // other kinds are no policy
	return s.Sid
}

func FuzzMerge(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.json"))
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
	}
	for _, form := range forms(f) {
		f.Add([]byte(form.Existing))
		quoted, err := json.Marshal(map[string]string{"Policy": string(form.Existing)})
		require.NoError(f, err)
		f.Add(quoted)
	}
	documents := []*policy.Document{bucketDocument(f, accountID, "us-east-1"), bucketDocument(f, otherID, "eu-west-1")}
	for _, d := range documents {
		text, err := json.Marshal(d)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, existing []byte) {
		for _, d := range documents {
			merged, err := d.Merge(existing)
			if err != nil || existing == nil {
				assert.Empty(t, merged)
				continue
			}
			again, err := d.Merge(merged)
			require.NoError(t, err)
			require.Equal(t, string(merged), string(again), "merging twice is merging once")
			_, _ = d.Blocking(existing) // does not panic

			var members map[string]json.RawMessage
			if json.Unmarshal(existing, &members) != nil || members["Statement"] == nil {
				continue // what the AWS CLI prints around a policy
			}
			rest, before := raw(t, existing)
			mergedRest, after := raw(t, merged)
			require.Equal(t, rest, mergedRest)
			require.GreaterOrEqual(t, len(after), len(before))
			for i, s := range before {
				if !strings.HasPrefix(sid(s), "AWSLogDelivery") {
					require.Equal(t, s, after[i], "what was there stays")
				}
			}
		}
	})
}

// statementGenerator makes statements of so few words that many of them meet.
func statementGenerator() *rapid.Generator[policy.Statement] {
	some := func(words ...string) *rapid.Generator[[]string] {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(words), 1, 2, rapid.ID)
	}
	return rapid.Custom(func(t *rapid.T) policy.Statement {
		s := policy.Statement{
			Sid:       rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "Sid"),
			Effect:    rapid.SampledFrom([]string{"Allow", "Allow", "Allow", "Deny"}).Draw(t, "Effect"),
			Principal: map[string][]string{"Service": some("p", "q").Draw(t, "Principal")},
			Action:    some("s3:a", "s3:b", "S3:*").Draw(t, "Action"),
			Resource:  some("*", "a:b:c:d:e:1", "a:b:c:d:e:2", "a:b:c:d:e:?", "a:b:c:d:*:1").Draw(t, "Resource"),
		}
		for range rapid.IntRange(0, 2).Draw(t, "conditions") {
			if s.Condition == nil {
				s.Condition = make(map[string]map[string][]string)
			}
			s.Condition[rapid.SampledFrom([]string{"StringEquals", "StringLike", "ArnLike"}).Draw(t, "operator")] = map[string][]string{
				rapid.SampledFrom([]string{"k", "l"}).Draw(t, "key"): some("a:b:c:d:e:1", "a:b:c:d:e:2", "a:b:c:*:e:*", "*").Draw(t, "values"),
			}
		}
		return s
	})
}

// calls are all that can be made of the words.
func calls() []call {
	var list []call
	for _, principal := range []string{"Service p", "Service q"} {
		for _, action := range []string{"s3:a", "s3:b", "s3:c"} {
			for _, resource := range []string{"a:b:c:d:e:1", "a:b:c:d:e:2", "a:b:c:d:e:3", "a:b:c:d:x:1"} {
				for _, value := range []string{"a:b:c:d:e:1", "a:b:c:d:e:2", "a:b:c:x:e:3", "a:b"} {
					for _, other := range []string{"a:b:c:d:e:1", "a:b"} {
						list = append(list, call{principal: principal, action: action, resource: resource, context: map[string]string{"k": value, "l": other}})
					}
				}
			}
		}
	}
	return list
}

// An effect is looked at alone: with statements that deny, something is forbidden that was
// allowed, as it should be. What is joined may allow more than both statements, but only to
// the principals and for the actions of the document.
func TestMerge_TakesNothingAwayAndAddsWhatIsWanted(t *testing.T) {
	t.Parallel()
	all := calls()
	rapid.Check(t, func(rt *rapid.T) {
		existing := policy.Document{Version: "2012-10-17", Statement: rapid.SliceOfN(statementGenerator(), 0, 3).Draw(rt, "existing")}
		d := policy.Document{Version: "2012-10-17", Statement: rapid.SliceOfN(statementGenerator(), 1, 2).Draw(rt, "document")}
		text, err := json.Marshal(existing)
		require.NoError(rt, err)
		merged, err := d.Merge(text)
		require.NoError(rt, err)
		again, err := d.Merge(merged)
		require.NoError(rt, err)
		require.Equal(rt, string(merged), string(again), "merging twice is merging once")

		var result policy.Document
		require.NoError(rt, json.Unmarshal(merged, &result))
		for i, s := range existing.Statement {
			have := result.Statement[i]
			if s.Sid != "" { // these may be joined
				require.Subset(rt, have.Resource, s.Resource)
				s.Resource, s.Condition, have.Condition = have.Resource, nil, nil
			}
			require.Equal(rt, s, have)
		}
		for _, effect := range []string{"Allow", "Deny"} {
			before, wanted, after := only(effect, existing), only(effect, d), only(effect, result)
			for _, c := range all {
				if allows(t, &before, c) || allows(t, &wanted, c) {
					require.True(rt, allows(t, &after, c), "%s %+v", effect, c)
				} else if allows(t, &after, c) {
					require.True(rt, speaksOf(t, wanted, c), "%s %+v", effect, c)
				}
			}
		}
	})
}

// speaksOf reports whether a statement is for the principal and the action of a call.
func speaksOf(t *testing.T, d policy.Document, c call) bool {
	c.resource = ""
	d.Statement = slices.Clone(d.Statement)
	for i := range d.Statement {
		d.Statement[i].Condition = nil
	}
	return allows(t, &d, c)
}

// only is the statements of an effect, as if they allowed.
func only(effect string, d policy.Document) policy.Document {
	var statements []policy.Statement
	for _, s := range d.Statement {
		if s.Effect == effect {
			s.Effect = "Allow"
			statements = append(statements, s)
		}
	}
	return policy.Document{Statement: statements}
}
