package flowlogs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Every rule of this file is documented by AWS at the address beside it, or was
// seen on real EC2, whose words are then quoted. What neither says is left to
// EC2 to decide: duplicates among IDs or fields, how many IDs one call takes,
// whether a NAT gateway is a regional one, and whether each tag field has a key
// of its own.

// resourceRule is what EC2 wants of one type of resource.
type resourceRule struct {
	typ            ResourceType
	prefix         string
	limit          int // IDs a call
	transitGateway bool
}

// resourceRules has the transit gateway attachment before the transit gateway,
// whose prefix its own begins with.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
var resourceRules = []resourceRule{
	{typ: ResourceTypeVPC, prefix: "vpc-", limit: 300},
	{typ: ResourceTypeSubnet, prefix: "subnet-", limit: 300},
	{typ: ResourceTypeNetworkInterface, prefix: "eni-", limit: 300},
	{typ: ResourceTypeTransitGatewayAttachment, prefix: "tgw-attach-", limit: 25, transitGateway: true},
	{typ: ResourceTypeTransitGateway, prefix: "tgw-", limit: 25, transitGateway: true},
	{typ: ResourceTypeRegionalNATGateway, prefix: "nat-", limit: 300},
}

const (
	resourceTypeNames = "one of VPC, Subnet, NetworkInterface, TransitGateway, TransitGatewayAttachment, RegionalNatGateway"
	resourcePrefixes  = "one of vpc-, subnet-, eni-, tgw-, tgw-attach-, nat-"
)

func ruleOf(t ResourceType) *resourceRule {
	for i := range resourceRules {
		if resourceRules[i].typ == t {
			return &resourceRules[i]
		}
	}
	return nil
}

func ruleOfID(id string) *resourceRule {
	for i := range resourceRules {
		if strings.HasPrefix(id, resourceRules[i].prefix) {
			return &resourceRules[i]
		}
	}
	return nil
}

func isTransitGateway(t ResourceType) bool {
	rule := ruleOf(t)
	return rule != nil && rule.transitGateway
}

// resourceType is the request's resource type, inferred where it is not given,
// and empty where it cannot be.
func (r *Request) resourceType() ResourceType {
	if r.ResourceType == "" && len(r.ResourceIDs) > 0 {
		if rule := ruleOfID(r.ResourceIDs[0]); rule != nil {
			return rule.typ
		}
	}
	return r.ResourceType
}

// resources: "Invalid Resource id tgw-… for resource-type TransitGatewayAttachment".
// The form of an ID is that of
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html, old or
// new for every type.
func (v *validator) resources(t ResourceType, ids []string) {
	if len(ids) == 0 {
		v.add(v.paths.resourceIDs, "", "required: the ID of at least one resource")
	}
	want := ruleOf(t)
	if want == nil && t != "" {
		v.add(v.paths.resourceType, string(t), "want "+resourceTypeNames)
	}
	for i, id := range ids {
		rule := want
		if rule == nil {
			rule = ruleOfID(id)
		}
		if rule != nil && validID(id, rule.prefix) {
			continue
		}
		path := v.paths.resourceIDs + "[" + strconv.Itoa(i) + "]"
		switch other := ruleOfID(id); {
		case rule == nil:
			v.add(path, id, "want the ID of a resource, with "+resourcePrefixes)
		case other != nil && other != rule:
			v.add(path, id, fmt.Sprintf("is of type %s, but want %s for resource type %s", other.typ, rule.prefix+"…", rule.typ))
		default:
			v.add(path, id, "want "+rule.prefix+" and then 8 or 17 hexadecimal digits in lower case")
		}
	}
}

