package policy_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/policy"
)

// call is a request as IAM sees it.
type call struct {
	document  string // of Policies, that must allow it
	principal string // "Service delivery.logs.amazonaws.com"; empty: who has the policy
	action    string
	resource  string
	context   map[string]string
}

// allows evaluates a policy as IAM does: denied unless a statement allows it, and
// denied whatever else allows it if a statement denies it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func allows(t *testing.T, d *policy.Document, c call) bool {
	t.Helper()
	allowed := false
	for _, s := range d.Statement {
		if !applies(t, s, c) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}

func applies(t *testing.T, s policy.Statement, c call) bool {
	t.Helper()
	if c.principal != "" {
		kind, name, _ := strings.Cut(c.principal, " ")
		if _, anyone := s.Principal["*"]; !anyone && !slices.Contains(s.Principal[kind], name) {
			return false
		}
	}
	anyOf := func(patterns []string, s string, matches func(pattern, s string) bool) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, s) })
	}
	if !anyOf(s.Action, c.action, func(p, s string) bool { return wildcard(strings.ToLower(p), strings.ToLower(s)) }) {
		return false
	}
	if c.resource != "" && !anyOf(s.Resource, c.resource, wildcard) {
		return false
	}
	for operator, keys := range s.Condition { // all of them must be met
		for key, list := range keys {
			value, ok := c.context[key]
			if !ok { // "If the key … is not present in the request context, the values do not match"
				return false
			}
			matches := map[string]func(pattern, s string) bool{
				"StringEquals": func(p, s string) bool { return p == s },
				"StringLike":   wildcard,
				"ArnLike":      arnLike,
			}[operator]
			require.NotNil(t, matches, operator)
			if !anyOf(list, value, matches) {
				return false
			}
		}
	}
	return true
}

func wildcard(pattern, s string) bool {
	expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("^(?s:" + expression + ")$").MatchString(s)
}

