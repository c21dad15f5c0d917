package flowlogs_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

var sizes = []int{1, 300}

// BenchmarkCreate compares Create with the raw call of the SDK, on the same
// transport in memory, call by call in turn. The raw call has a token too. The
// metrics are the medians of Create over those of the SDK.
func BenchmarkCreate(b *testing.B) {
	for _, n := range sizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			raw := cannedClient(n)
			client := flowlogs.New(cannedClient(n))
			req := vpcRequest(n)
			in, err := req.Input()
			require.NoError(b, err)
			in.ClientToken = aws.String("b2f1f0e6-9c5e-4d2b-8a57-3c1f0e9d7a64")
			sdk := func() error { _, err := raw.CreateFlowLogs(b.Context(), in); return err }
			own := func() error { _, err := client.Create(b.Context(), req); return err }
			var ofSDK, ofCreate []time.Duration
			for i := 0; b.Loop(); i++ {
				if i%2 == 0 { // neither always finds what the other has warmed up
					ofSDK = append(ofSDK, timed(b, sdk))
				}
				ofCreate = append(ofCreate, timed(b, own))
				if i%2 == 1 {
					ofSDK = append(ofSDK, timed(b, sdk))
				}
			}
			allocs := func(f func() error) float64 {
				return testing.AllocsPerRun(100, func() { require.NoError(b, f()) })
			}
			b.ReportMetric(0, "ns/op") // of both
			b.ReportMetric(float64(middle(ofSDK))/1e3, "sdk-µs")
			b.ReportMetric(float64(middle(ofCreate))/float64(middle(ofSDK)), "×time")
			b.ReportMetric(allocs(sdk), "sdk-allocs")
			b.ReportMetric(allocs(own)/allocs(sdk), "×allocs")
		})
	}
}

func timed(b *testing.B, f func() error) time.Duration {
	start := time.Now()
	err := f()
	took := time.Since(start)
	if err != nil {
		b.Fatal(err)
	}
	return took
}

func middle(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// BenchmarkOwnWork is what this package itself does: the API does nothing.
func BenchmarkOwnWork(b *testing.B) {
	for _, n := range sizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			benchmarkCreate(b, noopAPI{&ec2.CreateFlowLogsOutput{FlowLogIds: make([]string, n)}}, n)
		})
	}
}

func benchmarkCreate(b *testing.B, api flowlogs.API, n int) {
	b.Helper()
	client := flowlogs.New(api)
	req := vpcRequest(n)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Create(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	for _, n := range sizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			req := vpcRequest(n)
			b.ReportAllocs()
			for b.Loop() {
				if err := req.Validate(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStreamMemory reports the most that is alive on the heap while so many
// IDs are streamed.
func BenchmarkStreamMemory(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			var heap float64
			for b.Loop() {
				heap = liveHeap(b, n)
			}
			b.ReportMetric(heap/(1<<20), "MiB-live")
		})
	}
}

// BenchmarkCreateMemory reports what is alive when a Create of 100,000 ends, its
// input and its response included, against the size of these two.
func BenchmarkCreateMemory(b *testing.B) {
	const n, idSize, flowLogIDSize = 100_000, 16 + 24, 16 + 32 // a header and the bytes, rounded up as Go does
	api := apiFunc(func(_ context.Context, in *ec2.CreateFlowLogsInput) (*ec2.CreateFlowLogsOutput, error) {
		return created(in), nil
	})
	var held float64
	for b.Loop() {
		before := heapAlive()
		req := vpcRequest(n)
		resp, err := flowlogs.New(api).Create(b.Context(), req)
		if err != nil {
			b.Fatal(err)
		}
		held = float64(heapAlive() - before)
		runtime.KeepAlive(resp)
		runtime.KeepAlive(req)
	}
	b.ReportMetric(held/(1<<20), "MiB-held")
	b.ReportMetric(held/(n*(idSize+flowLogIDSize)), "×input+response")
}

// cannedClient is a real client whose responses come from memory.
func cannedClient(n int) *ec2.Client {
	body := []byte(`<CreateFlowLogsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>` +
		`<clientToken>t</clientToken><unsuccessful/><flowLogIdSet>` +
		strings.Repeat("<item>fl-0123456789abcdef0</item>", n) + `</flowLogIdSet></CreateFlowLogsResponse>`)
	return ec2.New(ec2.Options{
		Region: "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET"}, nil
		}),
		HTTPClient: doFunc(func(r *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			return &http.Response{
				StatusCode: http.StatusOK,
				Header:     http.Header{"Content-Type": {"text/xml"}},
				Body:       io.NopCloser(bytes.NewReader(body)),
			}, nil
		}),
	})
}
