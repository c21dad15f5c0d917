package flowlogstest

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// EC2 is an in-memory EC2 with the operations on flow logs and their tags. Use it in
// place of an [ec2.Client] wherever a program takes an interface with these methods.
//
// It is safe for concurrent use. Create one with [New].
type EC2 struct {
	options Options
	client  *ec2.Client // whose transport is this EC2

	mu        sync.Mutex // guards everything below
	entries   []*entry
	faults    []Fault
	flowLogs  ledger
	claims    map[string]claim        // by client token
	buckets   map[string]*tokenBucket // by operation
	newTokens int                     // number of tokens made for calls without one
}

// New returns an EC2 without flow logs. Without options it accepts every well-formed
// request. See [Options] for what the account can lack, and [EC2.Inject] for what can go
// wrong.
func New(optFns ...func(*Options)) *EC2 {
	e := &EC2{
		options:  resolve(optFns),
		flowLogs: newLedger(),
		claims:   map[string]claim{},
	}
	e.buckets = newBuckets(e.options)
	e.client = ec2.New(ec2.Options{
		Region:      e.options.Region,
		Credentials: aws.AnonymousCredentials{},
		HTTPClient:  &http.Client{Transport: memory{e}},
		// Retries are up to the program under test.
		Retryer: aws.NopRetryer{},
	})
	return e
}

// CreateFlowLogs does what [ec2.Client.CreateFlowLogs] does, on this EC2. Its errors are
// the SDK's: they hold a smithy.APIError if EC2 rejected the call, and a
// smithyhttp.RequestSendError if the response was lost. Input that the SDK rejects as
// incomplete does not reach EC2.
//
// It makes one attempt, unless optFns set a Retryer. All options but HTTPClient take
// effect.
func (e *EC2) CreateFlowLogs(ctx context.Context, params *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	return e.client.CreateFlowLogs(ctx, params, e.inMemory(optFns)...)
}

// DescribeFlowLogs does what [ec2.Client.DescribeFlowLogs] does, on this EC2. It returns
// flow logs in the order of their creation. See [EC2.CreateFlowLogs] for its errors and
// optFns.
func (e *EC2) DescribeFlowLogs(ctx context.Context, params *ec2.DescribeFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.DescribeFlowLogsOutput, error) {
	return e.client.DescribeFlowLogs(ctx, params, e.inMemory(optFns)...)
}

// DeleteFlowLogs does what [ec2.Client.DeleteFlowLogs] does, on this EC2. See
// [EC2.CreateFlowLogs] for its errors and optFns.
func (e *EC2) DeleteFlowLogs(ctx context.Context, params *ec2.DeleteFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.DeleteFlowLogsOutput, error) {
	return e.client.DeleteFlowLogs(ctx, params, e.inMemory(optFns)...)
}

// CreateTags does what [ec2.Client.CreateTags] does for flow logs on this EC2. See
// [EC2.CreateFlowLogs] for its errors and optFns.
func (e *EC2) CreateTags(ctx context.Context, params *ec2.CreateTagsInput, optFns ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error) {
	return e.client.CreateTags(ctx, params, e.inMemory(optFns)...)
}

// DescribeTags does what [ec2.Client.DescribeTags] does for flow logs on this EC2. See
// [EC2.CreateFlowLogs] for its errors and optFns.
func (e *EC2) DescribeTags(ctx context.Context, params *ec2.DescribeTagsInput, optFns ...func(*ec2.Options)) (*ec2.DescribeTagsOutput, error) {
	return e.client.DescribeTags(ctx, params, e.inMemory(optFns)...)
}

// DeleteTags does what [ec2.Client.DeleteTags] does for flow logs on this EC2. See
// [EC2.CreateFlowLogs] for its errors and optFns.
func (e *EC2) DeleteTags(ctx context.Context, params *ec2.DeleteTagsInput, optFns ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error) {
	return e.client.DeleteTags(ctx, params, e.inMemory(optFns)...)
}

// FlowLogs returns copies of the flow logs that exist now, in the order of their creation
// and as DescribeFlowLogs shows them. Options.DescribeLag and Options.DeleteLag have no
// effect on it.
func (e *EC2) FlowLogs() []types.FlowLog {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	flowLogs := make([]types.FlowLog, 0, len(e.flowLogs.all))
	for _, f := range e.flowLogs.all {
		flowLogs = append(flowLogs, f.describe(now))
	}
	return flowLogs
}

// inMemory keeps a call off the network, regardless of the caller's options. The clip
// makes append allocate: the caller's array is not written to.
func (e *EC2) inMemory(optFns []func(*ec2.Options)) []func(*ec2.Options) {
	return append(optFns[:len(optFns):len(optFns)], func(o *ec2.Options) {
		o.HTTPClient = e.client.Options().HTTPClient
	})
}
