/*
Package flowlogstest provides an in-memory EC2 for testing programs that create flow logs.
It honors client tokens, rejects requests with EC2's codes and messages, throttles, fails
single resources, and loses responses after it has applied a call.

An [EC2] has the methods CreateFlowLogs, DescribeFlowLogs and DeleteFlowLogs, and
CreateTags, DescribeTags and DeleteTags for flow logs. Use it wherever a program takes an
interface with these methods:

	e := flowlogstest.New()
	e.Inject(flowlogstest.LoseResponse())
	// … run the program on e …
	e.FlowLogs() // what exists now
	e.Calls()    // every call, with its response

A program that needs an [ec2.Client], or is written in another language, calls the same
EC2 through a [Server] on the loopback interface:

	s := flowlogstest.NewServer(e)
	defer s.Close()
	client := s.Client()

Either way the calls go through the SDK's client; in memory, only its network is replaced.
So the errors are the SDK's, down to their types.

# Faults

A [Fault] changes the outcome of a call. By default it matches the next call. On narrows
it to some calls, Times makes it match several, and Keep makes it match all until
[EC2.ClearFaults]. Reject, Throttle and Respond act before EC2 applies the call, or after
it with AfterApplying. FailResources and FailFlowLogs make unsuccessful items, and
[EditResponse] makes responses that EC2 should not send:

	e.Inject(
		flowlogstest.Throttle().Times(3),
		flowlogstest.Reject("InternalError", "An internal error has occurred", 500).AfterApplying(),
		flowlogstest.FailResources("400", "LogDestination: logs is undeliverable", "vpc-0a1b2c3d4e5f60718").Keep(),
		flowlogstest.EditResponse(func(out *ec2.DeleteFlowLogsOutput) { out.Unsuccessful[0].ResourceId = nil }),
	)

# The account

[Options] say which resources, buckets, log groups and roles exist, and how EC2 behaves
where its behavior varies: how long it lags behind, and how long it remembers a token.
[EC2.Put] adds flow logs that no request can create today: old flow logs, in which fields
are nil, and flow logs whose delivery fails.

For other operations, such as DescribeVpcs, embed the EC2 in a type that has their
methods, as the Example of a nightly job does. Over HTTP, Options.Fallback serves them.

# Time

An EC2 uses package time. In a bubble of [testing/synctest], throttling, delays, lags, and
deliveries that fail later take virtual time. The IDs of flow logs and requests count from
1, so that a test can write them down. A [Server] needs real time: a goroutine that reads
from the network keeps the clock of a bubble still.

# What is modeled

From the documentation of the [operation], the [record fields], [transit gateway flow
logs], [idempotency], [throttling], [error codes], [quotas], [filters] and [tags]:

  - The parameters and their values, and the fields of the log format. A call takes 300
    resources, or 25 of the transit gateway types. A resource has at most 250 flow logs.
    Tags have EC2's restrictions.
  - Client tokens. The same token with the same parameters gets the same response and
    creates nothing. With other parameters it is an IdempotentParameterMismatch. A call
    without a token is given one.
  - Token buckets, with Options.Throttle: 50 calls and 5 a second for CreateFlowLogs and
    for DeleteFlowLogs, 100 calls and 20 a second for DescribeFlowLogs.
  - The filters of DescribeFlowLogs, up to 50 with up to 200 values each. Values are
    case-sensitive. An asterisk matches zero or more characters, a question mark zero or
    one, and a backslash makes them literal.
  - The pages of DescribeFlowLogs. MaxResults together with flow log IDs is an
    InvalidParameterCombination.
  - Tags are added, overwritten and deleted by key, or by key and value. Without tags,
    DeleteTags deletes all but those of AWS. DescribeTags has filters and pages of 5 to
    1000.
  - A log group is in the [account] of the role.
  - The EC2 Query API and its XML. Requests may be signed in the query string, with
    signature version 4 or 2.

From snapshots that were validated on AWS, and from users' reports. Each source is cited
where it is applied:

  - The messages on LogGroupName and LogDestination, with the order of the first three
    checks. Those on roles, destination options, aggregation intervals, the Region of a
    log group, resource IDs of another type, and tag fields without specifications.
  - Failures of single resources, whose code is literally "400": a bucket does not exist,
    or denies access.
  - DryRunOperation with status 412, RequestLimitExceeded with status 503, InvalidAction,
    NoSuchVersion, UnknownParameter, DeleteFlowLogs without an ID, and CreateTags without
    one or with one that is not valid.
  - What DescribeFlowLogs shows: default format and destination options; a log group by
    its name, or by ARN and name. For the ID of a deleted or unknown flow log it shows
    nothing, and that is no error.
  - A log group ARN that ends in ":*" is accepted. Later the flow log shows
    DeliverLogsStatus FAILED and "Access error". How much later is a choice.

# Choices

EC2's behavior is not known here, or varies. Tests should not depend on it:

  - Each call without a token gets one of its own, so that a test can tell the calls
    apart. In a [snapshot] that LocalStack recorded on AWS, two such calls with different
    parameters got equal tokens. Such a token identifies neither call, so a program must
    not repeat a call under it.
  - A call with a known token is compared by all parameters except DryRun. Lists are
    compared in order, and an omitted value differs from its default. A token lasts as
    long as its EC2, or for Options.TokenLifetime. Its response stays the same after a
    partial failure and after flow logs were deleted.
  - A rejected call and a dry run do not use up their token.
  - A dry run is rejected for every reason for which the call would be.
  - FlowLogAlreadyExists is for a resource that has a flow log with the same parameters
    except tags, and for a resource that is named twice. It rejects the whole call, or
    with Options.AlreadyExistsPerItem only that resource. EC2 may compare fewer
    parameters; test that with [Reject] and On.
  - Unknown resources reject the whole call, and so do unknown flow logs in
    DeleteFlowLogs, CreateTags and DeleteTags. [FailFlowLogs] makes unsuccessful items
    instead.
  - A deleted flow log that DescribeFlowLogs still shows conflicts with no new one, and is
    unknown to all other operations but DescribeTags.
  - A flow log to a log group that is not in Options.LogGroups is created and fails later.
    Without Options.LogGroups every log group accepts records, because EC2 creates missing
    ones.
  - A role of an account other than Options.AccountID cannot be assumed. Neither can a
    malformed ARN.
  - A log group that is given by its ARN and is not in the account of the role is rejected
    with InvalidParameter. EC2 may accept it and fail later.
  - DestinationOptions are rejected for Firehose, as they are for CloudWatch Logs.
  - DeliverCrossAccountRole is accepted and shown for every destination.
  - Fields of the other kind of resource are rejected as unknown. A field may be repeated.
    TagFieldSpecifications that no field uses are accepted.
  - IDs have 8 or 17 hexadecimal digits, whatever the resource.
  - MaxResults may be 1 to 1000. Without it there is one page. A backslash in a filter
    makes any character literal.
  - The order of all other checks.
  - The messages, and some of the codes, for: too many resources, malformed and unknown
    resource IDs, unknown values of enumerations and numbers, a missing or unexpected
    TrafficType, malformed ARNs and names, the reserved folder AWSLogs, fields and
    formats, tags, tokens, more than 250 flow logs, malformed queries, filters and
    pagination tokens.
  - Flow logs are created and listed in the order of the resource IDs.

# What is not modeled

  - Signatures, permissions and service control policies. [Reject] can take their place.
  - The delivery of records, and the Firehose streams and KMS keys that it needs.
    [EC2.Put] can give a flow log any delivery status.
  - Eventual consistency, except [PropagateAfter], Options.DescribeLag and
    Options.DeleteLag. A change of tags is seen at once.
  - The resource types of Cloud WAN.
  - Tags of other resources, and throttling of the operations on tags.
  - A token whose first call is still in progress.
  - The responses of older versions of the API: all get that of 2016-11-15, and so does a
    request without a Version.

[operation]: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
[record fields]: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
[transit gateway flow logs]: https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
[idempotency]: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
[throttling]: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
[error codes]: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
[quotas]: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html
[filters]: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
[tags]: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
[account]: https://docs.aws.amazon.com/prescriptive-guidance/latest/patterns/configure-vpc-flow-logs-for-centralization-across-aws-accounts.html
[snapshot]: https://github.com/localstack/localstack/blob/main/tests/aws/services/ec2/test_ec2.snapshot.json
*/
package flowlogstest
