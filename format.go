package flowlogs

import (
	"fmt"
	"slices"
	"strings"
)

// Field is the name of a field of a flow log record, as documented in
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html and, for
// transit gateways, https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html.
type Field string

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

// The fields of versions 7 to 11. The ECS fields need ecs:List* permissions of
// the caller; the tag fields need [TagFields] in the request.
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

// scope says in which records a field exists.
type scope uint8

const (
	inVPC scope = 1 << iota // VPCs, subnets, network interfaces, regional NAT gateways
	inTGW                   // transit gateways and their attachments
	both  = inVPC | inTGW
)

func scopeOf(t ResourceType) scope {
	if isTransitGateway(t) {
		return inTGW
	}
	return inVPC
}

type fieldRule struct {
	version int
	scope   scope
	tag     bool // shows a tag: needs TagFields
}

// fieldRules has a row for each documented field.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
var fieldRules = map[Field]fieldRule{
	FieldVersion:     {version: 2, scope: both},
	FieldAccountID:   {version: 2, scope: both},
	FieldInterfaceID: {version: 2, scope: inVPC},
	FieldSrcAddr:     {version: 2, scope: both},
	FieldDstAddr:     {version: 2, scope: both},
	FieldSrcPort:     {version: 2, scope: both},
	FieldDstPort:     {version: 2, scope: both},
	FieldProtocol:    {version: 2, scope: both},
	FieldPackets:     {version: 2, scope: both},
	FieldBytes:       {version: 2, scope: both},
	FieldStart:       {version: 2, scope: both},
	FieldEnd:         {version: 2, scope: both},
	FieldAction:      {version: 2, scope: inVPC},
	FieldLogStatus:   {version: 2, scope: both},

	FieldVPCID:      {version: 3, scope: inVPC},
	FieldSubnetID:   {version: 3, scope: inVPC},
	FieldInstanceID: {version: 3, scope: inVPC},
	FieldTCPFlags:   {version: 3, scope: both},
	FieldType:       {version: 3, scope: both},
	FieldPktSrcAddr: {version: 3, scope: inVPC},
	FieldPktDstAddr: {version: 3, scope: inVPC},

	FieldRegion:          {version: 4, scope: both},
	FieldAZID:            {version: 4, scope: inVPC},
	FieldSublocationType: {version: 4, scope: inVPC},
	FieldSublocationID:   {version: 4, scope: inVPC},

	FieldPktSrcAWSService: {version: 5, scope: both},
	FieldPktDstAWSService: {version: 5, scope: both},
	FieldFlowDirection:    {version: 5, scope: both},
	FieldTrafficPath:      {version: 5, scope: inVPC},

	FieldResourceType:           {version: 6, scope: inTGW},
	FieldTGWID:                  {version: 6, scope: inTGW},
	FieldTGWAttachmentID:        {version: 6, scope: inTGW},
	FieldTGWSrcVPCAccountID:     {version: 6, scope: inTGW},
	FieldTGWDstVPCAccountID:     {version: 6, scope: inTGW},
	FieldTGWSrcVPCID:            {version: 6, scope: inTGW},
	FieldTGWDstVPCID:            {version: 6, scope: inTGW},
	FieldTGWSrcSubnetID:         {version: 6, scope: inTGW},
	FieldTGWDstSubnetID:         {version: 6, scope: inTGW},
	FieldTGWSrcENI:              {version: 6, scope: inTGW},
	FieldTGWDstENI:              {version: 6, scope: inTGW},
	FieldTGWSrcAZID:             {version: 6, scope: inTGW},
	FieldTGWDstAZID:             {version: 6, scope: inTGW},
	FieldTGWPairAttachmentID:    {version: 6, scope: inTGW},
	FieldPacketsLostNoRoute:     {version: 6, scope: inTGW},
	FieldPacketsLostBlackhole:   {version: 6, scope: inTGW},
	FieldPacketsLostMTUExceeded: {version: 6, scope: inTGW},
	FieldPacketsLostTTLExpired:  {version: 6, scope: inTGW},

	FieldECSClusterARN:           {version: 7, scope: inVPC},
	FieldECSClusterName:          {version: 7, scope: inVPC},
	FieldECSContainerInstanceARN: {version: 7, scope: inVPC},
	FieldECSContainerInstanceID:  {version: 7, scope: inVPC},
	FieldECSContainerID:          {version: 7, scope: inVPC},
	FieldECSSecondContainerID:    {version: 7, scope: inVPC},
	FieldECSServiceName:          {version: 7, scope: inVPC},
	FieldECSTaskDefinitionARN:    {version: 7, scope: inVPC},
	FieldECSTaskARN:              {version: 7, scope: inVPC},
	FieldECSTaskID:               {version: 7, scope: inVPC},

	FieldRejectReason:     {version: 8, scope: inVPC},
	FieldResourceID:       {version: 9, scope: inVPC},
	FieldEncryptionStatus: {version: 10, scope: inVPC},

	FieldInstanceTag:          {version: 11, scope: inVPC, tag: true},
	FieldInstanceTag2:         {version: 11, scope: inVPC, tag: true},
	FieldInterfaceTag:         {version: 11, scope: inVPC, tag: true},
	FieldInterfaceTag2:        {version: 11, scope: inVPC, tag: true},
	FieldASGTag:               {version: 11, scope: inVPC, tag: true},
	FieldASGTag2:              {version: 11, scope: inVPC, tag: true},
	FieldInterfaceType:        {version: 11, scope: inVPC},
	FieldNextHopInterfaceID:   {version: 11, scope: inVPC},
	FieldNextHopSubnetID:      {version: 11, scope: inVPC},
	FieldNextHopAZID:          {version: 11, scope: inVPC},
	FieldNextHopVPCID:         {version: 11, scope: inVPC},
	FieldNextHopInterfaceType: {version: 11, scope: inVPC},
}

