/*
Package reconcile brings the flow logs of resources to a desired state: these
resources shall have this flow log.

[flowlogs.Client.Create] creates, and a second call is rejected because the flow
logs exist. A [Reconciler] takes the same [flowlogs.Request] and compares first:

	r := reconcile.New(ec2.NewFromConfig(cfg))
	plan, err := r.Plan(ctx, req)    // reads only
	fmt.Print(plan)                  // for a person
	result, err := r.Apply(ctx, req) // creates what is missing

[Reconciler.Apply] may run every night, or once for each new VPC: where everything
is as it should be, it lists and does nothing else. [Result] has an [Outcome] for
each resource, with the ID of its flow log. EC2 itself does not say which of the
flow logs of a call belongs to which resource.

# Equal, in the way, unrelated

A flow log is equal to the one that is wanted if it has the same traffic type,
destination, log format, aggregation interval, destination options, tag fields and
roles. Defaults are filled in, on both sides. What DescribeFlowLogs writes in more
than one way is equal: a log group by its name or by its ARN, an ARN with the
suffix ":*", a flow log of 2017 without most of its fields. A role that the flow
log does not show, or that the request does not ask for, is not compared.

It is in the way if only the traffic type and the destination are the same. That is
a [Conflict], with its differences; it is replaced where Options.Replace allows it,
and an error otherwise. All other flow logs are unrelated, because a resource may
have many.

Tags do not make a flow log another one. Those that the request asks for and the
flow log lacks are in [Change].Differences; this package does not change them.

# What is not known of EC2

Which settings EC2 itself compares, before it rejects a flow log because it exists
already, is not documented. So nothing here depends on it:

  - If EC2 rejects what this package takes for a different flow log, the resource
    keeps what it has, and its error wraps [flowlogs.ErrAlreadyExists].
  - An S3 destination with and without a slash at its end may be one or two. The
    flow log is in the way then, but never deleted.
  - EC2 may reject a call as a whole, or only the resource that has its flow log.
  - A new flow log may not be shown for a while. Apply waits for half a minute.
    After that, the Outcome says that the ID is not known: see [ErrNotShown].

# Replacing

A flow log cannot be changed. A replacement creates the new one, looks at it for as
long as Options.Probation, and deletes the old one last, after another look at
both. If EC2 does not accept the new flow log beside the old one, or if the new one
is failing, the old one stays and the Outcome has the error. Whatever interrupts a
replacement, the next Apply continues it. A flow log that is failing is never a
reason to delete another one.

Flow logs with the tag CloudWatchTelemetryRuleManaged belong to AWS's telemetry
rules. They are never deleted.

# Permissions

Plan and Delivery need ec2:DescribeFlowLogs. Apply also needs what
[flowlogs.Client.Create] needs, and ec2:DeleteFlowLogs to replace.

# Cost

Up to 200 resources are listed in one call. More are listed by reading all flow
logs of the Region, 1,000 in a call, unless that takes more calls than asking for
200 resources at a time. Creating is paced as by a [flowlogs.Client], listing by
Options.Describe.
*/
package reconcile
