package flowlogs

import (
	"slices"
	"strings"

	"github.com/go-flowlogs/flowlogs/internal/rules"
)

// Field is the name of a field of a flow log record. The fields are documented in
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html and, for
// transit gateways, https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
type Field string

// Version returns the version of flow logs that has the field, from 2 on; 0 if this
// release does not know the field.
func (f Field) Version() int { return rules.Version(string(f)) }

// The fields of version 2: the default format.
const (
	FieldVersion     Field = "version"
	FieldAccountID   Field = "account-id"
	FieldInterfaceID Field = "interface-id"
	FieldSrcAddr     Field = "srcaddr"
	FieldDstAddr     Field = "dstaddr"
	FieldSrcPort     Field = "srcport"
	FieldDstPort     Field = "dstport"
	FieldProtocol    Field = "protocol"
	FieldPackets     Field = "packets"
	FieldBytes       Field = "bytes"
	FieldStart       Field = "start"
	FieldEnd         Field = "end"
	FieldAction      Field = "action"
	FieldLogStatus   Field = "log-status"
)

// The fields of versions 3 to 5.
const (
	FieldVPCID            Field = "vpc-id"
	FieldSubnetID         Field = "subnet-id"
	FieldInstanceID       Field = "instance-id"
	FieldTCPFlags         Field = "tcp-flags"
	FieldType             Field = "type"
	FieldPktSrcAddr       Field = "pkt-srcaddr"
	FieldPktDstAddr       Field = "pkt-dstaddr"
	FieldRegion           Field = "region"
	FieldAZID             Field = "az-id"
	FieldSublocationType  Field = "sublocation-type"
	FieldSublocationID    Field = "sublocation-id"
	FieldPktSrcAWSService Field = "pkt-src-aws-service"
	FieldPktDstAWSService Field = "pkt-dst-aws-service"
	FieldFlowDirection    Field = "flow-direction"
	FieldTrafficPath      Field = "traffic-path"
)

// The fields of version 6, for transit gateways only.
const (
	FieldResourceType           Field = "resource-type"
	FieldTGWID                  Field = "tgw-id"
	FieldTGWAttachmentID        Field = "tgw-attachment-id"
	FieldTGWSrcVPCAccountID     Field = "tgw-src-vpc-account-id"
	FieldTGWDstVPCAccountID     Field = "tgw-dst-vpc-account-id"
	FieldTGWSrcVPCID            Field = "tgw-src-vpc-id"
	FieldTGWDstVPCID            Field = "tgw-dst-vpc-id"
	FieldTGWSrcSubnetID         Field = "tgw-src-subnet-id"
	FieldTGWDstSubnetID         Field = "tgw-dst-subnet-id"
	FieldTGWSrcENI              Field = "tgw-src-eni"
	FieldTGWDstENI              Field = "tgw-dst-eni"
	FieldTGWSrcAZID             Field = "tgw-src-az-id"
	FieldTGWDstAZID             Field = "tgw-dst-az-id"
	FieldTGWPairAttachmentID    Field = "tgw-pair-attachment-id"
	FieldPacketsLostNoRoute     Field = "packets-lost-no-route"
	FieldPacketsLostBlackhole   Field = "packets-lost-blackhole"
	FieldPacketsLostMTUExceeded Field = "packets-lost-mtu-exceeded"
	FieldPacketsLostTTLExpired  Field = "packets-lost-ttl-expired"
)

// The fields of versions 7 to 11. The caller needs ecs:List* permissions for the
// ECS fields, and the request needs a [TagField] for the tag fields.
const (
	FieldECSClusterARN           Field = "ecs-cluster-arn"
	FieldECSClusterName          Field = "ecs-cluster-name"
	FieldECSContainerInstanceARN Field = "ecs-container-instance-arn"
	FieldECSContainerInstanceID  Field = "ecs-container-instance-id"
	FieldECSContainerID          Field = "ecs-container-id"
	FieldECSSecondContainerID    Field = "ecs-second-container-id"
	FieldECSServiceName          Field = "ecs-service-name"
	FieldECSTaskDefinitionARN    Field = "ecs-task-definition-arn"
	FieldECSTaskARN              Field = "ecs-task-arn"
	FieldECSTaskID               Field = "ecs-task-id"
	FieldRejectReason            Field = "reject-reason"
	FieldResourceID              Field = "resource-id"
	FieldEncryptionStatus        Field = "encryption-status"
	FieldInstanceTag             Field = "instance-tag"
	FieldInstanceTag2            Field = "instance-tag-2"
	FieldInterfaceTag            Field = "interface-tag"
	FieldInterfaceTag2           Field = "interface-tag-2"
	FieldASGTag                  Field = "asg-tag"
	FieldASGTag2                 Field = "asg-tag-2"
	FieldInterfaceType           Field = "interface-type"
	FieldNextHopInterfaceID      Field = "next-hop-interface-id"
	FieldNextHopSubnetID         Field = "next-hop-subnet-id"
	FieldNextHopAZID             Field = "next-hop-az-id"
	FieldNextHopVPCID            Field = "next-hop-vpc-id"
	FieldNextHopInterfaceType    Field = "next-hop-interface-type"
)

