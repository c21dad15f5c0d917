package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/policy"
)

// logGroup is the request that the function of examples/lambda sends.
var logGroup = flowlogs.Request{
	ResourceType: flowlogs.ResourceTypeVPC,
	TrafficType:  flowlogs.TrafficTypeAll,
	Destination:  flowlogs.CloudWatchLogs{LogGroupName: "FlowLogGroup", RoleARN: "arn:aws:iam::123456789012:role/FlowLogRole"},
}

// template is what examples/lambda/template.yaml says of its roles.
type template struct {
	Resources map[string]struct {
		Properties struct {
			AssumeRolePolicyDocument document `yaml:"AssumeRolePolicyDocument"`
			Policies                 []struct {
				PolicyName     string   `yaml:"PolicyName"`
				PolicyDocument document `yaml:"PolicyDocument"`
			} `yaml:"Policies"`
		} `yaml:"Properties"`
	} `yaml:"Resources"`
}

type document struct {
	Version   string      `yaml:"Version"`
	Statement []statement `yaml:"Statement"`
}

type statement struct {
	Effect    string                      `yaml:"Effect"`
	Principal map[string]words            `yaml:"Principal"`
	Action    words                       `yaml:"Action"`
	Resource  words                       `yaml:"Resource"`
	Condition map[string]map[string]words `yaml:"Condition"`
}

// words is one value or a list of them, with what CloudFormation puts in.
type words []string

func (w *words) UnmarshalYAML(n *yaml.Node) error {
	nodes := n.Content
	switch n.Kind {
	case yaml.ScalarNode:
		nodes = []*yaml.Node{n}
	case yaml.SequenceNode:
	default:
		return fmt.Errorf("line %d: want a value or a list", n.Line)
	}
	for _, node := range nodes {
		value := node.Value
		switch node.Tag {
		case "!Ref":
			value = "${" + value + "}"
		case "!GetAtt":
			name, _, _ := strings.Cut(value, ".")
			value = map[bool]string{true: "arn:aws:iam::123456789012:role/", false: "arn:aws:logs:us-east-1:123456789012:log-group:"}[strings.HasSuffix(name, "Role")] + name
		}
		*w = append(*w, strings.NewReplacer("${AWS::Partition}", "aws", "${AWS::Region}", "us-east-1", "${AWS::AccountId}", "123456789012").Replace(value))
	}
	return nil
}

// statements are those of a document without their Sids, which the template has no
// use for.
func (d document) statements() []policy.Statement {
	var list []policy.Statement
	for _, s := range d.Statement {
		converted := policy.Statement{Effect: s.Effect, Action: s.Action, Resource: s.Resource}
		for kind, names := range s.Principal {
			converted.Principal = map[string][]string{kind: names}
		}
		for operator, keys := range s.Condition {
			for key, values := range keys {
				if converted.Condition == nil {
					converted.Condition = make(map[string]map[string][]string)
				}
				if converted.Condition[operator] == nil {
					converted.Condition[operator] = make(map[string][]string)
				}
				converted.Condition[operator][key] = values
			}
		}
		list = append(list, converted)
	}
	return list
}

func withoutSids(d *policy.Document) []policy.Statement {
	list := slices.Clone(d.Statement)
	for i := range list {
		list[i].Sid = ""
	}
	return list
}

func TestLambdaTemplateHasTheDocuments(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../lambda/template.yaml")
	require.NoError(t, err)
	var tmpl template
	require.NoError(t, yaml.Unmarshal(text, &tmpl))
	want, err := policy.For(logGroup, account)
	require.NoError(t, err)

	function, flowLog := tmpl.Resources["FunctionRole"].Properties, tmpl.Resources["FlowLogRole"].Properties
	require.Equal(t, "CreateFlowLogs", function.Policies[0].PolicyName)
	assert.Equal(t, withoutSids(want.Caller), function.Policies[0].PolicyDocument.statements())
	assert.Equal(t, withoutSids(want.RoleTrust), flowLog.AssumeRolePolicyDocument.statements())

	// The template makes the log group, so it can narrow the resources. The actions
	// are the same.
	var actions []string
	for _, s := range flowLog.Policies[0].PolicyDocument.statements() {
		actions = append(actions, s.Action...)
		assert.NotContains(t, s.Resource, "*")
	}
	assert.ElementsMatch(t, want.RolePermissions.Statement[0].Action, actions)
}

// notOurs are actions that the texts name and no document has.
var notOurs = map[string]string{
	"ec2:DescribeVpcs":   "with which fleet lists VPCs",
	"s3:GetBucketPolicy": "not needed beside the bucket policy that For returns",
	"s3:PutBucketPolicy": "the same",
}

func TestTextsNameActionsOfTheDocuments(t *testing.T) {
	t.Parallel()
	var actions []string
	for _, destination := range []flowlogs.Destination{
		logGroup.Destination,
		flowlogs.S3{BucketARN: bucket},
		flowlogs.Firehose{StreamARN: "arn:aws:firehose:us-east-1:123456789012:deliverystream/a"},
	} {
		req := logGroup
		req.Destination = destination
		req.Tags = map[string]string{"a": "b"}
		policies, err := policy.For(req, account, func(o *policy.Options) { o.Replace, o.KeyARN = true, "arn:aws:kms:us-east-1:123456789012:key/a" })
		require.NoError(t, err)
		for _, d := range []*policy.Document{
			policies.Caller, policies.RoleTrust, policies.RolePermissions, policies.DestinationRoleTrust, policies.DestinationRolePermissions, policies.Bucket, policies.Key,
		} {
			if d != nil {
				for _, s := range d.Statement {
					actions = append(actions, s.Action...)
				}
			}
		}
	}
	named := regexp.MustCompile(`\b(?:autoscaling|ec2|ecs|firehose|iam|kms|logs|s3|sts):[A-Z][A-Za-z]+`)
	for _, file := range []string{"../../README.md", "../README.md", "../fleet/main.go"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, action := range named.FindAllString(string(text), -1) {
			if _, ok := notOurs[action]; !ok {
				assert.Contains(t, actions, action, file)
			}
		}
	}
}
