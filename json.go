package flowlogs

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// document is the input as the AWS CLI writes it down, in the CLI's order, with
// nothing that is not set.
type document struct {
	DryRun                   *bool                                `json:",omitempty"`
	ClientToken              *string                              `json:",omitempty"`
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
	DestinationOptions       *documentOptions                     `json:",omitempty"`
	TagFieldSpecifications   []types.TagFieldSpecificationRequest `json:",omitempty"`
}

type documentOptions struct {
	FileFormat               types.DestinationFileFormat `json:",omitempty"`
	HiveCompatiblePartitions *bool                       `json:",omitempty"`
	PerHourPartition         *bool                       `json:",omitempty"`
}

// MarshalJSON writes the document that the AWS CLI takes with --cli-input-json,
// leaving out what is not set. The request need not be valid.
func (r Request) MarshalJSON() ([]byte, error) {
	if s := r.MaxAggregationInterval / time.Second; s*time.Second != r.MaxAggregationInterval || s < math.MinInt32 || s > math.MaxInt32 {
		return nil, &FieldError{Field: "MaxAggregationInterval", Value: r.MaxAggregationInterval.String(), Message: "want whole seconds"}
	}
	in := r.settings()
	d := document{
		DryRun:                   in.DryRun,
		ClientToken:              text(&r.ClientToken),
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
		d.DestinationOptions = &documentOptions{o.FileFormat, o.HiveCompatiblePartitions, o.PerHourPartition}
	}
	return json.Marshal(d)
}

// UnmarshalJSON reads the document that the AWS CLI takes with --cli-input-json.
// The names of members are EC2's, in EC2's case. The error is a *[ValidationError]
// for a member that EC2 does not have, a value of the wrong kind, and all that
// [FromInput] refuses; the request is then left as it was. A parameter that is
// null or an empty string is one left out, so that an unfilled part of a skeleton
// does no harm. The request is not validated.
func (r *Request) UnmarshalJSON(data []byte) error {
	v := validator{paths: &inputPaths}
	v.members(data, reflect.TypeFor[ec2.CreateFlowLogsInput](), "")
	if err := v.err(); err != nil {
		return err
	}
	var in ec2.CreateFlowLogsInput
	if err := json.Unmarshal(data, &in); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			v.add(cmp.Or(kind.Field, "document"), kind.Value, "want "+nameOfKind(kind.Type.Kind()))
			return v.err()
		}
		return fmt.Errorf("flowlogs: not a JSON document: %w", err)
	}
	decoded, err := FromInput(&in)
	if err != nil {
		return err
	}
	*r = decoded
	return nil
}

// members refuses the members that t does not have. The JSON package itself can
// do that, but takes other spellings of a name for the name.
func (v *validator) members(data json.RawMessage, t reflect.Type, path string) {
	switch data = bytes.TrimLeft(data, " \t\r\n"); {
	case t.Kind() == reflect.Pointer:
		v.members(data, t.Elem(), path)
	case t.Kind() == reflect.Slice && bytes.HasPrefix(data, []byte("[")):
		var elements []json.RawMessage
		if json.Unmarshal(data, &elements) != nil {
			return // reported where the whole is decoded
		}
		for i, element := range elements {
			v.members(element, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	case t.Kind() == reflect.Struct && bytes.HasPrefix(data, []byte("{")):
		var members map[string]json.RawMessage
		if json.Unmarshal(data, &members) != nil {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			member := name
			if path != "" {
				member = path + "." + name
			}
			field, ok := t.FieldByName(name)
			if !ok || !field.IsExported() {
				v.add(printable(member), "", "unknown member; want one of "+strings.Join(memberNames(t), ", "))
				continue
			}
			v.members(members[name], field.Type, member)
		}
	}
}

func memberNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if field := t.Field(i); field.IsExported() {
			names = append(names, field.Name)
		}
	}
	return names
}

func nameOfKind(k reflect.Kind) string {
	switch k {
	case reflect.Struct:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Int32:
		return "a whole number"
	default:
		return "a string"
	}
}
