/*
Package reconcile brings the flow logs of resources to a desired state: each of the
resources of a request has the flow log that the request describes.

[flowlogs.Client.Create] only creates: EC2 rejects a second call because the flow
logs exist. A [Reconciler] takes the same [flowlogs.Request] and compares first:

	r := reconcile.New(ec2.NewFromConfig(cfg))
	plan, err := r.Plan(ctx, req)    // reads only
	fmt.Print(plan)                  // for a person
	result, err := r.Apply(ctx, req) // creates what is missing
	fmt.Print(result)

[Reconciler.Apply] may run every night, or once for each new VPC: if nothing is to be
done, it only lists. [Result] has an [Outcome] for each resource, with the ID of its flow
log, which EC2 itself does not say after a call for several resources. The Outcome also
says whether a flow log that was kept fails to deliver.

# Equal, conflicting, unrelated

A flow log is equal to the wanted one if it has the same traffic type, destination,
log format, aggregation interval, destination options, tag fields and roles. Defaults
are filled in on both sides. Different forms of one setting are equal: a log group by
its name or by its ARN, an ARN with the suffix ":*", a flow log of 2017 without most of
its fields. A role is compared only if both the flow log and the request have one.

It conflicts if only the traffic type and the destination are the same. A [Conflict]
lists the differences. The flow log is replaced if Options.Replace allows it; otherwise
the conflict is an error. All other flow logs are unrelated, because a resource may have
many.

Tags are not compared. Those that the request has and the flow log lacks are in
[Change].Differences; this package does not change them.

# What is not known of EC2

It is not documented which settings EC2 compares before it rejects a flow log because
it exists. So this package does not depend on it:

  - If EC2 rejects a flow log that this package considers different, the resource
    keeps what it has, and its error wraps [flowlogs.ErrAlreadyExists].
  - An S3 destination with a slash at its end and one without may be the same. Such
    a flow log conflicts, but is never deleted.
  - EC2 may reject a call as a whole, or only the resource that has its flow log.
  - A new flow log may not be shown for a while. Apply waits for half a minute.
    After that, the Outcome says that the ID is not known: see [ErrNotShown].
  - A deleted flow log may still be shown. Until it disappears, an Apply may keep it.

# Replacing

A flow log cannot be changed. A replacement creates the new one, watches it for as
long as Options.Probation, and deletes the old one last, after it has checked both
again: a resource is never without a flow log. If EC2 does not accept the new flow log
beside the old one, or if the new one is failing, the old one stays and the Outcome has
the error. Whatever interrupts a replacement, the next Apply continues it.

Flow logs with the tag CloudWatchTelemetryRuleManaged belong to AWS's telemetry
rules. They are never deleted.

# Cost

Up to 2,000 resources are listed by 200 in one call. For more, all flow logs of the
Region are read, 1,000 in one call. Creating is paced as in a [flowlogs.Client],
listing by Options.DescribeLimiter, and deleting by Options.DeleteLimiter.
*/
package reconcile
