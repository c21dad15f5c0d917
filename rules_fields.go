package flowlogs

import "strings"

// fieldRule says in which records a field exists, and whether it shows a tag.
type fieldRule uint8

const (
	inVPC    fieldRule = 1 << iota // VPCs, subnets, network interfaces, regional NAT gateways
	inTGW                          // transit gateways and their attachments
	showsTag                       // needs a TagField
	inBoth   = inVPC | inTGW
)

// fieldRules has every documented field, in the order of its version.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
var fieldRules = map[Field]fieldRule{
	FieldVersion:     inBoth,
	FieldAccountID:   inBoth,
	FieldInterfaceID: inVPC,
	FieldSrcAddr:     inBoth,
	FieldDstAddr:     inBoth,
	FieldSrcPort:     inBoth,
	FieldDstPort:     inBoth,
	FieldProtocol:    inBoth,
	FieldPackets:     inBoth,
	FieldBytes:       inBoth,
	FieldStart:       inBoth,
	FieldEnd:         inBoth,
	FieldAction:      inVPC,
	FieldLogStatus:   inBoth,

	FieldVPCID:      inVPC,
	FieldSubnetID:   inVPC,
	FieldInstanceID: inVPC,
	FieldTCPFlags:   inBoth,
	FieldType:       inBoth,
	FieldPktSrcAddr: inVPC,
	FieldPktDstAddr: inVPC,

	FieldRegion:          inBoth,
	FieldAZID:            inVPC,
	FieldSublocationType: inVPC,
	FieldSublocationID:   inVPC,

	FieldPktSrcAWSService: inBoth,
	FieldPktDstAWSService: inBoth,
	FieldFlowDirection:    inBoth,
	FieldTrafficPath:      inVPC,

	FieldResourceType:           inTGW,
	FieldTGWID:                  inTGW,
	FieldTGWAttachmentID:        inTGW,
	FieldTGWSrcVPCAccountID:     inTGW,
	FieldTGWDstVPCAccountID:     inTGW,
	FieldTGWSrcVPCID:            inTGW,
	FieldTGWDstVPCID:            inTGW,
	FieldTGWSrcSubnetID:         inTGW,
	FieldTGWDstSubnetID:         inTGW,
	FieldTGWSrcENI:              inTGW,
	FieldTGWDstENI:              inTGW,
	FieldTGWSrcAZID:             inTGW,
	FieldTGWDstAZID:             inTGW,
	FieldTGWPairAttachmentID:    inTGW,
	FieldPacketsLostNoRoute:     inTGW,
	FieldPacketsLostBlackhole:   inTGW,
	FieldPacketsLostMTUExceeded: inTGW,
	FieldPacketsLostTTLExpired:  inTGW,

	FieldECSClusterARN:           inVPC,
	FieldECSClusterName:          inVPC,
	FieldECSContainerInstanceARN: inVPC,
	FieldECSContainerInstanceID:  inVPC,
	FieldECSContainerID:          inVPC,
	FieldECSSecondContainerID:    inVPC,
	FieldECSServiceName:          inVPC,
	FieldECSTaskDefinitionARN:    inVPC,
	FieldECSTaskARN:              inVPC,
	FieldECSTaskID:               inVPC,

	FieldRejectReason:     inVPC,
	FieldResourceID:       inVPC,
	FieldEncryptionStatus: inVPC,

	FieldInstanceTag:          inVPC | showsTag,
	FieldInstanceTag2:         inVPC | showsTag,
	FieldInterfaceTag:         inVPC | showsTag,
	FieldInterfaceTag2:        inVPC | showsTag,
	FieldASGTag:               inVPC | showsTag,
	FieldASGTag2:              inVPC | showsTag,
	FieldInterfaceType:        inVPC,
	FieldNextHopInterfaceID:   inVPC,
	FieldNextHopSubnetID:      inVPC,
	FieldNextHopAZID:          inVPC,
	FieldNextHopVPCID:         inVPC,
	FieldNextHopInterfaceType: inVPC,
}

// fieldProblem: "Unknown fields provided". Which fields a resource type without a
// rule has is left to EC2.
func fieldProblem(t ResourceType, field Field) problem {
	rule, known := fieldRules[field]
	resource := ruleOf(t)
	switch {
	case field == "":
		return wrong("is empty: want the name of a field")
	case !isFieldName(string(field)):
		return wrong("want the name of a field, without ${ and }")
	case !known:
		return unknown("unknown field")
	case resource != nil && rule&resource.fields == 0:
		return wrong("is not a field of flow logs of type " + string(t))
	}
	return problem{}
}

// isFieldName reports whether ${name} is one field. That field need not exist.
func isFieldName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("${}", r) })
}
