package flowlogs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/tracing"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func withAPIOption(fn func(*middleware.Stack) error) func(*ec2.Options) {
	return func(o *ec2.Options) { o.APIOptions = append(o.APIOptions, fn) }
}

// wire records the headers of requests.
type wire struct {
	ec2.HTTPClient
	headers []http.Header
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.headers = append(w.headers, r.Header.Clone())
	return w.HTTPClient.Do(r)
}

func (w *wire) install(o *ec2.Options) {
	w.HTTPClient = o.HTTPClient
	o.HTTPClient = w
}

func TestCreate_MakesItsAttemptsInOneOperation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		client []func(*ec2.Options)
		call   []func(*flowlogs.Options)
		max    string
	}{
		{"three by default", nil, nil, "3"},
		{"four of the client's Retryer", []func(*ec2.Options){func(o *ec2.Options) { o.Retryer = quickRetryer(4) }}, nil, "4"},
		{"five of a custom Retryer", nil, []func(*flowlogs.Options){withRetryer(quickRetryer(5))}, "5"},
		{"six by a client option", nil, []func(*flowlogs.Options){withClientOptions(withAttempts(6))}, "6"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud, server := newServer(t)
			cloud.Inject(flowlogstest.Respond(500, ""), flowlogstest.Respond(200, "").AfterApplying())
			w, stacks := &wire{}, 0
			fns := append([]func(*ec2.Options){noBackoff, w.install}, test.client...)
			fns = append(fns, withAPIOption(func(*middleware.Stack) error { stacks++; return nil }))
			resp, err := flowlogs.New(server.Client(fns...)).Create(t.Context(), vpcRequest(1), test.call...)
			require.NoError(t, err)
			assert.Equal(t, 3, resp.Batches[0].Attempts)
			assert.Equal(t, 1, stacks, "APIOptions run once")
			require.Len(t, w.headers, 3)
			for i, h := range w.headers {
				assert.Equal(t, w.headers[0].Get("Amz-Sdk-Invocation-Id"), h.Get("Amz-Sdk-Invocation-Id"))
				assert.Equal(t, fmt.Sprintf("attempt=%d; max=%s", i+1, test.max), h.Get("Amz-Sdk-Request"))
			}
		})
	}
}

// spans counts the spans of operations by their names.
type spans map[string]int

func (s spans) Tracer(string, ...tracing.TracerOption) tracing.Tracer { return s }

func (s spans) StartSpan(ctx context.Context, name string, optFns ...tracing.SpanOption) (context.Context, tracing.Span) {
	s[name]++
	return (&tracing.NopTracerProvider{}).Tracer("").StartSpan(ctx, name, optFns...)
}

func TestCreate_TracesItsAttemptsInOneSpan(t *testing.T) {
	t.Parallel()
	cloud, server := newServer(t)
	cloud.Inject(flowlogstest.Respond(500, ""), flowlogstest.TruncateResponse())
	s := spans{}
	_, err := flowlogs.New(server.Client(noBackoff, func(o *ec2.Options) { o.TracerProvider = s })).Create(t.Context(), vpcRequest(1))
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1, 3}, []int{s["EC2.CreateFlowLogs"], s["RetryLoop"], s["Attempt"]}, "%v", s)
}

func TestCreate_LogsRetriesIfTheClientDoes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		wrap func(*ec2.Client) flowlogs.API
	}{
		{"of an *ec2.Client", func(c *ec2.Client) flowlogs.API { return c }},
		{"of a type that embeds it", func(c *ec2.Client) flowlogs.API { return struct{ *ec2.Client }{c} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud, server := newServer(t)
			cloud.Inject(flowlogstest.Respond(500, ""))
			var log bytes.Buffer
			client := server.Client(noBackoff, func(o *ec2.Options) {
				o.ClientLogMode = aws.LogRetries
				o.Logger = logging.NewStandardLogger(&log)
			})
			_, err := flowlogs.New(test.wrap(client)).Create(t.Context(), vpcRequest(1))
			require.NoError(t, err)
			assert.Equal(t, 1, bytes.Count(log.Bytes(), []byte("\n")), log.String())
			assert.Contains(t, log.String(), "retrying request EC2/CreateFlowLogs, attempt 2")
		})
	}
}

