package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/flowlogstest/conformance"
)

var env = conformance.Env{
	AccountID: "123456789012",
	Region:    "us-east-1",
	Run:       "run-a1b2c3",
	VPC:       "vpc-0a1b2c3d4e5f60718",
	Subnets:   []string{"subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719", "subnet-0a1b2c3d4e5f6071a"},
	Bucket:    "bucket-run-a1b2c3",
	RoleARN:   "arn:aws:iam::123456789012:role/role-run-a1b2c3",
	LogGroup:  "group-run-a1b2c3",
	Poll:      1, // the double shows a flow log at once, or never
}

// newDouble returns an EC2 with the resources of env.
func newDouble(env conformance.Env, optFns ...func(*flowlogstest.Options)) *flowlogstest.EC2 {
	return flowlogstest.New(append([]func(*flowlogstest.Options){func(o *flowlogstest.Options) {
		o.AccountID, o.Region = env.AccountID, env.Region
		o.Resources = append([]string{env.VPC}, env.Subnets...)
		o.Buckets = []string{env.Bucket}
		o.Roles = []string{env.RoleARN}
	}}, optFns...)...)
}

// handlerClient calls a handler without a network.
type handlerClient struct{ http.Handler }

func (c handlerClient) Do(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	return w.Result(), nil
}

func clientOf(handler http.Handler) *ec2.Client {
	return ec2.New(ec2.Options{Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: handlerClient{handler}})
}

func run(t *testing.T, env conformance.Env, handler http.Handler) []conformance.Record {
	t.Helper()
	return conformance.Run(t.Context(), clientOf(handler), env, conformance.Probes())
}

func TestProbes_AreAnsweredByTheDoubleAsSourcesSay(t *testing.T) {
	t.Parallel()
	records := run(t, env, newDouble(env))
	for i, p := range conformance.Probes() {
		assert.Equal(t, p.ID, records[i].Probe)
		assert.Contains(t, records[i].Answer(), p.Want, p.ID)
		if p.Needs == "" {
			assert.Len(t, records[i].Calls, len(p.Calls)+strings.Count(p.Calls[0], "twice:"), p.ID)
		}
	}
}

func TestProbes_HaveAnIDOfTheirOwnInTheOrderOfGroups(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	group := 0
	for _, p := range conformance.Probes() {
		assert.False(t, ids[p.ID], p.ID)
		ids[p.ID] = true
		assert.GreaterOrEqual(t, p.Group(), group, p.ID)
		group = p.Group()
		assert.NotEmpty(t, p.Fact, p.ID)
		assert.Equal(t, len(p.Calls) > 0, p.Needs == "", p.ID)
	}
	assert.Equal(t, len(conformance.Groups)-1, group)
}

func TestRun_CreatesOnlyWhereAProbeSaysSoAndDeletesAll(t *testing.T) {
	t.Parallel()
	for _, p := range conformance.Probes() {
		e := newDouble(env)
		record := p.Run(t.Context(), clientOf(e), env)
		created := strings.Contains(record.Answer(), "flowLogIdSet.1=")
		assert.False(t, created && !p.Creates(), p.ID)
		assert.False(t, p.Creates() && p.Group() < 3, p.ID)
		assert.Empty(t, e.FlowLogs(), p.ID)
	}
}

func TestRun_DeletesWhatAnEC2IsWrongToCreate(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New() // every VPC exists
	run(t, env, e)
	assert.Empty(t, e.FlowLogs())
}

func TestRun_SkipsProbesWithoutTheirResources(t *testing.T) {
	t.Parallel()
	records := run(t, conformance.Env{AccountID: env.AccountID, Region: env.Region, Run: env.Run}, newDouble(env))
	for i, p := range conformance.Probes() {
		if p.Creates() {
			assert.Contains(t, records[i].NotRun, "needs ", p.ID)
		}
	}
	verdicts := conformance.Compare(conformance.Probes(), records, records)
	assert.Equal(t, "not run: needs vpc", verdicts[0].String())
	assert.Equal(t, "not run: needs TGW", verdicts[len(verdicts)-1].String())
}

