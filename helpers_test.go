package flowlogs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func heapAlive() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

type noopAPI struct{ out *ec2.CreateFlowLogsOutput }

func (a noopAPI) CreateFlowLogs(context.Context, *ec2.CreateFlowLogsInput, ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	return a.out, nil
}

type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

func vpcRequest(n int) flowlogs.Request {
	return flowlogs.Request{
		ResourceIDs: vpcIDs(n),
		TrafficType: flowlogs.TrafficTypeReject,
		Destination: flowlogs.CloudWatchLogs{
			LogGroupName: "my-flow-logs",
			RoleARN:      "arn:aws:iam::123456789012:role/publishFlowLogs",
		},
	}
}

func vpcIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = vpcID(i)
	}
	return ids
}

func vpcID(n int) string { return fmt.Sprintf("vpc-%017x", n) }

// newServer serves an EC2 over HTTP until the test ends.
func newServer(t *testing.T) (*flowlogstest.EC2, *flowlogstest.Server) {
	t.Helper()
	cloud := flowlogstest.New()
	server := flowlogstest.NewServer(cloud)
	t.Cleanup(server.Close)
	return cloud, server
}

// inMemory returns an *ec2.Client whose network is memory, for virtual time.
func inMemory(cloud *flowlogstest.EC2) *ec2.Client {
	return ec2.New(ec2.Options{
		Region:      "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return someCredentials, nil }),
		HTTPClient: doFunc(func(r *http.Request) (resp *http.Response, err error) {
			defer func() {
				if recover() != nil { // the server would cut the connection
					err = io.EOF
				}
				if r.Context().Err() != nil {
					resp, err = nil, r.Context().Err()
				}
			}()
			w := httptest.NewRecorder()
			cloud.ServeHTTP(w, r)
			resp = w.Result()
			resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
			return resp, nil
		}),
	})
}

var someCredentials = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "SECRET"}

// noBackoff lets the attempts of a client over HTTP follow each other at once.
func noBackoff(o *ec2.Options) { o.Retryer = quickRetryer(3) }

func quickRetryer(attempts int) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

func withAttempts(n int) func(*ec2.Options) {
	return func(o *ec2.Options) { o.RetryMaxAttempts = n }
}

// noRetryTimeout leaves the retries to the Retryer alone.
func noRetryTimeout(o *flowlogs.Options) { o.RetryTimeout = -1 }

func withClientOptions(fns ...func(*ec2.Options)) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) { o.ClientOptions = append(o.ClientOptions, fns...) }
}

func withRetryer(r aws.Retryer) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) { o.Retryer = r }
}

func withLimiter(l flowlogs.Limiter) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) { o.Limiter = l }
}

// recorder is a Limiter that does not pace.
type recorder struct {
	mu       sync.Mutex
	waits    int
	observed []flowlogs.Reason
	canceled int   // of them
	err      error // of each Wait
}

func (r *recorder) Wait(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waits++
	return r.err
}

func (r *recorder) Observe(a flowlogs.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.observed = append(r.observed, a.Reason)
	if a.Canceled {
		r.canceled++
	}
}

func requireOneFlowLogEach(t *testing.T, cloud *flowlogstest.EC2, ids []string) {
	t.Helper()
	var got []string
	for _, f := range cloud.FlowLogs() {
		got = append(got, *f.ResourceId)
	}
	slices.Sort(got)
	require.Equal(t, ids, got)
}

func withCredentialsError(err error) func(*ec2.Options) {
	return func(o *ec2.Options) {
		o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, err })
	}
}

var errDial = &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}}

var errDeploy = errors.New("a deployment")

func concurrently(n int) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) { o.Concurrency = n }
}

// headsOf returns the first resource of each batch of 300.
func headsOf(batches int) []int {
	heads := make([]int, batches)
	for i := range heads {
		heads[i] = i * 300
	}
	return heads
}

// mixedFailure fails for one resource of five individually and for two by their
// calls.
func mixedFailure(t *testing.T) (*flowlogs.Response, error) {
	t.Helper()
	ids := vpcIDs(5)
	cloud := flowlogstest.New()
	cloud.Inject(
		flowlogstest.FailResources("400", "Access Denied for LogDestination: b. Please check LogDestination permission", ids[0]),
		flowlogstest.Reject("FlowLogsLimitExceeded", "You've reached the limit.", 400).On(about(ids[2])),
		flowlogstest.Reject("FlowLogAlreadyExists", "There is one.", 400).On(about(ids[4])),
	)
	req := vpcRequest(5)
	req.ClientToken = "root"
	return flowlogs.New(cloud, batchesOf(1)).Create(t.Context(), req)
}

