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

func allow(sid string, actions, resources []string, conditions ...condition) Statement {
	// Cloned because several statements are made of the same lists, and a caller may
	// change one.
	s := Statement{Sid: sid, Effect: "Allow", Action: slices.Clone(actions), Resource: slices.Clone(resources)}
	for _, c := range conditions {
		if s.Condition == nil {
			s.Condition = make(map[string]map[string][]string)
		}
		if s.Condition[c.operator] == nil {
			s.Condition[c.operator] = make(map[string][]string)
		}
		s.Condition[c.operator][c.key] = slices.Clone(c.values)
	}
	return s
}

// by returns s with a principal, for a resource policy.
func (s Statement) by(kind, principal string) Statement {
	s.Principal = map[string][]string{kind: {principal}}
	return s
}

type condition struct {
	operator, key string
	values        []string
}

func equals(key string, values ...string) condition {
	return condition{"StringEquals", key, values}
}

// caller returns the policy of who creates the flow logs.
//
// That ec2:CreateFlowLogs needs the monitored resources and the flow logs is known from
// AWS's own policy for VPCs, and inferred for other types. It has ec2:CreateTags while flow
// logs are created and not otherwise.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSObservabilityAdminTelemetryEnablementServiceRolePolicy.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func (p *plan) caller() *Document {
	d := document(allow("CreateFlowLogs", []string{"ec2:CreateFlowLogs"}, slices.Concat(p.resources, p.flowLogs)))
	if len(p.in.TagSpecifications) > 0 {
		d.add(allow("TagFlowLogs", []string{"ec2:CreateTags"}, p.flowLogs, equals("ec2:CreateAction", "CreateFlowLogs")))
	}
	p.callerForDestination(d)
	p.callerForFields(d)
	if p.options.Reconcile || p.options.Replace {
		d.add(allow("DescribeFlowLogs", []string{"ec2:DescribeFlowLogs"}, []string{"*"}))
	}
	if p.options.Replace {
		d.add(allow("DeleteFlowLogs", []string{"ec2:DeleteFlowLogs"}, p.flowLogs))
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
	d.add(allow("ManageLogDeliveries", []string{"logs:CreateLogDelivery", "logs:DeleteLogDelivery"}, []string{"*"}))
	if p.in.LogDestinationType == types.LogDestinationTypeKinesisDataFirehose && !p.crossAccount() {
		d.add(allow("TagDeliveryStream", []string{"firehose:TagDeliveryStream"}, []string{aws.ToString(p.in.LogDestination)}))
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
	for token := range strings.FieldsSeq(aws.ToString(p.in.LogFormat)) {
		field := flowlogs.Field(strings.TrimSuffix(strings.TrimPrefix(token, "${"), "}"))
		if action, ok := ecsActions[field]; ok {
			ecs = append(ecs, "ecs:ListClusters", action)
		}
	}
	for _, s := range p.in.TagFieldSpecifications {
		if s.ResourceType == types.TaggableResourceTypeAutoScalingGroup {
			tags = append(tags, "autoscaling:DescribeTags")
		} else {
			tags = append(tags, "ec2:DescribeTags")
		}
	}
	if len(ecs) > 0 {
		d.add(allow("ListECS", sorted(ecs), []string{"*"}))
	}
	if len(tags) > 0 {
		d.add(allow("DescribeTags", sorted(tags), []string{"*"}))
		d.add(p.createServiceLinkedRole("CreateServiceLinkedRoleForFlowLogs", flowLogsService, "AWSServiceRoleForVPCFlowLogs"))
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// publishingRole returns the documents of the role that publishes to CloudWatch Logs. A
// flow log has no ID before it exists, so the condition against the confused deputy names
// all flow logs of the account. The permissions are on all log groups, as AWS documents
// them.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
func (p *plan) publishingRole() (trust, permissions *Document) {
	trust = document(allow("AssumeRoleForFlowLogs", []string{"sts:AssumeRole"}, nil,
		equals("aws:SourceAccount", p.account.ID),
		condition{"ArnLike", "aws:SourceArn", p.flowLogs},
	).by("Service", flowLogsService))
	permissions = document(allow("PublishFlowLogs", []string{
		"logs:CreateLogGroup",
		"logs:CreateLogStream",
		"logs:PutLogEvents",
		"logs:DescribeLogGroups",
		"logs:DescribeLogStreams",
	}, []string{"*"}))
	return trust, permissions
}

// sourceRole returns the documents of the role in the caller's account that delivers to a
// stream in another. AWS documents no conditions of its trust.
// https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html#firehose-source-account-role
func (p *plan) sourceRole() (trust, permissions *Document) {
	trust = document(allow("AssumeRoleForLogDelivery", []string{"sts:AssumeRole"}, nil).by("Service", logDeliveryService))
	permissions = document(
		allow("PassRoleToLogDelivery", []string{"iam:PassRole"}, []string{aws.ToString(p.in.DeliverLogsPermissionArn)},
			equals("iam:PassedToService", logDeliveryService),
			condition{"StringLike", "iam:AssociatedResourceARN", p.resources}),
		allow("ManageLogDeliveries", []string{
			"logs:CreateLogDelivery",
			"logs:DeleteLogDelivery",
			"logs:ListLogDeliveries",
			"logs:GetLogDelivery",
		}, []string{"*"}),
		allow("AssumeDestinationRole", []string{"sts:AssumeRole"}, []string{aws.ToString(p.in.DeliverCrossAccountRole)}),
	)
	return trust, permissions
}

// destinationRole returns the documents of the role in the account of the stream. Several
// accounts may deliver to it, so the Sid of the trust names the account.
// https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html#firehose-destination-account-role
func (p *plan) destinationRole() (trust, permissions *Document) {
	trust = document(allow("AssumeRoleFrom"+p.account.ID, []string{"sts:AssumeRole"}, nil).
		by("AWS", aws.ToString(p.in.DeliverLogsPermissionArn)))
	permissions = document(allow("TagStreamsForLogDelivery", []string{
		"iam:CreateServiceLinkedRole",
		"firehose:TagDeliveryStream",
	}, []string{"*"}))
	return trust, permissions
}

// bucket returns the bucket's policy. It has AWS's Sids, so that AWS and Merge find the
// statements. It does not have s3:ListBucket, which AWS asks for only to keep failed calls
// out of CloudTrail.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html
func (p *plan) bucket() *Document {
	parsed, _ := arn.Parse(aws.ToString(p.in.LogDestination)) // it is valid, or allowed
	name, _, _ := strings.Cut(parsed.Resource, "/")
	bucket := p.arn("s3", "", "", name)

	write := p.ofSources()
	if !p.options.WithoutACL {
		write = append(write, equals("s3:x-amz-acl", "bucket-owner-full-control"))
	}
	return document(
		allow("AWSLogDeliveryWrite", []string{"s3:PutObject"}, p.objects(parsed.Resource), write...).by("Service", logDeliveryService),
		allow("AWSLogDeliveryAclCheck", []string{"s3:GetBucketAcl"}, []string{bucket}, p.ofSources()...).by("Service", logDeliveryService),
	)
}

// objects returns what the flow logs of each account are delivered as: a Hive
// partition has a folder of another name.
func (p *plan) objects(folder string) []string {
	accounts := p.accounts
	if p.options.OrganizationID != "" {
		accounts = []string{"*"}
	}
	prefix := strings.TrimSuffix(folder, "/") + "/AWSLogs/"
	if o := p.in.DestinationOptions; o != nil && aws.ToBool(o.HiveCompatiblePartitions) {
		prefix += "aws-account-id="
	}
	var objects []string
	for _, account := range accounts {
		objects = append(objects, p.arn("s3", "", "", prefix+account+"/*"))
	}
	return objects
}

// ofSources restricts a statement to the deliveries of the accounts, as AWS does
// against the confused deputy.
func (p *plan) ofSources() []condition {
	accounts, source := p.accounts, equals("aws:SourceAccount", p.accounts...)
	if id := p.options.OrganizationID; id != "" {
		accounts, source = []string{"*"}, equals("aws:SourceOrgID", id)
	}
	var arns []string
	for _, region := range p.regions {
		for _, account := range accounts {
			arns = append(arns, p.arn("logs", region, account, "*"))
		}
	}
	return []condition{source, {"ArnLike", "aws:SourceArn", arns}}
}

// key returns the statement for the key's policy, with the Sid of AWS's documentation. In
// a key's policy the resource "*" is the key itself.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html#AWS-logs-SSE-KMS-S3
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
func (p *plan) key() *Document {
	return document(allow("Allow Logs Delivery to use the key", []string{
		"kms:Encrypt",
		"kms:Decrypt",
		"kms:ReEncrypt*",
		"kms:GenerateDataKey*",
		"kms:DescribeKey",
	}, []string{"*"}, p.ofSources()...).by("Service", logDeliveryService))
}

func (d *Document) add(s Statement) { d.Statement = append(d.Statement, s) }
