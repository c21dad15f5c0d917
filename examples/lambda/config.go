package main

import (
	"cmp"
	"errors"

	"github.com/go-flowlogs/flowlogs"
)

// The environment variables of the function.
const (
	logGroupVariable    = "FLOW_LOGS_GROUP"        // name of the log group; required
	roleVariable        = "FLOW_LOGS_ROLE_ARN"     // role that publishes to it; required
	trafficTypeVariable = "FLOW_LOGS_TRAFFIC_TYPE" // ACCEPT, REJECT or ALL, which is the default
)

// variables maps the fields of the request to the variables that set them.
var variables = map[string]struct{ name, required string }{
	"Destination.LogGroupName": {logGroupVariable, "required: the name of a log group"},
	"Destination.RoleARN":      {roleVariable, "required: the ARN of the IAM role that publishes to the log group"},
	"TrafficType":              {name: trafficTypeVariable},
}

// configure returns the request without its VPC, or every problem with it under the name
// of its variable.
func configure(getenv func(string) string) (flowlogs.Request, []flowlogs.FieldError) {
	req := flowlogs.Request{
		TrafficType: flowlogs.TrafficType(cmp.Or(getenv(trafficTypeVariable), string(flowlogs.TrafficTypeAll))),
		Destination: flowlogs.CloudWatchLogs{
			LogGroupName: getenv(logGroupVariable),
			RoleARN:      getenv(roleVariable),
		},
	}
	complete := req
	complete.ResourceIDs = []string{"vpc-00000000"}
	var invalid *flowlogs.ValidationError
	if !errors.As(complete.Validate(), &invalid) {
		return req, nil
	}
	problems := invalid.Fields
	for i, p := range problems {
		variable := variables[p.Field]
		problems[i].Field = variable.name
		if p.Value == "" {
			problems[i].Message = variable.required
		}
	}
	return req, problems
}
