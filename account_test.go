package flowlogs_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// account is EC2 as a limiter sees it: the account's bucket of calls, what others
// take from it, outages and errors. It shares no code with the limiter nor with
// flowlogstest. Any number of processes can call it.
type account struct {
	size, refill float64                        // of the bucket, in calls and calls a second
	others       func(time.Duration) float64    // calls a second that others make, after so long
	outage       func(time.Duration) bool       // every call fails with 503, and takes nothing from the bucket
	broken       float64                        // share of the calls that fail with 500, and take from the bucket
	latency      func(*rand.Rand) time.Duration // of a call

	mu        sync.Mutex
	start     time.Time
	at        time.Time
	tokens    float64
	random    *rand.Rand
	tokenOf   map[string]string // with which a resource got its flow log
	progress  []sample          // how many resources have one
	calls     int
	throttled int
	errors    int // of 500
}

// sample is how many resources have a flow log after a time.
type sample struct {
	after     time.Duration
	resources int
}

const latency = 80 * time.Millisecond

func newAccount(change func(*account)) *account {
	a := &account{
		size:    50,
		refill:  5,
		others:  constantly(0),
		outage:  between(0, 0),
		latency: func(*rand.Rand) time.Duration { return latency },
		at:      time.Now(),
		tokens:  50,
		random:  rand.New(rand.NewPCG(1, 2)),
		tokenOf: make(map[string]string),
	}
	change(a)
	a.restart()
	return a
}

// restart starts the clock and the counters, and leaves the bucket as it is.
func (a *account) restart() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.start = time.Now()
	a.calls, a.throttled, a.errors = 0, 0, 0
}

// call is one call. Its error is as the SDK returns it.
func (a *account) call(ctx context.Context) error {
	a.mu.Lock()
	takes := a.latency(a.random)
	a.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	now := time.Now()
	elapsed := now.Sub(a.start)
	a.tokens = min(a.size, a.tokens+now.Sub(a.at).Seconds()*(a.refill-a.others(elapsed)))
	a.at = now
	switch {
	case a.outage(elapsed):
		return answer(503, "Unavailable")
	case a.tokens < 1:
		a.throttled++
		return answer(503, "RequestLimitExceeded")
	}
	a.tokens--
	if a.random.Float64() < a.broken {
		a.errors++
		return answer(500, "InternalError")
	}
	return nil
}

func (a *account) CreateFlowLogs(ctx context.Context, in *ec2.CreateFlowLogsInput, _ ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	if err := a.call(ctx); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range in.ResourceIds {
		if token, ok := a.tokenOf[id]; ok && token != *in.ClientToken {
			return nil, answer(400, "FlowLogAlreadyExists")
		}
	}
	for _, id := range in.ResourceIds {
		a.tokenOf[id] = *in.ClientToken
	}
	a.progress = append(a.progress, sample{time.Since(a.start), len(a.tokenOf)})
	return created(in), nil
}

// answer is an error as the SDK returns it.
func answer(status int, code string) error {
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: code},
	}
}

// floor is the least time that a full bucket allows for so many calls that are
// needed, to which those are added that failed with 500.
func (a *account) floor(calls int) time.Duration {
	const step = 10 * time.Millisecond
	var elapsed time.Duration
	bucket, granted := a.size, 0.0
	for ; granted < float64(calls+a.errors); elapsed += step {
		bucket = min(a.size, bucket+(a.refill-a.others(elapsed))*step.Seconds())
		if !a.outage(elapsed) {
			granted, bucket = granted+bucket, 0
		}
	}
	return elapsed
}

// timesFloor returns the time taken so far, as a multiple of the floor.
func (a *account) timesFloor(calls int) float64 {
	return time.Since(a.start).Seconds() / a.floor(calls).Seconds()
}

func (a *account) throttledShare() float64 { return float64(a.throttled) / float64(a.calls) }

// upTo is a random time of at most the given one.
func (a *account) upTo(most time.Duration) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Duration(a.random.Float64() * float64(most))
}

// seeded makes an account one of many: the latency of its calls varies.
func (a *account) seeded(seed int) {
	a.random = rand.New(rand.NewPCG(uint64(seed), 2))
	a.latency = from(latency/2, latency*3/2)
}

func constantly(n float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return n }
}

// until is what others take before and after a time.
func until(d time.Duration, before, after float64) func(time.Duration) float64 {
	return func(elapsed time.Duration) float64 {
		if elapsed < d {
			return before
		}
		return after
	}
}

func between(from, to time.Duration) func(time.Duration) bool {
	return func(elapsed time.Duration) bool { return from <= elapsed && elapsed < to }
}

// from is a latency of anything from least to most.
func from(least, most time.Duration) func(*rand.Rand) time.Duration {
	return func(random *rand.Rand) time.Duration {
		return least + time.Duration(random.Float64()*float64(most-least))
	}
}