// apiFunc is a mock of one method.
type apiFunc func(ctx context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error)

func (f apiFunc) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	return f(ctx, in)
}

// created is the response in which every resource has its flow log.
func created(in *ec2.CreateFlowLogsInput) *ec2.CreateFlowLogsOutput {
	out := &ec2.CreateFlowLogsOutput{ClientToken: in.ClientToken}
	for _, id := range in.ResourceIds {
		out.FlowLogIds = append(out.FlowLogIds, "fl-of-"+id)
	}
	return out
}

func apiError(code, message string) error {
	return &smithy.GenericAPIError{Code: code, Message: message}
}

func withToken(token string) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) {
		o.Token = func(flowlogs.Request) (string, error) { return token, nil }
	}
}

func batchesOf(n int) func(*flowlogs.Options) {
	return func(o *flowlogs.Options) { o.BatchSize = n }
}

func about(id string) func(flowlogstest.Call) bool {
	return func(c flowlogstest.Call) bool { return slices.Contains(c.ResourceIDs, id) }
}

func attempts(r *flowlogs.Response) []int {
	var n []int
	for _, b := range r.Batches {
		n = append(n, b.Attempts)
	}
	return n
}

// vpcRequestFrom is a request for n VPCs from the first on.
func vpcRequestFrom(first, n int) flowlogs.Request {
	req := vpcRequest(0)
	req.ResourceIDs = vpcIDs(first + n)[first:]
	return req
}

func vpcInput(t *testing.T, n int) *ec2.CreateFlowLogsInput {
	t.Helper()
	in, err := vpcRequest(n).Input()
	require.NoError(t, err)
	return in
}

// The default formats as EC2 shows them.
const (
	vpcFormat = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
	tgwFormat = "${version} ${resource-type} ${account-id} ${tgw-id} ${tgw-attachment-id} ${tgw-src-vpc-account-id} ${tgw-dst-vpc-account-id} ${tgw-src-vpc-id} ${tgw-dst-vpc-id} ${tgw-src-subnet-id} ${tgw-dst-subnet-id} ${tgw-src-eni} ${tgw-dst-eni} ${tgw-src-az-id} ${tgw-dst-az-id} ${tgw-pair-attachment-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${log-status} ${type} ${packets-lost-no-route} ${packets-lost-blackhole} ${packets-lost-mtu-exceeded} ${packets-lost-ttl-expired} ${tcp-flags} ${region} ${flow-direction} ${pkt-src-aws-service} ${pkt-dst-aws-service}"
)

// fullRequest sets every field but those that exclude each other.
func fullRequest() flowlogs.Request {
	return flowlogs.Request{
		ResourceIDs:            []string{"vpc-00000001", "vpc-00000002"},
		ResourceType:           flowlogs.ResourceTypeVPC,
		TrafficType:            flowlogs.TrafficTypeAll,
		MaxAggregationInterval: time.Minute,
		Destination: flowlogs.S3{
			BucketARN:                "arn:aws:s3:::bucket/folder/",
			FileFormat:               flowlogs.FileFormatParquet,
			HiveCompatiblePartitions: true,
			PerHourPartition:         true,
		},
		LogFormat:   flowlogs.LogFormat{flowlogs.FieldSrcAddr, flowlogs.FieldInstanceTag, flowlogs.FieldInstanceTag2},
		TagFields:   []flowlogs.TagField{{ResourceType: flowlogs.TagFieldInstance, Keys: []string{"team", "stage"}}},
		Tags:        map[string]string{"b": "2", "a": "1", "empty": ""},
		ClientToken: "token",
		DryRun:      true,
	}
}