// lostResponses are the ways in which the response to a call that EC2 has applied
// does not arrive.
var lostResponses = []struct {
	name  string
	fault flowlogstest.Fault
}{
	{"the connection is cut", flowlogstest.LoseResponse()},
	{"the XML is cut", flowlogstest.TruncateResponse()},
	{"503 in XML", flowlogstest.Reject("Unavailable", "The server is overloaded.", 503).AfterApplying()},
	{"500 with nothing", flowlogstest.Respond(500, "").AfterApplying()},
	{"502 in HTML", flowlogstest.Respond(502, "<html><body>Bad Gateway</body></html>").AfterApplying()},
	{"200 in HTML", flowlogstest.Respond(200, "<html><body>Welcome</body></html>").AfterApplying()},
	{"200 in unfinished XML", flowlogstest.Respond(200, "<CreateFlowLogsResponse><flowLogIdSet><item>fl-1").AfterApplying()},
	{"200 in foreign XML", flowlogstest.Respond(200, "<Other><a>1</a></Other>").AfterApplying()},
	{"200 with nothing", flowlogstest.Respond(200, "").AfterApplying()},
	{"throttled after applying", flowlogstest.Throttle().AfterApplying()},
}

func TestCreate_RetriesALostResponseUnderTheSameToken(t *testing.T) {
	t.Parallel()
	for _, test := range lostResponses {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud, server := newServer(t)
			cloud.Inject(test.fault, test.fault) // the third attempt, the SDK's last, succeeds
			resp, err := flowlogs.New(server.Client(noBackoff)).Create(t.Context(), vpcRequest(300))
			require.NoError(t, err)
			assert.Len(t, resp.FlowLogIDs, 300)
			assert.Equal(t, 3, resp.Batches[0].Attempts)
			requireOneFlowLogEach(t, cloud, vpcIDs(300))
			calls := cloud.Calls()
			require.Len(t, calls, 3)
			for _, c := range calls {
				assert.Equal(t, calls[0].Body, c.Body)
				assert.Equal(t, resp.ClientToken, c.ClientToken)
			}
		})
	}
}

func TestCreate_RetriesALostResponseOfAnyAPI(t *testing.T) {
	t.Parallel()
	for _, test := range lostResponses {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := flowlogstest.New()
				cloud.Inject(test.fault, test.fault)
				resp, err := flowlogs.New(cloud).Create(t.Context(), vpcRequest(2))
				require.NoError(t, err)
				assert.Equal(t, 3, resp.Batches[0].Attempts)
				requireOneFlowLogEach(t, cloud, vpcIDs(2))
			})
		})
	}
}

func TestCreateFlowLogs_RetriesALostResponse(t *testing.T) {
	t.Parallel()
	cloud, server := newServer(t)
	cloud.Inject(flowlogstest.TruncateResponse())
	out, err := flowlogs.New(server.Client(noBackoff)).CreateFlowLogs(t.Context(), vpcInput(t, 2))
	require.NoError(t, err)
	assert.Len(t, out.FlowLogIds, 2)
	requireOneFlowLogEach(t, cloud, vpcIDs(2))
}

func TestCreate_KeepsTheIDOfTheLastResponse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		faults []flowlogstest.Fault
		want   string
	}{
		{"a success", nil, "000000000001"},
		{"a rejection", []flowlogstest.Fault{flowlogstest.Reject("FlowLogsLimitExceeded", "", 400)}, "000000000001"},
		{"a body that is cut", slices.Repeat([]flowlogstest.Fault{flowlogstest.TruncateResponse()}, 3), "000000000003"},
		{"none after a throttled attempt", []flowlogstest.Fault{flowlogstest.Throttle(), flowlogstest.LoseResponse(), flowlogstest.LoseResponse()}, "000000000001"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud, server := newServer(t)
			cloud.Inject(test.faults...)
			resp, _ := flowlogs.New(server.Client(noBackoff), noRetryTimeout).Create(t.Context(), vpcRequest(1))
			assert.Regexp(t, test.want+"$", resp.Batches[0].RequestID)
		})
	}
}

