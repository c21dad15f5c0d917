package flowlogstest_test

import (
	"context"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
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
)

var update = flag.Bool("update", false, "write the golden files anew")

// A golden file holds one request, an empty line, and the status and body of its
// response, as they go over the wire. The SDK's client must send that request, and decode
// that response to the wanted output. The flag -update writes the files.
func TestServer_SpeaksTheWireFormatOfTheGoldenFiles(t *testing.T) {
	t.Parallel()
	everything := toBucket(
		withIDs(vpcs(2)...), withToken("token"), withDestination(bucket+"/prefix/"), withInterval(60),
		withFormat("${version} ${instance-tag} ${instance-tag-2} ${interface-tag}"),
		withOptions(types.DestinationOptionsRequest{
			FileFormat: types.DestinationFileFormatParquet, HiveCompatiblePartitions: aws.Bool(true), PerHourPartition: aws.Bool(true),
		}),
		withTagFields(
			types.TagFieldSpecificationRequest{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"Name", "Owner"}},
			types.TagFieldSpecificationRequest{ResourceType: types.TaggableResourceTypeNetworkInterface, TagKeys: []string{"Name"}},
		),
		withTags(types.ResourceTypeVpcFlowLog, tag("Name", "a & b"), tag("Owner", "")),
	)
	exists := func(e *flowlogstest.EC2) {
		if _, err := e.CreateFlowLogs(context.Background(), everything); err != nil {
			panic(err)
		}
		time.Sleep(1234 * time.Millisecond)
		if _, err := e.CreateFlowLogs(context.Background(), toLogGroup(withToken("another"))); err != nil {
			panic(err)
		}
	}
	full := func(e *flowlogstest.EC2) {
		for n := range 250 {
			if _, err := e.CreateFlowLogs(context.Background(), toBucket(withDestination(bucket+"/"+strconv.Itoa(n)))); err != nil {
				panic(err)
			}
		}
	}
	nothing := func(*flowlogstest.EC2) {}
	fails := func(f flowlogstest.Fault) func(*flowlogstest.EC2) { return func(e *flowlogstest.EC2) { e.Inject(f) } }
	const missingBucket = "LogDestination: flow-logs-bucket does not exist"
	failed := flowlogstest.FailResources("400", missingBucket, vpc(2))
	unauthorized := flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)
	internalError := flowlogstest.Reject("InternalError", "An internal error has occurred", 500)
	old := func(e *flowlogstest.EC2) { e.Put(oldFlowLog()) }

	filtered := &ec2.DescribeFlowLogsInput{Filter: []types.Filter{filter("resource-id", vpc(2), vpc(3))}}
	secondPage := &ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(1), NextToken: aws.String("MQ")}
	pageOfIDs := &ec2.DescribeFlowLogsInput{FlowLogIds: []string{flowLogID(1)}, MaxResults: aws.Int32(5)}
	both := &ec2.CreateFlowLogsOutput{ClientToken: aws.String("token"), FlowLogIds: []string{flowLogID(1), flowLogID(2)}}
	one := &ec2.CreateFlowLogsOutput{
		ClientToken: aws.String("token"), FlowLogIds: []string{flowLogID(1)},
		Unsuccessful: []types.UnsuccessfulItem{unsuccessful(vpc(2), "400", missingBucket)},
	}
	described := types.FlowLog{
		CreationTime: aws.Time(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), DeliverLogsStatus: aws.String("SUCCESS"),
		DestinationOptions: &types.DestinationOptionsResponse{
			FileFormat: types.DestinationFileFormatParquet, HiveCompatiblePartitions: aws.Bool(true), PerHourPartition: aws.Bool(true),
		},
		FlowLogId: aws.String(flowLogID(2)), FlowLogStatus: aws.String("ACTIVE"),
		LogDestination: aws.String(bucket + "/prefix/"), LogDestinationType: types.LogDestinationTypeS3,
		LogFormat:              aws.String("${version} ${instance-tag} ${instance-tag-2} ${interface-tag}"),
		MaxAggregationInterval: aws.Int32(60), ResourceId: aws.String(vpc(2)), TrafficType: types.TrafficTypeAll,
		Tags: []types.Tag{tag("Name", "a & b"), tag("Owner", "")},
		TagFieldSpecifications: []types.TagFieldSpecificationResponse{
			{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"Name", "Owner"}},
			{ResourceType: types.TaggableResourceTypeNetworkInterface, TagKeys: []string{"Name"}},
		},
	}
	failsOne := func(e *flowlogstest.EC2) {
		exists(e)
		e.Inject(flowlogstest.FailFlowLogs("InternalError", "An internal error has occurred", flowLogID(3)))
	}
	kept := &ec2.DeleteFlowLogsOutput{Unsuccessful: []types.UnsuccessfulItem{
		unsuccessful(flowLogID(3), "InternalError", "An internal error has occurred"),
	}}
	tags := &ec2.DescribeTagsOutput{Tags: []types.TagDescription{{
		Key: aws.String("Name"), ResourceId: aws.String(flowLogID(2)), ResourceType: types.ResourceTypeVpcFlowLog, Value: aws.String("a & b"),
	}}}
	tests := []struct {
		name   string
		before func(*flowlogstest.EC2)
		in     any
		want   any    // the output
		code   string // of the error, if there is no output
	}{
		{"create", nothing, everything, both, ""},
		{"create-replay", exists, everything, both, ""},
		{"create-partial", fails(failed), everything, one, ""},
		{"describe", exists, filtered, &ec2.DescribeFlowLogsOutput{FlowLogs: []types.FlowLog{described}}, ""},
		{"describe-page", exists, secondPage, &ec2.DescribeFlowLogsOutput{FlowLogs: []types.FlowLog{described}, NextToken: aws.String("Mg")}, ""},
		{"describe-empty", nothing, &ec2.DescribeFlowLogsInput{}, &ec2.DescribeFlowLogsOutput{}, ""},
		{"describe-unknown", exists, &ec2.DescribeFlowLogsInput{FlowLogIds: []string{flowLogID(9)}}, &ec2.DescribeFlowLogsOutput{}, ""},
		{"describe-put", old, &ec2.DescribeFlowLogsInput{}, &ec2.DescribeFlowLogsOutput{FlowLogs: []types.FlowLog{oldFlowLog()}}, ""},
		{"delete", exists, &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(1), flowLogID(3)}}, &ec2.DeleteFlowLogsOutput{}, ""},
		{"delete-partial", failsOne, &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(1), flowLogID(3)}}, kept, ""},
		{"tags-create", exists, &ec2.CreateTagsInput{Resources: []string{flowLogID(1), flowLogID(3)}, Tags: []types.Tag{tag("Name", "<b>"), tag("Empty", "")}}, &ec2.CreateTagsOutput{}, ""},
		{"tags-describe", exists, &ec2.DescribeTagsInput{Filters: []types.Filter{filter("key", "Na*"), filter("resource-id", flowLogID(2))}}, tags, ""},
		{"tags-delete", exists, &ec2.DeleteTagsInput{Resources: []string{flowLogID(1)}, Tags: []types.Tag{{Key: aws.String("Name")}, tag("Owner", "")}}, &ec2.DeleteTagsOutput{}, ""},

		{"error-parameter", nothing, toBucket(withInterval(300)), nil, "InvalidParameter"},
		{"error-parameter-value", nothing, toBucket(withFormat("${version}<")), nil, "InvalidParameterValue"},
		{"error-missing", nothing, toBucket(withTraffic("")), nil, "MissingParameter"},
		{"error-malformed", nothing, toBucket(withIDs("vpc-xyz")), nil, "InvalidVpcID.Malformed"},
		{"error-tags", nothing, toBucket(withTags(types.ResourceTypeVpcFlowLog, manyTags(51)...)), nil, "TagLimitExceeded"},
		{"error-token", nothing, toBucket(withToken(strings.Repeat("x", 65))), nil, "InvalidClientToken"},
		{"error-mismatch", exists, toBucket(withToken("token")), nil, "IdempotentParameterMismatch"},
		{"error-exists", exists, toLogGroup(), nil, "FlowLogAlreadyExists"},
		{"error-dry-run", nothing, toBucket(withDryRun), nil, "DryRunOperation"},
		{"error-throttled", fails(flowlogstest.Throttle()), toBucket(), nil, "RequestLimitExceeded"},
		{"error-unauthorized", fails(unauthorized), toBucket(), nil, "UnauthorizedOperation"},
		{"error-role", fails(flowlogstest.PropagateAfter(ourRole, time.Hour)), toLogGroup(), nil, "InvalidParameter"},
		{"error-limit", full, toBucket(), nil, "FlowLogsLimitExceeded"},
		{"error-internal", fails(internalError), toBucket(), nil, "InternalError"},
		{"error-not-found", nothing, &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(9)}}, nil, "InvalidFlowLogId.NotFound"},
		{"error-tagged", nothing, &ec2.CreateTagsInput{Resources: []string{vpc(1)}, Tags: []types.Tag{tag("Name", "x")}}, nil, "InvalidID"},
		{"error-combination", nothing, pageOfIDs, nil, "InvalidParameterCombination"},
		{"error-page", nothing, &ec2.DescribeFlowLogsInput{NextToken: aws.String("!")}, nil, "InvalidPaginationToken"},
	}
	files, err := filepath.Glob("testdata/*.golden")
	require.NoError(t, err)
	assert.Len(t, files, len(tests), "every file has a test")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", test.name+".golden")
			synctest.Test(t, func(t *testing.T) { // so that times in responses are fixed
				e := flowlogstest.New()
				test.before(e)
				out, err := invoke(e, test.in)
				assert.Equal(t, test.code, code(err))
				if test.code == "" {
					assertEqual(t, test.want, out)
				}
				calls := e.Calls()
				call := calls[len(calls)-1]
				got := call.Body + "\n\n" + strconv.Itoa(call.Status) + "\n" + call.Response + "\n"
				if *update {
					require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
				}
				want, err := os.ReadFile(file)
				require.NoError(t, err)
				assert.Equal(t, string(want), got)
			})

			out, err := invoke(recorded(t, file), test.in)
			assert.Equal(t, test.code, code(err))
			if test.code == "" {
				assertEqual(t, test.want, out)
			}
		})
	}
}

