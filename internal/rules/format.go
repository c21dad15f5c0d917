package rules

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/go-flowlogs/flowlogs/internal/text"
)

// kinds says in which records a field exists, and whether it shows a tag.
type kinds uint8

const (
	inVPC    kinds = 1 << iota // VPCs, subnets, network interfaces, regional NAT gateways
	inTGW                      // transit gateways and their attachments
	showsTag                   // needs tag field specifications
	inBoth   = inVPC | inTGW
)

// field is a field of a record.
type field struct {
	version int
	kinds   kinds
}

// fields has every documented field.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
var fields = func() map[string]field {
	all := make(map[string]field)
	for _, group := range []struct {
		field field
		names string
	}{
		{field{2, inBoth}, "version account-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status"},
		{field{2, inVPC}, "interface-id action"},
		{field{3, inBoth}, "tcp-flags type"},
		{field{3, inVPC}, "vpc-id subnet-id instance-id pkt-srcaddr pkt-dstaddr"},
		{field{4, inBoth}, "region"},
		{field{4, inVPC}, "az-id sublocation-type sublocation-id"},
		{field{5, inBoth}, "pkt-src-aws-service pkt-dst-aws-service flow-direction"},
		{field{5, inVPC}, "traffic-path"},
		{field{6, inTGW}, "resource-type tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id " +
			"tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni " +
			"tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id packets-lost-no-route packets-lost-blackhole " +
			"packets-lost-mtu-exceeded packets-lost-ttl-expired"},
		{field{7, inVPC}, "ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id " +
			"ecs-container-id ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id"},
		{field{8, inVPC}, "reject-reason"},
		{field{9, inVPC}, "resource-id"},
		{field{10, inVPC}, "encryption-status"},
		{field{11, inVPC}, "interface-type next-hop-interface-id next-hop-subnet-id next-hop-az-id next-hop-vpc-id " +
			"next-hop-interface-type"},
		{field{11, inVPC | showsTag}, "instance-tag instance-tag-2 interface-tag interface-tag-2 asg-tag asg-tag-2"},
	} {
		for _, name := range strings.Fields(group.names) {
			all[name] = group.field
		}
	}
	return all
}()

// Version returns the version that a field belongs to, 0 if the field is not known.
func Version(name string) int { return fields[name].version }

// ParseFormat checks the syntax of a format, not whether its fields exist. EC2 rejects a
// space at the end: "1 validation error detected: Value '…' at 'logFormat' has an invalid
// format".
// https://github.com/aws-cloudformation/rain/issues/288
func ParseFormat[F ~string](format string) ([]F, []Problem) {
	invalid := func(message string) []Problem {
		var c checker
		c.report("LogFormat", format, wrong(message).unfit())
		return c.problems
	}
	switch {
	case format == "":
		return nil, invalid("want at least one field, in the form ${field-id}")
	case strings.Trim(format, " ") != format:
		return nil, invalid("want no space before the first field or after the last")
	}
	parsed := make([]F, 0, strings.Count(format, "${"))
	for word := range strings.FieldsFuncSeq(format, func(r rune) bool { return r == ' ' }) { // there may be several spaces
		name, opened := strings.CutPrefix(word, "${")
		name, closed := strings.CutSuffix(name, "}")
		if !opened || !closed || !isFieldName(name) {
			return nil, invalid("want fields in the form ${field-id}, such as ${srcaddr}, not " + text.Quote(word))
		}
		parsed = append(parsed, F(name))
	}
	return parsed, nil
}

// CheckFormat returns the problems of the fields of a format, for a request with so many
// tag field specifications: "The TagFieldSpecifications parameter must be set when
// including tag fields in the log format".
func CheckFormat[F ~string](t types.FlowLogsResourceType, format []F, tagFields int) []Problem {
	c := checker{problems: CheckFields(t, format)}
	for _, name := range format {
		if fields[string(name)].kinds&showsTag != 0 && tagFields == 0 {
			c.report("TagFieldSpecifications", "", wrong("required: the tag keys for ${"+string(name)+"} in LogFormat"))
			break
		}
	}
	return c.problems
}

// CheckFields is CheckFormat without the tag fields. An empty field is reported by its
// index, any other by its name.
func CheckFields[F ~string](t types.FlowLogsResourceType, format []F) []Problem {
	var c checker
	for i, name := range format {
		path := "LogFormat"
		if name == "" {
			path = Element(path, i)
		}
		c.report(path, string(name), fieldProblem(t, string(name)))
	}
	return c.problems
}

// fieldProblem: "Unknown fields provided". For a resource type without a rule, EC2
// decides which fields it has.
func fieldProblem(t types.FlowLogsResourceType, name string) Problem {
	f, known := fields[name]
	resource := ruleOf(t)
	switch {
	case name == "":
		return wrong("is empty: want the name of a field")
	case !isFieldName(name):
		return wrong("want the name of a field, without ${ and }")
	case !known:
		return unknown("unknown field" + nearest(name))
	case resource != nil && f.kinds&resource.fields == 0:
		return wrong("is not a field of flow logs of type " + string(t))
	}
	return Problem{}
}

// AreFieldNames reports whether each of the names is one field in a format, which need
// not exist.
func AreFieldNames[F ~string](names []F) bool {
	for _, name := range names {
		if name == "" || !isFieldName(string(name)) {
			return false
		}
	}
	return true
}

func isFieldName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("${}", r) })
}

// nearest names the known field that is most like name, if one is: at least half of it
// must be the same.
func nearest(name string) string {
	found, least := "", len(name)/2+1
	for _, known := range slices.Sorted(maps.Keys(fields)) {
		if len(name) > 2*len(known) {
			continue // and cannot take long to compare
		}
		if d := distance(name, known); d < least {
			found, least = "; the nearest known one is "+known, d
		}
	}
	return found
}

// distance returns how many insertions, deletions and replacements of a byte turn a into
// b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
