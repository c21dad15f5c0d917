package policy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/policy"
)

// bucketDocument is the policy of a bucket for a caller.
func bucketDocument(t testing.TB, id, region string, optFns ...func(*policy.Options)) *policy.Document {
	t.Helper()
	policies, err := policy.For(request(toBucket), policy.Account{ID: id, Region: region}, optFns...)
	require.NoError(t, err)
	return policies.Bucket
}

func merge(t *testing.T, d *policy.Document, existing string) string {
	t.Helper()
	merged, err := d.Merge([]byte(existing))
	require.NoError(t, err)
	again, err := d.Merge(merged)
	require.NoError(t, err)
	require.Equal(t, string(merged), string(again), "merging twice is merging once")
	return string(merged)
}

func read(t *testing.T, text string) policy.Document {
	t.Helper()
	var d policy.Document
	require.NoError(t, json.Unmarshal([]byte(text), &d), text)
	return d
}

func indented(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "    ")
	require.NoError(t, err)
	return string(text)
}

// The files have what buckets have: statements of other services, of older AWS
// documentation, of AWS itself.
func TestMerge_KeepsWhatBucketsHave(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "buckets", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			existing, err := os.ReadFile(file)
			require.NoError(t, err)
			d := bucketDocument(t, accountID, "us-east-1")
			merged := merge(t, d, string(existing))
			golden(t, "merged-"+filepath.Base(file), []byte(merged))

			var result struct{ Statement []json.RawMessage }
			require.NoError(t, json.Unmarshal([]byte(merged), &result))
			var ours policy.Document // the others have operators that allows does not know
			for _, raw := range result.Statement {
				if strings.Contains(string(raw), "AWSLogDelivery") {
					ours.Statement = append(ours.Statement, policy.Statement{})
					require.NoError(t, json.Unmarshal(raw, &ours.Statement[len(ours.Statement)-1]))
				}
			}
			for _, c := range write(accountID, accountID, "bucket-owner-full-control") {
				assert.True(t, allows(t, &ours, c), "%+v", c)
			}
		})
	}
}

func TestMerge_WritesTheDocumentWhereThereIsNoPolicy(t *testing.T) {
	t.Parallel()
	d := bucketDocument(t, accountID, "us-east-1")
	merged, err := d.Merge(nil)
	require.NoError(t, err)
	assert.Equal(t, indented(t, d), string(merged))

	var none *policy.Document
	merged, err = none.Merge(merged)
	require.NoError(t, err)
	assert.Equal(t, indented(t, d), string(merged), "nothing merges as nothing")
	merged, err = none.Merge(nil)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": []}`, string(merged))
}

func TestMerge_KeepsAllElseAsItWas(t *testing.T) {
	t.Parallel()
	d := &policy.Document{Version: "2012-10-17", Statement: []policy.Statement{{
		Sid: "B", Effect: "Allow", Action: []string{"ec2:CreateFlowLogs"}, Resource: []string{"*"},
	}}}
	assert.Equal(t, `{
    "Unknown": {
        "z": 1.50e3,
        "a": 12345678901234567890
    },
    "Statement": [
        {
            "Resource": "a\u002fb<>",
            "Action": [
                "x:y"
            ],
            "Sid": "A",
            "Effect": "Deny",
            "Later": null
        },
        {
            "Sid": "B",
            "Effect": "Allow",
            "Action": "ec2:CreateFlowLogs",
            "Resource": "*"
        }
    ],
    "Id": "I",
    "Version": "2008-10-17"
}`, merge(t, d, `{"Unknown":{"z":1.50e3,"a":12345678901234567890},"Statement":{"Resource":"a\u002fb<>","Action":["x:y"],"Sid":"A","Effect":"Deny","Later":null},
		"Id":"I","Version":"2008-10-17"}`))
}

