package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/term"

	"github.com/go-flowlogs/flowlogs"
)

// formats are the formats of the output.
var formats = []string{"json", "text", "table", "yaml", "yaml-stream"}

// outputMembers are the names in the output, in the order of the AWS CLI.
var outputMembers = []string{"ClientToken", "FlowLogIds", "Unsuccessful", "Error", "Code", "Message", "ResourceId"}

// outputOf returns what is printed of a response: objects, lists and strings, as
// package jmespath takes them.
func outputOf(resp *flowlogs.Response) map[string]any {
	ids, unsuccessful := []any{}, []any{}
	for _, id := range resp.FlowLogIDs {
		ids = append(ids, id)
	}
	for _, item := range resp.Unsuccessful {
		unsuccessful = append(unsuccessful, map[string]any{
			"Error":      map[string]any{"Code": item.Code, "Message": item.Message},
			"ResourceId": item.ResourceID,
		})
	}
	return map[string]any{"ClientToken": resp.ClientToken, "FlowLogIds": ids, "Unsuccessful": unsuccessful}
}

// sampleOutput is what --generate-cli-skeleton output prints, with the values of
// the AWS CLI.
func sampleOutput() map[string]any {
	return outputOf(&flowlogs.Response{
		ClientToken:  "ClientToken",
		FlowLogIDs:   []string{"String"},
		Unsuccessful: []flowlogs.UnsuccessfulItem{{ResourceID: "ResourceId", Code: "Code", Message: "Message"}},
	})
}

// printer prints output as the options say.
type printer struct {
	format string
	query  *query
	color  bool
	width  int // of the terminal
}

func newPrinter(stdout io.Writer, line *commandLine, cfg aws.Config, q *query) (*printer, error) {
	format, err := outputFormat(line, cfg)
	color := line.word("color")
	p := &printer{format: format, query: q, color: color == "on", width: 80}
	if file, ok := stdout.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.color = color != "off"
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			p.width = width
		}
	}
	return p, err
}

func (p *printer) print(w io.Writer, output any) error {
	selected, err := p.query.search(output)
	if err != nil {
		return fmt.Errorf("--query: %w", err)
	}
	var b bytes.Buffer
	if err := p.write(&b, selected); err != nil {
		return fmt.Errorf("--output %s: %w", p.format, err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

func (p *printer) write(b *bytes.Buffer, v any) error {
	if object, ok := v.(map[string]any); ok && len(object) == 0 && p.format != "text" {
		return nil // the AWS CLI prints nothing for a response that is empty
	}
	switch p.format {
	case "text":
		writeText(b, v, "", nil)
	case "table":
		return p.writeTable(b, v)
	case "yaml":
		return writeYAML(b, v)
	case "yaml-stream":
		return writeYAML(b, []any{v})
	default:
		p.writeJSON(b, v, "\n")
		b.WriteByte('\n')
	}
	return nil
}
