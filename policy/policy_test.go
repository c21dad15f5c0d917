package policy_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/policy"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	accountID = "123456789012"
	otherID   = "111122223333"
	vpcID     = "vpc-00112233344556677"
)

var account = policy.Account{ID: accountID, Region: "us-east-1"}

func request(d flowlogs.Destination) flowlogs.Request {
	return flowlogs.Request{
		ResourceIDs: []string{vpcID},
		TrafficType: flowlogs.TrafficTypeAll,
		Destination: d,
	}
}

var (
	toLogGroup = flowlogs.CloudWatchLogs{LogGroupName: "my-flow-logs", RoleARN: "arn:aws:iam::123456789012:role/publishFlowLogs"}
	toBucket   = flowlogs.S3{BucketARN: "arn:aws:s3:::amzn-s3-demo-bucket/optional_folder/"}
	toStream   = flowlogs.Firehose{StreamARN: "arn:aws:firehose:us-east-1:123456789012:deliverystream/flowlogs_stream"}
	toOther    = flowlogs.Firehose{
		StreamARN:           "arn:aws:firehose:us-east-1:111122223333:deliverystream/flowlogs_stream",
		RoleARN:             "arn:aws:iam::123456789012:role/mySourceRole",
		CrossAccountRoleARN: "arn:aws:iam::111122223333:role/AWSLogDeliveryFirehoseCrossAccountRole",
	}
	toBucketInHiveFolders = flowlogs.S3{BucketARN: toBucket.BucketARN, HiveCompatiblePartitions: true}
)

func policiesFor(t *testing.T, req flowlogs.Request, optFns ...func(*policy.Options)) *policy.Policies {
	t.Helper()
	policies, err := policy.For(req, account, optFns...)
	require.NoError(t, err)
	return policies
}

func withKey(o *policy.Options) {
	o.KeyARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
}

// The files have AWS's examples with this test's account, Region, bucket and
// resource in place of AWS's, and with the condition on the flow log's ARN that
// the page says to use while there is no ID.
func TestFor_WritesWhatAWSDocuments(t *testing.T) {
	t.Parallel()
	logGroup, bucket, other := policiesFor(t, request(toLogGroup)), policiesFor(t, request(toBucket), withKey), policiesFor(t, request(toOther))
	china, err := policy.For(request(flowlogs.S3{BucketARN: "arn:aws-cn:s3:::amzn-s3-demo-bucket/optional_folder"}), policy.Account{ID: accountID, Region: "cn-north-1"})
	require.NoError(t, err)
	caller := *bucket.Caller
	caller.Statement = caller.Statement[1:] // AWS's page has only what S3 needs
	for _, test := range []struct {
		file, url string
		document  *policy.Document
	}{
		{"cloudwatch-logs-role-permissions.json", "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html", logGroup.RolePermissions},
		{"cloudwatch-logs-role-trust.json", "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html", logGroup.RoleTrust},
		{"s3-caller.json", "https://docs.aws.amazon.com/vpc/latest/tgw/flow-logs-s3.html#flow-logs-s3-iam", &caller},
		{"s3-bucket.json", "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html", bucket.Bucket},
		{"s3-bucket-hive.json", "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html", policiesFor(t, request(toBucketInHiveFolders)).Bucket},
		{"s3-bucket-china.json", "https://docs.amazonaws.cn/en_us/vpc/latest/userguide/flow-logs-s3-permissions.html", china.Bucket},
		{"s3-key.json", "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html#AWS-logs-SSE-KMS-S3", bucket.Key},
		{"firehose-source-role-permissions.json", "https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html#firehose-source-account-role", other.RolePermissions},
		{"firehose-source-role-trust.json", "https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html#firehose-source-account-role", other.RoleTrust},
		{"firehose-destination-role-permissions.json", "https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html#firehose-destination-account-role", other.DestinationRolePermissions},
		{"firehose-destination-role-trust.json", "https://docs.aws.amazon.com/vpc/latest/userguide/firehose-cross-account-delivery.html#firehose-destination-account-role", other.DestinationRoleTrust},
	} {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("testdata", "documented", test.file))
			require.NoError(t, err)
			var documented policy.Document
			require.NoError(t, json.Unmarshal(text, &documented))
			require.Len(t, test.document.Statement, len(documented.Statement), test.url)
			for i, got := range test.document.Statement {
				want := documented.Statement[i]
				if want.Sid == "" { // AWS has none where there is no policy to add to
					assert.NotEmpty(t, got.Sid)
					got.Sid = ""
				}
				assert.Equal(t, want, got, test.url)
			}
		})
	}
}

