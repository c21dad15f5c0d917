package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/go-flowlogs/flowlogs/flowlogstest/conformance"
)

// tagKey is the key of the tag that all resources of a run have; its value is the run.
const tagKey = "flowlogs-conformance"

// account makes, finds and deletes the resources of runs.
type account struct {
	options   options
	journal   *journal
	run       string
	partition string
	local     bool // the server is on this machine
	ec2       *ec2.Client
	s3        *s3.Client
}

// connect returns the account if it is that of the credentials.
func connect(ctx context.Context, o options, j *journal) (*account, error) {
	a := &account{options: o, journal: j, run: "run-" + strings.ToLower(rand.Text())[:12], partition: "aws", local: isLocal(o.endpoint)}
	settings := []func(*config.LoadOptions) error{
		config.WithRegion(o.region),
		config.WithBaseEndpoint(o.endpoint),
		config.WithHTTPClient(awshttp.NewBuildableClient()), // or it would be nil, unless AWS_CA_BUNDLE or the like is set
	}
	if a.local {
		settings = append(settings, config.WithCredentialsProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "SECRET"}, nil
		})))
	}
	cfg, err := config.LoadDefaultConfig(ctx, settings...)
	if err != nil {
		return nil, err
	}
	cfg.HTTPClient = &bookkeeper{client: cfg.HTTPClient, journal: j, run: a.run, local: a.local}
	a.ec2 = ec2.NewFromConfig(cfg)
	a.s3 = s3.NewFromConfig(cfg, func(s *s3.Options) { s.UsePathStyle = a.local })
	identity, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	switch {
	case a.local && isResponse(err): // it has no STS
	case err != nil:
		return nil, err
	case aws.ToString(identity.Account) != o.account:
		return nil, fmt.Errorf("-account %s: the credentials are those of account %s", o.account, aws.ToString(identity.Account))
	default:
		if caller, err := arn.Parse(aws.ToString(identity.Arn)); err == nil {
			a.partition = caller.Partition
		}
	}
	return a, nil
}

func isLocal(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && endpoint != "" && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

// isResponse reports whether a server rejected the call.
func isResponse(err error) bool {
	var response *smithyhttp.ResponseError
	return errors.As(err, &response)
}

// make creates what the probes need.
func (a *account) make(ctx context.Context, stdout io.Writer) (conformance.Env, error) {
	env := conformance.Env{AccountID: a.options.account, Partition: a.partition, Region: a.options.region, Run: a.run}
	if a.local {
		env.Poll = time.Millisecond
	}
	var err error
	create := func(kind, name string, call func() (*string, error)) string {
		if err != nil {
			return ""
		}
		id, failed := call()
		switch {
		case failed == nil:
			return aws.ToString(id)
		case a.local && isResponse(failed):
			fmt.Fprintf(stdout, "The server cannot create a %s: %s is made up.\n", kind, name)
			return name
		}
		err = fmt.Errorf("create %s: %w", kind, failed)
		return ""
	}
	hex := fmt.Sprintf("%017x", time.Now().UnixNano())
	env.VPC = create("vpc", "vpc-"+hex, func() (*string, error) {
		out, err := a.ec2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/24"), TagSpecifications: a.tags(types.ResourceTypeVpc)})
		if err != nil {
			return nil, err
		}
		return out.Vpc.VpcId, nil
	})
	for i := range 3 {
		env.Subnets = append(env.Subnets, create("subnet", fmt.Sprintf("subnet-%d%s", i+1, hex[1:]), func() (*string, error) {
			out, err := a.ec2.CreateSubnet(ctx, &ec2.CreateSubnetInput{
				VpcId: &env.VPC, CidrBlock: aws.String(fmt.Sprintf("10.0.0.%d/28", 16*i)), TagSpecifications: a.tags(types.ResourceTypeSubnet),
			})
			if err != nil {
				return nil, err
			}
			return out.Subnet.SubnetId, nil
		}))
	}
	env.Bucket = create("bucket", bucketOf(a.run), func() (*string, error) {
		in := &s3.CreateBucketInput{Bucket: aws.String(bucketOf(a.run))}
		if a.options.region != "us-east-1" {
			in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(a.options.region)}
		}
		_, err := a.s3.CreateBucket(ctx, in)
		return in.Bucket, err
	})
	return env, err
}

func bucketOf(run string) string { return tagKey + "-" + run }

func (a *account) tags(kind types.ResourceType) []types.TagSpecification {
	return []types.TagSpecification{{ResourceType: kind, Tags: []types.Tag{{Key: aws.String(tagKey), Value: &a.run}}}}
}

