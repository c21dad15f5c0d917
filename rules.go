package flowlogs

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// The files rules*.go hold the rules of EC2: tables where possible, functions of a
// value otherwise. Each rule is documented by AWS at the address beside it, or was
// seen on EC2, whose message is then quoted. What is known from neither is left to
// EC2: whether a field may be listed twice, how many IDs a call takes, whether a NAT
// gateway is a regional one, and whether each tag field has a key of its own.

// problem is what a rule finds wrong with a value. The zero problem means none.
type problem struct {
	message    string
	unknown    bool // the value may be right in a later release of EC2
	unsendable bool // the request cannot be sent: Options.Allow is not called
}

func wrong(message string) problem      { return problem{message: message} }
func unknown(message string) problem    { return problem{message: message, unknown: true} }
func unsendable(message string) problem { return problem{message: message, unsendable: true} }

const notUTF8 = "want valid UTF-8"

func (p problem) found() bool { return p.message != "" }

// The enumerations are those of the SDK that the program is built with.
var (
	resourceTypes       = ResourceType("").Values()
	trafficTypes        = TrafficType("").Values()
	logDestinationTypes = types.LogDestinationType("").Values()
	fileFormats         = FileFormat("").Values()
	tagFieldResources   = TagFieldResource("").Values()
)

func enumProblem[E ~string](value E, known []E) problem {
	if slices.Contains(known, value) {
		return problem{}
	}
	return unknown("want " + oneOf(known))
}

func oneOf[E ~string](values []E) string {
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
func trafficTypeProblem(t ResourceType, traffic TrafficType) problem {
	rule := ruleOf(t)
	switch {
	case isGateway(t) && traffic != "":
		return wrong("leave it empty for resource type " + string(t))
	case isGateway(t):
		return problem{}
	case traffic == "" && rule == nil && t != "":
		return problem{} // nothing is known about the type
	case traffic == "":
		return wrong("required: " + oneOf(trafficTypes))
	}
	return enumProblem(traffic, trafficTypes)
}

// intervalProblem: "Invalid Flow Log Max Aggregation Interval." and
// "max-aggregation-interval other than 60 sec / 1 min is not supported when the
// resource-type is TransitGateway or TransitGatewayAttachment"; for Cloud WAN:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func intervalProblem(t ResourceType, interval time.Duration) problem {
	switch {
	case interval == time.Minute:
		return problem{}
	case !isWholeSeconds(interval):
		return unsendable("want 1m or 10m (60 or 600 seconds)") // cannot be written in EC2's seconds
	case isGateway(t):
		return wrong("want 1m (60 seconds) for resource type " + string(t))
	case interval != 10*time.Minute:
		return wrong("want 1m or 10m (60 or 600 seconds)")
	}
	return problem{}
}

// isWholeSeconds reports whether EC2's parameter, an int32, can hold the interval.
func isWholeSeconds(interval time.Duration) bool {
	seconds := interval / time.Second
	return seconds*time.Second == interval && time.Duration(int32(seconds)) == seconds
}

// seconds formats an interval as Go writes it, and in EC2's seconds.
func seconds(d time.Duration) string {
	return d.String() + " (" + strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " seconds)"
}

// tokenProblem: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
func tokenProblem(token string) problem {
	isASCII := !strings.ContainsFunc(token, func(r rune) bool { return r > unicode.MaxASCII })
	if len(token) > 64 || !isASCII {
		return wrong("want at most 64 ASCII characters")
	}
	return problem{}
}
