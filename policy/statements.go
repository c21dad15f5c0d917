package policy

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

// version is that of the policy language.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
const version = "2012-10-17"

// The services that deliver. They have the same names in every partition.
// https://docs.amazonaws.cn/en_us/vpc/latest/userguide/flow-logs-iam-role.html
// https://docs.amazonaws.cn/en_us/vpc/latest/userguide/flow-logs-s3-permissions.html
const (
	flowLogsService    = "vpc-flow-logs.amazonaws.com"
	logDeliveryService = "delivery.logs.amazonaws.com"
)

func document(statements ...Statement) *Document {
	return &Document{Version: version, Statement: statements}
}

func (d *Document) add(s Statement) { d.Statement = append(d.Statement, s) }

// conditions are a Statement's.
type conditions = map[string]map[string][]string

// allow returns a statement. Its resources are cloned because several statements are on the
// same, and a caller may change one.
func allow(sid string, actions, resources []string, c conditions) Statement {
	return Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: slices.Clone(resources), Condition: c}
}

// by returns s with a principal, for a resource policy.
func (s Statement) by(kind, principal string) Statement {
	s.Principal = map[string][]string{kind: {principal}}
	return s
}

func equals(key, value string) conditions {
	return conditions{"StringEquals": {key: {value}}}
}

// caller returns the policy of who creates the flow logs.
//
// That ec2:CreateFlowLogs needs the monitored resources and the flow logs is known from
// AWS's own policy for VPCs, and inferred for other types. It has ec2:CreateTags while flow
// logs are created and not otherwise.
//
// With s3:GetBucketPolicy and s3:PutBucketPolicy, AWS would add the statements of the
// bucket by itself, and its pages disagree on whether it appends them or overwrites the
// policy.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSObservabilityAdminTelemetryEnablementServiceRolePolicy.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func (p *plan) caller() *Document {
	d := document(allow("CreateFlowLogs", []string{"ec2:CreateFlowLogs"}, slices.Concat(p.resources, p.flowLogs), nil))
	if len(p.in.TagSpecifications) > 0 {
		d.add(allow("TagFlowLogs", []string{"ec2:CreateTags"}, p.flowLogs, equals("ec2:CreateAction", "CreateFlowLogs")))
	}
	p.callerForDestination(d)
	p.callerForFields(d)
	if p.options.Reconcile || p.options.Replace {
		d.add(allow("DescribeFlowLogs", []string{"ec2:DescribeFlowLogs"}, []string{"*"}, nil))
	}
	if p.options.Replace {
		d.add(allow("DeleteFlowLogs", []string{"ec2:DeleteFlowLogs"}, p.flowLogs, nil))
	}
	return d
}

// callerForDestination adds what the destination needs. The condition on the service that
// the role is passed to is inferred.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-Firehose.html
func (p *plan) callerForDestination(d *Document) {
	role := []string{aws.ToString(p.in.DeliverLogsPermissionArn)}
	if p.in.LogDestinationType == types.LogDestinationTypeCloudWatchLogs {
		d.add(allow("PassRoleToFlowLogs", []string{"iam:PassRole"}, role, equals("iam:PassedToService", flowLogsService)))
		return
	}
	if p.crossAccount() {
		d.add(allow("PassRoleToLogDelivery", []string{"iam:PassRole"}, role, equals("iam:PassedToService", logDeliveryService)))
	}
	d.add(allow("ManageLogDeliveries", []string{"logs:CreateLogDelivery", "logs:DeleteLogDelivery"}, []string{"*"}, nil))
	if p.in.LogDestinationType == types.LogDestinationTypeKinesisDataFirehose && !p.crossAccount() {
		d.add(allow("TagDeliveryStream", []string{"firehose:TagDeliveryStream"}, []string{aws.ToString(p.in.LogDestination)}, nil))
		d.add(p.createServiceLinkedRole("CreateServiceLinkedRoleForLogDelivery", logDeliveryService, "AWSServiceRoleForLogDelivery"))
	}
}