func TestCreate_SendsOnceWhatIsNotRetryable(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	cloud.Inject(flowlogstest.Reject("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).", 400))
	_, err := flowlogs.New(cloud).Create(t.Context(), vpcRequest(1))
	require.ErrorIs(t, err, flowlogs.ErrTokenMismatch)
	assert.Len(t, cloud.Calls(), 1)
}

// TestCreate_CorrectsTheClock relies on the SDK, which takes the skew from the
// Date of a response and signs the retry with it.
func TestCreate_CorrectsTheClock(t *testing.T) {
	t.Parallel()
	var dates []string
	skewed := func(o *ec2.Options) {
		network := o.HTTPClient
		o.HTTPClient = doFunc(func(r *http.Request) (*http.Response, error) {
			dates = append(dates, r.Header.Get("X-Amz-Date"))
			resp, err := network.Do(r)
			if err == nil {
				resp.Header.Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			}
			return resp, err
		})
	}
	cloud, server := newServer(t)
	cloud.Inject(flowlogstest.Reject("AuthFailure", "AWS was not able to validate the provided access credentials", 401))
	resp, err := flowlogs.New(server.Client(noBackoff, skewed)).Create(t.Context(), vpcRequest(1))
	require.NoError(t, err)
	assert.Equal(t, 2, resp.Batches[0].Attempts)
	require.Len(t, dates, 2)
	assert.Greater(t, dates[1][:len("20060102T15")], dates[0][:len("20060102T15")], "an hour later")
}

func withoutRegion(o *ec2.Options) { o.Region, o.BaseEndpoint = "", nil }

// ofSTS is an error of the service that a client gets its credentials from.
func ofSTS(code string) error {
	return &smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRole", Err: apiError(code, "User: me is not authorized to perform: sts:AssumeRole")}
}

// unsent are the failures after which nothing has been sent.
var unsent = []struct {
	name   string
	option func(*ec2.Options)
	want   flowlogs.Reason
}{
	{"no Region", withoutRegion, flowlogs.ErrConfiguration},
	{"an endpoint that is none", func(o *ec2.Options) { o.BaseEndpoint = aws.String("::") }, flowlogs.ErrConfiguration},
	{"no credentials", withCredentialsError(errors.New("no EC2 IMDS role found")), flowlogs.ErrConfiguration},
	{"a provider that cannot dial", withCredentialsError(errDial), flowlogs.ErrConfiguration},
	{"a role that cannot be assumed", withCredentialsError(ofSTS("AccessDenied")), flowlogs.ErrConfiguration},
	{"STS throttles", withCredentialsError(ofSTS("Throttling")), flowlogs.ErrConfiguration},
	{"a session that has expired", withCredentialsError(ofSTS("ExpiredTokenException")), flowlogs.ErrAuthFailure},
}

func TestCreate_SaysThatNothingWasSent(t *testing.T) {
	t.Parallel()
	for _, test := range unsent {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud, server := newServer(t)
			client, limiter := server.Client(noBackoff, test.option), &recorder{}
			for _, api := range []flowlogs.API{client, struct{ *ec2.Client }{client}} {
				resp, err := flowlogs.New(api, withLimiter(limiter)).Create(t.Context(), vpcRequest(1))
				require.ErrorIs(t, err, test.want, "%T", api)
				assert.Equal(t, test.want, flowlogs.ReasonOf(err))
				assert.False(t, flowlogs.ReasonOf(err).Retryable())
				assert.Zero(t, resp.Batches[0].Attempts)
			}
			assert.Empty(t, cloud.Calls())
			assert.Empty(t, limiter.observed)
		})
	}
}

