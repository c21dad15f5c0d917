package policy

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
)

// plan is what the documents are written from: the request as it is sent, and
// the account and options, all of them valid.
type plan struct {
	in      *ec2.CreateFlowLogsInput
	account Account // with its partition
	options Options

	resources []string // the ARNs of the resources to monitor
	sources   []string // the accounts that deliver to the bucket, the caller's first
}

func newPlan(req flowlogs.Request, a Account, o Options) (*plan, error) {
	var v validator
	ofAll := len(req.ResourceIDs) == 0
	if ofAll { // one stands for all while the rest is validated
		req.ResourceIDs = []string{resourceTypes[req.ResourceType].prefix + "00000000000000000"}
	}
	if ofAll && req.ResourceType == "" {
		v.add("ResourceType", "", "required, unless ResourceIDs says it: the type of all the resources that the policies are for")
	} else if err := v.request(req, ofAll); err != nil {
		return nil, err
	}
	v.account(a)
	v.options(o)
	if err := v.err(); err != nil {
		return nil, err
	}

	in, err := req.Input()
	if err != nil {
		return nil, err
	}
	a.Partition = cmp.Or(a.Partition, partitionOf(in))
	p := &plan{in: in, account: a, options: o, sources: unique(append([]string{a.ID}, o.SourceAccounts...))}
	v.destination(p)
	if err := v.err(); err != nil {
		return nil, err
	}
	if ofAll {
		in.ResourceIds = []string{"*"}
	}
	for _, id := range in.ResourceIds {
		p.resources = append(p.resources, p.resourceARN(id))
	}
	p.resources = unique(p.resources)
	return p, nil
}

// resourceType is how one type of resource is named in an ARN.
type resourceType struct {
	prefix string // of an ID
	name   string // in an ARN
	shared bool   // may belong to another account than the caller's
}

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-resources-for-iam-policies
var resourceTypes = map[flowlogs.ResourceType]resourceType{
	flowlogs.ResourceTypeVPC:                      {prefix: "vpc-", name: "vpc"},
	flowlogs.ResourceTypeSubnet:                   {prefix: "subnet-", name: "subnet", shared: true},
	flowlogs.ResourceTypeNetworkInterface:         {prefix: "eni-", name: "network-interface"},
	flowlogs.ResourceTypeTransitGateway:           {prefix: "tgw-", name: "transit-gateway", shared: true},
	flowlogs.ResourceTypeTransitGatewayAttachment: {prefix: "tgw-attach-", name: "transit-gateway-attachment", shared: true},
	flowlogs.ResourceTypeRegionalNATGateway:       {prefix: "nat-", name: "natgateway"},
}

func (p *plan) resourceARN(id string) string {
	t, ok := resourceTypes[p.in.ResourceType]
	if !ok { // such as those of Cloud WAN, whose ARNs in policies of EC2 are not documented
		return "*"
	}
	account := p.account.ID
	if t.shared {
		account = "*"
	}
	return p.arn("ec2", p.account.Region, account, t.name+"/"+id)
}

// flowLogARN stands for all flow logs of the account in the Region.
func (p *plan) flowLogARN() string {
	return p.arn("ec2", p.account.Region, p.account.ID, "vpc-flow-log/*")
}

func (p *plan) arn(service, region, account, resource string) string {
	return arn.ARN{
		Partition: p.account.Partition,
		Service:   service,
		Region:    region,
		AccountID: account,
		Resource:  resource,
	}.String()
}

func (p *plan) crossAccount() bool {
	return p.in.LogDestinationType == types.LogDestinationTypeKinesisDataFirehose && p.in.DeliverCrossAccountRole != nil
}

// partitionOf is the partition of the ARNs in the request.
func partitionOf(in *ec2.CreateFlowLogsInput) string {
	for _, s := range []*string{in.LogDestination, in.DeliverLogsPermissionArn, in.DeliverCrossAccountRole} {
		if parsed, err := arn.Parse(aws.ToString(s)); err == nil {
			return parsed.Partition
		}
	}
	return "aws"
}

// validator collects the problems of the request, the account and the options.
type validator struct{ problems []flowlogs.FieldError }

func (v *validator) add(field, value, message string) {
	v.problems = append(v.problems, flowlogs.FieldError{Field: field, Value: value, Message: message})
}

func (v *validator) err() error {
	if len(v.problems) == 0 {
		return nil
	}
	return &flowlogs.ValidationError{Fields: v.problems}
}