func TestMerge_FindsAStatementByItsSid(t *testing.T) {
	t.Parallel()
	const before, after = `{"Statement":[{"Effect":"Allow","Action":"a:a","Resource":"*"},`, `,{"Sid":"Z","Effect":"Allow","Action":"z:z","Resource":"*"}]}`
	wrap := func(statement string) string { return before + statement + after }
	for _, test := range []struct{ name, have, put, want string }{
		{
			"the same is kept",
			`{"Effect":"Allow","Resource":["r"],"Sid":"S","Action":["b","a"]}`,
			`{"Sid":"S","Effect":"Allow","Action":["a","b"],"Resource":"r"}`,
			`{"Effect":"Allow","Resource":["r"],"Sid":"S","Action":["b","a"]}`,
		},
		{
			"what allows more is kept",
			`{"Sid":"S","Effect":"Allow","Action":"EC2:Create*","Resource":"*"}`,
			`{"Sid":"S","Effect":"Allow","Action":"ec2:CreateFlowLogs","Resource":"arn:aws:ec2:us-east-1:123456789012:vpc/*"}`,
			`{"Sid":"S","Effect":"Allow","Action":"EC2:Create*","Resource":"*"}`,
		},
		{
			"what has fewer conditions is kept",
			`{"Sid":"S","Effect":"Allow","Action":"a","Resource":"r"}`,
			`{"Sid":"S","Effect":"Allow","Action":"a","Resource":"r","Condition":{"StringEquals":{"k":"v"}}}`,
			`{"Sid":"S","Effect":"Allow","Action":"a","Resource":"r"}`,
		},
		{
			"what has other values gets these as well, and keeps its order",
			`{"Sid":"S","Effect":"Allow","Resource":"r1","Action":"a","Condition":{"StringEquals":{"AWS:k":"v1"},"ArnLike":{"l":["a:1","a:2"]}}}`,
			`{"Sid":"S","Effect":"Allow","Action":"a","Resource":"r2","Condition":{"ArnLike":{"l":["a:2","a:3"]},"StringEquals":{"aws:k":"v2"}}}`,
			`{"Sid":"S","Effect":"Allow","Resource":["r1","r2"],"Action":"a","Condition":{"StringEquals":{"AWS:k":["v1","v2"]},"ArnLike":{"l":["a:1","a:2","a:3"]}}}`,
		},
		{
			"an asterisk is no wildcard in a value that must be equal",
			`{"Sid":"S","Effect":"Allow","Action":"a","Condition":{"StringEquals":{"k":"v*"}}}`,
			`{"Sid":"S","Effect":"Allow","Action":"a","Condition":{"StringEquals":{"k":"v1"}}}`,
			`{"Sid":"S","Effect":"Allow","Action":"a","Condition":{"StringEquals":{"k":["v*","v1"]}}}`,
		},
		{
			"an asterisk alone is no pattern of an ARN",
			`{"Sid":"S","Effect":"Allow","Action":"a","Condition":{"ArnLike":{"k":"*"}}}`,
			`{"Sid":"S","Effect":"Allow","Action":"a","Condition":{"ArnLike":{"k":"arn:aws:ec2:us-east-1:123456789012:vpc/*"}}}`,
			`{"Sid":"S","Effect":"Allow","Action":"a","Condition":{"ArnLike":{"k":["*","arn:aws:ec2:us-east-1:123456789012:vpc/*"]}}}`,
		},
		{
			"what has a number and a part of the resources gets the others",
			`{"Sid":"S1","Effect":"Allow","Action":"a","Resource":["r1","r2"]}`,
			`{"Sid":"S","Effect":"Allow","Action":"A","Resource":["r2","r3","r3"]}`,
			`{"Sid":"S1","Effect":"Allow","Action":"a","Resource":["r1","r2","r3"]}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var s policy.Statement
			require.NoError(t, json.Unmarshal([]byte(test.put), &s))
			got := merge(t, &policy.Document{Statement: []policy.Statement{s}}, wrap(test.have))
			assert.Equal(t, indented(t, json.RawMessage(wrap(test.want))), got)
		})
	}
}

// As AWS does with its own.
func TestMerge_NumbersAStatementForOtherConditions(t *testing.T) {
	t.Parallel()
	const first = `{"Sid":"S","Effect":"Allow","Action":"a","Resource":"r1"}`
	const second = `{"Sid":"S1","Effect":"Allow","Action":"a","Resource":"r2","Condition":{"StringNotEquals":{"k":"v"}}}`
	d := &policy.Document{Statement: []policy.Statement{{
		Sid: "S", Effect: "Allow", Action: []string{"a"}, Resource: []string{"r2"},
		Condition: map[string]map[string][]string{"StringEquals": {"k": {"v"}}},
	}}}
	third := `{"Sid":"S2","Effect":"Allow","Action":"a","Resource":"r2","Condition":{"StringEquals":{"k":"v"}}}`
	merged := merge(t, d, `{"Statement":[`+second+`,`+first+`]}`)
	assert.Equal(t, indented(t, json.RawMessage(`{"Statement":[`+second+`,`+first+`,`+third+`]}`)), merged)
	assert.Equal(t, "S", d.Statement[0].Sid, "the document stays as it is")

	d.Statement[0].Resource = []string{"r3"}
	joint := strings.Replace(third, `"r2"`, `["r2","r3"]`, 1)
	assert.Equal(t, indented(t, json.RawMessage(`{"Statement":[`+second+`,`+first+`,`+joint+`]}`)), merge(t, d, merged))
}

func TestMerge_JoinsNothingThatWouldMeanAnother(t *testing.T) {
	t.Parallel()
	statement := func(conditions string) string {
		return `{"Sid":"S","Effect":"Allow","Action":"a","Resource":"*","Condition":{` + conditions + `}}`
	}
	for _, test := range []struct{ name, have, put string }{
		{"a condition that one has alone", `"StringEquals":{"k":"v","l":"v"}`, `"StringEquals":{"k":"w"}`},
		{"a condition that the other has alone", `"StringEquals":{"k":"v"}`, `"StringEquals":{"k":"w","l":"v"}`},
		{"an operator that one has alone", `"StringEquals":{"k":"v"},"StringLike":{"k":"v"}`, `"StringEquals":{"k":"w"}`},
		{"values that must all differ", `"StringNotEquals":{"k":"v"}`, `"StringNotEquals":{"k":"w"}`},
		{"values of which fewer must differ", `"StringNotEquals":{"k":["v","w"]}`, `"StringNotEquals":{"k":"v"}`},
		{"an operator that is not known", `"ForAllValues:StringEquals":{"k":"v"}`, `"ForAllValues:StringEquals":{"k":"w"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var s policy.Statement
			require.NoError(t, json.Unmarshal([]byte(statement(test.put)), &s))
			merged := read(t, merge(t, &policy.Document{Statement: []policy.Statement{s}}, `{"Statement":[`+statement(test.have)+`]}`))
			require.Len(t, merged.Statement, 2)
			s.Sid = "S1"
			assert.Equal(t, s, merged.Statement[1])
		})
	}
}

