package flowlogs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// inputDocument is the SDK's input as the AWS CLI writes it, in the CLI's order and
// without what is not set.
type inputDocument struct {
	DryRun                   *bool                                `json:",omitempty"`
	ClientToken              string                               `json:",omitempty"`
	DeliverLogsPermissionArn *string                              `json:",omitempty"`
	DeliverCrossAccountRole  *string                              `json:",omitempty"`
	LogGroupName             *string                              `json:",omitempty"`
	ResourceIds              []string                             `json:",omitempty"`
	ResourceType             types.FlowLogsResourceType           `json:",omitempty"`
	TrafficType              types.TrafficType                    `json:",omitempty"`
	LogDestinationType       types.LogDestinationType             `json:",omitempty"`
	LogDestination           *string                              `json:",omitempty"`
	LogFormat                *string                              `json:",omitempty"`
	TagSpecifications        []types.TagSpecification             `json:",omitempty"`
	MaxAggregationInterval   *int32                               `json:",omitempty"`
	DestinationOptions       *optionsDocument                     `json:",omitempty"`
	TagFieldSpecifications   []types.TagFieldSpecificationRequest `json:",omitempty"`
}

type optionsDocument struct {
	FileFormat               types.DestinationFileFormat `json:",omitempty"`
	HiveCompatiblePartitions *bool                       `json:",omitempty"`
	PerHourPartition         *bool                       `json:",omitempty"`
}

// MarshalJSON writes the document that the AWS CLI reads with --cli-input-json,
// without what is not set. The request need not be valid, but its interval must be
// one that the document can hold; otherwise the error is a *[ValidationError].
func (r Request) MarshalJSON() ([]byte, error) {
	if i := r.MaxAggregationInterval; !isWholeSeconds(i) {
		v := validator{paths: &requestPaths}
		v.check(v.paths.interval, i.String(), wrong("want whole seconds"))
		return nil, v.err()
	}
	in := r.template()
	d := inputDocument{
		DryRun:                   in.DryRun,
		ClientToken:              r.ClientToken,
		DeliverLogsPermissionArn: in.DeliverLogsPermissionArn,
		DeliverCrossAccountRole:  in.DeliverCrossAccountRole,
		LogGroupName:             in.LogGroupName,
		ResourceIds:              r.ResourceIDs,
		ResourceType:             r.ResourceType,
		TrafficType:              in.TrafficType,
		LogDestinationType:       in.LogDestinationType,
		LogDestination:           in.LogDestination,
		LogFormat:                in.LogFormat,
		TagSpecifications:        in.TagSpecifications,
		MaxAggregationInterval:   in.MaxAggregationInterval,
		TagFieldSpecifications:   in.TagFieldSpecifications,
	}
	if o := in.DestinationOptions; o != nil {
		d.DestinationOptions = &optionsDocument{o.FileFormat, o.HiveCompatiblePartitions, o.PerHourPartition}
	}
	return json.Marshal(d)
}

// UnmarshalJSON reads the document that the AWS CLI reads with --cli-input-json.
// Members have EC2's names, in EC2's case. A member that is null or an empty string
// is left out, so an unfilled part of a skeleton does no harm. The request is not
// validated.
//
// The error is a *[ValidationError] with every unknown member, every value of the
// wrong type and everything that [FromInput] rejects. The request is then left as
// it was.
func (r *Request) UnmarshalJSON(document []byte) error {
	if err := json.Unmarshal(document, new(json.RawMessage)); err != nil {
		return fmt.Errorf("flowlogs: not a JSON document: %w", err)
	}
	if !utf8.Valid(document) {
		return errors.New("flowlogs: not a JSON document: want valid UTF-8")
	}
	if string(bytes.TrimSpace(document)) == "null" {
		return nil // by convention of encoding/json
	}
	var in ec2.CreateFlowLogsInput
	v := validator{paths: &inputPaths}
	v.decode("", document, reflect.ValueOf(&in).Elem())
	n := len(v.problems)
	misread := make(map[string]bool, n)
	for _, f := range v.problems {
		misread[f.Field] = true
	}
	decoded := v.requestOf(&in)
	found := slices.DeleteFunc(v.problems[n:], func(f FieldError) bool {
		return isWithin(f.Field, misread) // reported already
	})
	v.problems = v.problems[:n+len(found)]
	if err := v.err(); err != nil {
		return err
	}
	*r = decoded
	return nil
}

// isWithin reports whether the value at path is part of one of those at wholes.
func isWithin(path string, wholes map[string]bool) bool {
	for path != "" && !wholes[path] {
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return path != ""
}

// decode reads data into a member of the SDK's input. Unlike encoding/json, it
// reports every problem, with its path, and is strict about the case of names.
func (v *validator) decode(path string, data json.RawMessage, to reflect.Value) {
	data = bytes.TrimSpace(data)
	if string(data) == "null" {
		return
	}
	kind := kindOf(data)
	switch {
	case to.Kind() == reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		v.decode(path, data, to.Elem())
	case to.Kind() == reflect.Slice && kind == "a list":
		v.decodeElements(path, data, to)
	case to.Kind() == reflect.Struct && kind == "an object":
		v.decodeMembers(path, data, to)
	case json.Unmarshal(data, to.Addr().Interface()) != nil:
		v.misread(path, data, kind, to)
	}
}

func (v *validator) decodeElements(path string, data json.RawMessage, to reflect.Value) {
	if _, ok := to.Interface().([]string); ok && json.Unmarshal(data, to.Addr().Interface()) == nil {
		return // a hundred thousand IDs at once
	}
	var elements []json.RawMessage
	_ = json.Unmarshal(data, &elements) // the document has been found valid
	to.Set(reflect.MakeSlice(to.Type(), len(elements), len(elements)))
	for i := range elements {
		v.decode(element(path, i), elements[i], to.Index(i))
	}
}

func (v *validator) decodeMembers(path string, data json.RawMessage, to reflect.Value) {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(data, &members) // the document has been found valid
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member := name
		if path != "" {
			member = path + "." + name
		}
		if field, ok := to.Type().FieldByName(name); ok && field.IsExported() {
			v.decode(member, members[name], to.FieldByIndex(field.Index))
			continue
		}
		v.check(member, "", wrong("unknown member; want "+oneOf(memberNames(to.Type()))))
	}
}

func memberNames(t reflect.Type) []string {
	var names []string
	for _, field := range reflect.VisibleFields(t) {
		if field.IsExported() {
			names = append(names, field.Name)
		}
	}
	return names
}

// misread reports a value that is not of the kind that its member has.
func (v *validator) misread(path string, data json.RawMessage, kind string, to reflect.Value) {
	value := string(data)
	if kind == "a string" {
		_ = json.Unmarshal(data, &value) // shown without its quotation marks
	}
	if to.Kind() == reflect.String {
		to.SetString(value) // not missing: that would be another problem
	}
	message := "want " + kindsOfMembers[to.Kind()]
	if kind != "a number" || to.Kind() != reflect.Int32 {
		message += ", not " + kind
	}
	if path == "" {
		path = "document"
	}
	v.check(path, value, wrong(message))
}

// kindsOfMembers has the kinds of all members of the SDK's input.
var kindsOfMembers = map[reflect.Kind]string{
	reflect.Struct: "an object",
	reflect.Slice:  "a list",
	reflect.Bool:   "true or false",
	reflect.Int32:  "a whole number of 32 bits",
	reflect.String: "a string",
}

// kindOf is what kind of JSON value data begins.
func kindOf(data json.RawMessage) string {
	switch data[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "true or false"
	default:
		return "a number"
	}
}