// goldenCase is a request in all the variants that its destination has.
type goldenCase struct {
	name    string
	request flowlogs.Request
	options func(*policy.Options)
}

func goldenCases(partition, region string) map[string][]goldenCase {
	in := func(arn string) string {
		return strings.NewReplacer("arn:aws:", "arn:"+partition+":", ":us-east-1:", ":"+region+":").Replace(arn)
	}
	logGroup := toLogGroup
	logGroup.RoleARN = in(logGroup.RoleARN)
	byARN := flowlogs.CloudWatchLogs{LogGroupARN: in("arn:aws:logs:us-east-1:123456789012:log-group:my-flow-logs"), RoleARN: logGroup.RoleARN}
	other := flowlogs.Firehose{StreamARN: in(toOther.StreamARN), RoleARN: in(toOther.RoleARN), CrossAccountRoleARN: in(toOther.CrossAccountRoleARN)}
	cases := map[string][]goldenCase{
		"cloud-watch-logs": {{name: "log group by name", request: request(logGroup)}, {name: "log group by ARN", request: request(byARN)}},
		"kinesis-data-firehose": {
			{name: "stream in the same account", request: request(flowlogs.Firehose{StreamARN: in(toStream.StreamARN)})},
			{name: "stream in another account", request: request(other)},
		},
	}
	for _, hive := range []bool{false, true} {
		for _, folder := range []string{"", "/", "/folder", "/folder/in/folder/"} {
			name := "bucket" + folder
			if hive {
				name += " with Hive-compatible partitions"
			}
			req := request(flowlogs.S3{BucketARN: in("arn:aws:s3:::my-bucket") + folder, HiveCompatiblePartitions: hive})
			cases["s3"] = append(cases["s3"],
				goldenCase{name: name, request: req},
				goldenCase{name + " of three accounts", req, func(o *policy.Options) { o.SourceAccounts = []string{otherID, "444455556666"} }},
				goldenCase{name + " of an organization", req, func(o *policy.Options) { o.OrganizationID = "o-a1b2c3d4e5" }},
				goldenCase{name + " without ACLs and with a key", req, func(o *policy.Options) {
					withKey(o)
					o.KeyARN, o.WithoutACL = in(o.KeyARN), true
				}},
			)
		}
	}
	return cases
}

// What a change does to the documents shows in these files.
func TestFor_WritesTheSameDocumentsAsBefore(t *testing.T) {
	t.Parallel()
	for _, p := range []struct{ partition, region string }{
		{"aws", "us-east-1"}, {"aws-cn", "cn-north-1"}, {"aws-us-gov", "us-gov-west-1"},
	} {
		for destination, cases := range goldenCases(p.partition, p.region) {
			t.Run(destination+" in "+p.partition, func(t *testing.T) {
				t.Parallel()
				var b bytes.Buffer
				for i, c := range cases {
					var options []func(*policy.Options)
					if c.options != nil {
						options = append(options, c.options)
					}
					policies, err := policy.For(c.request, policy.Account{ID: accountID, Region: p.region}, options...)
					require.NoError(t, err)
					if i > 0 && destination == "s3" {
						policies.Caller = nil // the same as for the first
					}
					documents, err := json.MarshalIndent(policies, "", "  ")
					require.NoError(t, err)
					b.WriteString("# " + c.name + "\n" + string(documents) + "\n\n")
				}
				golden(t, destination+"."+p.partition+".txt", b.Bytes())
			})
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

func TestFor_LeavesOutWhatADestinationDoesNotNeed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		destination flowlogs.Destination
		options     func(*policy.Options)
		want        string
	}{
		{"CloudWatch Logs needs a role", toLogGroup, withKey, "Caller RoleTrust RolePermissions"},
		{"a bucket needs a policy", toBucket, func(*policy.Options) {}, "Caller Bucket"},
		{"a bucket with a key needs two", toBucket, withKey, "Caller Bucket Key"},
		{"a stream in the same account needs none", toStream, withKey, "Caller"},
		{"a stream in another account needs two roles", toOther, withKey, "Caller RoleTrust RolePermissions DestinationRoleTrust DestinationRolePermissions"},
		{"a pointer to a destination is the destination", &toBucket, func(*policy.Options) {}, "Caller Bucket"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, strings.Join(names(policiesFor(t, request(test.destination), test.options)), " "))
		})
	}
}