func TestMerge_ComparesTheEndOfAPattern(t *testing.T) {
	t.Parallel()
	statement := func(resource string) policy.Document {
		return policy.Document{Statement: []policy.Statement{{Sid: "S", Effect: "Allow", Action: []string{"a"}, Resource: []string{resource}}}}
	}
	for _, test := range []struct {
		have, put string
		want      []string
	}{
		{"*", "arn:aws:s3:::b/*", []string{"*"}},
		{"arn:aws:s3:::b/*", "arn:aws:s3:::b/*", []string{"arn:aws:s3:::b/*"}},
		{"arn:aws:s3:::b/*", "arn:aws:s3:::b/a/*", []string{"arn:aws:s3:::b/*"}},
		{"arn:aws:s3:::b/*", "arn:aws:s3:::b/?", []string{"arn:aws:s3:::b/*"}},
		{"arn:aws:s3:::b*", "arn:aws:s3:::b", []string{"arn:aws:s3:::b*"}},
		{"arn:aws:s3:::b/?", "arn:aws:s3:::b/a", []string{"arn:aws:s3:::b/?", "arn:aws:s3:::b/a"}},
		{"arn:aws:s3:::b/?", "arn:aws:s3:::b/*", []string{"arn:aws:s3:::b/?", "arn:aws:s3:::b/*"}},
		{"arn:aws:s3:::b/*c", "arn:aws:s3:::b/cc", []string{"arn:aws:s3:::b/*c", "arn:aws:s3:::b/cc"}},
		{"arn:*:s3:::b/a", "arn:aws:x:s3:::b/a", []string{"arn:*:s3:::b/a", "arn:aws:x:s3:::b/a"}},
		{"arn:aws:s3:::B*", "arn:aws:s3:::b/a", []string{"arn:aws:s3:::B*", "arn:aws:s3:::b/a"}},
		{"arn:*", "arn:aws:s3:::b", []string{"arn:*", "arn:aws:s3:::b"}},
	} {
		t.Run(test.have+" and "+test.put, func(t *testing.T) {
			t.Parallel()
			put := statement(test.put)
			assert.Equal(t, test.want, read(t, merge(t, &put, indented(t, statement(test.have)))).Statement[0].Resource)
		})
	}
}