// LogFormat is the list of the fields of a flow log record, in order. Nil means EC2's
// default format.
type LogFormat []Field

// String returns the format as it is sent to EC2, such as "${srcaddr} ${dstaddr}". It
// returns "" for an empty format.
func (f LogFormat) String() string {
	var b strings.Builder
	for i, field := range f {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("${" + string(field) + "}")
	}
	return b.String()
}

// Version returns the highest version of the fields, which records in this format show in
// the field ${version}. It is 2 if the format is empty: EC2's default for all resources
// but transit gateways, whose default is version 6.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
func (f LogFormat) Version() int {
	version := 2
	for _, field := range f {
		version = max(version, field.Version())
	}
	return version
}

// ParseLogFormat parses a format as EC2 reads it: fields in the form ${field-id},
// separated by spaces, without a space before the first or after the last. The error
// is a *[ValidationError]. It is also returned for a field that this release does not
// know, with Unknown set. A Request may have such a field; see Options.Allow.
func ParseLogFormat(s string) (LogFormat, error) {
	format, problems := rules.ParseFormat[Field](s)
	problems = append(problems, rules.CheckFields("", format)...)
	if err := validationError(notAllowed(problems, nil)); err != nil {
		return nil, err
	}
	return format, nil
}

// MustParseLogFormat is like [ParseLogFormat] but panics if the format cannot be
// parsed. It is for constant formats, such as those of package variables.
func MustParseLogFormat(s string) LogFormat {
	format, err := ParseLogFormat(s)
	if err != nil {
		panic(err)
	}
	return format
}

// DefaultLogFormat returns the format that EC2 uses for resources of type t when
// the request has none. Nil: it is not known, as for Cloud WAN. An empty t is a VPC. The
// caller may change the returned slice.
func DefaultLogFormat(t ResourceType) LogFormat {
	switch t {
	case ResourceTypeVPC, ResourceTypeSubnet, ResourceTypeNetworkInterface, ResourceTypeRegionalNATGateway, "":
		return slices.Clone(defaultFormat)
	case ResourceTypeTransitGateway, ResourceTypeTransitGatewayAttachment:
		return slices.Clone(defaultTransitGatewayFormat)
	default:
		return nil
	}
}

// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
var defaultFormat = LogFormat{
	FieldVersion, FieldAccountID, FieldInterfaceID, FieldSrcAddr, FieldDstAddr, FieldSrcPort, FieldDstPort,
	FieldProtocol, FieldPackets, FieldBytes, FieldStart, FieldEnd, FieldAction, FieldLogStatus,
}

// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
var defaultTransitGatewayFormat = LogFormat{
	FieldVersion, FieldResourceType, FieldAccountID, FieldTGWID, FieldTGWAttachmentID,
	FieldTGWSrcVPCAccountID, FieldTGWDstVPCAccountID, FieldTGWSrcVPCID, FieldTGWDstVPCID,
	FieldTGWSrcSubnetID, FieldTGWDstSubnetID, FieldTGWSrcENI, FieldTGWDstENI, FieldTGWSrcAZID, FieldTGWDstAZID,
	FieldTGWPairAttachmentID, FieldSrcAddr, FieldDstAddr, FieldSrcPort, FieldDstPort, FieldProtocol,
	FieldPackets, FieldBytes, FieldStart, FieldEnd, FieldLogStatus, FieldType,
	FieldPacketsLostNoRoute, FieldPacketsLostBlackhole, FieldPacketsLostMTUExceeded, FieldPacketsLostTTLExpired,
	FieldTCPFlags, FieldRegion, FieldFlowDirection, FieldPktSrcAWSService, FieldPktDstAWSService,
}