// fullInputs together set every member of the SDK's input, and of what it holds.
func fullInputs() []*ec2.CreateFlowLogsInput {
	tags := []types.TagSpecification{{
		ResourceType: types.ResourceTypeVpcFlowLog,
		Tags: []types.Tag{
			{Key: aws.String("a"), Value: aws.String("1")},
			{Key: aws.String("b"), Value: aws.String("2")},
			{Key: aws.String("empty"), Value: aws.String("")},
		},
	}}
	return []*ec2.CreateFlowLogsInput{
		{
			ResourceIds:            []string{"vpc-00000001", "vpc-00000002"},
			ResourceType:           types.FlowLogsResourceTypeVpc,
			TrafficType:            types.TrafficTypeAll,
			MaxAggregationInterval: aws.Int32(60),
			LogDestinationType:     types.LogDestinationTypeS3,
			LogDestination:         aws.String("arn:aws:s3:::bucket/folder/"),
			DestinationOptions: &types.DestinationOptionsRequest{
				FileFormat:               types.DestinationFileFormatParquet,
				HiveCompatiblePartitions: aws.Bool(true),
				PerHourPartition:         aws.Bool(true),
			},
			LogFormat: aws.String("${srcaddr} ${instance-tag} ${instance-tag-2}"),
			TagFieldSpecifications: []types.TagFieldSpecificationRequest{
				{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"team", "stage"}},
			},
			TagSpecifications: tags,
			ClientToken:       aws.String("token"),
			DryRun:            aws.Bool(true),
		},
		{
			ResourceIds:              []string{"eni-aa22bb33"},
			ResourceType:             types.FlowLogsResourceTypeNetworkInterface,
			TrafficType:              types.TrafficTypeReject,
			LogDestinationType:       types.LogDestinationTypeCloudWatchLogs,
			LogGroupName:             aws.String("my-flow-logs"),
			DeliverLogsPermissionArn: aws.String("arn:aws:iam::123456789101:role/publishFlowLogs"),
		},
		{
			ResourceIds:              []string{"tgw-00000001"},
			ResourceType:             types.FlowLogsResourceTypeTransitGateway,
			LogDestinationType:       types.LogDestinationTypeKinesisDataFirehose,
			LogDestination:           aws.String("arn:aws:firehose:us-east-1:210987654321:deliverystream/s"),
			DeliverLogsPermissionArn: aws.String("arn:aws:iam::123456789012:role/source"),
			DeliverCrossAccountRole:  aws.String("arn:aws:iam::210987654321:role/AWSLogDeliveryFirehoseCrossAccountRole"),
		},
	}
}

// streamResponse is a Create by way of Stream.
func streamResponse(ctx context.Context, client *flowlogs.Client, req flowlogs.Request) (*flowlogs.Response, error) {
	ids := req.ResourceIDs
	req.ResourceIDs = nil
	resp := &flowlogs.Response{ClientToken: req.ClientToken}
	var errs []error
	for b, err := range client.Stream(ctx, req, idSeq(ids)) {
		resp.Batches = append(resp.Batches, b)
		resp.FlowLogIDs = append(resp.FlowLogIDs, b.FlowLogIDs...)
		resp.Unsuccessful = append(resp.Unsuccessful, b.Unsuccessful...)
		errs = append(errs, err)
	}
	slices.SortStableFunc(resp.Batches, func(a, b flowlogs.Batch) int { return a.Index - b.Index })
	return resp, errors.Join(errs...)
}

// oneAttemptEach leaves retries to the job, and turns pacing off.
func oneAttemptEach(o *flowlogs.Options) {
	o.Retryer = unlimited{aws.NopRetryer{}}
	o.Limiter = flowlogs.NoLimit
}

// unlimited makes one attempt a call, and does not say so.
type unlimited struct{ aws.NopRetryer }

func (unlimited) MaxAttempts() int { return 0 }

func (unlimited) IsErrorRetryable(error) bool { return true }

func (unlimited) GetRetryToken(_ context.Context, err error) (func(error) error, error) {
	return nil, err
}

// wireAPI counts the calls on the wire, and those that it has seen.
type wireAPI struct {
	flowlogs.API
	mu     sync.Mutex
	on     int
	most   int
	tokens []string
	ids    []string // the first of each call
}

func (w *wireAPI) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, optFns ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	w.add(1, in)
	defer w.add(-1, in)
	time.Sleep(onTheWire)
	return w.API.CreateFlowLogs(ctx, in, optFns...)
}

func (w *wireAPI) add(n int, in *ec2.CreateFlowLogsInput) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on += n; n > 0 {
		w.tokens, w.ids = append(w.tokens, *in.ClientToken), append(w.ids, in.ResourceIds[0])
	}
	w.most = max(w.most, w.on)
}

