package flowlogstest_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// api has the methods of both the in-memory EC2 and the SDK's client.
type api interface {
	CreateFlowLogs(context.Context, *ec2.CreateFlowLogsInput, ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error)
	DescribeFlowLogs(context.Context, *ec2.DescribeFlowLogsInput, ...func(*ec2.Options)) (*ec2.DescribeFlowLogsOutput, error)
	DeleteFlowLogs(context.Context, *ec2.DeleteFlowLogsInput, ...func(*ec2.Options)) (*ec2.DeleteFlowLogsOutput, error)
	CreateTags(context.Context, *ec2.CreateTagsInput, ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error)
	DescribeTags(context.Context, *ec2.DescribeTagsInput, ...func(*ec2.Options)) (*ec2.DescribeTagsOutput, error)
	DeleteTags(context.Context, *ec2.DeleteTagsInput, ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error)
}

var (
	_ api = (*flowlogstest.EC2)(nil)
	_ api = (*ec2.Client)(nil)
)

// contract runs a test on an EC2 in memory, and again through the SDK's client and a
// server. Neither retries.
func contract(t *testing.T, test func(t *testing.T, e *flowlogstest.EC2, call api), optFns ...func(*flowlogstest.Options)) {
	t.Helper()
	t.Run("in memory", func(t *testing.T) {
		t.Parallel()
		e := flowlogstest.New(optFns...)
		test(t, e, e)
	})
	t.Run("through a server", func(t *testing.T) {
		t.Parallel()
		e := flowlogstest.New(optFns...)
		s := flowlogstest.NewServer(e)
		t.Cleanup(s.Close)
		test(t, e, s.Client(withoutRetries))
	})
}

func withoutRetries(o *ec2.Options) { o.Retryer = aws.NopRetryer{} }

// assertEqual compares values of the SDK's types. Empty equals nil, because the wire does
// not tell them apart, and ResultMetadata is ignored.
func assertEqual(t *testing.T, want, got any) {
	t.Helper()
	assert.Equal(t, normalized(reflect.ValueOf(want)).Interface(), normalized(reflect.ValueOf(got)).Interface())
}

// normalized returns a copy that assertEqual can compare.
func normalized(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(normalized(v.Elem()))
		}
	case reflect.Slice:
		for i := range v.Len() {
			out.Set(reflect.Append(out, normalized(v.Index(i))))
		}
	case reflect.Struct:
		_, isTime := v.Interface().(time.Time)
		if isTime {
			out.Set(v)
		}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && field.Name != "ResultMetadata" {
				out.Field(i).Set(normalized(v.Field(i)))
			}
		}
	default:
		out.Set(v)
	}
	return out
}

// assertAPIError checks every error in the chain of an error of EC2.
func assertAPIError(t *testing.T, err error, operation string, status int, code, message string) {
	t.Helper()
	var operationErr *smithy.OperationError
	require.ErrorAs(t, err, &operationErr)
	assert.Equal(t, "EC2", operationErr.Service())
	assert.Equal(t, operation, operationErr.Operation())

	var responseErr *awshttp.ResponseError
	require.ErrorAs(t, err, &responseErr)
	assert.Equal(t, status, responseErr.HTTPStatusCode())
	assert.NotEmpty(t, responseErr.ServiceRequestID())

	var apiErr *smithy.GenericAPIError
	require.ErrorAs(t, err, &apiErr)
	assert.Equal(t, code, apiErr.Code)
	assert.Equal(t, message, apiErr.Message)
}

func code(err error) string {
	var apiErr smithy.APIError
	if errors.As(err, &apiErr) {
		return apiErr.ErrorCode()
	}
	return ""
}

func TestCreateFlowLogs_ReturnsIDsTokenAndRequestID(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		out, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(2)...), withToken("once")))
		require.NoError(t, err)
		assertEqual(t, &ec2.CreateFlowLogsOutput{
			ClientToken: aws.String("once"),
			FlowLogIds:  []string{flowLogID(1), flowLogID(2)},
		}, out)
		requestID, ok := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
		assert.True(t, ok)
		assert.Equal(t, "00000000-0000-4000-8000-000000000001", requestID)
		assert.Len(t, e.FlowLogs(), 2)
	})
}

func TestCreateFlowLogs_DoesNotChangeItsInput(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		in := toBucket()
		_, err := call.CreateFlowLogs(t.Context(), in)
		require.NoError(t, err)
		assertEqual(t, toBucket(), in)

		in.ResourceIds[0] = vpc(9)
		*in.LogDestination = "changed"
		assert.Equal(t, vpc(1), *e.FlowLogs()[0].ResourceId)
		assert.Equal(t, bucket, *e.FlowLogs()[0].LogDestination)
	})
}

func TestEC2_TakesTheSDKsOptionsExceptHTTPClient(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	e.Inject(flowlogstest.Throttle(), flowlogstest.Throttle())
	attempts := 0
	out, err := e.CreateFlowLogs(t.Context(), toBucket(), func(o *ec2.Options) {
		o.HTTPClient = nil
		o.Retryer = eager{aws.NopRetryer{}, &attempts}
	})
	require.NoError(t, err)
	assert.Equal(t, []string{flowLogID(1)}, out.FlowLogIds)
	assert.Len(t, e.Calls(), 3)
	assert.Equal(t, 2, attempts)
}

// eager retries everything at once.
type eager struct {
	aws.NopRetryer
	retries *int
}

func (e eager) IsErrorRetryable(err error) bool {
	*e.retries++
	return true
}
func (eager) MaxAttempts() int { return 5 }
func (eager) RetryDelay(int, error) (time.Duration, error) {
	return 0, nil
}
func (eager) GetRetryToken(context.Context, error) (func(error) error, error) {
	return func(error) error { return nil }, nil
}