func TestMerge_NumbersAStatementWhoseSidIsTaken(t *testing.T) {
	t.Parallel()
	const put = `{"Sid":"S","Effect":"Allow","Principal":{"Service":"p"},"Action":"a","Resource":"r","Condition":{"StringEquals":{"k":"v"}}}`
	for _, test := range []struct{ name, have string }{
		{"by another effect", strings.Replace(put, "Allow", "Deny", 1)},
		{"by another principal", strings.Replace(put, `{"Service":"p"}`, `{"AWS":"p"}`, 1)},
		{"by every principal", strings.Replace(put, `{"Service":"p"}`, `"*"`, 1)},
		{"by no principal", strings.Replace(put, `"Principal":{"Service":"p"},`, ``, 1)},
		{"by two principals, of other resources", strings.NewReplacer(`"p"`, `["p","q"]`, `"r"`, `"other"`).Replace(put)},
		{"by another action", strings.Replace(put, `"a"`, `"b"`, 1)},
		{"by more actions, of other resources", strings.NewReplacer(`"a"`, `["a","b"]`, `"r"`, `"other"`).Replace(put)},
		{"by another condition", strings.Replace(put, `"k":"v"`, `"k":"v","l":"v"`, 1)},
		{"by a condition that nothing meets", strings.Replace(put, `"k":"v"`, `"k":[]`, 1)},
		{"by a statement without resources", strings.Replace(put, `"Resource":"r",`, ``, 1)},
		{"by a statement on all other resources", strings.Replace(put, `"Resource"`, `"NotResource"`, 1)},
		{"by what a Statement cannot hold", strings.Replace(put, `"Resource"`, `"Later":1,"Resource"`, 1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var s policy.Statement
			require.NoError(t, json.Unmarshal([]byte(put), &s))
			merged := merge(t, &policy.Document{Statement: []policy.Statement{s}}, `{"Statement":[{"Effect":"Allow","Action":"z"},`+test.have+`]}`)
			_, statements := raw(t, []byte(merged))
			assert.Equal(t, []string{`{"Effect":"Allow","Action":"z"}`, test.have, strings.Replace(put, `"S"`, `"S1"`, 1)}, statements)
		})
	}
}

// The Sid is a label. Nobody's statement for a key gains actions.
func TestMerge_JoinsNoActions(t *testing.T) {
	t.Parallel()
	key := documentFor(t, "Key")
	have := `{"Sid":"Allow Logs Delivery to use the key","Effect":"Allow","Principal":{"Service":"delivery.logs.amazonaws.com"},"Action":"kms:Decrypt","Resource":"*",` +
		`"Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:logs:us-east-1:111122223333:*"}}}`
	_, statements := raw(t, []byte(merge(t, key, `{"Statement":`+have+`}`)))
	assert.Equal(t, have, statements[0])
	assert.Equal(t, "Allow Logs Delivery to use the key1", sid(statements[1]))
}

func TestMerge_TakesAStatementWithoutSidOnce(t *testing.T) {
	t.Parallel()
	d := &policy.Document{Statement: []policy.Statement{{Effect: "Allow", Action: []string{"a"}, Resource: []string{"r"}}}}
	merged := merge(t, d, `{"Statement":[{"Effect":"Allow","Action":"b","Resource":"r"}]}`)
	assert.Len(t, read(t, merged).Statement, 2)
	assert.Len(t, read(t, merge(t, d, `{"Statement":[{"Effect":"Allow","Action":["b","a"],"Resource":"r"}]}`)).Statement, 1)
	for _, other := range []string{`"Resource":"other"`, `"Sid":"1","Resource":"r"`} {
		_, statements := raw(t, []byte(merge(t, d, `{"Statement":[{"Effect":"Allow","Action":"a",`+other+`}]}`)))
		assert.Equal(t, []string{`{"Effect":"Allow","Action":"a",` + other + `}`, `{"Effect":"Allow","Action":"a","Resource":"r"}`}, statements)
	}
}