// rejectsVPC rejects every call that is about one of the VPCs, or any call if
// there is none.
func rejectsVPC(code string, numbers ...int) flowlogstest.Fault {
	fault := flowlogstest.Reject(code, code, 400).Keep()
	if len(numbers) == 0 {
		return fault
	}
	return fault.On(func(c flowlogstest.Call) bool {
		return slices.ContainsFunc(numbers, func(n int) bool { return slices.Contains(c.ResourceIDs, vpcID(n)) })
	})
}

// cloudWith is an EC2 with faults.
func cloudWith(faults ...flowlogstest.Fault) *flowlogstest.EC2 {
	cloud := flowlogstest.New()
	cloud.Inject(faults...)
	return cloud
}

// onTheWire is how long a call takes in a bubble.
const onTheWire = 80 * time.Millisecond

func oneAtATime(o *flowlogs.Options) { o.Concurrency = 1 }

// rooted is a request for n VPCs with a token.
func rooted(n int) flowlogs.Request {
	req := vpcRequest(n)
	req.ClientToken = "root"
	return req
}

// byReason counts the results by their reason, "" for a flow log.
func byReason(resp *flowlogs.Response) map[flowlogs.Reason]int {
	n := make(map[flowlogs.Reason]int)
	for _, err := range resp.Results() {
		n[flowlogs.ReasonOf(err)]++
	}
	return n
}

// requireTruth holds the results of a response against the flow logs that exist.
func requireTruth(t *testing.T, cloud *flowlogstest.EC2, resp *flowlogs.Response) {
	t.Helper()
	exists := make(map[string]bool)
	for _, f := range cloud.FlowLogs() {
		require.False(t, exists[*f.ResourceId], "two flow logs on %s", *f.ResourceId)
		exists[*f.ResourceId] = true
	}
	for id, err := range resp.Results() {
		require.False(t, err == nil && !exists[id], "%s has no flow log and no error", id)
	}
}

// requireOneBodyPerToken returns the IDs that were sent under each token.
func requireOneBodyPerToken(t *testing.T, cloud *flowlogstest.EC2) map[string][]string {
	t.Helper()
	bodies, ids := make(map[string]string), make(map[string][]string)
	for _, c := range cloud.Calls() {
		if body, ok := bodies[c.ClientToken]; ok {
			require.Equal(t, body, c.Body)
		}
		bodies[c.ClientToken], ids[c.ClientToken] = c.Body, c.ResourceIDs
	}
	return ids
}

func numbers(from, to int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for n := from; n < to && yield(n); n++ {
		}
	}
}

type limitFunc func(context.Context) error

func (f limitFunc) Wait(ctx context.Context) error { return f(ctx) }

// throttledLimiter is a Limiter whose first call was throttled: it lets a call pass
// after some seconds, and then one every four.
func throttledLimiter(t *testing.T) flowlogs.Limiter {
	t.Helper()
	l := flowlogs.NewLimiter()
	call(t, l, 1, "")
	call(t, l, 5, flowlogs.ErrThrottled) // 2.5, 1.25, 0.6, 0.3 and 0.25 calls a second
	return l
}

// call makes calls that end at once.
func call(t *testing.T, l flowlogs.Limiter, n int, reason flowlogs.Reason) {
	t.Helper()
	for range n {
		require.NoError(t, l.Wait(t.Context()))
		observe(l, reason)
	}
}

var errBroken = errors.New("broken on purpose")

// breaking are the things of the caller's that may panic, each made of what it
// does instead of returning.
var breaking = []struct {
	name   string
	option func(o *flowlogs.Options, snap func())
	ids    bool // the iterator breaks too
}{
	{name: "Limiter", option: func(o *flowlogs.Options, snap func()) {
		o.Limiter = limitFunc(func(context.Context) error { snap(); return nil })
	}},
	{name: "Observer", option: func(o *flowlogs.Options, snap func()) { o.Limiter = observing(snap) }},
	{name: "Retryer", option: func(o *flowlogs.Options, snap func()) { o.Retryer = breakingRetryer{unlimited{}, snap} }},
	{name: "TokenGenerator", option: func(o *flowlogs.Options, snap func()) {
		o.Token = func(flowlogs.Request) (string, error) { snap(); return "", nil }
	}},
	{name: "OnProgress", option: func(o *flowlogs.Options, snap func()) {
		o.OnProgress = func(flowlogs.Progress) { snap() }
	}},
	{name: "Isolate", option: func(o *flowlogs.Options, snap func()) {
		o.Isolate = func(flowlogs.Reason) bool { snap(); return true }
	}},
	{name: "API", option: func(o *flowlogs.Options, snap func()) {
		o.ClientOptions = append(o.ClientOptions, func(o *ec2.Options) { o.AppID = "break" })
	}},
	{name: "iterator", option: func(*flowlogs.Options, func()) {}, ids: true},
	{name: "loop body", option: func(*flowlogs.Options, func()) {}},
}