func TestCreate_AsksForCredentialsAFewTimesOnly(t *testing.T) {
	t.Parallel()
	for _, test := range unsent {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, server := newServer(t)
			asked := &recorder{}
			client := server.Client(noBackoff, test.option, func(o *ec2.Options) {
				provider := o.Credentials
				o.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
					_ = asked.Wait(ctx)
					return provider.Retrieve(ctx)
				})
			})
			for _, api := range []flowlogs.API{client, struct{ *ec2.Client }{client}} {
				asked.waits = 0
				_, err := flowlogs.New(api, batchesOf(1)).Create(t.Context(), vpcRequest(100))
				require.ErrorIs(t, err, test.want)
				require.ErrorIs(t, err, flowlogs.ErrNotAttempted)
				assert.Less(t, asked.waits, 40, "%T", api)
			}
		})
	}
}

func TestCreate_SaysThatSomethingWasSentBeforeTheCredentialsExpired(t *testing.T) {
	t.Parallel()
	cloud, server := newServer(t)
	asked := 0
	client := server.Client(noBackoff, func(o *ec2.Options) {
		o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			if asked++; asked > 1 {
				return aws.Credentials{}, errors.New("the session has expired")
			}
			return someCredentials, nil
		})
	})
	for _, api := range []flowlogs.API{client, struct{ *ec2.Client }{client}} {
		asked = 0
		cloud.Inject(flowlogstest.LoseResponse())
		resp, err := flowlogs.New(api).Create(t.Context(), vpcRequest(1))
		assert.Equal(t, flowlogs.ErrConfiguration, flowlogs.ReasonOf(err))
		require.ErrorIs(t, err, flowlogs.ErrNoResponse, "the first attempt may have been applied")
		require.ErrorIs(t, err, flowlogs.ErrConfiguration)
		require.ErrorContains(t, err, "the session has expired")
		assert.Equal(t, 1, resp.Batches[0].Attempts)
	}
}

func TestCreate_CountsAttemptsWhateverTheStack(t *testing.T) {
	t.Parallel()
	remove := func(id string) func(*middleware.Stack) error {
		return func(s *middleware.Stack) error { _, err := s.Finalize.Remove(id); return err }
	}
	for _, test := range []struct {
		name   string
		option func(*middleware.Stack) error
		want   int
	}{
		{"as it is", func(*middleware.Stack) error { return nil }, 3},
		{"without Retry", remove("Retry"), 1},
		{"without Signing", remove("Signing"), 3},
		{"with another Retry", func(s *middleware.Stack) error {
			_, err := s.Finalize.Swap("Retry", retry.NewAttemptMiddleware(quickRetryer(2), smithyhttp.RequestCloner))
			return err
		}, 2},
		{"with nothing in Finalize", func(s *middleware.Stack) error { s.Finalize.Clear(); return nil }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sent, limiter := 0, &recorder{}
			client := ec2.New(ec2.Options{Region: "us-east-1"}, noBackoff, withAPIOption(test.option), func(o *ec2.Options) {
				o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return someCredentials, nil })
				o.HTTPClient = doFunc(func(*http.Request) (*http.Response, error) {
					sent++
					return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}}, nil
				})
			})
			resp, err := flowlogs.New(client, withLimiter(limiter), noRetryTimeout).Create(t.Context(), vpcRequest(1))
			require.ErrorIs(t, err, flowlogs.ErrNoResponse)
			assert.Equal(t, test.want, sent, "a lost response says itself that it is retryable")
			assert.Equal(t, test.want, resp.Batches[0].Attempts)
			assert.Equal(t, slices.Repeat([]flowlogs.Reason{flowlogs.ErrNoResponse}, test.want), limiter.observed)
		})
	}
}

func TestCreate_TakesTheResponseOfAStub(t *testing.T) {
	t.Parallel()
	stub := func(out any, err error) func(*middleware.Stack) error {
		return func(s *middleware.Stack) error {
			return s.Initialize.Add(middleware.InitializeMiddlewareFunc("stub", func(context.Context, middleware.InitializeInput, middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error,
			) {
				return middleware.InitializeOutput{Result: out}, middleware.Metadata{}, err
			}), middleware.Before)
		}
	}
	_, server := newServer(t)
	client := flowlogs.New(server.Client(withAPIOption(stub(&ec2.CreateFlowLogsOutput{FlowLogIds: []string{"fl-1"}}, nil))))
	resp, err := client.Create(t.Context(), vpcRequest(1))
	require.NoError(t, err)
	assert.Equal(t, []string{"fl-1"}, resp.FlowLogIDs)
	assert.Equal(t, 1, resp.Batches[0].Attempts)

	client = flowlogs.New(server.Client(withAPIOption(stub(nil, apiError("FlowLogsLimitExceeded", "")))))
	resp, err = client.Create(t.Context(), vpcRequest(1))
	assert.Equal(t, flowlogs.ErrLimitExceeded, flowlogs.ReasonOf(err))
	assert.Equal(t, 1, resp.Batches[0].Attempts)
}

