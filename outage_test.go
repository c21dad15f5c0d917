package flowlogs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// retryModes are the modes of the SDK.
func retryModes() map[string]func() aws.Retryer {
	return map[string]func() aws.Retryer{
		"standard": func() aws.Retryer { return retry.NewStandard() },
		"adaptive": func() aws.Retryer { return retry.NewAdaptiveMode() },
	}
}

func TestCreate_OfOneCallSurvivesAnOutageOfFiveSeconds(t *testing.T) {
	t.Parallel()
	for mode, retryer := range retryModes() {
		for _, lasts := range []time.Duration{500 * time.Millisecond, time.Second, 3 * time.Second, 5 * time.Second} {
			t.Run(fmt.Sprint(mode, " ", lasts), func(t *testing.T) {
				t.Parallel()
				for seed := range 50 {
					synctest.Test(t, func(t *testing.T) {
						a := newAccount(func(a *account) { a.outage = between(0, lasts); a.seeded(seed) })
						client := flowlogs.New(a, withRetryer(retryer()))
						_, err := client.Create(t.Context(), vpcRequest(1))
						require.NoError(t, err)
						a.restart()
						clear(a.tokenOf)
						_, err = client.CreateFlowLogs(t.Context(), vpcInput(t, 2))
						require.NoError(t, err)
					})
				}
			})
		}
	}
}

func TestCreate_OfOneCallGivesUpWithinTenSeconds(t *testing.T) {
	t.Parallel()
	for mode, retryer := range retryModes() {
		for name, call := range map[string]func(context.Context, *flowlogs.Client) error{
			"Create": func(ctx context.Context, c *flowlogs.Client) error {
				_, err := c.Create(ctx, vpcRequest(1))
				return err
			},
			"CreateFlowLogs": func(ctx context.Context, c *flowlogs.Client) error {
				_, err := c.CreateFlowLogs(ctx, vpcInput(t, 1))
				return err
			},
		} {
			t.Run(mode+" "+name, func(t *testing.T) {
				t.Parallel()
				for seed := range 50 {
					synctest.Test(t, func(t *testing.T) {
						a := newAccount(func(a *account) { a.outage = between(0, time.Hour); a.seeded(seed) })
						require.ErrorIs(t, call(t.Context(), flowlogs.New(a, withRetryer(retryer()))), flowlogs.ErrUnavailable)
						assert.GreaterOrEqual(t, time.Since(a.start), 5*time.Second)
						assert.Less(t, time.Since(a.start), 10*time.Second)
					})
				}
			})
		}
	}
}

// What is neither a response nor an error of the network, as from most mocks, does not
// pass: a unit test does not wait for it.
func TestCreate_OfOneCallWaitsForTransportAndResponsesOnly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		err   error
		waits bool
	}{
		{"an error of a mock", errors.New("boom"), false},
		{"a rejection", &smithy.GenericAPIError{Code: "InvalidParameter"}, false},
		{"a response without a status", &smithy.GenericAPIError{Code: "InternalError"}, true},
		{"an unsent request", &smithyhttp.RequestSendError{Err: errors.New("boom")}, true},
		{"a broken connection", &net.OpError{Op: "read", Err: errors.New("boom")}, true},
		{"a timeout", &url.Error{Op: "Post", Err: &net.DNSError{IsTimeout: true}}, true},
		{"EOF", io.EOF, true},
		{"an unexpected EOF", fmt.Errorf("read: %w", io.ErrUnexpectedEOF), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, opts := range [][]func(*flowlogs.Options){nil, {noRetryTimeout}, {withRetryer(aws.NopRetryer{})}} {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					api := apiFunc(func(context.Context, *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
						return nil, test.err
					})
					_, err := flowlogs.New(api, opts...).Create(t.Context(), vpcRequest(1))
					require.ErrorIs(t, err, test.err)
					assert.Equal(t, test.waits && opts == nil, time.Since(start) >= 5*time.Second)
				})
			}
		})
	}
}

// quotaOf is a retry quota of an *ec2.Client, and how much of it is left.
type quotaOf struct {
	*ratelimit.TokenRateLimit
	left atomic.Int64
}

func (q *quotaOf) GetToken(ctx context.Context, cost uint) (func() error, error) {
	refund, err := q.TokenRateLimit.GetToken(ctx, cost)
	if err != nil {
		return nil, err
	}
	q.left.Add(-int64(cost))
	return func() error { q.left.Add(int64(cost)); return refund() }, nil
}

