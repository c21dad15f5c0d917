package conformance

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxPolls is how often a DescribeFlowLogs call is repeated.
const maxPolls = 10

// Run makes the calls of the probes with client, one after another, and returns a record
// of each probe in their order. Each call is one attempt, whatever the Retryer of client.
// Run ends early with ctx, and then returns fewer records.
func Run(ctx context.Context, client *ec2.Client, env Env, probes []Probe) []Record {
	var records []Record
	for _, p := range probes {
		if ctx.Err() != nil {
			break
		}
		records = append(records, p.Run(ctx, client, env))
	}
	return records
}

// Run makes the calls of the probe, and deletes the flow logs that they have created.
func (p Probe) Run(ctx context.Context, client *ec2.Client, env Env) Record {
	if need := p.needs(env); need != "" {
		return Record{Probe: p.ID, NotRun: "needs " + need}
	}
	var exchanges []exchange
	for _, call := range p.Calls {
		made := perform(ctx, client, env, call, p.expand(env, call, created(exchanges)))
		exchanges = append(exchanges, made...)
	}
	// One by one, and to the end: some may be deleted already, which can fail a call.
	for _, id := range created(exchanges) {
		send(context.WithoutCancel(ctx), client, "DeleteFlowLogs&FlowLogId.1="+id)
	}
	return Record{Probe: p.ID, Calls: newNormalizer(env).calls(exchanges)}
}

// perform makes a call as its prefix says. Its template says whether it is repeated.
func perform(ctx context.Context, client *ec2.Client, env Env, template, call string) []exchange {
	if now, found := strings.CutPrefix(call, "now:"); found {
		return []exchange{send(ctx, client, now)}
	}
	if twice, found := strings.CutPrefix(call, "twice:"); found {
		return atOnce(ctx, client, twice)
	}
	e := send(ctx, client, call)
	if !strings.HasPrefix(call, "DescribeFlowLogs") || strings.Contains(template, "<no-") {
		return []exchange{e}
	}
	for range maxPolls {
		if e.status != http.StatusOK || bytes.Contains(e.body, []byte("<flowLogId>")) {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(cmp.Or(env.Poll, 2*time.Second)):
			e = send(ctx, client, call)
		}
	}
	return []exchange{e}
}

// atOnce returns the exchanges in an order that does not depend on who was first.
func atOnce(ctx context.Context, client *ec2.Client, call string) []exchange {
	exchanges := make([]exchange, 2)
	var wg sync.WaitGroup
	for i := range exchanges {
		wg.Go(func() { exchanges[i] = send(ctx, client, call) })
	}
	wg.Wait()
	slices.SortFunc(exchanges, func(a, b exchange) int { return cmp.Compare(a.status, b.status) })
	return exchanges
}

// exchange is a call and its response as they were sent. Status zero: there was none.
type exchange struct {
	operation string
	form      url.Values
	status    int
	body      []byte
}

// send makes one call through the SDK's client, which signs it. The errors of the SDK
// are of no interest: the exchange has the response.
func send(ctx context.Context, client *ec2.Client, call string) exchange {
	form := parameters(call)
	operation := form.Get("Action")
	r := &recorder{made: exchange{operation: operation, form: form}}
	optFn := func(o *ec2.Options) {
		r.client, o.HTTPClient = o.HTTPClient, r
		o.Retryer = aws.NopRetryer{}
		o.APIOptions = append(o.APIOptions, withBody(form.Encode()))
	}
	switch operation {
	case "CreateFlowLogs":
		_, _ = client.CreateFlowLogs(ctx, &ec2.CreateFlowLogsInput{ResourceIds: []string{""}, ResourceType: types.FlowLogsResourceTypeVpc}, optFn)
	case "DescribeFlowLogs":
		_, _ = client.DescribeFlowLogs(ctx, &ec2.DescribeFlowLogsInput{}, optFn)
	case "DeleteFlowLogs":
		_, _ = client.DeleteFlowLogs(ctx, &ec2.DeleteFlowLogsInput{FlowLogIds: []string{""}}, optFn)
	default:
		panic("conformance: no operation " + operation)
	}
	return r.made
}

// withBody replaces the body that the SDK makes of its input: a probe also sends what
// no input can say.
func withBody(body string) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Serialize.Add(middleware.SerializeMiddlewareFunc("ConformanceBody", func(
			ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler,
		) (out middleware.SerializeOutput, metadata middleware.Metadata, err error) {
			in.Request, err = in.Request.(*smithyhttp.Request).SetStream(strings.NewReader(body))
			if err != nil {
				return out, metadata, err
			}
			return next.HandleSerialize(ctx, in)
		}), middleware.After)
	}
}

// recorder is the HTTP client of one call.
type recorder struct {
	client ec2.HTTPClient
	made   exchange
}

func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	r.made.body, err = io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	r.made.status = resp.StatusCode
	resp.Body = io.NopCloser(bytes.NewReader(r.made.body))
	return resp, nil
}

var (
	createdSet = regexp.MustCompile(`(?s)<flowLogIdSet>.*?</flowLogIdSet>`)
	flowLogID  = regexp.MustCompile(`fl-[0-9a-f]+`)
)

// created returns the IDs of the flow logs that calls have created, in their order.
func created(exchanges []exchange) []string {
	var ids []string
	for _, e := range exchanges {
		if e.operation != "CreateFlowLogs" {
			continue
		}
		for _, id := range flowLogID.FindAllString(string(createdSet.Find(e.body)), -1) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
