package awscli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// inputDocument returns the members of the document of --cli-input-json or
// --cli-input-yaml. Unlike for parameters, the AWS CLI also takes fileb:// here.
func inputDocument(word string, decode func(string) (any, error)) (map[string]any, error) {
	var content string
	var err error
	if path, ok := strings.CutPrefix(word, binaryScheme); ok {
		content, err = readFile(path)
	} else {
		content, err = load(word)
	}
	if err != nil {
		return nil, err
	}
	document, err := decode(content)
	if err != nil {
		return nil, err
	}
	members, ok := document.(map[string]any)
	if !ok {
		return nil, errors.New("want an object with the parameters")
	}
	return members, nil
}

func parseJSON(s string) (any, error) {
	var document any
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber() // keeps numbers as they are written
	if err := d.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("unexpected end")
		}
		return nil, fmt.Errorf("not a JSON document: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a JSON document: more follows its end")
	}
	return document, nil
}

func parseYAML(s string) (any, error) {
	var node yaml.Node
	d := yaml.NewDecoder(strings.NewReader(s))
	if err := d.Decode(&node); err != nil && !errors.Is(err, io.EOF) {
		return nil, notYAML(err)
	}
	decimal(&node)
	var document any
	if err := node.Decode(&document); err != nil {
		return nil, notYAML(err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a YAML document: more follows its end")
	}
	return asJSON(document)
}

var leadingZeros = regexp.MustCompile(`^([-+]?)0[0_]*([0-9][0-9_]*)$`)

// decimal makes whole numbers with a leading zero decimal, as they are in the YAML 1.2 of
// the AWS CLI. The library reads them as octal, as in YAML 1.1.
func decimal(node *yaml.Node) {
	if (node.Style == 0 || node.Tag == "!!int") && leadingZeros.MatchString(node.Value) {
		node.Tag, node.Value = "!!int", leadingZeros.ReplaceAllString(node.Value, "$1$2")
	}
	for _, child := range node.Content {
		decimal(child)
	}
}

func notYAML(err error) error {
	return fmt.Errorf("not a YAML document: %s", strings.TrimPrefix(err.Error(), "yaml: "))
}

// asJSON returns a value of YAML in the types that a JSON document decodes to.
func asJSON(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string:
		return v, nil
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".eNI") {
			text += ".0" // is not a whole number in YAML either
		}
		return json.Number(text), nil
	case []any:
		for i := range v {
			var err error
			if v[i], err = asJSON(v[i]); err != nil {
				return nil, err
			}
		}
		return v, nil
	case map[string]any:
		for name := range v {
			var err error
			if v[name], err = asJSON(v[name]); err != nil {
				return nil, err
			}
		}
		return v, nil
	case map[any]any:
		return nil, errors.New("want names that are strings")
	case time.Time:
		return nil, errors.New("want quotation marks around a date")
	default:
		return json.Number(fmt.Sprint(v)), nil // an integer of any size
	}
}
