package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// The examples use an EC2 in memory. A program passes ec2.NewFromConfig(cfg).

func Example() {
	ctx := context.Background()
	req := flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d4e5f60718", "vpc-0b2c3d4e5f607182a"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::flow-log-archive"},
	}
	r := reconcile.New(flowlogstest.New())

	plan, err := r.Plan(ctx, req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(plan)

	for range 2 {
		result, err := r.Apply(ctx, req)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("\nchanged:", result.Changed)
		for _, o := range result.Outcomes {
			fmt.Println(o.ResourceID, o.FlowLogID, o.Action)
		}
	}
	// Output:
	// 2 to create, 0 to replace, 0 conflicts, 0 to keep
	//
	// create (2)
	//   vpc-0a1b2c3d4e5f60718
	//   vpc-0b2c3d4e5f607182a
	//
	// changed: true
	// vpc-0a1b2c3d4e5f60718 fl-00000000000000001 create
	// vpc-0b2c3d4e5f607182a fl-00000000000000002 create
	//
	// changed: false
	// vpc-0a1b2c3d4e5f60718 fl-00000000000000001 keep
	// vpc-0b2c3d4e5f607182a fl-00000000000000002 keep
}

func ExampleReconciler_Plan() {
	e := flowlogstest.New()
	e.Put(flowLogOn("vpc-0a1b2c3d4e5f60718", everyMinute))
	plan, err := reconcile.New(e).Plan(context.Background(), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d4e5f60718"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::flow-log-archive"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(plan)
	// Output:
	// 0 to create, 0 to replace, 1 conflict, 0 to keep
	//
	// conflict (1)
	//   vpc-0a1b2c3d4e5f60718  fl-00000000000000001
	//     MaxAggregationInterval
	//       want 10m0s (600 seconds)
	//       have 1m0s (60 seconds)
	//     Options.Replace does not allow the deletion
}

// A conflict is the error of its resource. The rest is done all the same.
func ExampleReconciler_Apply() {
	e := flowlogstest.New()
	e.Put(flowLogOn("vpc-0b2c3d4e5f607182a", everyMinute))
	result, err := reconcile.New(e).Apply(context.Background(), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d4e5f60718", "vpc-0b2c3d4e5f607182a"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::flow-log-archive"},
	})
	var conflict *reconcile.ConflictError
	if errors.As(err, &conflict) {
		for _, c := range conflict.Conflicts {
			fmt.Println(conflict.ResourceID, "has", *c.FlowLog.FlowLogId, "with another", c.Differences[0].Field)
		}
	}
	fmt.Println(result.Outcomes[0].ResourceID, result.Outcomes[0].Action, result.Outcomes[0].FlowLogID)
	// Output:
	// vpc-0b2c3d4e5f607182a has fl-00000000000000001 with another MaxAggregationInterval
	// vpc-0a1b2c3d4e5f60718 create fl-00000000000000002
}

// Replace decides which flow logs may be deleted once their successor exists.
func ExampleOptions_replace() {
	e := flowlogstest.New()
	e.Put(flowLogOn("vpc-0a1b2c3d4e5f60718", everyMinute, func(f *types.FlowLog) {
		f.Tags = []types.Tag{{Key: aws.String("managed-by"), Value: aws.String("flow-log-job")}}
	}))
	r := reconcile.New(e, func(o *reconcile.Options) {
		o.Replace = func(f types.FlowLog) bool { // only our own
			for _, tag := range f.Tags {
				if aws.ToString(tag.Key) == "managed-by" && aws.ToString(tag.Value) == "flow-log-job" {
					return true
				}
			}
			return false
		}
		o.Probation = 0 // in production, longer than the aggregation interval: 20*time.Minute
	})
	result, err := r.Apply(context.Background(), flowlogs.Request{
		ResourceIDs: []string{"vpc-0a1b2c3d4e5f60718"},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::flow-log-archive"},
		Tags:        map[string]string{"managed-by": "flow-log-job"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range result.Outcomes {
		fmt.Println(o.ResourceID, o.Action, o.Deleted, "by", o.FlowLogID)
	}
	// Output:
	// vpc-0a1b2c3d4e5f60718 replace [fl-00000000000000001] by fl-00000000000000002
}

func ExampleReconciler_Delivery() {
	e := flowlogstest.New()
	id := e.Put(flowLogOn("vpc-0a1b2c3d4e5f60718", failing))
	deliveries, err := reconcile.New(e).Delivery(context.Background(), id)
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range deliveries {
		fmt.Println(d.FlowLogID, d.State, d.Message, time.Since(d.At) < time.Minute)
	}
	// Output:
	// fl-00000000000000001 failing Access error true
}