func validID(id, prefix string) bool {
	digits, ok := strings.CutPrefix(id, prefix)
	if !ok || len(digits) != 8 && len(digits) != 17 {
		return false
	}
	for i := range len(digits) {
		if c := digits[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// trafficType: "An error is returned if you provide this" of transit gateways,
// https://docs.aws.amazon.com/vpc/latest/tgw/flow-logs-api-cli.html; required
// otherwise,
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func (v *validator) trafficType(t ResourceType, traffic TrafficType) {
	const names = "one of ACCEPT, REJECT, ALL"
	switch {
	case isTransitGateway(t):
		if traffic != "" {
			v.add(v.paths.trafficType, string(traffic), "leave it empty for resource type "+string(t))
		}
	case traffic == "":
		v.add(v.paths.trafficType, "", "required: "+names)
	case traffic != TrafficTypeAccept && traffic != TrafficTypeReject && traffic != TrafficTypeAll:
		v.add(v.paths.trafficType, string(traffic), "want "+names)
	}
}

// interval: "Invalid Flow Log Max Aggregation Interval." and
// "max-aggregation-interval other than 60 sec / 1 min is not supported when the
// resource-type is TransitGateway or TransitGatewayAttachment".
func (v *validator) interval(t ResourceType, interval time.Duration) {
	switch {
	case interval == time.Minute:
	case isTransitGateway(t):
		v.add(v.paths.interval, seconds(interval), "want 1m (60 seconds) for resource type "+string(t))
	case interval != 10*time.Minute:
		v.add(v.paths.interval, seconds(interval), "want 1m or 10m (60 or 600 seconds)")
	}
}

// seconds shows a duration both as Go and as EC2 write it.
func seconds(d time.Duration) string {
	return d.String() + " (" + strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " seconds)"
}

// logFormat: "Unknown fields provided", and "The TagFieldSpecifications parameter
// must be set when including tag fields in the log format". Which records have
// which field is documented in
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html and
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
func (v *validator) logFormat(t ResourceType, format LogFormat, hasTagFields bool) {
	needsTagFields := false
	for _, field := range format {
		switch rule, known := fieldRules[field]; {
		case !known:
			v.add(v.paths.logFormat, string(field), "unknown field")
		case ruleOf(t) != nil && rule.scope&scopeOf(t) == 0:
			v.add(v.paths.logFormat, string(field), "is not a field of flow logs of type "+string(t))
		case rule.tag && !hasTagFields && !needsTagFields:
			needsTagFields = true
			v.add(v.paths.tagFields, "", "required: the tag keys for ${"+string(field)+"} in "+v.paths.logFormat)
		}
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func (v *validator) tagFieldCount(n int) {
	if n > 3 {
		v.add(v.paths.tagFields, strconv.Itoa(n)+" resource types", "want at most 3")
	}
}

// tagFields: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagFieldSpecificationRequest.html
// and, for what is required,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ec2-flowlog-tagfieldspecification.html
func (v *validator) tagFields(i int, t TagFieldResource, keys []string) {
	known := t == TagFieldNetworkInterface || t == TagFieldInstance || t == TagFieldAutoScalingGroup
	if known && len(keys) >= 1 && len(keys) <= 2 && tagKeyLength(keys[0]) && tagKeyLength(keys[len(keys)-1]) {
		return
	}
	path := v.paths.tagFields + "[" + strconv.Itoa(i) + "]"
	if !known {
		v.add(path+".ResourceType", string(t), "want one of network-interface, instance, auto-scaling-group")
	}
	path += "." + v.paths.tagKeys
	if len(keys) < 1 || len(keys) > 2 {
		v.add(path, strconv.Itoa(len(keys))+" keys", "want one or two")
	}
	for j, key := range keys {
		if !tagKeyLength(key) {
			v.add(path+"["+strconv.Itoa(j)+"]", key, "want a tag key of 1 to 128 characters")
		}
	}
}

// tagSpecifications: "'X' is not a valid taggable resource type for this
// operation.", "Tag specification resource type must have a value".
func (v *validator) tagSpecifications(specifications []types.TagSpecification) {
	seen := make(map[string]bool)
	for i, s := range specifications {
		path := "TagSpecifications[" + strconv.Itoa(i) + "]"
		if s.ResourceType != types.ResourceTypeVpcFlowLog {
			v.add(path+".ResourceType", string(s.ResourceType), "want vpc-flow-log")
		}
		for j, tag := range s.Tags {
			path := path + ".Tags[" + strconv.Itoa(j) + "]"
			if tag.Key == nil {
				v.add(path+".Key", "", "required")
			} else if problem := tagKeyProblem(*tag.Key); problem != "" {
				v.add(path+".Key", *tag.Key, problem)
			} else if seen[*tag.Key] {
				v.add(path+".Key", *tag.Key, "want each key once")
			} else {
				seen[*tag.Key] = true
			}
			if tag.Value == nil {
				v.add(path+".Value", "", "required: it may be empty, but not left out")
			} else if problem := tagValueProblem(*tag.Value); problem != "" {
				v.add(path+".Value", *tag.Value, problem)
			}
		}
	}
	v.tagCount("TagSpecifications", len(seen))
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
func (v *validator) tagCount(path string, n int) {
	if n > 50 {
		v.add(path, strconv.Itoa(n)+" tags", "want at most 50")
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
func tagKeyProblem(key string) string {
	switch {
	case !tagKeyLength(key):
		return "want a key of 1 to 128 characters"
	case strings.HasPrefix(key, "aws:"):
		return `want a key that does not start with "aws:", which is reserved`
	}
	return ""
}

func tagKeyLength(key string) bool {
	return key != "" && utf8.RuneCountInString(key) <= 128
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
func tagValueProblem(value string) string {
	if utf8.RuneCountInString(value) > 256 {
		return "want a value of at most 256 characters"
	}
	return ""
}

// token: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
func (v *validator) token(token string) {
	isASCII := !strings.ContainsFunc(token, func(r rune) bool { return r > unicode.MaxASCII })
	if len(token) > 64 || !isASCII {
		v.add(v.paths.clientToken, token, "want at most 64 ASCII characters")
	}
}