// named are the documents by the names of their fields.
func named(p *policy.Policies) []struct {
	name     string
	document *policy.Document
} {
	return []struct {
		name     string
		document *policy.Document
	}{
		{"Caller", p.Caller},
		{"RoleTrust", p.RoleTrust},
		{"RolePermissions", p.RolePermissions},
		{"DestinationRoleTrust", p.DestinationRoleTrust},
		{"DestinationRolePermissions", p.DestinationRolePermissions},
		{"Bucket", p.Bucket},
		{"Key", p.Key},
	}
}

func names(p *policy.Policies) []string {
	var list []string
	for _, d := range named(p) {
		if d.document != nil {
			list = append(list, d.name)
		}
	}
	return list
}

func TestFor_SpeaksOfAllResourcesOfTheTypeWithoutIDs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		typ  flowlogs.ResourceType
		want string
	}{
		{flowlogs.ResourceTypeVPC, "arn:aws:ec2:us-east-1:123456789012:vpc/*"},
		{flowlogs.ResourceTypeSubnet, "arn:aws:ec2:us-east-1:*:subnet/*"},
		{flowlogs.ResourceTypeNetworkInterface, "arn:aws:ec2:us-east-1:123456789012:network-interface/*"},
		{flowlogs.ResourceTypeTransitGateway, "arn:aws:ec2:us-east-1:*:transit-gateway/*"},
		{flowlogs.ResourceTypeTransitGatewayAttachment, "arn:aws:ec2:us-east-1:*:transit-gateway-attachment/*"},
		{flowlogs.ResourceTypeRegionalNATGateway, "arn:aws:ec2:us-east-1:123456789012:natgateway/*"},
	} {
		t.Run(string(test.typ), func(t *testing.T) {
			t.Parallel()
			req := flowlogs.Request{ResourceType: test.typ, Destination: toOther}
			if test.typ != flowlogs.ResourceTypeTransitGateway && test.typ != flowlogs.ResourceTypeTransitGatewayAttachment {
				req.TrafficType = flowlogs.TrafficTypeReject
			}
			policies := policiesFor(t, req)
			assert.Equal(t, []string{test.want, "arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/*"}, policies.Caller.Statement[0].Resource)
			assert.Equal(t, []string{test.want}, policies.RolePermissions.Statement[0].Condition["StringLike"]["iam:AssociatedResourceARN"])
		})
	}
}

func TestFor_NamesEachResourceOfTheRequest(t *testing.T) {
	t.Parallel()
	req := request(toLogGroup)
	req.ResourceIDs = []string{"subnet-0a1b2c3d", "subnet-1a2b3c4d"}
	assert.Equal(t, []string{
		"arn:aws:ec2:us-east-1:*:subnet/subnet-0a1b2c3d",
		"arn:aws:ec2:us-east-1:*:subnet/subnet-1a2b3c4d",
		"arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/*",
	}, policiesFor(t, req).Caller.Statement[0].Resource)
}

func TestFor_NamesNoResourceOfATypeWithoutDocumentedARNs(t *testing.T) {
	t.Parallel()
	req := request(toBucket)
	req.ResourceType, req.TrafficType = flowlogs.ResourceTypeCoreNetwork, ""
	req.ResourceIDs = []string{"any", "other"}
	caller := policiesFor(t, req).Caller
	assert.Equal(t, []string{"*", "arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/*"}, caller.Statement[0].Resource)
	text, err := json.Marshal(caller)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "any")
}

func TestFor_TakesThePartitionOfTheRegion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ region, partition, want string }{
		{"us-east-1", "", "aws"},
		{"us-gov-west-1", "", "aws-us-gov"},
		{"us-gov-west-1", "aws-us-gov", "aws-us-gov"},
		{"cn-north-1", "", "aws-cn"},
		{"us-iso-east-1", "", "aws-iso"},
		{"us-isob-east-1", "", "aws-iso-b"},
		{"eu-isoe-west-1", "", "aws-iso-e"},
		{"us-isof-south-1", "", "aws-iso-f"},
		{"eusc-de-east-1", "", "aws-eusc"},
		{"xx-new-east-1", "", "aws"},
		{"xx-new-east-1", "aws-new", "aws-new"}, // a partition that this release does not know
	} {
		t.Run(test.region+" "+test.partition, func(t *testing.T) {
			t.Parallel()
			a := policy.Account{ID: accountID, Region: test.region, Partition: test.partition}
			allow := func(o *policy.Options) { o.Allow = func(f *flowlogs.FieldError) bool { return test.want == "aws-new" } }
			policies, err := policy.For(request(flowlogs.S3{BucketARN: "arn:" + test.want + ":s3:::my-bucket"}), a, allow)
			require.NoError(t, err)
			assert.Equal(t, "arn:"+test.want+":ec2:"+test.region+":123456789012:vpc-flow-log/*", policies.Caller.Statement[0].Resource[1])
			assert.Equal(t, []string{"arn:" + test.want + ":s3:::my-bucket"}, policies.Bucket.Statement[1].Resource)
		})
	}
}

