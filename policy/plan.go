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
	"github.com/go-flowlogs/flowlogs/internal/rules"
)

// plan has the request as it is sent, the account and the options, from which the documents
// are written.
type plan struct {
	in      *ec2.CreateFlowLogsInput
	account Account // with its partition
	options Options

	resources []string // the ARNs of the resources to monitor
	flowLogs  []string // the ARNs that stand for all flow logs of the account
	accounts  []string // that deliver to the bucket, the caller's first
	regions   []string // of the calls, the account's first
}

func newPlan(req flowlogs.Request, a Account, o Options) (*plan, error) {
	v := validator{allow: o.Allow}
	ofAll := len(req.ResourceIDs) == 0
	if ofAll { // one stands for all while the rest is validated
		req.ResourceIDs = []string{resourceTypes[req.ResourceType].prefix + "00000000000000000"}
	}
	var in *ec2.CreateFlowLogsInput
	if ofAll && req.ResourceType == "" {
		v.add("ResourceType", "", "required without ResourceIDs")
	} else {
		in = v.request(req, ofAll)
	}
	v.account(a)
	v.options(o)
	if err := v.err(); err != nil {
		return nil, err
	}

	a.Partition = cmp.Or(a.Partition, rules.PartitionOf(a.Region), "aws")
	p := &plan{
		in: in, account: a, options: o,
		accounts: unique(append([]string{a.ID}, o.SourceAccounts...)),
		regions:  unique(append([]string{a.Region}, o.Regions...)),
	}
	v.destination(p)
	if err := v.err(); err != nil {
		return nil, err
	}
	if ofAll {
		in.ResourceIds = []string{"*"}
	}
	for _, region := range p.regions {
		for _, id := range in.ResourceIds {
			p.resources = append(p.resources, p.resourceARN(region, id))
		}
		p.flowLogs = append(p.flowLogs, p.arn("ec2", region, a.ID, "vpc-flow-log/*"))
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

func (p *plan) resourceARN(region, id string) string {
	t, ok := resourceTypes[p.in.ResourceType]
	if !ok { // such as those of Cloud WAN, whose ARNs in policies of EC2 are not documented
		return "*"
	}
	account := p.account.ID
	if t.shared {
		account = "*"
	}
	return p.arn("ec2", region, account, t.name+"/"+id)
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

// validator collects the problems of the request, the account and the options.
type validator struct {
	allow    func(*flowlogs.FieldError) bool // Options.Allow
	problems []flowlogs.FieldError
}

func (v *validator) add(field, value, message string) {
	f := flowlogs.FieldError{Field: field, Value: value, Message: message}
	if v.allow == nil || !v.allow(&f) {
		v.problems = append(v.problems, f)
	}
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
	partitionPattern    = regexp.MustCompile(`^(aws(-[a-z]+)*)?$`)
	keyPattern          = regexp.MustCompile(`^(arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$`)
	organizationPattern = regexp.MustCompile(`^(o-[a-z0-9]{10,32})?$`)
)

// match reports a value that does not have the form that message describes.
func (v *validator) match(field, value string, form *regexp.Regexp, message string) {
	if !form.MatchString(value) {
		v.add(field, value, message)
	}
}

// request returns the input for a request, and adds its problems. Those of the ID that
// stands for all are problems of the type.
func (v *validator) request(req flowlogs.Request, ofAll bool) *ec2.CreateFlowLogsInput {
	in, err := flowlogs.New(nil, func(o *flowlogs.Options) {
		o.Allow = func(f *flowlogs.FieldError) bool {
			return ofAll && strings.HasPrefix(f.Field, "ResourceIDs") || v.allow != nil && v.allow(f)
		}
	}).Input(req)
	if invalid := (*flowlogs.ValidationError)(nil); errors.As(err, &invalid) { // the only kind
		v.problems = append(v.problems, invalid.Fields...)
	}
	return in
}

func (v *validator) account(a Account) {
	v.match("Account.ID", a.ID, accountPattern, "want 12 digits")
	v.match("Account.Region", a.Region, regionPattern, "want the Region of the call, such as us-east-1")
	if !partitionPattern.MatchString(a.Partition) {
		v.add("Account.Partition", a.Partition, "want a partition of AWS, such as aws, aws-cn or aws-us-gov")
	} else if of := rules.PartitionOf(a.Region); a.Partition != "" && of != "" && a.Partition != of {
		v.add("Account.Partition", a.Partition, "want "+of+", the partition of Region "+a.Region)
	}
}

func (v *validator) options(o Options) {
	v.match("Options.KeyARN", o.KeyARN, keyPattern,
		"want the ARN of a key, arn:aws:kms:<region>:<account>:key/<id>: with an ID or alias nothing is delivered")
	for i, account := range o.SourceAccounts {
		v.match("Options.SourceAccounts["+strconv.Itoa(i)+"]", account, accountPattern, "want 12 digits")
	}
	for i, region := range o.Regions {
		v.match("Options.Regions["+strconv.Itoa(i)+"]", region, regionPattern, "want a Region, such as us-east-1")
	}
	// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
	v.match("Options.OrganizationID", o.OrganizationID, organizationPattern, "want an ID such as o-a1b2c3d4e5")
	if o.OrganizationID != "" && len(o.SourceAccounts) > 0 {
		v.add("Options.OrganizationID", o.OrganizationID, "set Options.OrganizationID or Options.SourceAccounts, not both")
	}
}

// destination checks the ARNs of the request against the account, the Regions and each
// other.
func (v *validator) destination(p *plan) {
	field := p.destinationField()
	destination := v.arn(p, field, aws.ToString(p.in.LogDestination))
	role := v.arn(p, "Destination.RoleARN", aws.ToString(p.in.DeliverLogsPermissionArn))
	v.arn(p, "Destination.CrossAccountRoleARN", aws.ToString(p.in.DeliverCrossAccountRole))
	v.arn(p, "Options.KeyARN", p.options.KeyARN)

	for i, region := range p.options.Regions {
		if cmp.Or(rules.PartitionOf(region), p.account.Partition) != p.account.Partition {
			v.add("Options.Regions["+strconv.Itoa(i)+"]", region, "want a Region in partition "+p.account.Partition)
		}
	}
	if role.AccountID != "" && role.AccountID != p.account.ID {
		v.add("Destination.RoleARN", role.String(), "want a role of the caller's account, "+p.account.ID)
	}
	switch p.in.LogDestinationType {
	case types.LogDestinationTypeCloudWatchLogs:
		// "LogDestination must be in the same region as the API caller."
		other := slices.IndexFunc(p.regions, func(region string) bool { return region != destination.Region })
		if destination.Region != "" && other >= 0 {
			v.add(field, destination.String(), "want the Region of the call, "+p.regions[other])
		}
	case types.LogDestinationTypeKinesisDataFirehose:
		if !p.crossAccount() && destination.AccountID != p.account.ID {
			v.add(field, destination.String(), "is in another account than the caller's, "+p.account.ID+
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

// arn parses an ARN that is written into a policy. It returns the zero ARN for none.
func (v *validator) arn(p *plan, field, s string) arn.ARN {
	parsed, err := arn.Parse(s)
	if err != nil { // there is no ARN, or Allow accepted a wrong one
		return arn.ARN{}
	}
	if parsed.Partition != p.account.Partition {
		v.add(field, s, "all ARNs must be in partition "+p.account.Partition)
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