// clean deletes what the runs of the journal made, the last first, and returns errLeft
// unless it has seen that nothing is left.
func (a *account) clean(ctx context.Context, stdout io.Writer) error {
	var problems []error
	runs := a.journal.unclean()
	for _, run := range slices.Sorted(maps.Keys(runs)) {
		before := len(problems)
		for _, kind := range kinds {
			if runs[run][kind] == nil {
				continue
			}
			if err := a.cleanKind(ctx, run, kind); err != nil {
				problems = append(problems, fmt.Errorf("%s of %s: %w", kind, run, err))
			}
		}
		if len(problems) == before {
			if err := a.journal.write(run, clean, ""); err != nil {
				problems = append(problems, err)
			}
		}
	}
	o := a.options
	if len(problems) > 0 {
		endpoint := ""
		if o.endpoint != "" {
			endpoint = " -endpoint-url " + o.endpoint
		}
		return errors.Join(append(problems, fmt.Errorf("%w in account %s, Region %s: run it again with\n\t-sweep -account %[2]s -region %[3]s -journal %s%s\n"+
			"or delete it by hand, in the order above: VPC and subnets have the tag %s", errLeft, o.account, o.region, o.journal, endpoint, tagKey))...)
	}
	fmt.Fprintf(stdout, "Nothing is left in account %s, Region %s.\n", o.account, o.region)
	return nil
}

// settled is how long EC2 may take to show what it has created.
// https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
const settled = 5 * time.Minute

// cleanKind deletes until nothing is shown and nothing can still appear. It looks ten
// times.
func (a *account) cleanKind(ctx context.Context, run, kind string) error {
	wait := 2 * time.Second
	if a.local {
		wait = time.Millisecond
	}
	var problem error
	for range 10 {
		m := a.journal.unclean()[run][kind]
		shown, err := a.find(ctx, kind, run, m.on)
		switch {
		case a.local && len(m.exists) == 0 && isResponse(err):
			return nil // the server has rejected the creation as well
		case err != nil:
			problem = err
		case len(shown) == 0 && (m.accounted() || time.Since(m.last) > settled):
			return nil
		default:
			problem = a.delete(ctx, run, kind, m, shown)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return errors.Join(problem, ctx.Err())
		}
	}
	return problem
}

// delete deletes what is shown, and what is not but has an ID in the journal. It returns
// an error in any case: the next look shows whether all is gone.
func (a *account) delete(ctx context.Context, run, kind string, m *made, shown []string) error {
	states := map[string]string{}
	for id, exists := range m.exists {
		if exists {
			states[id] = "is not shown"
		}
	}
	var unknown []string
	for _, id := range shown {
		states[id] = "is still there"
		if _, known := m.exists[id]; !known {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > 0 { // as good as the missing response
		if err := a.journal.write(run, created, kind, unknown...); err != nil {
			return err
		}
	}
	var problems []error
	for _, id := range slices.Sorted(maps.Keys(states)) {
		err := fmt.Errorf("%s %s", id, states[id])
		if failed := a.remove(ctx, kind, id); failed != nil {
			err = fmt.Errorf("%w: %w", err, failed)
		}
		problems = append(problems, err)
	}
	if len(shown) == 0 {
		problems = append(problems, fmt.Errorf("the result of a call at %s may appear until %s: run it again then",
			m.last.Format(time.TimeOnly), m.last.Add(settled).Format(time.TimeOnly+" MST")))
	}
	return errors.Join(problems...)
}

// find returns what exists of a kind: by the tag of the run, and flow logs by resource.
func (a *account) find(ctx context.Context, kind, run string, ids []string) (found []string, err error) {
	tagged := []types.Filter{{Name: aws.String("tag:" + tagKey), Values: []string{run}}}
	switch kind {
	case "flow-log":
		slices.Sort(ids)
		for some := range slices.Chunk(slices.Compact(ids), 200) { // the most values of a filter
			pages := ec2.NewDescribeFlowLogsPaginator(a.ec2, &ec2.DescribeFlowLogsInput{Filter: []types.Filter{{Name: aws.String("resource-id"), Values: some}}})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return nil, err
				}
				for _, f := range page.FlowLogs {
					found = append(found, aws.ToString(f.FlowLogId))
				}
			}
		}
	case "subnet":
		out, err := a.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: tagged})
		if err != nil {
			return nil, err
		}
		for _, s := range out.Subnets {
			found = append(found, aws.ToString(s.SubnetId))
		}
	case "vpc":
		out, err := a.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: tagged})
		if err != nil {
			return nil, err
		}
		for _, v := range out.Vpcs {
			found = append(found, aws.ToString(v.VpcId))
		}
	case "bucket":
		_, err := a.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(bucketOf(run)), ExpectedBucketOwner: &a.options.account})
		var missing *s3types.NotFound
		switch {
		case errors.As(err, &missing):
		case err != nil:
			return nil, err
		default:
			found = append(found, bucketOf(run))
		}
	}
	return found, nil
}

func (a *account) remove(ctx context.Context, kind, id string) (err error) {
	switch kind {
	case "flow-log":
		out, failed := a.ec2.DeleteFlowLogs(ctx, &ec2.DeleteFlowLogsInput{FlowLogIds: []string{id}})
		if failed == nil && len(out.Unsuccessful) > 0 {
			failed = errors.New(aws.ToString(out.Unsuccessful[0].Error.Message))
		}
		return failed
	case "subnet":
		_, err = a.ec2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &id})
	case "vpc":
		_, err = a.ec2.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &id})
	case "bucket": // empty: no traffic, no records
		_, err = a.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &id, ExpectedBucketOwner: &a.options.account})
	}
	return err
}
