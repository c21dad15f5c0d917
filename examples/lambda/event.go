package main

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// apiCall is CloudTrail's record of a call, in the detail of the event, as far as it is
// needed.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
type apiCall struct {
	EventSource      string `json:"eventSource"`
	EventName        string `json:"eventName"`
	ErrorCode        string `json:"errorCode"` // empty: the call succeeded
	ResponseElements struct {
		VPC struct {
			VPCID string `json:"vpcId"`
		} `json:"vpc"`
	} `json:"responseElements"`
}

// newVPC returns the ID of the VPC that was created, or "" if the call of the event
// failed.
func newVPC(payload []byte) (string, error) {
	var event events.EventBridgeEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return "", fmt.Errorf("not an event of EventBridge: %w", err)
	}
	var call apiCall
	if err := json.Unmarshal(event.Detail, &call); err != nil {
		return "", fmt.Errorf("event %s from %q: the detail is not a record of CloudTrail: %w", event.ID, event.Source, err)
	}
	if call.EventSource != "ec2.amazonaws.com" || call.EventName != "CreateVpc" {
		return "", fmt.Errorf("event %s: want CreateVpc of ec2.amazonaws.com, not %q of %q", event.ID, call.EventName, call.EventSource)
	}
	if call.ErrorCode != "" {
		return "", nil
	}
	if call.ResponseElements.VPC.VPCID == "" {
		return "", fmt.Errorf("event %s: no ID of a VPC", event.ID)
	}
	return call.ResponseElements.VPC.VPCID, nil
}