func TestCreate_DoesNotCallItUnsentIfAMiddlewareFailsLater(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		faults []flowlogstest.Fault
		want   flowlogs.Reason
	}{
		{"after a success", nil, flowlogs.ErrNoResponse},
		{"after a rejection", []flowlogstest.Fault{flowlogstest.Reject("FlowLogsLimitExceeded", "", 400)}, flowlogs.ErrLimitExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud, server := newServer(t)
			cloud.Inject(test.faults...)
			client := server.Client(withAPIOption(func(s *middleware.Stack) error {
				return s.Initialize.Add(middleware.InitializeMiddlewareFunc("late", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
					middleware.InitializeOutput, middleware.Metadata, error,
				) {
					out, metadata, _ := next.HandleInitialize(ctx, in)
					return out, metadata, errors.New("audit failed")
				}), middleware.Before)
			}))
			resp, err := flowlogs.New(client).Create(t.Context(), vpcRequest(1))
			assert.Equal(t, test.want, flowlogs.ReasonOf(err))
			require.NotErrorIs(t, err, flowlogs.ErrConfiguration)
			require.ErrorContains(t, err, "audit failed")
			assert.Equal(t, 1, resp.Batches[0].Attempts)
		})
	}
}

func TestCreate_GivesAMockTheContextOfTheCaller(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 1)
	api := apiFunc(func(got context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		assert.Same(t, ctx, got, "testify compares the context of an expectation")
		return created(in), nil
	})
	_, err := flowlogs.New(api).Create(ctx, vpcRequest(1))
	require.NoError(t, err)
}

func TestCreate_SaysWhatTheEndOfTheContextInterrupted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		fault    flowlogstest.Fault
		want     flowlogs.Reason
		attempts int
		applied  int
	}{
		{"a call in flight", flowlogstest.Hang(), flowlogs.ErrNoResponse, 1, 1},
		{"a slow response", flowlogstest.Delay(time.Hour), flowlogs.ErrNoResponse, 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for _, sdk := range []bool{false, true} {
					cloud := flowlogstest.New()
					cloud.Inject(test.fault)
					var api flowlogs.API = cloud
					if sdk {
						api = inMemory(cloud)
					}
					ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errDeploy)
					defer cancel()
					limiter := &recorder{}
					resp, err := flowlogs.New(api, withLimiter(limiter)).Create(ctx, vpcRequest(1))
					assert.Equal(t, 1, limiter.canceled, "which says nothing about EC2")
					assert.Equal(t, test.want, flowlogs.ReasonOf(err))
					assert.True(t, flowlogs.ReasonOf(err).Retryable())
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.ErrorIs(t, err, errDeploy)
					assert.Equal(t, test.attempts, resp.Batches[0].Attempts)
					assert.Len(t, cloud.FlowLogs(), test.applied)
				}
			})
		})
	}
}

func TestCreate_KeepsARejectionThatArrivesAsTheContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := flowlogs.New(apiFunc(func(context.Context, *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		cancel()
		return nil, apiError("FlowLogsLimitExceeded", "")
	})).Create(ctx, vpcRequest(1))
	assert.Equal(t, flowlogs.ErrLimitExceeded, flowlogs.ReasonOf(err))
}

