package policy

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/internal/rules"
)

// plan has the request, the account and the options, from which the documents are written,
// and their problems.
type plan struct {
	request  flowlogs.Request
	in       *ec2.CreateFlowLogsInput // the request as it is sent
	account  Account                  // with its partition
	options  Options
	problems []flowlogs.FieldError

	resources []string // the ARNs of the resources to monitor
	flowLogs  []string // the ARNs that stand for all flow logs of the account
	accounts  []string // that deliver to the bucket, the caller's first; * for an organization
	regions   []string // of the calls, the account's first
}

func newPlan(req flowlogs.Request, a Account, o Options) (*plan, error) {
	p := &plan{
		request: req, account: a, options: o,
		accounts: unique(a.ID, o.SourceAccounts),
		regions:  unique(a.Region, o.Regions),
	}
	if o.OrganizationID != "" {
		p.accounts = []string{"*"}
	}
	p.account.Partition = cmp.Or(a.Partition, rules.PartitionOf(a.Region), "aws")
	p.checkRequest()
	p.checkAccount()
	p.checkOptions()
	if len(p.problems) == 0 {
		p.checkARNs()
	}
	if len(p.problems) > 0 {
		return nil, &flowlogs.ValidationError{Fields: p.problems}
	}

	for _, region := range p.regions {
		for _, id := range p.in.ResourceIds {
			p.resources = append(p.resources, p.resourceARN(region, id))
		}
		p.flowLogs = append(p.flowLogs, p.arn("ec2", region, a.ID, "vpc-flow-log/*"))
	}
	p.resources = slices.Compact(p.resources)
	return p, nil
}

// unique returns first and then the others, sorted, each once.
func unique(first string, others []string) []string {
	others = slices.DeleteFunc(slices.Sorted(slices.Values(others)), func(s string) bool { return s == first })
	return append([]string{first}, slices.Compact(others)...)
}

