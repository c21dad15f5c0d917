package awscli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs"
)

// Request returns the input that the AWS CLI would send for the parameters in a Region,
// and the same as a Request. If the command line has problems, the error is a
// *flowlogs.ValidationError with all of them.
func (l *Command) Request(ctx context.Context, region string) (*ec2.CreateFlowLogsInput, flowlogs.Request, error) {
	in, req, err := l.request(ctx, region)
	return in, req, cmp.Or(l.invalid(), err)
}

// invalid returns the problems of the command line as an error, or nil if it has none.
func (l *Command) invalid() error {
	if len(l.problems) == 0 {
		return nil
	}
	return &flowlogs.ValidationError{Fields: l.problems}
}

func (l *Command) request(ctx context.Context, region string) (*ec2.CreateFlowLogsInput, flowlogs.Request, error) {
	var req flowlogs.Request
	in, found, err := decodeInput(l.members)
	if err != nil {
		return nil, req, err
	}
	_, err = flowlogs.New(unsent{}, func(o *flowlogs.Options) { o.Allow = l.Allow }).CreateFlowLogs(ctx, &in, func(o *ec2.Options) { o.Region = region })
	for _, problem := range problemsOf(err) {
		// A parameter may be missing only because it could not be read.
		if covered(problem.Field, found) || problem.Value == "" && l.concernsUnread(problem) {
			continue
		}
		if isOldBucket(problem) {
			problem.Message += "; for a bucket of before March 2018, give --" + allowOldBucket
		}
		l.wrongMember(problem)
	}
	for _, problem := range found {
		l.wrongMember(problem)
	}
	if len(l.problems) > 0 {
		return nil, req, nil
	}
	document, err := json.Marshal(l.members)
	if err != nil {
		return nil, req, err
	}
	err = json.Unmarshal(document, &req)
	for _, problem := range problemsOf(err) {
		l.wrongMember(problem)
	}
	return &in, req, err
}

// Allow is for [flowlogs.Options]. If the command line says so, it accepts bucket names
// that S3 allowed until March 2018.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func (l *Command) Allow(problem *flowlogs.FieldError) bool {
	return l.Has(allowOldBucket) && isOldBucket(*problem)
}

var oldBucketARN = regexp.MustCompile(`^arn:[a-z-]+:s3:::[A-Za-z0-9._-]{3,255}(/.*)?$`)

func isOldBucket(problem flowlogs.FieldError) bool {
	return (problem.Field == "LogDestination" || problem.Field == "Destination.BucketARN") &&
		oldBucketARN.MatchString(problem.Value) && !slices.Contains(strings.Split(problem.Value, "/"), "AWSLogs")
}

// unsent is an API that sends nothing, so that CreateFlowLogs of a Client only validates.
// Its paths have the input's names, and it knows the Region of the call.
type unsent struct{}

var errUnsent = errors.New("not sent")

func (unsent) CreateFlowLogs(context.Context, *ec2.CreateFlowLogsInput, ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	return nil, errUnsent
}

// parameters returns the parameters by their names in EC2's input: those of the input
// document, replaced by those that have an option of their own.
func (l *Command) parameters() map[string]any {
	members := make(map[string]any)
	for dest, decode := range map[string]func(string) (any, error){"cli-input-json": parseJSON, "cli-input-yaml": parseYAML} {
		if g, ok := l.given[dest]; ok {
			document, err := inputDocument(g.words[0], decode)
			if err != nil {
				l.wrongValue(g, err.Error())
				for _, o := range parameters { // each may have been in the document
					l.unread[o.dest] = true
				}
			}
			maps.Copy(members, document)
		}
	}
	for _, o := range parameters {
		g, ok := l.given[o.dest]
		if !ok || g.option.name != o.name { // --dry-run and --no-dry-run have one place
			continue
		}
		value, err := g.value()
		if err != nil {
			l.reject(g, err.Error())
			delete(members, o.dest)
			continue
		}
		members[o.dest] = value
	}
	return members
}

func problemsOf(err error) []flowlogs.FieldError {
	var invalid *flowlogs.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	return invalid.Fields
}

// covered reports whether one of the problems is at the path, or at a value that contains
// it.
func covered(path string, problems []flowlogs.FieldError) bool {
	return slices.ContainsFunc(problems, func(p flowlogs.FieldError) bool {
		return path == p.Field || strings.HasPrefix(path, p.Field+".") || strings.HasPrefix(path, p.Field+"[")
	})
}

// concernsUnread reports whether a problem is about an option that could not be read, or
// names one.
func (l *Command) concernsUnread(problem flowlogs.FieldError) bool {
	if l.unread[memberOf(problem.Field)] {
		return true
	}
	for _, name := range memberName.FindAllString(problem.Message, -1) {
		if l.unread[name] {
			return true
		}
	}
	return false
}

func memberOf(path string) string {
	return path[:strings.IndexAny(path+".", ".[")]
}

func (l *Command) wrongMember(problem flowlogs.FieldError) {
	problem = l.renamed(problem)
	l.wrong(problem.Field, problem.Value, problem.Message)
}

// renamed returns a problem under the name of its option, as the user typed it:
// "TagSpecifications[0].Tags[1].Key" is "--tag-specifications[0].Tags[1].Key". A member
// of a document keeps its name. The value is shown as it was given.
func (l *Command) renamed(problem flowlogs.FieldError) flowlogs.FieldError {
	member := memberOf(problem.Field)
	rest := problem.Field[len(member):]
	value, given := l.members[member]
	whole := rest == "" && problem.Value != "" && !isList(value)
	if whole && given {
		problem.Value = literal(value)
	}
	switch option, typed := l.given[member]; {
	case typed:
		if whole {
			problem.Value = strings.Join(option.words, " ")
		}
		problem.Field = option.typed + rest
	case given:
		document := l.given["cli-input-json"]
		if document.option == nil {
			document = l.given["cli-input-yaml"]
		}
		problem.Field = document.typed + " " + problem.Field
		return problem
	default:
		problem.Field = optionName(member) + rest
	}
	if rest == "" { // the message about a parameter may name another one
		problem.Message = memberName.ReplaceAllStringFunc(problem.Message, optionName)
	}
	return problem
}

// memberName finds the names of EC2's parameters in a text.
var memberName = func() *regexp.Regexp {
	names := make([]string, len(parameters))
	for i, o := range parameters {
		names[i] = o.dest
	}
	return regexp.MustCompile(`\b(?:` + strings.Join(names, "|") + `)\b`)
}()

func optionName(member string) string {
	if o := optionTo(member); o != nil {
		return "--" + o.name
	}
	return member
}