// An errgroup cancels with the error of another call, which net/http then returns from a
// body that is being read.
func TestCreate_DoesNotTakeTheCauseOfItsContextForAResponse(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 301} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				cloud := flowlogstest.New()
				api := apiFunc(func(ctx context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
					_, _ = cloud.CreateFlowLogs(context.Background(), in) // EC2 applies the call
					<-ctx.Done()
					return nil, fmt.Errorf("failed to decode response body, %w", context.Cause(ctx))
				})
				time.AfterFunc(time.Second, func() { cancel(apiError("UnauthorizedOperation", "of another call")) })
				req := rooted(n)
				resp, err := flowlogs.New(api).Create(ctx, req)
				assert.Equal(t, flowlogs.ErrNoResponse, flowlogs.ReasonOf(err))
				require.ErrorIs(t, err, context.Canceled)
				for _, b := range resp.Batches { // as CallError documents
					req.ResourceIDs, req.ClientToken = b.ResourceIDs, b.ClientToken
					_, err := flowlogs.New(cloud).Create(t.Context(), req)
					require.NoError(t, err)
				}
			})
		})
	}
}

func TestCreate_NeverSplitsACallThatMayHaveBeenApplied(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code   string
		status int
	}{
		{"InvalidParameterValue", 500},
		{"UnauthorizedOperation", 500},
		{"InvalidVpcID.NotFound", 502},
		{"SomethingNew", 503},
		{"RequestTimeout", 400}, // the SDK retries it
	} {
		t.Run(test.code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := cloudWith(flowlogstest.Reject(test.code, "m", test.status).AfterApplying().Times(3))
				_, err := flowlogs.New(cloud, withLimiter(flowlogs.NoLimit)).Create(t.Context(), rooted(4))
				require.NoError(t, err)
				assert.Len(t, requireOneBodyPerToken(t, cloud), 1)
			})
		})
	}
	t.Run("of an API without HTTP", func(t *testing.T) {
		t.Parallel()
		tokens := make(map[string]bool)
		api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
			tokens[*in.ClientToken] = true
			return nil, &smithy.GenericAPIError{Code: "SomethingNew", Message: "m", Fault: smithy.FaultServer}
		})
		_, err := flowlogs.New(api, noRetryTimeout).Create(t.Context(), rooted(4))
		require.ErrorIs(t, err, flowlogs.ErrUnavailable)
		assert.Len(t, tokens, 1)
	})
}

func TestCreate_AttemptsNothingAfterTheEndOfTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errDeploy)
	for _, n := range []int{1, 2} {
		cloud, server := newServer(t)
		for _, api := range []flowlogs.API{cloud, server.Client()} {
			resp, err := flowlogs.New(api, batchesOf(1)).Create(ctx, vpcRequest(n))
			assert.Equal(t, flowlogs.ErrNotAttempted, flowlogs.ReasonOf(err))
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, errDeploy)
			assert.NotEmpty(t, resp.ClientToken, "to resume the request with")
			assert.Zero(t, resp.Batches[0].Attempts)
			assert.Empty(t, cloud.Calls())
		}
	}
}

func TestCreate_SaysWhyItWaitedWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	for _, sdk := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			cloud := flowlogstest.New()
			cloud.Inject(flowlogstest.Throttle().Keep())
			var api flowlogs.API = cloud
			if sdk {
				api = inMemory(cloud)
			}
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errDeploy)
			defer cancel()
			_, err := flowlogs.New(api, withRetryer(retry.AddWithMaxAttempts(retry.NewStandard(func(o *retry.StandardOptions) {
				o.RateLimiter = noQuota{}
			}), 0))).Create(ctx, vpcRequest(1))
			assert.Equal(t, flowlogs.ErrThrottled, flowlogs.ReasonOf(err))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, errDeploy)
			require.NotErrorIs(t, err, flowlogs.ErrNotAttempted)
		})
	}
}

// noQuota lets the SDK retry without end.
type noQuota struct{}

func (noQuota) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (noQuota) AddTokens(uint) error { return nil }

func TestCreate_KeepsCredentialsOutOfErrors(t *testing.T) {
	t.Parallel()
	cloud := flowlogstest.New()
	server := flowlogstest.NewServer(cloud)
	client := flowlogs.New(server.Client(noBackoff), noRetryTimeout)
	cloud.Inject(flowlogstest.LoseResponse(), flowlogstest.Respond(500, ""), flowlogstest.TruncateResponse())
	_, lost := client.Create(t.Context(), vpcRequest(1))
	server.Close()
	_, unreachable := client.Create(t.Context(), vpcRequest(1))
	for _, err := range []error{lost, unreachable} {
		require.ErrorIs(t, err, flowlogs.ErrNoResponse)
		for _, secret := range []string{"AKID", "SECRET", "Signature", "Authorization"} {
			assert.NotContains(t, fmt.Sprintf("%v %+v", err, err), secret)
		}
		assert.NotContains(t, err.Error(), "\n")
	}
}