var (
	accountPattern      = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern       = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-[0-9]+$`)
	partitionPattern    = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	keyPattern          = regexp.MustCompile(`^arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)
	organizationPattern = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
)

// request adds the problems of the request. Those of the ID that stands for all
// are problems of the type.
func (v *validator) request(req flowlogs.Request, ofAll bool) error {
	err := req.Validate()
	var invalid *flowlogs.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	for _, problem := range invalid.Fields {
		if !ofAll || !strings.HasPrefix(problem.Field, "ResourceIDs") {
			v.problems = append(v.problems, problem)
		}
	}
	return nil
}

func (v *validator) account(a Account) {
	if !accountPattern.MatchString(a.ID) {
		v.add("Account.ID", a.ID, "want 12 digits")
	}
	if !regionPattern.MatchString(a.Region) {
		v.add("Account.Region", a.Region, "want the Region of the call, such as us-east-1")
	}
	if a.Partition != "" && !partitionPattern.MatchString(a.Partition) {
		v.add("Account.Partition", a.Partition, "want a partition of AWS, such as aws, aws-cn or aws-us-gov")
	}
}

func (v *validator) options(o Options) {
	if o.KeyARN != "" && !keyPattern.MatchString(o.KeyARN) {
		v.add("Options.KeyARN", o.KeyARN, "want the ARN of a key, arn:aws:kms:<region>:<account>:key/<id>: with an ID or alias nothing is delivered")
	}
	for i, account := range o.SourceAccounts {
		if !accountPattern.MatchString(account) {
			v.add("Options.SourceAccounts["+strconv.Itoa(i)+"]", account, "want 12 digits")
		}
	}
	// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
	if o.OrganizationID != "" && !organizationPattern.MatchString(o.OrganizationID) {
		v.add("Options.OrganizationID", o.OrganizationID, "want an ID such as o-a1b2c3d4e5")
	}
	if o.OrganizationID != "" && len(o.SourceAccounts) > 0 {
		v.add("Options.OrganizationID", o.OrganizationID, "want only one of it and Options.SourceAccounts")
	}
}

// destination checks the ARNs of the request, which are valid by themselves,
// against the account and each other.
func (v *validator) destination(p *plan) {
	destination := v.arn(p, p.destinationField(), aws.ToString(p.in.LogDestination))
	role := v.arn(p, "Destination.RoleARN", aws.ToString(p.in.DeliverLogsPermissionArn))
	v.arn(p, "Destination.CrossAccountRoleARN", aws.ToString(p.in.DeliverCrossAccountRole))
	v.arn(p, "Options.KeyARN", p.options.KeyARN)

	if role.AccountID != "" && role.AccountID != p.account.ID {
		v.add("Destination.RoleARN", role.String(), "want a role of the caller's account, "+p.account.ID)
	}
	switch p.in.LogDestinationType {
	case types.LogDestinationTypeCloudWatchLogs:
		// "LogDestination must be in the same region as the API caller."
		if destination.Region != "" && destination.Region != p.account.Region {
			v.add(p.destinationField(), destination.String(), "want the Region of the call, "+p.account.Region)
		}
	case types.LogDestinationTypeKinesisDataFirehose:
		if !p.crossAccount() && destination.AccountID != p.account.ID {
			v.add(p.destinationField(), destination.String(), "is in another account than the caller's, "+p.account.ID+
				": want Destination.RoleARN and Destination.CrossAccountRoleARN as well")
		}
	}
}

func (p *plan) destinationField() string {
	switch p.in.LogDestinationType {
	case types.LogDestinationTypeCloudWatchLogs:
		return "Destination.LogGroupARN"
	case types.LogDestinationTypeS3:
		return "Destination.BucketARN"
	default:
		return "Destination.StreamARN"
	}
}

// arn parses an ARN that is written into a policy, the zero ARN for none.
func (v *validator) arn(p *plan, field, s string) arn.ARN {
	parsed, err := arn.Parse(s)
	if err != nil { // only where there is none: it has been validated
		return arn.ARN{}
	}
	if parsed.Partition != p.account.Partition {
		v.add(field, s, "want one partition everywhere, "+p.account.Partition)
	}
	// A policy would read them as wildcards and variables.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
	if strings.ContainsAny(s, "*?$") {
		v.add(field, s, "want no *, ? or $, which stand for other names in a policy")
	}
	return parsed
}

// unique returns list without repetitions, in its order.
func unique(list []string) []string {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		twice := seen[s]
		seen[s] = true
		return twice
	})
}
