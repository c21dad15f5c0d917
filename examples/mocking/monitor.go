// Package mocking is a service on flow logs so small that its tests are the point
// of it. They are the three ways of testing such a service:
//
//   - mock_test.go mocks the one method that is called, where an answer is said
//     in a line or two;
//   - memory_test.go has an EC2 in memory, where it matters what EC2 has done
//     before;
//   - server_test.go has the same EC2 behind HTTP, for the SDK's real client.
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

// New returns a Monitor that calls api: in the service an *ec2.Client, in a test
// whatever has its one method.
func New(api flowlogs.API, destination flowlogs.Destination) *Monitor {
	return &Monitor{flowLogs: flowlogs.New(api), destination: destination}
}

// Add creates a flow log of the rejected traffic of each VPC. It returns the VPCs
// that are not known to have one now, and the reason as an error.
func (m *Monitor) Add(ctx context.Context, vpcIDs ...string) (missing []string, err error) {
	resp, err := m.flowLogs.Create(ctx, flowlogs.Request{
		ResourceIDs: vpcIDs,
		TrafficType: flowlogs.TrafficTypeReject,
		Destination: m.destination,
	})
	if resp == nil {
		return vpcIDs, err // nothing was sent
	}
	for _, batch := range resp.Batches {
		if len(batch.FlowLogIDs)+len(batch.Unsuccessful) != len(batch.ResourceIDs) {
			missing = append(missing, batch.ResourceIDs...) // the call failed as a whole
			continue
		}
		for _, item := range batch.Unsuccessful {
			missing = append(missing, item.ResourceID)
		}
	}
	return missing, err
}
