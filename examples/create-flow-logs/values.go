package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value returns the words of a parameter as a value that encodes to the JSON of
// EC2's input.
func (g given) value() (any, error) {
	words := g.words
	if len(words) == 1 {
		loaded, err := load(words[0])
		if err != nil {
			return nil, err
		}
		words = []string{loaded}
	}
	switch g.option.kind {
	case flag:
		return g.option.name == "dry-run", nil
	case number:
		n, err := strconv.ParseInt(strings.TrimSpace(words[0]), 10, 32)
		if err != nil {
			return nil, errors.New("want a whole number")
		}
		return n, nil
	case structure:
		return parseStructure(words[0])
	case list, structures:
		if len(words) == 1 && isJSON(words[0], "[") {
			return parseJSON(words[0])
		}
		if g.option.kind == list {
			return append([]string{}, words...), nil
		}
		parsed := make([]any, len(words))
		for i, word := range words {
			var err error
			if parsed[i], err = parseStructure(word); err != nil {
				return nil, err
			}
		}
		return parsed, nil
	default:
		return words[0], nil
	}
}

func parseStructure(s string) (any, error) {
	if isJSON(s, "{") || isJSON(s, "[") {
		return parseJSON(s)
	}
	parsed, err := parseShorthand(s)
	if err != nil {
		return nil, fmt.Errorf("not in shorthand: %w", err)
	}
	return parsed, nil
}

func isJSON(s, begin string) bool { return strings.HasPrefix(strings.TrimSpace(s), begin) }

func parseJSON(s string) (json.RawMessage, error) {
	var raw json.RawMessage
	if err := json.Unmarshal([]byte(s), &raw); err != nil {
		return nil, fmt.Errorf("not a JSON document: %w", err)
	}
	return raw, nil
}

// load returns the content of the file if s is file://FILE, and s otherwise.
func load(s string) (string, error) {
	path, ok := strings.CutPrefix(s, "file://")
	if !ok {
		return s, nil
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		path = filepath.Join(home, rest)
	}
	content, err := os.ReadFile(os.ExpandEnv(path))
	if err != nil {
		return "", err
	}
	if !utf8.Valid(content) {
		return "", errors.New("want a file in UTF-8")
	}
	return string(content), nil
}
