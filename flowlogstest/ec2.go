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

// EC2 is an in-memory EC2 that knows the three operations on flow logs. It
// stands wherever a program holds an interface of CreateFlowLogs,
// DescribeFlowLogs and DeleteFlowLogs in place of an [ec2.Client].
//
// It is safe for concurrent use. Create one with [New].
type EC2 struct {
	options Options
	client  *ec2.Client // the SDK's own client, with memory for a network

	mu       sync.Mutex // guards everything below
	records  []*record
	faults   []Fault
	flowLogs ledger
	claims   map[string]claim        // by client token
	buckets  map[string]*tokenBucket // by operation
	made     int                     // tokens made up so far
}

// New returns an EC2 without flow logs. With no options it takes every
// well-formed request: see [Options] for what can be missing from the account,
// and [EC2.Inject] for what can go wrong.
func New(optFns ...func(*Options)) *EC2 {
	e := &EC2{
		options:  resolve(optFns),
		flowLogs: ledger{byResource: map[string][]*flowLog{}},
		claims:   map[string]claim{},
	}
	e.buckets = newBuckets(e.options)
	e.client = ec2.New(ec2.Options{
		Region:      e.options.Region,
		Credentials: aws.AnonymousCredentials{},
		HTTPClient:  &http.Client{Transport: memory{e}},
		// One call of a method is one call to EC2, so that whoever retries is
		// under test. A caller that wants the SDK's retries sets a Retryer.
		Retryer: aws.NopRetryer{},
	})
	return e
}

// CreateFlowLogs does what [ec2.Client.CreateFlowLogs] does, with this EC2
// answering. Its errors are the SDK's own: they hold a smithy.APIError where EC2
// refused, and a smithyhttp.RequestSendError where the answer was lost. Input
// that the SDK itself finds incomplete never reaches EC2.
//
// It makes one attempt unless optFns set a Retryer. The other options take
// effect as well, except for an HTTPClient.
func (e *EC2) CreateFlowLogs(ctx context.Context, params *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	return e.client.CreateFlowLogs(ctx, params, e.inMemory(optFns)...)
}

// DescribeFlowLogs does what [ec2.Client.DescribeFlowLogs] does, with this EC2
// answering: flow logs in the order of their creation. See
// [EC2.CreateFlowLogs] for its errors and optFns.
func (e *EC2) DescribeFlowLogs(ctx context.Context, params *ec2.DescribeFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.DescribeFlowLogsOutput, error) {
	return e.client.DescribeFlowLogs(ctx, params, e.inMemory(optFns)...)
}

// DeleteFlowLogs does what [ec2.Client.DeleteFlowLogs] does, with this EC2
// answering. See [EC2.CreateFlowLogs] for its errors and optFns.
func (e *EC2) DeleteFlowLogs(ctx context.Context, params *ec2.DeleteFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.DeleteFlowLogsOutput, error) {
	return e.client.DeleteFlowLogs(ctx, params, e.inMemory(optFns)...)
}

// FlowLogs returns the flow logs that exist now, in the order of their
// creation, as DescribeFlowLogs would. They are the caller's to keep.
func (e *EC2) FlowLogs() []types.FlowLog {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	flowLogs := make([]types.FlowLog, 0, len(e.flowLogs.all))
	for _, f := range e.flowLogs.all {
		flowLogs = append(flowLogs, f.describe(now, e.options))
	}
	return flowLogs
}

// inMemory keeps a call off the network, whatever the caller's options say.
func (e *EC2) inMemory(optFns []func(*ec2.Options)) []func(*ec2.Options) {
	return append(optFns[:len(optFns):len(optFns)], func(o *ec2.Options) {
		o.HTTPClient = e.client.Options().HTTPClient
	})
}