func TestMerge_RejectsWhatIsNoPolicy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, existing, want string }{
		{"nothing", "", `policy: want a JSON document`},
		{"white space", " \n", `want a JSON document`},
		{"another text", "An error occurred (NoSuchBucketPolicy) when calling the GetBucketPolicy operation", `policy: merge: policy "An error occurred (NoSuchBucketPolicy) when calling the GetBucketPolicy operation": want a JSON document`},
		{"two documents", `{"Statement":[]}{}`, `want a JSON document`},
		{"null", `null`, `policy "null": want an object`},
		{"a list", `[]`, `policy "[]": want an object`},
		{"no policy in what the AWS CLI prints", `{"Policy":"{}"}`, `Statement: required`},
		{"an empty one", `{"Policy":""}`, `policy "\"\"": want an object`},
		{"another output of the AWS CLI", `{"Policy":{"PolicyName":"p","Arn":"arn:aws:iam::aws:policy/p"}}`, `Statement: required`},
		{"a string that is no policy", `"None"`, `policy "None": want a JSON document`},
		{"UTF-16", "\xff\xfe{\x00}\x00", `policy: is UTF-16, which Windows PowerShell 5 writes: want UTF-8`},
		{"UTF-16 of the other order", "\xfe\xff\x00{\x00}", `policy: is UTF-16`},
		{"an empty object", `{}`, `Statement: required`},
		{"statements that are null", `{"Statement":null}`, `Statement[0] "null": want an object`},
		{"a statement that is a string", `{"Statement":["x"]}`, `Statement[0] "\"x\"": want an object`},
		{"a statement without effect", `{"Statement":[{"Action":"a"}]}`, `Statement[0].Effect: want "Allow" or "Deny"`},
		{"a statement of another effect", `{"Statement":{"Effect":"allow","Action":"a"}}`, `Statement[0].Effect "allow": want "Allow" or "Deny"`},
		{"a statement without action", `{"Statement":[{"Effect":"Allow"}]}`, `Statement[0].Action: required, or NotAction`},
		{"a Sid that is a number", `{"Statement":[{"Sid":1,"Effect":"Allow","Action":"a"}]}`, `Statement[0].Sid "1": want a string`},
		{"a member that is there twice", `{"Statement":[],"Statement":[]}`, `policy.Statement: want each member once`},
		{"another version", `{"Version":"2020-01-01","Statement":[]}`, `Version "2020-01-01": want "2012-10-17" or "2008-10-17"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			merged, err := bucketDocument(t, accountID, "us-east-1").Merge([]byte(test.existing))
			assert.Nil(t, merged)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// What the AWS CLI prints, by command.
func TestMerge_ReadsWhatTheAWSCLIPrints(t *testing.T) {
	t.Parallel()
	const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:b","Resource":"*"}]}`
	text, err := json.Marshal(document)
	require.NoError(t, err)
	quoted := string(text)
	d := documentFor(t, "Caller")
	want := merge(t, d, document)
	for _, test := range []struct{ name, existing string }{
		{"s3api get-bucket-policy", `{"Policy": ` + quoted + `}`},
		{"kms get-key-policy", `{"Policy": ` + quoted + `, "PolicyName": "default"}`},
		{"kms get-key-policy --query Policy", quoted},
		{"iam get-role-policy", `{"RoleName": "r", "PolicyName": "p", "PolicyDocument": ` + document + `}`},
		{"iam get-role", `{"Role": {"Path": "/", "RoleName": "r", "AssumeRolePolicyDocument": ` + document + `}}`},
		{"iam get-role --query Role", `{"RoleName": "r", "AssumeRolePolicyDocument": ` + document + `}`},
		{"iam get-policy-version", `{"PolicyVersion": {"VersionId": "v1", "IsDefaultVersion": true, "Document": ` + document + `}}`},
		{"a file with a byte order mark", "\ufeff" + document},
		{"an output with a byte order mark", "\ufeff{\"Policy\": " + quoted + "}\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, merge(t, d, test.existing))
			assert.Equal(t, read(t, document), read(t, strings.TrimPrefix(test.existing, "\ufeff")), "as a Document")
		})
	}
}

func TestMerge_RejectsABucketPolicyOfMoreThan20KB(t *testing.T) {
	t.Parallel()
	d := bucketDocument(t, accountID, "us-east-1")
	padded := func(size int) string {
		return `{"Statement":[{"Sid":"` + strings.Repeat("x", size) + `","Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}`
	}
	compact, err := json.Marshal(d.Statement)
	require.NoError(t, err)
	fits := 20480 - len(padded(0)) - len(compact) + len("[]") - len(",")

	merged, err := d.Merge([]byte(padded(fits)))
	require.NoError(t, err)
	assert.Len(t, merged, 20480, "without white space")
	again, err := d.Merge(merged)
	require.NoError(t, err)
	assert.Equal(t, merged, again)

	_, err = d.Merge([]byte(padded(fits + 1)))
	require.ErrorContains(t, err, `policy "20481 bytes": want at most 20480 bytes`)

	caller := policiesFor(t, request(toBucket)).Caller
	_, err = caller.Merge([]byte(padded(30000)))
	require.NoError(t, err, "the limit is that of buckets")
}

