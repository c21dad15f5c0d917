/*
Package flowlogstest is an EC2 in memory, for tests of programs that create flow
logs. It keeps client tokens, refuses what EC2 refuses with EC2's codes and
words, throttles, fails single resources, and loses answers after it has done
its work: what a test of retries is about.

An [EC2] stands wherever a program takes CreateFlowLogs, DescribeFlowLogs and
DeleteFlowLogs through an interface:

	e := flowlogstest.New()
	e.Inject(flowlogstest.LoseAnswer())
	// … run the program on e …
	e.FlowLogs() // what exists now
	e.Calls()    // what was called, and what it was answered

For a program that needs an [ec2.Client], or is written in another language,
[NewServer] serves the same EC2 on the loopback interface:

	s := flowlogstest.NewServer(e)
	defer s.Close()
	client := s.Client()

Both ways lead through the SDK's own client, the first with memory for a network.
So the errors are the SDK's own, down to the type, in both.

A [Fault] goes wrong once, with the next call that it is for. It can be kept,
narrowed to some calls, and with Refuse and Respond be told to come after EC2
has done what was asked:

	e.Inject(
		flowlogstest.Throttle(),
		flowlogstest.Refuse("InternalError", "An internal error has occurred", 500).AfterApplying(),
		flowlogstest.FailResources("400", "LogDestination: logs is undeliverable", "vpc-0a1b2c3d4e5f60718").Keep(),
	)

Time is that of package time. Under [testing/synctest] an EC2 in memory, its
throttle, its delays and its deliveries that fail later take virtual time. IDs
of flow logs and requests count from 1, so a test can write them down.

# What is modelled

From the documentation of the [operation], the [record fields], [transit gateway
flow logs], [idempotency], [throttling], [error codes] and [quotas]:

  - the parameters and their values, the log format's fields, 300 resources a
    call and 25 of the transit gateway types, 250 flow logs a resource, the
    restrictions on tags;
  - client tokens: the same token and parameters have the same answer and create
    nothing, other parameters are an IdempotentParameterMismatch, and a call
    without a token is given one;
  - token buckets of 50 calls and 5 a second for CreateFlowLogs and
    DeleteFlowLogs, and of 100 calls and 20 a second for DescribeFlowLogs, when
    [Options] ask for them;
  - the filters and pages of DescribeFlowLogs, and the EC2 Query API with its XML.

From what was seen on AWS, in snapshots that were validated against it and in
users' reports, each cited where it is applied:

  - the texts on LogGroupName and LogDestination with the order in which the
    first of them are checked; on roles, destination options, aggregation
    intervals, the Region of a log group, resource IDs of the wrong type, and tag
    fields without specifications;
  - failures of single resources, whose code is literally "400": a bucket that
    does not exist or denies access;
  - DryRunOperation with status 412, RequestLimitExceeded with status 503,
    InvalidAction, UnknownParameter, and their texts;
  - what DescribeFlowLogs shows: default format and destination options, a log
    group by name alone or by ARN and name;
  - a log group ARN that ends in ":*", which is taken and then fails with
    DeliverLogsStatus FAILED and "Access error". When it does is a choice.

# Choices

What EC2 does here is not known. A test should not depend on it:

  - Which parameters a token's next call is compared by: all but DryRun, lists in
    their order, left out and default values being different. A token lasts as
    long as its EC2, and its answer stays the same after a partial failure and
    after flow logs were deleted.
  - A call that was refused and a dry run do not use up their token.
  - A dry run is refused for everything that the call itself would be.
  - FlowLogAlreadyExists refuses the whole call if one of its resources has a
    flow log that is the same in everything but its tags, or is named twice.
  - Unknown resources, and unknown flow logs in DeleteFlowLogs, refuse the whole
    call.
  - A log group that the account lacks takes the flow log and turns to FAILED.
    Without Options.LogGroups every group takes it, as EC2 makes missing ones.
  - A role of another account than Options.AccountID cannot be assumed, nor a
    malformed ARN.
  - DestinationOptions are refused for Firehose as they are for CloudWatch Logs.
  - DeliverCrossAccountRole is taken and shown with other destinations.
  - Fields of the other kind of resource are refused like unknown ones. A field
    may be repeated, and TagFieldSpecifications that no field uses are taken.
  - IDs have 8 or 17 hexadecimal digits, whatever the resource.
  - MaxResults may be 1 to 1000. Filters compare letter for letter.
  - The order of the checks but for the one above, and the texts, and in part the
    codes, for: too many resources, malformed and unknown resource IDs, unknown
    values of enumerations and numbers, TrafficType missing or with a transit
    gateway, malformed ARNs and names, the reserved folder AWSLogs, fields and
    formats, tags, tokens, more than 250 flow logs, malformed queries, filters
    and pagination tokens.
  - Flow logs are created and listed in the order of the resource IDs.

# What is not modelled

Signatures, permissions and service control policies: [Refuse] stands for them.
Delivery itself, and the Firehose streams and KMS keys that it needs. Eventual
consistency, but for [PropagateAfter]. Tagging after creation. The state of a
token between the arrival of its call and the answer. The Version of the API,
which may be any.

[operation]: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
[record fields]: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
[transit gateway flow logs]: https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
[idempotency]: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
[throttling]: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
[error codes]: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
[quotas]: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html
*/
package flowlogstest
