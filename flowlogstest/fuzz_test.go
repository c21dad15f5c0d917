package flowlogstest_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// FuzzServer checks that the server responds to any request with XML and a status that
// goes with it.
func FuzzServer(f *testing.F) {
	for _, seed := range []string{
		"Action=CreateFlowLogs&ResourceId.1=vpc-12345678&ResourceType=VPC&TrafficType=ALL&LogDestinationType=s3&LogDestination=arn:aws:s3:::b&Version=2016-11-15",
		"Action=CreateFlowLogs&ResourceId.2=vpc-12345678", "Action=CreateFlowLogs&ResourceId=x&ResourceId.1=y",
		"Action=CreateFlowLogs&TagSpecification.1.Tag.1.Key=k&TagSpecification.99999999999999999999.Tag.1.Key=k",
		"Action=CreateFlowLogs&MaxAggregationInterval=1e9&DryRun=maybe", "Action=DescribeFlowLogs&MaxResults=-1&NextToken=%ff",
		"Action=DescribeFlowLogs&Filter.1.Name=tag:&Filter.1.Value.1=", `Action=DescribeFlowLogs&Filter.1.Name=resource-id&Filter.1.Value.1=v%3f*%5c*%5c`, "Action=DeleteFlowLogs&FlowLogId.1=",
		"Action=CreateTags&ResourceId.1=fl-12345678&Tag.1.Key=k&Tag.2.Key=l&Tag.2.Value=", "Action=DeleteTags&ResourceId.1=fl-12345678&Tag.1.Key=k",
		"Action=DescribeTags&NextToken=LTE&MaxResults=5&Filter.1.Name=value&Filter.1.Value.1=(%3f", "Action=RunInstances", "Action", "%", "&&==", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		e := flowlogstest.New()
		e.Put(types.FlowLog{FlowLogId: aws.String("fl-12345678"), Tags: []types.Tag{tag("k", "(v"), {}}})
		request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		response := httptest.NewRecorder()
		e.ServeHTTP(response, request)
		var document struct{ XMLName xml.Name }
		require.NoError(t, xml.Unmarshal(response.Body.Bytes(), &document), response.Body.String())
		assert.Equal(t, response.Code != http.StatusOK, document.XMLName.Local == "Response")
		for _, flowLog := range e.FlowLogs() {
			assert.NotEmpty(t, *flowLog.FlowLogId)
		}
		require.Len(t, e.Calls(), 1)
		e.Calls()[0].Input()
	})
}