func TestMerge_JoinsTheAccountsAndRegionsOfACentralBucket(t *testing.T) {
	t.Parallel()
	existing := indented(t, bucketDocument(t, accountID, "us-east-1"))
	existing = merge(t, bucketDocument(t, otherID, "us-east-1"), existing)
	merged := read(t, existing)
	require.Len(t, merged.Statement, 2)
	assert.Equal(t, *bucketDocument(t, accountID, "us-east-1", func(o *policy.Options) { o.SourceAccounts = []string{otherID} }), merged)

	existing = merge(t, bucketDocument(t, accountID, "eu-west-1"), existing)
	merged = read(t, existing)
	for _, id := range []string{accountID, otherID} {
		for _, c := range write(id, id, "bucket-owner-full-control") {
			assert.True(t, allows(t, &merged, c))
		}
	}
}

func TestMerge_HoldsAHundredAccounts(t *testing.T) {
	t.Parallel()
	d := bucketDocument(t, accountID, "ap-southeast-1", func(o *policy.Options) {
		for i := range 100 {
			o.SourceAccounts = append(o.SourceAccounts, fmt.Sprintf("%012d", i))
		}
	})
	_, err := d.Merge(nil)
	require.NoError(t, err)
}

func TestMerge_AllowsWithoutTheACLBesideAStatementThatDemandsIt(t *testing.T) {
	t.Parallel()
	existing := indented(t, bucketDocument(t, accountID, "us-east-1"))
	without := bucketDocument(t, accountID, "us-east-1", func(o *policy.Options) { o.WithoutACL = true })
	merged := read(t, merge(t, without, existing))
	require.Len(t, merged.Statement, 3)
	assert.Equal(t, "AWSLogDeliveryWrite1", merged.Statement[2].Sid)
	for _, c := range write(accountID, accountID, "") {
		assert.True(t, allows(t, &merged, c))
	}
}

func TestMerge_RejectsADocumentThatIsNoPolicy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		statement policy.Statement
		want      string
	}{
		{"no effect", policy.Statement{Action: []string{"a"}}, `policy: merge: Document.Statement[0].Effect: want "Allow" or "Deny"`},
		{"no action", policy.Statement{Effect: "Allow"}, `policy: merge: Document.Statement[0].Action: required, or NotAction`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := (&policy.Document{Statement: []policy.Statement{test.statement}}).Merge(nil)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// What a user writes may be empty anywhere.
func TestMerge_TakesEmptyMembers(t *testing.T) {
	t.Parallel()
	for _, s := range []policy.Statement{
		{Condition: map[string]map[string][]string{}},
		{Condition: map[string]map[string][]string{"StringEquals": {}}},
		{Condition: map[string]map[string][]string{"StringEquals": {"k": {}}, "": {"": {""}}}},
		{Condition: map[string]map[string][]string{"StringEquals": nil}},
		{Condition: map[string]map[string][]string{"StringEquals": {"k": nil}}},
		{Principal: map[string][]string{}},
		{Principal: map[string][]string{"Service": nil}},
		{Principal: map[string][]string{"Service": {}}},
		{Principal: map[string][]string{"": {""}}, NotPrincipal: map[string][]string{"AWS": {}}},
		{Resource: []string{}, NotResource: []string{""}},
		{Resource: []string{""}, NotAction: []string{"b"}},
	} {
		s.Sid, s.Effect, s.Action = "S", "Allow", []string{"a"}
		d := &policy.Document{Statement: []policy.Statement{s}}
		merged := merge(t, d, `{"Statement":[]}`)
		for _, have := range []string{
			`{"Sid":"S","Effect":"Allow","Action":"a"}`,
			`{"Sid":"S","Effect":"Allow","Principal":{"Service":"p"},"Action":"a","Resource":"r","Condition":{"StringEquals":{"k":"v"}}}`,
		} {
			merge(t, d, `{"Statement":[`+have+`]}`)
			blocking, err := d.Blocking([]byte(merged))
			require.NoError(t, err)
			assert.Empty(t, blocking)
		}
	}
}
