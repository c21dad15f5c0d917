package cookbook_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// statuses has the status for each reason that the handler's caller can do something
// about. Any other is 500: the service itself lacks a permission, or is set up wrongly.
var statuses = map[flowlogs.Reason]int{
	flowlogs.ErrInvalidParameter:         http.StatusBadRequest,
	flowlogs.ErrResourceNotFound:         http.StatusNotFound,
	flowlogs.ErrAlreadyExists:            http.StatusConflict,
	flowlogs.ErrIncorrectState:           http.StatusConflict,
	flowlogs.ErrLimitExceeded:            http.StatusConflict,
	flowlogs.ErrTokenMismatch:            http.StatusUnprocessableEntity, // the key of another request
	flowlogs.ErrDestinationNotFound:      http.StatusUnprocessableEntity,
	flowlogs.ErrDestinationAccessDenied:  http.StatusUnprocessableEntity,
	flowlogs.ErrDestinationUndeliverable: http.StatusUnprocessableEntity,
	flowlogs.ErrRoleNotAssumable:         http.StatusUnprocessableEntity,
}

func statusOf(err error) int {
	switch reason := flowlogs.ReasonOf(err); {
	case err == nil:
		return http.StatusCreated
	case reason.Retryable():
		return http.StatusServiceUnavailable
	default:
		return cmp.Or(statuses[reason], http.StatusInternalServerError)
	}
}

// handler creates a flow log on each VPC of a JSON list. A caller that sends a request
// again, under the same Idempotency-Key, creates nothing twice.
type handler struct {
	client      *flowlogs.Client
	destination flowlogs.Destination
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var ids []string
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&ids); err != nil {
		http.Error(w, "want a JSON list of VPC IDs", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
	defer cancel()

	resp, err := h.client.Create(ctx, flowlogs.Request{
		ResourceIDs: ids,
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: h.destination,
		ClientToken: r.Header.Get("Idempotency-Key"), // empty: a random one is made
	})
	if resp == nil { // nothing was sent
		http.Error(w, err.Error(), statusOf(err))
		return
	}

	results := make(map[string]string)
	for id, failure := range resp.Results() {
		results[id] = "Created"
		if failure != nil {
			results[id] = string(flowlogs.ReasonOf(failure))
		}
	}
	w.Header().Set("Idempotency-Key", resp.ClientToken)
	if flowlogs.ReasonOf(err).Retryable() {
		w.Header().Set("Retry-After", "10")
	}
	w.WriteHeader(statusOf(err)) // the first failure decides; the body has all of them
	_ = json.NewEncoder(w).Encode(results)
}

func Example_handler() {
	cloud := flowlogstest.New()
	client := flowlogs.New(cloud, func(o *flowlogs.Options) { o.Retryer = aws.NopRetryer{} }) // to see a transient failure
	h := &handler{client, flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"}}
	post := func(key, body string) {
		r := httptest.NewRequest(http.MethodPost, "/flow-logs", strings.NewReader(body))
		r.Header.Set("Idempotency-Key", key)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}

	cloud.Inject(flowlogstest.LoseResponse())
	post("key-1", `["vpc-0a1b2c3d"]`)
	post("key-1", `["vpc-0a1b2c3d"]`) // sent again
	post("key-1", `["vpc-1a2b3c4d"]`)
	post("key-2", `["vpc-0a1b2c3d"]`)
	post("key-3", `[]`)
	cloud.Inject(flowlogstest.FailResources("400", "LogDestination: my-flow-logs does not exist", "vpc-2a3b4c5d"))
	post("key-4", `["vpc-2a3b4c5d", "vpc-3a4b5c6d"]`)
	cloud.Inject(flowlogstest.Reject("UnauthorizedOperation", "You are not authorized to perform this operation.", 403))
	post("key-5", `["vpc-4a5b6c7d"]`)
	fmt.Println(len(cloud.FlowLogs()), "flow logs")
	// Output:
	// 503 {"vpc-0a1b2c3d":"NoResponse"}
	// 201 {"vpc-0a1b2c3d":"Created"}
	// 422 {"vpc-1a2b3c4d":"TokenMismatch"}
	// 409 {"vpc-0a1b2c3d":"AlreadyExists"}
	// 400 flowlogs: invalid request: ResourceIDs: required: the ID of at least one resource
	// 422 {"vpc-2a3b4c5d":"DestinationNotFound","vpc-3a4b5c6d":"Created"}
	// 500 {"vpc-4a5b6c7d":"NotAuthorized"}
	// 2 flow logs
}