func TestRun_EndsWithItsContextAndStillDeletes(t *testing.T) {
	t.Parallel()
	e := newDouble(env)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client := clientOf(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.ServeHTTP(w, r)
		if len(e.FlowLogs()) > 0 {
			cancel()
		}
	}))
	records := conformance.Run(ctx, client, env, conformance.Probes())
	assert.Equal(t, "3.echo-defaults", records[len(records)-1].Probe)
	assert.Empty(t, e.FlowLogs())
}

func TestRun_WaitsUntilAFlowLogIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		env := env
		env.Poll = 0
		late := newDouble(env, func(o *flowlogstest.Options) { o.DescribeLag = 3 * time.Second })
		for _, v := range conformance.Compare(conformance.Probes(), run(t, env, newDouble(env)), run(t, env, late)) {
			// Whatever is asked for at once is not shown, and delayed is not deleted.
			now := slices.ContainsFunc(v.Probe.Calls, func(call string) bool { return strings.HasPrefix(call, "now:") })
			assert.False(t, v.Differs && !now, "%s %s", v.Probe.ID, v)
			assert.True(t, v.Differs || v.Probe.ID != "3.lag-create")
		}
	})
}

// Two accounts give equal records, which name neither.
func TestRecord_TellsNothingOfTheAccount(t *testing.T) {
	t.Parallel()
	other := conformance.Env{
		AccountID: "210987654321",
		Region:    "eu-central-2",
		Run:       "run-d4e5f6",
		VPC:       "vpc-ffffffff",
		Subnets:   []string{"subnet-fffffff1", "subnet-fffffff2", "subnet-fffffff3"},
		Bucket:    "another-bucket",
		RoleARN:   "arn:aws:iam::210987654321:role/another",
		LogGroup:  "another-group",
		Poll:      1,
	}
	here, there := newDouble(env), newDouble(other)
	there.Put(types.FlowLog{}) // the IDs of flow logs are others
	record, err := json.Marshal(run(t, env, here))
	require.NoError(t, err)
	otherRecord, err := json.Marshal(run(t, other, there))
	require.NoError(t, err)
	assert.Equal(t, string(record), string(otherRecord))
	for _, secret := range append(env.Subnets, env.AccountID, env.Region, env.Run, env.VPC, env.Bucket, env.RoleARN, env.LogGroup) {
		assert.NotContains(t, string(record), secret)
	}
}

// edits are ten ways in which an EC2 can differ: what it says in place of what the
// double says, and the probe that finds it.
var edits = []struct{ old, new, probe string }{
	{"<Code>DryRunOperation<", "<Code>DryRun<", "0.create"},
	{"<Message>Invalid Flow Log Max Aggregation Interval.<", "<Message>Invalid Flow Log Max Aggregation Interval<", "1.interval-120"},
	{"<Code>TagLimitExceeded<", "<Code>InvalidParameterValue<", "1.tags-51"},
	{"<Code>InvalidVpcID.NotFound<", "<Code>InvalidVpcId.NotFound<", "2.create-vpc"},
	{"<code>400<", "<code>LogDestinationNotFound<", "2.create-bucket"},
	{"<deliverLogsStatus>SUCCESS</deliverLogsStatus>", "", "3.echo-defaults"},
	{"<maxAggregationInterval>600<", "<maxAggregationInterval>60<", "3.echo-defaults"},
	{"<Code>IdempotentParameterMismatch<", "<Code>InvalidClientToken<", "3.token-mismatch"},
	{"<key>probe<", "<key>Probe<", "3.echo-everything"},
	{"DeleteFlowLogsResponse", "DeleteFlowLogsResult", "3.delete"},
}

// edited serves the double with the edits.
func edited(pairs ...string) http.Handler {
	e := newDouble(env)
	replacer := strings.NewReplacer(pairs...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		e.ServeHTTP(recorded, r)
		w.WriteHeader(recorded.Code)
		fmt.Fprint(w, replacer.Replace(recorded.Body.String()))
	})
}

func TestCompare_FindsTenDifferences(t *testing.T) {
	t.Parallel()
	probes := conformance.Probes()
	double := run(t, env, newDouble(env))
	var all []string
	for _, edit := range edits {
		all = append(all, edit.old, edit.new)
	}
	together := conformance.Compare(probes, double, run(t, env, edited(all...)))
	for _, edit := range edits {
		i := slices.IndexFunc(probes, func(p conformance.Probe) bool { return p.ID == edit.probe })
		assert.True(t, together[i].Differs, edit.probe)
		alone := conformance.Compare(probes, double, run(t, env, edited(edit.old, edit.new)))
		assert.True(t, alone[i].Differs, edit.probe)
	}
	for _, v := range conformance.Compare(probes, double, run(t, env, edited())) {
		assert.False(t, v.Differs, "%s %s", v.Probe.ID, v)
	}
}

