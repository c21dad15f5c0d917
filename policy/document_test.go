package policy_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/policy"
)

func TestDocument_IsWrittenAndReadAsIAMDoes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		document policy.Document
		want     string
	}{
		{
			"a list of one is its value",
			policy.Document{Version: "2012-10-17", Statement: []policy.Statement{{
				Sid: "A", Effect: "Allow", Principal: map[string][]string{"Service": {"delivery.logs.amazonaws.com"}},
				Action: []string{"s3:PutObject"}, Resource: []string{"arn:aws:s3:::b/*"},
				Condition: map[string]map[string][]string{"StringEquals": {"aws:SourceAccount": {accountID}}},
			}}},
			`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Principal":{"Service":"delivery.logs.amazonaws.com"},` +
				`"Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}`,
		},
		{
			"a list of two is a list, and keys are sorted",
			policy.Document{Version: "2012-10-17", Statement: []policy.Statement{{
				Effect: "Deny", Principal: map[string][]string{"Service": {"b"}, "AWS": {"1", "2"}}, Action: []string{"a", "b"}, Resource: []string{"*"},
				Condition: map[string]map[string][]string{"StringLike": {"k": {"v"}}, "ArnLike": {"z": {"1", "2"}, "a": {}}},
			}}},
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":["1","2"],"Service":"b"},"Action":["a","b"],"Resource":"*",` +
				`"Condition":{"ArnLike":{"a":[],"z":["1","2"]},"StringLike":{"k":"v"}}}]}`,
		},
		{
			"the principal * stands alone",
			policy.Document{Statement: []policy.Statement{{Effect: "Deny", Principal: map[string][]string{"*": {"*"}}, Action: []string{"s3:*"}}}},
			`{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*"}]}`,
		},
		{
			"the principal * of a kind does not",
			policy.Document{Statement: []policy.Statement{{Effect: "Deny", Principal: map[string][]string{"AWS": {"*"}}, Action: []string{"s3:*"}}}},
			`{"Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"s3:*"}]}`,
		},
		{
			"an asterisk is a principal only where principals are",
			policy.Document{Statement: []policy.Statement{{Effect: "Deny", Action: []string{"a"}, Condition: map[string]map[string][]string{"*": {"*": {"*"}}}}}},
			`{"Statement":[{"Effect":"Deny","Action":"a","Condition":{"*":{"*":"*"}}}]}`,
		},
		{
			"all but what is named",
			policy.Document{Statement: []policy.Statement{{
				Effect: "Deny", NotPrincipal: map[string][]string{"AWS": {"1"}}, NotAction: []string{"a", "b"}, NotResource: []string{"c"},
			}}},
			`{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"1"},"NotAction":["a","b"],"NotResource":"c"}]}`,
		},
		{"no statements are a list without any", policy.Document{Version: "2012-10-17", Statement: []policy.Statement{}}, `{"Version":"2012-10-17","Statement":[]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(test.document)
			require.NoError(t, err)
			assert.Equal(t, test.want, string(text))
			var read policy.Document
			require.NoError(t, json.Unmarshal(text, &read))
			assert.Equal(t, test.document, read)
		})
	}
}

func TestDocument_WithoutStatementsIsNoNull(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(policy.Document{})
	require.NoError(t, err)
	assert.Equal(t, `{"Statement":[]}`, string(text))
}

func TestDocument_ReadsWhatIAMTakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		want       policy.Statement
	}{
		{
			"one statement without a list, and an Id", `{"Id": "x", "Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*"}}`,
			policy.Statement{Effect: "Allow", Action: []string{"a:b"}, Resource: []string{"*"}},
		},
		{
			"conditions that are not strings", `{"Statement": [{"Effect": "Allow", "Action": "a:b", "Condition": {"Bool": {"aws:SecureTransport": false}, "NumericLessThan": {"s3:max-keys": [1, 2.50]}}}]}`,
			policy.Statement{Effect: "Allow", Action: []string{"a:b"}, Condition: map[string]map[string][]string{
				"Bool": {"aws:SecureTransport": {"false"}}, "NumericLessThan": {"s3:max-keys": {"1", "2.50"}},
			}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var read policy.Document
			require.NoError(t, json.Unmarshal([]byte(test.text), &read))
			assert.Equal(t, []policy.Statement{test.want}, read.Statement)
		})
	}
}

func TestDocument_DoesNotReadWhatItCannotHold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"a member that it does not have", `{"Statement": [], "Comment": "x"}`, "Comment: want one of Version, Id, Statement"},
		{"a member that a statement does not have", `{"Statement": [{"Effect": "Allow", "Action": "a:b", "Later": 1}]}`, "Statement[0].Later: want a member that a statement of IAM has"},
		{"an action that is an object", `{"Statement": [{"Effect": "Allow", "Action": {}}]}`, `Statement[0].Action "{}": want a string, or a list of strings`},
		{"a resource that is null", `{"Statement": [{"Effect": "Allow", "Action": "a", "Resource": [null]}]}`, `Statement[0].Resource "null": want a string`},
		{"a principal that is a name", `{"Statement": [{"Effect": "Allow", "Action": "a", "Principal": "me"}]}`, `Statement[0].Principal "\"me\"": want an object`},
		{"a principal that is an object", `{"Statement": [{"Effect": "Allow", "Action": "a", "Principal": {"AWS": {}}}]}`, `Statement[0].Principal.AWS "{}": want a string`},
		{"conditions that are a list", `{"Statement": [{"Effect": "Allow", "Action": "a", "Condition": []}]}`, `Statement[0].Condition "[]": want an object`},
		{"conditions that are an asterisk", `{"Statement": [{"Effect": "Allow", "Action": "a", "Condition": "*"}]}`, `Statement[0].Condition "\"*\"": want an object`},
		{"condition keys that are a list", `{"Statement": [{"Effect": "Allow", "Action": "a", "Condition": {"Bool": []}}]}`, `Statement[0].Condition.Bool "[]": want an object`},
		{"a member that is there twice", `{"Statement": [{"Effect": "Allow", "Effect": "Deny", "Action": "a"}]}`, "Statement[0].Effect: want each member once"},
		{"a Sid that is a number", `{"Statement": [{"Sid": 1, "Effect": "Allow", "Action": "a"}]}`, `Statement[0].Sid "1": want a string`},
		{"a list", `[]`, `policy "[]": want an object`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			before := policy.Document{Version: "2012-10-17"}
			read := before
			err := json.Unmarshal([]byte(test.text), &read)
			require.ErrorContains(t, err, test.want)
			var field *flowlogs.FieldError
			require.ErrorAs(t, err, &field)
			assert.Equal(t, before, read)
		})
	}
}

func TestStatement_ReadsNoDocument(t *testing.T) {
	t.Parallel()
	var s policy.Statement
	require.Error(t, s.UnmarshalJSON([]byte(`{"Sid": `)))
	require.Error(t, s.UnmarshalJSON([]byte(`{"Sid`)))
	require.ErrorContains(t, json.Unmarshal([]byte(`{"Sid": []}`), &s), "Sid: want another kind of value")
}
