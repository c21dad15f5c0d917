package flowlogstest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// vpcServer serves an EC2 whose Fallback is DescribeVpcs: every VPC that is named exists.
func vpcServer(t *testing.T, optFns ...func(*flowlogstest.Options)) (*flowlogstest.EC2, *flowlogstest.Server) {
	t.Helper()
	describeVPCs := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
		w.Header().Set("X-Amzn-Requestid", "vpcs")
		fmt.Fprintf(w, `<DescribeVpcsResponse><vpcSet><item><vpcId>%s</vpcId></item></vpcSet></DescribeVpcsResponse>`, r.FormValue("VpcId.1"))
	})
	e := flowlogstest.New(append(optFns, func(o *flowlogstest.Options) { o.Fallback = describeVPCs })...)
	s := flowlogstest.NewServer(e)
	t.Cleanup(s.Close)
	return e, s
}

var oneVPC = &ec2.DescribeVpcsInput{VpcIds: []string{vpc(1)}}

func TestFallback_ServesAnActionThatEC2DoesNotKnow(t *testing.T) {
	t.Parallel()
	e, s := vpcServer(t)
	client := s.Client(withoutRetries)
	vpcs, err := client.DescribeVpcs(t.Context(), oneVPC)
	require.NoError(t, err)
	assert.Equal(t, vpc(1), *vpcs.Vpcs[0].VpcId)
	_, err = client.CreateFlowLogs(t.Context(), toBucket())
	require.NoError(t, err)
	assert.Len(t, e.FlowLogs(), 1)
}

func TestFallback_IsNotForRequestsWithoutAnAction(t *testing.T) {
	t.Parallel()
	_, s := vpcServer(t)
	for _, body := range []string{"Version=2016-11-15", "Action=%zz"} {
		status, _, _ := post(t, s.URL, body)
		assert.Equal(t, 400, status, body)
	}
}

func TestFallback_IsPartOfCalls(t *testing.T) {
	t.Parallel()
	e, s := vpcServer(t)
	_, err := s.Client().DescribeVpcs(t.Context(), oneVPC)
	require.NoError(t, err)
	call := e.Calls()[0]
	assert.Equal(t, "DescribeVpcs", call.Operation)
	assert.Equal(t, vpc(1), call.Params["VpcId.1"])
	assert.Equal(t, 200, call.Status)
	assert.Empty(t, call.ErrorCode)
	assert.Contains(t, call.Response, vpc(1))
}

func TestFallback_HasFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fault  flowlogstest.Fault
		served bool
		status int
	}{
		{"Throttle", flowlogstest.Throttle(), false, 503},
		{"Reject after applying", flowlogstest.Reject("InternalError", "", 500).AfterApplying(), true, 500},
		{"Respond after applying", flowlogstest.Respond(502, "").AfterApplying(), true, 502},
		{"TruncateResponse", flowlogstest.TruncateResponse(), true, 200},
		{"LoseResponse", flowlogstest.LoseResponse(), true, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var served atomic.Bool // a lost response does not order handler and test
			e := flowlogstest.New(func(o *flowlogstest.Options) {
				o.Fallback = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					served.Store(true)
					io.WriteString(w, "<DescribeVpcsResponse></DescribeVpcsResponse>")
				})
			})
			s := flowlogstest.NewServer(e)
			t.Cleanup(s.Close)
			e.Inject(test.fault)
			_, err := s.Client(withoutRetries).DescribeVpcs(t.Context(), oneVPC)
			require.Error(t, err)
			assert.Equal(t, test.served, served.Load())
			assert.Equal(t, test.status, e.Calls()[0].Status)

			_, err = s.Client(withoutRetries).DescribeVpcs(t.Context(), oneVPC)
			assert.NoError(t, err, "one fault, one call")
		})
	}
}

func TestFallback_IsNotThrottled(t *testing.T) {
	t.Parallel()
	_, s := vpcServer(t, func(o *flowlogstest.Options) { o.Throttle, o.Burst, o.PerSecond = true, 0, 0 })
	client := s.Client(withoutRetries)
	_, err := client.DescribeVpcs(t.Context(), oneVPC)
	require.NoError(t, err)
	_, err = client.CreateFlowLogs(t.Context(), toBucket())
	assert.Equal(t, "RequestLimitExceeded", code(err))
}

func TestFallback_MayUseTheEC2(t *testing.T) {
	t.Parallel()
	var e *flowlogstest.EC2
	e = flowlogstest.New(func(o *flowlogstest.Options) {
		o.Fallback = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			e.Put(types.FlowLog{FlowLogId: aws.String(flowLogID(7))})
		})
	})
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action=CreateVpc")))
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, []string{flowLogID(7)}, idsOf(e.FlowLogs()))
}

func TestFallback_RespondsAsOverHTTP(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New(func(o *flowlogstest.Options) {
		o.Fallback = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("X-Before", "sent")
			w.WriteHeader(http.StatusTeapot)
			w.WriteHeader(http.StatusOK)
			w.Header().Set("X-After", "not sent")
			fmt.Fprintf(w, "%s %s %q of %d", r.Method, r.URL.RawQuery, body, r.ContentLength)
		})
	})
	s := flowlogstest.NewServer(e)
	t.Cleanup(s.Close)

	status, header, body := post(t, s.URL, "Action=Brew")
	assert.Equal(t, http.StatusTeapot, status)
	assert.Equal(t, "sent", header.Get("X-Before"))
	assert.Empty(t, header.Get("X-After"))
	assert.Empty(t, header.Get("X-Amzn-Requestid"), "the response is the handler's")
	assert.Equal(t, "text/plain; charset=utf-8", header.Get("Content-Type"))
	assert.Equal(t, `POST  "Action=Brew" of 11`, body)

	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?Action=Brew", nil))
	assert.Equal(t, `GET Action=Brew "" of 0`, w.Body.String())
}