func TestFor_WritesOneSetForSeveralRegions(t *testing.T) {
	t.Parallel()
	several := func(o *policy.Options) {
		withKey(o)
		o.Regions, o.SourceAccounts = []string{"eu-west-1", "us-east-1"}, []string{otherID}
	}
	all := request(toBucket)
	all.ResourceIDs, all.ResourceType, all.Tags = nil, flowlogs.ResourceTypeVPC, map[string]string{"team": "network"}
	policies := policiesFor(t, all, several)
	flowLogs := []string{"arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/*", "arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/*"}
	assert.Equal(t, append([]string{"arn:aws:ec2:us-east-1:123456789012:vpc/*", "arn:aws:ec2:eu-west-1:123456789012:vpc/*"}, flowLogs...),
		policies.Caller.Statement[0].Resource)
	assert.Equal(t, flowLogs, policies.Caller.Statement[1].Resource)
	sources := []string{
		"arn:aws:logs:us-east-1:123456789012:*", "arn:aws:logs:us-east-1:111122223333:*",
		"arn:aws:logs:eu-west-1:123456789012:*", "arn:aws:logs:eu-west-1:111122223333:*",
	}
	for _, s := range append(policies.Bucket.Statement, policies.Key.Statement...) {
		assert.Equal(t, sources, s.Condition["ArnLike"]["aws:SourceArn"], s.Sid)
	}
	assert.Equal(t, flowLogs, policiesFor(t, request(toLogGroup), several).RoleTrust.Statement[0].Condition["ArnLike"]["aws:SourceArn"])

	organization := policiesFor(t, all, func(o *policy.Options) { o.Regions, o.OrganizationID = []string{"eu-west-1"}, "o-a1b2c3d4e5" })
	assert.Equal(t, []string{"arn:aws:logs:us-east-1:*:*", "arn:aws:logs:eu-west-1:*:*"}, organization.Bucket.Statement[0].Condition["ArnLike"]["aws:SourceArn"])
}

func TestFor_WritesWhatAllowLetsPass(t *testing.T) {
	t.Parallel()
	elsewhere := request(flowlogs.CloudWatchLogs{LogGroupARN: "arn:aws:logs:us-east-1:111122223333:log-group:a", RoleARN: toLogGroup.RoleARN})
	for _, test := range []struct {
		name    string
		request flowlogs.Request
		field   string
	}{
		{"a log group of another account", elsewhere, "Destination.LogGroupARN"},
		{"a bucket of an older form", request(flowlogs.S3{BucketARN: "arn:aws:s3:::My_Bucket"}), "Destination.BucketARN"},
		{"a new traffic type, of a subnet", flowlogs.Request{ResourceIDs: []string{"subnet-0a1b2c3d"}, TrafficType: "NEW", Destination: toBucket}, "TrafficType"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			policies, err := policy.For(test.request, account, func(o *policy.Options) {
				o.Allow = func(f *flowlogs.FieldError) bool {
					asked = append(asked, f.Field)
					return true
				}
			})
			require.NoError(t, err)
			assert.Equal(t, []string{test.field}, slices.Compact(asked))
			assert.Contains(t, policies.Caller.Statement[0].Resource[0], test.request.ResourceIDs[0])

			_, err = policy.For(test.request, account, func(o *policy.Options) {
				o.Allow = func(*flowlogs.FieldError) bool { return false }
			})
			require.ErrorContains(t, err, test.field)
		})
	}

	all := func(o *policy.Options) { o.Allow = func(*flowlogs.FieldError) bool { return true } }
	_, err := policy.For(flowlogs.Request{ResourceIDs: []string{vpcID}, TrafficType: flowlogs.TrafficTypeAll}, account, all)
	require.ErrorContains(t, err, "Destination: ", "there is nothing to write documents for")
	_, err = policy.For(flowlogs.Request{TrafficType: flowlogs.TrafficTypeAll, Destination: toBucket}, account, all)
	require.ErrorContains(t, err, "ResourceType: ", "there are no resources to write them for")
}