// createServiceLinkedRole:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html#service-linked-role-permissions
func (p *plan) createServiceLinkedRole(sid, service, role string) Statement {
	return allow(sid, []string{"iam:CreateServiceLinkedRole"},
		[]string{p.arn("iam", "", p.account.ID, "role/aws-service-role/"+service+"/"+role)},
		equals("iam:AWSServiceName", service))
}

// ecsActions: "To include this field in your subscription, you need permission to
// call" them, and ecs:ListClusters for each.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
var ecsActions = map[flowlogs.Field]string{
	flowlogs.FieldECSClusterARN:           "ecs:ListClusters",
	flowlogs.FieldECSClusterName:          "ecs:ListClusters",
	flowlogs.FieldECSContainerInstanceARN: "ecs:ListContainerInstances",
	flowlogs.FieldECSContainerInstanceID:  "ecs:ListContainerInstances",
	flowlogs.FieldECSContainerID:          "ecs:ListClusters",
	flowlogs.FieldECSSecondContainerID:    "ecs:ListClusters",
	flowlogs.FieldECSServiceName:          "ecs:ListServices",
	flowlogs.FieldECSTaskDefinitionARN:    "ecs:ListTaskDefinitions",
	flowlogs.FieldECSTaskARN:              "ecs:ListTasks",
	flowlogs.FieldECSTaskID:               "ecs:ListTasks",
}

// callerForFields adds what the fields of the format need.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-slr.html
func (p *plan) callerForFields(d *Document) {
	var ecs, tags []string
	for _, field := range p.request.LogFormat {
		if action, ok := ecsActions[field]; ok {
			ecs = append(ecs, action)
		}
	}
	for _, field := range p.request.TagFields {
		if field.ResourceType == flowlogs.TagFieldAutoScalingGroup {
			tags = append(tags, "autoscaling:DescribeTags")
		} else {
			tags = append(tags, "ec2:DescribeTags")
		}
	}
	if len(ecs) > 0 {
		d.add(allow("ListECS", unique("ecs:ListClusters", ecs), []string{"*"}, nil))
	}
	if len(tags) > 0 {
		slices.Sort(tags)
		d.add(allow("DescribeTags", slices.Compact(tags), []string{"*"}, nil))
		d.add(p.createServiceLinkedRole("CreateServiceLinkedRoleForFlowLogs", flowLogsService, "AWSServiceRoleForVPCFlowLogs"))
	}
}

// publishingRole returns the documents of the role that publishes to CloudWatch Logs. A
// flow log has no ID before it exists, so the condition against the confused deputy names
// all flow logs of the account. The permissions are on all log groups, as AWS documents
// them.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
func (p *plan) publishingRole() (trust, permissions *Document) {
	trust = document(allow("AssumeRoleForFlowLogs", []string{"sts:AssumeRole"}, nil, conditions{
		"StringEquals": {"aws:SourceAccount": {p.account.ID}},
		"ArnLike":      {"aws:SourceArn": p.flowLogs},
	}).by("Service", flowLogsService))
	permissions = document(allow("PublishFlowLogs", []string{
		"logs:CreateLogGroup",
		"logs:CreateLogStream",
		"logs:PutLogEvents",
		"logs:DescribeLogGroups",
		"logs:DescribeLogStreams",
	}, []string{"*"}, nil))
	return trust, permissions
}

// sourceRole returns the documents of the role in the caller's account that delivers to a
// stream in another. AWS documents no conditions of its trust.
// https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html#firehose-source-account-role
func (p *plan) sourceRole() (trust, permissions *Document) {
	trust = document(allow("AssumeRoleForLogDelivery", []string{"sts:AssumeRole"}, nil, nil).by("Service", logDeliveryService))
	permissions = document(
		allow("PassRoleToLogDelivery", []string{"iam:PassRole"}, []string{aws.ToString(p.in.DeliverLogsPermissionArn)}, conditions{
			"StringEquals": {"iam:PassedToService": {logDeliveryService}},
			"StringLike":   {"iam:AssociatedResourceARN": p.resources},
		}),
		allow("ManageLogDeliveries", []string{
			"logs:CreateLogDelivery",
			"logs:DeleteLogDelivery",
			"logs:ListLogDeliveries",
			"logs:GetLogDelivery",
		}, []string{"*"}, nil),
		allow("AssumeDestinationRole", []string{"sts:AssumeRole"}, []string{aws.ToString(p.in.DeliverCrossAccountRole)}, nil),
	)
	return trust, permissions
}

