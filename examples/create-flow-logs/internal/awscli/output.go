package awscli

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/go-flowlogs/flowlogs"
)

// Formats are the formats of the output.
var Formats = []string{"json", "text", "table", "yaml", "yaml-stream", "off"}

// outputMembers are the names in the output, in the order of the AWS CLI.
var outputMembers = []string{"ClientToken", "FlowLogIds", "Unsuccessful", "Error", "Code", "Message", "ResourceId"}

// outputOf returns a response as objects, lists and strings, as package jmespath takes
// them.
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

// SampleResponse returns the response that --generate-cli-skeleton output prints, with
// the values of the AWS CLI.
func SampleResponse() *flowlogs.Response {
	return &flowlogs.Response{
		ClientToken:  "ClientToken",
		FlowLogIDs:   []string{"String"},
		Unsuccessful: []*flowlogs.UnsuccessfulError{{ResourceID: "ResourceId", Code: "Code", Message: "Message"}},
	}
}

// Printer prints output as the options say.
type Printer struct {
	to     io.Writer
	format string
	query  *Query
	color  bool
	width  int // of the terminal
}

// NewPrinter returns a Printer to stdout in one of Formats.
func (l *Command) NewPrinter(stdout io.Writer, format string) *Printer {
	color := l.Word("color")
	p := &Printer{to: stdout, format: format, query: l.Settings.Query, color: color == "on", width: 80}
	if file, ok := stdout.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.color = color != "off"
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			p.width = width
		}
	}
	return p
}

// Print prints the part of a response that the query selects.
func (p *Printer) Print(resp *flowlogs.Response) error { return p.print(outputOf(resp)) }

func (p *Printer) print(output any) error {
	selected, err := p.query.search(output)
	if err != nil {
		return fmt.Errorf("--query: %w", err)
	}
	var b bytes.Buffer
	if err := p.write(&b, selected); err != nil {
		return fmt.Errorf("--output %s: %w", p.format, err)
	}
	_, err = p.to.Write(b.Bytes())
	return err
}

func (p *Printer) write(b *bytes.Buffer, v any) error {
	if object, ok := v.(map[string]any); ok && len(object) == 0 && p.format != "text" {
		return nil // the AWS CLI prints nothing for a response that is empty
	}
	switch p.format {
	case "off":
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
