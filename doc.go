// Package flowlogs creates AWS VPC flow logs. It wraps one operation of the AWS
// SDK, CreateFlowLogs of EC2, and validates requests, makes retries safe, reports
// every resource that has no flow log as an error, and sends any number of
// resources.
//
// # Creating flow logs
//
// A [Client] creates the flow logs that a [Request] describes: one for each
// resource, all with the same settings.
//
//	client := flowlogs.New(ec2.NewFromConfig(cfg))
//	resp, err := client.Create(ctx, flowlogs.Request{
//		ResourceIDs: []string{"vpc-0a1b2c3d", "vpc-1a2b3c4d"},
//		TrafficType: flowlogs.TrafficTypeAll,
//		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::my-flow-logs"},
//	})
//
// [Client.Create] validates the request against the rules of EC2, and sends nothing
// if there is a problem. It divides the resources among calls of up to 300, paces the
// calls at the rate that EC2 grants, and retries transient failures. Every attempt of
// a call carries the same client token, so EC2 creates nothing twice.
//
// [Client.Stream] does the same for IDs from an iterator, in constant memory.
// [Client.CreateFlowLogs] has the signature of the SDK's method: a Client can take
// the place of an *[ec2.Client] behind an interface.
//
// # Errors
//
// EC2 responds with HTTP 200 even if it created nothing. Create returns an error for
// everything that was not created, and the [Response] with what was.
//
//	if resp == nil {
//		return err // nothing was sent: a *ValidationError lists every problem
//	}
//	for _, err := range resp.Results() {
//		if err != nil {
//			log.Print(err, ". ", flowlogs.ReasonOf(err).Hint())
//		}
//	}
//
// The errors unwrap to each other like this; Reasons are found at every level:
//
//	*ValidationError        nothing was sent
//	└ *FieldError           each problem
//	*CreateError            some resources have no flow log
//	├ *UnsuccessfulError    each resource that EC2 rejected in a response
//	└ *CallError            each call that failed
//	  └ an error of the SDK, such as a smithy.APIError, or the end of the context
//	of Results: an *UnsuccessfulError, or an error that unwraps to a *CallError
//
// A [Reason] says why something failed, regardless of how EC2 words it: EC2 sends
// most failures of single resources with the literal code "400". [errors.Is] finds
// it in every error, [ReasonOf] returns it, [Reason.Hint] says what to do, and
// [Reason.Retryable] whether the same request may succeed later.
//
// If the reason is retryable, call Create again with the same request and token.
// Otherwise fix the cause, and call Create with the failed resources alone and another
// token: EC2 may repeat its response to the old one.
//
// # Tokens
//
// By default, Create makes a random token, which makes its own retries safe. To resume a
// request after a timeout or a crash, or on another machine, call Create again with the
// same request and token. It sends the same calls under the same tokens, and EC2 creates
// nothing twice. To survive a crash, the token must be known before the first call: store
// Request.ClientToken, or use [ContentToken], which derives it from the request. How long
// EC2 remembers a token is not documented.
//
// # Time
//
// A deadline belongs on the context. Without one, nothing limits how long the SDK
// waits for a response. A request of several calls takes as long as EC2's rate
// allows, which is about a minute for 100,000 VPCs. In an outage, a request of one
// call is retried for 5 seconds, and each batch of a larger one for 15 minutes; see
// Options.RetryTimeout.
//
// # Testing
//
// [New] takes any type with the method CreateFlowLogs, so a mock of one method will
// do. An error of a mock that is none of the SDK's is [ErrNoResponse], and is not retried.
// If the mock plays an EC2 that stays unavailable, set Options.RetryTimeout to -1, or the
// test waits for the retries. Package [github.com/go-flowlogs/flowlogs/flowlogstest] is an
// EC2 in memory, with client tokens, throttling and lost responses.
package flowlogs
