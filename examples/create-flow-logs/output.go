package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/go-flowlogs/flowlogs"
)

// document is the output, with its members in the order of the AWS CLI.
type document struct {
	ClientToken  string
	FlowLogIds   []string
	Unsuccessful []unsuccessful
}

type unsuccessful struct {
	Error      unsuccessfulError
	ResourceId string
}

type unsuccessfulError struct{ Code, Message string }

func documentOf(resp *flowlogs.Response) document {
	d := document{
		ClientToken:  resp.ClientToken,
		FlowLogIds:   append([]string{}, resp.FlowLogIDs...),
		Unsuccessful: []unsuccessful{},
	}
	for _, item := range resp.Unsuccessful {
		d.Unsuccessful = append(d.Unsuccessful, unsuccessful{unsuccessfulError{item.Code, item.Message}, item.ResourceID})
	}
	return d
}

// writer writes a document in one of the formats of --output.
type writer func(io.Writer, document) error

func writerOf(format string) (writer, error) {
	switch format {
	case "json":
		return atOnce(document.json), nil
	case "text":
		return atOnce(document.text), nil
	case "table":
		return atOnce(document.table), nil
	default:
		return nil, wrong("AWS_DEFAULT_OUTPUT", format, "want one of json, text, table")
	}
}

func atOnce(format func(document, *bytes.Buffer)) writer {
	return func(w io.Writer, d document) error {
		var b bytes.Buffer
		format(d, &b)
		_, err := w.Write(b.Bytes())
		return err
	}
}

func (d document) json(b *bytes.Buffer) {
	e := json.NewEncoder(b)
	e.SetIndent("", "    ")
	e.SetEscapeHTML(false)
	_ = e.Encode(d) // strings always encode
}

func (d document) text(b *bytes.Buffer) {
	fmt.Fprintln(b, d.ClientToken)
	for _, id := range d.FlowLogIds {
		fmt.Fprintf(b, "FLOWLOGIDS\t%s\n", id)
	}
	for _, u := range d.Unsuccessful {
		fmt.Fprintf(b, "UNSUCCESSFUL\t%s\n", u.ResourceId)
		fmt.Fprintf(b, "ERROR\t%s\t%s\n", u.Error.Code, u.Error.Message)
	}
}

func (d document) table(b *bytes.Buffer) {
	sections := []section{{title: "CreateFlowLogs", rows: [][]string{{"ClientToken", d.ClientToken}}}}
	if len(d.FlowLogIds) > 0 {
		ids := section{title: "FlowLogIds", indent: 1}
		for _, id := range d.FlowLogIds {
			ids.rows = append(ids.rows, []string{id})
		}
		sections = append(sections, ids)
	}
	for _, u := range d.Unsuccessful {
		sections = append(sections,
			section{title: "Unsuccessful", indent: 1, headers: []string{"ResourceId"}, rows: [][]string{{u.ResourceId}}},
			section{title: "Error", indent: 2, headers: []string{"Code", "Message"}, rows: [][]string{{u.Error.Code, u.Error.Message}}},
		)
	}
	printTable(b, sections)
}