// Version is the version of the flow log record in which the field appeared, 0
// for a field that is not documented.
func (f Field) Version() int { return fieldRules[f].version }

// ValidFor reports whether records of flow logs on resources of type t have the
// field.
func (f Field) ValidFor(t ResourceType) bool { return fieldRules[f].scope&scopeOf(t) != 0 }

// LogFormat is the fields of a flow log record, in order. Nil means the
// service's default format.
type LogFormat []Field

// String is the format as EC2 takes it: "${a} ${b}". It is empty for an empty
// format.
func (f LogFormat) String() string {
	if len(f) == 0 {
		return ""
	}
	size := 0
	for _, field := range f {
		size += len("${} ") + len(field)
	}
	var b strings.Builder
	b.Grow(size)
	for i, field := range f {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("${")
		b.WriteString(string(field))
		b.WriteByte('}')
	}
	return b.String()
}

// Version is what the field ${version} shows in records of this format: the
// highest version among the fields, 2 for the default format of VPCs.
func (f LogFormat) Version() int {
	version := 2
	for _, field := range f {
		version = max(version, field.Version())
	}
	return version
}

// ParseLogFormat parses a format as EC2 takes and shows it: fields in the form
// ${field-id}, separated by single spaces. It is strict, as EC2 is, which
// refuses even a trailing space. The error is a *[ValidationError].
func ParseLogFormat(s string) (LogFormat, error) {
	format, problem := parseLogFormat(s)
	if problem != "" {
		return nil, &ValidationError{Fields: []FieldError{{Field: "LogFormat", Value: s, Message: problem}}}
	}
	return format, nil
}

func parseLogFormat(s string) (LogFormat, string) {
	format := make(LogFormat, 0, strings.Count(s, " ")+1)
	for token := range strings.SplitSeq(s, " ") {
		name, opened := strings.CutPrefix(token, "${")
		name, closed := strings.CutSuffix(name, "}")
		switch field := Field(name); {
		case token == "":
			return nil, "want fields separated by single spaces, none before the first or after the last"
		case !opened || !closed:
			return nil, fmt.Sprintf("want fields in the form ${field-id}, not %s", quote(token))
		case field.Version() == 0:
			return nil, fmt.Sprintf("unknown field %s", quote(name))
		default:
			format = append(format, field)
		}
	}
	return format, ""
}

// DefaultLogFormat is the format that EC2 uses for resources of type t when the
// request has none. The caller may change the returned slice.
func DefaultLogFormat(t ResourceType) LogFormat {
	if isTransitGateway(t) {
		return slices.Clone(defaultTransitGatewayFormat)
	}
	return slices.Clone(defaultFormat)
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
