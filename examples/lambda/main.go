// Command lambda is an AWS Lambda function that creates a flow log on every new VPC:
// EventBridge invokes it with CloudTrail's event of CreateVpc. An event may be delivered
// twice, and to two workers at once; each VPC gets one flow log.
//
// It is configured by the environment variables in config.go. template.yaml deploys it,
// with the policy that it needs:
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go -C examples build -tags lambda.norpc -o lambda/build/bootstrap ./lambda
//	sam deploy --guided --capabilities CAPABILITY_IAM --template-file examples/lambda/template.yaml
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs"
)

// A function that is not configured ends before the first event: Lambda keeps the events,
// and the log says what to fix.
func main() {
	log := lambdacontext.NewLogger()
	request, problems := configure(os.Getenv)
	for _, p := range problems {
		log.Error("invalid configuration", "variable", p.Field, "value", p.Value, "problem", p.Message)
	}
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("no AWS configuration", "error", err)
	}
	if len(problems) > 0 || err != nil {
		os.Exit(1)
	}
	lambda.Start(&handler{
		flowLogs: flowlogs.New(ec2.NewFromConfig(cfg)),
		request:  request,
		log:      log,
	})
}