// The quota is for the program's other calls of EC2, too.
func TestCreate_KeepsTheRetryQuotaInAnOutage(t *testing.T) {
	t.Parallel()
	const full, oneCall = 500, 2 * 14
	for name, create := range map[string]func(context.Context, *flowlogs.Client) error{
		"a fleet": func(ctx context.Context, c *flowlogs.Client) error {
			_, err := c.Create(ctx, vpcRequest(100*300))
			return err
		},
		"with a Retryer of ten attempts": func(ctx context.Context, c *flowlogs.Client) error {
			_, err := c.Create(ctx, vpcRequest(20*300), withClientOptions(withAttempts(10)))
			return err
		},
		"single calls": func(ctx context.Context, c *flowlogs.Client) (err error) {
			for i := range 200 {
				if _, err = c.Create(ctx, vpcRequestFrom(i, 1)); err == nil {
					break
				}
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				cloud := cloudWith(flowlogstest.Respond(503, "").Keep().On(func(flowlogstest.Call) bool { return time.Since(start) < 10*time.Minute }))
				quota := &quotaOf{TokenRateLimit: ratelimit.NewTokenRateLimit(full)}
				quota.left.Store(full)
				standard := retry.NewStandard(func(o *retry.StandardOptions) { o.RateLimiter = quota })
				client := ec2.New(inMemory(cloud).Options(), func(o *ec2.Options) { o.Retryer = standard })
				require.NoError(t, create(t.Context(), flowlogs.New(client)))
				assert.Greater(t, time.Since(start), 10*time.Minute)
				assert.GreaterOrEqual(t, quota.left.Load(), int64(full-oneCall))
			})
		})
	}
}

func TestCreate_WaitsAsLongAsEC2Asks(t *testing.T) {
	t.Parallel()
	const asked = 4 * time.Second
	for name, test := range map[string]struct {
		faults  []flowlogstest.Fault
		retryer aws.Retryer
	}{
		"between the SDK's attempts": {[]flowlogstest.Fault{flowlogstest.Respond(503, "").RetryAfter(asked)}, nil},
		"between those of the job":   {[]flowlogstest.Fault{flowlogstest.Reject("Unavailable", "", 503).RetryAfter(asked)}, unlimited{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := cloudWith(test.faults...)
				_, err := flowlogs.New(inMemory(cloud), func(o *flowlogs.Options) { o.Retryer = test.retryer }).Create(t.Context(), rooted(1))
				require.NoError(t, err)
				calls := cloud.Calls()
				require.Len(t, calls, 2)
				assert.Equal(t, asked, calls[1].Time.Sub(calls[0].Time))
			})
		})
	}
}

func TestCreate_HoldsNoSlotWhileEC2AsksToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		cloud := cloudWith(flowlogstest.Respond(503, "").RetryAfter(4 * time.Second))
		_, err := flowlogs.New(inMemory(cloud), batchesOf(1), oneAtATime).Create(t.Context(), rooted(3))
		require.NoError(t, err)
		calls := cloud.Calls()
		require.Len(t, calls, 4)
		assert.Equal(t, start, calls[2].Time, "two batches are done meanwhile")
	})
}

// Services whose SDK is based on schemas return other errors; EC2's will be next.
// https://github.com/aws/smithy-go/blob/v1.28.9/transport/http/protocol/ec2query/ec2query.go
func TestCreate_DoesNotDependOnTheSDKsSerialization(t *testing.T) {
	t.Parallel()
	response := func(status int, err error) error {
		return &smithy.OperationError{ServiceID: "EC2", OperationName: "CreateFlowLogs", Err: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: http.Header{}}}, Err: err,
		}}
	}
	half := &ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-00000000000000001"}}
	for _, test := range []struct {
		name string
		out  *ec2.CreateFlowLogsOutput
		err  error
		want flowlogs.Reason // of a call that is not retried
	}{
		{"an error inside the root element", half, response(200, errors.New("invalid character")), flowlogs.ErrNoResponse},
		{"a page with 200", half, response(200, &smithy.DeserializationError{Err: io.EOF}), flowlogs.ErrNoResponse},
		{"a page with 503", half, response(503, &smithy.DeserializationError{Err: io.EOF}), flowlogs.ErrUnavailable},
		{"a page with 429", nil, response(429, &smithy.DeserializationError{Err: io.EOF}), flowlogs.ErrThrottled},
		{"a page with 407", nil, response(407, &smithy.DeserializationError{Err: io.EOF}), flowlogs.ErrConfiguration},
		{"an error that is cut off", nil, response(400, &smithy.DeserializationError{Err: io.ErrUnexpectedEOF}), flowlogs.ErrNoResponse},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mended atomic.Bool
				api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
					if !mended.Load() {
						return test.out, test.err
					}
					return created(in), nil
				})
				out, err := flowlogs.New(api, noRetryTimeout).CreateFlowLogs(t.Context(), vpcInput(t, 2))
				require.ErrorIs(t, err, test.want)
				assert.Equal(t, test.want, flowlogs.ReasonOf(err))
				assert.Nil(t, out, "half a result is none")
				assert.Equal(t, test.want.Retryable(), test.want != flowlogs.ErrConfiguration)

				time.AfterFunc(2*time.Second, func() { mended.Store(true) })
				resp, err := flowlogs.New(api).Create(t.Context(), vpcRequest(2))
				if test.want.Retryable() {
					require.NoError(t, err)
					assert.Len(t, resp.FlowLogIDs, 2)
				} else {
					require.ErrorIs(t, err, test.want)
				}
			})
		})
	}
}