func TestFor_ReportsEveryProblem(t *testing.T) {
	t.Parallel()
	change := func(d flowlogs.Destination, change func(*flowlogs.Request)) flowlogs.Request {
		req := request(d)
		change(&req)
		return req
	}
	ok := request(toBucket)
	none := func(*policy.Options) {}
	for _, test := range []struct {
		name    string
		request flowlogs.Request
		account policy.Account
		options func(*policy.Options)
		want    []string
	}{
		{"an account is 12 digits", ok, policy.Account{ID: "123", Region: "us-east-1"}, none, []string{`Account.ID "123": want 12 digits`}},
		{"a Region is required", ok, policy.Account{ID: accountID}, none, []string{"Account.Region: want the Region of the call, such as us-east-1"}},
		{"a wildcard is no Region", ok, policy.Account{ID: accountID, Region: "*"}, none, []string{`Account.Region "*": want the Region`}},
		{"a partition is AWS's", ok, policy.Account{accountID, "us-east-1", "azure"}, none, []string{`Account.Partition "azure": want a partition`}},
		{"the partition is that of the ARNs", ok, policy.Account{accountID, "cn-north-1", "aws-cn"}, none,
			[]string{`Destination.BucketARN "arn:aws:s3:::amzn-s3-demo-bucket/optional_folder/": all ARNs must be in partition aws-cn`}},
		{"a Region of China has ARNs of China", ok, policy.Account{ID: accountID, Region: "cn-north-1"}, none, []string{`/": all ARNs must be in partition aws-cn`}},
		{"a Region is in one partition", ok, policy.Account{accountID, "us-gov-west-1", "aws"}, none,
			[]string{`Account.Partition "aws": want aws-us-gov, the partition of Region us-gov-west-1`}},
		{"a commercial Region is in one, too", request(flowlogs.S3{BucketARN: "arn:aws-cn:s3:::my-bucket"}), policy.Account{accountID, "eu-central-2", "aws-cn"}, none,
			[]string{`Account.Partition "aws-cn": want aws, the partition of Region eu-central-2`}},
		{"Regions are Regions", ok, account, func(o *policy.Options) { o.Regions = []string{"eu-west-1", "all"} }, []string{`Options.Regions[1] "all": want a Region, such as us-east-1`}},
		{"Regions are of one partition", ok, account, func(o *policy.Options) { o.Regions = []string{"cn-north-1"} },
			[]string{`Options.Regions[0] "cn-north-1": want a Region in partition aws`}},
		{"a log group is in one Region",
			request(flowlogs.CloudWatchLogs{LogGroupARN: logGroupARN, RoleARN: toLogGroup.RoleARN}), account, func(o *policy.Options) { o.Regions = []string{"eu-west-1"} },
			[]string{`Destination.LogGroupARN "arn:aws:logs:us-east-1:123456789012:log-group:my-flow-logs": want the Region of the call, eu-west-1`}},
		{"the log group is in the account of the role",
			request(flowlogs.CloudWatchLogs{LogGroupARN: "arn:aws:logs:us-east-1:111122223333:log-group:a", RoleARN: toLogGroup.RoleARN}), account, none,
			[]string{`Destination.LogGroupARN "arn:aws:logs:us-east-1:111122223333:log-group:a": `}},
		{"a key has an ARN", ok, account, func(o *policy.Options) { o.KeyARN = "alias/my-key" }, []string{`Options.KeyARN "alias/my-key": want the ARN of a key`}},
		{"a key is in the partition of the bucket", ok, account, func(o *policy.Options) { o.KeyARN = "arn:aws-cn:kms:cn-north-1:123456789012:key/1" },
			[]string{"all ARNs must be in partition aws"}},
		{"source accounts are 12 digits", ok, account, func(o *policy.Options) { o.SourceAccounts = []string{otherID, "root"} },
			[]string{`Options.SourceAccounts[1] "root": want 12 digits`}},
		{"an organization has an ID", ok, account, func(o *policy.Options) { o.OrganizationID = "example" }, []string{`Options.OrganizationID "example": want an ID such as o-a1b2c3d4e5`}},
		{"an organization is all its accounts", ok, account, func(o *policy.Options) { o.OrganizationID, o.SourceAccounts = "o-a1b2c3d4e5", []string{otherID} },
			[]string{`Options.OrganizationID "o-a1b2c3d4e5": set Options.OrganizationID or Options.SourceAccounts, not both`}},
		{"the request must be valid", change(toBucket, func(r *flowlogs.Request) { r.TrafficType = "" }), account, none, []string{"TrafficType: required"}},
		{"the type is required without IDs", change(toBucket, func(r *flowlogs.Request) { r.ResourceIDs = nil }), account, none, []string{"ResourceType: required: one of VPC, Subnet"}},
		{"all that is missing is named without IDs", flowlogs.Request{Destination: flowlogs.S3{BucketARN: "my-bucket"}}, account, none,
			[]string{"ResourceType: required: one of VPC, Subnet", "TrafficType: required", `Destination.BucketARN "my-bucket": want an ARN`}},
		{"the type must be known", flowlogs.Request{ResourceType: "Internet", TrafficType: "ALL", Destination: toBucket}, account, none, []string{`ResourceType "Internet"`}},
		{"the role is the caller's", request(flowlogs.CloudWatchLogs{LogGroupName: "a", RoleARN: "arn:aws:iam::111122223333:role/publishFlowLogs"}), account, none,
			[]string{`Destination.RoleARN "arn:aws:iam::111122223333:role/publishFlowLogs": want a role of the caller's account, 123456789012`}},
		{"the log group is in the Region",
			request(flowlogs.CloudWatchLogs{LogGroupARN: "arn:aws:logs:eu-west-1:123456789012:log-group:a", RoleARN: toLogGroup.RoleARN}), account, none,
			[]string{`Destination.LogGroupARN "arn:aws:logs:eu-west-1:123456789012:log-group:a": want the Region of the call, us-east-1`}},
		{"another account's stream needs roles", request(flowlogs.Firehose{StreamARN: toOther.StreamARN}), account, none,
			[]string{`is in another account than the caller's, 123456789012: want Destination.RoleARN and Destination.CrossAccountRoleARN as well`}},
		{"the second role is the stream's", request(flowlogs.Firehose{
			StreamARN: toOther.StreamARN, RoleARN: toOther.RoleARN, CrossAccountRoleARN: "arn:aws:iam::444455556666:role/AWSLogDeliveryFirehoseCrossAccountRole",
		}), account, none, []string{"want a role in the account of the stream, 111122223333"}},
		{"a folder with a wildcard would be many", request(flowlogs.S3{BucketARN: "arn:aws:s3:::my-bucket/a*"}), account, none,
			[]string{`Destination.BucketARN "arn:aws:s3:::my-bucket/a*": want no *, ? or $`}},
		{"all at once", flowlogs.Request{ResourceIDs: []string{"vpc-1"}, TrafficType: "ALL", Destination: toBucket}, policy.Account{ID: "1"},
			func(o *policy.Options) { o.KeyARN = "key" }, []string{"ResourceIDs[0]", "Account.ID", "Account.Region", "Options.KeyARN"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			policies, err := policy.For(test.request, test.account, test.options)
			assert.Nil(t, policies)
			var invalid *flowlogs.ValidationError
			require.ErrorAs(t, err, &invalid)
			assert.Len(t, invalid.Fields, len(test.want), err.Error())
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
			require.ErrorIs(t, err, flowlogs.ErrInvalidParameter)
		})
	}
}

func TestFor_ChangesNothingAndSharesNothing(t *testing.T) {
	t.Parallel()
	req := request(toBucket)
	req.ResourceIDs = []string{vpcID, "vpc-0a1b2c3d"}
	sources := []string{otherID, accountID, otherID}
	first := policiesFor(t, req, func(o *policy.Options) { o.SourceAccounts = sources })
	assert.Equal(t, []string{vpcID, "vpc-0a1b2c3d"}, req.ResourceIDs)
	assert.Equal(t, []string{otherID, accountID, otherID}, sources)
	assert.Equal(t, []string{accountID, otherID}, first.Bucket.Statement[0].Condition["StringEquals"]["aws:SourceAccount"], "each account once, the caller's first")

	second := policiesFor(t, req, func(o *policy.Options) { o.SourceAccounts = sources })
	assert.Equal(t, first, second)
	first.Bucket.Statement[0].Condition["StringEquals"]["aws:SourceAccount"][0] = "changed"
	first.Bucket.Statement[0].Condition["ArnLike"]["aws:SourceArn"][0] = "changed"
	assert.Equal(t, second.Bucket.Statement[1], first.Bucket.Statement[1], "statements share no lists")
}