// optionCounter is an API that reports how many option functions each call is handed.
type optionCounter struct {
	flowlogs.API
	report func(int)
}

func (c optionCounter) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	c.report(len(optFns))
	return c.API.CreateFlowLogs(ctx, in, optFns...)
}

// embeddingCounter is an optionCounter that embeds an *ec2.Client.
type embeddingCounter struct {
	*ec2.Client
	counter optionCounter
}

func (c embeddingCounter) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	return c.counter.CreateFlowLogs(ctx, in, optFns...)
}

// A mock that mockery generates with "unroll-variadic: true" takes each option function
// as an argument, so its expectations depend on their number.
func TestNew_HandsAnyAPIExactlyOneOptionFunction(t *testing.T) {
	t.Parallel()
	for _, api := range []struct {
		name string
		make func(counted optionCounter, cloud *flowlogstest.EC2, optFn func(*flowlogs.Options)) flowlogs.API
	}{
		{"any API", func(counted optionCounter, _ *flowlogstest.EC2, _ func(*flowlogs.Options)) flowlogs.API {
			return counted
		}},
		{"a type that embeds an *ec2.Client", func(counted optionCounter, cloud *flowlogstest.EC2, _ func(*flowlogs.Options)) flowlogs.API {
			client := inMemory(cloud)
			return embeddingCounter{client, optionCounter{client, counted.report}}
		}},
		{"a Client behind a Client", func(counted optionCounter, _ *flowlogstest.EC2, optFn func(*flowlogs.Options)) flowlogs.API {
			return optionCounter{flowlogs.New(counted, optFn), counted.report}
		}},
	} {
		for _, call := range []struct {
			name string
			make func(*testing.T, *flowlogs.Client)
		}{
			{"Create of one batch", func(t *testing.T, c *flowlogs.Client) {
				_, err := c.Create(t.Context(), vpcRequest(2))
				require.NoError(t, err)
			}},
			{"Create of several", func(t *testing.T, c *flowlogs.Client) {
				_, err := c.Create(t.Context(), vpcRequest(2), batchesOf(1))
				require.NoError(t, err)
			}},
			{"Stream", func(t *testing.T, c *flowlogs.Client) {
				collect(t, c.Stream(t.Context(), streamRequest(), idSeq(vpcIDs(2)), batchesOf(1)))
			}},
			{"CreateFlowLogs", func(t *testing.T, c *flowlogs.Client) {
				_, err := c.CreateFlowLogs(t.Context(), vpcInput(t, 2))
				require.NoError(t, err)
			}},
			{"CreateFlowLogs with two functions", func(t *testing.T, c *flowlogs.Client) {
				_, err := c.CreateFlowLogs(t.Context(), vpcInput(t, 2), withAttempts(3), withAttempts(4))
				require.NoError(t, err)
			}},
		} {
			for _, options := range [][]func(*ec2.Options){nil, {withAttempts(4), withAttempts(5)}} {
				t.Run(fmt.Sprintf("%s/%s/%d ClientOptions", api.name, call.name, len(options)), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						cloud := flowlogstest.New()
						cloud.Inject(flowlogstest.Throttle()) // a retry is a call of the API too
						var mu sync.Mutex
						var counts []int
						counted := optionCounter{cloud, func(n int) {
							mu.Lock()
							defer mu.Unlock()
							counts = append(counts, n)
						}}
						optFn := withClientOptions(options...)
						call.make(t, flowlogs.New(api.make(counted, cloud, optFn), optFn))
						assert.GreaterOrEqual(t, len(counts), 2)
						assert.Equal(t, []int{1}, slices.Compact(counts))
					})
				})
			}
		}
	}
}
