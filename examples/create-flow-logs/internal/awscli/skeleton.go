package awscli

import (
	_ "embed"
	"io"

	"go.yaml.in/yaml/v3"
)

// inputSkeleton has every parameter that --cli-input-json takes, in the order of the AWS
// CLI. Where the CLI chooses values at random or writes 0, it has values that go
// together.
//
//go:embed skeleton.json
var inputSkeleton string

// printYAMLSkeleton prints inputSkeleton for --cli-input-yaml, with the help of each
// parameter as a comment.
func printYAMLSkeleton(w io.Writer) error {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(inputSkeleton), &document); err != nil { // JSON is YAML
		return err
	}
	members := document.Content[0].Content
	for i := 0; i < len(members); i += 2 {
		comment := optionTo(members[i].Value).help
		if name := members[i].Value; name == "ResourceIds" || name == "ResourceType" {
			comment = "[REQUIRED] " + comment
		}
		if value := members[i+1]; value.Kind == yaml.ScalarNode {
			value.LineComment = comment
		} else {
			members[i].LineComment = comment
		}
	}
	inBlocks(&document)
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	e.CompactSeqIndent()
	if err := e.Encode(&document); err != nil {
		return err
	}
	return e.Close()
}

// inBlocks removes the brackets and quotation marks of JSON from a node.
func inBlocks(node *yaml.Node) {
	node.Style = 0
	if node.Kind == yaml.ScalarNode && node.Value == "" {
		node.Style = yaml.SingleQuotedStyle
	}
	for _, child := range node.Content {
		inBlocks(child)
	}
}
