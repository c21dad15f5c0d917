package rules

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// resourceRule is what EC2 requires of one type of resource.
type resourceRule struct {
	typ    types.FlowLogsResourceType
	prefix string // of its IDs
	limit  int    // IDs per call
	fields kinds  // of its records
}

// resourceRules has the transit gateway attachment before the transit gateway,
// whose prefix is the beginning of the attachment's.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
var resourceRules = []resourceRule{
	{types.FlowLogsResourceTypeVpc, "vpc-", 300, inVPC},
	{types.FlowLogsResourceTypeSubnet, "subnet-", 300, inVPC},
	{types.FlowLogsResourceTypeNetworkInterface, "eni-", 300, inVPC},
	{types.FlowLogsResourceTypeTransitGatewayAttachment, "tgw-attach-", 25, inTGW},
	{types.FlowLogsResourceTypeTransitGateway, "tgw-", 25, inTGW},
	{types.FlowLogsResourceTypeRegionalNatGateway, "nat-", 300, inVPC},
}

const prefixes = "one of vpc-, subnet-, eni-, tgw-, tgw-attach-, nat-"

// ruleOf returns nil for a type without a rule: one that is unknown, or that only the
// SDK knows.
func ruleOf(t types.FlowLogsResourceType) *resourceRule {
	return find(func(r *resourceRule) bool { return r.typ == t })
}

func ruleOfID(id string) *resourceRule {
	return find(func(r *resourceRule) bool { return strings.HasPrefix(id, r.prefix) })
}

func find(is func(*resourceRule) bool) *resourceRule {
	for i := range resourceRules {
		if is(&resourceRules[i]) {
			return &resourceRules[i]
		}
	}
	return nil
}

// TypeOf infers the type of a resource from the prefix of its ID. It returns "" for an
// unknown prefix.
func TypeOf(id string) types.FlowLogsResourceType {
	if rule := ruleOfID(id); rule != nil {
		return rule.typ
	}
	return ""
}

// IsTransitGateway reports whether t is a transit gateway or an attachment of one.
func IsTransitGateway(t types.FlowLogsResourceType) bool {
	rule := ruleOf(t)
	return rule != nil && rule.fields == inTGW
}

// IsGateway reports whether flow logs of type t have no traffic type and an interval of
// a minute. No more is documented of Cloud WAN; it has no rule.
func IsGateway(t types.FlowLogsResourceType) bool {
	switch t {
	case types.FlowLogsResourceTypeCoreNetwork, types.FlowLogsResourceTypeCoreNetworkEdge,
		types.FlowLogsResourceTypeCoreNetworkAttachment:
		return true
	default:
		return IsTransitGateway(t)
	}
}

// Limit returns how many IDs of type t a call takes. For a type without a rule, this is
// the limit that EC2 documents for "the other resource types".
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func Limit(t types.FlowLogsResourceType) int {
	if rule := ruleOf(t); rule != nil {
		return rule.limit
	}
	return 300
}

func (c *checker) resourceType(t types.FlowLogsResourceType) {
	if t == "" {
		c.report("ResourceType", "", unsendable("required: "+OneOf(resourceTypes)))
		return
	}
	c.report("ResourceType", string(t), enumProblem(t, resourceTypes))
}

// CheckIDs returns the problems of the IDs of resources of type t.
func CheckIDs(t types.FlowLogsResourceType, ids []string) []Problem {
	var c checker
	if len(ids) == 0 {
		c.report("ResourceIds", "", unsendable("required: the ID of at least one resource"))
	}
	rule := ruleOf(t)
	for i, id := range ids {
		if rule != nil && isID(id, rule.prefix) {
			continue // common case
		}
		if p := idProblem(t, rule, id); p.found() {
			c.report(Element("ResourceIds", i), id, p)
		}
	}
	if len(ids) < 2 {
		return c.problems
	}
	first := make(map[string]int, len(ids))
	for i, id := range slices.Backward(ids) {
		first[id] = i
	}
	if len(first) == len(ids) {
		return c.problems // common case
	}
	for i, id := range ids {
		if first[id] < i && id != "" { // an empty ID is a problem of its own
			c.report(Element("ResourceIds", i), id, wrong("duplicate of "+Element("ResourceIds", first[id])))
		}
	}
	return c.problems
}

// idProblem: "Invalid Resource id tgw-… for resource-type TransitGatewayAttachment".
// Rule is that of resource type t. Without a type, an ID must follow the rule of its
// own prefix; for a type without a rule, it must only not be empty.
func idProblem(t types.FlowLogsResourceType, rule *resourceRule, id string) Problem {
	own := rule
	if t == "" {
		own = ruleOfID(id)
	}
	switch {
	case own != nil && isID(id, own.prefix):
		return Problem{}
	case id == "":
		return unsendable("is empty: want the ID of a resource")
	case own == nil && t != "":
		return Problem{}
	case own == nil:
		return unknown("want the ID of a resource, with " + prefixes)
	}
	if other := ruleOfID(id); other != nil && other != own {
		return wrong("is a " + string(other.typ) + ", but the resource type is " + string(own.typ))
	}
	return wrong("want " + own.prefix + " followed by 8 or 17 lower-case hex digits")
}

// isID: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html, in
// the old form or the new one for every type.
func isID(id, prefix string) bool {
	hex, ok := strings.CutPrefix(id, prefix)
	if !ok || len(hex) != 8 && len(hex) != 17 {
		return false
	}
	for i := range len(hex) { // faster than only, for a hundred thousand IDs
		if c := hex[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