// arnLike: "Each of the six colon-delimited components of the ARN is checked
// separately".
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func arnLike(pattern, s string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(s, ":", 6)
	for i := range 6 {
		if len(patterns) != 6 || len(parts) != 6 || !wildcard(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}

// The calls that creating a flow log and delivering to it take.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html
const (
	flowLogARN = "arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/fl-0a1b2c3d4e5f60718"
	vpcARN     = "arn:aws:ec2:us-east-1:123456789012:vpc/" + vpcID
	delivery   = "Service delivery.logs.amazonaws.com"
)

var (
	create = []call{
		{document: "Caller", action: "ec2:CreateFlowLogs", resource: vpcARN},
		{document: "Caller", action: "ec2:CreateFlowLogs", resource: flowLogARN},
	}
	deliver = []call{
		{document: "Caller", action: "logs:CreateLogDelivery", resource: "*"},
		{document: "Caller", action: "logs:DeleteLogDelivery", resource: "*"},
	}
	publish = []call{
		{
			document: "RoleTrust", principal: "Service vpc-flow-logs.amazonaws.com", action: "sts:AssumeRole",
			context: map[string]string{"aws:SourceAccount": accountID, "aws:SourceArn": flowLogARN},
		},
		{document: "Caller", action: "iam:PassRole", resource: toLogGroup.RoleARN, context: map[string]string{"iam:PassedToService": "vpc-flow-logs.amazonaws.com"}},
		{document: "RolePermissions", action: "logs:CreateLogGroup", resource: logGroupARN},
		{document: "RolePermissions", action: "logs:CreateLogStream", resource: logGroupARN},
		{document: "RolePermissions", action: "logs:PutLogEvents", resource: logGroupARN + ":log-stream:eni-0a1b2c3d-all"},
		{document: "RolePermissions", action: "logs:DescribeLogGroups", resource: "arn:aws:logs:us-east-1:123456789012:log-group:*"},
		{document: "RolePermissions", action: "logs:DescribeLogStreams", resource: logGroupARN},
	}
	toSameAccount = []call{
		{document: "Caller", action: "firehose:TagDeliveryStream", resource: toStream.StreamARN},
		serviceLinkedRole("delivery.logs.amazonaws.com", "AWSServiceRoleForLogDelivery"),
	}
	toOtherAccount = []call{
		{document: "Caller", action: "iam:PassRole", resource: toOther.RoleARN, context: map[string]string{"iam:PassedToService": "delivery.logs.amazonaws.com"}},
		{document: "RoleTrust", principal: delivery, action: "sts:AssumeRole"},
		{document: "RolePermissions", action: "iam:PassRole", resource: toOther.RoleARN, context: map[string]string{
			"iam:PassedToService": "delivery.logs.amazonaws.com", "iam:AssociatedResourceARN": vpcARN,
		}},
		{document: "RolePermissions", action: "logs:CreateLogDelivery", resource: "*"},
		{document: "RolePermissions", action: "logs:DeleteLogDelivery", resource: "*"},
		{document: "RolePermissions", action: "logs:ListLogDeliveries", resource: "*"},
		{document: "RolePermissions", action: "logs:GetLogDelivery", resource: "*"},
		{document: "RolePermissions", action: "sts:AssumeRole", resource: toOther.CrossAccountRoleARN},
		{document: "DestinationRoleTrust", principal: "AWS " + toOther.RoleARN, action: "sts:AssumeRole"},
		{document: "DestinationRolePermissions", action: "firehose:TagDeliveryStream", resource: toOther.StreamARN},
		{document: "DestinationRolePermissions", action: "iam:CreateServiceLinkedRole", resource: "*"},
	}
)

const logGroupARN = "arn:aws:logs:us-east-1:123456789012:log-group:my-flow-logs"

func serviceLinkedRole(service, name string) call {
	return call{
		document: "Caller", action: "iam:CreateServiceLinkedRole",
		resource: "arn:aws:iam::123456789012:role/aws-service-role/" + service + "/" + name,
		context:  map[string]string{"iam:AWSServiceName": service},
	}
}

func write(account, folder, acl string) []call {
	context := map[string]string{"aws:SourceAccount": account, "aws:SourceArn": "arn:aws:logs:us-east-1:" + account + ":*"}
	put := map[string]string{"aws:SourceAccount": account, "aws:SourceArn": "arn:aws:logs:us-east-1:" + account + ":*"}
	if acl != "" {
		put["s3:x-amz-acl"] = acl
	}
	return []call{
		{document: "Bucket", principal: delivery, action: "s3:GetBucketAcl", resource: "arn:aws:s3:::amzn-s3-demo-bucket", context: context},
		{
			document: "Bucket", principal: delivery, action: "s3:PutObject", context: put,
			resource: "arn:aws:s3:::amzn-s3-demo-bucket/optional_folder/AWSLogs/" + folder + "/vpcflowlogs/us-east-1/2026/06/01/x.log.gz",
		},
	}
}

func encrypt() []call {
	var calls []call
	for _, action := range []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"} {
		calls = append(calls, call{
			document: "Key", principal: delivery, action: action, resource: "*",
			context: map[string]string{"aws:SourceAccount": accountID, "aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:*"},
		})
	}
	return calls
}

func TestFor_AllowsExactlyTheCallsThatAreNeeded(t *testing.T) {
	t.Parallel()
	onCaller := func(actions ...string) []call {
		var calls []call
		for _, action := range actions {
			calls = append(calls, call{document: "Caller", action: action, resource: "*"})
		}
		return calls
	}
	ecs := request(toLogGroup)
	ecs.LogFormat = flowlogs.LogFormat{
		flowlogs.FieldVersion, flowlogs.FieldECSServiceName, flowlogs.FieldECSTaskDefinitionARN, flowlogs.FieldECSTaskID, flowlogs.FieldECSContainerInstanceID,
	}
	cluster := request(toLogGroup)
	cluster.LogFormat = flowlogs.LogFormat{flowlogs.FieldECSContainerID}
	var tagFields flowlogs.Request
	require.NoError(t, json.Unmarshal([]byte(`{
		"ResourceIds": ["vpc-00112233344556677"], "TrafficType": "ALL",
		"LogGroupName": "my-flow-logs", "DeliverLogsPermissionArn": "arn:aws:iam::123456789012:role/publishFlowLogs",
		"LogFormat": "${instance-tag} ${asg-tag}",
		"TagFieldSpecifications": [{"ResourceType": "instance", "TagKeys": ["team"]}, {"ResourceType": "auto-scaling-group", "TagKeys": ["team"]}]
	}`), &tagFields))
	tagged := request(toBucket)
	tagged.Tags = map[string]string{"team": "network"}
	none := func(*policy.Options) {}

	for _, test := range []struct {
		name    string
		request flowlogs.Request
		options func(*policy.Options)
		needed  []call
	}{
		{"CloudWatch Logs", request(toLogGroup), none, slices.Concat(create, publish)},
		{"a bucket", request(toBucket), none, slices.Concat(create, deliver, write(accountID, accountID, "bucket-owner-full-control"))},
		{"a bucket with Hive-compatible partitions", request(toBucketInHiveFolders), none,
			slices.Concat(create, deliver, write(accountID, "aws-account-id="+accountID, "bucket-owner-full-control"))},
		{"a bucket without ACLs", request(toBucket), func(o *policy.Options) { o.WithoutACL = true },
			slices.Concat(create, deliver, write(accountID, accountID, ""))},
		{"a bucket of two accounts", request(toBucket), func(o *policy.Options) { o.SourceAccounts = []string{otherID} },
			slices.Concat(create, deliver, write(accountID, accountID, "bucket-owner-full-control"), write(otherID, otherID, "bucket-owner-full-control"))},
		{"a bucket with a key", request(toBucket), withKey,
			slices.Concat(create, deliver, write(accountID, accountID, "bucket-owner-full-control"), encrypt())},
		{"a stream in the same account", request(toStream), none, slices.Concat(create, deliver, toSameAccount)},
		{"a stream in another account", request(toOther), none, slices.Concat(create, deliver, toOtherAccount)},
		{"tags", tagged, none, slices.Concat(create, deliver, write(accountID, accountID, "bucket-owner-full-control"), []call{
			{document: "Caller", action: "ec2:CreateTags", resource: flowLogARN, context: map[string]string{"ec2:CreateAction": "CreateFlowLogs"}},
		})},
		{"ECS fields", ecs, none, slices.Concat(create, publish,
			onCaller("ecs:ListClusters", "ecs:ListServices", "ecs:ListTaskDefinitions", "ecs:ListTasks", "ecs:ListContainerInstances"))},
		{"an ECS field that needs only the clusters", cluster, none, slices.Concat(create, publish, onCaller("ecs:ListClusters"))},
		{"tag fields", tagFields, none, slices.Concat(create, publish, onCaller("ec2:DescribeTags", "autoscaling:DescribeTags"),
			[]call{serviceLinkedRole("vpc-flow-logs.amazonaws.com", "AWSServiceRoleForVPCFlowLogs")})},
		{"reconciling", request(toLogGroup), func(o *policy.Options) { o.Reconcile = true }, slices.Concat(create, publish, onCaller("ec2:DescribeFlowLogs"))},
		{"replacing", request(toLogGroup), func(o *policy.Options) { o.Replace = true }, slices.Concat(create, publish, onCaller("ec2:DescribeFlowLogs"),
			[]call{{document: "Caller", action: "ec2:DeleteFlowLogs", resource: flowLogARN}})},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			documents := make(map[string]*policy.Document)
			for _, d := range named(policiesFor(t, test.request, test.options)) {
				documents[d.name] = d.document
			}
			for _, c := range test.needed {
				require.NotNil(t, documents[c.document], c.document)
				assert.True(t, allows(t, documents[c.document], c), "needed: %+v", c)
				for _, other := range neighbors(c, test.needed) {
					assert.False(t, allows(t, documents[c.document], other), "not needed: %+v", other)
				}
			}
			for name, d := range documents {
				for i := range statements(d) {
					rest := policy.Document{Statement: slices.Delete(slices.Clone(d.Statement), i, i+1)}
					assert.True(t, slices.ContainsFunc(test.needed, func(c call) bool { return c.document == name && !allows(t, &rest, c) }),
						"%s without %s still allows everything that is needed", name, d.Statement[i].Sid)
				}
			}
		})
	}
}

