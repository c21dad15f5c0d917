package flowlogstest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// cli runs commands of the AWS CLI, a client that shares no code with the SDK for Go,
// against a server.
type cli struct{ url string }

func newCLI(t *testing.T, s *flowlogstest.Server) cli {
	t.Helper()
	if err := exec.Command("aws", "--version").Run(); err != nil {
		t.Skipf("the AWS CLI does not run here: %v", err)
	}
	return cli{url: s.URL}
}

func (c cli) ec2(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "aws", append([]string{"ec2", "--endpoint-url", c.url, "--output", "json"}, args...)...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + os.Getenv("HOME"), // pyenv looks for Python there
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=SECRET", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func (c cli) read(t *testing.T, into any, args ...string) {
	t.Helper()
	stdout, stderr, err := c.ec2(t, args...)
	require.NoError(t, err, stderr)
	require.NoError(t, json.Unmarshal([]byte(stdout), into), stdout)
}

func TestServer_ServesTheAWSCLI(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New(func(o *flowlogstest.Options) { o.Buckets = []string{"flow-logs-bucket"} })
	s := flowlogstest.NewServer(e)
	t.Cleanup(s.Close)
	aws := newCLI(t, s)

	var created struct {
		ClientToken  string
		FlowLogIds   []string
		Unsuccessful []struct {
			Error      struct{ Code, Message string }
			ResourceId string
		}
	}
	arguments := []string{
		"create-flow-logs", "--resource-ids", vpc(1), vpc(2), "--resource-type", "VPC", "--traffic-type", "REJECT",
		"--log-destination-type", "s3", "--log-destination", bucket + "/prefix", "--max-aggregation-interval", "60",
		"--log-format", "${version} ${srcaddr}", "--client-token", "token",
		"--destination-options", "FileFormat=parquet,HiveCompatiblePartitions=true,PerHourPartition=false",
		"--tag-specifications", "ResourceType=vpc-flow-log,Tags=[{Key=Name,Value=x}]",
	}
	e.Inject(flowlogstest.LoseResponse())
	aws.read(t, &created, arguments...)
	assert.Equal(t, "token", created.ClientToken)
	assert.Equal(t, []string{flowLogID(1), flowLogID(2)}, created.FlowLogIds)
	assert.Len(t, e.Calls(), 2, "the CLI retried")
	assertEqual(t, inputOfArguments(), e.Calls()[1].Input())

	aws.read(t, &created, "create-flow-logs", "--resource-ids", vpc(3), "--resource-type", "VPC", "--traffic-type", "ALL",
		"--log-destination-type", "s3", "--log-destination", "arn:aws:s3:::missing-bucket")
	require.Len(t, created.Unsuccessful, 1)
	assert.Equal(t, vpc(3), created.Unsuccessful[0].ResourceId)
	assert.Equal(t, "400", created.Unsuccessful[0].Error.Code)
	assert.Equal(t, "LogDestination: missing-bucket does not exist", created.Unsuccessful[0].Error.Message)

	_, stderr, err := aws.ec2(t, append(arguments, "--dry-run")...)
	require.Error(t, err)
	assert.Contains(t, stderr, "An error occurred (FlowLogAlreadyExists) when calling the CreateFlowLogs operation")

	var described struct {
		FlowLogs []struct{ FlowLogId, ResourceId, LogFormat, CreationTime string }
	}
	aws.read(t, &described, "describe-flow-logs", "--filter", "Name=tag:Name,Values=x", "--page-size", "1")
	require.Len(t, described.FlowLogs, 2)
	assert.Equal(t, vpc(2), described.FlowLogs[1].ResourceId)
	assert.Equal(t, "${version} ${srcaddr}", described.FlowLogs[1].LogFormat)
	assert.NotEmpty(t, described.FlowLogs[1].CreationTime)

	for _, args := range [][]string{
		{"create-tags", "--resources", flowLogID(1), flowLogID(2), "--tags", "Key=Owner,Value=a b", "Key=Empty,Value="},
		{"delete-tags", "--resources", flowLogID(2), "--tags", "Key=Name", "Key=Empty,Value=x"},
	} {
		_, stderr, err := aws.ec2(t, args...)
		require.NoError(t, err, stderr)
	}
	var tagged struct {
		Tags []struct{ Key, ResourceId, ResourceType, Value string }
	}
	aws.read(t, &tagged, "describe-tags", "--filters", "Name=resource-id,Values="+flowLogID(2), "--page-size", "5")
	require.Len(t, tagged.Tags, 2)
	assert.Equal(t, "Owner=a b Empty=", tagged.Tags[0].Key+"="+tagged.Tags[0].Value+" "+tagged.Tags[1].Key+"="+tagged.Tags[1].Value)
	assert.Equal(t, "vpc-flow-log", tagged.Tags[0].ResourceType)
	_, stderr, err = aws.ec2(t, "create-tags", "--resources", vpc(1), "--tags", "Key=Owner,Value=a")
	require.Error(t, err)
	assert.Contains(t, stderr, "An error occurred (InvalidID) when calling the CreateTags operation: The ID 'vpc-00000000000000001' is not valid")

	e.Inject(flowlogstest.FailFlowLogs("400", "no", flowLogID(1)))
	var deleted struct {
		Unsuccessful []struct{ ResourceId string }
	}
	aws.read(t, &deleted, "delete-flow-logs", "--flow-log-ids", flowLogID(1))
	require.Len(t, deleted.Unsuccessful, 1)
	assert.Equal(t, flowLogID(1), deleted.Unsuccessful[0].ResourceId)
	deleted.Unsuccessful = nil
	aws.read(t, &deleted, "delete-flow-logs", "--flow-log-ids", flowLogID(1), flowLogID(2))
	assert.Empty(t, deleted.Unsuccessful)
	assert.Empty(t, e.FlowLogs())
}

// inputOfArguments is the input that the arguments above describe.
func inputOfArguments() *ec2.CreateFlowLogsInput {
	return toBucket(
		withIDs(vpc(1), vpc(2)), withDestination(bucket+"/prefix"), withInterval(60), withFormat("${version} ${srcaddr}"), withToken("token"),
		withOptions(types.DestinationOptionsRequest{
			FileFormat: types.DestinationFileFormatParquet, HiveCompatiblePartitions: aws.Bool(true), PerHourPartition: aws.Bool(false),
		}),
		withTags(types.ResourceTypeVpcFlowLog, tag("Name", "x")),
		withTraffic(types.TrafficTypeReject),
	)
}