const newRole = "arn:aws:iam::123456789012:role/new"

func withPropagation(o *flowlogs.Options) { o.PropagationTimeout = time.Minute }

// roleRequest delivers with newRole.
func roleRequest(n int) flowlogs.Request {
	req := vpcRequest(n)
	req.Destination = flowlogs.CloudWatchLogs{LogGroupName: "g", RoleARN: newRole}
	return req
}

const accessDenied = "Access Denied for LogDestination: new-bucket. Please check LogDestination permission"

func deniedRequest(n int) flowlogs.Request {
	req := vpcRequest(n)
	req.Destination = flowlogs.S3{BucketARN: "arn:aws:s3:::new-bucket"}
	req.ClientToken = "root"
	return req
}

// streamRequest is a request without IDs and with a token.
func streamRequest() flowlogs.Request { return rooted(0) }

func collect(t *testing.T, stream iter.Seq2[flowlogs.Batch, error]) []flowlogs.Batch {
	t.Helper()
	var batches []flowlogs.Batch
	for b, err := range stream {
		require.NoError(t, err)
		batches = append(batches, b)
	}
	slices.SortFunc(batches, func(a, b flowlogs.Batch) int { return a.Index - b.Index })
	return batches
}

func idSeq(ids []string) iter.Seq2[string, error] { return seq2(slices.Values(ids)) }

// liveHeap is the most that is alive on the heap while so many IDs are streamed.
func liveHeap(tb testing.TB, n int) float64 {
	tb.Helper()
	api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		return created(in), nil
	})
	var most uint64
	batches := 0
	for _, err := range flowlogs.New(api).Stream(tb.Context(), streamRequest(), seq2(manyIDs(n))) {
		require.NoError(tb, err)
		if batches++; batches%(n/300/4) == 0 {
			most = max(most, heapAlive())
		}
	}
	return float64(most)
}

const (
	someRole    = "arn:aws:iam::123456789012:role/r"
	otherRole   = "arn:aws:iam::210987654321:role/AWSLogDeliveryFirehoseCrossAccountRole"
	otherStream = "arn:aws:firehose:us-east-1:210987654321:deliverystream/s"
	someStream  = "arn:aws:firehose:us-east-1:123456789012:deliverystream/s"
)

// The inputs that the cases below change: one for each destination, and one for
// transit gateways.
func logsInput(changes ...func(*input)) *input {
	return changed(&input{
		ResourceIds:              []string{"vpc-00000001"},
		ResourceType:             types.FlowLogsResourceTypeVpc,
		TrafficType:              types.TrafficTypeAll,
		LogGroupName:             aws.String("g"),
		DeliverLogsPermissionArn: aws.String(someRole),
	}, changes)
}

func s3Input(changes ...func(*input)) *input {
	return changed(&input{
		ResourceIds:        []string{"vpc-00000001"},
		ResourceType:       types.FlowLogsResourceTypeVpc,
		TrafficType:        types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3,
		LogDestination:     aws.String("arn:aws:s3:::b"),
	}, changes)
}

func firehoseInput(changes ...func(*input)) *input {
	in := s3Input()
	in.LogDestinationType = types.LogDestinationTypeKinesisDataFirehose
	in.LogDestination = aws.String(someStream)
	return changed(in, changes)
}

type input = ec2.CreateFlowLogsInput

func changed(in *input, changes []func(*input)) *input {
	for _, change := range changes {
		change(in)
	}
	return in
}

func setFormat(s string) func(*input) { return func(in *input) { in.LogFormat = &s } }

func setTags(tags ...types.Tag) func(*input) { return setTagsOn(types.ResourceTypeVpcFlowLog, tags...) }

func tag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
