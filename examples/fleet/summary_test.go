package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestSummary_CountsEveryVPCOnce(t *testing.T) {
	t.Parallel()
	missing := flowlogstest.FailResources("400", "LogDestination: logs does not exist", vpcIDs(3)[1:]...)
	tests := []struct {
		name      string
		fault     flowlogstest.Fault
		created   int
		causes    []int // VPCs of each
		resumable bool
	}{
		{"all are created", flowlogstest.Delay(0), 3, nil, true},
		{"two are rejected individually", missing, 1, []int{2}, false},
		{"the call is throttled", flowlogstest.Throttle(), 0, []int{3}, true},
		{"the call gets no response", flowlogstest.LoseAnswer(), 0, []int{3}, true},
		{"the call is rejected", flowlogstest.Refuse("UnauthorizedOperation", "You are not authorized.", http.StatusForbidden), 0, []int{3}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cloud := flowlogstest.New()
			cloud.Inject(tt.fault.Keep())
			got, err := create(t.Context(), oneAttempt(cloud), threeVPCs(), &lines{w: &bytes.Buffer{}})
			require.NoError(t, err)
			assert.Equal(t, 3, got.vpcs)
			assert.Equal(t, tt.created, got.created)
			assert.Equal(t, tt.resumable, got.resumable())
			var causes []int
			for _, c := range got.causes {
				causes = append(causes, c.vpcs)
			}
			assert.Equal(t, tt.causes, causes)
		})
	}
}

func TestSummary_NamesNoCauseForAnInterrupt(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	got, err := create(ctx, oneAttempt(flowlogstest.New()), threeVPCs(), &lines{w: &bytes.Buffer{}})
	require.NoError(t, err)
	assert.Equal(t, &summary{vpcs: 3}, got)
}

func TestProgress_IsABarOnATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := newBar(&out, 3000)
	assert.Contains(t, out.String(), "(0/3000)")
	b.show(flowlogs.Progress{Resources: 3000, Created: 298, Unsuccessful: 1, Failed: 1, Remaining: 9 * time.Second})
	assert.Contains(t, out.String(), "VPCs, 2 without a flow log, about 9s left")
	assert.Contains(t, out.String(), "(300/3000)")
	b.end()
	assert.True(t, strings.HasSuffix(out.String(), "\n"))
}

func TestProgress_IsALineForEveryTenthInALog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := newProgress(&out, 1000)
	for n := range 1000 {
		p.show(flowlogs.Progress{Resources: 1000, Created: n + 1, Attempts: 9, Throttled: 2})
	}
	p.end()
	lines := strings.Split(out.String(), "\n")
	assert.Len(t, lines, 10+1)
	assert.Equal(t, "100 of 1000 VPCs, 2 of 9 calls throttled", lines[0])
	assert.Equal(t, "1000 of 1000 VPCs, 2 of 9 calls throttled", lines[9])
}

// oneAttempt returns a client of one attempt a call.
func oneAttempt(api flowlogs.API) *flowlogs.Client {
	return flowlogs.New(api, func(o *flowlogs.Options) { o.Retryer = aws.NopRetryer{} })
}

func threeVPCs() flowlogs.Request {
	return flowlogs.Request{
		ResourceIDs: vpcIDs(3),
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: demoBucket},
	}
}
