package main

const help = `usage: policies -account ID -region REGION (-cli-input-json FILE | request flags) [flags]

Prints the permissions that a request for flow logs needs, as documents of IAM.

The account that sends the request:
  -account ID               its 12 digits
  -region REGION            the Region of the call (default $AWS_REGION, $AWS_DEFAULT_REGION)
  -partition PARTITION      aws, aws-cn, aws-us-gov, … (default that of the ARNs)

The request, as a document:
  -cli-input-json FILE      what aws ec2 create-flow-logs takes: a file, file://FILE, JSON, or - for standard input

The request, as flags:
  -type TYPE                VPC, Subnet, NetworkInterface, TransitGateway, TransitGatewayAttachment, RegionalNatGateway
                            or a type of Cloud WAN
  -ids ID,ID                the resources (default all of the type)
  -bucket ARN               publish to S3: arn:aws:s3:::BUCKET or arn:aws:s3:::BUCKET/FOLDER/
  -hive                     … in Hive-compatible partitions
  -log-group NAME           publish to CloudWatch Logs, with -role; the log group's name or ARN
  -stream ARN               publish to Firehose; with -role and -cross-account-role where it is in another account
  -role ARN                 the role that publishes, in the caller's account
  -cross-account-role ARN   the role in the account of the stream
  -log-format FORMAT        the fields of a record: '${version} ${ecs-task-id} …'
  -tags                     the flow logs get tags

What is not known from a request:
  -key ARN                  the KMS key of the bucket's default encryption
  -without-acl              the bucket's ACLs are off: no condition on s3:x-amz-acl
  -source-accounts ID,ID    the other accounts that deliver to the bucket
  -organization ID          or all accounts of this organization
  -reconcile                also what is needed to list the flow logs that exist
  -replace                  also what is needed to delete those that differ

What is printed:
  -only NAME                this document alone: caller, role-trust, role-permissions, destination-role-trust,
                            destination-role-permissions, bucket or key (default all that are needed)
  -merge FILE               the policy in this file, or - for standard input, with the document in it; needs -only

Examples:
  policies -account 123456789012 -region us-east-1 -type VPC -log-group my-flow-logs \
      -role arn:aws:iam::123456789012:role/publishFlowLogs
  aws s3api get-bucket-policy --bucket my-flow-logs --query Policy --output text |
      policies -account 123456789012 -region us-east-1 -cli-input-json file://request.json -only bucket -merge -
  aws s3api put-bucket-policy --bucket my-flow-logs --policy "$(policies … -only bucket)"    # where it has none
`
