/*
Package conformance compares two EC2s by what they respond about flow logs: usually
the double of package flowlogstest, and EC2 itself. The rules that the double follows
come from documentation and reports. Where those say nothing, one call settles a rule.

A [Probe] is data: the calls that it makes, the fact that it settles, and what is known
of it from a source. [Run] makes the calls with an [ec2.Client] that retries nothing,
and returns a [Record] of each probe. A record has no IDs, accounts, tokens or times,
but references to them: equal values are equal references, as in

	CreateFlowLogs 200: flowLogIdSet.1=<fl:1>

so the records of two EC2s are equal if those behave alike. [Compare] compares them:

	env := conformance.Env{AccountID: "123456789012", Region: "us-east-1", Run: "run-a1b2c3"}
	double := conformance.Run(ctx, server.Client(), env, conformance.Probes())
	target := conformance.Run(ctx, client, env, conformance.Probes())
	for _, v := range conformance.Compare(conformance.Probes(), double, target) {
		fmt.Println(v)
	}

# Safety

A probe names the resources that it uses by their part in [Env], and is not run
without them. All others are made up. Only probes of a VPC, subnets and destination
in Env can create a flow log on a correct EC2; Creates says whether a probe is one. Run
deletes each flow log that a response names, whoever was wrong to create it. It cannot
delete one whose response was lost: examples/conformance, the program for an account,
keeps a journal and proves that nothing is left.
*/
package conformance
