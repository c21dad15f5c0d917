package flowlogstest

import (
	"encoding/xml"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const (
	xmlContentType = "text/xml;charset=UTF-8"
	xmlHeader      = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	xmlTime        = "2006-01-02T15:04:05.000Z"
)

// document is the body of the response to a call that EC2 accepted. EC2 writes
// it without newlines and indentation:
// https://docs.aws.amazon.com/ec2/latest/devguide/Query-Requests.html
type document interface{ setRequestID(string) }

type requestIDElement struct {
	RequestID string `xml:"requestId"`
}

func (r *requestIDElement) setRequestID(id string) { r.RequestID = id }

// list is an EC2 list: <name><item>…</item></name>. It is present if it is
// empty; a pointer to one can be absent.
type list[T any] struct {
	Items []T `xml:"item"`
}

type createFlowLogsDocument struct {
	XMLName xml.Name `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ CreateFlowLogsResponse"`
	requestIDElement
	ClientToken  *string                `xml:"clientToken"`
	Unsuccessful list[unsuccessfulItem] `xml:"unsuccessful"`
	FlowLogIDs   list[string]           `xml:"flowLogIdSet"`
}

type deleteFlowLogsDocument struct {
	XMLName xml.Name `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DeleteFlowLogsResponse"`
	requestIDElement
	Unsuccessful list[unsuccessfulItem] `xml:"unsuccessful"`
}

type describeFlowLogsDocument struct {
	XMLName xml.Name `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeFlowLogsResponse"`
	requestIDElement
	FlowLogs  list[flowLogElement] `xml:"flowLogSet"`
	NextToken *string              `xml:"nextToken"`
}

type unsuccessfulItem struct {
	Code       *string `xml:"error>code"`
	Message    *string `xml:"error>message"`
	ResourceID *string `xml:"resourceId"`
}

type flowLogElement struct {
	CreationTime             *string                 `xml:"creationTime"`
	DeliverCrossAccountRole  *string                 `xml:"deliverCrossAccountRole"`
	DeliverLogsErrorMessage  *string                 `xml:"deliverLogsErrorMessage"`
	DeliverLogsPermissionArn *string                 `xml:"deliverLogsPermissionArn"`
	DeliverLogsStatus        *string                 `xml:"deliverLogsStatus"`
	DestinationOptions       *optionsElement         `xml:"destinationOptions"`
	FlowLogID                *string                 `xml:"flowLogId"`
	FlowLogStatus            *string                 `xml:"flowLogStatus"`
	LogDestination           *string                 `xml:"logDestination"`
	LogDestinationType       string                  `xml:"logDestinationType,omitempty"`
	LogFormat                *string                 `xml:"logFormat"`
	LogGroupName             *string                 `xml:"logGroupName"`
	MaxAggregationInterval   *int32                  `xml:"maxAggregationInterval"`
	ResourceID               *string                 `xml:"resourceId"`
	TagFieldSpecifications   *list[tagFieldsElement] `xml:"tagFieldSpecificationSet"`
	Tags                     *list[tagElement]       `xml:"tagSet"`
	TrafficType              string                  `xml:"trafficType,omitempty"`
}

type optionsElement struct {
	FileFormat               string `xml:"fileFormat,omitempty"`
	HiveCompatiblePartitions *bool  `xml:"hiveCompatiblePartitions"`
	PerHourPartition         *bool  `xml:"perHourPartition"`
}

type tagFieldsElement struct {
	ResourceType string       `xml:"resourceType"`
	TagKeys      list[string] `xml:"tagKeySet"`
}

type tagElement struct {
	Key   *string `xml:"key"`
	Value *string `xml:"value"`
}

// errorDocument spells the request ID in another way than the others.
type errorDocument struct {
	XMLName   xml.Name `xml:"Response"`
	Code      string   `xml:"Errors>Error>Code"`
	Message   string   `xml:"Errors>Error>Message"`
	RequestID string   `xml:"RequestID"`
}

func encode(v any) string {
	body, err := xml.Marshal(v)
	if err != nil {
		panic(err) // cannot happen: the types above have no values that do not marshal
	}
	return xmlHeader + string(body)
}

func newCreateFlowLogsDocument(out *ec2.CreateFlowLogsOutput) *createFlowLogsDocument {
	r := &createFlowLogsDocument{ClientToken: out.ClientToken}
	r.FlowLogIDs.Items = out.FlowLogIds
	for _, item := range out.Unsuccessful {
		element := unsuccessfulItem{ResourceID: item.ResourceId}
		if item.Error != nil {
			element.Code, element.Message = item.Error.Code, item.Error.Message
		}
		r.Unsuccessful.Items = append(r.Unsuccessful.Items, element)
	}
	return r
}

func newFlowLogElement(f types.FlowLog) flowLogElement {
	element := flowLogElement{
		DeliverCrossAccountRole:  f.DeliverCrossAccountRole,
		DeliverLogsErrorMessage:  f.DeliverLogsErrorMessage,
		DeliverLogsPermissionArn: f.DeliverLogsPermissionArn,
		DeliverLogsStatus:        f.DeliverLogsStatus,
		FlowLogID:                f.FlowLogId,
		FlowLogStatus:            f.FlowLogStatus,
		LogDestination:           f.LogDestination,
		LogDestinationType:       string(f.LogDestinationType),
		LogFormat:                f.LogFormat,
		LogGroupName:             f.LogGroupName,
		MaxAggregationInterval:   f.MaxAggregationInterval,
		ResourceID:               f.ResourceId,
		TrafficType:              string(f.TrafficType),
	}
	if o := f.DestinationOptions; o != nil {
		element.DestinationOptions = &optionsElement{string(o.FileFormat), o.HiveCompatiblePartitions, o.PerHourPartition}
	}
	if f.CreationTime != nil {
		element.CreationTime = aws.String(f.CreationTime.UTC().Format(xmlTime))
	}
	if f.Tags != nil {
		element.Tags = &list[tagElement]{}
	}
	for _, tag := range f.Tags {
		element.Tags.Items = append(element.Tags.Items, tagElement{tag.Key, tag.Value})
	}
	if len(f.TagFieldSpecifications) > 0 {
		element.TagFieldSpecifications = &list[tagFieldsElement]{}
	}
	for _, spec := range f.TagFieldSpecifications {
		fields := tagFieldsElement{ResourceType: string(spec.ResourceType), TagKeys: list[string]{spec.TagKeys}}
		element.TagFieldSpecifications.Items = append(element.TagFieldSpecifications.Items, fields)
	}
	return element
}

// wireTime returns t with the precision of the wire.
func wireTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
