// Package flowlogs creates AWS VPC flow logs: it is what to call instead of
// CreateFlowLogs of the AWS SDK.
//
// # The way of a request
//
// A [Request] says which resources are to be monitored, which traffic, and where
// the records go. [Client.Create] takes it to EC2:
//
//	client := flowlogs.New(ec2.NewFromConfig(cfg))
//	resp, err := client.Create(ctx, flowlogs.Request{
//		ResourceIDs: []string{"eni-aa22bb33"},
//		TrafficType: flowlogs.TrafficTypeReject,
//		Destination: flowlogs.CloudWatchLogs{
//			LogGroupName: "my-flow-logs",
//			RoleARN:      "arn:aws:iam::123456789101:role/publishFlowLogs",
//		},
//	})
//
// First the request is validated, against the rules that EC2 documents or was
// seen to apply. All problems are reported at once, and nothing is sent while
// there is one.
//
// Then it gets a client token, unless it has one. Every attempt of a call carries
// the same token and the same bytes, so a call whose answer was lost is repeated
// without creating anything twice.
//
// Then it is split into calls of as many resources as EC2 takes, each with a
// token derived from the request's and the resources of the call. So the same
// request with the same token is the same calls with the same tokens, also after
// a crash and on another machine.
//
// Each call runs in the retry loop of the SDK, with the Retryer of the client
// that was given to [New]; the loop inside that client is switched off. A mock
// gets the same retries as the real client.
//
// # What comes back
//
// EC2 answers a call with HTTP 200 also when it created nothing. Create does not:
// whatever was not created is in the error, as an [UnsuccessfulError] for
// resources that EC2 refused one by one, and a [CallError] for each call that
// failed as a whole. The [Response] comes along, with what was created.
//
//	switch {
//	case errors.Is(err, flowlogs.ErrDestinationAccessDenied):
//		// for some resource or for all
//	case err != nil:
//		log.Print(err, flowlogs.ReasonOf(err).Hint())
//	}
//
// A [Reason] is what failures have in common however EC2 says them; real EC2
// answers most of them with the code "400".
//
// # Services that hold an EC2 interface
//
// A [Client] has the method CreateFlowLogs of the SDK's client, and can take its
// place wherever that is behind an interface: validation, tokens, retries and
// typed errors come with no other change.
//
// Package [github.com/go-flowlogs/flowlogs/flowlogstest] is an EC2 for tests.
package flowlogs
