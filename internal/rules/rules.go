// Package rules has EC2's rules for the input of CreateFlowLogs: as tables where
// possible, as functions of a value otherwise. AWS documents each rule at the address
// beside it, or it was seen on EC2, whose message is then quoted. Where neither tells,
// the decision is left to EC2: whether a field may be listed twice, how many IDs a call
// takes, whether a NAT gateway is a regional one, and whether each tag field has a key of
// its own.
package rules

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs/internal/text"
)

// Problem is an invalid parameter of an input.
type Problem struct {
	Path    string // of the parameter: "TagSpecifications[0].Tags[2].Key"
	Value   string // as given; "" if missing
	Message string // the expected value; may name other parameters by their paths

	Unknown    bool // the value may be valid in a later release of EC2
	Unsendable bool // EC2 could not be sent the value
	Unfit      bool // no Request can express the value
}

// wrong returns a problem to be placed by [checker.report].
func wrong(message string) Problem      { return Problem{Message: message} }
func unknown(message string) Problem    { return Problem{Message: message, Unknown: true} }
func unsendable(message string) Problem { return Problem{Message: message, Unsendable: true} }

func (p Problem) unfit() Problem {
	p.Unfit = true
	return p
}

// found reports whether there is a problem: the zero Problem means none.
func (p Problem) found() bool { return p.Message != "" }

const notUTF8 = "want valid UTF-8"

// Check returns the problems of an input for a call in region, which is "" if it is not
// known. It allocates little unless it finds one.
func Check(in *ec2.CreateFlowLogsInput, region string) []Problem {
	return append(CheckIDs(in.ResourceType, in.ResourceIds), CheckSettings(in, region)...)
}

// CheckSettings is Check without the resource IDs.
func CheckSettings(in *ec2.CreateFlowLogsInput, region string) []Problem {
	c := checker{region: region}
	c.resourceType(in.ResourceType)
	c.report("TrafficType", string(in.TrafficType), trafficTypeProblem(in.ResourceType, in.TrafficType))
	c.destination(in)
	if in.MaxAggregationInterval != nil {
		c.interval(in.ResourceType, *in.MaxAggregationInterval)
	}
	if format := aws.ToString(in.LogFormat); format != "" {
		fields, problems := ParseFormat[string](format)
		c.problems = append(c.problems, problems...)
		c.problems = append(c.problems, CheckFormat(in.ResourceType, fields, len(in.TagFieldSpecifications))...)
	}
	c.tagFields(in.TagFieldSpecifications)
	c.tags(in.TagSpecifications)
	c.report("ClientToken", aws.ToString(in.ClientToken), CheckToken(aws.ToString(in.ClientToken)))
	return c.problems
}

// checker collects the problems of an input.
type checker struct {
	region   string
	problems []Problem
}

// report adds the problem of a value, if it has one. A value that is not UTF-8 cannot be
// sent: JSON replaces the invalid bytes, so a token made from the content would be the
// same for different values.
func (c *checker) report(path, value string, p Problem) {
	if p.found() {
		p.Path, p.Value = path, value
		p.Unsendable = p.Unsendable || !utf8.ValidString(value)
		c.problems = append(c.problems, p)
	}
}

// Element returns the path of an element of a list.
func Element(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// The enumerations are those of the SDK that the program is built with.
var (
	resourceTypes     = types.FlowLogsResourceType("").Values()
	trafficTypes      = types.TrafficType("").Values()
	destinationTypes  = types.LogDestinationType("").Values()
	fileFormats       = types.DestinationFileFormat("").Values()
	tagFieldResources = types.TaggableResourceType("").Values()
)

func enumProblem[E ~string](value E, known []E) Problem {
	if slices.Contains(known, value) {
		return Problem{}
	}
	return unknown("want " + OneOf(known))
}

// OneOf lists values for a message.
func OneOf[E ~string](values []E) string {
	var b strings.Builder
	b.WriteString("one of ")
	for i, value := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(value))
	}
	return b.String()
}

// trafficTypeProblem: transit gateways have no traffic type ("An error is returned
// if you provide this"),
// https://docs.aws.amazon.com/vpc/latest/tgw/flow-logs-api-cli.html;
// nor has Cloud WAN; all other types require one,
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func trafficTypeProblem(t types.FlowLogsResourceType, traffic types.TrafficType) Problem {
	switch {
	case IsGateway(t) && traffic != "":
		return wrong("leave it empty for resource type " + string(t))
	case IsGateway(t):
		return Problem{}
	case traffic == "" && ruleOf(t) == nil && t != "":
		return Problem{} // nothing is known about the type
	case traffic == "":
		return wrong("required: " + OneOf(trafficTypes))
	}
	return enumProblem(traffic, trafficTypes)
}

// WantInterval says which intervals EC2 accepts.
const WantInterval = "want 1m or 10m (60 or 600 seconds)"

// interval: "Invalid Flow Log Max Aggregation Interval." and
// "max-aggregation-interval other than 60 sec / 1 min is not supported when the
// resource-type is TransitGateway or TransitGatewayAttachment"; for Cloud WAN:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func (c *checker) interval(t types.FlowLogsResourceType, seconds int32) {
	var p Problem
	switch {
	case seconds == 60 || seconds == 600 && !IsGateway(t):
		return
	case IsGateway(t):
		p = wrong("want 1m (60 seconds) for resource type " + string(t))
	default:
		p = wrong(WantInterval)
	}
	p.Unfit = seconds == 0 // a Request without an interval has the default
	c.report("MaxAggregationInterval", text.Seconds(time.Duration(seconds)*time.Second), p)
}

// CheckToken returns the problem of a client token.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
func CheckToken(token string) Problem {
	isASCII := !strings.ContainsFunc(token, func(r rune) bool { return r > unicode.MaxASCII })
	if len(token) > 64 || !isASCII {
		return wrong("want at most 64 ASCII characters")
	}
	return Problem{}
}
