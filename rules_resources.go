package flowlogs

import (
	"hash/maphash"
	"math/bits"
	"strings"
)

// resourceRule is what EC2 requires of one type of resource.
type resourceRule struct {
	typ    ResourceType
	prefix string    // of its IDs
	limit  int       // IDs per call
	fields fieldRule // the kind of records
}

// resourceRules has the transit gateway attachment before the transit gateway,
// whose prefix is the beginning of the attachment's.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
var resourceRules = []resourceRule{
	{typ: ResourceTypeVPC, prefix: "vpc-", limit: 300, fields: inVPC},
	{typ: ResourceTypeSubnet, prefix: "subnet-", limit: 300, fields: inVPC},
	{typ: ResourceTypeNetworkInterface, prefix: "eni-", limit: 300, fields: inVPC},
	{typ: ResourceTypeTransitGatewayAttachment, prefix: "tgw-attach-", limit: 25, fields: inTGW},
	{typ: ResourceTypeTransitGateway, prefix: "tgw-", limit: 25, fields: inTGW},
	{typ: ResourceTypeRegionalNATGateway, prefix: "nat-", limit: 300, fields: inVPC},
}

const resourcePrefixes = "one of vpc-, subnet-, eni-, tgw-, tgw-attach-, nat-"

// ruleOf returns nil for a type without a rule: one that is unknown, or that only the
// SDK knows.
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

// typeOfID infers the type from the prefix of an ID. It returns "" for an unknown
// prefix.
func typeOfID(id string) ResourceType {
	if rule := ruleOfID(id); rule != nil {
		return rule.typ
	}
	return ""
}

func isTransitGateway(t ResourceType) bool {
	rule := ruleOf(t)
	return rule != nil && rule.fields == inTGW
}

// isGateway reports whether flow logs of type t have no traffic type and an interval of
// a minute. Of Cloud WAN, no more is documented; it has no rule.
func isGateway(t ResourceType) bool {
	switch t {
	case ResourceTypeCoreNetwork, ResourceTypeCoreNetworkEdge, ResourceTypeCoreNetworkAttachment:
		return true
	default:
		return isTransitGateway(t)
	}
}

// limitOf returns how many IDs of type t a call takes. For a type without a rule, that
// is the limit that EC2 documents for "the other resource types".
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func limitOf(t ResourceType) int {
	if rule := ruleOf(t); rule != nil {
		return rule.limit
	}
	return 300
}

// idProblem: "Invalid Resource id tgw-… for resource-type TransitGatewayAttachment".
// Rule is that of resource type t. Without a type, an ID must follow the rule of its
// own prefix; for a type without a rule, it must only not be empty.
func idProblem(t ResourceType, rule *resourceRule, id string) problem {
	if rule == nil && t == "" {
		rule = ruleOfID(id)
	}
	switch {
	case rule != nil && isID(id, rule.prefix):
		return problem{}
	case id == "":
		return unsendable("is empty: want the ID of a resource")
	case rule == nil && t != "":
		return problem{}
	case rule == nil:
		return unknown("want the ID of a resource, with " + resourcePrefixes)
	}
	if other := ruleOfID(id); other != nil && other != rule {
		return wrong("is of type " + string(other.typ) + ", but want " + rule.prefix + "… for resource type " + string(rule.typ))
	}
	return wrong("want " + rule.prefix + " and then 8 or 17 hexadecimal digits in lower case")
}

// isID: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html, in
// the old form or the new one for every type.
func isID(id, prefix string) bool {
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

var idSeed = maphash.MakeSeed()

// eachRepeated reports every ID that equals an earlier one, with its index and that of
// the first such ID. It does not allocate for up to 300 IDs.
func eachRepeated(ids []string, report func(i, first int)) {
	switch n := len(ids); {
	case n < 2:
	case n <= 300:
		var table [1024]uint16
		lookUpRepeated(table[:], ids, report)
	default:
		table := make([]uint32, 1<<bits.Len(uint(2*n)))
		lookUpRepeated(table, ids, report)
	}
}

// lookUpRepeated puts the indexes of ids into an empty hash table with open
// addressing, whose size is a power of two. A slot holds an index plus one.
func lookUpRepeated[P uint16 | uint32](table []P, ids []string, report func(i, first int)) {
	mask := uint64(len(table) - 1)
	for i, id := range ids {
		slot := maphash.String(idSeed, id) & mask
		for table[slot] != 0 && ids[table[slot]-1] != id {
			slot = (slot + 1) & mask
		}
		if table[slot] == 0 {
			table[slot] = P(i + 1)
		} else if id != "" { // an empty ID is a problem of its own
			report(i, int(table[slot]-1))
		}
	}
}
