package flowlogstest_test

import (
	"reflect"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestCalls_HasEveryCallThatArrived(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		e.Inject(flowlogstest.LoseResponse())
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(2)...), withToken("token")))
		require.Error(t, err)
		_, err = call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(1)...), withToken("token")))
		require.Error(t, err)
		_, err = call.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(1)}})
		require.NoError(t, err)

		want := []flowlogstest.Call{
			{
				Operation: "CreateFlowLogs", ClientToken: "token", ResourceIDs: vpcs(2),
				Params: map[string]string{
					"Action": "CreateFlowLogs", "Version": "2016-11-15", "ClientToken": "token", "ResourceId.1": vpc(1), "ResourceId.2": vpc(2),
					"ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3", "LogDestination": bucket,
				},
				Body: "Action=CreateFlowLogs&ClientToken=token&LogDestination=arn%3Aaws%3As3%3A%3A%3Aflow-logs-bucket&LogDestinationType=s3" +
					"&ResourceId.1=vpc-00000000000000001&ResourceId.2=vpc-00000000000000002&ResourceType=VPC&TrafficType=ALL&Version=2016-11-15",
			},
			{
				Operation: "CreateFlowLogs", ClientToken: "token", ResourceIDs: vpcs(1),
				Status: 400, ErrorCode: "IdempotentParameterMismatch",
			},
			{
				Operation: "DeleteFlowLogs", FlowLogIDs: []string{flowLogID(1)},
				Params: map[string]string{"Action": "DeleteFlowLogs", "Version": "2016-11-15", "FlowLogId.1": flowLogID(1)},
				Body:   "Action=DeleteFlowLogs&FlowLogId.1=fl-00000000000000001&Version=2016-11-15",
				Status: 200,
			},
		}
		calls := e.Calls()
		require.Len(t, calls, len(want))
		want[1].Params, want[1].Body = calls[1].Params, calls[1].Body
		for i, call := range calls {
			want[i].Time, want[i].Response = call.Time, call.Response
			assert.Equal(t, want[i], call)
		}
		assert.Contains(t, calls[1].Response, "<Code>IdempotentParameterMismatch</Code>")
		assert.Contains(t, calls[2].Response, "<unsuccessful></unsuccessful>")
	})
}

func TestCalls_ReturnsCopies(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	_, err := e.CreateFlowLogs(t.Context(), toBucket())
	require.NoError(t, err)
	for range 2 {
		call := e.Calls()[0]
		assert.Equal(t, vpcs(1), call.ResourceIDs)
		assert.Equal(t, "VPC", call.Params["ResourceType"])
		assert.Equal(t, vpcs(1), call.Input().ResourceIds)
		call.ResourceIDs[0] = "changed"
		call.Params["ResourceType"] = "changed"
		call.Input().ResourceIds[0] = "changed"
	}
	*e.FlowLogs()[0].ResourceId = "changed"
	assert.Equal(t, vpc(1), *e.FlowLogs()[0].ResourceId)
}

// The test fails if the SDK's input gains a member that is lost.
func TestCallInput_HasEveryMember(t *testing.T) {
	t.Parallel()
	in := &ec2.CreateFlowLogsInput{}
	n := 0
	fill(t, reflect.ValueOf(in).Elem(), &n)
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), in)
		require.Error(t, err)
		assert.NotEqual(t, "UnknownParameter", code(err))
		assertEqual(t, in, e.Calls()[0].Input())
	})
}

func fill(t *testing.T, v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString("value " + strconv.Itoa(*n))
	case reflect.Int32:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(t, v.Index(i), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(t, v.Field(i), n)
			}
		}
	default:
		t.Fatalf("%s: a kind that the SDK's inputs did not have", v.Kind())
	}
}

func TestCallInput_IsNilForOtherCalls(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	_, err := e.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{MaxResults: aws.Int32(5)})
	require.NoError(t, err)
	assert.Nil(t, e.Calls()[0].Input())
	assert.Nil(t, flowlogstest.Call{Body: "%"}.Input())
	assert.Nil(t, flowlogstest.Call{Body: "Action=CreateFlowLogs&DryRun=perhaps"}.Input())
}
