package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fixedClient gives every call the same response.
type fixedClient struct {
	status int
	body   io.Reader
	err    error
}

func (c fixedClient) Do(*http.Request) (*http.Response, error) {
	if c.err != nil {
		return nil, c.err
	}
	return &http.Response{StatusCode: c.status, Body: io.NopCloser(c.body)}, nil
}

func TestBookkeeper_WritesWhatAResponseTells(t *testing.T) {
	t.Parallel()
	const vpc, flowLog = "vpc-0a1b2c3d", "fl-0a1b2c3d"
	cut := io.MultiReader(strings.NewReader("<vpcId>"+vpc), iotest.ErrReader(io.ErrUnexpectedEOF))
	tests := []struct {
		name       string
		action     string
		client     fixedClient
		unanswered int
		exists     map[string]bool
	}{
		{"a creation", "CreateVpc", fixedClient{200, strings.NewReader("<vpcId>" + vpc + "</vpcId>"), nil}, 0, map[string]bool{vpc: true}},
		{"a rejection", "CreateVpc", fixedClient{400, strings.NewReader(vpc), nil}, 0, map[string]bool{}},
		{"a throttled call", "CreateVpc", fixedClient{503, strings.NewReader("<Code>RequestLimitExceeded</Code>"), nil}, 0, map[string]bool{}},
		{"an error of EC2", "CreateVpc", fixedClient{500, strings.NewReader("<Code>InternalError</Code>"), nil}, 1, map[string]bool{}},
		{"no response", "CreateVpc", fixedClient{0, nil, errors.New("reset")}, 1, map[string]bool{}},
		{"half a response", "CreateVpc", fixedClient{200, cut, nil}, 1, map[string]bool{}},
		{"a dry run", "CreateFlowLogs&ResourceId.1=" + vpc + "&DryRun=true", fixedClient{0, nil, errors.New("reset")}, 0, map[string]bool{}},
		{"a dry run that creates", "CreateFlowLogs&ResourceId.1=" + vpc + "&DryRun=true", fixedClient{200, strings.NewReader("<item>" + flowLog + "</item>"), nil}, 0, map[string]bool{flowLog: true}},
		{"no response about a VPC of the run", "CreateFlowLogs&ResourceId.1=" + vpc, fixedClient{0, nil, errors.New("reset")}, 1, map[string]bool{}},
		{"a deletion", "DeleteFlowLogs&FlowLogId.1=" + flowLog, fixedClient{200, strings.NewReader("<unsuccessful/>"), nil}, 0, map[string]bool{flowLog: false}},
		{"an unsuccessful deletion", "DeleteFlowLogs&FlowLogId.1=" + flowLog, fixedClient{200, strings.NewReader("<resourceId>" + flowLog), nil}, 0, map[string]bool{flowLog: true}},
		{"a rejected deletion", "DeleteFlowLogs&FlowLogId.1=" + flowLog, fixedClient{400, strings.NewReader(""), nil}, 0, map[string]bool{flowLog: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j, err := openJournal(options{journal: filepath.Join(t.TempDir(), "j")})
			require.NoError(t, err)
			defer j.close()
			kind := "vpc"
			if strings.Contains(tt.action, "FlowLogs") {
				kind = "flow-log"
				require.NoError(t, j.write("run-a", creating, "vpc"))
				require.NoError(t, j.write("run-a", created, "vpc", vpc))
			}
			if strings.HasPrefix(tt.action, "Delete") {
				require.NoError(t, j.write("run-a", creating, kind))
				require.NoError(t, j.write("run-a", created, kind, flowLog))
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://ec2.us-east-1.amazonaws.com/", strings.NewReader("Action="+tt.action))
			require.NoError(t, err)
			b := &bookkeeper{client: tt.client, journal: j, run: "run-a"}
			if resp, err := b.Do(req); err == nil {
				resp.Body.Close()
			}
			m := j.unclean()["run-a"][kind]
			assert.Equal(t, tt.exists, m.exists)
			assert.Equal(t, tt.unanswered, m.unanswered)
		})
	}
}

func TestBookkeeper_SendsNothingAfterASignal(t *testing.T) {
	t.Parallel()
	j, err := openJournal(options{journal: filepath.Join(t.TempDir(), "j")})
	require.NoError(t, err)
	defer j.close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1/", strings.NewReader("Action=CreateVpc"))
	require.NoError(t, err)
	b := &bookkeeper{client: fixedClient{200, strings.NewReader(""), nil}, journal: j, run: "run-a", local: true}
	resp, err := b.Do(req)
	if err == nil {
		resp.Body.Close()
	}
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, j.unclean())
}
