package flowlogs

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
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

// Client creates flow logs. It is immutable and safe for concurrent use.
type Client struct {
	api     API
	options Options
	own     *limiters // for calls without a Limiter
	invoker invoker
}

// New returns a Client that calls api, which must not be nil. If api is a Client
// itself, the new one calls the same API with the same options, changed by
// optFns: there is one retry loop, not two.
func New(api API, optFns ...func(*Options)) *Client {
	if inner, ok := api.(*Client); ok {
		return inner.with(optFns)
	}
	return newClient(api, Options{}.apply(optFns), &limiters{})
}

func newClient(api API, o Options, own *limiters) *Client {
	c := &Client{api: api, options: o, own: own}
	c.invoker = newInvoker(api, &c.options, own)
	return c
}

// with returns the client with its options changed by optFns.
func (c *Client) with(optFns []func(*Options)) *Client {
	if len(optFns) == 0 {
		return c
	}
	return newClient(c.api, c.options.apply(optFns), c.own)
}

// Create creates a flow log for every resource of the request, in as many calls
// as that takes. It validates the request first, and sends nothing unless all of
// it is valid.
//
// The error is nil, a *[ValidationError] if nothing was sent, that of
// Options.Token, or a *[CreateError] for everything else that can go wrong. The
// Response comes with a CreateError too: flow logs that were created exist, and
// [Response.Results] says which resources have none and why. The Response is nil if
// the request is invalid or has no token.
//
// Transient failures are retried, by the Retryer and then until
// Options.RetryTimeout. A call that EC2 rejects because of single resources is
// split until these stand alone; see Options.Isolate. A fatal rejection, which
// would apply to every other call, stops those that have not been sent: their
// error is [ErrNotAttempted]. So does the end of ctx.
//
// A deadline belongs on ctx: without one, nothing limits how long the SDK waits for
// a response. A request of several calls takes as long as EC2 allows, about a minute
// for 100,000 VPCs, and up to Options.RetryTimeout longer in an outage.
//
// To resume a request after a crash, a timeout or on another machine, call Create
// again with the same request and token, which must then have been chosen before:
// set Request.ClientToken, or use [ContentToken]. Create sends the same calls
// under the same tokens, and EC2 creates nothing twice.
//
// A dry run that would have succeeded returns no error and a Response without
// flow logs. It checks the parameters and the permission to call CreateFlowLogs.
// Whether the destination exists and accepts flow logs, it cannot tell.
//
// The caller needs the permission ec2:CreateFlowLogs, and others that depend on
// the destination: see [Reason.Hint] of [ErrNotAuthorized].
func (c *Client) Create(ctx context.Context, req Request, optFns ...func(*Options)) (*Response, error) {
	c = c.with(optFns)
	if err := req.validate(c.invoker.region, c.options.Allow); err != nil {
		return nil, err
	}
	token, err := c.token(req)
	if err != nil {
		return nil, err
	}

	resp := &Response{ClientToken: token, ids: slices.Clone(req.ResourceIDs)}
	size := c.options.batchSize(req.resourceType())
	several := len(resp.ids) > size
	j := c.newJob(&c.invoker, req.template(), several)
	j.yield = func(b Batch) bool {
		resp.Batches = append(resp.Batches, b)
		return true
	}
	if several {
		batches := split(resp.ids, size, token)
		j.progress = newProgress(c.options.OnProgress, len(resp.ids), len(batches))
		j.run(ctx, batches, nil, nil)
	} else {
		j.progress = newProgress(c.options.OnProgress, len(resp.ids), 1)
		j.runOne(ctx, Batch{ClientToken: token, ResourceIDs: resp.ids})
	}
	resp.collect()
	return resp, createError(token, resp.Batches)
}

// token returns the request's own token, or makes one.
func (c *Client) token(req Request) (string, error) {
	if req.ClientToken != "" {
		return req.ClientToken, nil // Guarded by TestCreate_SendsTheSameCallsForTheSameRequestAndToken.
	}
	token, err := c.options.token()(req)
	if err != nil {
		return "", fmt.Errorf("flowlogs: make a client token: %w", err)
	}
	return token, validateToken(token)
}

// CreateFlowLogs makes a Client an [API], for services that have one already; for an
// interface of more methods, embed the *[ec2.Client] in a struct and override this
// one, as the example does. It sends the caller's input as one call, however many IDs there are. As in
// [Client.Create], the input is validated first, with its own names in the
// errors, and retried under one token. If the input has none, Options.Token makes
// it, and what is sent is what the token was made from: the input in its
// canonical form, as [Request.Input] returns it.
//
// The error is as that of Create. The output comes with a *[CreateError] too, if
// EC2 responded. A dry run always ends in an error, as with the SDK: ErrDryRun if
// it would have succeeded.
//
// A Retryer in optFns takes precedence.
func (c *Client) CreateFlowLogs(ctx context.Context, params *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	v := &c.invoker
	if len(optFns) > 0 {
		own := newInvoker(c.api, &c.options, c.own, optFns...)
		v = &own
	}
	if v.nested { // this Client is behind the API of another one, which does the rest
		return c.api.CreateFlowLogs(ctx, params, v.optFns...)
	}
	if params == nil {
		params = &ec2.CreateFlowLogsInput{}
	}
	if err := validateInput(params, v.region, c.options.Allow); err != nil {
		return nil, err
	}
	in := copyInput(params)
	if aws.ToString(in.ClientToken) == "" {
		var err error
		if in, err = c.withToken(in); err != nil {
			return nil, err
		}
	}

	j := c.newJob(v, in, false)
	j.asIs = true
	j.progress = newProgress(nil, len(in.ResourceIds), 1)
	var batch Batch
	j.yield = func(b Batch) bool {
		batch = b
		return true
	}
	j.runOne(ctx, Batch{ClientToken: *in.ClientToken, ResourceIDs: in.ResourceIds})
	return j.out, createError(batch.ClientToken, []Batch{batch})
}

// withToken returns the input in its canonical form, with a token made of that.
// An input that only Options.Allow has let through may have no such form: it is
// sent as it is, under a token made of what a Request can hold.
func (c *Client) withToken(in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsInput, error) {
	v := validator{paths: &inputPaths}
	req := v.requestOf(in)
	token, err := c.token(req)
	if err != nil {
		return nil, err
	}
	if v.err() == nil {
		in = req.template()
		in.ResourceIds = req.ResourceIDs
	}
	in.ClientToken = &token
	return in, nil
}