// destinationRole returns the documents of the role in the account of the stream. Several
// accounts may deliver to it, so the Sid of the trust names the account.
// https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html#firehose-destination-account-role
func (p *plan) destinationRole() (trust, permissions *Document) {
	trust = document(allow("AssumeRoleFrom"+p.account.ID, []string{"sts:AssumeRole"}, nil, nil).
		by("AWS", aws.ToString(p.in.DeliverLogsPermissionArn)))
	permissions = document(allow("TagStreamsForLogDelivery", []string{
		"iam:CreateServiceLinkedRole",
		"firehose:TagDeliveryStream",
	}, []string{"*"}, nil))
	return trust, permissions
}

// bucket returns the bucket's policy. It has AWS's Sids, so that AWS and Merge find the
// statements. It does not have s3:ListBucket, which AWS asks for only to keep failed calls
// out of CloudTrail. AWS documents the condition on s3:x-amz-acl in every case; users
// report that it denies every delivery where the bucket's ACLs are off.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html
// https://github.com/cloudposse/terraform-aws-vpc-flow-logs-s3-bucket/pull/101
func (p *plan) bucket() *Document {
	parsed, _ := arn.Parse(aws.ToString(p.in.LogDestination)) // it is valid, or allowed
	name, _, _ := strings.Cut(parsed.Resource, "/")
	folder := strings.TrimSuffix(parsed.Resource, "/") + "/AWSLogs/" // and one in it for each account
	if o := p.in.DestinationOptions; o != nil && aws.ToBool(o.HiveCompatiblePartitions) {
		folder += "aws-account-id="
	}
	var objects []string
	for _, account := range p.accounts {
		objects = append(objects, p.arn("s3", "", "", folder+account+"/*"))
	}
	write := p.ofSources()
	if !p.options.WithoutACL {
		write["StringEquals"]["s3:x-amz-acl"] = []string{"bucket-owner-full-control"}
	}
	return document(
		allow("AWSLogDeliveryWrite", []string{"s3:PutObject"}, objects, write).by("Service", logDeliveryService),
		allow("AWSLogDeliveryAclCheck", []string{"s3:GetBucketAcl"}, []string{p.arn("s3", "", "", name)}, p.ofSources()).by("Service", logDeliveryService),
	)
}

// ofSources restricts a statement to the deliveries of the accounts, as AWS does against
// the confused deputy. aws:PrincipalOrgPaths does not match a service.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceorgid
func (p *plan) ofSources() conditions {
	var arns []string
	for _, region := range p.regions {
		for _, account := range p.accounts {
			arns = append(arns, p.arn("logs", region, account, "*"))
		}
	}
	source := map[string][]string{"aws:SourceAccount": slices.Clone(p.accounts)}
	if id := p.options.OrganizationID; id != "" {
		source = map[string][]string{"aws:SourceOrgID": {id}}
	}
	return conditions{"StringEquals": source, "ArnLike": {"aws:SourceArn": arns}}
}

// key returns the statement for the key's policy, with the Sid of AWS's documentation. In
// a key's policy the resource "*" is the key itself.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-cmk-policy.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html#AWS-logs-SSE-KMS-S3
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
func (p *plan) key() *Document {
	return document(allow("Allow Logs Delivery to use the key", []string{
		"kms:Encrypt",
		"kms:Decrypt",
		"kms:ReEncrypt*",
		"kms:GenerateDataKey*",
		"kms:DescribeKey",
	}, []string{"*"}, p.ofSources()).by("Service", logDeliveryService))
}
