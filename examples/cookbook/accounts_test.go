package cookbook_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// place is a Region of an account. EC2 throttles each by itself.
type place struct{ account, region string }

var limiters sync.Map // of flowlogs.Limiter, by place

// limiterOf returns the Limiter of a place, which all Clients for that place share.
func limiterOf(p place) flowlogs.Limiter {
	limiter, _ := limiters.LoadOrStore(p, flowlogs.NewLimiter())
	return limiter.(flowlogs.Limiter)
}

// assumeRole returns a function that calls EC2 of a place, with a role of its account.
func assumeRole(cfg aws.Config, roleName string) func(place) flowlogs.API {
	return func(p place) flowlogs.API {
		role := fmt.Sprintf("arn:aws:iam::%s:role/%s", p.account, roleName)
		provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role)
		return ec2.NewFromConfig(cfg, func(o *ec2.Options) {
			o.Region, o.Credentials = p.region, aws.NewCredentialsCache(provider)
		})
	}
}

// job is the VPCs of one place.
type job struct {
	place place
	vpcs  []string
}

// createEverywhere does the jobs at the same time. The error of one does not stop the
// others.
func createEverywhere(ctx context.Context, connect func(place) flowlogs.API, to flowlogs.Destination, jobs ...job) error {
	errs := make([]error, len(jobs))
	var wg sync.WaitGroup
	for i, j := range jobs {
		wg.Go(func() {
			client := flowlogs.New(connect(j.place), func(o *flowlogs.Options) { o.Limiter = limiterOf(j.place) })
			_, err := client.Create(ctx, flowlogs.Request{
				ResourceIDs: j.vpcs,
				TrafficType: flowlogs.TrafficTypeAll,
				Destination: to,
			})
			if err != nil {
				errs[i] = fmt.Errorf("%s in %s: %w", j.place.account, j.place.region, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func Example_accounts() {
	virginia, frankfurt := place{"123456789012", "us-east-1"}, place{"210987654321", "eu-central-1"}
	clouds := map[place]*flowlogstest.EC2{virginia: flowlogstest.New(), frankfurt: flowlogstest.New()}
	clouds[frankfurt].Inject(flowlogstest.Reject("OptInRequired", "You are not subscribed to this service.", 401))

	connect := func(p place) flowlogs.API { return clouds[p] } // in a program: assumeRole(cfg, "flow-log-creator")
	err := createEverywhere(context.Background(), connect, flowlogs.S3{BucketARN: "arn:aws:s3:::central-flow-logs"},
		job{virginia, []string{"vpc-0a1b2c3d", "vpc-1a2b3c4d"}},
		job{frankfurt, []string{"vpc-2a3b4c5d"}},
	)
	fmt.Println(errors.Is(err, flowlogs.ErrOptInRequired), len(clouds[virginia].FlowLogs()), len(clouds[frankfurt].FlowLogs()))
	// Output: true 2 0
}

var _ = assumeRole // compiled, but not run: it needs AWS
