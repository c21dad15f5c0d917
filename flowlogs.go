package flowlogs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs/internal/rules"
)

// API is the one EC2 operation that this package calls. An *[ec2.Client]
// satisfies it, and so do a [Client] and a mock of one method.
type API interface {
	CreateFlowLogs(ctx context.Context, params *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error)
}

var (
	_ API = (*ec2.Client)(nil)
	_ API = (*Client)(nil)
)

// Client creates flow logs. It is immutable and safe for concurrent use.
type Client struct {
	api      API
	options  Options
	limiters *limiters // for calls without a Limiter
	invoker  invoker
}

// New returns a Client that calls api, which must not be nil. If api is itself a
// Client, the new one calls the same API with the same options, changed by optFns,
// so that there is one retry loop and not two. A Client that another type embeds only
// passes calls of the new one on: of its options, only ClientOptions count.
func New(api API, optFns ...func(*Options)) *Client {
	if inner, ok := api.(*Client); ok {
		return inner.with(optFns)
	}
	return newClient(api, Options{}.apply(optFns), &limiters{})
}

func newClient(api API, o Options, own *limiters) *Client {
	c := &Client{api: api, options: o, limiters: own}
	c.invoker = newInvoker(api, &c.options, own)
	return c
}

// with returns the client with its options changed by optFns.
func (c *Client) with(optFns []func(*Options)) *Client {
	if len(optFns) == 0 {
		return c
	}
	return newClient(c.api, c.options.apply(optFns), c.limiters)
}

// Create creates a flow log for every resource of the request, in as many calls
// as that takes. It validates the request first, and sends nothing unless all of
// it is valid.
//
// The error is nil, a *[ValidationError], the error of Options.Token, or a
// *[CreateError]. With the first two errors nothing was sent, and the Response is
// nil. With a CreateError there is a Response too: some flow logs may have been
// created, and [Response.Results] says which resources have none and why.
//
// Transient failures are retried, by the Retryer and then until
// Options.RetryTimeout. A call that EC2 rejects because of single resources is
// split until these stand alone; see Options.Isolate. A fatal rejection, which
// would apply to every other call, stops the job: the error of calls that have not
// been sent is [ErrNotAttempted]. So does the end of ctx.
//
// A deadline belongs on ctx. The sections Tokens and Time of the package documentation
// say how to resume a request, and how long it may take.
//
// A dry run that would have succeeded returns no error and a Response without
// flow logs. It checks the parameters and the permission to call CreateFlowLogs.
// It does not check whether the destination exists and accepts flow logs.
//
// The caller needs the permission ec2:CreateFlowLogs, and others that depend on
// the destination: package [github.com/go-flowlogs/flowlogs/policy] writes them.
func (c *Client) Create(ctx context.Context, req Request, optFns ...func(*Options)) (*Response, error) {
	c = c.with(optFns)
	in, err := c.input(&req)
	if err != nil {
		return nil, err
	}
	token, err := c.token(req)
	if err != nil {
		return nil, err
	}

	resp := &Response{ClientToken: token, ids: slices.Clone(req.ResourceIDs)}
	batches := split(resp.ids, c.options.batchSize(in.ResourceType), token)
	j := c.newJob(ctx, &c.invoker, in, len(batches) > 1)
	defer j.halt(nil)
	j.progress = newProgress(c.options.OnProgress, len(resp.ids), len(batches))
	j.yield = func(b Batch) bool {
		resp.Batches = append(resp.Batches, b)
		return true
	}
	if len(batches) == 1 {
		j.runOne(ctx, batches[0])
	} else {
		j.run(ctx, min(c.options.concurrency(), len(batches)), slices.Values(batches))
	}
	resp.collect()
	return resp, createError(token, resp.Batches)
}

// Input validates the request as [Client.Create] does, with the Client's Region and
// Options.Allow, and returns the SDK's input for all resources, without a token. It sends
// nothing. The error is nil or a *[ValidationError]. The input shares no memory with the
// request.
func (c *Client) Input(req Request) (*ec2.CreateFlowLogsInput, error) {
	in, err := c.input(&req)
	if err != nil {
		return nil, err
	}
	in = copyInput(in)
	in.ClientToken = nil
	return in, nil
}

// input returns the input of a valid request. The two share memory.
func (c *Client) input(req *Request) (*ec2.CreateFlowLogsInput, error) {
	in := req.input()
	return in, req.validate(in, rules.Check(in, c.invoker.settings.Region), c.options.Allow)
}

// token returns the request's own token, or makes one.
func (c *Client) token(req Request) (string, error) {
	if req.ClientToken != "" {
		return req.ClientToken, nil
	}
	token, err := c.options.token()(req)
	if err != nil {
		return "", fmt.Errorf("flowlogs: make a client token: %w", err)
	}
	return token, validateToken(token)
}

// CreateFlowLogs has the signature of the SDK's method, so a Client can take the
// place of an *[ec2.Client] behind an interface. If that interface has more methods,
// embed the Client and the *ec2.Client in one struct, as docs/cookbook.md shows.
//
// The input is sent as one call, regardless of the number of IDs. As in
// [Client.Create], it is validated first, and retried under one token. Errors name
// the fields of the input. If the input has no token, Options.Token makes one, and
// the input is sent in the form from which the token was made, that of
// [Request.Input].
//
// The error is one of those of Create. If EC2 responded, the output is returned with
// a *[CreateError] too. A dry run always returns an error, as with the SDK:
// [ErrDryRun] if the call would have succeeded.
//
// A Retryer in optFns takes precedence.
func (c *Client) CreateFlowLogs(ctx context.Context, params *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	v := &c.invoker
	if len(optFns) > 0 {
		own := newInvoker(c.api, &c.options, c.limiters, optFns...)
		v = &own
	}
	if v.settings.Nested { // this Client is behind the API of another one, which validates and retries
		return c.api.CreateFlowLogs(ctx, params, v.settings.Apply)
	}
	if params == nil {
		params = &ec2.CreateFlowLogsInput{}
	}
	if err := validationError(notAllowed(rules.Check(params, v.settings.Region), c.options.Allow)); err != nil {
		return nil, err
	}
	in := copyInput(params)
	if aws.ToString(in.ClientToken) == "" {
		var err error
		if in, err = c.withToken(in); err != nil {
			return nil, err
		}
	}

	j := c.newJob(ctx, v, in, false)
	defer j.halt(nil)
	j.isolate = func(Reason) bool { return false }
	w := worker{job: j} // without batches, so that nothing is yielded
	p := part{batch: Batch{ClientToken: *in.ClientToken, ResourceIDs: in.ResourceIds}}
	out, _ := w.send(ctx, &p, pause{})
	return out, createError(p.batch.ClientToken, []Batch{p.batch})
}

// withToken returns the input in the form of [Request.Input], with a token made from
// that. An input that is valid only by Options.Allow may not fit in a Request: it is
// sent unchanged, under a token made from the part that fits and from the input.
func (c *Client) withToken(in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsInput, error) {
	in.ClientToken = nil // an empty one is none
	req, unfit := fromInput(in)
	token, err := c.token(req)
	if err != nil {
		return nil, err
	}
	if len(unfit) == 0 {
		in = req.input()
	} else {
		content, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("flowlogs: token of the input: %w", err)
		}
		token = hashToken(token, string(content))
	}
	in.ClientToken = &token
	return in, nil
}
