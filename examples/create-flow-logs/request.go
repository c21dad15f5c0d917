package main

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs"
)

// request returns the parameters as the AWS CLI would send them and as a Request.
// The error lists every problem under the name that the user typed.
func (l commandLine) request(ctx context.Context, region string) (*ec2.CreateFlowLogsInput, flowlogs.Request, error) {
	var in ec2.CreateFlowLogsInput
	var req flowlogs.Request
	members, problems := l.members()
	if problems != nil {
		return nil, req, &flowlogs.ValidationError{Fields: problems}
	}
	document, err := json.Marshal(members)
	if err != nil {
		return nil, req, err
	}

	found := problemsOf(json.Unmarshal(document, &req)) // unknown members, wrong kinds
	if json.Unmarshal(document, &in) == nil {
		_, err := flowlogs.New(unsent{}).CreateFlowLogs(ctx, &in, func(o *ec2.Options) { o.Region = region })
		found = append(problemsOf(err), found...)
	}
	for _, problem := range found {
		if problem = l.renamed(problem, members); !slices.Contains(problems, problem) {
			problems = append(problems, problem)
		}
	}
	if problems != nil {
		return nil, req, &flowlogs.ValidationError{Fields: problems}
	}
	return &in, req, nil
}

// unsent is an API that sends nothing. A Client validates an input before it calls
// its API, in the input's own names and for the Region of the call.
type unsent struct{}

var errUnsent = errors.New("not sent")

func (unsent) CreateFlowLogs(context.Context, *ec2.CreateFlowLogsInput, ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	return nil, errUnsent
}

// members returns the parameters by their names in EC2's input. An option takes
// precedence over a member of --cli-input-json.
func (l commandLine) members() (map[string]any, []flowlogs.FieldError) {
	var problems []flowlogs.FieldError
	fail := func(g given, err error) {
		problems = append(problems, flowlogs.FieldError{Field: g.typed, Value: strings.Join(g.words, " "), Message: err.Error()})
	}
	members := make(map[string]any)
	if g, ok := l["cli-input-json"]; ok {
		var err error
		if members, err = inputJSON(g.words[0]); err != nil {
			fail(g, err)
		}
	}
	for _, o := range parameters {
		g, ok := l[o.dest]
		if !ok || g.option.name != o.name { // one of --dry-run and --no-dry-run, which have the same dest
			continue
		}
		value, err := g.value()
		if err != nil {
			fail(g, err)
			continue
		}
		members[o.dest] = value
	}
	return members, problems
}

func inputJSON(word string) (map[string]any, error) {
	members := make(map[string]any)
	document, err := load(word)
	if err != nil {
		return members, err
	}
	raw, err := parseJSON(document)
	if err != nil {
		return members, err
	}
	if !isJSON(document, "{") {
		return members, errors.New("want a JSON object")
	}
	return members, json.Unmarshal(raw, &members)
}

func problemsOf(err error) []flowlogs.FieldError {
	var invalid *flowlogs.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	return invalid.Fields
}

// renamed returns the problem under the name of its option:
// "TagSpecifications[0].Tags[1].Key" is "--tag-specifications[0].Tags[1].Key". A
// member of a JSON document keeps its name.
func (l commandLine) renamed(problem flowlogs.FieldError, members map[string]any) flowlogs.FieldError {
	end := strings.IndexAny(problem.Field+".", ".[")
	member, rest := problem.Field[:end], problem.Field[end:]
	_, given := members[member]
	switch option, typed := l[member]; {
	case typed:
		problem.Field = option.typed + rest
	case given:
		problem.Field = l["cli-input-json"].typed + " " + problem.Field
		return problem
	default:
		problem.Field = optionName(member) + rest
	}
	if rest == "" { // the message about a parameter may name others
		problem.Message = memberName.ReplaceAllStringFunc(problem.Message, optionName)
	}
	return problem
}

// memberName matches the names of EC2's parameters in a text.
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
