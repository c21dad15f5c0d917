package main

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

func TestBounded_LetsSoManyRetrieveAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		slow := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(time.Second)
			return aws.Credentials{}, nil
		})
		slots := make(chan struct{}, 3)
		var wait sync.WaitGroup
		for range 10 {
			wait.Go(func() {
				_, err := bounded{slow, slots}.Retrieve(t.Context())
				assert.NoError(t, err)
			})
		}
		wait.Wait()
		assert.EqualValues(t, 3, most.Load())
	})
}

func TestBounded_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := bounded{nil, make(chan struct{})}.Retrieve(ctx)
	assert.ErrorIs(t, err, context.Canceled)
}

// newTestOrganization also returns the parameters of the calls to STS.
func newTestOrganization(t *testing.T, externalID string) (*organization, func() []map[string]string) {
	t.Helper()
	sim := testSimulation(1)
	var mu sync.Mutex
	var calls []map[string]string
	url := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.Contains(req.Header.Get("Authorization"), "/sts/aws4_request") {
			mu.Lock()
			calls = append(calls, map[string]string{
				"Action": req.FormValue("Action"), "RoleArn": req.FormValue("RoleArn"), "ExternalId": req.FormValue("ExternalId"),
			})
			mu.Unlock()
		}
		sim.ServeHTTP(w, req)
	}))
	return newOrganization(simulation.Config(url), "path/role", externalID, 1), func() []map[string]string {
		mu.Lock()
		defer mu.Unlock()
		return calls
	}
}

func TestOrganization_AssumesTheRoleOnceForAllRegions(t *testing.T) {
	t.Parallel()
	o, calls := newTestOrganization(t, "secret")
	one, err := o.region(t.Context(), Target{"100000000001", "us-east-1"})
	require.NoError(t, err)
	other, err := o.region(t.Context(), Target{"100000000001", "us-east-2"})
	require.NoError(t, err)
	again, err := o.region(t.Context(), Target{"100000000001", "us-east-1"})
	require.NoError(t, err)
	assert.Same(t, one, again)
	assert.NotSame(t, one.creates, other.creates, "each Region has its own quota")
	assert.Equal(t, []map[string]string{
		{"Action": "GetCallerIdentity", "RoleArn": "", "ExternalId": ""},
		{"Action": "AssumeRole", "RoleArn": "arn:aws:iam::100000000001:role/path/role", "ExternalId": "secret"},
	}, calls())
}

func TestOrganization_UsesItsOwnCredentialsInItsOwnAccount(t *testing.T) {
	t.Parallel()
	o, calls := newTestOrganization(t, "")
	_, err := o.region(t.Context(), Target{simulation.Management, "us-east-1"})
	require.NoError(t, err)
	assert.Len(t, calls(), 1)
}

func TestOrganization_SaysWhichRoleIsDenied(t *testing.T) {
	t.Parallel()
	o, _ := newTestOrganization(t, "")
	_, err := o.region(t.Context(), Target{"100000000002", "us-east-1"})
	reason, transient := reasonOf(err)
	assert.Equal(t, reasonAssumeRole, reason)
	assert.False(t, transient)
	assert.ErrorContains(t, err, "assume role path/role in 100000000002")
}