// resourceTypes has how the types of resources are named in ARNs, and which of them may
// belong to another account than the caller's.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-resources-for-iam-policies
var resourceTypes = map[flowlogs.ResourceType]struct {
	name   string
	shared bool
}{
	flowlogs.ResourceTypeVPC:                      {"vpc", false},
	flowlogs.ResourceTypeSubnet:                   {"subnet", true},
	flowlogs.ResourceTypeNetworkInterface:         {"network-interface", false},
	flowlogs.ResourceTypeTransitGateway:           {"transit-gateway", true},
	flowlogs.ResourceTypeTransitGatewayAttachment: {"transit-gateway-attachment", true},
	flowlogs.ResourceTypeRegionalNATGateway:       {"natgateway", false},
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

// crossAccount reports whether the destination is a stream in another account.
func (p *plan) crossAccount() bool { return p.in.DeliverCrossAccountRole != nil }

func (p *plan) report(field, value, message string) {
	f := flowlogs.FieldError{Field: field, Value: value, Message: message}
	if p.options.Allow == nil || !p.options.Allow(&f) {
		p.problems = append(p.problems, f)
	}
}

// checkRequest sets the input. Without IDs, * stands for all resources of the type, as in
// their ARNs.
func (p *plan) checkRequest() {
	req := p.request
	ofAll := len(req.ResourceIDs) == 0
	if ofAll {
		req.ResourceIDs = []string{"*"}
	}
	client := flowlogs.New(nil, func(o *flowlogs.Options) {
		o.Allow = func(f *flowlogs.FieldError) bool {
			return ofAll && f.Field == "ResourceIDs[0]" || p.options.Allow != nil && p.options.Allow(f)
		}
	})
	var err error
	p.in, err = client.Input(req)
	if invalid := (*flowlogs.ValidationError)(nil); errors.As(err, &invalid) { // the only kind
		p.problems = append(p.problems, invalid.Fields...)
	}
}

var (
	accountPattern      = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern       = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-[0-9]+$`)
	partitionPattern    = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	keyPattern          = regexp.MustCompile(`^(arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$`)
	organizationPattern = regexp.MustCompile(`^(o-[a-z0-9]{10,32})?$`)
)

// match reports a value that does not have the form that message describes.
func (p *plan) match(field, value string, form *regexp.Regexp, message string) {
	if !form.MatchString(value) {
		p.report(field, value, message)
	}
}

func (p *plan) checkAccount() {
	a := p.account
	p.match("Account.ID", a.ID, accountPattern, "want 12 digits")
	p.match("Account.Region", a.Region, regionPattern, "want the Region of the call, such as us-east-1")
	if !partitionPattern.MatchString(a.Partition) {
		p.report("Account.Partition", a.Partition, "want a partition of AWS, such as aws, aws-cn or aws-us-gov")
	} else if of := rules.PartitionOf(a.Region); of != "" && of != a.Partition {
		p.report("Account.Partition", a.Partition, "want "+of+", the partition of Region "+a.Region)
	}
}

func (p *plan) checkOptions() {
	o := p.options
	p.match("Options.KeyARN", o.KeyARN, keyPattern,
		"want the ARN of a key, arn:aws:kms:<region>:<account>:key/<id>: with an ID or alias nothing is delivered")
	for i, account := range o.SourceAccounts {
		p.match(rules.Element("Options.SourceAccounts", i), account, accountPattern, "want 12 digits")
	}
	for i, region := range o.Regions {
		field := rules.Element("Options.Regions", i)
		p.match(field, region, regionPattern, "want a Region, such as us-east-1")
		if of := rules.PartitionOf(region); of != "" && of != p.account.Partition {
			p.report(field, region, "want a Region in partition "+p.account.Partition)
		}
	}
	// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
	p.match("Options.OrganizationID", o.OrganizationID, organizationPattern, "want an ID such as o-a1b2c3d4e5")
	if o.OrganizationID != "" && len(o.SourceAccounts) > 0 {
		p.report("Options.OrganizationID", o.OrganizationID, "set Options.OrganizationID or Options.SourceAccounts, not both")
	}
}

// destinationFields are the fields of a Request that become LogDestination.
var destinationFields = map[types.LogDestinationType]string{
	types.LogDestinationTypeCloudWatchLogs:      "Destination.LogGroupARN",
	types.LogDestinationTypeS3:                  "Destination.BucketARN",
	types.LogDestinationTypeKinesisDataFirehose: "Destination.StreamARN",
}

// checkARNs checks the ARNs of a valid request against the account, the Regions and each
// other.
func (p *plan) checkARNs() {
	field := destinationFields[p.in.LogDestinationType]
	destination := p.checkARN(field, aws.ToString(p.in.LogDestination))
	role := p.checkARN("Destination.RoleARN", aws.ToString(p.in.DeliverLogsPermissionArn))
	p.checkARN("Destination.CrossAccountRoleARN", aws.ToString(p.in.DeliverCrossAccountRole))
	p.checkARN("Options.KeyARN", p.options.KeyARN)

	if role.AccountID != "" && role.AccountID != p.account.ID {
		p.report("Destination.RoleARN", role.String(), "want a role of the caller's account, "+p.account.ID)
	}
	switch p.in.LogDestinationType {
	case types.LogDestinationTypeCloudWatchLogs:
		// "LogDestination must be in the same region as the API caller."
		other := slices.IndexFunc(p.regions, func(region string) bool { return region != destination.Region })
		if destination.Region != "" && other >= 0 {
			p.report(field, destination.String(), "want the Region of the call, "+p.regions[other])
		}
	case types.LogDestinationTypeKinesisDataFirehose:
		if !p.crossAccount() && destination.AccountID != p.account.ID {
			p.report(field, destination.String(), "is in another account than the caller's, "+p.account.ID+
				": want Destination.RoleARN and Destination.CrossAccountRoleARN as well")
		}
	}
}

// checkARN checks an ARN that is written into a policy. It returns the zero ARN for none.
func (p *plan) checkARN(field, s string) arn.ARN {
	parsed, err := arn.Parse(s)
	if err != nil { // there is no ARN, or Allow accepted a wrong one
		return arn.ARN{}
	}
	if parsed.Partition != p.account.Partition {
		p.report(field, s, "all ARNs must be in partition "+p.account.Partition)
	}
	// A policy would read them as wildcards and variables.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
	if strings.ContainsAny(s, "*?$") {
		p.report(field, s, "want no *, ? or $, which stand for other names in a policy")
	}
	return parsed
}
