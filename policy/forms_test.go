package policy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/policy"
)

// form is a policy of a form that public repositories and AWS's pages have.
type form struct {
	Name     string
	Document string // of Policies, to merge into it
	Existing json.RawMessage
	Sids     []string // after the merge
	Changed  []string // the Sids of the statements that were joined
	Blocking []string // the Sids
}

func forms(t testing.TB) []form {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "forms.json"))
	require.NoError(t, err)
	var list []form
	require.NoError(t, json.Unmarshal(text, &list))
	return list
}

// documentFor returns the document to merge into a form.
func documentFor(t testing.TB, name string) *policy.Document {
	t.Helper()
	var destination flowlogs.Destination = toBucket
	if name == "RoleTrust" {
		destination = toLogGroup
	}
	policies, err := policy.For(request(destination), account, withKey)
	require.NoError(t, err)
	for _, d := range named(policies) {
		if d.name == name {
			return d.document
		}
	}
	t.Fatalf("no document %s", name)
	return nil
}

func TestMerge_KeepsEveryFormOfRealPolicies(t *testing.T) {
	t.Parallel()
	for _, form := range forms(t) {
		t.Run(form.Name, func(t *testing.T) {
			t.Parallel()
			merged := merge(t, documentFor(t, form.Document), string(form.Existing))
			rest, before := raw(t, form.Existing)
			mergedRest, after := raw(t, []byte(merged))
			assert.Equal(t, rest, mergedRest)
			var sids, changed []string
			for i, s := range after {
				sids = append(sids, sid(s))
				if i < len(before) && s != before[i] {
					changed = append(changed, sid(s))
				}
			}
			assert.Equal(t, form.Sids, sids)
			assert.Equal(t, form.Changed, changed)
		})
	}
}

// The policies of two accounts and Regions are merged into each form, in turn.
func TestMerge_OfSeveralAccountsIsIdempotent(t *testing.T) {
	t.Parallel()
	for _, form := range forms(t) {
		t.Run(form.Name, func(t *testing.T) {
			t.Parallel()
			merged := form.Existing
			documents := []*policy.Document{
				bucketDocument(t, accountID, "us-east-1"), bucketDocument(t, otherID, "eu-west-1"), documentFor(t, "Key"), documentFor(t, "RoleTrust"),
				bucketDocument(t, accountID, "eu-west-1", func(o *policy.Options) { o.WithoutACL, o.OrganizationID = true, "o-a1b2c3d4e5" }),
			}
			for _, d := range documents {
				merged = json.RawMessage(merge(t, d, string(merged)))
			}
			for _, d := range documents {
				assert.Equal(t, string(merged), merge(t, d, string(merged)))
			}
		})
	}
}

func TestBlocking_FindsWhatStopsTheDelivery(t *testing.T) {
	t.Parallel()
	for _, form := range forms(t) {
		t.Run(form.Name, func(t *testing.T) {
			t.Parallel()
			d := documentFor(t, form.Document)
			blocking, err := d.Blocking(form.Existing)
			require.NoError(t, err)
			var sids []string
			for _, s := range blocking {
				sids = append(sids, s.Sid)
			}
			assert.Equal(t, form.Blocking, sids)

			merged, err := d.Merge(form.Existing)
			require.NoError(t, err)
			again, err := d.Blocking(merged)
			require.NoError(t, err)
			assert.Equal(t, blocking, again, "the merge changes nothing of it")
		})
	}
}

// A delivery to a bucket without ACLs has no header of an ACL.
func TestBlocking_KnowsTheACL(t *testing.T) {
	t.Parallel()
	const owner = `{"Statement": {"Sid": "Owner", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/*",
		"Condition": {"StringNotEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}}}`
	for _, withoutACL := range []bool{false, true} {
		d := bucketDocument(t, accountID, "us-east-1", func(o *policy.Options) { o.WithoutACL = withoutACL })
		blocking, err := d.Blocking([]byte(owner))
		require.NoError(t, err)
		assert.Equal(t, withoutACL, slices.ContainsFunc(blocking, func(s policy.Statement) bool { return s.Sid == "Owner" }))
	}
}

// A service sends a delivery itself, not on behalf of a caller.
func TestBlocking_KnowsThatAServiceDelivers(t *testing.T) {
	t.Parallel()
	d := bucketDocument(t, accountID, "us-east-1")
	for _, test := range []struct {
		key, value string
		want       int
	}{
		{"aws:ViaAWSService", "false", 1},
		{"aws:ViaAWSService", "true", 0},
		{"aws:PrincipalIsAWSService", "true", 1},
		{"aws:PrincipalIsAWSService", "false", 0},
	} {
		blocking, err := d.Blocking([]byte(`{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"` + test.key + `": "` + test.value + `"}}}}`))
		require.NoError(t, err)
		assert.Len(t, blocking, test.want, "%s %s", test.key, test.value)
	}
}

func TestBlocking_HasNothingToSayOfNoPolicy(t *testing.T) {
	t.Parallel()
	blocking, err := bucketDocument(t, accountID, "us-east-1").Blocking(nil)
	require.NoError(t, err)
	assert.Empty(t, blocking)
	denying := &policy.Document{Statement: []policy.Statement{{Effect: "Deny", Action: []string{"a"}}}}
	blocking, err = denying.Blocking([]byte(`{"Statement": {"Effect": "Deny", "Action": "a"}}`))
	require.NoError(t, err)
	assert.Empty(t, blocking, "it allows nothing")
	var none *policy.Document
	blocking, err = none.Blocking([]byte(`{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}}`))
	require.NoError(t, err)
	assert.Empty(t, blocking)
}

func TestBlocking_RejectsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	d := bucketDocument(t, accountID, "us-east-1")
	for _, test := range []struct{ existing, want string }{
		{``, `policy: blocking: policy: want a JSON document`},
		{`{"Statement": [{"Effect": "Allow", "Action": "a", "Later": 1}, {"Effect": "Deny", "Action": "a", "Later": 1}]}`, `policy: blocking: Statement[1].Later: want a member`},
	} {
		_, err := d.Blocking([]byte(test.existing))
		require.ErrorContains(t, err, test.want)
		var field *flowlogs.FieldError
		require.ErrorAs(t, err, &field)
	}
}
