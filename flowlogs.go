package flowlogs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// API is the one EC2 operation that this package calls. An *[ec2.Client]
// satisfies it, and so does a [Client], and any mock of one method.
type API interface {
	CreateFlowLogs(ctx context.Context, params *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error)
}

var (
	_ API = (*ec2.Client)(nil)
	_ API = (*Client)(nil)
)

// Options configures a [Client], or one call of it.
//
// [New] fills in the defaults and then runs the functions given to it, so what a
// function sets to zero or nil is meant.
type Options struct {
	// Token makes the client token of a request without one. Default:
	// [RandomToken]; nil is RandomToken too, for a call without a token could not
	// be retried safely.
	Token TokenGenerator

	// Retryer decides which attempts are made again and when. Default: the API's
	// own, if it is an *[ec2.Client], so its mode, attempts and quota apply;
	// otherwise that of retry.NewStandard. Nil: no retries. A Retryer in
	// ClientOptions comes before this one.
	Retryer aws.Retryer

	// PropagationTimeout is how long to keep waiting for a new IAM role or bucket
	// policy to be seen by EC2. Zero: not at all.
	PropagationTimeout time.Duration

	// BatchSize is the number of resources a call. Zero or less: the service's
	// limit, which is 300, and 25 for transit gateways and their attachments. More
	// than the limit is sent as it is. A job is resumed with the size that it was
	// begun with, because the tokens of its calls depend on it.
	BatchSize int

	// Concurrency is the number of calls in flight. Default: 4. Less than 1: one.
	Concurrency int

	// Limiter paces the calls of all uses of the Client, retries included. Default:
	// one that lets calls pass until EC2 throttles one, and from then on learns from
	// the answers how many there are to be had of the bucket that the account's
	// calls have in common: 50 calls and then 5 a second, where AWS has not changed
	// it. Nil: unpaced. Several Clients can share a Limiter, such as a *rate.Limiter
	// of golang.org/x/time/rate.
	// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
	Limiter Limiter

	// OnProgress is called after every batch of a Create or Stream, never
	// concurrently with itself in one of them, and the last time when all is done.
	// Nil: nobody is told.
	OnProgress func(Progress)

	// ClientOptions are passed on with every call.
	ClientOptions []func(*ec2.Options)
}

// Client creates flow logs. It is immutable and safe for concurrent use.
type Client struct {
	api     API
	options Options
	caller  caller
}

// New returns a Client that calls api, which must not be nil.
func New(api API, optFns ...func(*Options)) *Client {
	o := Options{
		Token:       RandomToken,
		Retryer:     optionsOf(api).Retryer,
		Concurrency: 4,
		Limiter:     NewLimiter(),
	}
	if o.Retryer == nil {
		o.Retryer = retry.NewStandard()
	}
	return newClient(api, o, optFns)
}

// with is the client with other options.
func (c *Client) with(optFns []func(*Options)) *Client {
	if len(optFns) == 0 {
		return c
	}
	return newClient(c.api, c.options, optFns)
}

func newClient(api API, o Options, optFns []func(*Options)) *Client {
	o.ClientOptions = slices.Clip(o.ClientOptions)
	for _, fn := range optFns {
		fn(&o)
	}
	if o.Token == nil {
		o.Token = RandomToken
	}
	o.ClientOptions = slices.Clone(o.ClientOptions)
	return &Client{api: api, options: o, caller: newCaller(api, o)}
}

// Create creates a flow log for every resource of the request, in as many calls
// as that takes. It checks the request first, and sends nothing unless all of it
// is valid; then the error is a *[ValidationError].
//
// When some flow logs could not be created, Create returns both the Response and
// an error. The error joins at most one *[UnsuccessfulError], with the resources
// that EC2 refused one by one, and one *[CallError] for each call that failed;
// errors.Is and errors.As reach each of them, and errors.Is takes a [Reason]. The
// Response is nil only where nothing could be sent at all, because the request is
// not valid or has no token.
//
// A call that is refused for a reason that all others would meet too stops those
// that have not been sent, and so does the end of ctx. Their errors are
// ErrNotAttempted. Throttling, errors of EC2 and lost answers stop nothing.
//
// Create may be called again with the same request and token, after a crash, a
// timeout or on another machine: it then sends the same calls with the same
// tokens, and EC2 creates nothing twice.
func (c *Client) Create(ctx context.Context, req Request, optFns ...func(*Options)) (*Response, error) {
	c = c.with(optFns)
	if err := req.validateFor(c.caller.region); err != nil {
		return nil, err
	}
	token, err := c.token(req)
	if err != nil {
		return nil, err
	}

	size := c.batchSize(req.resourceType())
	resp := &Response{ClientToken: token, Batches: split(slices.Clone(req.ResourceIDs), size, token)}
	j := c.job(&req, Progress{Resources: len(req.ResourceIDs), Batches: len(resp.Batches)})
	failed := j.sendAll(ctx, resp.Batches)
	resp.collect()
	return resp, joinErrors(resp, failed)
}

// job is a request ready to be sent.
func (c *Client) job(req *Request, whole Progress) job {
	return job{
		caller:      &c.caller,
		settings:    req.settings(),
		dryRun:      req.DryRun,
		checked:     true,
		concurrency: max(c.options.Concurrency, 1),
		onProgress:  c.options.OnProgress,
		progress:    whole,
	}
}

// batchSize is the number of resources a call.
func (c *Client) batchSize(t ResourceType) int {
	if c.options.BatchSize > 0 {
		return c.options.BatchSize
	}
	return ruleOf(t).limit
}

// token is the request's own, or made and checked.
func (c *Client) token(req Request) (string, error) {
	if req.ClientToken != "" {
		return req.ClientToken, nil
	}
	token, err := c.options.Token(req)
	if err != nil {
		return "", fmt.Errorf("flowlogs: make a client token: %w", err)
	}
	v := validator{paths: &requestPaths}
	if token == "" {
		v.add(v.paths.clientToken, "", "Options.Token made an empty one")
	}
	v.token(token)
	return token, v.err()
}

// CreateFlowLogs makes a Client an [API], for services that hold one already. It
// sends the caller's input as one call, however many IDs there are, unchanged but
// for a token where it has none, and returns the output of the SDK. As in
// [Client.Create], the input is checked first, with paths that name its own
// members, lost answers are retried under the same token, and the output comes
// together with an *[UnsuccessfulError] or *[CallError] where not all flow logs
// were created. A dry run always ends in an error, as with the SDK: ErrDryRun if
// it would have succeeded.
//
// A Retryer in optFns is the one that is used.
func (c *Client) CreateFlowLogs(ctx context.Context, params *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	if params == nil {
		params = &ec2.CreateFlowLogsInput{}
	}
	caller := &c.caller
	if len(optFns) > 0 {
		own := newCaller(c.api, c.options, optFns...)
		caller = &own
	}
	if err := validateInput(params, caller.region); err != nil {
		return nil, err
	}
	in := copyInput(params)
	if aws.ToString(in.ClientToken) == "" {
		req, err := FromInput(in)
		if err != nil {
			return nil, err
		}
		token, err := c.token(req)
		if err != nil {
			return nil, err
		}
		in.ClientToken = &token
	}
	b := Batch{ClientToken: *in.ClientToken, ResourceIDs: in.ResourceIds}
	in.ResourceIds = nil // they are the batch's
	out, err := caller.call(ctx, in, &b)
	if err == nil {
		err = b.add(out)
	}
	if err != nil {
		return out, &CallError{Batch: b, Err: err}
	}
	return out, unsuccessfulError(b.Unsuccessful, b.ClientToken, len(b.FlowLogIDs))
}