func TestVerdict_IsOneLine(t *testing.T) {
	t.Parallel()
	known := conformance.Probe{ID: "1.known", Fact: "a fact", Want: "400"}
	open := conformance.Probe{ID: "1.open", Fact: "a fact"}
	listed := conformance.Probe{ID: "3.token-omitted", Fact: "a fact", Want: "200"}
	rejected := conformance.Call{Operation: "CreateFlowLogs", Status: 400, Response: []string{"root=Response", "Errors.Error.Code=C", "Errors.Error.Message=m", "RequestID=<request:1>"}}
	created := conformance.Call{Operation: "CreateFlowLogs", Status: 200, Response: []string{"root=R", "flowLogIdSet.1=<fl:1>", "unsuccessful="}}
	two := conformance.Call{Operation: "CreateFlowLogs", Status: 200, Response: []string{"root=R", "flowLogIdSet.1=<fl:1>", "flowLogIdSet.2=<fl:2>", "unsuccessful="}}
	lost := conformance.Call{Operation: "CreateFlowLogs", Response: []string{"no response"}}
	for _, tt := range []struct {
		name           string
		probe          conformance.Probe
		double, target conformance.Call
		want           string
	}{
		{"a known rule, equal", known, rejected, rejected, "same"},
		{"an open rule, equal", open, rejected, rejected, "settles a fact: CreateFlowLogs 400 C: m"},
		{"other statuses", known, rejected, created, "differs (double: CreateFlowLogs 400 C: m, EC2: CreateFlowLogs 200: flowLogIdSet.1=<fl:1>; unsuccessful=)"},
		{"an open rule, other statuses", open, created, lost, "settles a fact: CreateFlowLogs 0: no response; differs (double: CreateFlowLogs 200: flowLogIdSet.1=<fl:1>; unsuccessful=, EC2: CreateFlowLogs 0: no response)"},
		{"one line more", known, created, two, "differs (double: CreateFlowLogs nothing more, EC2: CreateFlowLogs flowLogIdSet.2=<fl:2>)"},
		{"a difference of the list", listed, created, two, "differs (double: CreateFlowLogs nothing more, EC2: CreateFlowLogs flowLogIdSet.2=<fl:2>); known: " + conformance.Known["3.token-omitted"]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			record := func(c conformance.Call) []conformance.Record {
				return []conformance.Record{{Probe: tt.probe.ID, Calls: []conformance.Call{c}}}
			}
			verdicts := conformance.Compare([]conformance.Probe{tt.probe}, record(tt.double), record(tt.target))
			assert.Equal(t, tt.want, verdicts[0].String())
		})
	}
	assert.Equal(t, "not run: no record", conformance.Compare([]conformance.Probe{known}, nil, nil)[0].String())
}

// The list can only shrink: a new entry needs a record of EC2 that shows it, and raises
// the number here.
func TestKnown_OnlyShrinks(t *testing.T) {
	t.Parallel()
	assert.LessOrEqual(t, len(conformance.Known), 1)
	for id, reason := range conformance.Known {
		assert.NotEmpty(t, reason)
		assert.True(t, slices.ContainsFunc(conformance.Probes(), func(p conformance.Probe) bool { return p.ID == id }), id)
	}
}

// Whoever runs examples/conformance on AWS may add its record to testdata.
func TestDouble_IsLikeTheRecordsOfEC2(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("there is no record of EC2 yet")
	}
	double := run(t, env, newDouble(env))
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var target []conformance.Record
		require.NoError(t, json.Unmarshal(text, &target))
		for _, v := range conformance.Compare(conformance.Probes(), double, target) {
			assert.False(t, v.Differs && v.Known == "", "%s: %s %s", file, v.Probe.ID, v)
			_, listed := conformance.Known[v.Probe.ID]
			assert.False(t, listed && !v.Differs && v.NotRun == "", "%s: %s is gone from the differences: delete it from Known", file, v.Probe.ID)
		}
	}
}
