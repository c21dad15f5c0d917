package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

func TestSpec_Targets(t *testing.T) {
	t.Parallel()
	s := Spec{
		Accounts: []Account{{ID: "1"}, {ID: "2", Regions: []string{"c"}}},
		Regions:  []string{"a", "b"},
	}
	assert.Equal(t, []Target{{"1", "a"}, {"1", "b"}, {"2", "c"}}, s.targets())
	assert.Equal(t, "flowlogs/nightly/1/a", targetID("nightly", s.targets()[0]))
}

func TestSpec_RejectsWhatWouldFailOnEveryTarget(t *testing.T) {
	t.Parallel()
	valid := testSpec(2, 2)
	require.NoError(t, valid.validate())
	for _, c := range []struct {
		name  string
		spoil func(*Spec)
		want  string
	}{
		{"a name that is no part of an ID", func(s *Spec) { s.Name = "a/b" }, `name "a/b"`},
		{"no name", func(s *Spec) { s.Name = "" }, `name ""`},
		{"an account that is none", func(s *Spec) { s.Accounts[0].ID = "12" }, `account "12"`},
		{"an account twice", func(s *Spec) { s.Accounts[1] = s.Accounts[0] }, "account 000000000001 is listed twice"},
		{"no Regions", func(s *Spec) { s.Regions = nil }, "no Regions"},
		{"a Region twice", func(s *Spec) { s.Regions = append(s.Regions, s.Regions[0]) }, "-regions: Region us-east-1 is listed twice"},
		{"a Region of an account twice", func(s *Spec) { s.Accounts[1].Regions = []string{"a-b-1", "c-d-1", "a-b-1"} },
			"account 000000000002: Region a-b-1 is listed twice"},
		{"more at a time than the server takes", func(s *Spec) { s.Concurrency = 501 }, "-concurrency 501: want 1 to 500"},
		{"a Region that is none", func(s *Spec) { s.Accounts[0].Regions = []string{"us"} }, `Region "us"`},
		{"nothing at a time", func(s *Spec) { s.Concurrency = 0 }, "concurrency"},
		{"resource IDs", func(s *Spec) { s.Request.ResourceIDs = []string{"vpc-1"} }, "leave out the resource IDs"},
		{"a request that EC2 rejects", func(s *Spec) { s.Request.Destination = flowlogs.S3{BucketARN: "bucket"} }, "Destination.BucketARN"},
		{"so many tags that there is no room for the rollout's", func(s *Spec) {
			s.Request.Tags = map[string]string{}
			for i := range 50 {
				s.Request.Tags[strings.Repeat("k", i+1)] = ""
			}
		}, "Tags"},
		{"too many targets", func(s *Spec) { *s = testSpec(maxTargets/20+1, 20) }, "20020 targets: want at most 20000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			spec := testSpec(2, 2)
			c.spoil(&spec)
			assert.ErrorContains(t, spec.validate(), c.want)
		})
	}
}

func TestTarget_FillsInTheDestination(t *testing.T) {
	t.Parallel()
	target := Target{"111122223333", "eu-west-1"}
	for _, c := range []struct {
		name       string
		give, want flowlogs.Destination
	}{
		{"a log group",
			flowlogs.CloudWatchLogs{LogGroupName: "flow/{region}", RoleARN: "arn:aws:iam::{account}:role/r"},
			flowlogs.CloudWatchLogs{LogGroupName: "flow/eu-west-1", RoleARN: "arn:aws:iam::111122223333:role/r"}},
		{"a bucket",
			flowlogs.S3{BucketARN: "arn:aws:s3:::logs-{region}/{account}/", PerHourPartition: true},
			flowlogs.S3{BucketARN: "arn:aws:s3:::logs-eu-west-1/111122223333/", PerHourPartition: true}},
		{"a stream",
			flowlogs.Firehose{StreamARN: "arn:aws:firehose:{region}:{account}:deliverystream/s"},
			flowlogs.Firehose{StreamARN: "arn:aws:firehose:eu-west-1:111122223333:deliverystream/s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, target.request(flowlogs.Request{Destination: c.give}, "r").Destination)
		})
	}
}

// The request goes to the workflow as JSON, and the field ${region} of its format is
// no placeholder.
func TestTarget_LeavesTheFormatAlone(t *testing.T) {
	t.Parallel()
	template := testSpec(1, 1).Request
	var err error
	template.LogFormat, err = flowlogs.ParseLogFormat("${version} ${region} ${account-id}")
	require.NoError(t, err)
	document, err := json.Marshal(template)
	require.NoError(t, err)
	var request flowlogs.Request
	require.NoError(t, json.Unmarshal(document, &request))
	assert.Equal(t, template.LogFormat, Target{"111122223333", "eu-west-1"}.request(request, "r").LogFormat)
}

func TestTarget_TagsItsFlowLogs(t *testing.T) {
	t.Parallel()
	template := flowlogs.Request{Tags: map[string]string{"team": "network", rolloutTag: "mine"}}
	assert.Equal(t, map[string]string{"team": "network", rolloutTag: "r"}, Target{}.request(template, "r").Tags)
	assert.Equal(t, "mine", template.Tags[rolloutTag], "the template stays as it is")
}

func TestReadTargets(t *testing.T) {
	t.Parallel()
	accounts, err := readTargets("# the organization\n111111111111\n\n222222222222 us-east-1 eu-west-1 # two\n")
	require.NoError(t, err)
	assert.Equal(t, []Account{{ID: "111111111111", Regions: []string{}}, {ID: "222222222222", Regions: []string{"us-east-1", "eu-west-1"}}}, accounts)
	_, err = readTargets("# none\n")
	require.ErrorContains(t, err, "no targets")

	accounts, err = readTargets("1 a\n2 a\n1 b c\n")
	require.NoError(t, err)
	assert.Equal(t, []Account{{ID: "1", Regions: []string{"a", "b", "c"}}, {ID: "2", Regions: []string{"a"}}}, accounts)

	s := testSpec(0, 1)
	s.Accounts, err = readTargets("111111111111 us-east-1\n111111111111\n")
	require.NoError(t, err)
	assert.EqualError(t, s.validate(), "account 111111111111 is listed twice")
}

func TestSpecFlags_ReadFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	request, targets := filepath.Join(folder, "request.json"), filepath.Join(folder, "targets")
	require.NoError(t, os.WriteFile(request, []byte(`{"TrafficType": "REJECT", "LogGroupName": "flow",
		"DeliverLogsPermissionArn": "arn:aws:iam::{account}:role/flow"}`), 0o600))
	require.NoError(t, os.WriteFile(targets, []byte("111111111111 us-east-1\n"), 0o600))
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	s := specFlags(flags)
	require.NoError(t, flags.Parse([]string{"-request", request, "-targets", targets}))
	require.NoError(t, s.validate())
	assert.Equal(t, []Target{{"111111111111", "us-east-1"}}, s.targets())
	assert.Equal(t, flowlogs.CloudWatchLogs{LogGroupName: "flow", RoleARN: "arn:aws:iam::{account}:role/flow"}, s.Request.Destination)
	assert.Equal(t, flowlogs.TrafficTypeReject, s.Request.TrafficType)
}

func TestSpec_ReportsTheFirstOfManyProblems(t *testing.T) {
	t.Parallel()
	spec := testSpec(5000, 0)
	lines := strings.Split(spec.validate().Error(), "\n")
	assert.Len(t, lines, maxProblemRows+1)
	assert.Equal(t, "account 000000000001: no Regions; name some after it, or -regions for all", lines[0])
	assert.Equal(t, "and 4980 more problems", lines[maxProblemRows])
}
