package flowlogs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// FuzzRequestJSON: what can be read can be written and read again, and means the
// same to the Request and to the SDK's input; nothing panics, and errors stay on one
// line.
func FuzzRequestJSON(f *testing.F) {
	full, err := os.ReadFile("testdata/cli-input.json")
	require.NoError(f, err)
	for _, seed := range []string{
		string(full), "{}", "null", "[]", `{"ResourceIds":["vpc-1",null]}`, `{"LogFormat":"${a} "}`,
		`{"LogDestinationType":"kinesis-data-firehose","DeliverCrossAccountRole":"x"}`,
		`{"TagSpecifications":[{"ResourceType":"vpc-flow-log","Tags":[{"Key":"","Value":null}]}]}`,
		`{"MaxAggregationInterval":-2147483648}`, `{"DestinationOptions":{}}`, `{"LogFormat":"${a}  ${}"}`,
		`{"ResourceIds":[1,{}],"resourceIds":"x","TagSpecifications":[{"Tags":[{"Key":[]}]}]}`,
		`{"ResourceIds":["a","a",""],"ResourceType":"x","LogDestinationType":"s3","LogDestination":"arn:aws:s3:::B"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var req flowlogs.Request
		if err := json.Unmarshal(data, &req); err != nil {
			assert.NotContains(t, err.Error(), "\n")
			return
		}
		invalid := req.Validate()
		if invalid != nil {
			assert.NotContains(t, invalid.Error(), "\n")
		}
		written, err := json.Marshal(req)
		require.NoError(t, err)
		var in ec2.CreateFlowLogsInput
		require.NoError(t, json.Unmarshal(written, &in))
		if in.ResourceType != "" { // it is inferred for a Request only
			assert.Equal(t, invalid == nil, flowlogs.ValidateInput(&in) == nil, string(written))
		}
		var again flowlogs.Request
		require.NoError(t, json.Unmarshal(written, &again), string(written))
		rewritten, err := json.Marshal(again)
		require.NoError(t, err)
		assert.Equal(t, string(written), string(rewritten))
	})
}

// FuzzParseLogFormat: a format that is parsed is written as it was, but for the
// number of spaces.
func FuzzParseLogFormat(f *testing.F) {
	for _, seed := range []string{vpcFormat, tgwFormat, "", " ", "${version}", "${version} ", "${version}   ${bytes}", "${", "}", "${a} ${b}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		format, err := flowlogs.ParseLogFormat(s)
		if err != nil {
			assert.NotContains(t, err.Error(), "\n")
			return
		}
		assert.Equal(t, strings.Join(strings.Fields(s), " "), format.String())
		assert.Equal(t, format, flowlogs.MustParseLogFormat(format.String()))
	})
}

// FuzzResponse: whatever EC2 or a proxy responds, through the SDK's real client, the
// outcome is a response that accounts for all resources or an error on one line.
func FuzzResponse(f *testing.F) {
	const head = `<CreateFlowLogsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">`
	for _, seed := range []string{
		head + `<requestId>r</requestId><clientToken>t</clientToken><unsuccessful/><flowLogIdSet><item>fl-1</item><item>fl-2</item></flowLogIdSet></CreateFlowLogsResponse>`,
		head + `<unsuccessful><item><error><code>400</code><message>no</message></error><resourceId>vpc-1</resourceId></item></unsuccessful></CreateFlowLogsResponse>`,
		head + `<unsuccessful><item/><item/></unsuccessful>`,
		`<Response><Errors><Error><Code>InvalidParameter</Code><Message>no` + "\n" + `</Message></Error></Errors><RequestID>r</RequestID></Response>`,
		`<html></html>`, ``, `{`, "\x00\xff", head + strings.Repeat("<item>", 5000), head + strings.Repeat("<flowLogIdSet><item>fl-1</item></flowLogIdSet>", 500),
	} {
		for _, status := range []int{200, 400, 503} {
			f.Add(status, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			t.Skip("not a status that net/http lets through")
		}
		client := ec2.New(ec2.Options{
			Region:      "us-east-1",
			Credentials: aws.AnonymousCredentials{},
			Retryer:     aws.NopRetryer{},
			HTTPClient: doFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
			}),
		})
		resp, err := flowlogs.New(client).Create(t.Context(), vpcRequest(2))
		if err == nil {
			assert.Len(t, resp.FlowLogIDs, 2)
			return
		}
		assert.NotContains(t, err.Error(), "\n")
		assert.Less(t, len(err.Error()), 5000)
		if resp != nil {
			_, err := json.Marshal(resp)
			require.NoError(t, err)
		}
	})
}

// FuzzARNs: no ARN and no ID makes the validator panic, and what it passes EC2's
// double passes too.
func FuzzARNs(f *testing.F) {
	for _, seed := range []string{
		"arn:aws:s3:::b", "arn:aws:s3:::b/f/", "arn:aws:s3:::b/AWSLogs/", "arn:aws:logs:us-east-1:123456789012:log-group:g",
		"arn:aws:firehose:us-east-1:123456789012:deliverystream/s", "arn:aws:iam::123456789012:role/r", "arn:::::", "", ":",
	} {
		f.Add(seed, "vpc-00000001")
	}
	f.Add("arn:aws:s3:::b", "tgw-attach-0123456789abcdef0")
	f.Fuzz(func(t *testing.T, arn, id string) {
		if strings.ContainsFunc(arn, unicode.IsControl) {
			t.Skip("what EC2 does with control characters is not known; the double rejects them")
		}
		for _, d := range []flowlogs.Destination{
			flowlogs.S3{BucketARN: arn},
			flowlogs.Firehose{StreamARN: arn},
			flowlogs.CloudWatchLogs{LogGroupARN: arn, RoleARN: someRole},
		} {
			req := vpcRequest(0)
			req.ResourceIDs, req.Destination = []string{id}, d
			if strings.HasPrefix(id, "tgw-") {
				req.TrafficType = ""
			}
			_, err := flowlogs.New(flowlogstest.New(), func(o *flowlogs.Options) {
				o.ClientOptions = []func(*ec2.Options){func(o *ec2.Options) { o.Region = "us-east-1" }}
			}).Create(t.Context(), req)
			var invalid *flowlogs.ValidationError
			if err != nil && !errors.As(err, &invalid) {
				t.Errorf("EC2's double refuses what is valid: %v", err)
			}
		}
	})
}