func statements(d *policy.Document) []policy.Statement {
	if d == nil {
		return nil
	}
	return d.Statement
}

// within reports whether other is the call, whatever else is known about other.
func (c call) within(other call) bool {
	for key, value := range c.context {
		if other.context[key] != value {
			return false
		}
	}
	return c.document == other.document && c.action == other.action && c.resource == other.resource && c.principal == other.principal
}

var otherAccount = strings.NewReplacer(accountID, "444455556666", otherID, "444455556666", "amzn-s3-demo-bucket", "other")

// neighbors are calls that differ from a needed one in one thing, and are not
// needed themselves.
func neighbors(c call, needed []call) []call {
	var list []call
	add := func(change func(*call)) {
		other := c
		other.context = maps.Clone(c.context)
		change(&other)
		if !slices.ContainsFunc(needed, func(n call) bool { return n.within(other) }) {
			list = append(list, other)
		}
	}
	for _, action := range []string{
		"ec2:DeleteFlowLogs", "ec2:CreateTags", "ec2:DeleteVpc", "s3:GetObject", "s3:DeleteObject", "s3:PutBucketPolicy", "s3:ListBucket",
		"logs:DeleteLogGroup", "logs:UpdateLogDelivery", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "firehose:DeleteDeliveryStream", "firehose:PutRecord",
		"iam:PassRole", "iam:CreateRole", "sts:TagSession", "ecs:DescribeTasks",
	} {
		add(func(o *call) { o.action = action })
	}
	if c.principal != "" {
		add(func(o *call) { o.principal = "Service cloudtrail.amazonaws.com" })
		add(func(o *call) { o.principal = "AWS arn:aws:iam::444455556666:role/mySourceRole" })
	}
	for key := range c.context {
		add(func(o *call) { delete(o.context, key) })
		add(func(o *call) { o.context[key] = otherAccount.Replace(o.context[key]) + "x" })
	}
	// AWS documents these on all resources.
	switch {
	case c.resource == "*", c.document == "RolePermissions" && strings.HasPrefix(c.action, "logs:"), c.document == "DestinationRolePermissions", c.resource == "":
	default:
		add(func(o *call) {
			o.resource = otherAccount.Replace(o.resource)
		})
		add(func(o *call) { o.resource = strings.Replace(o.resource, "arn:aws:", "arn:aws-cn:", 1) })
		if strings.Contains(c.resource, ":us-east-1:") {
			add(func(o *call) { o.resource = strings.Replace(o.resource, ":us-east-1:", ":eu-west-1:", 1) })
		}
		if c.resource == vpcARN {
			add(func(o *call) { o.resource += "0" })
		}
	}
	return list
}