func invoke(call api, in any) (any, error) {
	ctx := context.Background()
	switch in := in.(type) {
	case *ec2.CreateFlowLogsInput:
		return call.CreateFlowLogs(ctx, in)
	case *ec2.DescribeFlowLogsInput:
		return call.DescribeFlowLogs(ctx, in)
	case *ec2.DeleteFlowLogsInput:
		return call.DeleteFlowLogs(ctx, in)
	case *ec2.CreateTagsInput:
		return call.CreateTags(ctx, in)
	case *ec2.DescribeTagsInput:
		return call.DescribeTags(ctx, in)
	default:
		return call.DeleteTags(ctx, in.(*ec2.DeleteTagsInput))
	}
}

// recorded returns a client whose responses come from a golden file. It checks that the
// request is the one in the file.
func recorded(t *testing.T, file string) *ec2.Client {
	t.Helper()
	golden, err := os.ReadFile(file)
	require.NoError(t, err)
	request, response, _ := strings.Cut(string(golden), "\n\n")
	status, body, _ := strings.Cut(response, "\n")
	return ec2.New(ec2.Options{
		Region:      "us-east-1",
		Credentials: aws.AnonymousCredentials{},
		Retryer:     aws.NopRetryer{},
		HTTPClient: roundTrip(func(req *http.Request) (*http.Response, error) {
			sent, err := io.ReadAll(req.Body)
			assert.Equal(t, request, string(sent))
			statusCode, _ := strconv.Atoi(status)
			return &http.Response{StatusCode: statusCode, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(strings.TrimSuffix(body, "\n")))}, err
		}),
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (fn roundTrip) Do(req *http.Request) (*http.Response, error) { return fn(req) }
