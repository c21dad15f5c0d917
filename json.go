package flowlogs

import (
	"bytes"
	"cmp"
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

	"github.com/go-flowlogs/flowlogs/internal/rules"
)

// inputDocument is the SDK's input as the AWS CLI writes it: in the CLI's order, and
// without members that are not set.
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
// without members that are not set. The request need not be valid, but its interval
// must be whole seconds; otherwise the error is a *[ValidationError].
func (r Request) MarshalJSON() ([]byte, error) {
	if i := r.MaxAggregationInterval; !isWholeSeconds(i) {
		return nil, validationError([]FieldError{{Field: "MaxAggregationInterval", Value: i.String(), Message: "want whole seconds, at most 2147483647"}})
	}
	in := r.input()
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
// counts as missing, so a skeleton of the CLI need not be filled in completely. The
// request is not validated.
//
// The error is a *[ValidationError] with every unknown member, every value of the
// wrong type and everything that [FromInput] rejects. With an error, the request is
// unchanged.
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
	var d decoder
	d.decode("", document, reflect.ValueOf(&in).Elem())
	misread := make(map[string]bool)
	for _, f := range d.problems {
		misread[f.Field] = true
	}
	decoded, unfit := fromInput(&in)
	for _, f := range notAllowed(unfit, nil) {
		if !isWithin(f.Field, misread) { // else it is reported already
			d.problems = append(d.problems, f)
		}
	}
	if err := validationError(d.problems); err != nil {
		return err
	}
	*r = decoded
	return nil
}

// isWithin reports whether path is one of wholes, or part of one.
func isWithin(path string, wholes map[string]bool) bool {
	for path != "" && !wholes[path] {
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return path != ""
}

// decoder reads a document and collects its problems.
type decoder struct{ problems []FieldError }

func (d *decoder) report(path, value, message string) {
	d.problems = append(d.problems, FieldError{Field: path, Value: value, Message: message})
}

// decode reads data into a member of the SDK's input. Unlike encoding/json, it reports
// every problem with its path, and names are case-sensitive.
func (d *decoder) decode(path string, data json.RawMessage, to reflect.Value) {
	data = bytes.TrimSpace(data)
	if string(data) == "null" {
		return
	}
	kind := kindOf(data)
	switch {
	case to.Kind() == reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		d.decode(path, data, to.Elem())
	case to.Kind() == reflect.Slice && kind == "a list":
		d.decodeElements(path, data, to)
	case to.Kind() == reflect.Struct && kind == "an object":
		d.decodeMembers(path, data, to)
	case json.Unmarshal(data, to.Addr().Interface()) != nil:
		d.misread(path, data, kind, to)
	}
}

func (d *decoder) decodeElements(path string, data json.RawMessage, to reflect.Value) {
	if _, ok := to.Interface().([]string); ok && json.Unmarshal(data, to.Addr().Interface()) == nil {
		return // common case: all IDs at once, which may be a hundred thousand
	}
	var elements []json.RawMessage
	_ = json.Unmarshal(data, &elements) // cannot fail: the document is valid JSON
	to.Set(reflect.MakeSlice(to.Type(), len(elements), len(elements)))
	for i := range elements {
		d.decode(rules.Element(path, i), elements[i], to.Index(i))
	}
}

func (d *decoder) decodeMembers(path string, data json.RawMessage, to reflect.Value) {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(data, &members) // cannot fail: the document is valid JSON
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member := cmp.Or(name, `""`)
		if path != "" {
			member = path + "." + member
		}
		if field, ok := to.Type().FieldByName(name); ok && field.IsExported() {
			d.decode(member, members[name], to.FieldByIndex(field.Index))
			continue
		}
		d.report(member, "", "unknown member; want "+rules.OneOf(memberNames(to.Type())))
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

// misread reports a value of the wrong kind for its member.
func (d *decoder) misread(path string, data json.RawMessage, kind string, to reflect.Value) {
	value := string(data)
	if kind == "a string" {
		_ = json.Unmarshal(data, &value) // shown without its quotation marks
	}
	if to.Kind() == reflect.String {
		to.SetString(value) // or it would be reported as missing too
	}
	message := "want " + kindsOfMembers[to.Kind()]
	if kind != "a number" || to.Kind() != reflect.Int32 {
		message += ", not " + kind
	}
	if path == "" {
		path = "document"
	}
	d.report(path, value, message)
}

// kindsOfMembers describes the kinds of members that the SDK's input has.
var kindsOfMembers = map[reflect.Kind]string{
	reflect.Struct: "an object",
	reflect.Slice:  "a list",
	reflect.Bool:   "true or false",
	reflect.Int32:  "a whole number of 32 bits",
	reflect.String: "a string",
}

// kindOf describes the kind of a JSON value.
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
