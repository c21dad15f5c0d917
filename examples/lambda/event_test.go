package main

// created is CloudTrail's event of a VPC that was created, as EventBridge delivers it.
func created(vpcID, eventID string) string {
	return event(eventID, `
    "eventSource": "ec2.amazonaws.com",
    "eventName": "CreateVpc",
    "awsRegion": "us-east-1",
    "requestParameters": {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "default"},
    "responseElements": {
      "requestId": "59dbff89-35bd-4eac-99ed-be587EXAMPLE",
      "vpc": {"vpcId": "`+vpcID+`", "state": "pending", "cidrBlock": "10.0.0.0/16", "tagSet": {}, "isDefault": false}
    }
  `)
}

func event(id, detail string) string {
	return `{
  "version": "0",
  "id": "` + id + `",
  "detail-type": "AWS API Call via CloudTrail",
  "source": "aws.ec2",
  "account": "123456789012",
  "time": "2026-07-01T12:00:00Z",
  "region": "us-east-1",
  "resources": [],
  "detail": {` + detail + `}
}`
}
