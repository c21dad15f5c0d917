package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/examples/rollout/internal/simulation"
)

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
	o, err := newOrganization(t.Context(), simulation.Config(url), "path/role", externalID)
	require.NoError(t, err)
	return o, func() []map[string]string {
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
	assert.NotSame(t, one.reconciler, other.reconciler, "each Region has its own quota")
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
