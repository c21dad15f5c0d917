// Package mocking is a small service that creates flow logs, with three ways of testing
// it:
//
//   - mock_test.go mocks the one method that is called: short where a test needs
//     one or two responses;
//   - memory_test.go uses an EC2 in memory, which remembers what was created and
//     under which token;
//   - server_test.go serves the same EC2 over HTTP to the SDK's real client.
package mocking

import (
	"context"

	"github.com/go-flowlogs/flowlogs"
)

// Monitor switches on flow logs for new VPCs. It is safe for concurrent use.
type Monitor struct {
	flowLogs    *flowlogs.Client
	destination flowlogs.Destination
}

// New returns a Monitor that calls api: in production an *ec2.Client, in a test any type
// with its method CreateFlowLogs.
func New(api flowlogs.API, destination flowlogs.Destination) *Monitor {
	return &Monitor{flowLogs: flowlogs.New(api), destination: destination}
}

// Add creates a flow log of the rejected traffic of each VPC. It returns the VPCs that
// have none, in the order given, and an error that says why.
func (m *Monitor) Add(ctx context.Context, vpcIDs ...string) (missing []string, err error) {
	resp, err := m.flowLogs.Create(ctx, flowlogs.Request{
		ResourceIDs: vpcIDs,
		TrafficType: flowlogs.TrafficTypeReject,
		Destination: m.destination,
	})
	if resp == nil {
		return vpcIDs, err // nothing was sent
	}
	for id, failure := range resp.Results() {
		if failure != nil {
			missing = append(missing, id)
		}
	}
	return missing, err
}
