package flowlogstest

import (
	"encoding/xml"
	"fmt"
	"reflect"
	"strings"
	"time"
)

const (
	xmlContentType = "text/xml;charset=UTF-8"
	xmlHeader      = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	xmlTime        = "2006-01-02T15:04:05.000Z"
)

// encode writes the output of an action as EC2 does, without newlines and indentation.
// The names of the elements follow from the names of the SDK's fields.
// https://docs.aws.amazon.com/ec2/latest/devguide/Query-Requests.html
func encode(action, requestID string, output any) string {
	var b strings.Builder
	b.WriteString(xmlHeader)
	fmt.Fprintf(&b, `<%sResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">`, action)
	writeElement(&b, "requestId", reflect.ValueOf(requestID))
	writeFields(&b, reflect.ValueOf(output).Elem())
	fmt.Fprintf(&b, "</%sResponse>", action)
	return b.String()
}

// encodeError writes an error. EC2 spells RequestID like this only in errors.
func encodeError(err *apiError, requestID string) string {
	var b strings.Builder
	b.WriteString(xmlHeader + "<Response><Errors><Error>")
	writeElement(&b, "Code", reflect.ValueOf(err.code))
	writeElement(&b, "Message", reflect.ValueOf(err.message))
	b.WriteString("</Error></Errors>")
	writeElement(&b, "RequestID", reflect.ValueOf(requestID))
	b.WriteString("</Response>")
	return b.String()
}

func writeFields(b *strings.Builder, v reflect.Value) {
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() && field.Name != "ResultMetadata" {
			writeElement(b, elementName(field), v.Field(i))
		}
	}
}

// elementName returns the name of the element for a field: logFormat for LogFormat, and
// flowLogIdSet for the list FlowLogIds.
func elementName(field reflect.StructField) string {
	name := strings.ToLower(field.Name[:1]) + field.Name[1:]
	if field.Type.Kind() == reflect.Slice && name != "unsuccessful" {
		return strings.TrimSuffix(name, "s") + "Set"
	}
	return name
}

// writeElement writes nothing for nil and for the empty value of an enumeration.
func writeElement(b *strings.Builder, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			writeElement(b, name, v.Elem())
		}
		return
	case reflect.Slice:
		if v.IsNil() {
			return
		}
	case reflect.String:
		if v.IsZero() && v.Type() != reflect.TypeFor[string]() {
			return
		}
	}
	b.WriteString("<" + name + ">")
	writeContent(b, v)
	b.WriteString("</" + name + ">")
}

func writeContent(b *strings.Builder, v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		b.WriteString(v.Interface().(time.Time).UTC().Format(xmlTime))
	case v.Kind() == reflect.Struct:
		writeFields(b, v)
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			writeElement(b, "item", v.Index(i))
		}
	default:
		_ = xml.EscapeText(b, fmt.Append(nil, v)) // fails only if b does
	}
}

// wireTime returns t with the precision of the wire.
func wireTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
